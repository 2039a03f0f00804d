/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/log-journal.h"
#include "base/log.h"

static void test_journal_fields(void **state UNUSED)
{
        static const char *const want[] = {
                "MESSAGE=two\nlines\\x1b", "PRIORITY=3",      "SYSLOG_IDENTIFIER=mcpvisor",
                "MCPVISOR_SERVER=fs",      "MCPVISOR_PID=-7", "MCPVISOR_A_B_9=x\ty",
                "CODE_FILE=x.c",           "CODE_LINE=12",
        };
        const LogField fields[] = {LOG_SERVER("fs"), LOG_PID(-7), LOG_STR("left_out", NULL),
                                   LOG_STR("a.b_9", "x\ty")};
        const LogRecord record = {
                .level = LOG_LEVEL_ERROR,
                .message = SPAN("two\nlines\033"),
                .fields = fields,
                .n_fields = ARRAY_SIZE(fields),
                .file = "x.c",
                .line = 12,
        };
        CLEANUP(log_journal_done) LogJournal j = LOG_JOURNAL_INIT;

        for (int round = 0; round < 2; round++) { /* it can be used again */
                assert_int_equal(log_journal_format(&j, &record), 0);
                assert_int_equal(j.n, (int)ARRAY_SIZE(want));
                for (int i = 0; i < j.n; i++) {
                        assert_int_equal(j.fields[i].iov_len, strlen(want[i]));
                        assert_memory_equal(j.fields[i].iov_base, want[i], strlen(want[i]));
                }
        }
}

static void test_journal_many_fields(void **state UNUSED)
{
        LogField fields[LIMIT_LOG_FIELDS + 5];
        CLEANUP(log_journal_done) LogJournal j = LOG_JOURNAL_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                fields[i] = LOG_INT("n", i);
        const LogRecord record = {.fields = fields, .n_fields = ARRAY_SIZE(fields), .file = "x.c"};
        assert_int_equal(log_journal_format(&j, &record), 0);
        assert_int_equal(j.n, LOG_JOURNAL_FIELDS);
}

/* A datagram socket that stands for journald's; the path is removed by the caller. */
static int journal_stub(struct sockaddr_un *sa, char *dir)
{
        assert_non_null(mkdtemp(dir));
        (void)snprintf(sa->sun_path, sizeof(sa->sun_path), "%s/s", dir);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (const struct sockaddr *)sa, sizeof(*sa)), 0);
        return fd;
}

static void journal_stub_remove(const struct sockaddr_un *sa, const char *dir)
{
        assert_int_equal(unlink(sa->sun_path), 0);
        assert_int_equal(rmdir(dir), 0);
}

static int flood_socket(void)
{
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        return fd;
}

/* Sends until the queue of the stub is full. */
static void journal_flood(int fd, const struct sockaddr_un *sa)
{
        while (sendto(fd, "x", 1, 0, (const struct sockaddr *)sa, sizeof(*sa)) == 1)
                ;
        assert_int_equal(errno, EAGAIN);
}

/* Whichever byte is the one too many: an error, never a crash. */
static void test_format_full(void **state UNUSED)
{
        const LogField fields[] = {LOG_SERVER("fs"), LOG_PID(7)};
        const LogRecord record = {
                .message = SPAN("two\nlines \xff"), .fields = fields, .n_fields = 2, .file = "x.c"};

        for (size_t cap = 0, r = 1; r != 0; cap++) {
                LogJournal j = {.text = BUF_INIT(cap)};
                int error = log_journal_format(&j, &record);
                assert_true(error == 0 || error == -ENOBUFS);
                r = error != 0;
                assert_true(cap < 1000);
                log_journal_done(&j);
        }
}

/* A log of the test's own clock. */
static void start(Log *log, FakeClock *clock, const char *socket_path)
{
        log_init(log);
        fake_clock_init(clock, 100 * NSEC_PER_SEC);
        log->clock = &clock->clock;
        log->journal_socket = socket_path;
}

static void test_ready(void **state UNUSED)
{
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        char dir[] = "/tmp/test-log-XXXXXX", long_path[200] = {0};

        if (log_journal_ready("/nonexistent/socket") == -ENOTSUP) {
                assert_int_equal(log_journal_send("/nonexistent/socket", NULL), -ENOTSUP);
                return;
        }
        memset(long_path, 'x', sizeof(long_path) - 1);
        assert_int_equal(log_journal_ready(long_path), -ENAMETOOLONG);
        assert_int_equal(log_journal_ready("/nonexistent/socket"), -ENOENT);

        CLEANUP_FD int fd = journal_stub(&sa, dir), flood = flood_socket();
        assert_int_equal(log_journal_ready(sa.sun_path), 0);
        journal_flood(flood, &sa);
        assert_int_equal(log_journal_ready(sa.sun_path), -EAGAIN);
        fd_close_p(&fd);
        assert_int_equal(log_journal_ready(sa.sun_path), -ECONNREFUSED);
        journal_stub_remove(&sa, dir);
}

static void test_log(void **state UNUSED)
{
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        char dir[] = "/tmp/test-log-XXXXXX";
        const LogOptions options = {.level = LOG_LEVEL_ERROR, .journal = true};
        const LogCall call = {.level = LOG_LEVEL_ERROR};
        FakeClock clock;
        CLEANUP(log_done) Log log;

        start(&log, &clock, "/nonexistent/socket");
        if (log_journal_ready("/nonexistent/socket") == -ENOTSUP) {
                assert_int_equal(log_open(&log, &options), -ENOTSUP);
                return;
        }
        assert_int_equal(log_open(&log, &options), -ENOENT);
        assert_int_equal(log.level, LOG_LEVEL_INFO); /* as it was */
        assert_false(log.journal);

        CLEANUP_FD int fd = journal_stub(&sa, dir), flood = flood_socket();
        log.journal_socket = sa.sun_path;
        assert_int_equal(log_open(&log, &options), 0);
        assert_true(log.journal);

        /* Nobody reads: once the queue is full nothing waits, and it is counted. */
        journal_flood(flood, &sa);
        log_write(&log, &call, "lost");
        assert_int_equal(log.dropped, 1);

        /* It goes away: not asked again before its time. */
        fd_close_p(&fd);
        log_write(&log, &call, "lost");
        assert_int_equal(log.sink.error, -ECONNREFUSED);
        journal_stub_remove(&sa, dir);
        log_write(&log, &call, "lost");
        assert_int_equal(log.sink.error, -ECONNREFUSED);
        assert_int_equal(log.dropped, 3);
        clock.at += LIMIT_LOG_RETRY_TIME * NSEC_PER_SEC;
        log_write(&log, &call, "lost");
        assert_int_equal(log.sink.error, -ENOENT);
        assert_int_equal(log.dropped_total, 4);
}

/* The last step, through libsystemd, only where it reaches no journal. */
static void test_send(void **state UNUSED)
{
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        char dir[] = "/tmp/test-log-XXXXXX";
        FakeClock clock;
        CLEANUP(log_done) Log log;

        if (access(LOG_JOURNAL_SOCKET, F_OK) == 0 || log_journal_ready("/nonexistent") == -ENOTSUP)
                skip();
        CLEANUP_FD int fd = journal_stub(&sa, dir);
        assert_true(fd >= 0);
        start(&log, &clock, sa.sun_path);
        assert_int_equal(log_open(&log, &(const LogOptions){.journal = true}), 0);
        log_write(&log, &(const LogCall){.level = LOG_LEVEL_INFO}, "sent");
        assert_int_equal(log.dropped_total, 0);
        journal_stub_remove(&sa, dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_journal_fields),
                cmocka_unit_test(test_journal_many_fields),
                cmocka_unit_test(test_format_full),
                cmocka_unit_test(test_ready),
                cmocka_unit_test(test_log),
                cmocka_unit_test(test_send),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
