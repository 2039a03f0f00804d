/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/nearest.h"
#include "cli/client-host.h"
#include "cli/cmd-client-config.h"
#include "cli/daemon.h"
#include "cli/figures.h"
#include "cli/host-json.h"
#include "cli/host-toml.h"
#include "cli/import-json.h"
#include "cli/import-write.h"
#include "control/path.h"

#define ENTRY_NAME      "mcpvisor"
#define DEFAULT_ADDRESS "127.0.0.1:7780"

enum { TOKEN_MAX = 4096, ADDRESS_MAX = 1024, ARENA_CAP = 1024 * 1024 };

typedef struct ConfigOptions {
        bool write;
        const char *server, *socket, *url;
} ConfigOptions;

/* One call. Functions return an exit status, EXIT_CODE_DONE to go on, or -errno. */
typedef struct Run {
        const CommandCall *call;
        const ConfigOptions *options;
        const ClientHost *host;
        Buf url, token, program, entry, path, why;
} Run;

static int failed(const Run *run, const char *path, const char *why)
{
        CLEANUP(buf_done) Buf shown = BUF_INIT(4 * PATH_MAX);
        const char *text = figure_text(&shown, span_of(path)) == 0 ? buf_text(&shown) : "?";
        command_error(run->call->path, "%s%s", text, why);
        return EXIT_CODE_FAILED;
}

/* ---- how the daemon is reached ------------------------------------------------------------- */

static bool is_network(const char *address)
{
        return address && !span_starts(span_of(address), SPAN("unix:")) && address[0] != '/';
}

/* The first address of the network that the running daemon listens on; nobody says a word when there is
 * none. */
static int ask_address(const Run *run, Buf *ret)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX);
        ControlClient c;
        static const char *const words[] = {"status"};
        Span line;
        int r = control_socket_path(run->options->socket, &path);
        if (r < 0 || control_client_open(buf_text(&path), &c) != 0)
                return r;
        r = control_client_ask(&c, words, ARRAY_SIZE(words));
        if (r == 0)
                r = control_client_line(&c, daemon_patience(), &line);
        json_t *status = r == 0 ? json_loadb(line.ptr, line.len, 0, NULL) : NULL;
        const json_t *address;
        size_t i;
        r = 0;
        json_array_foreach(json_object_get(json_object_get(status, "gateway"), "listen"), i, address)
        {
                if (r == 0 && ret->len == 0 && is_network(json_string_value(address)))
                        r = buf_append_str(ret, json_string_value(address));
        }
        json_decref(status);
        control_client_done(&c);
        return r;
}

/* An address that means all of them is none to connect to. */
static Span reachable(Span address)
{
        static const struct {
                Span all, one;
        } rows[] = {{{"0.0.0.0:", 8}, {"127.0.0.1:", 10}}, {{"[::]:", 5}, {"[::1]:", 6}}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (span_starts(address, rows[i].all))
                        return rows[i].one;
        return SPAN_NONE;
}

static int make_url(Run *run)
{
        CLEANUP(buf_done) Buf address = BUF_INIT(ADDRESS_MAX);
        const char *server = run->options->server;
        if (run->options->url)
                return buf_append_str(&run->url, run->options->url);
        int r = ask_address(run, &address);
        if (r == 0 && address.len == 0)
                r = buf_append_str(&address, DEFAULT_ADDRESS);
        if (r < 0)
                return r;
        Span one = reachable(buf_span(&address));
        const char *rest = one.ptr ? strrchr(address.data, ':') + 1 : address.data;
        return buf_appendf(&run->url, "http://%.*s%s/mcp%s%s", (int)one.len, one.ptr ? one.ptr : "", rest,
                           server ? "/" : "", server ? server : "");
}

/* MCPVISOR_TOKEN, or the file that the daemon made. -ENOENT: none that we may read. */
static int find_token(Run *run)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX);
        const char *given = getenv("MCPVISOR_TOKEN");
        if (given && *given)
                return buf_append_str(&run->token, given);
        int r = control_state_dir(&path);
        if (r == 0)
                r = buf_append_str(&path, "/token");
        if (r < 0)
                return r;
        CLEANUP_FD int fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -ENOENT;
        r = fd_read_all(fd, &run->token);
        while (run->token.len && memchr(" \t\r\n", run->token.data[run->token.len - 1], 4))
                run->token.data[--run->token.len] = '\0';
        return r < 0 || run->token.len == 0 ? -ENOENT : 0;
}

static int find_program(Run *run)
{
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        if (n < 0)
                return buf_append_str(&run->program, "mcpvisor");
        return buf_append(&run->program, path, (size_t)n);
}

static int make_entry(Run *run)
{
        bool url = run->host->form != CLIENT_FORM_COMMAND;
        int r = find_program(run);
        if (r == 0 && url)
                r = make_url(run);
        if (r < 0)
                return r;
        if (url && find_token(run) < 0) {
                /* By the socket no token is needed. */
                fprintf(stderr, "note: the token cannot be read here (MCPVISOR_TOKEN names it): the entry "
                                "starts \"mcpvisor connect\" instead\n");
                url = false;
        }
        const ClientAddress a = {.url = url ? buf_text(&run->url) : NULL,
                                 .token = url ? buf_text(&run->token) : NULL,
                                 .program = buf_text(&run->program),
                                 .server = run->options->server};
        return client_host_entry(run->host, &a, &run->entry);
}

/* ---- the file --------------------------------------------------------------------------------- */

static int merge_toml(Run *run, Span text, Buf *ret)
{
        CLEANUP(buf_done) Buf table = BUF_INIT(256);
        const char *why;
        int r = buf_appendf(&table, "%s." ENTRY_NAME, run->host->section);
        if (r == 0)
                r = host_toml_merge(text, buf_text(&table), buf_span(&run->entry), ret, &why);
        if (r != HOST_TOML_E_UNSURE)
                return r;
        r = buf_appendf(&run->why, ": %s", why);
        return r < 0 ? r : failed(run, buf_text(&run->path), buf_text(&run->why));
}

static int merge_json(Run *run, Span text, Buf *ret)
{
        CLEANUP(buf_done) Buf copy = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(import_json_done) json_t *root = NULL;
        int r = buf_append_span(&copy, text);
        if (r == 0)
                r = import_json(&copy, &root, &why);
        if (r == IMPORT_JSON_E_INVALID) {
                r = buf_appendf(&run->why, ":%s", buf_text(&why));
                return r < 0 ? r : failed(run, buf_text(&run->path), buf_text(&run->why));
        }
        if (r == 0)
                r = host_json_merge(text, run->host->section, ENTRY_NAME, buf_span(&run->entry), ret);
        if (r == HOST_JSON_E_UNCLEAR)
                return failed(run, buf_text(&run->path),
                              ": where the servers should be is no object, or several");
        return r;
}

static int merge(Run *run, Span text, Buf *ret)
{
        return run->host->form == CLIENT_FORM_TOML ? merge_toml(run, text, ret) : merge_json(run, text, ret);
}

/* `ret_there` tells whether it exists. */
static int read_file(Run *run, Buf *ret, bool *ret_there)
{
        CLEANUP_FD int fd = open(buf_text(&run->path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT) {
                *ret_there = false;
                return EXIT_CODE_DONE;
        }
        int r = fd < 0 ? -errno : fd_read_all(fd, ret);
        *ret_there = true;
        if (r >= 0 || r == -ENOMEM)
                return r;
        r = buf_appendf(&run->why, ": %s", r == -ENOBUFS ? "it is too long" : strerror(-r));
        return r < 0 ? r : failed(run, buf_text(&run->path), buf_text(&run->why));
}

/* File and backup appear together. */
static int write_files(Run *run, Span old, bool there, Span new)
{
        ImportWrite w = {.force = true};
        CLEANUP(buf_done) Buf backup = BUF_INIT(PATH_MAX);
        int r = buf_appendf(&backup, "%s.bak", buf_text(&run->path));
        if (r == 0)
                r = import_write_check(buf_text(&run->path), true, &run->why);
        if (r == 0 && there)
                r = import_write_file(&w, buf_text(&backup), old, &run->why);
        if (r == 0)
                r = import_write_file(&w, buf_text(&run->path), new, &run->why);
        if (r == 0)
                r = import_write_commit(&w, &run->why);
        import_write_done(&w);
        return r == IMPORT_WRITE_E_FAILED ? failed(run, "", buf_text(&run->why)) : r;
}

static int find_path(Run *run)
{
        CLEANUP(arena_done) Arena arena = ARENA_INIT(ARENA_CAP);
        const ImportHost place = {.base = run->host->base, .path = run->host->path};
        ImportBases bases;
        int r = import_bases(&arena, &bases);
        if (r == 0)
                r = import_host_path(&place, &bases, &run->path);
        return r == -ENOENT ? failed(run, "HOME", " is not set: the file cannot be found") : r;
}

static int write_host(Run *run)
{
        CLEANUP(buf_done) Buf old = BUF_INIT(LIMIT_HOST_FILE);
        CLEANUP(buf_done) Buf new = BUF_INIT(BUF_CAP_NONE);
        bool there;
        int r = read_file(run, &old, &there);
        if (r == EXIT_CODE_DONE)
                r = merge(run, buf_span(&old), &new);
        if (r == EXIT_CODE_DONE && there && span_equal(buf_span(&old), buf_span(&new))) {
                printf("%s has it already\n", buf_text(&run->path));
                return EXIT_CODE_DONE;
        }
        if (r == EXIT_CODE_DONE)
                r = write_files(run, buf_span(&old), there, buf_span(&new));
        if (r == EXIT_CODE_DONE)
                printf("%s: written%s; start %s anew\n", buf_text(&run->path),
                       there ? ", and what it was is beside it (.bak)" : "", run->host->name);
        return r;
}

/* What would be a new file. */
static int print_host(Run *run)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r = merge(run, SPAN(""), &text);
        if (r != EXIT_CODE_DONE)
                return r;
        fprintf(stderr, "for %s, in %s (--write puts it there):\n", run->host->name, buf_text(&run->path));
        (void)fwrite(buf_text(&text), 1, text.len, stdout); /* looked at at the end */
        return r;
}

/* ---- the command -------------------------------------------------------------------------------- */

static int unknown_host(const CommandCall *call)
{
        Nearest near = NEAREST_INIT(span_of(call->args[0]));
        for (size_t i = 0; i < client_hosts_size; i++)
                nearest_offer(&near, client_hosts[i].word);
        if (near.best)
                return command_usage_error(call->path, "no such host (did you mean %s?)", near.best);
        return command_usage_error(call->path, "no such host: claude-code, claude-desktop, codex, cursor, "
                                               "vscode and zed are known");
}

static int config_entry(const CommandCall *call)
{
        Run run = {.call = call,
                   .options = call->options,
                   .host = client_host_find(call->args[0]),
                   .url = BUF_INIT(ADDRESS_MAX * 2),
                   .token = BUF_INIT(TOKEN_MAX),
                   .program = BUF_INIT(PATH_MAX),
                   .entry = BUF_INIT(BUF_CAP_NONE),
                   .path = BUF_INIT(2 * PATH_MAX),
                   .why = BUF_INIT(BUF_CAP_NONE)};
        if (!run.host)
                return unknown_host(call);
        int r = find_path(&run);
        if (r == EXIT_CODE_DONE)
                r = make_entry(&run);
        if (r == EXIT_CODE_DONE)
                r = run.options->write ? write_host(&run) : print_host(&run);
        Buf *const all[] = {&run.url, &run.token, &run.program, &run.entry, &run.path, &run.why};
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                buf_done(all[i]);
        return r;
}

static const Option config_options[] = {
        {"server", 0, "NAME", "one server or view instead of all", OPTION_IS_STRING(ConfigOptions, server)},
        OPTION_SOCKET(ConfigOptions),
        {"url", 0, "URL", "the address to write, instead of that of the running daemon",
         OPTION_IS_STRING(ConfigOptions, url)},
        {"write", 0, NULL, "put it into the host's settings file", OPTION_IS_FLAG(ConfigOptions, write)},
};

const Command cmd_client_config = {
        .name = "client-config",
        .summary = "connect a host application to the daemon",
        .description =
                "Writes what a host application needs in its settings to reach this daemon: its URL and "
                "token, or, for a host that knows no URL, the command mcpvisor connect. The token is "
                "MCPVISOR_TOKEN, or that of the state directory; when there is none to read, the command is "
                "written.\n\n"
                "With --write it is put into the file itself. Everything else in it stays as it is, "
                "comments included; what was there before is kept beside it as FILE.bak. A file that "
                "cannot be read for sure is left alone.",
        .usage = "[OPTION...] HOST",
        OPTIONS(config_options),
        .options_size = sizeof(ConfigOptions),
        .entry = config_entry,
        .min_args = 1,
        .max_args = 1,
        .args_complete = COMPLETE_WORDS,
        .arg_words = WORDS(CLIENT_HOST_WORDS),
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor client-config cursor", "shows it"},
                             {"mcpvisor client-config --write vscode", "puts it there"}),
};
