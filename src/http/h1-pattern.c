/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h1-pattern.h"
#include "base/limit-table.h"
#include "base/secret.h"
#include "http/h1-private.h"

typedef struct PatternLine {
        uint16_t name_at, name_len, value_at, value_len;
        uint8_t id; /* HttpHeaderId */
        bool varies;
} PatternLine;

struct H1Pattern {
        uint32_t number;
        uint32_t seen, more; /* as in H1 and HttpRequest */
        uint16_t target_at, target_len, n_lines, len;
        uint16_t room; /* bytes behind this */
        uint8_t method;
        PatternLine lines[]; /* then the `len` bytes of the head */
};

static_assert(LIMIT_HTTP_PATTERN <= UINT16_MAX && _HTTP_HEADER_MAX <= UINT8_MAX, "they are kept in few bits");

static const bool varying[_HTTP_HEADER_MAX + 1] = {
#define H(id, text, once, varies) [HTTP_HEADER_##id] = (varies),
        HTTP_HEADERS(H)
#undef H
};

static char *head_of(H1Pattern *p)
{
        return (char *)&p->lines[p->n_lines];
}

/* ---- keeping ------------------------------------------------------------------ */

static size_t size_behind(const H1 *h)
{
        return h->n_lines * sizeof(PatternLine) + h->head_len;
}

/* What has another way to its end than by its length, or wants an answer before its body, is no pattern. */
static bool is_plain(const H1 *h)
{
        const uint32_t other = (uint32_t)1 << HTTP_HEADER_EXPECT | (uint32_t)1
                                                                           << HTTP_HEADER_TRANSFER_ENCODING;
        const HttpRequest *r = &h->request;
        for (unsigned id = 0; id < _HTTP_HEADER_MAX; id++)
                if (varying[id] && r->more & (uint32_t)1 << id)
                        return false;
        return h->seen & (uint32_t)1 << HTTP_HEADER_CONTENT_LENGTH && !(h->seen & other) && r->minor == 1 &&
               r->keep_alive && r->has_body;
}

/* Where the value ends is found in the bytes, so it must be one that has an end. */
static PatternLine pattern_line(const H1Line *l)
{
        return (PatternLine){.name_at = (uint16_t)l->name.at,
                             .name_len = (uint16_t)l->name.len,
                             .value_at = (uint16_t)l->value.at,
                             .value_len = (uint16_t)l->value.len,
                             .id = (uint8_t)l->id,
                             .varies = varying[l->id] && l->value.len > 0};
}

static H1Pattern *with_room(H1Pattern **p, size_t room)
{
        if (*p && (*p)->room >= room)
                return *p;
        H1Pattern *larger = realloc(*p, sizeof(*larger) + room);
        if (!larger)
                return NULL;
        larger->room = (uint16_t)room;
        *p = larger;
        return larger;
}

void h1_pattern_keep(H1Pattern **p, H1 *h, uint32_t number)
{
        size_t size = size_behind(h);
        if (!is_plain(h) || size > LIMIT_HTTP_PATTERN)
                return;
        H1Pattern *kept = with_room(p, size);
        if (!kept)
                return;
        *kept = (H1Pattern){.number = number,
                            .seen = h->seen,
                            .more = h->request.more,
                            .target_at = (uint16_t)h->target.at,
                            .target_len = (uint16_t)h->target.len,
                            .n_lines = (uint16_t)h->n_lines,
                            .len = (uint16_t)h->head_len,
                            .room = kept->room,
                            .method = (uint8_t)h->request.method};
        for (unsigned i = 0; i < h->n_lines; i++)
                kept->lines[i] = pattern_line(&h->lines[i]);
        memcpy(head_of(kept), h->head_at, h->head_len);
        h->request.pattern = number;
}

H1Pattern *h1_pattern_free(H1Pattern *p)
{
        free(p);
        return NULL;
}

/* ---- knowing ------------------------------------------------------------------ */

/* How far a head and its pattern were compared: not side by side, once a value has another length. */
typedef struct Compare {
        const char *kept, *bytes;
        size_t kept_at, at, n;
        uint64_t differ; /* a token is among them: every piece is looked at to its end */
} Compare;

static bool compare_to(Compare *c, size_t kept_end)
{
        size_t n = kept_end - c->kept_at;
        if (n > c->n - c->at)
                return false;
        c->differ |= secret_differ(c->kept + c->kept_at, c->bytes + c->at, n);
        c->kept_at += n;
        c->at += n;
        return true;
}

/* Visible characters alone: white space around or within a value is for the parser. */
static size_t value_length(const char *bytes, size_t n)
{
        size_t len = 0;
        while (len < n && bytes[len] > ' ' && bytes[len] < 0x7f)
                len++;
        return len;
}

/* Up to nine digits: what does not fit is for the parser to refuse. */
static size_t body_length(const char *digits, size_t n)
{
        size_t length = 0;
        for (size_t i = 0; i < n; i++) {
                if (n > 9 || digits[i] < '0' || digits[i] > '9')
                        return 0;
                length = length * 10 + (size_t)(digits[i] - '0');
        }
        return length;
}

static H1Line line_at(const PatternLine *l, size_t shift)
{
        return (H1Line){.name = {l->name_at + shift, l->name_len},
                        .value = {l->value_at + shift, l->value_len},
                        .id = l->id};
}

/* Into h->lines; the length of the body, 0: it does not fit. */
static size_t match_head(const H1Pattern *p, H1 *h, Compare *c)
{
        size_t length = 0;
        for (unsigned i = 0; i < p->n_lines; i++) {
                const PatternLine *l = &p->lines[i];
                H1Line *line = &h->lines[i];
                *line = line_at(l, c->at - c->kept_at);
                if (!l->varies)
                        continue;
                if (!compare_to(c, l->value_at))
                        return 0;
                line->value.len = value_length(c->bytes + c->at, c->n - c->at);
                if (l->id == HTTP_HEADER_CONTENT_LENGTH)
                        length = body_length(c->bytes + c->at, line->value.len);
                if (line->value.len == 0)
                        return 0;
                c->at += line->value.len;
                c->kept_at += l->value_len;
        }
        return compare_to(c, p->len) && c->differ == 0 ? length : 0;
}

static void take_request(const H1Pattern *p, H1 *h, char *bytes, size_t length)
{
        HttpRequest *r = &h->request;
        h->head_at = bytes;
        h->target = (H1Part){p->target_at, p->target_len};
        h->n_lines = p->n_lines;
        h->seen = p->seen;
        h->head_whole = h->target_whole = true;
        h->taken = h->head_len + length;
        h->last = '\n';
        h->body_at = bytes + h->head_len;
        h->body_len = length;
        r->method = p->method;
        r->minor = 1;
        r->more = p->more;
        r->keep_alive = r->has_body = true;
        r->pattern = p->number;
        r->body = h->body_at;
        r->body_len = length;
        h->state = H1_DONE;
        int e = h1_point(h);
        assert(e == 0); /* it was in order when it was kept */
}

bool h1_pattern_match(const H1Pattern *p, H1 *h, char *bytes, size_t n, size_t *ret_used)
{
        if (!p || p->n_lines > h->limits.max_headers || h1_reserve_lines(h, p->n_lines) < 0)
                return false;
        Compare c = {.kept = (const char *)&p->lines[p->n_lines], .bytes = bytes, .n = n};
        size_t length = match_head(p, h, &c);
        if (length == 0 || length > h->limits.max_body || c.at > h->limits.max_header || length > n - c.at)
                return false;
        h->head_len = c.at;
        take_request(p, h, bytes, length);
        *ret_used = c.at + length;
        return true;
}
