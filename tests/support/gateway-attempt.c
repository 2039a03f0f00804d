/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mcpvisor as it is, whose gateway does on SIGUSR1 what a gateway that somebody
 * has taken over would like to do: the attempt that MCPVISOR_TEST_ATTEMPT
 * names (it makes and removes the file MCPVISOR_TEST_FILE). One that comes back is told of on standard error,
 * with its errno. With MCPVISOR_TEST_UNFENCED it never fences itself: so a test sees that the attempt itself
 * works.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/enter.h"

static int test_sandbox_enter(const SandboxEnterArgs *args, uint32_t *ret_missing)
{
        return getenv("MCPVISOR_TEST_UNFENCED") ? 0 : sandbox_enter(args, ret_missing);
}

static pid_t parent; /* asked for before there is a fence */

/* ---- what is tried: as functions of libc, or as calls by number -------------------------------- */

static long try_exec(void)
{
        char *const argv[] = {(char[]){"true"}, NULL}, *const envp[] = {NULL};
        return syscall(SYS_execve, "/bin/true", argv, envp);
}

/* No child may go on as a second gateway. */
static long try_clone(void)
{
        long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0)
                _exit(0);
        return pid;
}

static long try_open(void)
{
        return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_create(void)
{
        return open(getenv("MCPVISOR_TEST_FILE"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_stat(void)
{
        struct stat st;
        return stat("/etc/passwd", &st);
}

static long try_unlink(void)
{
        return unlink(getenv("MCPVISOR_TEST_FILE"));
}

static long try_inet(void)
{
        return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long try_unix(void)
{
        return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long try_pair(void)
{
        int fds[2];
        return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
}

static long try_ptrace(void)
{
        return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_kill(void)
{
        return kill(parent, 0);
}

static long try_code(void)
{
        void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return page == MAP_FAILED ? -1 : 0;
}

static long try_dumpable(void)
{
        return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long try_handler(void)
{
        return sigaction(SIGSYS, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

static long try_limit(void)
{
        struct rlimit l;
        return getrlimit(RLIMIT_NOFILE, &l) < 0 ? -1 : setrlimit(RLIMIT_NOFILE, &l);
}

static long try_memory(void)
{
        return memfd_create("attempt", MFD_CLOEXEC);
}

static long try_owner(void)
{
        return fcntl(STDERR_FILENO, F_SETOWN, parent);
}

static const struct {
        const char *name;
        long (*act)(void);
} attempts[] = {
        {"exec", try_exec},   {"clone", try_clone},       {"open", try_open},       {"create", try_create},
        {"stat", try_stat},   {"unlink", try_unlink},     {"inet", try_inet},       {"unix", try_unix},
        {"pair", try_pair},   {"ptrace", try_ptrace},     {"kill", try_kill},       {"code", try_code},
        {"limit", try_limit}, {"dumpable", try_dumpable}, {"handler", try_handler}, {"memory", try_memory},
        {"owner", try_owner},
};

static size_t chosen = ARRAY_SIZE(attempts);

static void on_signal(int signo UNUSED)
{
        char text[100];
        long r = chosen < ARRAY_SIZE(attempts) ? attempts[chosen].act() : -1;
        int n = snprintf(text, sizeof(text), "attempt: %s\n", r < 0 ? strerrorname_np(errno) : "done");
        (void)!write(STDERR_FILENO, text, (size_t)n);
}

__attribute__((constructor)) static void choose(void)
{
        const char *name = getenv("MCPVISOR_TEST_ATTEMPT");
        parent = getppid();
        for (size_t i = 0; name && i < ARRAY_SIZE(attempts); i++)
                if (strcmp(attempts[i].name, name) == 0)
                        chosen = i;
        (void)sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART}, NULL);
}

#define sandbox_enter test_sandbox_enter
#include "../../src/main.c"
