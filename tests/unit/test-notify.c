/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "supervisor/notify.h"

enum { WORLD = 4 };

static char texts[64][300], *world[WORLD + 1];
static size_t n_texts;

/* As whoever starts us would have set it. */
static void env(const char *name, const char *value)
{
        size_t i = 0;
        environ = world;
        (void)unsetenv(name);
        while (world[i])
                i++;
        assert_true(i < WORLD && n_texts < ARRAY_SIZE(texts));
        world[i] = texts[n_texts++];
        (void)snprintf(world[i], sizeof(texts[0]), "%s=%s", name, value);
}

static int listen_at(const char *name)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        size_t n = strlen(name);
        memcpy(a.sun_path, name, n);
        if (name[0] == '@')
                a.sun_path[0] = '\0';
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
        assert_int_equal(bind(fd, (const struct sockaddr *)&a, size), 0);
        return fd;
}

static void expect(int fd, const char *want)
{
        char text[4096];
        ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
        assert_true(n >= 0);
        text[n] = '\0';
        assert_string_equal(text, want);
}

static void say_all(Notify *n, int fd)
{
        notify_ready(n, "3 servers");
        expect(fd, "READY=1\nSTATUS=3 servers");
        notify_ready(n, NULL);
        expect(fd, "READY=1\n");
        notify_reloading(n, 1234567890);
        expect(fd, "RELOADING=1\nMONOTONIC_USEC=1234567");
        notify_stopping(n, "bye");
        expect(fd, "STOPPING=1\nSTATUS=bye");
        notify_status(n, "two\nlines\nREADY=1");
        expect(fd, "STATUS=two lines READY=1");
        notify_status(n, NULL);
        notify_watchdog(n);
        expect(fd, "WATCHDOG=1");
        notify_extend(n, 5 * NSEC_PER_SEC);
        expect(fd, "EXTEND_TIMEOUT_USEC=5000000");
}

static void test_path(void **state)
{
        char path[100], number[32];
        Notify n;
        (void)snprintf(path, sizeof(path), "%s/notify", (const char *)*state);
        CLEANUP_FD int fd = listen_at(path);
        env("NOTIFY_SOCKET", path);
        env("WATCHDOG_USEC", "30000000");
        (void)snprintf(number, sizeof(number), "%d", getpid());
        env("WATCHDOG_PID", number);
        assert_int_equal(notify_init(&n), 0);
        assert_true(n.watchdog == 30 * NSEC_PER_SEC);
        assert_null(getenv("NOTIFY_SOCKET"));
        assert_null(getenv("WATCHDOG_USEC"));
        assert_null(getenv("WATCHDOG_PID"));
        assert_true(fcntl(n.fd, F_GETFD) & FD_CLOEXEC);
        say_all(&n, fd);
        assert_int_equal(n.sent, 7);
        assert_int_equal(n.dropped, 0);

        char longer[3000];
        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        notify_status(&n, longer);
        char text[4096];
        assert_in_range(recv(fd, text, sizeof(text), 0), 500, 2000);

        fd_close_p(&fd); /* nobody there */
        notify_watchdog(&n);
        assert_int_equal(n.dropped, 1);
        notify_done(&n);
        notify_done(&n);
        notify_watchdog(&n);
        assert_int_equal(n.dropped, 0);
}

static void test_abstract(void **state UNUSED)
{
        char name[64];
        Notify n;
        (void)snprintf(name, sizeof(name), "@mcpvisor-test-%d", getpid());
        CLEANUP_FD int fd = listen_at(name);
        env("NOTIFY_SOCKET", name);
        assert_int_equal(notify_init(&n), 0);
        assert_true(n.watchdog == 0);
        say_all(&n, fd);
        notify_done(&n);
}

/* Nobody reads: it never waits. */
static void test_full(void **state)
{
        char path[100];
        Notify n;
        (void)snprintf(path, sizeof(path), "%s/full", (const char *)*state);
        CLEANUP_FD int fd = listen_at(path);
        env("NOTIFY_SOCKET", path);
        assert_int_equal(notify_init(&n), 0);
        (void)alarm(20);
        for (int i = 0; i < 10000; i++)
                notify_watchdog(&n);
        (void)alarm(0);
        assert_true(n.sent > 0 && n.dropped > 0);
        assert_int_equal(n.sent + n.dropped, 10000);
        expect(fd, "WATCHDOG=1"); /* and when there is room again it goes on */
        uint64_t sent = n.sent;
        notify_ready(&n, NULL);
        assert_int_equal(n.sent, sent + 1);
        notify_done(&n);
}

static void test_nobody(void **state UNUSED)
{
        static const char *const rows[] = {
                "",
                "/",
                "@",
                "relative",
                "vsock:2:1234",
                ("/a-path-that-is-much-too-long-for-the-address-of-a-unix-socket-which-"
                 "holds-a-hundred-and-eight-bytes-and-no-more")};
        Notify n;
        assert_int_equal(notify_init(&n), 0);
        assert_int_equal(n.fd, -1);
        notify_ready(&n, "x");
        assert_int_equal(n.dropped, 0);
        notify_done(&n);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                env("NOTIFY_SOCKET", rows[i]);
                env("WATCHDOG_USEC", "1000");
                assert_int_equal(notify_init(&n), 0);
                assert_row(n.fd == -1 && n.watchdog == 0, "%s", rows[i]);
                notify_watchdog(&n);
                notify_done(&n);
        }
}

static void test_watchdog_of_another(void **state)
{
        static const struct {
                const char *usec, *pid;
                Nsec want;
        } rows[] = {{"1000", "1", 0},  {"x", NULL, 0},          {"99999999999999999999", NULL, 0},
                    {"1000", "me", 0}, {"1000", NULL, 1000000}, {"18446744073709551615", NULL, 0}};
        char path[100];
        Notify n;
        (void)snprintf(path, sizeof(path), "%s/n", (const char *)*state);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                env("NOTIFY_SOCKET", path);
                env("WATCHDOG_USEC", rows[i].usec);
                if (rows[i].pid)
                        env("WATCHDOG_PID", rows[i].pid);
                assert_int_equal(notify_init(&n), 0);
                assert_row(n.watchdog == rows[i].want, "%zu", i);
                notify_done(&n);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_path, test_dir_setup, test_dir_teardown),
                cmocka_unit_test(test_abstract),
                cmocka_unit_test_setup_teardown(test_full, test_dir_setup, test_dir_teardown),
                cmocka_unit_test(test_nobody),
                cmocka_unit_test_setup_teardown(test_watchdog_of_another, test_dir_setup, test_dir_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
