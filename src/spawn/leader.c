/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "spawn/helper.h"
#include "spawn/id-map.h"

enum { UMASK = 022, INTERPRETER_MAX = 256, STDIO_FDS = 3 };

int step_session(void)
{
        (void)umask(UMASK);
        return setsid() < 0 ? -errno : 0;
}

/* 1 and not 0: a core handler behind a pipe runs even for 0. A hard 0 stays, it cannot be raised. */
int step_core_limit(void)
{
        struct rlimit l;
        if (getrlimit(RLIMIT_CORE, &l) < 0)
                return -errno;
        rlim_t core = MIN(l.rlim_max, (rlim_t)1);
        l = (struct rlimit){core, core};
        return setrlimit(RLIMIT_CORE, &l) < 0 ? -errno : 0;
}

/* A parent that died before we asked is somebody else by now. */
int step_die_with(int signo, pid_t parent)
{
        if (prctl(PR_SET_PDEATHSIG, signo) < 0)
                return -errno;
        return getppid() == parent ? 0 : -EOWNERDEAD;
}

/* Past libc, which keeps two signals to itself and refuses to speak of them: whoever started us may have
 * ignored those as well. All zero is SIG_DFL on each architecture; KILL and STOP refuse. */
void signals_default(void)
{
        static const struct {
                unsigned long words[4];
        } usual;
        for (int i = 1; i < _NSIG; i++)
                (void)syscall(SYS_rt_sigaction, i, &usual, NULL, (_NSIG - 1) / 8);
}

char **plan_list(char *plan, uint64_t offset, size_t n)
{
        char **list = (char **)(void *)(plan + offset);
        uintptr_t place;
        for (size_t i = 0; i < n; i++) {
                memcpy(&place, &list[i], sizeof(place));
                list[i] = plan + place;
        }
        return list;
}

void step_sandbox_error(StepError *e, const SandboxError *from)
{
        *e = (StepError){.stage = SPAWN_STAGE_SANDBOX_NONE + from->kind, .error = from->error};
        step_detail(e, (const char *const[3]){from->detail});
}

static int apply_phase(const Leader *l, SandboxPhase phase, StepError *e)
{
        SandboxError error;
        int r = sandbox_apply(l->sandbox, phase, &error);
        if (r < 0)
                step_sandbox_error(e, &error);
        return r;
}

static int do_sandbox_privileged(const Leader *l, StepError *e)
{
        return apply_phase(l, PHASE_PRIVILEGED, e);
}

static int do_sandbox_unmapped(const Leader *l, StepError *e)
{
        return apply_phase(l, PHASE_UNMAPPED, e);
}

/* The server has the warden's uid: it runs when that one can no longer be taken over. */
static int do_warden(const Leader *l, StepError *e UNUSED)
{
        char c;
        ssize_t n;
        if (!l->sandbox->program)
                return 0;
        do
                n = read(l->ready_fd, &c, 1);
        while (n < 0 && errno == EINTR);
        return n == 1 ? 0 : n < 0 ? -errno : -EOWNERDEAD;
}

static int do_sandbox_last(const Leader *l, StepError *e)
{
        return apply_phase(l, PHASE_LAST, e);
}

static int do_session(const Leader *l UNUSED, StepError *e UNUSED)
{
        return step_session();
}

/* What is refused and yet no better than what was asked for is left as it is: an ordinary user cannot
 * lower what was raised for all of us. */
static int do_oom_score(const Leader *l, StepError *e)
{
        char text[24];
        number_text(text, l->head->oom_score_adj);
        step_detail(e, (const char *const[3]){text});
        int r = proc_write("/proc/self/oom_score_adj", text);
        bool harmless = l->head->oom_score_adj == 0 || (r == -EACCES && l->head->oom_score_adj > 0);
        return r < 0 && harmless ? 0 : r;
}

static int do_rlimit(const Leader *l, StepError *e)
{
        struct rlimit n;
        step_detail(e, (const char *const[3]){"nofile"});
        if (getrlimit(RLIMIT_NOFILE, &n) < 0)
                return -errno;
        n.rlim_cur = MIN((rlim_t)l->head->nofile, n.rlim_max);
        if (setrlimit(RLIMIT_NOFILE, &n) < 0)
                return -errno;
        step_detail(e, (const char *const[3]){"core"});
        return step_core_limit();
}

static int do_nice(const Leader *l, StepError *e)
{
        char text[24];
        number_text(text, l->head->nice);
        step_detail(e, (const char *const[3]){text});
        if (setpriority(PRIO_PROCESS, 0, l->head->nice) == 0)
                return 0;
        return (errno == EACCES || errno == EPERM) && l->head->nice >= 0 ? 0 : -errno;
}

static int do_groups(const Leader *l, StepError *e UNUSED)
{
        return l->head->change_ids && setgroups(0, NULL) < 0 ? -errno : 0;
}

static int do_gid(const Leader *l, StepError *e)
{
        char text[24];
        gid_t gid = l->head->gid;
        number_text(text, gid);
        step_detail(e, (const char *const[3]){text});
        return l->head->change_ids && setresgid(gid, gid, gid) < 0 ? -errno : 0;
}

static int do_uid(const Leader *l, StepError *e)
{
        char text[24];
        uid_t uid = l->head->uid;
        number_text(text, uid);
        step_detail(e, (const char *const[3]){text});
        return l->head->change_ids && setresuid(uid, uid, uid) < 0 ? -errno : 0;
}

/* From root of the first user namespace back to the number that the user knows. */
static int do_userns(const Leader *l, StepError *e UNUSED)
{
        const IdMap map = {.inside_uid = l->head->own_uid, .inside_gid = l->head->own_gid};
        if (!l->userns)
                return 0;
        return unshare(CLONE_NEWUSER) < 0 ? -errno : id_map_write(&map);
}

static int do_cwd(const Leader *l, StepError *e)
{
        const char *cwd = l->head->cwd ? l->plan + l->head->cwd : "/";
        step_detail(e, (const char *const[3]){cwd});
        return chdir(cwd) < 0 ? -errno : 0;
}

static int do_privileges(const Leader *l UNUSED, StepError *e)
{
        step_detail(e, (const char *const[3]){"no_new_privs"});
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* After the ids: their change forgets it. */
static int do_parent(const Leader *l, StepError *e UNUSED)
{
        return step_die_with(SIGKILL, l->warden);
}

/* 0, 1, 2 are there; the rest is close-on-exec, and the plan goes with its mapping. */
static int do_stdio(const Leader *l UNUSED, StepError *e UNUSED)
{
        for (int fd = 0; fd < STDIO_FDS; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        return -errno;
        return 0;
}

/* ENOENT for a file that is there: its interpreter is not. Names that of a script. */
static void missing_interpreter(const char *exe, StepError *e)
{
        char line[INTERPRETER_MAX];
        int fd = open(exe, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return;
        ssize_t n = read(fd, line, sizeof(line) - 1);
        (void)close(fd);
        const char *name = "";
        if (n > 2 && line[0] == '#' && line[1] == '!') {
                line[n] = '\0';
                char *begin = line + 2 + strspn(line + 2, " \t");
                begin[strcspn(begin, " \t\r\n")] = '\0';
                name = begin;
        }
        const char *say = *name ? ": there is no interpreter " : ": its interpreter or loader is missing";
        step_detail(e, (const char *const[3]){exe, say, name});
}

static int do_exec(const Leader *l, StepError *e)
{
        char *exe = l->plan + l->head->exe;
        char **argv = plan_list(l->plan, l->head->argv, l->head->n_argv);
        char **envp = plan_list(l->plan, l->head->envp, l->head->n_envp);
        const SpawnRecord hello = {.magic = SPAWN_RECORD_MAGIC, .kind = SPAWN_REPORT_LEADER};
        const StepError go = {.stage = LEADER_GO};
        sigset_t none;
        step_detail(e, (const char *const[3]){exe});
        spawn_record_send(l->status_fd, &hello);
        if (write(l->pipe_fd, &go, sizeof(go)) != sizeof(go))
                return -EPIPE;
        sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return -errno;
        (void)execve(exe, argv, envp);
        int r = -errno;
        if (r == -ENOENT)
                missing_interpreter(exe, e);
        return r;
}

typedef struct LeaderStep {
        SpawnStage stage;
        int (*run)(const Leader *l, StepError *e);
} LeaderStep;

static const LeaderStep steps[] = {
        {SPAWN_STAGE_SESSION, do_session},
        {SPAWN_STAGE_OOM_SCORE, do_oom_score},
        {SPAWN_STAGE_RLIMIT, do_rlimit},
        {SPAWN_STAGE_NICE, do_nice},
        {SPAWN_STAGE_SANDBOX_NONE, do_sandbox_privileged},
        {SPAWN_STAGE_GROUPS, do_groups},
        {SPAWN_STAGE_GID, do_gid},
        {SPAWN_STAGE_UID, do_uid},
        {SPAWN_STAGE_USERNS, do_userns},
        {SPAWN_STAGE_SANDBOX_NONE, do_sandbox_unmapped},
        {SPAWN_STAGE_CWD, do_cwd},
        {SPAWN_STAGE_PRIVILEGES, do_privileges},
        {SPAWN_STAGE_PARENT, do_parent},
        {SPAWN_STAGE_STDIO, do_stdio},
        {SPAWN_STAGE_WARDEN, do_warden},
        {SPAWN_STAGE_SANDBOX_NONE, do_sandbox_last},
        {SPAWN_STAGE_EXEC, do_exec},
};

void leader_run(const Leader *l)
{
        (void)prctl(PR_SET_DUMPABLE, 1); /* else the files of /proc/self are root's */
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                StepError e = {.stage = steps[i].stage};
                int r = steps[i].run(l, &e);
                if (r < 0) {
                        e.error = -r;
                        (void)!write(l->pipe_fd, &e, sizeof(e));
                        break;
                }
        }
        _exit(HELPER_FAILED);
}
