/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/child-log.h"

enum { PATIENCE = 60 };

typedef struct Ward {
        ChildLog log;
        int told, ended;
        bool freed;
} Ward;

static FakeClock hands;
static Loop *loop;
static ServerLog server;
static LogRing ours; /* what went to our own log */
static int quiet_fd;
static bool finished; /* the test, with its last line */

static void ward_line(ChildLog *c)
{
        CONTAINER_OF(c, Ward, log)->told++;
}

static void ward_ended(ChildLog *c)
{
        Ward *w = CONTAINER_OF(c, Ward, log);
        assert_null(c->source.loop);
        if (w->freed) {
                free(w);
                return;
        }
        w->ended++;
}

static const ChildLogOps ops = {.line = ward_line, .ended = ward_ended};

static int setup(void **state UNUSED)
{
        (void)alarm(PATIENCE);
        finished = false;
        fake_clock_init(&hands, 100 * NSEC_PER_SEC);
        server_log_init(&server, "fs");
        quiet_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        LogOptions options = {.level = LOG_LEVEL_INFO, .style = LOG_CHOICE_TEXT, .fd = quiet_fd};
        if (log_open(log_default(), &options) < 0 || log_ring_init(&ours, LIMIT_LOG_RING) < 0)
                return -1;
        log_default()->ring = &ours;
        return loop_new(&hands.clock, &loop);
}

static int teardown(void **state UNUSED)
{
        server_log_done(&server);
        log_default()->ring = NULL;
        log_done(log_default());
        log_ring_done(&ours);
        fd_close_p(&quiet_fd);
        if (finished)
                loop = loop_free(loop);
        (void)alarm(0);
        return 0;
}

/* The write end. */
static int ward_init(Ward *w, RedactSet *secrets)
{
        int ends[2];
        *w = (Ward){.told = 0};
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(child_log_init(&w->log, loop, &ops, &server, 7, secrets, ends[0]), 0);
        return ends[1];
}

static void put(int fd, Span s)
{
        assert_int_equal(write(fd, s.ptr, s.len), s.len);
}

static void turns(void)
{
        for (int i = 0; i < 8; i++)
                assert_int_equal(loop_run_once(loop, 0), 0);
}

/* All lines of a ring, each with '|' when it is partial, and a newline. */
static void expect_ring(const LogRing *ring, const char *want)
{
        CLEANUP(buf_done) Buf got = BUF_INIT(BUF_CAP_NONE);
        LogRingCursor cursor = {0};
        for (LogRingLine line; log_ring_read(ring, &cursor, &line);) {
                assert_int_equal(buf_append_span(&got, line.text), 0);
                assert_int_equal(buf_append_str(&got, line.partial ? "|\n" : "\n"), 0);
        }
        assert_string_equal(buf_text(&got), want);
}

static bool ring_has(const LogRing *ring, const char *text)
{
        LogRingCursor cursor = {0};
        for (LogRingLine line; log_ring_read(ring, &cursor, &line);)
                if (span_find_span(line.text, span_of(text)) < line.text.len)
                        return true;
        return false;
}

static void test_lines(void **state UNUSED)
{
        Ward w;
        int fd = ward_init(&w, NULL);
        assert_null(server.ring.bytes); /* a quiet server costs nothing */
        put(fd, SPAN("one\ntwo\r\n"));
        turns();
        expect_ring(&server.ring, "eone\netwo\n");
        assert_true(server.ring.size < LIMIT_LOG_RING / 8);
        assert_int_equal(server.kept, 2);
        assert_int_equal(server.generation, 2);
        assert_int_equal(w.told, 1);
        assert_true(ring_has(&ours, "one"));
        assert_true(ring_has(&ours, "server=fs"));
        assert_true(ring_has(&ours, "instance=7"));
        assert_true(ring_has(&ours, "stream=stderr"));
        assert_false(timer_is_armed(&w.log.timer)); /* idle */
        assert_null(w.log.splitter.part);
        fd_close_p(&fd);
        turns();
        assert_int_equal(w.ended, 1);
        child_log_done(&w.log);
}

static void test_odd_bytes(void **state UNUSED)
{
        Ward w;
        int fd = ward_init(&w, NULL);
        put(fd, SPAN("a\0b\n\x1b[31mred\n\xff\xfe\nback\\slash\n\xc3\xa9\n\n"));
        turns();
        expect_ring(&server.ring, "ea\\x00b\ne\\x1b[31mred\ne\\xff\\xfe\neback\\\\slash\ne\xc3\xa9\ne\n");
        assert_true(ring_has(&ours, "b")); /* past the NUL */
        fd_close_p(&fd);
        turns();
        assert_int_equal(w.ended, 1);
}

static void test_partial(void **state UNUSED)
{
        Ward w;
        int fd = ward_init(&w, NULL);
        put(fd, SPAN("Password: "));
        turns();
        expect_ring(&server.ring, "");
        assert_true(timer_is_armed(&w.log.timer));
        hands.at += LIMIT_LOG_PARTIAL_TIME * NSEC_PER_SEC - 1;
        turns();
        expect_ring(&server.ring, "");
        hands.at += 1;
        turns();
        expect_ring(&server.ring, "ePassword: |\n");
        assert_int_equal(server.partial, 1);
        assert_true(ring_has(&ours, "partial=true"));
        assert_false(timer_is_armed(&w.log.timer));
        put(fd, SPAN("\nlast words"));
        turns();
        fd_close_p(&fd);
        turns();
        expect_ring(&server.ring, "ePassword: |\nelast words|\n");
        assert_int_equal(w.ended, 1);
}

static void test_long_line(void **state UNUSED)
{
        Ward w;
        static char text[LIMIT_LOG_LINE + 2];
        int fd = ward_init(&w, NULL);
        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\n';
        put(fd, span_from(text, sizeof(text)));
        fd_close_p(&fd);
        turns();
        LogRingCursor cursor = {0};
        LogRingLine line;
        assert_true(log_ring_read(&server.ring, &cursor, &line));
        assert_true(line.partial && line.text.len == 1 + LIMIT_LOG_LINE);
        assert_true(log_ring_read(&server.ring, &cursor, &line));
        assert_true(!line.partial && line.text.len == 2);
        assert_int_equal(w.ended, 1);
}

static void test_secrets(void **state UNUSED)
{
        CLEANUP(redact_set_unref_p) RedactSet *secrets = NULL, *others = NULL;
        Ward w;
        assert_int_equal(redact_set_new(&secrets), 0);
        assert_int_equal(redact_set_add(secrets, SPAN("hunter2hunter2")), 0);
        assert_int_equal(redact_set_new(&others), 0);
        assert_int_equal(redact_set_add(others, SPAN("another-secret")), 0);
        int fd = ward_init(&w, secrets);
        put(fd, SPAN("a hunter2"));
        turns(); /* across reads */
        put(fd, SPAN("hunter2 z\n"));
        turns();
        expect_ring(&server.ring, "ea <secret> z\n");
        put(fd, SPAN("hunter2h")); /* held back, and nothing else: it has its deadline too */
        turns();
        assert_true(timer_is_armed(&w.log.timer));
        hands.at += LIMIT_LOG_PARTIAL_TIME * NSEC_PER_SEC;
        turns();
        expect_ring(&server.ring, "ea <secret> z\ne<secret>|\n");
        assert_false(timer_is_armed(&w.log.timer));
        child_log_set_secrets(&w.log, others);
        put(fd, SPAN("\nanother-secret\n"));
        turns();
        expect_ring(&server.ring, "ea <secret> z\ne<secret>|\ne<secret>\n");
        assert_false(ring_has(&ours, "hunter2"));
        assert_false(ring_has(&ours, "another"));
        fd_close_p(&fd);
        turns();
        assert_int_equal(w.ended, 1);
}

/* A pipe full after the other, as fast as it goes, without a moment passing. */
static uint64_t flood(int fd, Span line, uint64_t bytes)
{
        static char block[60000];
        size_t n = 0;
        uint64_t sent = 0;
        while (n + line.len <= sizeof(block)) {
                memcpy(block + n, line.ptr, line.len);
                n += line.len;
        }
        while (sent < bytes) {
                put(fd, span_from(block, n));
                sent += n;
                assert_int_equal(loop_run_once(loop, 0), 0);
        }
        turns();
        return sent;
}

static void test_flood(void **state UNUSED)
{
        Ward w;
        const Span line = SPAN("a line of some length that comes again and again and again\n");
        int fd = ward_init(&w, NULL);
        log_default()->level = LOG_LEVEL_WARNING;
        uint64_t sent = flood(fd, line, 128 * 1024 * 1024);
        uint64_t kept = server.kept;
        assert_in_range(kept * line.len, LIMIT_STDERR_BURST - 64 * 1024, LIMIT_STDERR_BURST);
        assert_true(server.ring.size <= LIMIT_LOG_RING);
        assert_null(w.log.splitter.part);
        assert_false(ring_has(&server.ring, "suppressed"));

        hands.at += LIMIT_STDERR_REPORT * NSEC_PER_SEC;
        turns();
        assert_true(ring_has(&server.ring, "msuppressed "));
        assert_true(ring_has(&ours, "suppressed "));
        char want[64];
        (void)snprintf(want, sizeof(want), "suppressed %llu lines,", (unsigned long long)server.suppressed);
        assert_true(ring_has(&server.ring, want));
        /* Each line is told or counted, once. */
        assert_int_equal(kept - server.partial + server.suppressed, sent / line.len);
        assert_false(timer_is_armed(&w.log.timer));

        /* Whole lines again, at the rate. */
        kept = server.kept;
        hands.at += 3 * NSEC_PER_SEC;
        flood(fd, line, 4 * 1024 * 1024);
        assert_in_range((server.kept - kept) * line.len, 3 * LIMIT_STDERR_RATE, 5 * LIMIT_STDERR_RATE);
        LogRingCursor cursor = log_ring_last(&server.ring, 100);
        for (LogRingLine l; log_ring_read(&server.ring, &cursor, &l);)
                if (!l.partial)
                        assert_int_equal(l.text.len, line.len);
        fd_close_p(&fd); /* what is owed is told at the end */
        turns();
        assert_int_equal(w.ended, 1);
        cursor = log_ring_last(&server.ring, 1);
        LogRingLine last;
        assert_true(log_ring_read(&server.ring, &cursor, &last));
        assert_true(span_starts(last.text, SPAN("msuppressed ")));
}

/* A secret that begins among what is left out does not end in what is told. */
static void test_secret_over_the_gap(void **state UNUSED)
{
        CLEANUP(redact_set_unref_p) RedactSet *secrets = NULL;
        Ward w;
        assert_int_equal(redact_set_new(&secrets), 0);
        assert_int_equal(redact_set_add(secrets, SPAN("begin\nmiddle\nfinish")), 0);
        int fd = ward_init(&w, secrets);
        log_default()->level = LOG_LEVEL_WARNING;
        flood(fd, SPAN("noise\n"), 6 * 1024 * 1024);
        put(fd, SPAN("begin\nmid"));
        turns();
        hands.at += 10 * NSEC_PER_SEC;
        put(fd, SPAN("dle\nfinish\nfree\n"));
        turns();
        assert_false(ring_has(&server.ring, "finish"));
        assert_true(ring_has(&server.ring, "efree"));
        fd_close_p(&fd);
        turns();
        assert_int_equal(w.ended, 1);
}

static void test_no_newline(void **state UNUSED)
{
        Ward w;
        int fd = ward_init(&w, NULL);
        log_default()->level = LOG_LEVEL_WARNING;
        flood(fd, SPAN("xxxxxxxxxxxxxxxx"), 32 * 1024 * 1024);
        assert_in_range(server.kept, 1, LIMIT_STDERR_BURST / LIMIT_LOG_LINE + 1);
        assert_int_equal(server.kept, server.partial);
        put(fd, SPAN("\nend\n"));
        hands.at += 10 * NSEC_PER_SEC;
        put(fd, SPAN("\nend\n"));
        turns();
        assert_true(ring_has(&server.ring, "eend"));
        fd_close_p(&fd);
        turns();
        assert_int_equal(w.ended, 1);
}

static void test_finish(void **state UNUSED)
{
        Ward *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        int fd = ward_init(w, NULL);
        w->freed = true;
        child_log_finish(&w->log);
        put(fd, SPAN("a grandchild holds it\nand wr"));
        hands.at += LIMIT_STDERR_FINISH * NSEC_PER_MSEC - 1;
        turns();
        child_log_finish(&w->log); /* once is enough */
        hands.at += 1;
        turns();
        expect_ring(&server.ring, "ea grandchild holds it\neand wr|\n");
        assert_int_equal(write(fd, "x", 1), -1); /* closed; SIGPIPE is ignored */
        assert_int_equal(errno, EPIPE);
        fd_close_p(&fd);
        assert_true(timer_heap_earliest(loop_timers(loop)) == NSEC_NEVER);
}

static void test_done(void **state UNUSED)
{
        Ward w;
        int fd = ward_init(&w, NULL);
        put(fd, SPAN("kept\nhalf"));
        turns();
        child_log_done(&w.log);
        child_log_done(&w.log);
        child_log_finish(&w.log);
        child_log_set_secrets(&w.log, NULL);
        expect_ring(&server.ring, "ekept\nehalf|\n");
        assert_int_equal(w.ended, 0);
        fd_close_p(&fd);
        assert_int_equal(child_log_init(&w.log, loop, &ops, &server, 1, NULL, -EBADF), -EBADF);
        child_log_done(&w.log);
}

static void test_tail(void **state UNUSED)
{
        char buf[64];
        assert_int_equal(server_log_tail(&server, 5, buf, sizeof(buf)), 0);
        assert_string_equal(buf, "");
        server_log_push(&server, CHILD_LINE_STDERR, SPAN("one"), false);
        server_log_note(&server, "started, pid %d", 7);
        server_log_push(&server, CHILD_LINE_STRAY, SPAN("hello"), false);
        server_log_push(&server, CHILD_LINE_STDERR, SPAN("two"), true);
        server_log_push(&server, CHILD_LINE_STDERR, SPAN("final"), false);
        server_log_note(&server, "ended");
        expect_ring(&server.ring, "eone\nmstarted, pid 7\nohello\netwo|\nefinal\nmended\n");
        static const struct {
                size_t lines, size;
                const char *want;
        } rows[] = {
                {9, sizeof(buf), "one\ntwo\nfinal\n"},
                {2, sizeof(buf), "two\nfinal\n"},
                {1, sizeof(buf), "final\n"},
                {0, sizeof(buf), ""},
                {9, 15, "one\ntwo\nfinal\n"},
                {9, 14, "two\nfinal\n"},
                {9, 7, "final\n"},
                {9, 6, "fina\n"}, /* the newest is cut */
                {9, 3, "f\n"},
                {9, 2, ""},
                {9, 1, ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                memset(buf, 'z', sizeof(buf));
                size_t n = server_log_tail(&server, rows[i].lines, buf, rows[i].size);
                assert_row(n == strlen(rows[i].want) && strcmp(buf, rows[i].want) == 0, "%zu: %s", i, buf);
                assert_row(rows[i].size == sizeof(buf) || buf[rows[i].size] == 'z', "%zu", i);
        }
        assert_int_equal(server_log_tail(&server, 1, buf, 0), 0);
}

static int init_once(void *arg UNUSED)
{
        CLEANUP_FD int far = -EBADF;
        int ends[2];
        ChildLog c;
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        far = ends[1];
        Loop *own;
        oom_hold();
        assert_int_equal(loop_new(&hands.clock, &own), 0);
        oom_release();
        int r = child_log_init(&c, own, &ops, &server, 1, NULL, ends[0]);
        if (r < 0)
                fd_close_p(&ends[0]); /* it stayed ours */
        child_log_done(&c);
        loop_free(own);
        return r;
}

/* A line that cannot be kept is counted; what comes after it is told again. */
static void test_no_memory(void **state UNUSED)
{
        Ward w;
        assert_true(oom_each(init_once, NULL) >= 1);
        int fd = ward_init(&w, NULL);
        for (unsigned n = 1; n < 6; n++) {
                put(fd, SPAN("gone?\n"));
                oom_arm(n);
                turns();
                (void)oom_disarm();
        }
        put(fd, SPAN("\nfine\n"));
        turns();
        assert_true(ring_has(&server.ring, "efine"));
        assert_true(server.suppressed >= 1);
        fd_close_p(&fd);
        turns();
        assert_int_equal(w.ended, 1);
}

/* A test that fails leaves its sources behind: then the loop stays too, so that one reads the reason. */
static void run(void **state)
{
        ((CMUnitTestFunction)*state)(NULL);
        finished = true;
}

#define LOG_TEST(f)                                                                           \
        {                                                                                     \
                .name = #f, .test_func = run, .setup_func = setup, .teardown_func = teardown, \
                .initial_state = (f)                                                          \
        }

int main(void)
{
        (void)sigaction(SIGPIPE, &(const struct sigaction){.sa_handler = SIG_IGN}, NULL);
        const struct CMUnitTest tests[] = {
                LOG_TEST(test_lines),
                LOG_TEST(test_odd_bytes),
                LOG_TEST(test_partial),
                LOG_TEST(test_long_line),
                LOG_TEST(test_secrets),
                LOG_TEST(test_flood),
                LOG_TEST(test_secret_over_the_gap),
                LOG_TEST(test_no_newline),
                LOG_TEST(test_finish),
                LOG_TEST(test_done),
                LOG_TEST(test_tail),
                LOG_TEST(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
