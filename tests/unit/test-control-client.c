/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/client.h"
#include "control/command-table.h"
#include "support/oom.h"

static Nsec in_seconds(unsigned n)
{
        return nsec_add(clock_now(&clock_monotonic), n * NSEC_PER_SEC);
}

/* A client whose other end the test holds. */
static void pair(ControlClient *c, int *ret_far)
{
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        *c = (ControlClient){.fd = fds[0], .in = BUF_INIT(LIMIT_CONTROL_ANSWER)};
        *ret_far = fds[1];
}

static void put(int fd, const char *text)
{
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void expect_line(ControlClient *c, const char *want)
{
        Span line;
        assert_int_equal(control_client_line(c, in_seconds(10), &line), 0);
        assert_span_equal(line, span_of(want));
}

static void test_lines(void **state UNUSED)
{
        ControlClient c;
        CLEANUP_FD int far = -EBADF;
        Span line = SPAN("untouched");
        pair(&c, &far);
        assert_int_equal(control_client_line(&c, 0, &line), CONTROL_CLIENT_E_TIMEOUT);
        put(far, "one\n\ntw");
        expect_line(&c, "one");
        expect_line(&c, "");
        assert_int_equal(control_client_line(&c, 0, &line), CONTROL_CLIENT_E_TIMEOUT);
        put(far, "o\nthree\nfo");
        expect_line(&c, "two");
        fd_close_p(&far);
        expect_line(&c, "three");
        assert_span_equal(line, SPAN("untouched"));
        assert_int_equal(control_client_line(&c, in_seconds(10), &line), CONTROL_CLIENT_E_CLOSED);
        assert_int_equal(control_client_line(&c, NSEC_NEVER, &line), CONTROL_CLIENT_E_CLOSED);
        control_client_done(&c);
}

static void test_long_line(void **state UNUSED)
{
        ControlClient c;
        CLEANUP_FD int far = -EBADF;
        Span line;
        pair(&c, &far);
        c.in.cap = 100;
        for (unsigned i = 0; i < 10; i++)
                put(far, "0123456789");
        assert_int_equal(control_client_line(&c, in_seconds(10), &line), -EMSGSIZE);
        control_client_done(&c);
}

static void expect_request(const char *const *words, size_t n, const char *want)
{
        ControlClient c;
        CLEANUP_FD int far = -EBADF;
        char got[256] = "";
        pair(&c, &far);
        assert_int_equal(control_client_ask(&c, words, n), 0);
        assert_true(read(far, got, sizeof(got) - 1) > 0);
        assert_string_equal(got, want);
        control_client_done(&c);
}

static void test_ask(void **state UNUSED)
{
        expect_request((const char *[]){"logs", "-f", "fs"}, 3, "logs -f fs\n");
        expect_request((const char *[]){"status", "", "a b", "c\"d", "e\\f", "g'h"}, 6,
                       "status \"\" \"a b\" \"c\\\"d\" \"e\\\\f\" \"g'h\"\n");

        ControlClient c;
        CLEANUP_FD int far = -EBADF;
        pair(&c, &far);
        assert_int_equal(control_client_ask(&c, (const char *[]){"a\nb"}, 1), -EINVAL);
        char *longest = calloc(1, CONTROL_LINE_MAX + 1);
        memset(longest, 'x', CONTROL_LINE_MAX);
        assert_int_equal(control_client_ask(&c, (const char *[]){longest}, 1), -ENOBUFS);
        free(longest);
        fd_close_p(&far);
        assert_int_equal(control_client_ask(&c, (const char *[]){"ping"}, 1), CONTROL_CLIENT_E_CLOSED);
        control_client_done(&c);
}

/* A request that does not fit in the socket goes on when its reader has made room. */
static void test_slow_server(void **state UNUSED)
{
        ControlClient c;
        CLEANUP_FD int far = -EBADF;
        const int small = 4096;
        enum { LEN = 60000 };
        char *longest = calloc(1, LEN + 1);
        pair(&c, &far);
        memset(longest, 'x', LEN);
        assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
        assert_int_equal(fd_set_nonblock(far, false), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char byte;
                size_t n = 0;
                while (read(far, &byte, 1) == 1 && byte != '\n')
                        n++;
                _exit(n == LEN ? 0 : 1);
        }
        assert_int_equal(control_client_ask(&c, (const char *[]){longest}, 1), 0);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        free(longest);
        control_client_done(&c);
}

/* Whatever words are sent, the parser of the other side reads the same. */
static void test_quoting_is_undone(void **state UNUSED)
{
        static ControlRequest r;
        SeededRandom seeded;
        test_random_init(&seeded);
        for (unsigned round = 0; round < 500; round++) {
                ControlClient c;
                CLEANUP_FD int far = -EBADF;
                char name[24] = "", got[256] = "";
                size_t n = random_next(&seeded.random) % 20;
                for (size_t i = 0; i < n; i++)
                        name[i] = " \t'\"\\ab-=\r\xff"[random_next(&seeded.random) % 11];
                pair(&c, &far);
                assert_int_equal(control_client_ask(&c, (const char *[]){"status", "--", name}, 3), 0);
                assert_true(read(far, got, sizeof(got) - 1) > 0);
                got[strcspn(got, "\n")] = '\0';
                assert_null(control_parse(got, &r));
                assert_int_equal(r.n_names, 1);
                assert_string_equal(r.names[0], name);
                control_client_done(&c);
        }
}

/* ---- connecting ------------------------------------------------------------- */

static int listen_at(const char *name, int backlog)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        if (backlog >= 0)
                assert_int_equal(listen(fd, backlog), 0);
        return fd;
}

static void test_connect(void **state)
{
        ControlClient c;
        CLEANUP(buf_done) Buf path = BUF_INIT(4096);
        assert_int_equal(buf_appendf(&path, "%s/s", (char *)*state), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), CONTROL_CLIENT_E_NO_DAEMON);
        CLEANUP_FD int bound = listen_at(buf_text(&path), -1);
        assert_int_equal(control_client_open(buf_text(&path), &c), CONTROL_CLIENT_E_NO_DAEMON);
        assert_int_equal(listen(bound, 5), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), 0);
        CLEANUP_FD int far = accept(bound, NULL, NULL);
        assert_true(far >= 0);
        assert_int_equal(control_client_ask(&c, (const char *[]){"ping"}, 1), 0);
        put(far, "{}\n");
        expect_line(&c, "{}");
        control_client_done(&c);

        assert_int_equal(buf_append_str(&path, "/below"), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), CONTROL_CLIENT_E_NO_DAEMON);
        assert_true(control_client_open(*state, &c) != 0); /* a directory */
}

/* Longer than an address may be. */
static void test_long_path(void **state)
{
        ControlClient c;
        CLEANUP(buf_done) Buf path = BUF_INIT(4096);
        CLEANUP_FD int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(buf_appendf(&path, "%s/%0120d", (char *)*state, 7), 0);
        assert_int_equal(mkdir(buf_text(&path), 0700), 0);
        assert_int_equal(chdir(buf_text(&path)), 0);
        CLEANUP_FD int listener = listen_at("s", 5);
        assert_true(listener >= 0);
        assert_int_equal(fchdir(here), 0);
        assert_int_equal(buf_append_str(&path, "/s"), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), 0);
        control_client_done(&c);
        assert_int_equal(buf_append_str(&path, "t"), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), CONTROL_CLIENT_E_NO_DAEMON);

        buf_clear(&path);
        assert_int_equal(buf_appendf(&path, "%0120d", 7), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), -ENAMETOOLONG);
        assert_int_equal(buf_appendf(&path, "/%0120d", 7), 0);
        assert_int_equal(control_client_open(buf_text(&path), &c), CONTROL_CLIENT_E_NO_DAEMON);
}

static int ask_and_read(void *arg UNUSED)
{
        ControlClient c;
        CLEANUP_FD int far = -EBADF;
        Span line;
        pair(&c, &far);
        put(far, "line\n");
        int r = control_client_ask(&c, (const char *[]){"status", "a b"}, 2);
        if (r == 0)
                r = control_client_line(&c, in_seconds(10), &line);
        control_client_done(&c);
        return r;
}

static void test_out_of_memory(void **state UNUSED)
{
        assert_true(oom_each(ask_and_read, NULL) >= 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_long_line),
                cmocka_unit_test(test_ask),
                cmocka_unit_test(test_slow_server),
                cmocka_unit_test(test_quoting_is_undone),
                cmocka_unit_test_setup_teardown(test_connect, test_dir_setup, test_dir_teardown),
                cmocka_unit_test_setup_teardown(test_long_path, test_dir_setup, test_dir_teardown),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
