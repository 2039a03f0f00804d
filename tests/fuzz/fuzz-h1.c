/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: fed at once and fed in pieces, the same requests come out, or the same refusal; and so they do
 * when each is known by the head of one before. */
#include "base/buf.h"
#include "fuzz.h"
#include "http/h1-pattern.h"

static const H1Limits limits = {.max_header = 300, .max_headers = 6, .max_body = 40};

static bool add(Buf *b, Span s)
{
        return buf_appendf(b, "%zu:", s.len) == 0 && buf_append_span(b, s) == 0;
}

static void describe(H1 *h, H1State state, Buf *b)
{
        const HttpRequest *r = h1_request(h);
        const H1Refusal *refusal = h1_refusal(h);
        bool fits = true;
        if (state == H1_REFUSED) {
                FUZZ_CHECK(refusal->status >= 400 && refusal->why && !strpbrk(refusal->why, "\"\\\n"));
                FUZZ_CHECK(buf_appendf(b, "%d %s\n", refusal->status, refusal->why) == 0);
                return;
        }
        FUZZ_CHECK(r->path.len && r->path.ptr[0] == '/' && r->body_len <= limits.max_body);
        FUZZ_CHECK(r->n_all <= limits.max_headers && (r->has_body || !r->body_len) && r->minor <= 1);
        fits &= buf_appendf(b, "%d %u%d%d", r->method, r->minor, r->keep_alive, r->has_body) == 0;
        fits &= add(b, r->target) && add(b, r->path) && add(b, r->query);
        for (unsigned i = 0; i < _HTTP_HEADER_MAX; i++)
                fits &= add(b, r->headers[i]);
        for (unsigned i = 0; i < r->n_all; i++)
                fits &= add(b, r->all[i].name) && add(b, r->all[i].value);
        FUZZ_CHECK(fits && add(b, span_from(r->body, r->body_len)));
}

enum { DISCARD = 0x40, KEEP_LATE = 0x80 };

/* ---- by the one before ---- */

/* All requests in it, which is changed; each is matched with the pattern of the last that made one, if they
 * are to be known. */
static void read_known(char *text, size_t n, bool known, Buf *b)
{
        H1 *h;
        H1Pattern *pattern = NULL;
        size_t used;
        H1State state = H1_HEAD;
        FUZZ_CHECK(h1_new(&h) == 0);
        h1_reset(h, &limits, 0);
        for (size_t at = 0; at < n && state != H1_REFUSED; at += used) {
                if (known && !h1_begun(h) && h1_pattern_match(pattern, h, text + at, n - at, &used)) {
                        state = H1_DONE;
                        FUZZ_CHECK(h1_request(h)->pattern == 7);
                } else {
                        FUZZ_CHECK(h1_feed(h, text + at, n - at, &used, &state) == 0);
                        if (state == H1_BODY && known)
                                h1_pattern_keep(&pattern, h, 7);
                }
                if (state == H1_DONE || state == H1_REFUSED)
                        describe(h, state, b);
                if (state == H1_DONE)
                        h1_reset(h, &limits, 1000);
        }
        FUZZ_CHECK(buf_appendf(b, "%d", state) == 0);
        h1_pattern_free(pattern);
        h1_free(h);
}

/* The same text three times, the second time with another byte in it. */
static void compare_known(Span text)
{
        CLEANUP(buf_done) Buf plain = BUF_INIT(BUF_CAP_NONE), known = BUF_INIT(BUF_CAP_NONE);
        size_t n = 3 * text.len;
        for (int i = 0; i < 2; i++) {
                char *copy = malloc(n);
                FUZZ_CHECK(copy);
                for (int k = 0; k < 3; k++)
                        memcpy(copy + (size_t)k * text.len, text.ptr, text.len);
                copy[text.len + (size_t)(uint8_t)text.ptr[text.len - 1] % text.len] = text.ptr[text.len / 2];
                read_known(copy, n, i == 1, i == 1 ? &known : &plain);
                free(copy);
        }
        FUZZ_CHECK(span_equal(buf_span(&plain), buf_span(&known)));
}

/* ---- in pieces ---- */

/* A body that nobody wants; a request that is copied when it is whole. */
static void treat(H1 *h, H1State state, unsigned how)
{
        FUZZ_CHECK(h1_begun(h) || state == H1_HEAD || state == H1_REFUSED);
        if (state == H1_BODY && how & DISCARD)
                h1_discard(h);
        if (state == H1_DONE && how & KEEP_LATE)
                FUZZ_CHECK(h1_keep(h) == 0);
}

/* All requests in it, in pieces of `step` bytes; what is left of one that is not whole. */
static void read_all(Span text, size_t step, unsigned how, Buf *b)
{
        H1 *h;
        size_t at = 0, begun = 0, used;
        H1State state = H1_HEAD;
        FUZZ_CHECK(h1_new(&h) == 0);
        h1_reset(h, &limits, 0);
        while (at < text.len && state != H1_REFUSED) {
                char *piece = malloc(step);
                size_t n = MIN(step, text.len - at);
                FUZZ_CHECK(piece);
                memcpy(piece, text.ptr + at, n);
                for (size_t i = 0; i < n && state != H1_REFUSED; i += used) {
                        FUZZ_CHECK(h1_feed(h, piece + i, n - i, &used, &state) == 0 && used <= n - i);
                        at += used;
                        treat(h, state, how);
                        if (state == H1_DONE || state == H1_REFUSED)
                                describe(h, state, b);
                        if (state != H1_DONE)
                                continue;
                        h1_reset(h, &(H1Limits){0}, 1000);
                        h1_limit(h, &limits);
                        begun = at;
                }
                FUZZ_CHECK(h1_keep(h) == 0);
                memset(piece, '#', n);
                free(piece);
        }
        FUZZ_CHECK(buf_appendf(b, "%d %zu %zu", state, state == H1_REFUSED ? 0 : at, begun) == 0);
        h1_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf whole = BUF_INIT(BUF_CAP_NONE), parts = BUF_INIT(BUF_CAP_NONE);
        if (size < 2)
                return 0;
        Span text = span_from((const char *)data + 1, size - 1);
        read_all(text, text.len, data[0], &whole);
        read_all(text, (size_t)data[0] % 64 + 1, data[0], &parts);
        FUZZ_CHECK(span_equal(buf_span(&whole), buf_span(&parts)));
        compare_known(text);
        return 0;
}
