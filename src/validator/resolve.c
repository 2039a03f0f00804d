/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include <config.h> /* configure's; not config/config.h */
#endif

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "config/descriptors.h"
#include "config/written.h"
#include "validator/account.h"
#include "validator/resolve.h"

enum {
        SHEBANG_LONGEST = 256, /* what the kernel reads of a #! line */
};

/* A program that was looked up once, for all servers that name it. */
typedef struct Found {
        const ConfigText *command; /* borrowed */
        const char *search;        /* borrowed: the PATH it was looked up in */
        const char *path;          /* of the snapshot's memory; NULL: not found */
        const char *first;         /* borrowed: the first server that names it */
        size_t users;
} Found;

typedef struct Resolve {
        Config *config;
        const char *file;
        DiagList *diags;
        Found *found; /* owned */
        size_t n_found;
} Resolve;

/* About a key of a server, or (NULL) of the whole. */
PRINTF(5, 6)
static void say(Resolve *r, DiagSeverity severity, const ServerConfig *s, const char *local, const char *fmt,
                ...)
{
        va_list ap;
        WrittenKey key = {OWNER_ROOT, &r->config->head, local};
        if (s)
                key = (WrittenKey){OWNER_SERVER, &s->head, local};
        va_start(ap, fmt);
        written_vsay(r->diags, r->file, severity, key, fmt, ap);
        va_end(ap);
}

/* ---- programs ------------------------------------------------------------- */

/* 0 when it can be executed, else -errno. */
static int is_program(const char *path)
{
        struct stat st;
        if (stat(path, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : -EACCES;
}

static int search_path(const char *name, const char *search, Buf *path)
{
        Span rest = span_of(search), dir;
        int result = -ENOENT;
        while (span_next(&rest, ':', &dir)) {
                if (!span_starts(dir, SPAN("/")))
                        continue; /* relative to a directory that nobody knows */
                buf_clear(path);
                int r = buf_append_span(path, dir);
                if (r == 0)
                        r = buf_appendf(path, "/%s", name);
                if (r < 0)
                        return r;
                r = is_program(path->data);
                if (r == 0)
                        return 0;
                if (r == -EACCES)
                        result = r;
        }
        return result;
}

static const char *error_text(int error)
{
        switch (error) {
        case -ENOENT:
                return "there is no such file";
        case -EISDIR:
                return "is a directory";
        case -EACCES:
                return "is not executable for this user";
        default:
                return strerror(-error);
        }
}

/* The PATH that the server is given by the file, or NULL. */
static const ConfigText *own_path(const ServerConfig *s)
{
        const ConfigMap *maps[] = {&s->env, &s->resolved.env};
        for (size_t m = 0; m < ARRAY_SIZE(maps); m++)
                for (size_t i = 0; i < maps[m]->n; i++)
                        if (strcmp(maps[m]->items[i].name, "PATH") == 0)
                                return &maps[m]->items[i].text;
        return NULL;
}

/* The PATH that this server's program is looked up in. */
static const char *search_of(const ServerConfig *s)
{
        const ConfigText *own = own_path(s);
        if (own)
                return own->value;
        const char *path = getenv("PATH");
        return path && *path ? path : "/usr/local/bin:/usr/bin:/bin";
}

/* The same as messages may show it. */
static const char *shown_search(const ServerConfig *s)
{
        const ConfigText *own = own_path(s);
        return own ? config_shown(own) : search_of(s);
}

static void say_not_found(Resolve *r, const ServerConfig *s, int error)
{
        const char *command = config_shown(&s->command), *search = shown_search(s);
        if (s->command.value[0] == '/')
                say(r, DIAG_ERROR, s, "command", "%s: %s", command, error_text(error));
        else if (error == -EACCES)
                say(r, DIAG_ERROR, s, "command",
                    "%s was found in PATH, but is not executable for this user (searched: %.600s)", command,
                    search);
        else
                say(r, DIAG_ERROR, s, "command",
                    "%s was not found (searched: %.600s); give its absolute path, or set PATH in `env`",
                    command, search);
}

static int find_program(Resolve *r, const ServerConfig *s, const char *search, const char **ret)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(8192);
        const char *command = s->command.value;
        int error = command[0] == '/' ? buf_append_str(&path, command) : search_path(command, search, &path);
        if (error == 0)
                error = is_program(path.data);
        *ret = NULL;
        if (error == -ENOMEM)
                return error;
        if (error < 0) {
                say_not_found(r, s, error);
                return 0;
        }
        *ret = arena_strdup(&r->config->arena, buf_span(&path));
        return *ret ? 0 : -ENOMEM;
}

static Found *find_cached(Resolve *r, const char *command, const char *search)
{
        for (size_t i = 0; i < r->n_found; i++)
                if (strcmp(r->found[i].command->value, command) == 0 &&
                    strcmp(r->found[i].search, search) == 0)
                        return &r->found[i];
        return NULL;
}

static int resolve_command(Resolve *r, const ServerConfig *s, const char **ret)
{
        const char *search = search_of(s);
        Found *f = find_cached(r, s->command.value, search);
        if (f && f->path) {
                f->users++;
                *ret = f->path;
                return 0;
        }
        int k = find_program(r, s, search, ret);
        if (k < 0 || !*ret)
                return k;
        r->found[r->n_found++] = (Found){&s->command, search, *ret, s->head.name, 1};
        return 0;
}

/* ---- interpreters --------------------------------------------------------- */

static Span shebang_words(const char *path, char *line, size_t size)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        ssize_t n = fd < 0 ? -1 : read(fd, line, size);
        Span s = n > 0 ? span_from(line, (size_t)n) : SPAN_NONE;
        if (!span_starts(s, SPAN("#!")))
                return SPAN_NONE;
        s = span_skip(s, 2);
        return span_trim(span_first(s, span_find(s, '\n')));
}

/* "/usr/bin/env node" names a second program, which env will look up. */
static int check_env_word(Resolve *r, const ServerConfig *s, Span word, Span rest)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(8192);
        char name[SHEBANG_LONGEST];
        if (!span_ends(word, SPAN("/env")))
                return 0;
        rest = span_trim(rest);
        if (span_starts(rest, SPAN("-S")))
                rest = span_trim(span_skip(rest, 2));
        rest = span_first(rest, span_find(rest, ' '));
        if (rest.len == 0 || rest.len >= sizeof(name) || rest.ptr[0] == '-')
                return 0;
        memcpy(name, rest.ptr, rest.len);
        name[rest.len] = '\0';
        int k = search_path(name, search_of(s), &path);
        if (k == -ENOMEM)
                return k;
        if (k < 0)
                say(r, DIAG_ERROR, s, "command", "%s needs %s, which was not found (searched: %.600s)",
                    config_shown(&s->command), name, shown_search(s));
        return 0;
}

static int resolve_interpreter(Resolve *r, ServerConfig *s)
{
        char line[SHEBANG_LONGEST];
        Span words = shebang_words(s->resolved.command.value, line, sizeof(line));
        if (words.len == 0)
                return 0;
        size_t end = MIN(span_find(words, ' '), span_find(words, '\t'));
        char *path = arena_strdup(&r->config->arena, span_first(words, end));
        if (!path)
                return -ENOMEM;
        s->resolved.interpreter.value = path;
        int k = is_program(path);
        if (k < 0) {
                say(r, DIAG_ERROR, s, "command", "%s begins with #!%s: %s",
                    s->command.secret ? config_shown(&s->command) : s->resolved.command.value, path,
                    error_text(k));
                return 0;
        }
        return check_env_word(r, s, span_first(words, end), span_skip(words, end));
}

/* A role of this executable. Whoever starts it gives it the role's name as its first argument. */
static int resolve_builtin(Resolve *r, ServerConfig *s)
{
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
        if (n < 0 || (size_t)n == sizeof(path)) {
                say(r, DIAG_ERROR, s, "command", "this executable is not found in /proc: is it mounted?");
                return 0;
        }
        s->resolved.command.value = arena_strdup(&r->config->arena, span_from(path, (size_t)n));
        return s->resolved.command.value ? 0 : -ENOMEM;
}

/* ---- users, directories, limits ------------------------------------------- */

static void resolve_user(Resolve *r, ServerConfig *s)
{
        const char *name = s->user.value;
        if (!name || strcmp(name, "dynamic") == 0)
                return;
        if (!account_find_user(name, &s->resolved.uid, &s->resolved.gid))
                say(r, DIAG_ERROR, s, "user", "there is no user %s on this machine", config_shown(&s->user));
        else if (s->resolved.uid == 0 && s->sandbox.profile != PROFILE_NONE)
                say(r, DIAG_ERROR, s, "user",
                    "%s has uid 0: root, under whatever name, is possible only with sandbox.profile none",
                    config_shown(&s->user));
        else if (geteuid() != 0 && s->resolved.uid != geteuid())
                say(r, DIAG_WARNING, s, "user",
                    "%s is another user than this one (uid %u): only a daemon of root can start the server "
                    "so",
                    config_shown(&s->user), (unsigned)geteuid());
}

static void check_directory(Resolve *r, const ServerConfig *s, const char *local, const ConfigText *path)
{
        struct stat st;
        if (stat(path->value, &st) < 0)
                say(r, DIAG_ERROR, s, local, "%s: %s", config_shown(path),
                    errno == ENOENT ? "there is no such directory" : strerror(errno));
        else if (!S_ISDIR(st.st_mode))
                say(r, DIAG_ERROR, s, local, "%s is not a directory", config_shown(path));
}

static void check_paths(Resolve *r, const ServerConfig *s, const char *local, const ConfigList *paths)
{
        for (size_t i = 0; i < paths->n; i++)
                if (access(paths->items[i].value, F_OK) < 0)
                        say(r, DIAG_ERROR, s, local, "%s: %s", config_shown(&paths->items[i]),
                            errno == ENOENT ? "there is no such file or directory" : strerror(errno));
}

static void check_env_pass(Resolve *r, const ServerConfig *s)
{
        for (size_t i = 0; i < s->env_pass.n; i++)
                if (!getenv(s->env_pass.items[i].value))
                        say(r, DIAG_WARNING, s, "env_pass", "%s is not set in this environment",
                            config_shown(&s->env_pass.items[i]));
}

static int resolve_server(Resolve *r, ServerConfig *s)
{
        int k = 0;
        resolve_user(r, s);
        if (s->cwd.value)
                check_directory(r, s, "cwd", &s->cwd);
        check_paths(r, s, "sandbox.ro", &s->sandbox.ro);
        check_paths(r, s, "sandbox.rw", &s->sandbox.rw);
        check_env_pass(r, s);
        if (!s->command.value)
                return 0;
        if (span_starts(span_of(s->command.value), SPAN("builtin:")))
                return resolve_builtin(r, s);
        k = resolve_command(r, s, &s->resolved.command.value);
        return k < 0 || !s->resolved.command.value ? k : resolve_interpreter(r, s);
}

typedef struct PathKey {
        const char *key;
        const ConfigText *text;
} PathKey;

/* The supervisor reads it, and makes it when it is missing: here is only said early what it would refuse. */
static void check_token_file(Resolve *r, const ConfigText *path)
{
        struct stat st;
        CLEANUP_FREE char *dir = path->value ? strdup(path->value) : NULL;
        char *slash = dir ? strrchr(dir, '/') : NULL;
        if (!slash)
                return;
        slash[slash == dir] = '\0';
        if (stat(path->value, &st) < 0) {
                if (errno != ENOENT || stat(dir, &st) < 0)
                        say(r, DIAG_ERROR, NULL, "auth.token_file", "%s: %s", config_shown(path),
                            errno == ENOENT ? "there is no such directory" : strerror(errno));
        } else if (!S_ISREG(st.st_mode)) {
                say(r, DIAG_ERROR, NULL, "auth.token_file", "%s is no regular file", config_shown(path));
        } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
                say(r, DIAG_ERROR, NULL, "auth.token_file", "%s is open to others (mode %04o): chmod 600 it",
                    config_shown(path), st.st_mode & 07777);
        }
}

static void resolve_daemon(Resolve *r)
{
        const Config *c = r->config;
        const PathKey dirs[] = {
                {"state_dir", &c->state_dir}, {"runtime_dir", &c->runtime_dir}, {"log.dir", &c->log.dir}};
        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                if (dirs[i].text->value &&
                    access(dirs[i].text->value, F_OK) == 0) /* it is made when it is missing */
                        check_directory(r, NULL, dirs[i].key, dirs[i].text);

        if (c->auth.mode == AUTH_TOKEN)
                check_token_file(r, &c->auth.token_file);
        if (c->control.group.value && !account_find_group(c->control.group.value))
                say(r, DIAG_ERROR, NULL, "control.group", "there is no group %s on this machine",
                    config_shown(&c->control.group));
        for (size_t i = 0; i < c->listen.n; i++)
                if (config_listen(c, i)->group.value && !account_find_group(config_listen(c, i)->group.value))
                        say(r, DIAG_ERROR, NULL, "listen", "there is no group %s on this machine",
                            config_shown(&config_listen(c, i)->group));
}

/* What this executable was built without. */
static void check_parts(Resolve *r)
{
#ifndef HAVE_SYSTEMD
        if (r->config->log.output == LOG_OUTPUT_JOURNALD)
                say(r, DIAG_ERROR, NULL, "log.output",
                    "journald is not possible: this mcpvisor was built without systemd");
#endif
#ifndef HAVE_OPENSSL
        if (r->config->tls.cert.value)
                say(r, DIAG_ERROR, NULL, "tls.cert",
                    "TLS is not possible: this mcpvisor was built without OpenSSL");
#endif
        (void)r;
}

#define RAISE_IT "raise it (ulimit -Hn, LimitNOFILE=)"

static void check_files(Resolve *r)
{
        const Config *c = r->config;
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max == RLIM_INFINITY)
                return;
        uint64_t files = config_files(c), connections = config_connections(c, limit.rlim_max);
        if (files > limit.rlim_max)
                say(r, DIAG_WARNING, NULL, "servers",
                    "up to %llu open files may be needed for %llu servers, where the hard limit is "
                    "%llu: " RAISE_IT,
                    (unsigned long long)files, (unsigned long long)c->servers.n,
                    (unsigned long long)limit.rlim_max);
        if (connections < c->limits.max_connections)
                say(r, DIAG_WARNING, NULL, "limits.max_connections",
                    "%llu connections are no more than %llu where the hard limit of open files is "
                    "%llu: " RAISE_IT ", or lower limits.max_connections",
                    (unsigned long long)c->limits.max_connections, (unsigned long long)connections,
                    (unsigned long long)limit.rlim_max);
}

/* What was found where, once for each program. */
static void say_found(Resolve *r)
{
        for (size_t i = 0; i < r->n_found; i++) {
                const Found *f = &r->found[i];
                char more[64] = "";
                if (f->users > 1)
                        (void)snprintf(more, sizeof(more), " (and %zu more)", f->users - 1);
                diag_add(r->diags, DIAG_NOTE, (DiagAt){.file = r->file}, NULL, "servers.%s%s: %s is %s",
                         f->first, more, config_shown(f->command),
                         f->command->secret ? "an executable file" : f->path);
        }
}

int resolve_config(Config *c, const char *file, DiagList *diags)
{
        CLEANUP_FREE Found *found = calloc(c->servers.n + 1, sizeof(*found));
        Resolve r = {.config = c, .file = file, .diags = diags, .found = found};
        ServerConfig *servers =
                (ServerConfig *)(uintptr_t)c->servers.items; /* nobody else has the snapshot yet */
        int k = found ? 0 : -ENOMEM;
        for (size_t i = 0; i < c->servers.n && k == 0; i++)
                k = resolve_server(&r, &servers[i]);
        if (k < 0)
                return k;
        resolve_daemon(&r);
        check_parts(&r);
        check_files(&r);
        say_found(&r);
        return 0;
}
