#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scoreboard counts apart, one row each: what a request asks for, how
 * it ended, which route of the endpoint it took and which code it got, which
 * limit refused something. The second column is the value of the label that
 * dashboards know.
 */

#include "base/macro.h"

/* clang-format off */
#define SCORE_METHODS(M)                       \
        M(TOOLS_CALL,     "tools/call")        \
        M(PROMPTS_GET,    "prompts/get")       \
        M(RESOURCES_READ, "resources/read")    \
        M(COMPLETION,     "completion/complete") \
        M(OTHER,          "other")

/* tool_error: an answer that says of itself that the tool has failed. refused: never sent to the server. */
#define SCORE_STATUSES(S)                      \
        S(OK,         "ok")                    \
        S(TOOL_ERROR, "tool_error")            \
        S(ERROR,      "error")                 \
        S(TIMEOUT,    "timeout")               \
        S(CANCELLED,  "cancelled")             \
        S(REFUSED,    "refused")

#define SCORE_ROUTES(R)                        \
        R(MCP,             "mcp")              \
        R(SERVER,          "server")           \
        R(VIEW,            "view")             \
        R(LIVEZ,           "livez")            \
        R(READYZ,          "readyz")           \
        R(HEALTH_DETAILED, "health_detailed")  \
        R(WARMUP,          "warmup")           \
        R(METRICS,         "metrics")          \
        R(OTHER,           "other")

/* Those that the endpoint answers with; any other one counts as `other`. */
#define SCORE_CODES(C)                         \
        C(200) C(202) C(204)                   \
        C(400) C(401) C(403) C(404) C(405) C(406) C(408) C(409) C(411) C(413) C(414) C(415) C(417) \
        C(421) C(429) C(431)                   \
        C(500) C(501) C(503) C(505)

/* By the last word of the key. */
#define SCORE_LIMITS(L)                        \
        L(MAX_BODY,        "max_body")         \
        L(MAX_LINE,        "max_line")         \
        L(MAX_SESSIONS,    "max_sessions")     \
        L(MAX_CONNECTIONS, "max_connections")  \
        L(MAX_QUEUED,      "max_queued")       \
        L(MAX_QUEUE,       "max_queue")        \
        L(MAX_INFLIGHT,    "max_inflight_session") \
        L(MAX_HEADER,      "max_header")       \
        L(MAX_HEADERS,     "max_headers")      \
        L(MAX_DEPTH,       "max_depth")        \
        L(MAX_ID,          "max_id")           \
        L(MAX_BATCH,       "max_batch")        \
        L(MAX_STRAY,       "max_stray")        \
        L(MAX_TOOL_SERIES, "max_tool_series")  \
        L(HEADER_TIMEOUT,  "header_timeout")   \
        L(BODY_TIMEOUT,    "body_timeout")     \
        L(WRITE_TIMEOUT,   "write_timeout")    \
        L(QUEUE_TIMEOUT,   "queue_timeout")    \
        L(REQUEST_TIMEOUT, "request_timeout")
/* clang-format on */

#define ROW(id, name) SCORE_METHOD_##id,
typedef enum ScoreMethod { SCORE_METHODS(ROW) _SCORE_METHOD_MAX } ScoreMethod;
#undef ROW
#define ROW(id, name) SCORE_STATUS_##id,
typedef enum ScoreStatus { SCORE_STATUSES(ROW) _SCORE_STATUS_MAX } ScoreStatus;
#undef ROW
#define ROW(id, name) SCORE_ROUTE_##id,
typedef enum ScoreRoute { SCORE_ROUTES(ROW) _SCORE_ROUTE_MAX } ScoreRoute;
#undef ROW
#define ROW(code) SCORE_CODE_##code,
typedef enum ScoreCode { SCORE_CODES(ROW) SCORE_CODE_OTHER, _SCORE_CODE_MAX } ScoreCode;
#undef ROW
#define ROW(id, name) SCORE_LIMIT_##id,
typedef enum ScoreLimit { SCORE_LIMITS(ROW) _SCORE_LIMIT_MAX } ScoreLimit;
#undef ROW

const char *score_method_name(ScoreMethod m);
const char *score_status_name(ScoreStatus s);
const char *score_route_name(ScoreRoute r);
const char *score_code_name(ScoreCode c);
const char *score_limit_name(ScoreLimit l);

/* The cell of an HTTP status. */
ScoreCode score_code_of(unsigned status) PURE;
