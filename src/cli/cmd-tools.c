/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd-tools.h"
#include "cli/daemon.h"
#include "cli/endpoint.h"
#include "cli/tool-table.h"

typedef struct ToolsOptions {
        bool json;
        const char *socket;
} ToolsOptions;

/* ---- one server ------------------------------------------------------------------- */

static int add_server(const CommandCall *call, ToolTable *t, const char *name)
{
        const ToolsOptions *o = call->options;
        ClientPlace place;
        ClientSession s;
        int code = endpoint_place(call, o->socket, name, &place);
        if (code != EXIT_CODE_DONE)
                return code;
        code = endpoint_open(call, &place, &s);
        if (code == EXIT_CODE_DONE) {
                int r = tool_table_add(t, &s, name, endpoint_patience());
                code = r == 0 ? EXIT_CODE_DONE : endpoint_failed(call, &s, name, r);
        }
        client_session_close(&s, endpoint_patience());
        client_session_done(&s);
        return code;
}

/* ---- all of them -------------------------------------------------------------------- */

/* One that does not answer does not keep the others from being shown. */
static int add_servers(const CommandCall *call, ToolTable *t, const json_t *status)
{
        const json_t *server;
        size_t i;
        int worst = EXIT_CODE_DONE;
        json_array_foreach(json_object_get(status, "servers"), i, server)
        {
                const char *name = daemon_text(server, "name");
                int code = name ? add_server(call, t, name) : EXIT_CODE_DONE;
                if (code == EXIT_CODE_NO_DAEMON || code == EXIT_CODE_INTERNAL)
                        return code;
                worst = MAX(worst, code);
        }
        return worst;
}

static int add_all(const CommandCall *call, ToolTable *t)
{
        static const DaemonRequest request = {.words = {"status"}};
        const ToolsOptions *o = call->options;
        Daemon d;
        int code = daemon_ask(call, o->socket, &request, &d);
        if (code != EXIT_CODE_DONE)
                return code;
        DaemonAnswer a = daemon_next(&d, daemon_patience());
        code = a == DAEMON_LINE ? add_servers(call, t, d.line)
                                : daemon_failed(&d, a == DAEMON_OK ? DAEMON_GARBLED : a);
        daemon_done(&d);
        return code;
}

static int tools_entry(const CommandCall *call)
{
        const ToolsOptions *o = call->options;
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        ToolTable t;
        tool_table_init(&t);
        int code = call->n_args ? add_server(call, &t, call->args[0]) : add_all(call, &t);
        int r = 0;
        if (code == EXIT_CODE_DONE || t.begun)
                r = o->json ? tool_table_write_json(&t, &text)
                            : tool_table_write(&t, call->terminal->out_tty ? call->terminal->width : 0,
                                               call->terminal->out_color, &text);
        tool_table_done(&t);
        (void)fwrite(buf_text(&text), 1, text.len, stdout); /* looked at at the end */
        return r < 0 ? r : code;
}

static const Option tools_options[] = {
        {"json", 0, NULL, "as one JSON object, each tool as its server gave it",
         OPTION_IS_FLAG(ToolsOptions, json)},
        OPTION_SOCKET(ToolsOptions),
};

const Command cmd_tools = {
        .name = "tools",
        .summary = "list the tools of the servers",
        .description =
                "Lists the tools of all servers of the running daemon, or of one server or view, with the "
                "names that mcpvisor call takes. On a terminal, descriptions are cut to its width.",
        .usage = "[OPTION...] [NAME]",
        OPTIONS(tools_options),
        .options_size = sizeof(ToolsOptions),
        .entry = tools_entry,
        .max_args = 1,
        .exits = CLIENT_EXITS,
        .examples = EXAMPLES({"mcpvisor tools fs", "those of one server"},
                             {"mcpvisor tools --json", "with their schemas, for machines"}),
};
