#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies under which path: one row a route, with the methods it takes, the
 * checks it does not make, and who answers. Pure but for the answers.
 */

#include "gateway/client.h"
#include "ipc/score-table.h"

/* clang-format off */
/*      id, path ("/mcp/" with a name behind it: ends in '/'), as what it is counted, methods, free of Host and token */
#define ROUTES(R) \
        R(MCP,      "/mcp",             MCP,             "POST, GET, DELETE",  false) \
        R(MCP_NAME, "/mcp/",            SERVER,          "POST, GET, DELETE",  false) \
        R(LIVEZ,    "/livez",           LIVEZ,           "GET",                true) \
        R(HEALTHZ,  "/healthz",         LIVEZ,           "GET",                true) \
        R(HEALTH,   "/health",          LIVEZ,           "GET",                true) \
        R(READYZ,   "/readyz",          READYZ,          "GET",                true) \
        R(READY,    "/ready",           READYZ,          "GET",                true) \
        R(DETAILED, "/health/detailed", HEALTH_DETAILED, "GET",                false) \
        R(METRICS,  "/metrics",         METRICS,         "GET",                true) \
        R(OTHER,    "",                 OTHER,           "GET, POST",          false)
/* clang-format on */

typedef enum RouteId {
#define R(id, path, score, methods, is_free) ROUTE_##id,
        ROUTES(R)
#undef R
                _ROUTE_MAX,
} RouteId;

struct RouteRow {
        RouteId id;
        Span path;
        ScoreRoute score;
        const char *methods;
        bool is_free;
};

extern const RouteRow route_table[_ROUTE_MAX];

/* Never NULL: ROUTE_OTHER is what is not there. `ret_name`: what stands behind the path of a row that ends in
 * '/'. */
const RouteRow *route_find(Span path, Span *ret_name);
bool route_takes(const RouteRow *row, HttpMethod m);

/* Answers a GET of one of our own pages. */
int page_answer(Client *c, const RouteRow *row) MUST_CHECK;
