/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import-host.h"

#define CODE "VS Code", "vscode"
#define TOML "its settings are TOML, which is not read: copy the servers by hand"

/* A user's own file wins over that of a project, so it comes first. */
const ImportHost import_hosts[] = {
        {"Claude Desktop", "claude-desktop", IMPORT_BASE_CONFIG, "Claude/claude_desktop_config.json",
         IMPORT_AT_MCP_SERVERS, NULL},
        {"Claude Code", "claude-code", IMPORT_BASE_HOME, ".claude.json",
         IMPORT_AT_MCP_SERVERS | IMPORT_AT_PROJECTS, NULL},
        {"Claude Code", "claude-code", IMPORT_BASE_PROJECT, ".mcp.json", IMPORT_AT_MCP_SERVERS, NULL},
        {"Cursor", "cursor", IMPORT_BASE_HOME, ".cursor/mcp.json", IMPORT_AT_MCP_SERVERS, NULL},
        {"Cursor", "cursor", IMPORT_BASE_PROJECT, ".cursor/mcp.json", IMPORT_AT_MCP_SERVERS, NULL},
        {CODE, IMPORT_BASE_CONFIG, "Code/User/mcp.json", IMPORT_AT_SERVERS, NULL},
        {CODE, IMPORT_BASE_CONFIG, "Code/User/settings.json", IMPORT_AT_SETTINGS, NULL},
        {CODE, IMPORT_BASE_CONFIG, "Code - Insiders/User/mcp.json", IMPORT_AT_SERVERS, NULL},
        {CODE, IMPORT_BASE_CONFIG, "Code - Insiders/User/settings.json", IMPORT_AT_SETTINGS, NULL},
        {CODE, IMPORT_BASE_PROJECT, ".vscode/mcp.json", IMPORT_AT_SERVERS, NULL},
        {"Windsurf", "windsurf", IMPORT_BASE_HOME, ".codeium/windsurf/mcp_config.json", IMPORT_AT_MCP_SERVERS,
         NULL},
        {"Codex", "codex", IMPORT_BASE_HOME, ".codex/config.toml", 0, TOML},
};

const size_t import_hosts_size = ARRAY_SIZE(import_hosts);

/* An empty or relative one counts as not set, as the XDG specification has it. */
static const char *absolute_variable(const char *name)
{
        const char *value = getenv(name);
        return value && value[0] == '/' ? value : NULL;
}

int import_bases(Arena *arena, ImportBases *ret)
{
        CLEANUP_FREE char *here = getcwd(NULL, 0);
        CLEANUP(buf_done) Buf config = BUF_INIT(PATH_MAX);
        ImportBases b = {.dirs = {[IMPORT_BASE_HOME] = absolute_variable("HOME"),
                                  [IMPORT_BASE_CONFIG] = absolute_variable("XDG_CONFIG_HOME")}};
        if (!here && errno == ENOMEM)
                return -ENOMEM;
        if (!b.dirs[IMPORT_BASE_CONFIG] && b.dirs[IMPORT_BASE_HOME]) {
                int r = buf_appendf(&config, "%s/.config", b.dirs[IMPORT_BASE_HOME]);
                if (r < 0)
                        return r;
                b.dirs[IMPORT_BASE_CONFIG] = buf_text(&config);
        }
        b.dirs[IMPORT_BASE_PROJECT] = here && here[0] == '/' ? here : NULL;
        for (size_t i = 0; i < ARRAY_SIZE(b.dirs); i++) {
                if (!b.dirs[i])
                        continue;
                b.dirs[i] = arena_strdup(arena, span_of(b.dirs[i]));
                if (!b.dirs[i])
                        return -ENOMEM;
        }
        *ret = b;
        return 0;
}

int import_host_path(const ImportHost *h, const ImportBases *bases, Buf *ret)
{
        const char *dir = bases->dirs[h->base];
        if (!dir)
                return -ENOENT;
        const char *slash = span_ends(span_of(dir), SPAN("/")) ? "" : "/";
        return buf_appendf(ret, "%s%s%s", dir, slash, h->path);
}

static bool is_at(const ImportHost *h, const ImportBases *bases, const char *path)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(2 * PATH_MAX);
        return import_host_path(h, bases, &b) == 0 && strcmp(buf_text(&b), path) == 0;
}

const ImportHost *import_host_of(const ImportBases *bases, const char *path, size_t *ret_project)
{
        Span s = span_of(path);
        for (size_t i = 0; i < ARRAY_SIZE(import_hosts); i++) {
                const ImportHost *h = &import_hosts[i];
                if (h->base == IMPORT_BASE_PROJECT || !is_at(h, bases, path))
                        continue;
                *ret_project = 0;
                return h;
        }
        for (size_t i = 0; i < ARRAY_SIZE(import_hosts); i++) {
                const ImportHost *h = &import_hosts[i];
                size_t n = strlen(h->path);
                if (h->base != IMPORT_BASE_PROJECT || s.len <= n || !span_ends(s, span_of(h->path)) ||
                    path[s.len - n - 1] != '/')
                        continue;
                *ret_project = MAX(s.len - n - 1, (size_t)1); /* that of /.mcp.json is / */
                return h;
        }
        return NULL;
}
