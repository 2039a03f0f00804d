/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early-term ROUNDS MAX_US DEADLINE_MS SURE_MS SIGNAL COMMAND...: starts COMMAND as
 * PID 1 of a namespace, sends SIGNAL (a number) after a random time of at most
 * MAX_US, and expects its end within the deadline. The kernel drops what comes
 * before PID 1 has blocked or handled it, so whether it has is looked up right
 * before; in a round in which it has not yet, a second one follows at a random
 * moment after it has (or after SURE_MS: who waits by sigtimedwait does not
 * show it). Prints figures; 1 when a signal was lost. Needs root; COMMAND has
 * its own /proc.
 */
#include "base/macro.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/sched.h>

enum {
        BROKEN = 99,
        LOOK_US = 20, /* between two looks, so that it has the CPU */
        NS_PER_US = 1000,
        US_PER_MS = 1000,
        US_PER_S = 1000000
};

typedef struct Figures {
        unsigned early, lost;
        int64_t blocked_us; /* of all rounds together: from the exec to blocked signals */
        int64_t end_us;     /* from TERM to the end */
} Figures;

typedef struct Plan {
        long rounds, max_us, sure_us;
        int deadline_ms, signo;
} Plan;

typedef struct Round {
        pid_t pid;
        int pidfd, exec_fd;
} Round;

static void broken(const char *what)
{
        fprintf(stderr, "early-term: %s: %s\n", what, strerror(errno));
        _exit(BROKEN);
}

static int64_t now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / NS_PER_US;
}

static void start(Round *r, char **command)
{
        int gone[2];
        if (pipe2(gone, O_CLOEXEC) < 0)
                broken("pipe");
        struct clone_args args = {.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD,
                                  .pidfd = (uint64_t)(uintptr_t)&r->pidfd,
                                  .exit_signal = SIGCHLD};
        r->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
        if (r->pid < 0)
                broken("clone3");
        if (r->pid == 0) {
                if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("proc", "/proc", "proc", 0, NULL) < 0)
                        broken("/proc");
                execv(command[0], command);
                broken(command[0]);
        }
        close(gone[1]);
        r->exec_fd = gone[0];
}

static bool ends_within(const Round *r, int64_t us)
{
        struct pollfd p = {.fd = r->pidfd, .events = POLLIN};
        struct timespec t = {us / US_PER_S, us % US_PER_S * NS_PER_US};
        return ppoll(&p, 1, &t, NULL) > 0;
}

/* Whether a signal of now reaches it: blocked or caught. */
static bool takes_signal(pid_t pid, int signo)
{
        char path[64], text[4096];
        snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                close(fd);
        if (n <= 0)
                return false;
        text[n] = '\0';
        for (const char *const *w = (const char *const[]){"SigBlk:", "SigCgt:", NULL}; *w; w++) {
                const char *at = strstr(text, *w);
                if (at && strtoull(at + strlen(*w), NULL, 16) & (1ULL << (signo - 1)))
                        return true;
        }
        return false;
}

static void wait_for_exec(const Round *r)
{
        char c;
        while (read(r->exec_fd, &c, 1) < 0 && errno == EINTR)
                ;
        close(r->exec_fd);
}

static int64_t some_time(const Plan *plan)
{
        return plan->max_us > 0 ? random() % plan->max_us : 0;
}

static void play(const Plan *plan, char **command, Figures *f)
{
        Round r = {.pidfd = -1};
        start(&r, command);
        wait_for_exec(&r);
        int64_t begin = now_us(), blocked_at = 0, at = begin + some_time(plan);
        bool sent = false, early = false;
        while (!sent && !ends_within(&r, blocked_at > 0 ? MAX(at - now_us(), 0) : LOOK_US)) {
                if (blocked_at == 0 &&
                    (takes_signal(r.pid, plan->signo) || now_us() - begin > plan->sure_us)) {
                        blocked_at = now_us();
                        if (early)
                                at = blocked_at + some_time(plan);
                }
                if (now_us() < at || (early && blocked_at == 0))
                        continue;
                sent = blocked_at > 0;
                early = early || !sent;
                syscall(SYS_pidfd_send_signal, r.pidfd, plan->signo, NULL, 0);
        }
        int64_t term_at = now_us();
        if (!ends_within(&r, (int64_t)plan->deadline_ms * US_PER_MS)) {
                f->lost++;
                syscall(SYS_pidfd_send_signal, r.pidfd, SIGKILL, NULL, 0);
        }
        if (waitpid(r.pid, NULL, 0) != r.pid)
                broken("waitpid");
        f->early += early;
        f->blocked_us += blocked_at > 0 ? blocked_at - begin : 0;
        f->end_us += now_us() - term_at;
        close(r.pidfd);
}

int main(int argc, char **argv)
{
        Figures f = {0};
        if (argc < 7) {
                fprintf(stderr, "usage: early-term ROUNDS MAX_US DEADLINE_MS SURE_MS SIGNAL COMMAND...\n");
                return BROKEN;
        }
        Plan plan = {.rounds = strtol(argv[1], NULL, 10),
                     .max_us = strtol(argv[2], NULL, 10),
                     .deadline_ms = (int)strtol(argv[3], NULL, 10),
                     .sure_us = strtol(argv[4], NULL, 10) * US_PER_MS,
                     .signo = (int)strtol(argv[5], NULL, 10)};
        long rounds = MAX(plan.rounds, 1);
        srandom((unsigned)now_us());
        for (long i = 0; i < plan.rounds; i++)
                play(&plan, argv + 6, &f);
        printf("figure: %ld signals at a random moment: %u lost, %u again as signals were not blocked "
               "yet\n",
               rounds, f.lost, f.early);
        printf("figure: from exec to blocked signals %lld us, from TERM to the end %lld us\n",
               (long long)(f.blocked_us / rounds), (long long)(f.end_us / rounds));
        return f.lost > 0;
}
