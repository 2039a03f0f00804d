#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of a request that anybody in the house looks at, one row each:
 * name, whether it may come once only (a second one is a 400), and whether a
 * client says something else in it with each request, when all the others stay
 * what they are (h1-pattern). They are found by the parser and noted here by
 * number.
 */

#include "base/macro.h"

/* clang-format off */
#define HTTP_HEADERS(H) \
        H(HOST,              "host",                           1, 0) \
        H(ORIGIN,            "origin",                         1, 0) \
        H(AUTHORIZATION,     "authorization",                  1, 0) \
        H(ACCEPT,            "accept",                         0, 0) \
        H(CONTENT_TYPE,      "content-type",                   1, 0) \
        H(CONTENT_LENGTH,    "content-length",                 1, 1) \
        H(CONTENT_ENCODING,  "content-encoding",               0, 0) \
        H(TRANSFER_ENCODING, "transfer-encoding",              0, 0) \
        H(CONNECTION,        "connection",                     0, 0) \
        H(EXPECT,            "expect",                         1, 0) \
        H(ACR_METHOD,        "access-control-request-method",  1, 0) \
        H(ACR_HEADERS,       "access-control-request-headers", 0, 0) \
        H(LAST_EVENT_ID,     "last-event-id",                  1, 0) \
        H(REQUEST_ID,        "x-request-id",                   1, 1) \
        H(TRACEPARENT,       "traceparent",                    1, 1) \
        H(TRACESTATE,        "tracestate",                     0, 1) \
        H(BAGGAGE,           "baggage",                        0, 1) \
        H(MCP_SESSION,       "mcp-session-id",                 1, 1) \
        H(MCP_VERSION,       "mcp-protocol-version",           1, 0) \
        H(MCP_METHOD,        "mcp-method",                     1, 1) \
        H(MCP_NAME,          "mcp-name",                       1, 1)
/* clang-format on */

typedef enum HttpHeaderId {
#define H(id, name, once, varies) HTTP_HEADER_##id,
        HTTP_HEADERS(H)
#undef H
                _HTTP_HEADER_MAX,
} HttpHeaderId;
