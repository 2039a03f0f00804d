#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as it came: everything is borrowed from the connection until its
 * answer has begun. Filled by h1; knows no connection.
 */

#include "base/span.h"
#include "http/header-table.h"

typedef enum HttpMethod {
        HTTP_GET,
        HTTP_HEAD,
        HTTP_POST,
        HTTP_DELETE,
        HTTP_OPTIONS,
        HTTP_OTHER, /* valid, but not one of these */
        _HTTP_METHOD_MAX,
} HttpMethod;

typedef struct HttpHeader {
        Span name, value; /* value without white space around it */
} HttpHeader;

typedef struct HttpRequest {
        HttpMethod method;
        Span target, path, query;       /* as sent; path begins with '/', query without its '?' */
        Span headers[_HTTP_HEADER_MAX]; /* ptr NULL: not there; the first where more are allowed */
        const HttpHeader *all;          /* every header in order, for what has no row */
        unsigned n_all;
        uint32_t more;  /* bits (1 << HttpHeaderId) of those that came more than once */
        unsigned minor; /* HTTP/1.minor: 0 or 1 */
        /* That of an earlier request on this connection: this one's head is the same, but for the values of
         * headers that vary (HTTP_HEADERS). 0: not known. */
        uint32_t pattern;
        bool keep_alive, has_body;
        char *body; /* may be changed by whoever reads it */
        size_t body_len;
} HttpRequest;

static inline Span http_header(const HttpRequest *r, HttpHeaderId id)
{
        return r->headers[id];
}

/* Whether a list header (Accept: several lines, several items, parameters, q=0, wildcards) takes that type:
 * "application/json", "text/event-stream". Without the header: true. `ret_named`: by its own name. */
bool http_accepts(const HttpRequest *r, const char *type, bool *ret_named);
/* Whether Content-Type is that type, whatever its parameters, but for a charset other than utf-8. */
bool http_content_is(const HttpRequest *r, const char *type);
/* The token of "Authorization: Bearer TOKEN"; SPAN_NONE when there is none. */
Span http_bearer(const HttpRequest *r);
