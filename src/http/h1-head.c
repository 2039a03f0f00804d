/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h1-private.h"

/* ---- refusals -------------------------------------------------------------- */

int h1_refuse(H1 *h, int status, const char *why)
{
        if (!h->refusal.status)
                h->refusal = (H1Refusal){.status = status, .why = why};
        return HPE_USER;
}

int h1_refuse_limit(H1 *h, int status, const char *what, const char *key, size_t limit)
{
        if (h->refusal.status)
                return HPE_USER;
        (void)snprintf(h->why, sizeof(h->why), "%s than limits.%s (%zu%s)", what, key, limit,
                       strcmp(key, "max_headers") == 0 ? "" : " bytes");
        return h1_refuse(h, status, h->why);
}

/* ---- the target ------------------------------------------------------------ */

static Span part_span(const H1 *h, H1Part p)
{
        return span_from(h->head_at + p.at, p.len);
}

/* Bytes that are no part of an address, and a fragment, which is the client's own matter. */
int h1_check_target(H1 *h)
{
        Span t = part_span(h, h->target);
        for (size_t i = 0; i < t.len; i++)
                if ((unsigned char)t.ptr[i] <= ' ' || (unsigned char)t.ptr[i] >= 0x7f || t.ptr[i] == '#')
                        return h1_refuse(h, 400, "a byte in the target that may not be there");
        h->target_whole = true;
        return 0;
}

/* "http://HOST/path": where the path begins, and HOST; 0 when it is not of that form. */
static size_t absolute_authority(Span t, Span *ret_authority)
{
        static const Span schemes[] = {{"http://", 7}, {"https://", 8}};
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
                if (!span_equal_nocase(span_first(t, schemes[i].len), schemes[i]))
                        continue;
                Span rest = span_skip(t, schemes[i].len);
                size_t len = MIN(span_find(rest, '/'), span_find(rest, '?'));
                if (len == 0 || span_find(span_first(rest, len), '@') < len)
                        return 0;
                *ret_authority = span_first(rest, len);
                return schemes[i].len + len;
        }
        return 0;
}

/* Path and query; the authority of an absolute target takes the place of Host (RFC 9112, 3.2.2). */
static int split_target(H1 *h)
{
        HttpRequest *r = &h->request;
        Span t = r->target, path = t;
        if (h->parser.method == HTTP_CONNECT) /* HOST:PORT has neither */
                return 0;
        if (t.len && t.ptr[0] != '/') {
                Span authority;
                size_t skip = absolute_authority(t, &authority);
                if (skip) {
                        r->headers[HTTP_HEADER_HOST] = authority;
                        path = span_skip(t, skip);
                } else if (r->method == HTTP_OPTIONS && span_equal(t, SPAN("*"))) {
                        path = SPAN("/");
                } else {
                        return h1_refuse(h, 400, "a target that is neither a path nor an http address");
                }
        }
        size_t end = span_find(path, '?');
        r->query = span_skip(path, end + 1);
        r->path = end ? span_first(path, end) : SPAN("/");
        return 0;
}

/* ---- one header ------------------------------------------------------------ */

static const struct {
        Span name;
        bool once;
} known_headers[] = {
#define H(id, text, one, varies) [HTTP_HEADER_##id] = {{(text), sizeof(text) - 1}, (one)},
        HTTP_HEADERS(H)
#undef H
};

/* Of the bytes that llhttp takes for a name, only the letters of ours in the other case differ by this bit.
 */
static bool same_name(Span known, Span name)
{
        for (size_t i = 0; i < known.len; i++)
                if (known.ptr[i] != (name.ptr[i] | 0x20))
                        return false;
        return true;
}

/* Length and first letter tell nearly all of them apart. */
static HttpHeaderId header_id(Span name)
{
        char first = (char)(name.ptr[0] | 0x20);
        for (unsigned id = 0; id < _HTTP_HEADER_MAX; id++)
                if (known_headers[id].name.len == name.len && known_headers[id].name.ptr[0] == first &&
                    same_name(known_headers[id].name, name))
                        return id;
        return _HTTP_HEADER_MAX;
}

int h1_check_line(H1 *h, H1Line *line)
{
        line->id = header_id(part_span(h, line->name));
        if (line->id == _HTTP_HEADER_MAX)
                return 0;
        uint32_t bit = (uint32_t)1 << line->id;
        if (h->seen & bit && known_headers[line->id].once) {
                (void)snprintf(h->why, sizeof(h->why), "a second %s header",
                               known_headers[line->id].name.ptr);
                return h1_refuse(h, 400, h->why);
        }
        h->request.more |= h->seen & bit;
        h->seen |= bit;
        return 0;
}

/* ---- the whole head -------------------------------------------------------- */

static HttpMethod method_of(const H1 *h)
{
        static const struct {
                uint8_t theirs;
                HttpMethod ours;
        } rows[] = {
                {LLHTTP_POST, HTTP_POST},     {LLHTTP_GET, HTTP_GET},         {LLHTTP_HEAD, HTTP_HEAD},
                {LLHTTP_DELETE, HTTP_DELETE}, {LLHTTP_OPTIONS, HTTP_OPTIONS},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].theirs == h->parser.method)
                        return rows[i].ours;
        return HTTP_OTHER;
}

/* The one coding that we undo, and no list of codings that llhttp would take for its last word. */
static int check_coding(H1 *h)
{
        Span coding = h->request.headers[HTTP_HEADER_TRANSFER_ENCODING];
        if (!coding.ptr)
                return 0;
        if (h->request.minor == 0)
                return h1_refuse(h, 400, "Transfer-Encoding in a request of HTTP/1.0");
        return span_equal_nocase(coding, SPAN("chunked"))
                       ? 0
                       : h1_refuse(h, 501, "a Transfer-Encoding other than chunked");
}

static int check_body(H1 *h)
{
        h->request.has_body = h->parser.flags & F_CHUNKED || h->parser.content_length > 0;
        if (h->parser.content_length > h->limits.max_body)
                return h1_refuse_limit(h, 413, "the body is longer", "max_body", h->limits.max_body);
        return check_coding(h);
}

static int check_expect(H1 *h)
{
        Span expect = h->request.headers[HTTP_HEADER_EXPECT];
        if (!expect.ptr || h->request.minor == 0 || span_equal_nocase(expect, SPAN("100-continue")))
                return 0;
        return h1_refuse(h, 417, "an Expect other than 100-continue");
}

static void point_lines(H1 *h)
{
        HttpRequest *r = &h->request;
        memset(r->headers, 0, sizeof(r->headers));
        for (unsigned i = 0; i < h->n_lines; i++) {
                const H1Line *l = &h->lines[i];
                h->headers[i] = (HttpHeader){part_span(h, l->name), part_span(h, l->value)};
                if (l->id < _HTTP_HEADER_MAX && !r->headers[l->id].ptr)
                        r->headers[l->id] = h->headers[i].value;
        }
        r->target = part_span(h, h->target);
        r->all = h->headers;
        r->n_all = h->n_lines;
}

int h1_point(H1 *h)
{
        point_lines(h);
        return split_target(h);
}

int h1_check_head(H1 *h)
{
        HttpRequest *r = &h->request;
        if (h->parser.http_major != 1 || h->parser.http_minor > 1)
                return h1_refuse(h, 505, "a version that is neither HTTP/1.1 nor HTTP/1.0");
        if (h->parser.method == HTTP_CONNECT && !h->limits.proxy)
                return h1_refuse(h, 501, "CONNECT: this is no proxy");
        r->minor = h->parser.http_minor;
        r->method = method_of(h);
        r->keep_alive = llhttp_should_keep_alive(&h->parser);
        if (!(h->seen & (uint32_t)1 << HTTP_HEADER_HOST) && r->minor > 0 && !h->limits.proxy)
                return h1_refuse(h, 400, "no Host header");
        int e = h1_point(h);
        if (e == 0)
                e = check_body(h);
        return e ? e : check_expect(h);
}
