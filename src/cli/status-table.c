/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "cli/daemon.h"
#include "cli/figures.h"
#include "cli/status-table.h"

#define BOLD  "\033[1m"
#define RESET "\033[0m"

enum { GAP = 2, ERROR_LEAST = 12, CELL_CAP = 64 * 1024 };

typedef int CellWriter(Buf *b, const json_t *server);

/* ---- cells: what is not known stays empty, and shows as "-" ------------------- */

static int cell_text(Buf *b, const json_t *server, const char *key)
{
        const char *text = daemon_text(server, key);
        return text ? figure_text(b, span_of(text)) : 0;
}

static int cell_count(Buf *b, const json_t *server, const char *key, const char *mark)
{
        double v = daemon_figure(server, key);
        return v >= 0 ? buf_appendf(b, "%.0f%s", v, mark) : 0;
}

static int cell_name(Buf *b, const json_t *server)
{
        return cell_text(b, server, "name");
}

static int cell_state(Buf *b, const json_t *server)
{
        return cell_text(b, server, "state");
}

static int cell_pid(Buf *b, const json_t *server)
{
        return cell_count(b, server, "pid", "");
}

static int cell_up(Buf *b, const json_t *server)
{
        double v = daemon_figure(server, "uptime_s");
        return v >= 0 ? figure_age(b, v) : 0;
}

static int cell_restarts(Buf *b, const json_t *server)
{
        const json_t *budget = json_object_get(server, "budget");
        double used = daemon_figure(budget, "used"), burst = daemon_figure(budget, "burst");
        double next = daemon_figure(server, "next_start_s");
        int r = used >= 0 && burst >= 0 ? buf_appendf(b, "%.0f/%.0f", used, burst)
                                        : cell_count(b, server, "restarts", "");
        if (r < 0 || next < 0)
                return r;
        r = buf_append_str(b, b->len ? " (" : "(");
        if (r == 0)
                r = figure_age(b, next + 0.999); /* never "in 0s" while it still waits */
        return r < 0 ? r : buf_append_char(b, ')');
}

static int cell_memory(Buf *b, const json_t *server)
{
        double v = daemon_figure(server, "memory_bytes");
        return v >= 0 ? figure_bytes(b, v) : 0;
}

static bool tools_are_cached(const json_t *server)
{
        return daemon_figure(server, "tools") < 0 && daemon_figure(server, "cached_tools") >= 0;
}

static int cell_tools(Buf *b, const json_t *server)
{
        return tools_are_cached(server) ? cell_count(b, server, "cached_tools", "*")
                                        : cell_count(b, server, "tools", "");
}

static int cell_calls(Buf *b, const json_t *server)
{
        return cell_count(b, server, "calls", "");
}

static int cell_p95(Buf *b, const json_t *server)
{
        double v = daemon_figure(server, "p95_ms");
        return v >= 0 ? figure_latency(b, v) : 0;
}

/* An exit that was asked for is no error. */
static int cell_error(Buf *b, const json_t *server)
{
        const json_t *last = json_object_get(server, "last_exit");
        const char *class = daemon_text(last, "class"), *state = daemon_text(server, "state");
        bool error = class && strcmp(class, "planned") != 0;
        if (error)
                return cell_text(b, last, daemon_text(last, "reason") ? "reason" : "class");
        if (!state || strcmp(state, "idle") != 0)
                return 0;
        return buf_append_str(b, tools_are_cached(server) ? "starts on first call (* cached)"
                                                          : "starts on first call");
}

/* In their order; those with a rank go away when the terminal is narrow, 1 first. */
static const struct {
        const char *title;
        CellWriter *write;
        unsigned rank;
} columns[] = {
        {"NAME", cell_name, 0},         {"STATE", cell_state, 0},
        {"PID", cell_pid, 3},           {"UP", cell_up, 6},
        {"RESTARTS", cell_restarts, 7}, {"MEM", cell_memory, 4},
        {"TOOLS", cell_tools, 2},       {"CALLS", cell_calls, 5},
        {"P95", cell_p95, 1},           {"LAST ERROR", cell_error, 0},
};

enum { N_COLUMNS = ARRAY_SIZE(columns), LAST = N_COLUMNS - 1, STATE = 1, RANKS = 7 };

static const struct {
        const char *state, *color;
} state_colors[] = {
        {"ready", "\033[32m"},   {"starting", "\033[33m"}, {"draining", "\033[33m"}, {"stopping", "\033[33m"},
        {"backoff", "\033[33m"}, {"probing", "\033[33m"},  {"degraded", "\033[31m"}, {"stuck", "\033[31m"},
        {"idle", "\033[2m"},     {"stopped", "\033[2m"},
};

static const char *state_color(const char *state)
{
        for (size_t i = 0; i < ARRAY_SIZE(state_colors); i++)
                if (strcmp(state_colors[i].state, state) == 0)
                        return state_colors[i].color;
        return NULL;
}

/* ---- the table ---------------------------------------------------------------- */

typedef struct Table {
        const StatusLook *look;
        Buf *out;
        Buf cell;
        size_t widths[N_COLUMNS];
        bool hidden[N_COLUMNS];
} Table;

static int fill_cell(Table *t, size_t column, const json_t *server)
{
        buf_clear(&t->cell);
        if (!server)
                return buf_append_str(&t->cell, columns[column].title);
        int r = columns[column].write(&t->cell, server);
        return r == 0 && t->cell.len == 0 ? buf_append_char(&t->cell, '-') : r;
}

static int measure_row(Table *t, const json_t *server)
{
        for (size_t i = 0; i < N_COLUMNS; i++) {
                int r = fill_cell(t, i, server);
                if (r < 0)
                        return r;
                t->widths[i] = MAX(t->widths[i], utf8_length(buf_span(&t->cell)));
        }
        return 0;
}

static size_t width_before_last(const Table *t)
{
        size_t width = 0;
        for (size_t i = 0; i < LAST; i++)
                width += t->hidden[i] ? 0 : t->widths[i] + GAP;
        return width;
}

/* Hides columns until the last one has room for what it holds, or for its least. */
static void fit(Table *t)
{
        size_t need = MIN(t->widths[LAST], (size_t)ERROR_LEAST);
        for (unsigned rank = 1; t->look->width && rank <= RANKS; rank++) {
                if (width_before_last(t) + need <= t->look->width)
                        return;
                for (size_t i = 0; i < N_COLUMNS; i++)
                        t->hidden[i] |= columns[i].rank == rank;
        }
}

static int append_cell(Table *t, size_t column, const char *color)
{
        Span text = buf_span(&t->cell);
        size_t before = width_before_last(t);
        size_t most = !t->look->width || column != LAST ? text.len
                                                        : MAX(t->look->width, before + ERROR_LEAST) - before;
        int r = color ? buf_append_str(t->out, color) : 0;
        if (r == 0)
                r = figure_cut(t->out, text, most);
        if (r == 0 && color)
                r = buf_append_str(t->out, RESET);
        if (r == 0 && column != LAST)
                r = buf_appendf(t->out, "%*s", (int)(t->widths[column] - utf8_length(text) + GAP), "");
        return r;
}

static int write_row(Table *t, const json_t *server)
{
        for (size_t i = 0; i < N_COLUMNS; i++) {
                if (t->hidden[i])
                        continue;
                int r = fill_cell(t, i, server);
                const char *color = !server ? BOLD : i == STATE ? state_color(buf_text(&t->cell)) : NULL;
                if (r == 0)
                        r = append_cell(t, i, t->look->color ? color : NULL);
                if (r < 0)
                        return r;
        }
        return buf_append_char(t->out, '\n');
}

static int write_rows(Table *t, const json_t *servers)
{
        const json_t *server;
        size_t i;
        int r = measure_row(t, NULL);
        json_array_foreach(servers, i, server)
        {
                if (r == 0)
                        r = measure_row(t, server);
        }
        fit(t);
        if (r == 0)
                r = write_row(t, NULL);
        json_array_foreach(servers, i, server)
        {
                if (r == 0)
                        r = write_row(t, server);
        }
        return r;
}

/* ---- lines above it ------------------------------------------------------------- */

static int write_state(Buf *out, const char *who, const char *state)
{
        int r = buf_appendf(out, "The %s is ", who);
        return r < 0 ? r : figure_text(out, span_of(state));
}

static int write_daemon(const json_t *status, Buf *out)
{
        const json_t *gateway = json_object_get(status, "gateway");
        const char *state = daemon_text(status, "state"), *relay = daemon_text(gateway, "state");
        int r = 0;
        if (state && strcmp(state, "running") != 0) {
                r = write_state(out, "daemon", state);
                if (r == 0)
                        r = buf_append_str(out, ".\n");
        }
        if (r == 0 && relay && strcmp(relay, "ready") != 0) {
                r = write_state(out, "gateway", relay);
                if (r == 0)
                        r = buf_appendf(out, " (%.0f restarts).\n",
                                        MAX(daemon_figure(gateway, "restarts"), 0.0));
        }
        return r;
}

static int write_partial(const json_t *partial, Buf *out)
{
        const json_t *name;
        size_t i;
        int r = buf_append_str(out, "Since the last reload these servers did not start:");
        json_array_foreach(partial, i, name)
        {
                const char *text = json_string_value(name);
                if (r == 0)
                        r = buf_append_str(out, i ? ", " : " ");
                if (r == 0)
                        r = figure_text(out, span_of(text ? text : "?"));
        }
        return r < 0 ? r : buf_append_str(out, ".\n");
}

static int write_reload(const json_t *status, Buf *out)
{
        const json_t *last = json_object_get(json_object_get(status, "config"), "last_reload");
        const json_t *partial = json_object_get(last, "partial");
        const char *at = daemon_text(last, "at"), *error = daemon_text(last, "error");
        if (!last || json_is_null(last))
                return 0;
        if (json_array_size(partial))
                return write_partial(partial, out);
        if (!json_is_false(json_object_get(last, "ok")))
                return 0;
        int r = buf_append_str(out, "The last reload failed");
        if (r == 0 && at)
                r = buf_append_str(out, " at ");
        if (r == 0 && at)
                r = figure_moment(out, FIGURE_DATE, at);
        if (r == 0)
                r = buf_append_str(out, ": ");
        if (r == 0)
                r = figure_text(out, span_of(error ? error : "no reason was given"));
        return r < 0 ? r : buf_append_char(out, '\n');
}

int status_table(const json_t *status, const StatusLook *look, Buf *ret)
{
        const json_t *servers = json_object_get(status, "servers");
        Table t = {.look = look, .out = ret, .cell = BUF_INIT(CELL_CAP)};
        int r = write_daemon(status, ret);
        if (r == 0)
                r = write_reload(status, ret);
        if (r == 0)
                r = json_array_size(servers) ? write_rows(&t, servers)
                                             : buf_append_str(ret, "No servers are configured.\n");
        buf_done(&t.cell);
        return r;
}

bool status_all_are(const json_t *status, const char *state)
{
        const json_t *server;
        size_t i;
        json_array_foreach(json_object_get(status, "servers"), i, server)
        {
                const char *is = daemon_text(server, "state");
                if (!is || strcmp(is, state) != 0)
                        return false;
        }
        return true;
}
