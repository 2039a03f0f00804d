/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/metrics-rows.h"
#include "ipc/score-tools.h"

void page_rows_done(PageRows *r)
{
        free(r->servers);
        free(r->tools);
        *r = (PageRows){0};
}

/* ---- servers ---------------------------------------------------------------- */

static int compare_servers(const void *a, const void *b)
{
        const PageServer *x = a, *y = b;
        int r = strcmp(x->name, y->name);
        return r ? r : (x->generation < y->generation) - (x->generation > y->generation);
}

/* A server that was removed and has not ended yet keeps its row beside the one that came back under its
 * name; two series of one name would make the whole page unreadable. */
static void drop_older(PageRows *r)
{
        uint32_t n = 0;
        for (uint32_t i = 0; i < r->n_servers; i++)
                if (n == 0 || strcmp(r->servers[n - 1].name, r->servers[i].name) != 0)
                        r->servers[n++] = r->servers[i];
        r->n_servers = n;
}

static int gather_servers(Scoreboard *s, PageRows *r)
{
        uint32_t used = scoreboard_used(s);
        r->servers = calloc(MAX(used, 1U), sizeof(*r->servers));
        if (!r->servers)
                return -ENOMEM;
        for (uint32_t row = 0; row < used; row++) {
                PageServer *server = &r->servers[r->n_servers];
                if (!scoreboard_name(s, row, server->name, &server->generation))
                        continue;
                server->row = row;
                server->cells = scoreboard_server(s, row);
                r->n_servers++;
        }
        qsort(r->servers, r->n_servers, sizeof(*r->servers), compare_servers);
        drop_older(r);
        return 0;
}

/* ---- tools ------------------------------------------------------------------ */

static int compare_tools(const void *a, const void *b)
{
        const PageTool *x = a, *y = b;
        int r = span_compare(x->name, y->name);
        return r ? r : span_compare(x->server, y->server);
}

static void add_tool(PageRows *r, const PageServer *server, const ScoreTool *cells, Span name)
{
        r->tools[r->n_tools++] = (PageTool){cells, span_of(server->name), name};
}

static bool was_called(const ScoreTool *t)
{
        for (size_t i = 0; i < _SCORE_STATUS_MAX; i++)
                if (score_get(&t->statuses[i]))
                        return true;
        return false;
}

static void add_series(Scoreboard *s, PageRows *r, const uint32_t *by_row)
{
        for (uint32_t i = 0; i < scoreboard_tools(s); i++) {
                const ScoreTool *t = scoreboard_tool(s, i);
                uint64_t row = score_get(&t->row);
                if (!score_get(&t->used)) /* none from here on was */
                        return;
                if (row >= scoreboard_used(s) || by_row[row] == UINT32_MAX || t->name_len >= SCORE_TOOL_NAME)
                        continue;
                const PageServer *server = &r->servers[by_row[row]];
                if (server->generation == score_get(&t->generation))
                        add_tool(r, server, t, span_from(t->name, t->name_len));
        }
}

static int gather_tools(Scoreboard *s, PageRows *r)
{
        uint32_t used = scoreboard_used(s);
        CLEANUP_FREE uint32_t *by_row = malloc(MAX(used, 1U) * sizeof(*by_row));
        r->tools = calloc((size_t)scoreboard_tools(s) + r->n_servers + 1, sizeof(*r->tools));
        if (!by_row || !r->tools)
                return -ENOMEM;
        memset(by_row, 0xff, used * sizeof(*by_row));
        for (uint32_t i = 0; i < r->n_servers; i++)
                by_row[r->servers[i].row] = i;
        add_series(s, r, by_row);
        for (uint32_t i = 0; i < r->n_servers; i++) {
                const ScoreTool *other = &r->servers[i].cells->gateway.other;
                if (was_called(other))
                        add_tool(r, &r->servers[i], other, SPAN(SCORE_TOOL_OTHER));
        }
        qsort(r->tools, r->n_tools, sizeof(*r->tools), compare_tools);
        return 0;
}

int page_rows_gather(Scoreboard *s, PageRows *ret)
{
        PageRows rows = {0};
        int r = gather_servers(s, &rows);
        if (r == 0)
                r = gather_tools(s, &rows);
        if (r < 0) {
                page_rows_done(&rows);
                return r;
        }
        *ret = rows;
        return 0;
}
