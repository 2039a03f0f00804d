#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that speaks MCP by lines, on its one side, and a server that speaks
 * it by HTTP, on the other: lines are posted, answers and what the server
 * says by itself become lines. A server that has started anew gets the
 * host's initialize once more, and the host sees nothing of it. Runs until
 * the lines end; one thread, which polls.
 */

#include "base/buf.h"
#include "client/place.h"

typedef struct ClientShimArgs {
        const ClientPlace *place;
        const char *token; /* NULL: none */
        int in, out;       /* borrowed; may block */
        int stop;          /* ends it when it gets readable; -1: none */
        Nsec patience;     /* how long a message waits for a server that is not there */
} ClientShimArgs;

enum { _SHIM_E_SUCCESS, SHIM_E_NOT_HERE };

/* SHIM_E_NOT_HERE: no server was there for the first message, which got an error as its answer. */
int client_shim_run(const ClientShimArgs *args) MUST_CHECK;
