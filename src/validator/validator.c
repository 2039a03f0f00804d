/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "config/blob.h"
#include "config/load.h"
#include "config/print.h"
#include "config/validation.h"
#include "validator/tls-files.h"
#include "validator/resolve.h"
#include "validator/validator.h"

typedef struct Options {
        bool strict, no_resolve, keep_going, planned;
        bool text; /* standard input is a text that the command line stands for */
        const char *path;
        char **set; /* the KEY=YAML of each --set, moved together in argv */
        size_t n_set;
} Options;

static bool parse_options(int argc, char **argv, Options *ret)
{
        Options o = {.set = argv};
        int i = 1;
        for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--set") == 0 && i + 1 < argc) {
                        o.set[o.n_set++] = argv[++i];
                        continue;
                }
                o.text |= strcmp(argv[i], "--text") == 0;
                o.strict |= strcmp(argv[i], "--strict") == 0;
                o.no_resolve |= strcmp(argv[i], "--no-resolve") == 0;
                o.keep_going |= strcmp(argv[i], "--keep-going") == 0;
                o.planned |= strcmp(argv[i], "--planned") == 0;
        }
        if (i + 2 != argc)
                return false;
        o.path = argv[i + 1];
        *ret = o;
        return true;
}

/* A bomb in a file shall cost little. Lowering can only fail where it is lower already. */
static void limit_ourselves(void)
{
        /* The second more is for SIGXCPU: at the hard limit it would be SIGKILL, which says nothing. */
        const struct rlimit core = {1, 1}, cpu = {LIMIT_VALIDATOR_CPU, LIMIT_VALIDATOR_CPU + 1};
        (void)setrlimit(RLIMIT_CORE, &core);
        (void)setrlimit(RLIMIT_CPU, &cpu);
#ifndef ASAN_BUILD /* whose shadow alone is larger */
        const struct rlimit memory = {LIMIT_VALIDATOR_MEMORY, LIMIT_VALIDATOR_MEMORY};
        (void)setrlimit(RLIMIT_AS, &memory);
#endif
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/* Started by hand, the numbers are whatever the caller has there: nothing is written to that. */
static bool has_memfds(void)
{
        for (int fd = VALIDATE_FD_DIAGS; fd < _VALIDATE_FD_MAX; fd++)
                if (fcntl(fd, F_GET_SEALS) != 0)
                        return false;
        return true;
}

static int write_blob(const Config *c, SchemaView view, int fd)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_BLOB);
        int r = config_encode(c, view, &b);
        return r < 0 ? r : fd_write_all(fd, buf_span(&b));
}

static int write_text(const Config *c, int fd)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_BLOB);
        int r = config_print(c, &b);
        return r < 0 ? r : fd_write_all(fd, buf_span(&b));
}

static int write_all(const Config *c, const TlsFiles *files, const Options *o, DiagList *diags)
{
        int r = write_blob(c, VIEW_SUPERVISOR, VALIDATE_FD_SUPERVISOR);
        if (r == 0)
                r = write_blob(c, VIEW_GATEWAY, VALIDATE_FD_GATEWAY);
        if (r == 0)
                r = write_text(c, VALIDATE_FD_TEXT);
        if (r == 0)
                r = tls_files_write(files, VALIDATE_FD_CERTIFICATE);
        if (r == -ENOBUFS) {
                diag_add(diags, DIAG_ERROR, (DiagAt){.file = o->path}, NULL,
                         "is larger than %d MiB when its references are replaced",
                         LIMIT_CONFIG_BLOB / 1024 / 1024);
                return 0;
        }
        return r;
}

/* The server that a finding is about: "servers.NAME.key". */
static ServerConfig *server_of(Config *c, const Diag *d)
{
        Span rest = span_of(d->key), part;
        if (!d->key || !span_next(&rest, '.', &part) || !span_equal(part, SPAN("servers")) ||
            !span_next(&rest, '.', &part))
                return NULL;
        for (size_t i = 0; i < c->servers.n; i++)
                if (span_equal(span_of(config_server(c, i)->head.name), part))
                        return (ServerConfig *)(uintptr_t)config_server(c, i);
        return NULL;
}

/* What this machine lacks for one server does not keep the others from running: it has no command then,
 * by which the supervisor knows it. */
static void go_on(Config *c, Diag *first, DiagList *diags)
{
        for (Diag *d = first; d; d = d->next) {
                ServerConfig *s = d->severity == DIAG_ERROR ? server_of(c, d) : NULL;
                if (!s)
                        continue;
                d->severity = DIAG_WARNING;
                diags->count[DIAG_ERROR]--;
                diags->count[DIAG_WARNING]++;
                s->resolved.command = (ConfigText){0};
        }
}

static int load(const Options *o, Source *source, DiagList *diags, Config **ret, TlsFiles *ret_files)
{
        int r = o->text ? source_read_fd(STDIN_FILENO, VALIDATION_COMMAND_LINE, diags, source)
                        : source_read(o->path, diags, source);
        if (r != 0)
                return r;
        const ConfigLoadArgs args = {.source = source,
                                     .env = &expand_real,
                                     .planned = o->planned,
                                     .set = (const char *const *)o->set,
                                     .n_set = o->n_set};
        r = config_load(&args, diags, ret);
        Diag **resolved = diags->last;
        if (r == 0 && !o->no_resolve)
                r = resolve_config(*ret, source->name, diags);
        if (r == 0 && !o->no_resolve)
                r = tls_files_load(*ret, source->name, diags, ret_files);
        if (r == 0 && o->keep_going)
                go_on(*ret, *resolved, diags);
        /* What resolve found has no source lines yet, and what has them keeps them. */
        return r == 0 ? source_attach(source, (*ret)->masks, (*ret)->n_masks, diags) : r;
}

static int run(const Options *o, DiagList *diags)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        CLEANUP(source_done) Source source = {0};
        CLEANUP(tls_files_done) TlsFiles files = TLS_FILES_INIT;
        CLEANUP(buf_done) Buf bytes = BUF_INIT(LIMIT_CONFIG_BLOB);
        int r = load(o, &source, diags, &c, &files);
        if (r >= 0 && o->strict)
                diag_list_promote(diags);
        if (r == 0 && !diag_list_has_errors(diags))
                r = write_all(c, &files, o, diags);
        if (r < 0)
                return r;
        diag_list_sort(diags);
        r = diag_list_encode(diags, &bytes);
        return r < 0 ? r : fd_write_all(VALIDATE_FD_DIAGS, buf_span(&bytes));
}

int validator_main(int argc, char **argv)
{
        Options o;
        DiagList diags;
        if (!has_memfds() || !parse_options(argc, argv, &o)) {
                (void)fputs("mcpvisor: @validator is started by mcpvisor, not by hand\n", stderr);
                return VALIDATOR_FAULT;
        }
        limit_ourselves();
        diag_list_init(&diags);
        int r = run(&o, &diags);
        bool valid = !diag_list_has_errors(&diags);
        diag_list_done(&diags);
        return r < 0 ? VALIDATOR_FAULT : valid ? VALIDATOR_VALID : VALIDATOR_INVALID;
}
