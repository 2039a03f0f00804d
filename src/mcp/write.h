#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of our own making, appended to a buffer as one line without its
 * end. Ids are given as they stand in JSON; texts are escaped here.
 */

#include "base/buf.h"
#include "jsonrpc/error-code.h"
#include "mcp/capability.h"

/* {"jsonrpc":"2.0","id":ID,"error":{...}}; without an id (empty) it is left out, or null where the revision
 * demands one. `data`: JSON as written, or empty. `message` NULL: the row's text. */
typedef struct McpErrorArgs {
        Span id;
        bool null_id;
        RpcError error;
        const char *message;
        Span data;
} McpErrorArgs;
int mcp_write_error(Buf *b, const McpErrorArgs *a) MUST_CHECK;

/* `result`: JSON as written. */
int mcp_write_result(Buf *b, Span id, Span result) MUST_CHECK;
/* `params`: JSON as written, or empty. */
int mcp_write_request(Buf *b, uint64_t id, McpMethod m, Span params) MUST_CHECK;
int mcp_write_notification(Buf *b, McpMethod m, Span params) MUST_CHECK;

/* The `initialize` that we send to a server; `capabilities`: an object as written. */
int mcp_write_initialize(Buf *b, uint64_t id, McpVersion v, Span capabilities) MUST_CHECK;
/* The `server/discover` probe. */
int mcp_write_discover(Buf *b, uint64_t id) MUST_CHECK;

/* The result of `initialize` that we answer a client with. Empty spans: our own, none. */
typedef struct McpWelcome {
        McpVersion version;
        McpCapabilities can;
        Span server_info;  /* an object as written */
        Span instructions; /* a string as written */
} McpWelcome;
int mcp_write_welcome(Buf *b, const McpWelcome *w) MUST_CHECK;
