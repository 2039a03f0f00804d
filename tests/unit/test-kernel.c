/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop, and the supervision above it, believe of the kernel: one test
 * for each promise, and for each trap that a comment in src/ warns of. A kernel
 * that thinks otherwise fails here, and not at three in the morning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop-child.h"

enum { DEADLINE_MS = 10000 };

typedef struct Pipe {
        int in, out; /* read end, write end */
} Pipe;

static Pipe pipe_new(void)
{
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        return (Pipe){ends[0], ends[1]};
}

static void pipe_done(Pipe *p)
{
        fd_close_p(&p->in);
        fd_close_p(&p->out);
}

static int epoll_new(void)
{
        int ep = epoll_create1(EPOLL_CLOEXEC);
        assert_true(ep >= 0);
        return ep;
}

static int epoll_op(int ep, int op, int fd, uint32_t events)
{
        struct epoll_event e = {.events = events, .data.fd = fd};
        return epoll_ctl(ep, op, fd, &e) < 0 ? -errno : 0;
}

/* The events of the one descriptor that is ready now; 0: none. */
static uint32_t epoll_now(int ep)
{
        struct epoll_event e[8];
        int n = epoll_wait(ep, e, ARRAY_SIZE(e), 0);
        assert_true(n == 0 || n == 1);
        return n ? e[0].events : 0;
}

/* What poll says of it, or 0 when nothing comes before the deadline. */
static int wait_for(int fd, short events)
{
        struct pollfd p = {.fd = fd, .events = events};
        return poll(&p, 1, DEADLINE_MS) == 1 ? p.revents : 0;
}

static pid_t fork_exit(int status)
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(status);
        return pid;
}

/* ---- signals ---- */

static int signals_open(const sigset_t *set, sigset_t *old)
{
        assert_int_equal(sigprocmask(SIG_BLOCK, set, old), 0);
        int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
        assert_true(fd >= 0);
        return fd;
}

static int signal_records(int fd)
{
        struct signalfd_siginfo info[16];
        ssize_t n = read(fd, info, sizeof(info));
        if (n < 0)
                assert_int_equal(errno, EAGAIN);
        return n < 0 ? 0 : (int)(n / (ssize_t)sizeof(info[0]));
}

/* A record is a level: a thousand HUPs, and fifty exits, are one each. So: look until nothing is left. */
static void test_signals_coalesce(void **state UNUSED)
{
        enum { CHILDREN = 50 };
        sigset_t set, old;
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGCHLD); /* its default, to be ignored, does not keep a blocked one away */
        int fd = signals_open(&set, &old);
        for (int i = 0; i < 1000; i++)
                assert_int_equal(kill(getpid(), SIGHUP), 0);
        assert_int_equal(signal_records(fd), 1);

        Pipe p = pipe_new();
        for (int i = 0; i < CHILDREN; i++)
                (void)fork_exit(0);
        fd_close_p(&p.out); /* end of file comes when the last child is gone */
        assert_true(wait_for(p.in, POLLIN) & POLLHUP);
        siginfo_t info;
        for (int i = 0; i < CHILDREN; i++) {
                assert_int_equal(waitid(P_ALL, 0, &info, WEXITED), 0);
                assert_int_equal(info.si_code, CLD_EXITED);
        }
        assert_int_equal(signal_records(fd), 1);
        assert_int_equal(signal_records(fd), 0);
        pipe_done(&p);
        fd_close_p(&fd);
        assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

/* With SIGCHLD ignored there are no statuses at all: at start it is set to its default. */
static void test_ignored_sigchld_takes_statuses(void **state UNUSED)
{
        struct sigaction old, ignore = {.sa_handler = SIG_IGN};
        assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
        pid_t pid = fork_exit(3);
        int r = waitpid(pid, NULL, 0), saved = errno;
        assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
        assert_int_equal(r, -1);
        assert_int_equal(saved, ECHILD);
}

/* ---- children ---- */

/* A pidfd is readable from the end of the process on, also after it is reaped. */
static void test_pidfd(void **state UNUSED)
{
        int fd;
        Pipe go = pipe_new();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)close(go.out);
                (void)wait_for(go.in, POLLIN);
                _exit(7);
        }
        assert_int_equal(child_pidfd_open(pid, &fd), 0);
        int ep = epoll_new();
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
        assert_int_equal(epoll_now(ep), 0);
        fd_close_p(&go.out);
        assert_true(wait_for(fd, POLLIN) & POLLIN);
        assert_true(epoll_now(ep) & EPOLLIN);
        assert_true(epoll_now(ep) & EPOLLIN);
        assert_int_equal(child_signal(fd, SIGTERM), 0); /* a zombie takes it */

        siginfo_t info;
        for (int i = 0; i < 2; i++) { /* seen as often as one likes, then taken once */
                assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
                assert_int_equal(info.si_pid, pid);
                assert_int_equal(info.si_status, 7);
        }
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
        assert_int_equal(info.si_pid, pid);
        assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
        assert_int_equal(errno, ECHILD);
        assert_true(epoll_now(ep) & EPOLLIN);
        assert_int_equal(child_signal(fd, SIGTERM), -ESRCH); /* and never another process */
        fd_close_p(&ep);
        fd_close_p(&fd);
        pipe_done(&go);
}

/* The drain: look at any, decide, take that one; until ECHILD, or 0 with children that live. */
static void test_drain(void **state UNUSED)
{
        enum { CHILDREN = 20 };
        int fd[CHILDREN], seen = 0;
        siginfo_t info;
        Pipe hold = pipe_new();
        for (int i = 0; i < CHILDREN; i++) {
                pid_t pid = fork_exit(i);
                assert_int_equal(child_pidfd_open(pid, &fd[i]), 0);
        }
        for (int i = 0; i < CHILDREN; i++) {
                assert_true(wait_for(fd[i], POLLIN) & POLLIN);
                fd_close_p(&fd[i]);
        }
        pid_t alive = fork();
        assert_true(alive >= 0);
        if (alive == 0) {
                (void)close(hold.out);
                (void)wait_for(hold.in, POLLIN);
                _exit(0);
        }
        for (;;) {
                info.si_pid = 0;
                assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
                if (info.si_pid == 0)
                        break;
                seen++;
                assert_int_equal(waitid(P_PID, (id_t)info.si_pid, &info, WEXITED), 0);
        }
        assert_int_equal(seen, CHILDREN);
        pipe_done(&hold);
        assert_int_equal(waitpid(alive, NULL, 0), alive);
}

/* Cleared by a change of ids: so it is set after that, and the parent asked for once more. */
static void test_pdeathsig_and_ids(void **state UNUSED)
{
        if (geteuid() != 0) {
                print_message("skipped: only root can change ids\n");
                skip();
        }
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int before = 0, after = -1;
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)prctl(PR_GET_PDEATHSIG, &before);
                if (setresuid(65534, 65534, 65534) < 0)
                        _exit(2);
                (void)prctl(PR_GET_PDEATHSIG, &after);
                _exit(before == SIGKILL && after == 0 ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- epoll ---- */

/* A level: an event that is not acted on comes again, so that forgetting one loses nothing. */
static void test_level(void **state UNUSED)
{
        char c;
        int ep = epoll_new();
        Pipe p = pipe_new();
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, p.in, EPOLLIN), 0);
        assert_int_equal(write(p.out, "x", 1), 1);
        for (int i = 0; i < 3; i++)
                assert_int_equal(epoll_now(ep), EPOLLIN);
        assert_int_equal(read(p.in, &c, 1), 1);
        assert_int_equal(epoll_now(ep), 0);
        pipe_done(&p);
        fd_close_p(&ep);
}

static void test_closed_is_dropped(void **state UNUSED)
{
        int ep = epoll_new();
        Pipe p = pipe_new();
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, p.in, EPOLLIN), 0);
        assert_int_equal(write(p.out, "x", 1), 1);
        fd_close_p(&p.in);
        assert_int_equal(epoll_now(ep), 0);
        pipe_done(&p);
        fd_close_p(&ep);
}

/* The trap: with a copy anywhere the entry lives on, under a number that can no longer be named. */
static void test_closed_with_a_copy_is_not_dropped(void **state UNUSED)
{
        int ep = epoll_new();
        Pipe p = pipe_new();
        int copy = fcntl(p.in, F_DUPFD_CLOEXEC, 0), old = p.in;
        assert_true(copy >= 0);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, p.in, EPOLLIN), 0);
        assert_int_equal(write(p.out, "x", 1), 1);
        fd_close_p(&p.in);
        assert_int_equal(epoll_now(ep), EPOLLIN);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_DEL, old, 0), -EBADF);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_DEL, copy, 0), -ENOENT);
        assert_int_equal(epoll_now(ep), EPOLLIN);
        fd_close_p(&copy);
        assert_int_equal(epoll_now(ep), 0);
        pipe_done(&p);
        fd_close_p(&ep);
}

/* EPOLLHUP and EPOLLERR need no asking, cannot be switched off, and stay: to park is to take out. */
static void test_hang_up(void **state UNUSED)
{
        int ep = epoll_new();
        Pipe p = pipe_new();
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, p.in, 0), 0);
        assert_int_equal(write(p.out, "x", 1), 1);
        assert_int_equal(epoll_now(ep), 0);
        fd_close_p(&p.out);
        assert_int_equal(epoll_now(ep), EPOLLHUP);
        assert_int_equal(epoll_now(ep), EPOLLHUP);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_MOD, p.in, EPOLLIN), 0);
        assert_int_equal(epoll_now(ep), EPOLLIN | EPOLLHUP); /* bytes first: read them to the end */
        assert_int_equal(epoll_op(ep, EPOLL_CTL_DEL, p.in, 0), 0);
        assert_int_equal(epoll_now(ep), 0);
        pipe_done(&p);

        p = pipe_new();
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, p.out, 0), 0);
        fd_close_p(&p.in);
        assert_int_equal(epoll_now(ep), EPOLLERR);
        pipe_done(&p);
        fd_close_p(&ep);
}

static void test_half_closed_socket(void **state UNUSED)
{
        int ep = epoll_new(), s[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s), 0);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, s[0], EPOLLRDHUP), 0);
        assert_int_equal(epoll_now(ep), 0);
        assert_int_equal(shutdown(s[1], SHUT_WR), 0);
        assert_int_equal(epoll_now(ep), EPOLLRDHUP);
        fd_close_p(&s[1]);
        assert_int_equal(epoll_now(ep), EPOLLRDHUP | EPOLLHUP);
        fd_close_p(&s[0]);
        fd_close_p(&ep);
}

/* With a place for each, one wait names all; with fewer, the first in line, and the rest the next time. */
static void test_places(void **state UNUSED)
{
        enum { MANY = 100 };
        struct epoll_event e[MANY];
        int ep = epoll_new();
        Pipe p[MANY];
        for (int i = 0; i < MANY; i++) {
                p[i] = pipe_new();
                assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, p[i].in, EPOLLIN), 0);
                assert_int_equal(write(p[i].out, "x", 1), 1);
        }
        assert_int_equal(epoll_wait(ep, e, MANY, 0), MANY);
        bool named[MANY] = {false};
        for (int round = 0; round < 4; round++) {
                assert_int_equal(epoll_wait(ep, e, MANY / 4, 0), MANY / 4);
                for (int k = 0; k < MANY / 4; k++)
                        for (int i = 0; i < MANY; i++)
                                named[i] = named[i] || e[k].data.fd == p[i].in;
        }
        for (int i = 0; i < MANY; i++) {
                assert_true(named[i]);
                pipe_done(&p[i]);
        }
        fd_close_p(&ep);
}

static void test_regular_file_is_refused(void **state UNUSED)
{
        int ep = epoll_new(), file = memfd_create("test", MFD_CLOEXEC);
        assert_true(file >= 0);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, file, EPOLLIN), -EPERM);
        fd_close_p(&file);
        fd_close_p(&ep);
}

/* Never back before its time, in both forms. */
static void test_wait_is_not_early(void **state UNUSED)
{
        struct epoll_event e;
        int ep = epoll_new();
        Nsec start = clock_now(&clock_monotonic);
        assert_int_equal(epoll_wait(ep, &e, 1, 3), 0);
        assert_true(clock_now(&clock_monotonic) - start >= 3 * NSEC_PER_MSEC);
#ifdef SYS_epoll_pwait2
        struct {
                int64_t sec, nsec;
        } ts = {0, 300000};
        start = clock_now(&clock_monotonic);
        long r = syscall(SYS_epoll_pwait2, ep, &e, 1, &ts, NULL, (size_t)0);
        if (r < 0)
                assert_true(errno == ENOSYS || errno == EPERM);
        else
                assert_true(clock_now(&clock_monotonic) - start >= 300 * NSEC_PER_USEC);
#endif
        fd_close_p(&ep);
}

/* ---- pipes ---- */

/* A child sees no end of file, and no EPIPE, while any copy is open: ours, or one that leaked. */
static void test_copies_keep_a_pipe(void **state UNUSED)
{
        Pipe p = pipe_new();
        int copy = fcntl(p.out, F_DUPFD_CLOEXEC, 0);
        char c;
        assert_true(copy >= 0);
        fd_close_p(&p.out);
        assert_int_equal(read(p.in, &c, 1), -1);
        assert_int_equal(errno, EAGAIN);
        fd_close_p(&copy);
        assert_int_equal(read(p.in, &c, 1), 0);
        pipe_done(&p);
}

static void test_epipe(void **state UNUSED)
{
        struct sigaction old, ignore = {.sa_handler = SIG_IGN};
        assert_int_equal(sigaction(SIGPIPE, &ignore, &old), 0);
        Pipe p = pipe_new();
        fd_close_p(&p.in);
        int r = (int)write(p.out, "x", 1), saved = errno;
        assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
        assert_int_equal(r, -1);
        assert_int_equal(saved, EPIPE);
        pipe_done(&p);
}

/* ---- shared memory ---- */

enum { PAGE = 4096 };

static int memfd_of_a_page(void)
{
        int fd = -1;
        assert_int_equal(fd_memfd_new("test", &fd), 0);
        assert_int_equal(ftruncate(fd, PAGE), 0);
        return fd;
}

/* Sealed before it is shared: else an ftruncate by the other side kills us. */
static void test_seal(void **state UNUSED)
{
        int fd = memfd_of_a_page();
        volatile char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_true(map != MAP_FAILED);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(errno, EPERM);
        assert_int_equal(ftruncate(fd, 2 * PAGE), -1);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1); /* F_SEAL_SEAL */
        map[0] = 1;                                                 /* still writable */
        assert_int_equal(map[0], 1);
        assert_int_equal(munmap((void *)(uintptr_t)map, PAGE), 0);
        fd_close_p(&fd);
}

static void test_unsealed_is_sigbus(void **state UNUSED)
{
        int fd = memfd_of_a_page();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct sigaction dfl = {.sa_handler = SIG_DFL};
                struct rlimit no_core = {1, 1};
                (void)sigaction(SIGBUS, &dfl, NULL);
                (void)setrlimit(RLIMIT_CORE, &no_core);
                volatile char *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
                if (map == MAP_FAILED || ftruncate(fd, 0) < 0)
                        _exit(1);
                _exit(map[0]);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGBUS);
        fd_close_p(&fd);
}

/* ---- cgroup.events ---- */

static char group[256], events_path[300], procs_path[300];

/* A fresh group of our own in any writable cgroup2 mount; false, with the reason, if there is none. */
static bool group_new(void)
{
        char line[1024], point[200];
        bool found = false;
        FILE *f = fopen("/proc/self/mountinfo", "re");
        while (f && !found && fgets(line, sizeof(line), f))
                found = strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %199s", point) == 1;
        if (f)
                (void)fclose(f);
        if (!found) {
                print_message("skipped: no cgroup2 mount here\n");
                return false;
        }
        (void)snprintf(group, sizeof(group), "%s/mcpvisor-test-%d", point, (int)getpid());
        if (mkdir(group, 0755) < 0) {
                print_message("skipped: mkdir %s: %s\n", group, strerror(errno));
                return false;
        }
        (void)snprintf(events_path, sizeof(events_path), "%s/cgroup.events", group);
        (void)snprintf(procs_path, sizeof(procs_path), "%s/cgroup.procs", group);
        return true;
}

static int group_populated(int fd)
{
        char text[256];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        assert_true(n > 0);
        text[n] = '\0';
        char *at = strstr(text, "populated ");
        assert_non_null(at);
        return at[strlen("populated ")] - '0';
}

static bool group_join(pid_t pid)
{
        char text[16];
        int fd = open(procs_path, O_WRONLY | O_CLOEXEC);
        int n = snprintf(text, sizeof(text), "%d", (int)pid);
        bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;
        fd_close_p(&fd);
        return ok;
}

static int group_teardown(void **state UNUSED)
{
        if (group[0])
                (void)rmdir(group);
        group[0] = '\0';
        return 0;
}

/* EPOLLPRI when "populated" changes, until it is read. EPOLLERR and EPOLLPRI for ever once it is gone. */
static void test_cgroup_events(void **state UNUSED)
{
        if (!group_new())
                skip();
        int fd = open(events_path, O_RDONLY | O_CLOEXEC), ep = epoll_new();
        assert_true(fd >= 0);
        assert_int_equal(group_populated(fd), 0);
        assert_int_equal(epoll_op(ep, EPOLL_CTL_ADD, fd, EPOLLPRI), 0);
        (void)epoll_now(ep);
        assert_int_equal(group_populated(fd), 0);

        Pipe go = pipe_new();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)close(go.out);
                (void)wait_for(go.in, POLLIN);
                _exit(0);
        }
        bool joined = group_join(pid);
        if (joined) {
                assert_true(wait_for(fd, POLLPRI) & POLLPRI);
                assert_int_equal(group_populated(fd), 1); /* reading it uses the hint up */
        }
        fd_close_p(&go.out);
        while (group_populated(fd) != 0)
                assert_true(wait_for(fd, POLLPRI) & POLLPRI); /* hints may come late and once more */
        siginfo_t info;
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0); /* a zombie does not count */
        assert_true(joined);
        assert_int_equal(rmdir(group), 0);
        group[0] = '\0';
        for (int i = 0; i < 3; i++)
                assert_int_equal(epoll_now(ep) & (EPOLLPRI | EPOLLERR), EPOLLPRI | EPOLLERR);
        char c;
        assert_int_equal(pread(fd, &c, 1, 0), -1);
        assert_int_equal(errno, ENODEV);
        assert_int_equal(epoll_now(ep) & (EPOLLPRI | EPOLLERR), EPOLLPRI | EPOLLERR);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        fd_close_p(&fd);
        fd_close_p(&ep);
        pipe_done(&go);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signals_coalesce),
                cmocka_unit_test(test_ignored_sigchld_takes_statuses),
                cmocka_unit_test(test_pidfd),
                cmocka_unit_test(test_drain),
                cmocka_unit_test(test_pdeathsig_and_ids),
                cmocka_unit_test(test_level),
                cmocka_unit_test(test_closed_is_dropped),
                cmocka_unit_test(test_closed_with_a_copy_is_not_dropped),
                cmocka_unit_test(test_hang_up),
                cmocka_unit_test(test_half_closed_socket),
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_regular_file_is_refused),
                cmocka_unit_test(test_wait_is_not_early),
                cmocka_unit_test(test_copies_keep_a_pipe),
                cmocka_unit_test(test_epipe),
                cmocka_unit_test(test_seal),
                cmocka_unit_test(test_unsealed_is_sigbus),
                cmocka_unit_test_teardown(test_cgroup_events, group_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
