/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tool-table.h"
#include "base/utf8.h"
#include "cli/figures.h"
#include "jsonrpc/json.h"

#define BOLD  "\033[1m"
#define RESET "\033[0m"

enum { ARENA_CAP = 256 * 1024 * 1024, MOST_PAGES = 10000, GAP = 2, TEXT_LEAST = 20 };

void tool_table_init(ToolTable *t)
{
        *t = (ToolTable){.arena = ARENA_INIT(ARENA_CAP), .json = BUF_INIT(BUF_CAP_NONE)};
        t->last = &t->first;
}

void tool_table_done(ToolTable *t)
{
        arena_done(&t->arena);
        buf_done(&t->json);
}

/* ---- fetch ------------------------------------------------------------------------ */

/* A text as a terminal may show it; of several lines the first that says something. */
static const char *keep_text(ToolTable *t, Span value)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf safe = BUF_INIT(BUF_CAP_NONE);
        if (jspan_type(value) != JSPAN_STRING)
                return "";
        if (jspan_text_append(value, &text) < 0)
                return NULL;
        Span rest = span_trim(buf_span(&text)), line;
        if (!span_next(&rest, '\n', &line) || figure_text(&safe, span_trim(line)) < 0)
                return text.len ? NULL : "";
        return arena_strdup(&t->arena, buf_span(&safe));
}

static int add_row(ToolTable *t, const char *server, Span tool)
{
        Span text = jspan_member(tool, "description");
        ToolRow *row = ARENA_NEW(&t->arena, ToolRow);
        if (!row)
                return -ENOMEM;
        row->server = server;
        row->tool = keep_text(t, jspan_member(tool, "name"));
        row->text = keep_text(t, text.len ? text : jspan_member(tool, "title"));
        if (!row->tool || !row->text)
                return -ENOMEM;
        *t->last = row;
        t->last = &row->next;
        return 0;
}

static int add_page(ToolTable *t, const char *server, Span tools, bool *begun)
{
        JspanWalk w = jspan_walk(tools);
        Span tool;
        int r = 0;
        while (r == 0 && jspan_type(tools) == JSPAN_ARRAY && jspan_next(&w, NULL, &tool)) {
                r = *begun ? buf_append_char(&t->json, ',') : 0;
                *begun = true;
                if (r == 0)
                        r = buf_append_span(&t->json, tool);
                if (r == 0)
                        r = add_row(t, server, tool);
        }
        return r;
}

static int next_params(const ClientSession *s, Buf *params)
{
        Span cursor = envelope_member(&s->answer, MEMBER_RESULT_NEXT_CURSOR);
        buf_clear(params);
        if (jspan_type(cursor) != JSPAN_STRING)
                return 0;
        return buf_appendf(params, "{\"cursor\":%.*s}", (int)cursor.len, cursor.ptr);
}

static int add_pages(ToolTable *t, ClientSession *s, const char *server, Nsec deadline)
{
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        bool begun = false;
        for (int page = 0; page < MOST_PAGES; page++) {
                int r = client_session_request(s, MCP_METHOD_TOOLS_LIST, buf_span(&params), deadline, NULL);
                if (r == 0)
                        r = add_page(t, server,
                                     jspan_member(envelope_member(&s->answer, MEMBER_RESULT), "tools"),
                                     &begun);
                if (r == 0)
                        r = next_params(s, &params);
                if (r != 0 || params.len == 0)
                        return r;
        }
        return -ELOOP;
}

int tool_table_add(ToolTable *t, ClientSession *s, const char *server, Nsec deadline)
{
        const char *name = arena_strdup(&t->arena, span_of(server));
        size_t before = t->json.len;
        ToolRow **last = t->last;
        if (!name)
                return -ENOMEM;
        int r = buf_appendf(&t->json, "%s{\"name\":\"%s\",\"tools\":[", t->begun ? "," : "", name);
        if (r == 0)
                r = add_pages(t, s, name, deadline);
        if (r == 0)
                r = buf_append_str(&t->json, "]}");
        if (r == 0) {
                t->begun = true;
                return 0;
        }
        t->json.len = before; /* as if it had not been asked */
        if (t->json.data)
                t->json.data[before] = '\0';
        t->last = last;
        *last = NULL;
        return r;
}

/* ---- write ------------------------------------------------------------------------- */

static size_t length(const char *text)
{
        return utf8_length(span_of(text));
}

static int write_row(const ToolRow *row, const size_t widths[static 2], size_t width, Buf *ret)
{
        size_t before = widths[0] + widths[1] + 2 * GAP;
        size_t most = !width ? SIZE_MAX : MAX(width, before + TEXT_LEAST) - before;
        int pad = *row->text ? (int)(widths[1] - length(row->tool)) + GAP : 0;
        int r = buf_appendf(ret, "%s%*s%s%*s", row->server, (int)(widths[0] - length(row->server)) + GAP, "",
                            row->tool, pad, "");
        if (r == 0)
                r = figure_cut(ret, span_of(row->text), most);
        return r < 0 ? r : buf_append_char(ret, '\n');
}

int tool_table_write(const ToolTable *t, size_t width, bool bold, Buf *ret)
{
        static const ToolRow head = {"NAME", "TOOL", "DESCRIPTION", NULL};
        size_t widths[2] = {length(head.server), length(head.tool)};
        for (const ToolRow *row = t->first; row; row = row->next) {
                widths[0] = MAX(widths[0], length(row->server));
                widths[1] = MAX(widths[1], length(row->tool));
        }
        int r = bold ? buf_append_str(ret, BOLD) : 0;
        if (r == 0)
                r = write_row(&head, widths, 0, ret);
        if (r == 0 && bold)
                r = buf_append_str(ret, RESET);
        for (const ToolRow *row = t->first; row && r == 0; row = row->next)
                r = write_row(row, widths, width, ret);
        return r;
}

int tool_table_write_json(const ToolTable *t, Buf *ret)
{
        int r = buf_append_str(ret, "{\"servers\":[");
        if (r == 0)
                r = buf_append_span(ret, buf_span(&t->json));
        return r < 0 ? r : buf_append_str(ret, "]}\n");
}
