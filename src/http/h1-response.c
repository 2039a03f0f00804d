/* SPDX-License-Identifier: Apache-2.0 */
#include <llhttp.h>

#include "http/h1-response.h"

/* Names are compared whole; a longer one than any row has is none of them. */
enum { NAME_MAX_LENGTH = 32, KEEP = 64 * 1024 };

struct H1Response {
        llhttp_t parser;
        H1ResponseLimits limits;
        H1ResponseState state;
        Buf head; /* the values of headers of the table, one behind the other */
        size_t at[_H1_RESPONSE_HEADER_MAX], length[_H1_RESPONSE_HEADER_MAX];
        bool there[_H1_RESPONSE_HEADER_MAX];
        Buf body;
        char name[NAME_MAX_LENGTH];
        size_t name_length; /* may be more than fits */
        H1ResponseHeader current;
        size_t head_bytes;
        bool begun, no_body, keeps_alive;
        int error; /* of a callback: -ENOMEM */
        const char *why;
};

static const char *const names[_H1_RESPONSE_HEADER_MAX] = {
#define H(id, name) [H1_RESPONSE_##id] = (name),
        H1_RESPONSE_HEADERS(H)
#undef H
};

static H1Response *of(llhttp_t *p)
{
        return CONTAINER_OF(p, H1Response, parser);
}

static int broken(H1Response *r, const char *why)
{
        r->why = why;
        return HPE_USER;
}

/* ---- callbacks of the parser -------------------------------------------------- */

static void forget_head(H1Response *r)
{
        buf_clear(&r->head);
        memset(r->there, 0, sizeof(r->there));
        r->name_length = 0;
        r->current = _H1_RESPONSE_HEADER_MAX;
}

static int on_field(llhttp_t *p, const char *at, size_t n)
{
        H1Response *r = of(p);
        for (size_t i = 0; i < n; i++, r->name_length++)
                if (r->name_length < sizeof(r->name))
                        r->name[r->name_length] = at[i];
        return 0;
}

/* Only the first of a name counts, and none of those behind a body. */
static int on_field_complete(llhttp_t *p)
{
        H1Response *r = of(p);
        Span name = span_from(r->name, MIN(r->name_length, sizeof(r->name)));
        r->current = _H1_RESPONSE_HEADER_MAX;
        for (unsigned i = 0; i < _H1_RESPONSE_HEADER_MAX && r->state == H1_RESPONSE_HEAD; i++)
                if (r->name_length == name.len && !r->there[i] && span_equal_nocase(name, span_of(names[i])))
                        r->current = i;
        r->name_length = 0;
        if (r->current != _H1_RESPONSE_HEADER_MAX) {
                r->at[r->current] = r->head.len;
                r->length[r->current] = 0;
                r->there[r->current] = true;
        }
        return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
        H1Response *r = of(p);
        if (r->current == _H1_RESPONSE_HEADER_MAX)
                return 0;
        r->error = buf_append(&r->head, at, n);
        if (r->error < 0)
                return HPE_USER;
        r->length[r->current] += n;
        return 0;
}

/* 1: there is no body, whatever the headers say. */
static int on_headers(llhttp_t *p)
{
        H1Response *r = of(p);
        if (p->status_code == 101)
                return broken(r, "the server changes to another protocol, which nobody asked for");
        p->upgrade = 0;
        if (p->status_code < 200)
                return 0;
        r->state = H1_RESPONSE_BODY;
        r->keeps_alive = llhttp_should_keep_alive(p) == 1;
        return r->no_body ? 1 : 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
        H1Response *r = of(p);
        if (n > r->limits.max_body - r->body.len)
                return broken(r, "the answer is too long");
        r->error = buf_append(&r->body, at, n);
        return r->error < 0 ? HPE_USER : 0;
}

/* An interim answer is followed by another one. */
static int on_complete(llhttp_t *p)
{
        H1Response *r = of(p);
        if (r->state == H1_RESPONSE_HEAD) {
                forget_head(r);
                return 0;
        }
        r->state = H1_RESPONSE_DONE;
        return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
        .on_header_field = on_field,
        .on_header_field_complete = on_field_complete,
        .on_header_value = on_value,
        .on_headers_complete = on_headers,
        .on_body = on_body,
        .on_message_complete = on_complete,
};

/* ---- life ----------------------------------------------------------------------- */

int h1_response_new(const H1ResponseLimits *limits, H1Response **ret)
{
        H1Response *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->limits = *limits;
        r->head = BUF_INIT(limits->max_header);
        r->body = BUF_INIT(limits->max_body);
        h1_response_reset(r, false);
        *ret = r;
        return 0;
}

H1Response *h1_response_free(H1Response *r)
{
        if (!r)
                return NULL;
        buf_done(&r->head);
        buf_done(&r->body);
        free(r);
        return NULL;
}

void h1_response_reset(H1Response *r, bool no_body)
{
        llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
        forget_head(r);
        buf_clear(&r->body);
        if (r->body.size > KEEP) { /* most answers are short */
                buf_done(&r->body);
                r->body = BUF_INIT(r->limits.max_body);
        }
        r->state = H1_RESPONSE_HEAD;
        r->head_bytes = 0;
        r->begun = r->keeps_alive = false;
        r->no_body = no_body;
        r->error = 0;
        r->why = NULL;
}

/* ---- bytes ---------------------------------------------------------------------- */

/* What was not yet taken when the parser stopped. */
static size_t taken(const H1Response *r, Span bytes)
{
        const char *pos = llhttp_get_error_pos(&r->parser);
        return pos && pos >= bytes.ptr && pos <= bytes.ptr + bytes.len ? (size_t)(pos - bytes.ptr)
                                                                       : bytes.len;
}

static void break_off(H1Response *r, const char *why)
{
        r->state = H1_RESPONSE_BROKEN;
        r->keeps_alive = false;
        if (!r->why)
                r->why = why;
}

static int execute(H1Response *r, Span bytes, size_t *ret_used)
{
        llhttp_errno_t e = llhttp_execute(&r->parser, bytes.ptr, bytes.len);
        *ret_used = e == HPE_OK ? bytes.len : taken(r, bytes);
        if (r->error < 0)
                return r->error;
        if (e != HPE_OK && e != HPE_PAUSED)
                break_off(r, "the answer is no HTTP");
        return 0;
}

/* The head gets no more than it may be long, so that it is judged alike in whatever pieces it comes. */
int h1_response_feed(H1Response *r, Span bytes, size_t *ret_used, H1ResponseState *ret_state)
{
        size_t used = 0;
        while (used < bytes.len && (r->state == H1_RESPONSE_HEAD || r->state == H1_RESPONSE_BODY)) {
                Span part = span_skip(bytes, used);
                size_t n;
                if (r->state == H1_RESPONSE_HEAD)
                        part = span_first(part, r->limits.max_header - r->head_bytes);
                r->begun = true;
                int e = execute(r, part, &n);
                if (e < 0)
                        return e;
                used += n;
                r->head_bytes += n;
                if (r->state == H1_RESPONSE_HEAD && r->head_bytes >= r->limits.max_header)
                        break_off(r, "the head of the answer is too long");
        }
        *ret_used = used;
        *ret_state = r->state;
        return 0;
}

H1ResponseState h1_response_eof(H1Response *r)
{
        if (r->state == H1_RESPONSE_BODY && llhttp_message_needs_eof(&r->parser) == 1) {
                r->state = H1_RESPONSE_DONE;
                r->keeps_alive = false;
        } else if (r->state != H1_RESPONSE_DONE) {
                break_off(r, r->begun ? "the answer was cut short" : "the connection was closed");
        }
        return r->state;
}

/* ---- queries ---------------------------------------------------------------------- */

bool h1_response_begun(const H1Response *r)
{
        return r->begun;
}

int h1_response_status(const H1Response *r)
{
        return r->parser.status_code;
}

Span h1_response_header(const H1Response *r, H1ResponseHeader h)
{
        if (!r->there[h])
                return SPAN_NONE;
        const char *text = r->head.data ? r->head.data + r->at[h] : "";
        return span_trim(span_from(text, r->length[h]));
}

bool h1_response_keeps_alive(const H1Response *r)
{
        return r->keeps_alive;
}

bool h1_response_is(const H1Response *r, const char *type)
{
        Span value = h1_response_header(r, H1_RESPONSE_CONTENT_TYPE);
        return span_equal_nocase(span_trim(span_first(value, span_find(value, ';'))), span_of(type));
}

Buf *h1_response_body(H1Response *r)
{
        return &r->body;
}

const char *h1_response_why(const H1Response *r)
{
        return r->why ? r->why : "";
}
