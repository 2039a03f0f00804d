/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "mcp/uri-template.h"

/*
 * All ways to read the URI are followed at once: after each part of the
 * template, the places that it can end at. So the time is bounded by the
 * product of both lengths whatever stands in them.
 */
typedef struct Places {
        Span uri;
        bool reached[LIMIT_URI_ROUTED + 1];
} Places;

/* What the URI shows for one expression. */
typedef struct Expression {
        char operator;
        char first; /* it begins so, or is nothing; 0: any byte will do */
        bool slash; /* may hold one */
} Expression;

/* The last row is that of {var}. */
static const Expression expressions[] = {
        {'+', 0, true},   {'#', 0, true},   {'/', '/', true},  {'?', '?', true},
        {'&', '&', true}, {';', ';', true}, {'.', '.', false}, {0, 0, false},
};

static const Expression *expression_of(Span inside)
{
        const Expression *e = expressions;
        while (e->operator&& !(inside.len && inside.ptr[0] == e->operator))
                e++;
        return e;
}

static void take_literal(Places *p, Span literal)
{
        for (size_t end = p->uri.len + 1; end-- > 0;)
                p->reached[end] = end >= literal.len && p->reached[end - literal.len] &&
                                  memcmp(p->uri.ptr + end - literal.len, literal.ptr, literal.len) == 0;
}

static void take_expression(Places *p, const Expression *e)
{
        bool inside = false;
        for (size_t at = 0; at < p->uri.len; at++) {
                char c = p->uri.ptr[at];
                bool begins = p->reached[at] && (e->first == 0 || c == e->first);
                inside = (inside || begins) && (e->slash || c != '/');
                if (inside)
                        p->reached[at + 1] = true;
        }
}

static bool match_rest(Span rest, Span uri)
{
        Places p = {.uri = uri};
        p.reached[0] = true;
        while (rest.len) {
                size_t open = span_find(rest, '{');
                if (open > 0)
                        take_literal(&p, span_first(rest, open));
                rest = span_skip(rest, open);
                size_t close = span_find(rest, '}');
                if (rest.len && close == rest.len)
                        return false; /* an expression without end */
                if (rest.len)
                        take_expression(&p, expression_of(span_from(rest.ptr + 1, close - 1)));
                rest = span_skip(rest, close + 1);
        }
        return p.reached[uri.len];
}

bool uri_template_match(Span uri_template, Span uri)
{
        Span literal = span_first(uri_template, span_find(uri_template, '{'));
        if (uri.len > LIMIT_URI_ROUTED || !span_starts(uri, literal))
                return false;
        return match_rest(span_skip(uri_template, literal.len), span_skip(uri, literal.len));
}
