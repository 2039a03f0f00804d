/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "spawn/environment.h"
#include "supervisor/core.h"
#include "supervisor/tree.h"

extern char **environ;

/* ---- what of it is left ---------------------------------------------------- */

static bool group_is_empty(const Tree *t)
{
        bool populated = false;
        if (t->group.fd < 0)
                return true;
        int r = cgroup_populated(&t->group, &populated);
        return r < 0 || !populated; /* gone is empty */
}

bool tree_is_empty(const Tree *t)
{
        return t->warden_gone && group_is_empty(t);
}

static void close_group_watch(Tree *t)
{
        loop_source_remove(&t->group_source);
        fd_close_p(&t->group.events_fd);
}

/* All of it is told once, and the last: the pipe has no writer any more, so its end comes at once. */
static void look_for_end(Tree *t)
{
        if (t->empty_told || !tree_is_empty(t) || t->log_open)
                return;
        t->empty_told = true;
        timer_cancel(&t->kill_timer);
        close_group_watch(t);
        t->ops->empty(t);
}

static int group_changed(LoopSource *source, uint32_t events)
{
        Tree *t = CONTAINER_OF(source, Tree, group_source);
        if (events & EPOLLERR) /* POLLPRI comes with it; a directory that is gone says it for ever */
                if (group_is_empty(t))
                        close_group_watch(t);
        look_for_end(t);
        return 0;
}

static const LoopSourceOps group_ops = {.priority = LOOP_PRIORITY_REAP, .ready = group_changed};

/* ---- what warden and leader say --------------------------------------------- */

static void leader_gone(Tree *t, const SpawnReport *how)
{
        if (t->leader_told)
                return;
        t->leader_told = true;
        if (t->log_open)
                child_log_finish(&t->log);
        t->ops->leader_exited(t, how);
}

static void take_report(Tree *t, const SpawnReport *report)
{
        switch (report->kind) {
        case SPAWN_REPORT_LEADER:
                t->leader = report->pid;
                break;
        case SPAWN_REPORT_EXECED:
                t->execed = true;
                t->execed_at = loop_now(t->sup->loop);
                t->ops->execed(t);
                break;
        case SPAWN_REPORT_FAILED:
                if (t->leader_told)
                        break;
                t->leader_told = true;
                if (t->log_open)
                        child_log_finish(&t->log);
                t->ops->exec_failed(t, &report->error);
                break;
        case SPAWN_REPORT_EXITED:
                leader_gone(t, report);
                break;
        }
}

static void close_status(Tree *t)
{
        loop_source_remove(&t->status);
        fd_close_p(&t->status_fd);
}

static void read_status(Tree *t)
{
        /* The peer sends a handful in its life; a flooder gets no further than this in a turn. */
        for (unsigned n = 0; t->status_fd >= 0 && n < 16; n++) {
                SpawnReport report;
                int r = spawn_report_read(t->status_fd, &report);
                if (r == -EAGAIN)
                        return;
                if (r == 0)
                        take_report(t, &report);
                else
                        close_status(t);
        }
}

static int status_ready(LoopSource *source, uint32_t events UNUSED)
{
        read_status(CONTAINER_OF(source, Tree, status));
        return 0;
}

static const LoopSourceOps status_ops = {.priority = LOOP_PRIORITY_CHILD, .ready = status_ready};

/* The warden was reaped. What it said before is still in the socket. */
static void warden_ended(ReaperChild *child, const ChildExit *how UNUSED)
{
        Tree *t = CONTAINER_OF(child, Tree, child);
        t->warden_gone = true;
        read_status(t);
        close_status(t);
        fd_close_p(&t->pidfd);
        if (!t->leader_told && t->killed)
                leader_gone(t, &(const SpawnReport){
                                       .kind = SPAWN_REPORT_EXITED, .code = CLD_KILLED, .status = SIGKILL});
        else if (!t->leader_told)
                leader_gone(t, NULL);
        look_for_end(t);
}

/* ---- its stderr ------------------------------------------------------------- */

static void log_line(ChildLog *log)
{
        Tree *t = CONTAINER_OF(log, Tree, log);
        t->ops->log_line(t);
}

static void log_ended(ChildLog *log)
{
        Tree *t = CONTAINER_OF(log, Tree, log);
        t->log_open = false;
        child_log_done(&t->log);
        look_for_end(t);
}

static const ChildLogOps log_ops = {.line = log_line, .ended = log_ended};

/* ---- its beginning ---------------------------------------------------------- */

static int count_items(const ConfigList *l)
{
        return (int)l->n;
}

/* `builtin:NAME` is a role of this executable. */
static const char *builtin_of(const ServerConfig *c)
{
        static const char prefix[] = "builtin:";
        const char *command = c->command.value;
        return strncmp(command, prefix, sizeof(prefix) - 1) == 0 ? command + sizeof(prefix) - 1 : NULL;
}

static int make_argv(const ServerConfig *c, Arena *arena, const char ***ret)
{
        const char *builtin = builtin_of(c);
        const char **argv = ARENA_NEW_N(arena, const char *, (size_t)count_items(&c->args) + 3);
        size_t n = 0;
        if (!argv)
                return -ENOMEM;
        if (builtin) {
                CLEANUP(buf_done) Buf role = BUF_INIT(256);
                int r = buf_appendf(&role, "@%s", builtin);
                if (r < 0)
                        return r;
                argv[n++] = "mcpvisor";
                argv[n] = arena_strdup(arena, buf_span(&role));
                if (!argv[n++])
                        return -ENOMEM;
        } else {
                argv[n++] = c->command.value;
        }
        for (size_t i = 0; i < c->args.n; i++)
                argv[n++] = c->args.items[i].value;
        *ret = argv;
        return 0;
}

typedef struct Preparation {
        Arena arena;
        Environment env;
        Buf home;
        const char **argv;
} Preparation;

static void preparation_done(Preparation *p)
{
        arena_done(&p->arena);
        environment_done(&p->env);
        buf_done(&p->home);
}

static int prepare(struct Supervisor *sup, const ServerConfig *c, Preparation *p)
{
        const ServerConfig *s = c;
        int r = dirs_home(&sup->dirs, s->head.name, s->resolved.uid, s->resolved.gid, &p->home);
        if (r < 0)
                return r;
        const EnvironmentArgs args = {.server = c,
                                      .ours = (const char *const *)environ,
                                      .home = p->home.len ? buf_text(&p->home) : "/"};
        r = environment_make(&args, &p->env);
        return r < 0 ? r : make_argv(c, &p->arena, &p->argv);
}

static int fail(StepError *e, SpawnStage stage, int error, const char *detail)
{
        *e = (StepError){.stage = stage, .error = -error};
        snprintf(e->detail, sizeof(e->detail), "%s", detail);
        return error;
}

/* The group is wanted, not needed: without it the next best way to end the tree is taken. */
static int make_group(Tree *t, const char *name)
{
        t->group = (Cgroup){.fd = -1, .events_fd = -1};
        if (t->sup->cgroups.fd < 0 || t->sup->options->no_cgroup)
                return 0;
        int r = cgroup_new(&t->sup->cgroups, name, &t->group);
        if (r < 0)
                log_limited(LOG_LEVEL_WARNING, "cgroup", NULL, "no group for %s: %s", name, strerror(-r));
        return r == -ENOMEM ? r : 0;
}

static int start(Tree *t, const TreeArgs *args, Preparation *p, StepError *e)
{
        const ServerConfig *c = args->config;
        Spawned spawned;
        const SpawnArgs spawn = {.exe = c->resolved.command.value,
                                 .argv = p->argv,
                                 .envp = p->env.items,
                                 .cwd = c->cwd.value  ? c->cwd.value
                                        : p->home.len ? buf_text(&p->home)
                                                      : "/",
                                 .uid = c->resolved.uid,
                                 .gid = c->resolved.gid,
                                 .nofile = c->sandbox.nofile,
                                 .nice = (int)c->sandbox.nice,
                                 .oom_score_adj = (int)c->sandbox.oom_score_adj,
                                 .cgroup_fd = t->group.fd};
        int r = spawn_server(&t->sup->spawner, &spawn, &spawned, e);
        if (r < 0)
                return r;
        t->warden = spawned.pid;
        t->pidfd = spawned.pidfd;
        t->kind = spawned.tree;
        t->pidns = spawned.pidns;
        t->stdin_fd = spawned.stdin_fd;
        t->stdout_fd = spawned.stdout_fd;
        t->status_fd = spawned.status_fd;
        t->spawned_at = loop_now(t->sup->loop);
        r = child_log_init(&t->log, t->sup->loop, &log_ops, args->log, args->instance, args->secrets,
                           spawned.stderr_fd);
        if (r < 0)
                fd_close_p(&spawned.stderr_fd);
        else
                t->log_open = true;
        return r;
}

/* Watches what start() has brought to life. */
static int attach(Tree *t)
{
        int r = reaper_add(&t->sup->reaper, &t->child, t->warden, warden_ended);
        if (r == 0)
                r = loop_source_add(&t->status, t->sup->loop, &status_ops, t->status_fd, EPOLLIN);
        if (r == 0 && t->group.events_fd >= 0)
                r = loop_source_add(&t->group_source, t->sup->loop, &group_ops, t->group.events_fd, EPOLLPRI);
        return r;
}

/* What fails here has ended already; whether all of it has, its end says. */
static void signal_warden(const Tree *t, int signo)
{
        if (child_signal(t->pidfd, signo) == -EPERM)
                log_limited(LOG_LEVEL_ERROR, "signal", NULL, "warden %d: signal %d is not permitted",
                            (int)t->warden, signo);
}

static void signal_group(const Tree *t, int signo)
{
        int r = cgroup_signal(&t->group, signo, 0);
        if (r < 0 && r != -ENODEV)
                log_limited(LOG_LEVEL_WARNING, "signal", NULL, "%s: signal %d: %s", t->group.name, signo,
                            strerror(-r));
}

static void kill_group(const Tree *t)
{
        int r = cgroup_kill(&t->group);
        if (r < 0 && r != -ENODEV)
                log_limited(LOG_LEVEL_WARNING, "signal", NULL, "%s: cgroup.kill: %s", t->group.name,
                            strerror(-r));
}

static void say_kill(Tree *t)
{
        if (t->group.fd >= 0)
                kill_group(t);
        if (t->pidfd < 0)
                return;
        if (t->pidns || t->kind == SPAWN_TREE_CGROUP)
                signal_warden(t, SIGKILL);
        else
                signal_warden(t, WARDEN_KILL);
}

static int kill_again(Timer *timer, Nsec now)
{
        Tree *t = CONTAINER_OF(timer, Tree, kill_timer);
        if (t->empty_told)
                return 0;
        say_kill(t);
        t->kill_every = MIN(2 * t->kill_every, LIMIT_KILL_AGAIN_MAX * NSEC_PER_SEC);
        timer_arm(&t->kill_timer, nsec_add(now, t->kill_every));
        look_for_end(t);
        return 0;
}

static const TimerOps kill_ops = {.fired = kill_again};

int tree_spawn(struct Supervisor *sup, const TreeOps *ops, const TreeArgs *args, Tree **ret,
               StepError *ret_error)
{
        CLEANUP(preparation_done)
        Preparation p = {.arena = ARENA_INIT(LIMIT_SPAWN_PLAN), .home = BUF_INIT(PATH_MAX)};
        Tree *t = calloc(1, sizeof(*t));
        if (!t)
                return fail(ret_error, SPAWN_STAGE_PLAN, -ENOMEM, "");
        *t = (Tree){.sup = sup,
                    .ops = ops,
                    .owner = args->owner,
                    .generation = args->generation,
                    .pidfd = -1,
                    .status_fd = -1,
                    .stdin_fd = -1,
                    .stdout_fd = -1,
                    .notebook_fd = -1,
                    .group = {.fd = -1, .events_fd = -1}};
        int r = timer_init(&t->kill_timer, loop_timers(sup->loop), &kill_ops);
        if (r == 0)
                r = prepare(sup, args->config, &p);
        if (r < 0)
                r = fail(ret_error, SPAWN_STAGE_PLAN, r, p.home.len ? buf_text(&p.home) : "");
        if (r == 0 && (r = make_group(t, args->group)) < 0)
                r = fail(ret_error, SPAWN_STAGE_CGROUP, r, "");
        if (r == 0 && (r = notebook_new(&t->notebook_fd)) < 0)
                r = fail(ret_error, SPAWN_STAGE_PIPES, r, "the notebook");
        if (r == 0)
                r = start(t, args, &p, ret_error);
        if (r == 0 && (r = attach(t)) < 0)
                r = fail(ret_error, SPAWN_STAGE_PIPES, r, "watching the new process");
        if (r < 0) {
                tree_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

static void release(LoopGone *gone)
{
        free(CONTAINER_OF(gone, Tree, gone));
}

static const LoopGoneOps gone_ops = {.release = release};

void tree_free(Tree *t)
{
        if (!t)
                return;
        if (t->warden > 0 && !t->warden_gone) { /* it dies with the end of its status socket, too */
                say_kill(t);
                reaper_remove(&t->sup->reaper, &t->child);
        }
        timer_done(&t->kill_timer);
        close_status(t);
        close_group_watch(t);
        if (t->log_open)
                child_log_done(&t->log);
        t->log_open = false;
        fd_close_p(&t->pidfd);
        fd_close_p(&t->stdin_fd);
        fd_close_p(&t->stdout_fd);
        fd_close_p(&t->notebook_fd);
        cgroup_done(&t->sup->cgroups, &t->group);
        loop_free_later(t->sup->loop, &t->gone, &gone_ops);
}

/* ---- its end ---------------------------------------------------------------- */

void tree_close_stdin(Tree *t)
{
        fd_close_p(&t->stdin_fd);
}

/* Its warden is dead, and some of the tree may live on in the group. */
static void term_group(Tree *t)
{
        if (t->group.fd < 0)
                return;
        signal_group(t, SIGTERM);
        signal_group(t, SIGCONT);
}

void tree_term(Tree *t)
{
        if (t->pidfd >= 0)
                signal_warden(t, WARDEN_TERM);
        else
                term_group(t);
}

void tree_sweep(Tree *t)
{
        if (t->pidfd >= 0)
                signal_warden(t, WARDEN_SWEEP);
        else
                term_group(t);
}

void tree_kill(Tree *t)
{
        t->killed = true;
        say_kill(t);
        if (!t->empty_told && !timer_is_armed(&t->kill_timer)) {
                t->kill_every = LIMIT_KILL_AGAIN * NSEC_PER_MSEC;
                timer_arm(&t->kill_timer, nsec_add(loop_now(t->sup->loop), t->kill_every));
        }
}

bool tree_initialized(const Tree *t)
{
        Span result;
        CLEANUP(notebook_free_p) Notebook *n = NULL;
        return notebook_map(t->notebook_fd, &n) == 0 && notebook_initialized(n, &result);
}

static bool read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
        if (n <= 0)
                return false;
        buf[n] = '\0';
        return true;
}

void tree_wchan(const Tree *t, char *buf, size_t size)
{
        char wchan[64];
        pid_t pid = t->leader && !t->leader_told ? t->leader : t->warden;
        if (read_proc(pid, "wchan", wchan, sizeof(wchan)) && strcmp(wchan, "0") != 0)
                snprintf(buf, size, "pid %d waits in %s", (int)pid, wchan);
        else
                snprintf(buf, size, "pid %d does not end", (int)pid);
}

bool tree_is_led_by(const Tree *t, pid_t pid)
{
        return pid == t->warden || pid == t->leader;
}
