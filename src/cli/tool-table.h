#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools of servers, fetched page by page, as a table for people or as one
 * JSON object. Owned by the command; knows no command line.
 */

#include "base/arena.h"
#include "client/session.h"

typedef struct ToolRow {
        const char *server, *tool, *text; /* owned by the table */
        struct ToolRow *next;
} ToolRow;

typedef struct ToolTable {
        Arena arena;
        ToolRow *first, **last;
        Buf json; /* the member `servers`, without its end */
        bool begun;
} ToolTable;

void tool_table_init(ToolTable *t);
void tool_table_done(ToolTable *t);

/* Asks for all pages. As client_session_request(). */
int tool_table_add(ToolTable *t, ClientSession *s, const char *server, Nsec deadline) MUST_CHECK;
/* `width` 0: nothing is cut. */
int tool_table_write(const ToolTable *t, size_t width, bool bold, Buf *ret) MUST_CHECK;
int tool_table_write_json(const ToolTable *t, Buf *ret) MUST_CHECK;
