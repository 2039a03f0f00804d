/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

/* ---- lists and parameters -------------------------------------------------- */

/* As span_next(), but for what stands in quotes. */
static bool next_item(Span *s, char sep, Span *ret_item)
{
        bool quoted = false;
        size_t i = 0;
        if (!s->ptr)
                return false;
        for (; i < s->len && (quoted || s->ptr[i] != sep); i++)
                if (s->ptr[i] == '"')
                        quoted = !quoted;
                else if (quoted && s->ptr[i] == '\\' && i + 1 < s->len)
                        i++;
        *ret_item = span_trim(span_first(*s, i));
        *s = i < s->len ? span_skip(*s, i + 1) : SPAN_NONE;
        return true;
}

/* "NAME=VALUE", the quotes around the value taken off. */
static bool parameter_is(Span p, Span name, Span *ret_value)
{
        size_t eq = span_find(p, '=');
        if (eq == p.len || !span_equal_nocase(span_trim(span_first(p, eq)), name))
                return false;
        Span v = span_trim(span_skip(p, eq + 1));
        if (v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"')
                v = span_from(v.ptr + 1, v.len - 2);
        *ret_value = v;
        return true;
}

/* ---- Accept ---------------------------------------------------------------- */

/* q=0, q=0.0 and so on: everything else is some wish to have it. */
static bool is_refused(Span parameters)
{
        Span p, q;
        while (next_item(&parameters, ';', &p)) {
                if (!parameter_is(p, SPAN("q"), &q) || q.len == 0)
                        continue;
                bool zero = true;
                for (size_t i = 0; i < q.len; i++)
                        zero = zero && (q.ptr[i] == '0' || q.ptr[i] == '.');
                return zero;
        }
        return false;
}

enum { RANGE_NONE, RANGE_ALL, RANGE_KIND, RANGE_TYPE };

/* How closely a range speaks of that type. */
static int range_fits(Span range, Span type)
{
        size_t slash = span_find(type, '/');
        if (span_equal_nocase(range, type))
                return RANGE_TYPE;
        if (range.len == slash + 2 && span_ends(range, SPAN("/*")) &&
            span_equal_nocase(span_first(range, slash), span_first(type, slash)))
                return RANGE_KIND;
        return span_equal(range, SPAN("*/*")) ? RANGE_ALL : RANGE_NONE;
}

typedef struct Acceptance {
        int closest; /* the range that decides */
        bool taken, any;
} Acceptance;

static void read_accept(Acceptance *a, Span list, Span type)
{
        Span item, range;
        while (next_item(&list, ',', &item)) {
                if (item.len == 0 || !next_item(&item, ';', &range))
                        continue;
                a->any = true;
                int fits = range_fits(range, type);
                if (fits == RANGE_NONE || fits < a->closest)
                        continue;
                a->taken = (fits == a->closest && a->taken) || !is_refused(item);
                a->closest = fits;
        }
}

bool http_accepts(const HttpRequest *r, const char *type, bool *ret_named)
{
        Acceptance a = {0};
        for (unsigned i = 0; i < r->n_all && http_header(r, HTTP_HEADER_ACCEPT).ptr; i++)
                if (span_equal_nocase(r->all[i].name, SPAN("accept")))
                        read_accept(&a, r->all[i].value, span_of(type));
        if (ret_named)
                *ret_named = a.closest == RANGE_TYPE && a.taken;
        return a.taken || !a.any;
}

/* ---- others ---------------------------------------------------------------- */

bool http_content_is(const HttpRequest *r, const char *type)
{
        Span rest = http_header(r, HTTP_HEADER_CONTENT_TYPE), p, charset;
        if (!next_item(&rest, ';', &p) || !span_equal_nocase(p, span_of(type)))
                return false;
        while (next_item(&rest, ';', &p))
                if (parameter_is(p, SPAN("charset"), &charset) && !span_equal_nocase(charset, SPAN("utf-8")))
                        return false;
        return true;
}

Span http_bearer(const HttpRequest *r)
{
        Span a = http_header(r, HTTP_HEADER_AUTHORIZATION);
        size_t space = span_find(a, ' ');
        if (space == a.len || !span_equal_nocase(span_first(a, space), SPAN("bearer")))
                return SPAN_NONE;
        Span token = span_trim(span_skip(a, space));
        return token.len && span_find(token, ' ') == token.len ? token : SPAN_NONE;
}
