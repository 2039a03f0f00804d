#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which era a client's message belongs to: its body decides, the headers are
 * checked against it. Pure: what is wrong is an error code and a sentence.
 */

#include "jsonrpc/envelope.h"
#include "jsonrpc/error-code.h"
#include "mcp/version.h"

typedef struct EraHeaders {
        Span version, method, name; /* MCP-Protocol-Version, Mcp-Method, Mcp-Name; ptr NULL: not sent */
} EraHeaders;

typedef struct EraVerdict {
        McpEra era;
        McpVersion version; /* modern: of _meta. Legacy: of the header, or _MCP_VERSION_INVALID without one */
        RpcError error;     /* ERA_E_REFUSED */
        const char *why;
} EraVerdict;

enum { _ERA_E_SUCCESS, ERA_E_REFUSED };
int era_of(const Envelope *e, const EraHeaders *h, EraVerdict *ret) MUST_CHECK;
