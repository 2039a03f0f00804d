/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/log.h"

#define WALL 1795194000123456 /* 2026-11-20T17:00:00.123456Z */

static int64_t fixed_wall(void)
{
        return WALL;
}

/* A log with clocks of the test and both ends of a pipe. */
typedef struct Fixture {
        Log log;
        FakeClock clock;
        int in, out; /* owned */
        Buf got;
} Fixture;

static int setup(void **state)
{
        static Fixture fixture;
        Fixture *f = &fixture;
        int fds[2];

        *f = (Fixture){.got = BUF_INIT(BUF_CAP_NONE)};
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -1;
        f->in = fds[0];
        f->out = fds[1];
        log_init(&f->log);
        fake_clock_init(&f->clock, 100 * NSEC_PER_SEC);
        f->log.clock = &f->clock.clock;
        f->log.wall = fixed_wall;
        *state = f;
        return fd_set_nonblock(f->in, true);
}

static int teardown(void **state)
{
        Fixture *f = *state;
        log_done(&f->log);
        fd_close_p(&f->in);
        fd_close_p(&f->out);
        buf_done(&f->got);
        return 0;
}

static void open_log(Fixture *f, int fd, LogStyleChoice style)
{
        const LogOptions options = {.level = LOG_LEVEL_INFO, .style = style, .fd = fd};
        assert_int_equal(log_open(&f->log, &options), 0);
        f->log.clock = &f->clock.clock;
        f->log.wall = fixed_wall;
}

/* Everything that is in the pipe now. */
static const char *drain(Fixture *f)
{
        buf_clear(&f->got);
        assert_int_equal(fd_read_all(f->in, &f->got), -EAGAIN);
        return buf_text(&f->got);
}

#define CALL(lvl, ...) (&(const LogCall){.level = (lvl), ##__VA_ARGS__})
#define INFO           CALL(LOG_LEVEL_INFO)
#define TS             "2026-11-20T17:00:00.123Z"

/* ---- the log ------------------------------------------------------------- */

static void test_pipe(void **state)
{
        Fixture *f = *state;

        open_log(f, f->out, LOG_CHOICE_TEXT);
        errno = ENOENT;
        log_write(&f->log, CALL(LOG_LEVEL_WARNING, .fields = LOG_FIELDS(LOG_SERVER("fs"), LOG_PID(12))),
                  "open %s: %m\n", "x");
        assert_int_equal(errno, ENOENT);
        assert_string_equal(drain(f), TS " warning open x: No such file or directory server=fs pid=12\n");

        open_log(f, f->out, LOG_CHOICE_AUTO); /* a pipe is no terminal */
        log_write(&f->log,
                  CALL(LOG_LEVEL_INFO, .fields = LOG_FIELDS(LOG_REQUEST("c-1"), LOG_INSTANCE(3),
                                                            LOG_STR("no", NULL), LOG_SPAN("s", SPAN("t")))),
                  "%s", "");
        assert_string_equal(drain(f), "{\"ts\":\"" TS "\",\"level\":\"info\",\"msg\":\"\","
                                      "\"correlation_id\":\"c-1\",\"instance\":3,\"s\":\"t\"}\n");
}

static void test_level(void **state)
{
        Fixture *f = *state;

        open_log(f, f->out, LOG_CHOICE_TEXT);
        log_write(&f->log, CALL(LOG_LEVEL_DEBUG), "no");
        assert_string_equal(drain(f), "");
        f->log.level = LOG_LEVEL_DEBUG;
        log_write(&f->log, CALL(LOG_LEVEL_DEBUG, .file = "../src/base/x.c", .line = 3), "yes");
        log_write(&f->log, CALL(LOG_LEVEL_DEBUG, .file = "y.c", .line = 4), "yes");
        log_write(&f->log, CALL(LOG_LEVEL_INFO, .file = "y.c", .line = 4), "yes");
        assert_string_equal(drain(f), TS " debug   yes at=base/x.c:3\n" TS " debug   yes at=y.c:4\n" TS
                                         " info    yes\n");
}

static void test_macros(void **state)
{
        Fixture *f = *state;
        const LogField *fields = LOG_FIELDS(LOG_SERVER("fs"));
        const LogOptions options = {.level = LOG_LEVEL_INFO, .style = LOG_CHOICE_TEXT, .fd = f->out};
        int evaluated = 0;

        assert_int_equal(log_open(log_default(), &options), 0);
        log_default()->wall = fixed_wall;
        log_debug("%d", ++evaluated);
        log_debug_with(fields, "%d", ++evaluated);
        assert_int_equal(evaluated, 0);
        log_info("a");
        log_warning("b %d", 1);
        log_error("c");
        log_info_with(LOG_FIELDS(LOG_SERVER("fs"), LOG_PID(1)), "d");
        log_warning_with(fields, "e");
        log_error_with(fields, "f");
        log_limited(LOG_LEVEL_INFO, "key", NULL, "g");
        assert_string_equal(drain(f), TS " info    a\n" TS " warning b 1\n" TS " error   c\n" TS
                                         " info    d server=fs pid=1\n" TS " warning e server=fs\n" TS
                                         " error   f server=fs\n" TS " info    g\n");
        log_done(log_default());
        assert_int_equal(log_default()->sink.fd, STDERR_FILENO); /* usable again */
        assert_true(log_default()->wall() > WALL / 2);           /* the real clock */
}

static void test_redaction(void **state)
{
        Fixture *f = *state;
        RedactSet *set;

        assert_int_equal(redact_set_new(&set), 0);
        assert_int_equal(redact_set_add(set, SPAN("hunter2")), 0);
        assert_int_equal(redact_set_add(set, SPAN("BEGIN\nkey\nEND")), 0);
        assert_int_equal(redact_set_add(set, SPAN("esc\033aped")), 0);
        open_log(f, f->out, LOG_CHOICE_TEXT);
        log_set_secrets(&f->log, set);
        set = redact_set_unref(set);

        log_write(&f->log,
                  CALL(LOG_LEVEL_INFO,
                       .fields = LOG_FIELDS(LOG_STR("a", "x=hunter2"), LOG_STR("b", "esc\033aped"))),
                  "pass %s, BEGIN\nkey\nEND", "hunter2");
        assert_string_equal(drain(f), TS " info    pass <secret>, <secret> a=\"x=<secret>\" b=<secret>\n");
        /* Many marks are longer than what they stand for; nothing may be written past the room. */
        CLEANUP(buf_done) Buf many = BUF_INIT(BUF_CAP_NONE);
        for (int i = 0; i < 5000; i++)
                assert_int_equal(buf_append_str(&many, "hunter2"), 0);
        log_write(&f->log, CALL(LOG_LEVEL_INFO, .fields = LOG_FIELDS(LOG_SPAN("v", buf_span(&many)))), "%s",
                  many.data);
        assert_null(strstr(drain(f), "hunter"));
        log_set_secrets(&f->log, NULL);
        log_write(&f->log, INFO, "hunter2");
        assert_string_equal(drain(f), TS " info    hunter2\n");
}

static void test_limits(void **state)
{
        Fixture *f = *state;
        LogField fields[LIMIT_LOG_FIELDS + 2] = {0};
        CLEANUP_FREE char *text = calloc(1, LIMIT_LOG_RECORD + 2);

        assert_non_null(text);
        memset(text, 'm', LIMIT_LOG_RECORD + 1);
        open_log(f, f->out, LOG_CHOICE_TEXT);
        for (size_t i = 0; i < LIMIT_LOG_FIELDS + 1; i++)
                fields[i] = LOG_INT("n", i);
        log_write(&f->log, CALL(LOG_LEVEL_INFO, .fields = fields), "%.*s", LIMIT_LOG_MESSAGE + 5, text);
        assert_int_equal(strspn(strchr(drain(f), 'm'), "m"), LIMIT_LOG_MESSAGE);
        assert_non_null(strstr(f->got.data, " n=31\n"));

        log_write(&f->log, CALL(LOG_LEVEL_INFO, .fields = LOG_FIELDS(LOG_SPAN("v", span_from(text, 5000)))),
                  "x");
        assert_int_equal(strspn(strchr(drain(f), 'm'), "m"), LIMIT_LOG_VALUE);

        log_write(&f->log, INFO, "%s", text); /* far too long: told, not lost in silence */
        assert_int_equal(f->log.dropped, 1);
        log_tick(&f->log);
        assert_string_equal(drain(f),
                            TS " warning the log lost 1 records: No buffer space available dropped=1\n");
}

/* As deep as the sinks are: what is written while nothing works comes to this. */
static void test_full_disk(void **state)
{
        Fixture *f = *state;
        CLEANUP_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

        assert_true(full >= 0);
        open_log(f, full, LOG_CHOICE_TEXT);
        assert_true(log_deadline(&f->log) == NSEC_NEVER);
        for (int i = 0; i < 3; i++)
                log_write(&f->log, INFO, "lost %d", i);
        assert_int_equal(f->log.dropped, 3);
        assert_int_equal(f->log.dropped_total, 3);
        assert_int_equal(f->log.sink.error, -ENOSPC);
        assert_true(log_deadline(&f->log) <= f->clock.at + 5 * NSEC_PER_SEC);
        log_tick(&f->log);
        assert_true(log_deadline(&f->log) == f->clock.at + 5 * NSEC_PER_SEC);

        /* There is room again, but it is not looked at before its time. */
        assert_true(dup2(f->out, f->log.sink.fd) >= 0);
        f->clock.at += 5 * NSEC_PER_SEC - 1;
        log_write(&f->log, INFO, "too early");
        log_tick(&f->log);
        assert_string_equal(drain(f), "");
        f->clock.at += 1;
        log_write(&f->log, INFO, "again");
        assert_string_equal(drain(f),
                            TS " warning the log lost 4 records: No space left on device dropped=4\n" TS
                               " info    again\n");
        assert_int_equal(f->log.dropped_total, 4);
        assert_true(log_deadline(&f->log) == NSEC_NEVER);
}

/* Fills the log's pipe and checks what a reader finds in the end: whole lines
 * only, every record there or counted. */
static void check_full_pipe(Fixture *f)
{
        unsigned long written = 0, lost = 0, total = 3000;
        Span rest, line;

        for (unsigned long i = 0; i < total; i++)
                log_write(&f->log, INFO, "record %lu %0*d", i, (int)(i % 97), 0);
        assert_true(f->log.dropped > 0);
        assert_int_equal(f->log.error, -EAGAIN);
        assert_true(log_deadline(&f->log) != NSEC_NEVER);

        CLEANUP(buf_done) Buf all = BUF_INIT(BUF_CAP_NONE);
        for (int i = 0; i < 2; i++) { /* the rest of a record may not fit at once */
                assert_int_equal(buf_append_str(&all, drain(f)), 0);
                log_tick(&f->log);
        }
        assert_int_equal(buf_append_str(&all, drain(f)), 0);
        assert_true(log_deadline(&f->log) == NSEC_NEVER);
        rest = buf_span(&all);
        while (span_next(&rest, '\n', &line) && rest.ptr) {
                unsigned long n;
                assert_true(span_starts(line, SPAN(TS)));
                if (sscanf(line.ptr, TS " info    record %lu ", &n) == 1) {
                        assert_int_equal(n, written);
                        written++;
                } else {
                        assert_int_equal(sscanf(line.ptr, TS " warning the log lost %lu records", &lost), 1);
                }
        }
        assert_int_equal(line.len, 0); /* the last line had its end */
        assert_int_equal(written + lost, total);
        assert_true(lost > 0);
        log_write(&f->log, INFO, "after");
        assert_string_equal(drain(f), TS " info    after\n");
}

static void test_full_pipe(void **state)
{
        Fixture *f = *state;

        open_log(f, f->out, LOG_CHOICE_TEXT);
        assert_true(f->log.sink.owned);
        assert_int_equal(fcntl(f->out, F_GETFL) & O_NONBLOCK, 0); /* the caller's is as it was */
        check_full_pipe(f);
}

/* A pipe that cannot be opened anew and blocks, as with the default log. */
static void test_full_pipe_blocking(void **state)
{
        Fixture *f = *state;

        f->log.sink.fd = f->out;
        check_full_pipe(f);
}

static void test_full_socket(void **state)
{
        Fixture *f = *state;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        fd_close_p(&f->in);
        fd_close_p(&f->out);
        f->in = fds[0];
        f->out = fds[1];
        assert_int_equal(fd_set_nonblock(f->in, true), 0);
        open_log(f, f->out, LOG_CHOICE_TEXT);
        check_full_pipe(f);
        /* Closing the other end raises no signal. */
        fd_close_p(&f->in);
        log_write(&f->log, INFO, "lost");
        assert_int_equal(f->log.error, -EPIPE);
}

static void test_large_record_in_pieces(void **state)
{
        Fixture *f = *state;
        CLEANUP_FREE char *text = calloc(1, LIMIT_LOG_MESSAGE + 1);
        CLEANUP(buf_done) Buf all = BUF_INIT(BUF_CAP_NONE);
        int n = 0;

        assert_non_null(text);
        memset(text, 'm', LIMIT_LOG_MESSAGE);
        assert_true(fcntl(f->out, F_SETPIPE_SZ, 4096) >= 4096);
        open_log(f, f->out, LOG_CHOICE_TEXT);
        log_write(&f->log, INFO, "%s", text);
        assert_true(f->log.sink.rest.len > 0); /* begun */
        log_write(&f->log, INFO, "lost");
        assert_int_equal(f->log.dropped, 1);
        while (log_deadline(&f->log) != NSEC_NEVER) {
                assert_true(n++ < 20);
                assert_int_equal(buf_append_str(&all, drain(f)), 0);
                f->clock.at = log_deadline(&f->log);
                log_tick(&f->log);
        }
        assert_int_equal(buf_append_str(&all, drain(f)), 0);
        assert_int_equal(strspn(strchr(all.data, 'm'), "m"), LIMIT_LOG_MESSAGE);
        assert_non_null(strstr(all.data,
                               "m\n" TS " warning the log lost 1 records: Resource temporarily unavailable"));
}

static void test_no_reader(void **state)
{
        Fixture *f = *state;

        f->log.sink.fd = f->out;
        fd_close_p(&f->in);
        log_write(&f->log, INFO, "lost"); /* SIGPIPE would end us here */
        assert_int_equal(f->log.dropped, 1);
        assert_int_equal(f->log.error, -EPIPE);
        open_log(f, f->out, LOG_CHOICE_TEXT);
        log_write(&f->log, INFO, "lost");
        assert_int_equal(f->log.dropped, 2);
}

static void test_bad_fd(void **state)
{
        Fixture *f = *state;

        open_log(f, -1, LOG_CHOICE_TEXT);
        log_write(&f->log, INFO, "lost");
        assert_int_equal(f->log.dropped, 1);
        fd_close_p(&f->out);
        open_log(f, 1000000, LOG_CHOICE_TEXT);
        log_write(&f->log, INFO, "lost");
        assert_int_equal(f->log.error, -EBADF);
}

/* A regular file is written where its offset is, not from its start. */
static void test_file(void **state)
{
        Fixture *f = *state;
        CLEANUP_FD int fd = -EBADF;
        CLEANUP(buf_done) Buf got = BUF_INIT(BUF_CAP_NONE);

        assert_int_equal(fd_memfd_new("log", &fd), 0);
        assert_int_equal(fd_write_all(fd, SPAN("before\n")), 0);
        open_log(f, fd, LOG_CHOICE_TEXT);
        log_write(&f->log, INFO, "a");
        log_write(&f->log, INFO, "b");
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(fd_read_all(fd, &got), 0);
        assert_string_equal(got.data, "before\n" TS " info    a\n" TS " info    b\n");

        /* An error of the write itself. */
        CLEANUP_FD int sealed = -EBADF;
        assert_int_equal(fd_memfd_new("log", &sealed), 0);
        assert_int_equal(fd_memfd_seal(sealed), 0);
        open_log(f, sealed, LOG_CHOICE_TEXT);
        log_write(&f->log, INFO, "lost");
        assert_int_equal(f->log.error, -EPERM);
}

static void check_style(Fixture *f, int fd, LogStyleChoice choice, const char *term, const char *no_color,
                        LogStyle want)
{
        char *env[] = {(char *)(uintptr_t)term, (char *)(uintptr_t)no_color, NULL}, **saved = environ;

        environ = env;
        open_log(f, fd, choice);
        environ = saved;
        assert_int_equal(f->log.style, want);
}

static void test_terminal(void **state)
{
        Fixture *f = *state;
        CLEANUP_FD int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        char name[64], got[256] = {0};

        if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
            ptsname_r(master, name, sizeof(name)) != 0)
                skip();
        CLEANUP_FD int tty = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(tty >= 0);
        check_style(f, tty, LOG_CHOICE_AUTO, "TERM=xterm", "NO_COLOR=", LOG_STYLE_COLOUR);
        check_style(f, tty, LOG_CHOICE_TEXT, "TERM=xterm", NULL, LOG_STYLE_COLOUR);
        check_style(f, tty, LOG_CHOICE_TEXT, "TERM=xterm", "NO_COLOR=1", LOG_STYLE_PLAIN);
        check_style(f, tty, LOG_CHOICE_TEXT, "TERM=dumb", NULL, LOG_STYLE_PLAIN);
        check_style(f, tty, LOG_CHOICE_TEXT, NULL, NULL, LOG_STYLE_PLAIN);
        check_style(f, tty, LOG_CHOICE_JSON, "TERM=xterm", NULL, LOG_STYLE_JSON);
        check_style(f, f->out, LOG_CHOICE_TEXT, "TERM=xterm", NULL, LOG_STYLE_PLAIN);
        check_style(f, f->out, LOG_CHOICE_AUTO, "TERM=xterm", NULL, LOG_STYLE_JSON);

        check_style(f, tty, LOG_CHOICE_TEXT, NULL, NULL, LOG_STYLE_PLAIN);
        assert_int_equal(fcntl(tty, F_GETFL) & O_NONBLOCK, 0);
        log_write(&f->log, INFO, "hello");
        assert_true(read(master, got, sizeof(got) - 1) > 0);
        assert_string_equal(got, TS " info    hello\r\n");
}

/* ---- rate and ring ------------------------------------------------------- */

static void test_keys(void **state)
{
        Fixture *f = *state;
        const LogCall *call = CALL(LOG_LEVEL_INFO, .key = "accept");

        open_log(f, f->out, LOG_CHOICE_TEXT);
        for (int i = 0; i < LIMIT_LOG_KEY_BURST + 7; i++)
                log_write(&f->log, call, "x");
        log_write(&f->log, CALL(LOG_LEVEL_INFO, .key = "other"), "y"); /* has a rate of its own */
        log_write(&f->log, CALL(LOG_LEVEL_INFO, .key = ""), "z");      /* has none */
        assert_int_equal(strlen(drain(f)), (LIMIT_LOG_KEY_BURST + 2) * strlen(TS " info    x\n"));

        f->clock.at += LIMIT_LOG_KEY_TIME * NSEC_PER_SEC;
        log_write(&f->log, call, "x");
        assert_string_equal(drain(f), TS " info    x suppressed=7\n");
        log_write(&f->log, call, "x");
        assert_string_equal(drain(f), "");

        /* Nothing like it comes any more: told by the clock. */
        assert_true(log_deadline(&f->log) <= f->clock.at + 5 * NSEC_PER_SEC);
        log_tick(&f->log);
        assert_string_equal(drain(f), "");
        f->clock.at = log_deadline(&f->log);
        log_tick(&f->log);
        assert_string_equal(drain(f), TS " warning suppressed 1 records like: accept suppressed=1\n");
        assert_true(log_deadline(&f->log) == NSEC_NEVER);
}

static void test_ring(void **state)
{
        Fixture *f = *state;
        CLEANUP(log_ring_done) LogRing ring;
        LogRingCursor cursor = {0};
        LogRingLine line;

        assert_int_equal(log_ring_init(&ring, LIMIT_LOG_RING), 0);
        open_log(f, -1, LOG_CHOICE_JSON); /* nothing can be written */
        f->log.ring = &ring;
        log_write(&f->log, CALL(LOG_LEVEL_INFO, .fields = LOG_FIELDS(LOG_SERVER("fs"))), "kept");
        assert_int_equal(f->log.dropped, 1);
        assert_true(log_ring_read(&ring, &cursor, &line));
        assert_true(span_equal(line.text, SPAN(TS " info    kept server=fs")));
        assert_int_equal(line.wall_usec, WALL);
        f->log.ring = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_pipe),        TEST(test_level),
                TEST(test_macros),      TEST(test_redaction),
                TEST(test_limits),      TEST(test_full_disk),
                TEST(test_full_pipe),   TEST(test_full_pipe_blocking),
                TEST(test_full_socket), TEST(test_large_record_in_pieces),
                TEST(test_no_reader),   TEST(test_bad_fd),
                TEST(test_file),        TEST(test_terminal),
                TEST(test_keys),        TEST(test_ring),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
