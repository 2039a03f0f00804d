/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "support/oom.h"

/* Linked with --wrap=read and --wrap=write: while a script is set, it says what each call gives:
 * at most that many bytes, or a negative errno. */
static const int *script;
ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __real_write(int fd, const void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n);

enum { SCRIPT_END = 1 << 20 };

static bool scripted(size_t *n, ssize_t *ret)
{
        if (!script || *script == SCRIPT_END)
                return false;
        int step = *script++;
        if (step > 0) {
                *n = MIN(*n, (size_t)step);
                return false;
        }
        errno = -step;
        *ret = step ? -1 : 0;
        return true;
}

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
        ssize_t r;
        return scripted(&n, &r) ? r : __real_read(fd, buf, n);
}

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
        ssize_t r;
        return scripted(&n, &r) ? r : __real_write(fd, buf, n);
}

static void test_close(void **state UNUSED)
{
        int p[2], none = -EBADF, wrong = 1000000;
        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        int number = p[0];
        errno = EXDEV;
        fd_close_p(&p[0]);
        assert_int_equal(errno, EXDEV);
        assert_int_equal(p[0], -EBADF);
        assert_int_equal(fcntl(number, F_GETFD), -1);

        errno = EXDEV;
        fd_close_p(&none);
        assert_int_equal(none, -EBADF);
        fd_close_p(&p[0]); /* again: nothing to close */
        fd_close_p(&wrong);
        assert_int_equal(errno, EXDEV);
        assert_int_equal(wrong, -EBADF);
        fd_close_p(&p[1]);

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        {
                CLEANUP_FD int read_end = TAKE_FD(p[0]);
                CLEANUP_FD int write_end = TAKE_FD(p[1]);
                assert_int_equal(p[0], -EBADF);
                assert_true(read_end >= 0 && write_end >= 0);
                number = write_end;
        }
        assert_int_equal(fcntl(number, F_GETFD), -1);
}

/* 0 is a descriptor like any other. */
static void test_zero(void **state UNUSED)
{
        int saved = fcntl(0, F_DUPFD_CLOEXEC, 10), fd = -EBADF;
        (void)close(0);
        int r = fd_memfd_new("test", &fd), got = fd;
        fd_close_p(&fd);
        bool closed = fcntl(0, F_GETFD) < 0;
        if (saved >= 0) { /* put back before anything can fail */
                (void)dup2(saved, 0);
                (void)close(saved);
        }
        assert_int_equal(r, 0);
        assert_int_equal(got, 0);
        assert_true(closed);
}

static void test_flags(void **state UNUSED)
{
        int p[2];
        assert_int_equal(pipe2(p, 0), 0);
        for (int i = 0; i < 2; i++) { /* twice: the second changes nothing */
                assert_int_equal(fd_set_nonblock(p[1], true), 0);
                assert_int_equal(fcntl(p[1], F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_WRONLY);
                assert_int_equal(fd_set_cloexec(p[1], true), 0);
                assert_int_equal(fcntl(p[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        }
        assert_int_equal(fd_set_nonblock(p[1], false), 0);
        assert_int_equal(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0);
        assert_int_equal(fd_set_cloexec(p[1], false), 0);
        assert_int_equal(fcntl(p[1], F_GETFD) & FD_CLOEXEC, 0);
        assert_int_equal(fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
        fd_close_p(&p[0]);
        fd_close_p(&p[1]);
        assert_int_equal(fd_set_nonblock(-1, true), -EBADF);
        assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
}

static void on_alarm(int signo UNUSED)
{
}

/* A pipe full many times over, read in odd pieces by another process, while a timer without SA_RESTART
 * interrupts. */
static void test_through_pipe(void **state UNUSED)
{
        enum { SIZE = 3 * 1000 * 1000 + 7 };
        static char sent[SIZE];
        SeededRandom random;
        test_random_init(&random);
        test_random_bytes(&random.random, sent, SIZE);

        int to[2];
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        struct sigaction action = {.sa_handler = on_alarm}, old;
        assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        struct itimerval often = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};
        (void)setitimer(ITIMER_REAL, &often, NULL); /* in both: a child inherits none */
        if (pid == 0) {
                (void)close(to[1]);
                Buf got = BUF_INIT(SIZE);
                int r = fd_read_all(to[0], &got);
                _exit(r == 0 && got.len == SIZE && memcmp(got.data, sent, SIZE) == 0 ? 0 : 1);
        }
        fd_close_p(&to[0]);
        int r = fd_write_all(to[1], span_from(sent, SIZE));
        (void)setitimer(ITIMER_REAL, &off, NULL);
        (void)sigaction(SIGALRM, &old, NULL);
        fd_close_p(&to[1]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(r, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_write_steps(void **state UNUSED)
{
        static const int steps[] = {1, -EINTR, 2, 1, -EINTR, -EINTR, 3, SCRIPT_END};
        static const int fails[] = {2, -EINTR, -EIO, SCRIPT_END}, stuck[] = {2, 0, SCRIPT_END};
        CLEANUP(buf_done) Buf b = BUF_INIT(100);
        int p[2];
        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        script = steps;
        assert_int_equal(fd_write_all(p[1], SPAN("hello world")), 0);
        script = fails;
        assert_int_equal(fd_write_all(p[1], SPAN("abcd")), -EIO);
        script = stuck; /* takes nothing and says no error: that must not go on for ever */
        assert_int_equal(fd_write_all(p[1], SPAN("efgh")), -EIO);
        script = NULL;
        assert_int_equal(fd_write_all(p[1], SPAN_NONE), 0);
        assert_int_equal(fd_write_all(-1, SPAN("")), 0);
        assert_int_equal(fd_write_all(-1, SPAN("x")), -EBADF);
        fd_close_p(&p[1]);
        assert_int_equal(fd_read_all(p[0], &b), 0);
        assert_string_equal(buf_text(&b), "hello worldabef");
        fd_close_p(&p[0]);
}

static void test_write_full_pipe(void **state UNUSED)
{
        static char much[1 << 20];
        int p[2];
        assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(fd_write_all(p[1], span_from(much, sizeof(much))), -EAGAIN);
        fd_close_p(&p[0]);
        fd_close_p(&p[1]);
}

static int read_text(const char *text, const int *steps, Buf *b)
{
        int p[2];
        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        assert_int_equal(fd_write_all(p[1], span_of(text)), 0);
        fd_close_p(&p[1]);
        script = steps;
        int r = fd_read_all(p[0], b);
        script = NULL;
        fd_close_p(&p[0]);
        return r;
}

static void test_read_steps(void **state UNUSED)
{
        static const int steps[] = {3, -EINTR, 1, -EINTR, SCRIPT_END};
        static const int fails[] = {3, -EIO, SCRIPT_END};
        /* The same where the buffer is full and only the end of file is asked for. */
        static const int full_steps[] = {5, -EINTR, SCRIPT_END}, full_fails[] = {5, -EIO, SCRIPT_END};
        CLEANUP(buf_done)
        Buf b = BUF_INIT(100), fails_b = BUF_INIT(100), five = BUF_INIT(5), again = BUF_INIT(5);
        assert_int_equal(read_text("hello", steps, &b), 0);
        assert_int_equal(read_text(" and more", NULL, &b), 0); /* appends */
        assert_string_equal(buf_text(&b), "hello and more");
        assert_int_equal(read_text("hello", fails, &fails_b), -EIO);
        assert_int_equal(read_text("hello", full_steps, &five), 0);
        assert_string_equal(buf_text(&five), "hello");
        assert_int_equal(read_text("hello", full_fails, &again), -EIO);
        assert_int_equal(fd_read_all(-1, &b), -EBADF);
}

/* Nothing to read: still a text. */
static void test_read_nothing(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(100), none = BUF_INIT(0);
        assert_int_equal(read_text("", NULL, &b), 0);
        assert_int_equal(b.len, 0);
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(read_text("", NULL, &none), 0);
        assert_int_equal(read_text("x", NULL, &none), -ENOBUFS);

        int p[2];
        assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(fd_read_all(p[0], &b), -EAGAIN);
        fd_close_p(&p[0]);
        fd_close_p(&p[1]);
}

/* Around the cap and around the size of one read. */
static void test_read_cap(void **state UNUSED)
{
        static const size_t sizes[] = {1, 100, 16383, 16384, 16385, 40000};
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                CLEANUP_FREE char *text = calloc(1, sizes[i] + 1);
                assert_non_null(text);
                memset(text, 'x', sizes[i]);
                CLEANUP(buf_done) Buf exact = BUF_INIT(sizes[i]), small = BUF_INIT(sizes[i] - 1);
                CLEANUP(buf_done) Buf large = BUF_INIT(sizes[i] + 1);
                assert_int_equal(read_text(text, NULL, &exact), 0);
                assert_span_equal(buf_span(&exact), span_of(text));
                assert_int_equal(read_text(text, NULL, &large), 0);
                assert_int_equal(large.len, sizes[i]);
                assert_int_equal(read_text(text, NULL, &small), -ENOBUFS);
                assert_true(small.len <= small.cap);
        }
}

static int read_op(void *arg UNUSED)
{
        static const char text[70000];
        int fd = -EBADF;
        assert_int_equal(fd_memfd_new("test", &fd), 0);
        assert_int_equal(fd_write_all(fd, span_from(text, sizeof(text))), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        CLEANUP(buf_done) Buf b = BUF_INIT(100000);
        int r = fd_read_all(fd, &b);
        assert_true(r < 0 || b.len == sizeof(text));
        fd_close_p(&fd);
        return r;
}

static void test_oom(void **state UNUSED)
{
        assert_true(oom_each(read_op, NULL) >= 2);
}

static void test_sealed(void **state UNUSED)
{
        char big[300];
        int fd = -EBADF;
        memset(big, 'n', sizeof(big));
        big[sizeof(big) - 1] = '\0';
        assert_int_equal(fd_memfd_new(big, &fd), -EINVAL); /* a name of 250 at most */
        assert_int_equal(fd, -EBADF);
        assert_int_equal(fd_memfd_new("test", &fd), 0);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fd_write_all(fd, SPAN("hello")), 0);
        assert_int_equal(fd_memfd_seal(fd), 0);

        assert_int_equal(fd_write_all(fd, SPAN("x")), -EPERM);
        assert_int_equal(pwrite(fd, "x", 1, 0), -1);
        for (off_t size = 4; size <= 6; size += 2) {
                errno = 0;
                assert_int_equal(ftruncate(fd, size), -1);
                assert_int_equal(errno, EPERM);
        }
        assert_ptr_equal(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
        assert_int_equal(errno, EPERM);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), -1);
        assert_int_equal(fd_memfd_seal(fd), -EPERM);

        char *p = mmap(NULL, 5, PROT_READ, MAP_PRIVATE, fd, 0);
        assert_ptr_not_equal(p, MAP_FAILED);
        assert_memory_equal(p, "hello", 5);
        assert_int_equal(munmap(p, 5), 0);
        fd_close_p(&fd);
}

/* What cannot be sealed is said: a writable mapping elsewhere, a file that is no memfd. */
static void test_not_sealed(void **state)
{
        int fd = -EBADF;
        assert_int_equal(fd_memfd_new("test", &fd), 0);
        assert_int_equal(ftruncate(fd, 5), 0);
        void *p = mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(p, MAP_FAILED);
        assert_int_equal(fd_memfd_seal(fd), -EBUSY);
        assert_int_equal(munmap(p, 5), 0);
        assert_int_equal(fd_memfd_seal(fd), 0);
        fd_close_p(&fd);

        fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_true(fd_memfd_seal(fd) < 0);
        fd_close_p(&fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_close),
                cmocka_unit_test(test_zero),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_through_pipe),
                cmocka_unit_test(test_write_steps),
                cmocka_unit_test(test_write_full_pipe),
                cmocka_unit_test(test_read_steps),
                cmocka_unit_test(test_read_nothing),
                cmocka_unit_test(test_read_cap),
                cmocka_unit_test(test_oom),
                cmocka_unit_test(test_sealed),
                cmocka_unit_test_setup_teardown(test_not_sealed, test_dir_setup, test_dir_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
