/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/request.h"

enum { PORT_HTTP = 80 };

/* ---- reading ---------------------------------------------------------------------- */

static int refuse(ProxyRefusal *ret, int status, const char *why)
{
        *ret = (ProxyRefusal){.status = status, .why = why};
        return PROXY_REQUEST_E_REFUSED;
}

static int read_tunnel(H1 *h, ProxyRequest *ret, ProxyRefusal *refusal)
{
        ProxyRequest request = {.tunnel = true};
        const HttpRequest *r = h1_request(h);
        if (r->has_body)
                return refuse(refusal, 400, "CONNECT with a body");
        if (proxy_target_parse(r->target, 0, &request.target) < 0)
                return refuse(refusal, 400, "CONNECT wants HOST:PORT");
        *ret = request;
        return 0;
}

/* h1 has found the authority, and says it as Host. */
static int read_plain(H1 *h, ProxyRequest *ret, ProxyRefusal *refusal)
{
        ProxyRequest request = {.tunnel = false};
        const HttpRequest *r = h1_request(h);
        if (!span_equal_nocase(span_first(r->target, 7), SPAN("http://")))
                return refuse(refusal, 400,
                              "this is a proxy: it takes CONNECT HOST:PORT, and http://HOST/...");
        if (proxy_target_parse(http_header(r, HTTP_HEADER_HOST), PORT_HTTP, &request.target) < 0)
                return refuse(refusal, 400, "no host name or address after http://");
        *ret = request;
        return 0;
}

int proxy_request_read(H1 *h, ProxyRequest *ret, ProxyRefusal *ret_refusal)
{
        if (span_equal(h1_verb(h), SPAN("CONNECT")))
                return read_tunnel(h, ret, ret_refusal);
        return read_plain(h, ret, ret_refusal);
}

/* ---- sending on --------------------------------------------------------------------- */

/* Said to the proxy, or about this connection; Host is said anew (RFC 9110, 7.6.1; RFC 9112, 3.2.2). */
static const Span own_headers[] = {
        {"host", 4},    {"connection", 10},          {"proxy-connection", 16}, {"keep-alive", 10},
        {"upgrade", 7}, {"proxy-authorization", 19}, {"http2-settings", 14},   {"proxy-authenticate", 18},
};

static bool is_own(Span name)
{
        for (size_t i = 0; i < ARRAY_SIZE(own_headers); i++)
                if (span_equal_nocase(name, own_headers[i]))
                        return true;
        return false;
}

/* Whether a Connection header names it, and by that says that it is for this connection only. */
static bool is_named(const HttpRequest *r, Span name)
{
        for (unsigned i = 0; i < r->n_all; i++) {
                Span list = r->all[i].value, item;
                if (!span_equal_nocase(r->all[i].name, SPAN("connection")))
                        continue;
                while (span_next(&list, ',', &item))
                        if (span_equal_nocase(span_trim(item), name))
                                return true;
        }
        return false;
}

/* How long the body is must be said to the origin, whatever else is said about it. */
static bool is_framing(Span name)
{
        return span_equal_nocase(name, SPAN("content-length")) ||
               span_equal_nocase(name, SPAN("transfer-encoding"));
}

static int forward_header(const HttpRequest *r, const HttpHeader *header, Buf *b)
{
        if (is_own(header->name) || (!is_framing(header->name) && is_named(r, header->name)))
                return 0;
        int e = buf_append_span(b, header->name);
        if (e == 0)
                e = buf_append_str(b, ": ");
        if (e == 0)
                e = buf_append_span(b, header->value);
        return e < 0 ? e : buf_append_str(b, "\r\n");
}

static int forward_line(H1 *h, Buf *b)
{
        const HttpRequest *r = h1_request(h);
        int e = buf_append_span(b, h1_verb(h));
        if (e == 0)
                e = buf_append_char(b, ' ');
        if (e == 0)
                e = buf_append_span(b, r->path);
        if (e == 0 && r->query.ptr && r->query.len)
                e = buf_append_char(b, '?');
        if (e == 0)
                e = buf_append_span(b, r->query);
        return e < 0 ? e : buf_appendf(b, " HTTP/1.%u\r\nHost: ", r->minor);
}

static int forward_host(const ProxyRequest *request, Buf *b)
{
        ProxyTarget t = request->target;
        char text[PROXY_ADDRESS_TEXT + 8];
        if (t.port != PORT_HTTP)
                return proxy_target_print(&t, b);
        if (t.name[0])
                return buf_append_str(b, t.name);
        proxy_address_print(&t.address, t.port, text);
        *strrchr(text, ':') = '\0';
        return buf_append_str(b, text);
}

int proxy_request_forward(H1 *h, const ProxyRequest *request, Buf *b)
{
        const HttpRequest *r = h1_request(h);
        int e = forward_line(h, b);
        if (e == 0)
                e = forward_host(request, b);
        if (e == 0)
                e = buf_append_str(b, "\r\n");
        for (unsigned i = 0; i < r->n_all && e == 0; i++)
                e = forward_header(r, &r->all[i], b);
        return e < 0 ? e : buf_append_str(b, "Connection: close\r\n\r\n");
}
