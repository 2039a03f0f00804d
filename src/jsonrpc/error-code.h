#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of errors that cross our wires, one row each: name, code, the
 * text that JSON-RPC or the protocol gives it, and the HTTP status with which
 * it is answered when nothing else says otherwise.
 */

#include "base/span.h"

/* clang-format off */
#define RPC_ERRORS(E)                                                   \
        E(PARSE,              -32700, 400, "Parse error")               \
        E(INVALID_REQUEST,    -32600, 400, "Invalid Request")           \
        E(METHOD_NOT_FOUND,   -32601, 200, "Method not found")          \
        E(INVALID_PARAMS,     -32602, 200, "Invalid params")            \
        E(INTERNAL,           -32603, 200, "Internal error")            \
        E(SESSION_NOT_FOUND,  -32001, 404, "Session not found")         \
        E(RESOURCE_NOT_FOUND, -32002, 200, "Resource not found")        \
        E(HEADER_MISMATCH,    -32020, 400, "Header mismatch")           \
        E(MISSING_CAPABILITY, -32021, 400, "Missing required client capability") \
        E(UNSUPPORTED_VERSION,-32022, 400, "Unsupported protocol version") \
        E(URL_ELICITATION,    -32042, 200, "URL elicitation required")
/* clang-format on */

typedef enum RpcError {
#define E(id, code, http, text) RPC_ERROR_##id,
        RPC_ERRORS(E)
#undef E
                _RPC_ERROR_MAX,
} RpcError;

typedef struct RpcErrorRow {
        const char *name, *text;
        int code, http;
} RpcErrorRow;

extern const RpcErrorRow rpc_error_table[_RPC_ERROR_MAX];
