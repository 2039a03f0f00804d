#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the scoreboard that /metrics is about, gathered once for all
 * families: each server's name once, the tools that belong to them. Internal
 * to the page.
 */

#include "ipc/scoreboard.h"

typedef struct PageServer {
        ScoreServer *cells; /* borrowed */
        uint64_t generation;
        uint32_t row;
        char name[SCORE_NAME];
} PageServer;

typedef struct PageTool {
        const ScoreTool *cells; /* borrowed */
        Span server, name;      /* borrowed */
} PageTool;

typedef struct PageRows {
        PageServer *servers; /* owned: by name; of a name that is there twice, the newer one */
        uint32_t n_servers;
        PageTool *tools; /* owned: by name of the tool */
        uint32_t n_tools;
} PageRows;

int page_rows_gather(Scoreboard *s, PageRows *ret) MUST_CHECK;
void page_rows_done(PageRows *r);
