/* SPDX-License-Identifier: Apache-2.0 */
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "proxy/resolver.h"

/* ---- one name: a process that does nothing else ------------------------------------- */

#ifndef MCPVISOR_SINGLE
static ResolverResult result_of(int error)
{
        return error == EAI_NONAME || error == EAI_NODATA ? RESOLVER_NOT_FOUND : RESOLVER_FAILED;
}

/* All addresses in the order in which they should be tried (RFC 6724). */
static void look_up(const char *name, ResolverTell *t)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct addrinfo *found;
        int e = getaddrinfo(name, NULL, &hints, &found);
        if (e != 0) {
                t->result = result_of(e);
                return;
        }
        for (const struct addrinfo *a = found; a && t->n < LIMIT_PROXY_ADDRESSES; a = a->ai_next)
                if (proxy_address_from(a->ai_addr, &t->addresses[t->n]) == 0)
                        t->n++;
        t->result = t->n ? RESOLVER_FOUND : RESOLVER_NOT_FOUND;
        freeaddrinfo(found);
}
#else
/* Looking up a name needs libraries that a static executable has not. */
static void look_up(const char *name UNUSED, ResolverTell *t)
{
        t->result = RESOLVER_FAILED;
}
#endif

static void answer(int fd, const ResolverTell *t)
{
        (void)send(fd, t, sizeof(*t), MSG_NOSIGNAL);
}

/* The alarm ends it, whatever its libraries are doing. */
static _Noreturn void run_lookup(int fd, const ResolverAsk *ask)
{
        const struct rlimit cpu = {LIMIT_PROXY_LOOKUP, LIMIT_PROXY_LOOKUP};
        ResolverTell t = {.id = ask->id};
        (void)setrlimit(RLIMIT_CPU, &cpu);
        (void)alarm(LIMIT_PROXY_LOOKUP);
        look_up(ask->name, &t);
        answer(fd, &t);
        _exit(EXIT_SUCCESS);
}

/* ---- the process that forks them ------------------------------------------------------ */

static int end_with_parent(pid_t parent)
{
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return -errno;
        return getppid() == parent ? 0 : -ESRCH;
}

/* The socket becomes the lowest number but for 0, 1, 2; all others are closed. */
static int keep_only(int *fd)
{
        const int lowest = STDERR_FILENO + 1;
        if (*fd != lowest && dup2(*fd, lowest) < 0)
                return -errno;
        *fd = lowest;
        return syscall(SYS_close_range, lowest + 1, ~0U, 0) < 0 ? -errno : 0;
}

/* Ended lookups leave nothing to be waited for; alarms and ends are what they are by default. */
static int set_signals(void)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
        sigset_t none;
        (void)sigemptyset(&none);
        if (sigaction(SIGCHLD, &ignore, NULL) < 0 || sigaction(SIGALRM, &plain, NULL) < 0)
                return -errno;
        return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static void fork_lookup(int fd, ResolverAsk *ask)
{
        pid_t self = getpid(), pid;
        ask->name[PROXY_NAME_LONGEST] = '\0';
        pid = fork();
        if (pid == 0) {
                if (end_with_parent(self) < 0)
                        _exit(EXIT_FAILURE);
                run_lookup(fd, ask);
        }
        if (pid < 0)
                answer(fd, &(ResolverTell){.id = ask->id, .result = RESOLVER_FAILED});
}

/* How many are at work is bounded by the one who asks. */
static _Noreturn void run_process(pid_t parent, int fd)
{
        ResolverAsk ask;
        if (end_with_parent(parent) < 0 || keep_only(&fd) < 0 || set_signals() < 0)
                _exit(EXIT_FAILURE);
        for (;;) {
                ssize_t n = recv(fd, &ask, sizeof(ask), 0);
                if (n == sizeof(ask))
                        fork_lookup(fd, &ask);
                else if (n >= 0 || errno != EINTR)
                        _exit(EXIT_SUCCESS);
        }
}

int resolver_start(int *ret_fd)
{
        int fds[2];
        pid_t self = getpid();
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        pid_t pid = fork();
        if (pid == 0)
                run_process(self, fds[1]);
        int r = pid < 0 ? -errno : 0;
        (void)close(fds[1]);
        if (r < 0)
                (void)close(fds[0]);
        else
                *ret_fd = fds[0];
        return r;
}
