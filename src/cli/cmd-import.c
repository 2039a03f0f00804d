/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "cli/cmd-import.h"
#include "cli/core-file.h"
#include "cli/import-merge.h"
#include "cli/import-read.h"
#include "cli/import-report.h"
#include "cli/import-value.h"
#include "cli/import-write.h"
#include "cli/import-yaml.h"

#define DEFAULT_OUTPUT "mcpvisor.yaml"

/* One call. Functions return an exit status, EXIT_CODE_DONE to go on, or -errno. */
typedef struct Run {
        const CommandCall *call;
        const ImportOptions *options;
        ImportBases bases;
        Import im;
        const char *output;  /* NULL: standard output */
        const char *secrets; /* the directory of the files of secrets, absolute */
        size_t unread;       /* files that could not be read */
        Buf text;            /* the configuration */
} Run;

static int say_failed(const Run *run, const Buf *why)
{
        command_error(run->call->path, "%s", buf_text(why));
        return EXIT_CODE_FAILED;
}

/* ---- reading ------------------------------------------------------------- */

static bool same_place(const char *a, const char *b)
{
        CLEANUP_FREE char *x = realpath(a, NULL), *y = realpath(b, NULL);
        return x && y && strcmp(x, y) == 0;
}

static int read_one(Run *run, const ImportFile *file, unsigned places)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        ImportFile *added;
        for (const ImportFile *f = run->im.files; f; f = f->next)
                if (same_place(f->path, file->path))
                        return 0;
        int r = import_add_file(&run->im, file, &added);
        if (r == 0)
                r = import_read(&run->im, added, places, &why);
        if (r == IMPORT_READ_E_INVALID) {
                command_error(run->call->path, "%s", buf_text(&why));
                run->unread++;
                r = 0;
        }
        return r;
}

static int say_not_read(const ImportHost *h, const char *path)
{
        CLEANUP(buf_done) Buf shown = BUF_INIT(BUF_CAP_NONE);
        int r = utf8_escape(&shown, span_of(path));
        if (r == 0)
                fprintf(stderr, "left out: %s (%s): %s\n", h->name, buf_text(&shown), h->not_read);
        return r;
}

static int read_found(Run *run)
{
        for (size_t i = 0; i < import_hosts_size; i++) {
                const ImportHost *h = &import_hosts[i];
                CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE);
                int r = import_host_path(h, &run->bases, &path);
                if (r == -ENOENT || (r == 0 && access(path.data, F_OK) < 0))
                        continue;
                const ImportFile file = {.host = h->name,
                                         .slug = h->slug,
                                         .path = buf_text(&path),
                                         .project = h->base == IMPORT_BASE_PROJECT
                                                            ? run->bases.dirs[IMPORT_BASE_PROJECT]
                                                            : NULL};
                if (r == 0)
                        r = h->not_read ? say_not_read(h, path.data) : read_one(run, &file, h->places);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_given(Run *run, const char *name)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE);
        const char *here = run->bases.dirs[IMPORT_BASE_PROJECT];
        int r = import_join(&path, name[0] == '/' || !here ? "/" : here, span_of(name));
        if (r < 0)
                return r;
        size_t project = 0;
        const ImportHost *h = import_host_of(&run->bases, path.data, &project);
        CLEANUP_FREE char *dir = strndup(path.data, project);
        if (!dir)
                return -ENOMEM;
        if (h && h->not_read)
                return say_not_read(h, path.data);
        const ImportFile file = {.host = h ? h->name : NULL,
                                 .slug = h ? h->slug : "file",
                                 .path = path.data,
                                 .project = project ? dir : NULL};
        return read_one(run, &file, IMPORT_AT_ANY);
}

static int read_all(Run *run)
{
        const CommandCall *call = run->call;
        int r = call->n_args ? 0 : read_found(run);
        for (size_t i = 0; i < call->n_args && r == 0; i++)
                r = read_given(run, call->args[i]);
        if (r < 0)
                return r;
        if (run->unread) {
                command_error(call->path, "nothing was written%s",
                              call->n_args ? "" : "; to leave a file out, name those to read");
                return EXIT_CODE_FAILED;
        }
        return EXIT_CODE_DONE;
}

/* ---- writing ------------------------------------------------------------- */

/* The directory that the output will be in, and in it that of the secrets. */
static int find_places(Run *run)
{
        const char *output = run->options->output ? run->options->output : DEFAULT_OUTPUT;
        run->output = strcmp(output, "-") == 0 ? NULL : output;
        const char *slash = run->output ? strrchr(run->output, '/') : NULL;
        size_t n = slash ? MAX((size_t)(slash - run->output), (size_t)1) : 0;
        CLEANUP_FREE char *dir = slash ? strndup(run->output, n) : strdup(".");
        CLEANUP_FREE char *full = dir ? realpath(dir, NULL) : NULL;
        if (!dir)
                return -ENOMEM;
        if (!full) {
                command_error(run->call->path, "the directory of the output: %s", strerror(errno));
                return EXIT_CODE_FAILED;
        }
        run->secrets = import_text(&run->im, "%s/secrets", strcmp(full, "/") == 0 ? "" : full);
        if (!run->secrets)
                return -ENOMEM;
        const char *wrong = import_check_dir(run->secrets);
        if (wrong) {
                command_error(run->call->path, "the path of the output's directory %s", wrong);
                return EXIT_CODE_FAILED;
        }
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        if (run->options->dry_run || !run->output)
                return EXIT_CODE_DONE;
        int r = import_write_check(run->output, run->options->force, &why);
        return r == IMPORT_WRITE_E_FAILED ? say_failed(run, &why) : r;
}

static int write_secret(const Run *run, ImportWrite *w, const ImportPiece *p, Buf *why)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE);
        int r = import_secret_text(p->text, &text);
        if (r == 0)
                r = buf_appendf(&path, "%s/%s", run->secrets, p->file);
        return r < 0 ? r : import_write_file(w, path.data, buf_span(&text), why);
}

/* Counts them, and writes them when there is a `w`. */
static int each_secret(const Run *run, ImportWrite *w, size_t *ret_n, Buf *why)
{
        const ImportValue *v;
        size_t n = 0;
        for (const ImportServer *s = run->im.servers; s; s = s->next)
                for (size_t i = 0; !s->left_out && (v = import_value_at(s, i)); i++)
                        for (size_t k = 0; k < v->n; k++) {
                                if (v->pieces[k].kind != IMPORT_SECRET)
                                        continue;
                                int r = w && n == 0 ? import_write_dir(w, run->secrets, why) : 0;
                                if (r == 0 && w)
                                        r = write_secret(run, w, &v->pieces[k], why);
                                if (r != 0)
                                        return r;
                                n++;
                        }
        *ret_n = n;
        return 0;
}

/* A descriptor that is readable when a signal waits that would have ended us. */
static int open_deadly(void)
{
        static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        struct sigaction now;
        sigset_t deadly;
        (void)sigemptyset(&deadly);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
                        (void)sigaddset(&deadly, signals[i]);
        int fd = signalfd(-1, &deadly, SFD_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* In pieces that a pipe takes at once when it is writable: -EINTR when a deadly signal comes first. */
static int write_pieces(Span text)
{
        CLEANUP_FD int deadly = open_deadly();
        struct pollfd p[] = {{.fd = STDOUT_FILENO, .events = POLLOUT}, {.fd = deadly, .events = POLLIN}};
        int r = MIN(deadly, 0);
        while (r == 0 && text.len) {
                if (poll(p, ARRAY_SIZE(p), -1) < 0)
                        return -errno;
                if (p[1].revents)
                        return -EINTR;
                Span piece = span_first(text, PIPE_BUF);
                r = fd_write_all(STDOUT_FILENO, piece);
                text = span_skip(text, piece.len);
        }
        return r;
}

/* Its reader may take all the time in the world, and we hold back all signals. */
static int write_stdout(const Run *run, Buf *why)
{
        int r = write_pieces(buf_span(&run->text));
        if (r == 0 || r == -ENOMEM)
                return r;
        r = buf_appendf(why, "standard output: %s", strerror(-r));
        return r < 0 ? r : IMPORT_WRITE_E_FAILED;
}

/* The configuration first, so that it gets its name last: what it refers to is there by then. */
static int write_files(const Run *run, ImportWrite *w, Buf *why)
{
        size_t n;
        int r = run->output ? import_write_file(w, run->output, buf_span(&run->text), why) : 0;
        if (r == 0)
                r = each_secret(run, w, &n, why);
        if (r == 0 && !run->output)
                r = write_stdout(run, why);
        return r != 0 ? r : import_write_commit(w, why);
}

static int write_all(Run *run)
{
        CLEANUP(import_write_done) ImportWrite w = {.force = run->options->force};
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        sigset_t all, before;
        /* Ctrl-C shall not leave half of it behind. */
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, &before);
        int r = write_files(run, &w, &why);
        import_write_done(&w);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        return r == IMPORT_WRITE_E_FAILED ? say_failed(run, &why) : r;
}

static int report_written(const Run *run)
{
        CLEANUP(buf_done) Buf dir = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf output = BUF_INIT(BUF_CAP_NONE);
        bool dry = run->options->dry_run;
        size_t n;
        int r = each_secret(run, NULL, &n, NULL);
        if (r == 0)
                r = utf8_escape(&dir, span_of(run->secrets));
        if (r == 0)
                r = utf8_escape(&output, span_of(run->output ? run->output : "-"));
        if (r < 0)
                return r;
        if (n)
                fprintf(stderr, "%s %zu secret%s to %s/ (mode 0600)\n", dry ? "would move" : "moved", n,
                        n == 1 ? "" : "s", buf_text(&dir));
        if (run->output && dry)
                fprintf(stderr, "would write %s\n", buf_text(&output));
        else if (run->output)
                fprintf(stderr, "wrote %s: now run: mcpvisor check %s\n", buf_text(&output),
                        buf_text(&output));
        return EXIT_CODE_DONE;
}

/* ---- the whole ----------------------------------------------------------- */

static int say_nothing(Run *run)
{
        command_error(run->call->path, "there are no servers to import");
        if (run->call->n_args || run->im.files)
                return EXIT_CODE_FAILED;
        fprintf(stderr, "These places were looked at:\n");
        int r = import_report_places(&run->bases);
        return r < 0 ? r : EXIT_CODE_FAILED;
}

static int convert(Run *run, Config **ret)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        const ImportYaml y = {.im = &run->im, .secrets = run->secrets};
        int r = import_merge(&run->im);
        if (r == 0)
                r = import_yaml(&y, &run->text, ret, &why);
        if (r == IMPORT_YAML_E_INVALID) {
                command_error(run->call->path, "the result would not be valid: %s", buf_text(&why));
                return EXIT_CODE_FAILED;
        }
        return r;
}

static int import_all(Run *run)
{
        CLEANUP(config_unref_p) Config *config = NULL;
        int r = import_bases(&run->im.arena, &run->bases);
        if (r == 0)
                r = find_places(run);
        if (r == 0)
                r = read_all(run);
        if (r == 0)
                r = convert(run, &config);
        if (r == 0)
                r = import_report_taken(&run->im);
        if (r == 0 && import_count(&run->im, NULL) == 0)
                r = say_nothing(run);
        if (r == 0)
                r = import_report_todo(&run->im, config);
        if (r == 0 && run->options->dry_run)
                fputs(buf_text(&run->text), stdout);
        else if (r == 0)
                r = write_all(run);
        return r != 0 ? r : report_written(run);
}

static int import_entry(const CommandCall *call)
{
        Run run = {.call = call, .options = call->options, .text = BUF_INIT(BUF_CAP_NONE)};
        core_file_forbid();
        import_init(&run.im);
        int r = import_all(&run);
        buf_done(&run.text);
        import_done(&run.im);
        if (r < 0) {
                command_error(call->path, "%s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        return r;
}

static const Option import_options[] = {
        {"dry-run", 0, NULL, "write nothing; show what would be written",
         OPTION_IS_FLAG(ImportOptions, dry_run)},
        {"force", 0, NULL, "replace files that exist", OPTION_IS_FLAG(ImportOptions, force)},
        {"output", 'o', "FILE", "the configuration to write (mcpvisor.yaml); - is standard output",
         OPTION_IS_STRING(ImportOptions, output), .complete = COMPLETE_FILE},
};

const Command cmd_import = {
        .name = "import",
        .summary = "make a configuration from those of other programs",
        .description = "Reads the server lists of Claude Desktop, Claude Code, Cursor, VS Code and "
                       "Windsurf, those of the current directory included, or the files given, and "
                       "writes one commented configuration. Literal secrets go to files of mode 0600 in "
                       "the directory secrets beside it, which it refers to. What exists is not "
                       "overwritten without --force. Files of Codex are TOML and are left out.\n\n"
                       "Servers that would be run in the same way under one name are taken once; a "
                       "different one of that name is called NAME-HOST.",
        .usage = "[OPTION...] [FILE...]",
        OPTIONS(import_options),
        .options_size = sizeof(ImportOptions),
        .entry = import_entry,
        .max_args = COMMAND_ARGS_ANY,
        .args_complete = COMPLETE_FILE,
        .exits = EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL),
        .examples = EXAMPLES({"mcpvisor import --dry-run", "what would be taken from where"},
                             {"mcpvisor import --output=mcpvisor.yaml ~/.cursor/mcp.json", "one file only"}),
};
