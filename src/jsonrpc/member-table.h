#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a message that anybody in the house looks at, one row each:
 * where it stands, and its name. The scanner notes where each one's value is;
 * everything else in a message is payload, which is checked and passed on.
 */

#include "base/macro.h"

/* clang-format off */
#define ENVELOPE_MEMBERS(M)                                                  \
        M(JSONRPC,             MESSAGE, "jsonrpc")                           \
        M(ID,                  MESSAGE, "id")                                \
        M(METHOD,              MESSAGE, "method")                            \
        M(PARAMS,              MESSAGE, "params")                            \
        M(RESULT,              MESSAGE, "result")                            \
        M(ERROR,               MESSAGE, "error")                             \
        M(NAME,                PARAMS,  "name")                              \
        M(URI,                 PARAMS,  "uri")                               \
        M(ARGUMENTS,           PARAMS,  "arguments")                         \
        M(CURSOR,              PARAMS,  "cursor")                            \
        M(META,                PARAMS,  "_meta")                             \
        M(REF,                 PARAMS,  "ref")                               \
        M(TASK,                PARAMS,  "task")                              \
        M(REQUEST_ID,          PARAMS,  "requestId")                         \
        M(REASON,              PARAMS,  "reason")                            \
        M(PROGRESS_TOKEN,      PARAMS,  "progressToken")                     \
        M(LEVEL,               PARAMS,  "level")                             \
        M(LOGGER,              PARAMS,  "logger")                            \
        M(PROTOCOL_VERSION,    PARAMS,  "protocolVersion")                   \
        M(CAPABILITIES,        PARAMS,  "capabilities")                      \
        M(CLIENT_INFO,         PARAMS,  "clientInfo")                        \
        M(NOTIFICATIONS,       PARAMS,  "notifications")                     \
        M(INPUT_RESPONSES,     PARAMS,  "inputResponses")                    \
        M(REQUEST_STATE,       PARAMS,  "requestState")                      \
        M(META_PROGRESS_TOKEN, META,    "progressToken")                     \
        M(META_VERSION,        META,    "io.modelcontextprotocol/protocolVersion")    \
        M(META_CAPABILITIES,   META,    "io.modelcontextprotocol/clientCapabilities") \
        M(META_CLIENT_INFO,    META,    "io.modelcontextprotocol/clientInfo")         \
        M(META_LOG_LEVEL,      META,    "io.modelcontextprotocol/logLevel")           \
        M(META_SUBSCRIPTION,   META,    "io.modelcontextprotocol/subscriptionId")     \
        M(META_TRACEPARENT,    META,    "traceparent")                       \
        M(META_TRACESTATE,     META,    "tracestate")                        \
        M(META_BAGGAGE,        META,    "baggage")                           \
        M(RESULT_IS_ERROR,     RESULT,  "isError")                           \
        M(RESULT_TYPE,         RESULT,  "resultType")                        \
        M(RESULT_NEXT_CURSOR,  RESULT,  "nextCursor")                        \
        M(RESULT_VERSION,      RESULT,  "protocolVersion")                   \
        M(RESULT_CAPABILITIES, RESULT,  "capabilities")                      \
        M(RESULT_SERVER_INFO,  RESULT,  "serverInfo")                        \
        M(RESULT_INSTRUCTIONS, RESULT,  "instructions")                      \
        M(ERROR_CODE,          ERROR,   "code")                              \
        M(ERROR_MESSAGE,       ERROR,   "message")                           \
        M(ERROR_DATA,          ERROR,   "data")
/* clang-format on */

typedef enum EnvelopePlace {
        ENVELOPE_MESSAGE,
        ENVELOPE_PARAMS,
        ENVELOPE_META, /* of params */
        ENVELOPE_RESULT_OBJECT,
        ENVELOPE_ERROR_OBJECT,
        _ENVELOPE_PLACE_MAX,
} EnvelopePlace;

typedef enum EnvelopeMember {
#define M(id, place, name) MEMBER_##id,
        ENVELOPE_MEMBERS(M)
#undef M
                _MEMBER_MAX,
} EnvelopeMember;
