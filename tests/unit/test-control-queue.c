/* SPDX-License-Identifier: Apache-2.0 */
/* Of control/server.h: deadlines, and readers that are slow. */
#include "support/control-owner.h"

/* ---- deadlines ------------------------------------------------------------------ */

static void test_half_a_line(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "sta");
        owner_turns(o, 3);
        owner_pass_time(o, LIMIT_CONTROL_LINE_TIME - 1);
        peer_put(fd, "t"); /* moves nothing: the time is that of the whole line */
        owner_turns(o, 2);
        assert_int_equal(o->server.n_conns, 1);
        owner_pass_time(o, 1);
        assert_int_equal(o->server.n_conns, 0);
        peer_expect_end(fd);

        /* the start of a next line that came with the first */
        CLEANUP_FD int other = owner_dial();
        peer_put(other, "ping\npi");
        owner_turns(o, 4);
        peer_expect(other, OK);
        owner_pass_time(o, LIMIT_CONTROL_LINE_TIME);
        assert_int_equal(o->server.n_conns, 0);
}

static void test_idle(void **state)
{
        Owner *o = *state;
        CLEANUP_FD int fd = owner_dial();
        owner_turns(o, 1);
        owner_pass_time(o, LIMIT_CONTROL_IDLE_TIME - 1);
        peer_put(fd, "ping\n");
        owner_turns(o, 4);
        peer_expect(fd, OK);
        owner_pass_time(o, LIMIT_CONTROL_IDLE_TIME - 1);
        assert_int_equal(o->server.n_conns, 1);
        owner_pass_time(o, 2);
        assert_int_equal(o->server.n_conns, 0);
        peer_expect_end(fd);

        /* a request may take as long as it likes */
        o->leaves_open = true;
        CLEANUP_FD int other = owner_dial();
        peer_put(other, "events -f\n");
        owner_turns(o, 3);
        owner_pass_time(o, 100 * LIMIT_CONTROL_IDLE_TIME);
        assert_int_equal(o->server.n_conns, 1);
        assert_int_equal(o->gone, 0);
}

/* ---- a slow reader --------------------------------------------------------------- */

/* Reads until nothing comes; the last bytes are left in `tail`. Returns how many lines came. */
static size_t read_all(Owner *o, int fd, char *tail, size_t size)
{
        static char got[64 * 1024];
        size_t lines = 0, idle = 0;
        *tail = '\0';
        while (idle < 3) {
                owner_turns(o, 1);
                ssize_t n = read(fd, got, sizeof(got));
                idle = n > 0 ? 0 : idle + 1;
                for (ssize_t i = 0; i < n; i++)
                        lines += got[i] == '\n';
                if (n > 0)
                        snprintf(tail, size, "%.*s", (int)MIN((size_t)n, size - 1),
                                 got + n - MIN((size_t)n, size - 1));
        }
        return lines;
}

static void test_slow_reader(void **state)
{
        Owner *o = *state;
        char tail[64];
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "logs -f fs\n");
        owner_turns(o, 3);
        size_t sent = 0, skipped = 0;
        for (; sent < 4096; sent++) {
                control_line(o->conn, owner_kilo());
                owner_turns(o, 1);
        }
        assert_true(control_is_full(o->conn));
        assert_int_equal(o->drained, 0);
        owner_expect_rest(o); /* what cannot be written makes no work */

        size_t lines = read_all(o, fd, tail, sizeof(tail));
        assert_true(o->drained > 0);
        char *at = strstr(tail, "\n{\"skipped\":");
        assert_non_null(at);
        skipped = strtoull(at + 12, NULL, 10);
        assert_int_equal(lines - 1 + skipped, sent);
        assert_in_range(lines, LIMIT_CONTROL_QUEUE / 1024, LIMIT_CONTROL_QUEUE / 1024 + 1024);

        /* from there on nothing is lost, and the end comes after what was skipped */
        control_line(o->conn, SPAN("{\"n\":1}"));
        owner_turns(o, 2);
        peer_expect(fd, "{\"n\":1}\n");
        for (sent = 0; sent < 4096; sent++)
                control_line(o->conn, owner_kilo());
        control_finish_ok(o->conn);
        (void)read_all(o, fd, tail, sizeof(tail));
        at = strstr(tail, "}\n" OK);
        assert_non_null(at);
        assert_non_null(strstr(tail, "{\"skipped\":"));
}

static size_t to_send;

static void send_more(Owner *o)
{
        while (to_send && !control_is_full(o->conn)) {
                control_line(o->conn, owner_kilo());
                to_send--;
        }
        if (!to_send)
                control_finish_ok(o->conn);
}

/* Who looks before it writes loses nothing. */
static void test_owner_waits_for_room(void **state)
{
        Owner *o = *state;
        char tail[64];
        o->leaves_open = true;
        o->on_drained = send_more;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "history\n");
        owner_turns(o, 3);
        to_send = 5000;
        send_more(o);
        assert_true(to_send > 4000);
        assert_int_equal(read_all(o, fd, tail, sizeof(tail)), 5001);
        assert_int_equal(to_send, 0);
        assert_non_null(strstr(tail, OK));
}

/* An answer of one line may be longer than the queue. */
static void test_huge_line(void **state)
{
        Owner *o = *state;
        char tail[64];
        size_t len = 3 * LIMIT_CONTROL_QUEUE;
        char *line = malloc(len);
        memset(line, '2', len);
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "status\n");
        owner_turns(o, 3);
        control_line(o->conn, span_from(line, len));
        control_finish_ok(o->conn);
        assert_int_equal(read_all(o, fd, tail, sizeof(tail)), 2);
        assert_non_null(strstr(tail, "\n" OK));
        free(line);
}

static void test_unread_answer(void **state)
{
        Owner *o = *state;
        size_t len = 3 * LIMIT_CONTROL_QUEUE;
        char *line = calloc(1, len);
        o->leaves_open = true;
        CLEANUP_FD int fd = owner_dial();
        peer_put(fd, "status\nping\n");
        owner_turns(o, 3);
        control_line(o->conn, span_from(line, len));
        control_finish_ok(o->conn);
        owner_turns(o, 5);
        assert_int_equal(o->requests, 1); /* the next waits for its reader */
        owner_pass_time(o, LIMIT_CONTROL_IDLE_TIME);
        assert_int_equal(o->server.n_conns, 0);
        free(line);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                OWNER_TEST(test_half_a_line), OWNER_TEST(test_idle),
                OWNER_TEST(test_slow_reader), OWNER_TEST(test_owner_waits_for_room),
                OWNER_TEST(test_huge_line),   OWNER_TEST(test_unread_answer),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
