#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of MCP over HTTP as a client has it: initialize, requests one
 * after the other, DELETE at the end. Blocks, with deadlines of
 * clock_monotonic. For commands; a host that speaks by itself uses shim.
 * What is wrong stands in `why`, for a person.
 */

#include "client/conn.h"
#include "client/sse-reader.h"
#include "jsonrpc/envelope.h"
#include "mcp/method.h"

typedef enum ClientFault {
        _CLIENT_E_SUCCESS,
        CLIENT_E_NOT_HERE, /* nobody listens there */
        CLIENT_E_TIMEOUT,
        CLIENT_E_BROKEN,  /* the connection ended, or what came is no HTTP or no MCP */
        CLIENT_E_REFUSED, /* by an HTTP status; `status` */
        CLIENT_E_ERROR,   /* a JSON-RPC error: `answer` */
} ClientFault;

typedef struct ClientSession {
        ClientPlace place;
        const char *token; /* borrowed; NULL: none */
        ClientConn conn;
        SseReader sse;
        Buf id, body, message;
        McpVersion version;
        uint64_t last_id;
        Envelope answer; /* borrows from `message`, until the next request */
        int status;
        Buf why;
} ClientSession;

/* What comes before the answer. */
typedef struct ClientWatch ClientWatch;
struct ClientWatch {
        void (*notified)(ClientWatch *watch, const Envelope *e);
};

/* Connects and initializes; needs client_session_done() whatever it returns. */
int client_session_open(ClientSession *s, const ClientPlace *place, const char *token,
                        Nsec deadline) MUST_CHECK;
void client_session_done(ClientSession *s);
/* `params`: an object as written, or empty. The result is MEMBER_RESULT of `answer`. `watch` may be NULL. */
int client_session_request(ClientSession *s, McpMethod m, Span params, Nsec deadline,
                           ClientWatch *watch) MUST_CHECK;
/* Tells the server that it may forget it; failing that is no matter. */
void client_session_close(ClientSession *s, Nsec deadline);
