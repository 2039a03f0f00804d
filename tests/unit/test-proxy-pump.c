/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "proxy/pump.h"

enum { MUCH = 3 * 1024 * 1024 };

static char room[LIMIT_LOOP_BYTES];

/* near[0] <-> near[1] = source; far[0] = sink <-> far[1] */
typedef struct Pair {
        int near[2], far[2];
        Pump pump;
} Pair;

static Pair open_pair(void)
{
        Pair p = {.pump = {.rest = BUF_INIT(LIMIT_LOOP_BYTES)}};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p.near), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p.far), 0);
        return p;
}

static void close_pair(Pair *p)
{
        pump_done(&p->pump);
        for (int i = 0; i < 2; i++) {
                fd_close_p(&p->near[i]);
                fd_close_p(&p->far[i]);
        }
}

static int move(Pair *p)
{
        return pump_move(&p->pump, p->near[1], p->far[0], room);
}

static char byte_at(size_t i)
{
        return (char)(i * 7 + i / 251);
}

/* As much as goes; what was sent before. */
static size_t fill(int fd, size_t sent)
{
        char part[4096];
        for (;;) {
                for (size_t i = 0; i < sizeof(part); i++)
                        part[i] = byte_at(sent + i);
                ssize_t n = send(fd, part, MIN(sizeof(part), MUCH - sent), MSG_NOSIGNAL);
                if (n <= 0)
                        return sent;
                sent += (size_t)n;
        }
}

static size_t drain(int fd, size_t got)
{
        char part[5000];
        ssize_t n;
        while ((n = recv(fd, part, sizeof(part), 0)) > 0)
                for (ssize_t i = 0; i < n; i++)
                        assert_int_equal(part[i], byte_at(got++));
        return got;
}

/* A reader that is slow stops the writer: what is kept in between never grows over one read. */
static void test_back_pressure(void **state UNUSED)
{
        Pair p = open_pair();
        size_t sent = 0, got = 0;
        for (int i = 0; i < 100; i++) {
                sent = fill(p.near[0], sent);
                assert_int_equal(move(&p), 0);
        }
        assert_true(sent < MUCH);
        assert_true(pump_writes(&p.pump) && !pump_reads(&p.pump));
        assert_true(p.pump.rest.len <= LIMIT_LOOP_BYTES);
        while (got < MUCH) {
                size_t before = got;
                sent = fill(p.near[0], sent);
                assert_int_equal(move(&p), 0);
                got = drain(p.far[1], got);
                assert_int_equal(move(&p), 0);
                assert_true(got > before || pump_writes(&p.pump) || sent > got);
        }
        assert_int_equal(p.pump.bytes, MUCH);
        assert_null(p.pump.rest.data); /* one that is idle keeps no memory */
        close_pair(&p);
}

/* The end comes after the last byte, once. */
static void test_end(void **state UNUSED)
{
        Pair p = open_pair();
        size_t sent = 0, got = 0;
        char byte;
        for (int i = 0; i < 100; i++) {
                sent = fill(p.near[0], sent);
                assert_int_equal(move(&p), 0);
        }
        assert_int_equal(shutdown(p.near[0], SHUT_WR), 0);
        for (int i = 0; i < 1000 && !p.pump.passed; i++) {
                got = drain(p.far[1], got);
                assert_int_equal(move(&p), 0);
        }
        assert_true(p.pump.passed && p.pump.ended && !pump_reads(&p.pump));
        got = drain(p.far[1], got);
        assert_int_equal(got, sent);
        assert_int_equal(recv(p.far[1], &byte, 1, 0), 0);
        assert_int_equal(move(&p), 0); /* nothing more to do */
        /* The other direction is as it was. */
        assert_int_equal(send(p.far[1], "x", 1, MSG_NOSIGNAL), 1);
        assert_int_equal(recv(p.far[0], &byte, 1, 0), 1);
        close_pair(&p);
}

static void test_gone(void **state UNUSED)
{
        Pair p = open_pair();
        assert_int_equal(move(&p), 0); /* nothing there: no error */
        assert_int_equal(send(p.near[0], "x", 1, 0), 1);
        fd_close_p(&p.far[1]);
        assert_int_equal(move(&p), -EPIPE);
        close_pair(&p);
}

/* What was put in before goes first. */
static void test_before(void **state UNUSED)
{
        Pair p = open_pair();
        char text[8] = "";
        assert_int_equal(buf_append_str(&p.pump.rest, "ab"), 0);
        assert_int_equal(send(p.near[0], "cd", 2, 0), 2);
        assert_int_equal(move(&p), 0);
        assert_int_equal(recv(p.far[1], text, sizeof(text), 0), 4);
        assert_memory_equal(text, "abcd", 4);
        close_pair(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_back_pressure),
                cmocka_unit_test(test_end),
                cmocka_unit_test(test_gone),
                cmocka_unit_test(test_before),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
