#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table put into a TOML file of a host application, all other lines
 * staying as they are. It reads no more of TOML than the headers of tables,
 * and refuses what could hide one. Pure.
 */

#include "base/buf.h"

enum { _HOST_TOML_E_SUCCESS, HOST_TOML_E_UNSURE };

/* `table` is the name of a header, "mcp_servers.mcpvisor"; `body` its lines. The table of that name is
 * replaced, or added at the end. HOST_TOML_E_UNSURE: *ret_why says what in the file is in the way. */
int host_toml_merge(Span text, const char *table, Span body, Buf *ret, const char **ret_why) MUST_CHECK;
