#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities as a set of bits, from and to their JSON. Bits are 1 << McpCapability. */

#include "base/buf.h"
#include "mcp/method.h"

typedef uint32_t McpCapabilities;

#define MCP_CAN(c) (1u << MCP_CAN_##c)

/* Of a `capabilities` object of a server, of a client. Not an object: none. */
McpCapabilities mcp_server_can(Span object);
McpCapabilities mcp_client_can(Span object);
/* Appends the object that a server offers: listChanged always, subscribe where it is set. No task, no
 * extension. */
int mcp_write_server_can(Buf *b, McpCapabilities can) MUST_CHECK;
