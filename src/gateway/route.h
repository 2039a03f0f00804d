#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies under which path: one row a route, with the methods it takes, the
 * checks it does not make, and who answers. Pure but for the answers.
 */

#include "gateway/client.h"

/* clang-format off */
/*      id, path ("/mcp/" with a name behind it: ends in '/'), label, methods, free of Host and token */
#define ROUTES(R)                                                                   \
        R(MCP,       "/mcp",             "/mcp",            "POST, GET, DELETE", false) \
        R(MCP_NAME,  "/mcp/",            "/mcp/NAME",       "POST, GET, DELETE", false) \
        R(LIVEZ,     "/livez",           "/livez",          "GET",               true)  \
        R(HEALTHZ,   "/healthz",         "/livez",          "GET",               true)  \
        R(HEALTH,    "/health",          "/livez",          "GET",               true)  \
        R(READYZ,    "/readyz",          "/readyz",         "GET",               true)  \
        R(READY,     "/ready",           "/readyz",         "GET",               true)  \
        R(DETAILED,  "/health/detailed", "/health/detailed", "GET",              false) \
        R(METRICS,   "/metrics",         "/metrics",        "GET",               true)  \
        R(OTHER,     "",                 "other",           "GET, POST",         false)
/* clang-format on */

typedef enum RouteId {
#define R(id, path, label, methods, free) ROUTE_##id,
        ROUTES(R)
#undef R
        _ROUTE_MAX,
} RouteId;

struct RouteRow {
        RouteId id;
        Span path;
        const char *label, *methods;
        bool is_free;
};

extern const RouteRow route_table[_ROUTE_MAX];

/* Never NULL: ROUTE_OTHER is what is not there. `ret_name`: what stands behind the path of a row that ends in '/'. */
const RouteRow *route_find(Span path, Span *ret_name);
bool route_takes(const RouteRow *row, HttpMethod m);

/* Answers a GET of one of our own pages. */
int page_answer(Client *c, const RouteRow *row) MUST_CHECK;
