/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "http/h1-private.h"

enum { FIRST_LINES = 16, BODY_STEP = 64 * 1024 };

static H1 *h1_of(llhttp_t *p)
{
        return p->data;
}

/* Where in the request a byte of the running feed stands. */
static size_t offset(const H1 *h, const char *at)
{
        return h->taken + (size_t)(at - h->fed);
}

static void part_extend(const H1 *h, H1Part *part, const char *at, size_t n)
{
        if (part->len == 0)
                part->at = offset(h, at);
        part->len = offset(h, at) + n - part->at;
}

/* ---- the head ------------------------------------------- */

static int on_url(llhttp_t *p, const char *at, size_t n)
{
        H1 *h = h1_of(p);
        part_extend(h, &h->target, at, n);
        return 0;
}

static int on_url_complete(llhttp_t *p)
{
        return h1_check_target(h1_of(p));
}

int h1_reserve_lines(H1 *h, unsigned n)
{
        unsigned room = h->room ? h->room : FIRST_LINES;
        if (n <= h->room)
                return 0;
        while (room < n)
                room *= 2;
        H1Line *lines = realloc(h->lines, room * sizeof(*lines));
        if (!lines)
                return -ENOMEM;
        h->lines = lines;
        HttpHeader *headers = realloc(h->headers, room * sizeof(*headers));
        if (!headers)
                return -ENOMEM;
        h->headers = headers;
        h->room = room;
        return 0;
}

static int begin_line(H1 *h)
{
        h->error = h1_reserve_lines(h, h->n_lines + 1);
        if (h->error < 0)
                return HPE_USER;
        h->lines[h->n_lines] = (H1Line){.id = _HTTP_HEADER_MAX};
        h->in_name = true;
        return 0;
}

/* Trailers come the same way, behind a body: they are none of the request's headers and are dropped. */
static int on_field(llhttp_t *p, const char *at, size_t n)
{
        H1 *h = h1_of(p);
        if (h->head_whole || n == 0)
                return 0;
        int r = h->in_name ? 0 : begin_line(h);
        if (r == 0)
                part_extend(h, &h->lines[h->n_lines].name, at, n);
        return r;
}

/* Judged here, where a name is whole: one that is broken off is another fault. ": x" is a header to llhttp.
 */
static int on_field_complete(llhttp_t *p)
{
        H1 *h = h1_of(p);
        if (h->head_whole)
                return 0;
        if (!h->in_name)
                return h1_refuse(h, 400, "a header without a name");
        if (h->n_lines == h->limits.max_headers)
                return h1_refuse_limit(h, 431, "more headers", "max_headers", h->limits.max_headers);
        return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
        H1 *h = h1_of(p);
        if (h->in_name && n > 0)
                part_extend(h, &h->lines[h->n_lines].value, at, n);
        return 0;
}

static int on_value_complete(llhttp_t *p)
{
        H1 *h = h1_of(p);
        if (!h->in_name) /* a trailer */
                return 0;
        H1Line *line = &h->lines[h->n_lines];
        Span value = span_trim(span_from(h->head_at + line->value.at, line->value.len));
        line->value = (H1Part){value.len ? (size_t)(value.ptr - h->head_at) : line->name.at, value.len};
        h->in_name = false;
        h->n_lines++;
        return h1_check_line(h, line);
}

static int on_headers_complete(llhttp_t *p)
{
        H1 *h = h1_of(p);
        int r = h1_check_head(h);
        if (r != 0)
                return r;
        p->upgrade = 0; /* an offer that we do not take: the body is one of HTTP/1.1 */
        h->head_whole = true;
        return h->request.has_body ? HPE_PAUSED : 0;
}

/* ---- the body ------------------------------------------- */

static int on_chunk_header(llhttp_t *p)
{
        H1 *h = h1_of(p);
        uint64_t whole;
        if (__builtin_add_overflow(p->content_length, (uint64_t)h->body_len, &whole) ||
            whole > h->limits.max_body)
                return h1_refuse_limit(h, 413, "the body is longer", "max_body", h->limits.max_body);
        return 0;
}

/* A large body that is announced gets its room in steps: a client must send some to get more. */
static int body_append(H1 *h, const char *at, size_t n)
{
        char *room;
        size_t left = (size_t)h->parser.content_length + n;
        int r = buf_reserve(&h->body, MAX(n, MIN(left, MAX((size_t)BODY_STEP, 3 * h->body.len))), &room);
        if (r < 0)
                return r;
        memcpy(room, at, n);
        buf_commit(&h->body, n);
        return 0;
}

static void body_take(H1 *h, const char *at, size_t n)
{
        if (h->discard) {
                h->body_at = NULL;
        } else if (h->body_len == 0) {
                h->body_at = (char *)(uintptr_t)at; /* of bytes that were given to be changed */
        } else if (h->body_at) {
                if (h->body_at + h->body_len != at) /* what stood between the chunks is done with */
                        memmove(h->body_at + h->body_len, at, n);
        } else {
                h->error = body_append(h, at, n);
        }
        h->body_len += n;
}

bool h1_too_much_beside(H1 *h, size_t taken)
{
        size_t beside = taken - h->head_len - h->body_len;
        if (beside <= h->limits.max_header ||
            beside - h->limits.max_header <= LIMIT_HTTP_CHUNK_COST * h->body_len)
                return false;
        h->refusal.status = 0; /* whatever else may be wrong was not looked at, fed byte by byte */
        h1_refuse_limit(h, 431, "heads of chunks and trailers are longer", "max_header",
                        h->limits.max_header);
        return true;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
        H1 *h = h1_of(p);
        if (h1_too_much_beside(h, offset(h, at)))
                return HPE_USER;
        body_take(h, at, n);
        return h->error < 0 ? HPE_USER : 0;
}

static int on_message_complete(llhttp_t *p)
{
        h1_of(p)->state = H1_DONE;
        return HPE_PAUSED; /* what follows is the next request */
}

const llhttp_settings_t h1_settings = {
        .on_url = on_url,
        .on_url_complete = on_url_complete,
        .on_header_field = on_field,
        .on_header_field_complete = on_field_complete,
        .on_header_value = on_value,
        .on_header_value_complete = on_value_complete,
        .on_headers_complete = on_headers_complete,
        .on_chunk_header = on_chunk_header,
        .on_body = on_body,
        .on_message_complete = on_message_complete,
};
