/* SPDX-License-Identifier: Apache-2.0 */
#include "base/redact.h"

/* Sorted by first byte, the longest first; first[c] and first[c + 1] enclose
 * those that begin with c. The pairs of bytes that a secret begins with have
 * their bit in pairs[]: text without such pairs costs one look-up a byte,
 * however many secrets there are. */
struct RedactSet {
        uint32_t refs;
        uint32_t n;
        Span *secrets; /* owned, with their bytes */
        uint32_t first[UINT8_MAX + 2];
        uint64_t pairs[(UINT16_MAX + 1) / 64];
};

static const RedactSet no_secrets = {0};

static uint8_t first_byte(Span s)
{
        return (uint8_t)s.ptr[0];
}

static uint16_t pair_at(const char *p)
{
        return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

int redact_set_new(RedactSet **ret)
{
        RedactSet *set = calloc(1, sizeof(*set));
        if (!set)
                return -ENOMEM;
        set->refs = 1;
        *ret = set;
        return 0;
}

RedactSet *redact_set_ref(RedactSet *set)
{
        if (set)
                set->refs++;
        return set;
}

static void wipe_free(char *bytes, size_t n)
{
        if (bytes)
                explicit_bzero(bytes, n);
        free(bytes);
}

RedactSet *redact_set_unref(RedactSet *set)
{
        if (!set || --set->refs > 0)
                return NULL;
        for (uint32_t i = 0; i < set->n; i++)
                wipe_free((char *)set->secrets[i].ptr, set->secrets[i].len);
        free(set->secrets);
        free(set);
        return NULL;
}

size_t redact_set_count(const RedactSet *set)
{
        return set->n;
}

/* Where the secret is or belongs. */
static uint32_t redact_set_place(const RedactSet *set, Span secret, bool *ret_known)
{
        uint32_t i = set->first[first_byte(secret)], end = set->first[first_byte(secret) + 1];

        while (i < end && set->secrets[i].len > secret.len)
                i++;
        for (uint32_t j = i; j < end && set->secrets[j].len == secret.len; j++)
                if (span_equal(set->secrets[j], secret)) {
                        *ret_known = true;
                        return j;
                }
        *ret_known = false;
        return i;
}

int redact_set_add(RedactSet *set, Span secret)
{
        bool known;

        assert(set->refs == 1);
        if (secret.len < LIMIT_SECRET_SHORTEST)
                return REDACT_TOO_SHORT;
        if (secret.len > LIMIT_SECRET_LONGEST)
                return REDACT_TOO_LONG;
        uint32_t at = redact_set_place(set, secret, &known);
        if (known)
                return 0;

        Span *secrets = reallocarray(set->secrets, set->n + 1, sizeof(*secrets));
        if (!secrets)
                return -ENOMEM;
        set->secrets = secrets;
        char *copy = malloc(secret.len);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, secret.ptr, secret.len);

        memmove(secrets + at + 1, secrets + at, (set->n - at) * sizeof(*secrets));
        secrets[at] = span_from(copy, secret.len);
        set->n++;
        for (size_t c = (size_t)first_byte(secret) + 1; c < ARRAY_SIZE(set->first); c++)
                set->first[c]++;
        uint16_t pair = pair_at(secret.ptr);
        set->pairs[pair / 64] |= UINT64_C(1) << (pair % 64);
        return 0;
}

/* The longest secret at the start of s; 0 when there is none. *ret_open: s is
 * too short to tell, a longer one may begin here. */
static size_t redact_match(const RedactSet *set, Span s, bool *ret_open)
{
        uint32_t end = set->first[first_byte(s) + 1];

        *ret_open = false;
        for (uint32_t i = set->first[first_byte(s)]; i < end; i++) {
                Span secret = set->secrets[i];
                if (memcmp(secret.ptr, s.ptr, MIN(secret.len, s.len)) != 0)
                        continue;
                if (secret.len <= s.len)
                        return secret.len;
                *ret_open = true;
        }
        return 0;
}

/* How many bytes at the front begin no secret. The last one is not told by a pair. */
static size_t redact_plain(const RedactSet *set, Span s)
{
        size_t n = 0;

        for (; n + 1 < s.len; n++) {
                uint16_t pair = pair_at(s.ptr + n);
                if (set->pairs[pair / 64] >> (pair % 64) & 1)
                        return n;
        }
        if (n < s.len && set->first[(uint8_t)s.ptr[n]] == set->first[(uint8_t)s.ptr[n] + 1])
                n++;
        return n;
}

typedef enum RedactEnd {
        REDACT_END_WHOLE, /* the text ends here */
        REDACT_END_MORE,  /* stop at the first place that more bytes would decide */
        REDACT_END_CUT,   /* it was cut here: hide what may be the start of a secret */
} RedactEnd;

static size_t redact_length_at(const RedactSet *set, Span s, RedactEnd end, bool *ret_wait)
{
        bool open;
        size_t n = redact_match(set, s, &open);

        *ret_wait = open && end == REDACT_END_MORE;
        if (open && end == REDACT_END_CUT && s.len >= LIMIT_SECRET_SHORTEST)
                return s.len;
        return n;
}

/* Appends *in as far as it is decided and drops that from *in. *covered: how
 * many bytes from here on belong to an occurrence whose mark stands already;
 * one that begins among them makes that stretch longer. */
static int redact_some(const RedactSet *set, Span *in, RedactEnd end, size_t *covered, Buf *out)
{
        while (in->len) {
                size_t plain = redact_plain(set, *in), hidden = MIN(plain, *covered);
                int r = buf_append(out, in->ptr + hidden, plain - hidden);
                if (r < 0)
                        return r;
                *covered -= hidden;
                *in = span_skip(*in, plain);
                if (in->len == 0)
                        break;

                bool wait;
                size_t n = redact_length_at(set, *in, end, &wait);
                if (wait)
                        break;
                if (*covered == 0)
                        r = n ? buf_append_str(out, REDACT_MARK) : buf_append(out, in->ptr, 1);
                if (r < 0)
                        return r;
                *covered = MAX(*covered, MAX(n, (size_t)1)) - 1;
                *in = span_skip(*in, 1);
        }
        return 0;
}

static void redact_undo(Buf *out, size_t len)
{
        out->len = len;
        if (out->data)
                out->data[len] = '\0';
}

int redact(const RedactSet *set, Span in, Buf *out)
{
        size_t covered = 0, before = out->len;

        if (!set)
                return buf_append_span(out, in);
        int r = redact_some(set, &in, REDACT_END_WHOLE, &covered, out);
        if (r < 0)
                redact_undo(out, before);
        return r;
}

void redact_stream_init(RedactStream *s, RedactSet *set)
{
        *s = (RedactStream){.set = redact_set_ref(set)};
}

void redact_stream_done(RedactStream *s)
{
        wipe_free(s->held, s->len);
        redact_set_unref(s->set);
        *s = (RedactStream){0};
}

void redact_stream_swap(RedactStream *s, RedactSet *set)
{
        redact_set_ref(set);
        redact_set_unref(s->set);
        s->set = set;
}

/* What was held back and `in`, in one piece; *ret_owned when that had to be made. */
static int redact_stream_join(const RedactStream *s, Span in, Span *ret_all, char **ret_owned)
{
        if (s->len == 0) {
                *ret_all = in;
                *ret_owned = NULL;
                return 0;
        }
        char *all = malloc(s->len + in.len);
        if (!all)
                return -ENOMEM;
        memcpy(all, s->held, s->len);
        if (in.len)
                memcpy(all + s->len, in.ptr, in.len);
        *ret_all = span_from(all, s->len + in.len);
        *ret_owned = all;
        return 0;
}

static int redact_stream_hold(RedactStream *s, Span rest)
{
        char *held = NULL;
        if (rest.len) {
                held = malloc(rest.len);
                if (!held)
                        return -ENOMEM;
                memcpy(held, rest.ptr, rest.len);
        }
        wipe_free(s->held, s->len);
        s->held = held;
        s->len = rest.len;
        return 0;
}

static int redact_stream_run(RedactStream *s, Span in, RedactEnd end, Buf *out)
{
        size_t before = out->len, covered = s->covered;
        Span all;
        char *owned;

        int r = redact_stream_join(s, in, &all, &owned);
        if (r < 0)
                return r;
        size_t owned_len = all.len;
        r = redact_some(s->set ? s->set : &no_secrets, &all, end, &covered, out);
        if (r == 0)
                r = redact_stream_hold(s, all);
        if (r == 0)
                s->covered = covered;
        else
                redact_undo(out, before);
        wipe_free(owned, owned_len);
        return r;
}

int redact_stream_feed(RedactStream *s, Span in, Buf *out)
{
        return redact_stream_run(s, in, REDACT_END_MORE, out);
}

int redact_stream_flush(RedactStream *s, Buf *out)
{
        return redact_stream_run(s, SPAN_NONE, REDACT_END_CUT, out);
}
