/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/loop-child.h"

typedef struct Ward {
        LoopChild child;
        pid_t pid;
        int pidfd; /* a copy, owned */
        int go;    /* owned: closing it lets the child exit */
        int ended;
        bool known, freed;
        ChildExit how;
} Ward;

static Loop *loop;
static bool finished; /* the test, with its last line */

static int ward_ended(LoopChild *c, const ChildExit *how)
{
        Ward *w = CONTAINER_OF(c, Ward, child);
        w->ended++;
        w->known = how != NULL;
        if (how)
                w->how = *how;
        loop_stop(loop, 0);
        loop_child_done(c); /* ended already: nothing to do */
        if (w->freed) {
                fd_close_p(&w->pidfd);
                free(w);
        }
        return 0;
}

static const LoopChildOps ward_ops = {.ended = ward_ended};

/* A child that waits for `go` to be closed and exits with `status`. */
static void ward_start(Ward *w, int status)
{
        int ends[2], fd;
        *w = (Ward){.pidfd = -EBADF};
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        w->pid = fork();
        assert_true(w->pid >= 0);
        if (w->pid == 0) {
                char c;
                (void)close(ends[1]);
                (void)!read(ends[0], &c, 1);
                _exit(status);
        }
        (void)close(ends[0]);
        w->go = ends[1];
        assert_int_equal(child_pidfd_open(w->pid, &fd), 0);
        w->pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        assert_true(w->pidfd >= 0);
        assert_int_equal(loop_child_init(&w->child, loop, fd, &ward_ops), 0);
}

static void ward_wait(Ward *w)
{
        struct pollfd p = {.fd = w->pidfd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 10000), 1);
}

static int setup(void **state UNUSED)
{
        finished = false;
        return loop_new(&clock_monotonic, &loop);
}

static int teardown(void **state UNUSED)
{
        if (finished)
                loop = loop_free(loop);
        return 0;
}

static void test_exit(void **state UNUSED)
{
        Ward w;
        ward_start(&w, 42);
        assert_int_equal(loop_run_once(loop, 0), 0);
        assert_int_equal(w.ended, 0);
        ChildExit how;
        assert_int_equal(child_reap(w.pidfd, &how), CHILD_E_ALIVE);
        assert_int_equal(child_signal(w.pidfd, 0), 0);
        fd_close_p(&w.go);
        assert_int_equal(loop_run(loop), 0);
        assert_int_equal(loop_run_once(loop, 0), 0); /* once, although the pidfd stays readable */
        assert_int_equal(w.ended, 1);
        assert_true(w.known);
        assert_int_equal(w.how.pid, w.pid);
        assert_int_equal(w.how.code, CLD_EXITED);
        assert_int_equal(w.how.status, 42);
        assert_true(w.how.usage.ru_maxrss > 0);
        assert_int_equal(child_signal(w.pidfd, 0), -ESRCH);
        assert_int_equal(child_reap(w.pidfd, &how), -ECHILD);
        fd_close_p(&w.pidfd);
}

static void test_signal(void **state UNUSED)
{
        Ward w;
        ward_start(&w, 0);
        assert_int_equal(child_signal(w.pidfd, SIGKILL), 0);
        assert_int_equal(loop_run(loop), 0);
        assert_int_equal(w.how.code, CLD_KILLED);
        assert_int_equal(w.how.status, SIGKILL);
        fd_close_p(&w.go);
        fd_close_p(&w.pidfd);
}

static void test_status_taken_by_another(void **state UNUSED)
{
        Ward w;
        ward_start(&w, 0);
        fd_close_p(&w.go);
        assert_int_equal(waitpid(w.pid, NULL, 0), w.pid);
        assert_int_equal(loop_run(loop), 0);
        assert_int_equal(w.ended, 1);
        assert_false(w.known);
        fd_close_p(&w.pidfd);
}

static void test_free_inside(void **state UNUSED)
{
        Ward *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        ward_start(w, 0);
        w->freed = true;
        fd_close_p(&w->go);
        assert_int_equal(loop_run(loop), 0);
}

static void test_done_before_the_end(void **state UNUSED)
{
        Ward w;
        ward_start(&w, 5);
        loop_child_done(&w.child);
        loop_child_done(&w.child);
        fd_close_p(&w.go);
        ward_wait(&w);
        assert_int_equal(loop_run_once(loop, 0), 0);
        assert_int_equal(w.ended, 0);
        ChildExit how;
        assert_int_equal(child_signal(w.pidfd, SIGTERM), 0); /* a zombie takes it */
        assert_int_equal(child_reap(w.pidfd, &how), 0);
        assert_int_equal(how.status, 5);
        fd_close_p(&w.pidfd);
}

static void test_refused(void **state UNUSED)
{
        int fd = -7, ends[2];
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(child_pidfd_open(pid, &fd), -ESRCH);
        assert_int_equal(fd, -7);

        LoopChild c = {.fd = -7};
        assert_int_equal(loop_child_init(&c, loop, 1 << 20, &ward_ops), -EBADF);
        loop_child_done(&c);

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* readable, but no pidfd */
        assert_int_equal(write(ends[1], "x", 1), 1);
        assert_int_equal(loop_child_init(&c, loop, ends[0], &ward_ops), 0);
        assert_true(loop_run_once(loop, 0) < 0);
        loop_child_done(&c);
        (void)close(ends[1]);
}

/* A test that fails leaves its sources behind: then the loop stays too, so that one reads the reason. */
static void run(void **state)
{
        ((CMUnitTestFunction)*state)(NULL);
        finished = true;
}

#define CHILD_TEST(f)                                                                         \
        {                                                                                     \
                .name = #f, .test_func = run, .setup_func = setup, .teardown_func = teardown, \
                .initial_state = (f)                                                          \
        }

int main(void)
{
        int fd = -EBADF, r = child_pidfd_open(getpid(), &fd);
        if (r < 0) { /* an old kernel, valgrind, a container's filter */
                print_message("skipped: pidfd_open: %s\n", strerror(-r));
                return 77;
        }
        fd_close_p(&fd);
        const struct CMUnitTest tests[] = {
                CHILD_TEST(test_exit),
                CHILD_TEST(test_signal),
                CHILD_TEST(test_status_taken_by_another),
                CHILD_TEST(test_free_inside),
                CHILD_TEST(test_done_before_the_end),
                CHILD_TEST(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
