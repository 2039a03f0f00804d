/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client-host.h"
#include "base/json-writer.h"

const ClientHost client_hosts[] = {
        {"claude-code", "claude", "Claude Code", IMPORT_BASE_HOME, ".claude.json", "mcpServers",
         CLIENT_FORM_TYPED},
        {"claude-desktop", NULL, "Claude Desktop", IMPORT_BASE_CONFIG, "Claude/claude_desktop_config.json",
         "mcpServers", CLIENT_FORM_COMMAND},
        {"codex", NULL, "Codex", IMPORT_BASE_HOME, ".codex/config.toml", "mcp_servers", CLIENT_FORM_TOML},
        {"cursor", NULL, "Cursor", IMPORT_BASE_HOME, ".cursor/mcp.json", "mcpServers", CLIENT_FORM_URL},
        {"vscode", "code", "VS Code", IMPORT_BASE_CONFIG, "Code/User/mcp.json", "servers", CLIENT_FORM_TYPED},
        {"zed", NULL, "Zed", IMPORT_BASE_CONFIG, "zed/settings.json", "context_servers", CLIENT_FORM_URL},
};

const size_t client_hosts_size = ARRAY_SIZE(client_hosts);

const ClientHost *client_host_find(const char *word)
{
        for (size_t i = 0; i < ARRAY_SIZE(client_hosts); i++) {
                const ClientHost *h = &client_hosts[i];
                if (strcmp(h->word, word) == 0 || (h->near && strcmp(h->near, word) == 0))
                        return h;
        }
        return NULL;
}

static int bearer(const ClientAddress *a, Buf *ret)
{
        return buf_appendf(ret, "Bearer %s", a->token);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void write_command(JsonWriter *w, const ClientAddress *a)
{
        json_write_key(w, "command");
        json_write_str(w, a->program);
        json_write_key(w, "args");
        json_write_array(w);
        json_write_str(w, "connect");
        if (a->server)
                json_write_str(w, a->server);
        json_write_array_end(w);
}

static void write_url(JsonWriter *w, const ClientAddress *a, bool typed, Span authorization)
{
        if (typed) {
                json_write_key(w, "type");
                json_write_str(w, "http");
        }
        json_write_key(w, "url");
        json_write_str(w, a->url);
        if (!a->token)
                return;
        json_write_key(w, "headers");
        json_write_object(w);
        json_write_key(w, "Authorization");
        json_write_string(w, authorization);
        json_write_object_end(w);
}

static int write_json(const ClientHost *h, const ClientAddress *a, Span authorization, Buf *ret)
{
        JsonWriter w = JSON_WRITER_PRETTY(ret, 2);
        json_write_object(&w);
        if (a->url && h->form != CLIENT_FORM_COMMAND)
                write_url(&w, a, h->form == CLIENT_FORM_TYPED, authorization);
        else
                write_command(&w, a);
        json_write_object_end(&w);
        return json_write_done(&w);
}

/* ---- TOML: its basic strings are written as those of JSON --------------------------------- */

static int append_value(Buf *b, const char *before, const char *text, const char *after)
{
        int r = buf_append_str(b, before);
        if (r == 0)
                r = json_quote(b, span_of(text));
        return r < 0 ? r : buf_append_str(b, after);
}

static int write_toml(const ClientAddress *a, Span authorization, Buf *ret)
{
        int r;
        if (!a->url) {
                r = append_value(ret, "command = ", a->program, "\nargs = [\"connect\"");
                if (r == 0 && a->server)
                        r = append_value(ret, ", ", a->server, "");
                return r < 0 ? r : buf_append_str(ret, "]\n");
        }
        r = append_value(ret, "url = ", a->url, "\n");
        if (r == 0 && a->token) {
                r = buf_append_str(ret, "http_headers = { Authorization = ");
                if (r == 0)
                        r = json_quote(ret, authorization);
                if (r == 0)
                        r = buf_append_str(ret, " }\n");
        }
        return r;
}

int client_host_entry(const ClientHost *h, const ClientAddress *a, Buf *ret)
{
        CLEANUP(buf_done) Buf authorization = BUF_INIT(BUF_CAP_NONE);
        int r = a->token ? bearer(a, &authorization) : 0;
        if (r < 0)
                return r;
        return h->form == CLIENT_FORM_TOML ? write_toml(a, buf_span(&authorization), ret)
                                           : write_json(h, a, buf_span(&authorization), ret);
}
