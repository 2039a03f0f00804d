/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/route.h"

const RouteRow route_table[_ROUTE_MAX] = {
#define R(id, path, score, methods, is_free) \
        [ROUTE_##id] = {ROUTE_##id, {path, sizeof(path) - 1}, SCORE_ROUTE_##score, methods, is_free},
        ROUTES(R)
#undef R
};

const RouteRow *route_find(Span path, Span *ret_name)
{
        *ret_name = SPAN_NONE;
        for (RouteId id = 0; id < ROUTE_OTHER; id++) {
                const RouteRow *row = &route_table[id];
                if (span_equal(path, row->path))
                        return id == ROUTE_MCP_NAME ? &route_table[ROUTE_OTHER] : row;
                if (id != ROUTE_MCP_NAME || !span_starts(path, row->path))
                        continue;
                *ret_name = span_skip(path, row->path.len);
                return row;
        }
        return &route_table[ROUTE_OTHER];
}

static const Span method_names[_HTTP_METHOD_MAX] = {
        [HTTP_GET] = {"GET", sizeof("GET") - 1},    [HTTP_HEAD] = {"GET", sizeof("GET") - 1},
        [HTTP_POST] = {"POST", sizeof("POST") - 1}, [HTTP_DELETE] = {"DELETE", sizeof("DELETE") - 1},
        [HTTP_OPTIONS] = {" ", sizeof(" ") - 1},    [HTTP_OTHER] = {" ", sizeof(" ") - 1},
};

bool route_takes(const RouteRow *row, HttpMethod m)
{
        Span list = span_of(row->methods), one;
        while (span_next(&list, ',', &one))
                if (span_equal(span_trim(one), method_names[m]))
                        return true;
        return false;
}
