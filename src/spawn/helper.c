/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "build-id.h"
#include "spawn/helper.h"

enum { HIGHEST_FD = 65536 }; /* where no close_range is: as far as one looks */

static void close_from(unsigned first)
{
        if (syscall(SYS_close_range, first, ~0U, 0) == 0)
                return;
        for (int fd = (int)first; fd < HIGHEST_FD; fd++)
                (void)close(fd);
}

static int map_plan(char **ret)
{
        struct stat st;
        if (fstat(HELPER_FD_PLAN, &st) < 0)
                return -errno;
        if (st.st_size < (off_t)sizeof(Plan))
                return -EBADMSG;
        char *plan = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, HELPER_FD_PLAN, 0);
        if (plan == MAP_FAILED)
                return -errno;
        const Plan *head = (const Plan *)(const void *)plan;
        if (memcmp(head->magic, PLAN_MAGIC, sizeof(head->magic)) != 0)
                return -EBADMSG;
        if (strncmp(head->build, MCPVISOR_BUILD_ID, sizeof(head->build)) != 0)
                return -ESTALE;
        if (head->size != (uint64_t)st.st_size)
                return -EBADMSG;
        *ret = plan;
        return 0;
}

/* Nothing but the right to signal a server of another uid; where that cannot be, all of it stays. */
static void keep_cap_kill(void)
{
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
        if (syscall(SYS_capget, &head, data) < 0)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
                uint32_t keep = i == 0 ? 1U << CAP_KILL : 0;
                data[i].permitted &= keep;
                data[i].effective = data[i].permitted;
                data[i].inheritable = 0;
        }
        (void)syscall(SYS_capset, &head, data);
}

static _Noreturn void server_failed(SpawnStage stage, int r, const char *detail)
{
        StepError e = {.stage = stage, .error = -r};
        step_detail(&e, (const char *const[3]){detail});
        spawn_record_failed(HELPER_FD_STATUS, &e);
        _exit(HELPER_FAILED);
}

/* PDEATHSIG is heard from now on; who died before has closed its end. */
static int die_with_supervisor(void)
{
        struct pollfd p = {.fd = HELPER_FD_STATUS};
        if (prctl(PR_SET_PDEATHSIG, WARDEN_SWEEP) < 0)
                return -errno;
        return poll(&p, 1, 0) == 0 ? 0 : -EOWNERDEAD;
}

/* What the warden shares with the server: namespaces, and the root that both see. */
static void enter_sandbox(const char *plan, bool pidns, SandboxApply *ret)
{
        const Plan *head = (const Plan *)(const void *)plan;
        SandboxError error;
        StepError e = {.stage = SPAWN_STAGE_NONE};
        int r = sandbox_apply_init(ret, head->sandbox ? plan + head->sandbox : NULL, head->sandbox_size);
        if (r < 0)
                server_failed(SPAWN_STAGE_PLAN, r, "sandbox");
        if (head->needs_pidns && !pidns)
                server_failed(SPAWN_STAGE_NAMESPACE, -EPERM, "the kernel has refused a pid namespace by now");
        r = sandbox_apply(ret, PHASE_HELPER, &error);
        if (r < 0) {
                step_sandbox_error(&e, &error);
                spawn_record_failed(HELPER_FD_STATUS, &e);
                _exit(HELPER_FAILED);
        }
}

/* The server has its uid, and it has none of the server's fences. */
static void fence_warden(SandboxApply *sandbox, pid_t leader, int ready_fd)
{
        SandboxError error;
        StepError e = {.stage = SPAWN_STAGE_NONE};
        if (!sandbox->program)
                return;
        int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
        if (r < 0)
                e = (StepError){.stage = SPAWN_STAGE_WARDEN, .error = -r};
        else
                r = sandbox_apply(sandbox, PHASE_WARDEN, &error);
        if (r == 0) {
                (void)!write(ready_fd, "", 1); /* an empty pipe takes one byte */
                (void)close(ready_fd);
                return;
        }
        if (e.stage == SPAWN_STAGE_NONE)
                step_sandbox_error(&e, &error);
        (void)kill(leader, SIGKILL);
        while (waitpid(leader, NULL, 0) < 0 && errno == EINTR)
                ;
        spawn_record_failed(HELPER_FD_STATUS, &e);
        _exit(HELPER_FAILED);
}

/* One goes on to be the server, the other stays. Without a sandbox nobody waits for the warden. */
static _Noreturn void split(char *plan, SandboxApply *sandbox, bool pidns, bool userns)
{
        const Plan *head = (const Plan *)(const void *)plan;
        int pipe_fds[2], ready[2] = {-1, -1};
        if (pipe2(pipe_fds, O_CLOEXEC) < 0 || (sandbox->program && pipe2(ready, O_CLOEXEC) < 0))
                server_failed(SPAWN_STAGE_WARDEN, -errno, "pipe");
        pid_t warden = getpid();
        pid_t leader = fork();
        if (leader < 0)
                server_failed(SPAWN_STAGE_WARDEN, -errno, "fork");
        if (leader == 0) {
                (void)close(pipe_fds[0]);
                (void)close(ready[1]);
                leader_run(&(Leader){plan, head, sandbox, userns, warden, HELPER_FD_STATUS, pipe_fds[1],
                                     ready[0]});
        }
        (void)close(pipe_fds[1]);
        (void)close(ready[0]);
        for (int fd = 0; fd < HELPER_FD_PLAN; fd++)
                (void)close(fd);
        keep_cap_kill();
        fence_warden(sandbox, leader, ready[1]);
        (void)munmap(plan, head->size);
        warden_run(&(Warden){HELPER_FD_STATUS, pipe_fds[0], leader, pidns});
}

/* All signals are blocked here, and stay so in the warden. */
static _Noreturn void server(bool pidns, bool userns)
{
        char *plan;
        SandboxApply sandbox;
        (void)fcntl(HELPER_FD_STATUS, F_SETFD, FD_CLOEXEC);
        close_from(HELPER_FD_STATUS + 1);
        int r = map_plan(&plan);
        (void)close(HELPER_FD_PLAN);
        if (r < 0)
                server_failed(r == -ESTALE ? SPAWN_STAGE_BUILD : SPAWN_STAGE_PLAN, r, "");
        if (setsid() < 0) /* what a terminal sends to the supervisor's job is not meant for the warden */
                server_failed(SPAWN_STAGE_SESSION, -errno, "warden");
        r = die_with_supervisor();
        if (r < 0)
                server_failed(SPAWN_STAGE_PARENT, r, "");
        if (!pidns && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                server_failed(SPAWN_STAGE_WARDEN, -errno, "subreaper");
        enter_sandbox(plan, pidns, &sandbox);
        split(plan, &sandbox, pidns, userns);
}

static _Noreturn void role_failed(SpawnStage stage, int r)
{
        static const char digits[] = "0123456789";
        char text[] = "mcpvisor-exec: a role could not be started: stage ??, error ???\n";
        char *at = strchr(text, '?');
        at[0] = digits[stage / 10 % 10];
        at[1] = digits[stage % 10];
        at = strchr(text, '?');
        at[0] = digits[-r / 100 % 10];
        at[1] = digits[-r / 10 % 10];
        at[2] = digits[-r % 10];
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
        _exit(HELPER_FAILED);
}

/* Its descriptors down by one, onto the plan's and up; the program away from them. */
static int place_fds(unsigned n)
{
        int program = fcntl(HELPER_FD_ROLE + (int)n, F_DUPFD_CLOEXEC, HELPER_FD_ROLE + (int)n + 1);
        if (program < 0)
                return -errno;
        for (int fd = HELPER_FD_ROLE; fd < HELPER_FD_ROLE + (int)n; fd++)
                if (dup2(fd, fd - 1) < 0)
                        return -errno;
        (void)close(HELPER_FD_ROLE + (int)n);
        (void)close(HELPER_FD_ROLE + (int)n - 1);
        return program;
}

static int role_exec(char *plan, int program)
{
        const Plan *head = (const Plan *)(const void *)plan;
        char **argv = plan_list(plan, head->argv, head->n_argv);
        char **envp = plan_list(plan, head->envp, head->n_envp);
        sigset_t none;
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
        return -errno;
}

static _Noreturn void role(void)
{
        char *plan;
        int r = map_plan(&plan);
        if (r < 0)
                role_failed(r == -ESTALE ? SPAWN_STAGE_BUILD : SPAWN_STAGE_PLAN, r);
        const Plan *head = (const Plan *)(const void *)plan;
        close_from((unsigned)HELPER_FD_ROLE + head->n_fds + 1);
        int program = place_fds(head->n_fds);
        if (program < 0)
                role_failed(SPAWN_STAGE_STDIO, program);
        r = step_session();
        if (r < 0)
                role_failed(SPAWN_STAGE_SESSION, r);
        r = step_core_limit();
        if (r < 0)
                role_failed(SPAWN_STAGE_RLIMIT, r);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                role_failed(SPAWN_STAGE_PRIVILEGES, -errno);
        r = step_die_with(SIGKILL, head->parent);
        if (r < 0)
                role_failed(SPAWN_STAGE_PARENT, r);
        role_failed(SPAWN_STAGE_EXEC, role_exec(plan, program));
}

int helper_main(int argc, char **argv)
{
        sigset_t all;
        sigfillset(&all);
        if (argc != 3)
                return -EINVAL;
        bool serve = strcmp(argv[1], HELPER_SERVER) == 0;
        if (!serve && strcmp(argv[1], HELPER_ROLE) != 0)
                return -EINVAL;
        (void)sigprocmask(SIG_SETMASK, &all, NULL);
        signals_default();
        (void)prctl(PR_SET_DUMPABLE, 0);
        if (!serve)
                role();
        bool userns = strcmp(argv[2], HELPER_USERNS) == 0;
        server(userns || strcmp(argv[2], HELPER_PIDNS) == 0, userns);
}
