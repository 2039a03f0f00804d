/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/path.h"
#include "supervisor/commit.h"
#include "supervisor/core.h"
#include "supervisor/exit-status.h"
#include "supervisor/group.h"

/* Why the daemon does not begin: to the log and to the end. */
static bool refuse(Supervisor *s, int code, const char *fmt, ...) PRINTF(3, 4);
static bool refuse(Supervisor *s, int code, const char *fmt, ...)
{
        char text[1200];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        log_error("%s", text);
        supervisor_stop(s, code, text);
        return false;
}

/* ---- directories ------------------------------------------------------------ */

static const char *first_of(const char *a, const char *b, const char *c)
{
        return a && *a ? a : b && *b ? b : c;
}

static bool open_dirs(Supervisor *s, const Config *c)
{
        CLEANUP(buf_done) Buf runtime = BUF_INIT(PATH_MAX), state = BUF_INIT(PATH_MAX), why = BUF_INIT(2048);
        const DaemonOptions *o = s->options;
        int r = control_runtime_dir(&runtime);
        if (r == 0 && control_state_dir(&state) == -ENOENT)
                buf_clear(&state);
        if (r < 0)
                return refuse(s, EXIT_FAILED, "no runtime directory: %s", strerror(-r));
        r = dirs_open(o, first_of(o->runtime_dir, c->runtime_dir.value, buf_text(&runtime)),
                      first_of(o->state_dir, c->state_dir.value, state.len ? buf_text(&state) : NULL),
                      &s->dirs, &why);
        if (r == DIRS_E_REFUSED)
                return refuse(s, EXIT_FAILED, "%s", buf_text(&why));
        if (r < 0)
                return refuse(s, EXIT_FAILED, "the directories cannot be opened: %s", strerror(-r));
        Span left = span_trim(buf_span(&why)), line;
        while (left.len && span_next(&left, '\n', &line))
                log_warning("%.*s", (int)line.len, line.ptr);
        return true;
}

/* ---- the control socket ----------------------------------------------------- */

/* Who may connect is decided by the kernel: mode 0600, or 0660 with the group of `control.group`. */
static int permit(const char *path, const char *group)
{
        gid_t gid;
        if (!group)
                return 0;
        int r = group_find(group, &gid);
        if (r < 0)
                return r;
        if (chown(path, (uid_t)-1, gid) < 0 || chmod(path, 0660) < 0)
                return -errno;
        return 0;
}

static int listen_at(const char *path, const char *group, int *ret_fd)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        size_t len = strlen(path);
        if (len >= sizeof(a.sun_path))
                return -ENAMETOOLONG;
        memcpy(a.sun_path, path, len + 1);
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        mode_t before = umask(0177);
        int r = bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : 0;
        umask(before);
        if (r == 0)
                r = permit(path, group);
        if (r == 0 && listen(fd, LIMIT_CONTROL_BACKLOG) < 0)
                r = -errno;
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}

static bool open_control(Supervisor *s, const Config *c)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX);
        CLEANUP_FD int fd = -1;
        int r = 0;
        if (s->dirs.runtime) {
                r = buf_appendf(&path, "%s/control.sock", s->dirs.runtime);
                if (r == 0)
                        r = dirs_clear_socket(&s->dirs, "control.sock");
                if (r == 0)
                        r = listen_at(buf_text(&path), c->control.group.value, &fd);
                if (r < 0)
                        return refuse(s, EXIT_FAILED, "%s: the control socket cannot be made: %s%s",
                                      buf_text(&path), strerror(-r),
                                      r == -ENAMETOOLONG ? " (choose a shorter --runtime-dir)" : "");
        }
        r = control_server_init(&s->control, s->loop, &answer_ops, fd);
        if (r < 0)
                return refuse(s, EXIT_FAILED, "the control socket cannot be watched: %s", strerror(-r));
        fd = -1;
        return true;
}

/* ---- groups and the spawner ------------------------------------------------- */

static void open_cgroups(Supervisor *s)
{
        const char *why = NULL;
        if (s->options->no_cgroup || !s->dirs.runtime)
                return;
        int r = cgroup_root_open(s->dirs.runtime, &s->cgroups, &why);
        if (r != 0)
                s->cgroups.fd = -1;
        if (r == CGROUP_E_NONE)
                log_info("no control groups of ours: %s", why);
        else if (r < 0)
                log_warning("no control groups of ours: %s", strerror(-r));
}

static bool open_board(Supervisor *s, const Config *c)
{
        uint32_t n = (uint32_t)c->limits.max_servers;
        int r = scoreboard_new(n, (uint32_t)c->limits.max_tool_series, &s->board);
        if (r == 0 && !(s->rows = calloc(MAX(n, 1U), sizeof(*s->rows))))
                r = -ENOMEM;
        return r == 0 ? true : refuse(s, EXIT_FAILED, "no memory for %u servers: %s", n, strerror(-r));
}

static bool open_tokens(Supervisor *s)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        int r = reload_take_tokens(&s->reload, &why);
        if (r == TOKENS_E_REFUSED)
                return refuse(s, EXIT_FAILED, "%s", buf_text(&why));
        return r == 0 ? true : refuse(s, EXIT_FAILED, "there is no token: %s", strerror(-r));
}

static bool commit_first(Supervisor *s)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        CLEANUP(config_unref_p) Config *nothing = NULL;
        Reload *r = &s->reload;
        int e = config_new(&nothing);
        if (e == 0)
                e = config_diff(nothing, r->next, &r->diff);
        r->has_diff = e == 0;
        if (e == 0)
                e = reload_take_rows(r);
        if (e == SCOREBOARD_E_FULL)
                return refuse(s, EXIT_REFUSED, "%zu servers, and limits.max_servers is %llu",
                              r->next->servers.n, (unsigned long long)r->next->limits.max_servers);
        s->generation = 0;
        if (e == 0)
                e = commit_next(r, &why);
        config_diff_done(&r->diff);
        r->has_diff = false;
        if (e == COMMIT_E_REFUSED)
                return refuse(s, EXIT_FAILED, "%s", buf_text(&why));
        return e == 0 ? true
                      : refuse(s, EXIT_FAILED, "the configuration cannot come into force: %s", strerror(-e));
}

static void say_hello(const Supervisor *s)
{
        size_t n = s->config->servers.n;
        log_info("mcpvisor " PACKAGE_VERSION " runs, pid %d, %zu server%s", (int)getpid(), n,
                 n == 1 ? "" : "s");
        for (size_t i = 0; i < s->listeners.n; i++)
                log_info("listening on %s%s", s->listeners.items[i].address,
                         s->listeners.items[i].metrics ? ", for /metrics only" : "");
        if (s->tokens.path)
                log_info("clients on TCP need the token in %s%s", s->tokens.path,
                         s->tokens.made ? ", which was just made" : "");
}

bool boot_begin(Supervisor *s)
{
        const Config *c = s->reload.next;
        int r = supervisor_open_log(c);
        if (r < 0)
                return refuse(s, EXIT_FAILED, "the log cannot be opened: %s", strerror(-r));
        if (!open_dirs(s, c) || !open_control(s, c) || !open_board(s, c) || !open_tokens(s))
                return false;
        r = listener_inherit(&s->listeners);
        if (r < 0)
                return refuse(s, EXIT_FAILED, "the sockets passed by LISTEN_FDS cannot be taken: %s",
                              strerror(-r));
        open_cgroups(s);
        if (!commit_first(s))
                return false;
        say_hello(s);
        gateway_start(&s->gateway);
        supervisor_check(s);
        return true;
}
