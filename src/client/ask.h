#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* A request of MCP over HTTP: the headers that each one bears. */

#include "client/conn.h"
#include "mcp/version.h"

typedef struct ClientAsk {
        const char *method; /* POST, GET or DELETE */
        Span body;          /* of a POST: a message */
        const char *token;  /* NULL: none */
        Span session;       /* Mcp-Session-Id; empty: none yet */
        McpVersion version; /* negotiated; _MCP_VERSION_INVALID: not yet */
        Span last_event;    /* of a GET that goes on where a stream has ended */
} ClientAsk;

/* As client_conn_request(). */
int client_ask(ClientConn *c, const ClientPlace *to, const ClientAsk *a, Nsec deadline) MUST_CHECK;
