/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "ipc/scoreboard.h"
#include "support/oom.h"

enum { SERVERS = 1000, TOOLS = 4 };

static off_t pages_of(const Scoreboard *s)
{
        struct stat st;
        assert_int_equal(fstat(scoreboard_fd(s), &st), 0);
        return st.st_blocks * 512 / sysconf(_SC_PAGESIZE);
}

/* As the gateway has it. */
static Scoreboard *other_end(const Scoreboard *s)
{
        Scoreboard *g = NULL;
        int fd = fcntl(scoreboard_fd(s), F_DUPFD_CLOEXEC, 0);
        assert_int_equal(scoreboard_map(fd, scoreboard_rows(s), &g), 0);
        return g;
}

static void test_layout(void **state UNUSED)
{
        assert_int_equal(offsetof(ScoreServer, gateway) % 64, 0);
        assert_int_equal(offsetof(ScoreServer, instances) % 64, 0);
        assert_int_equal(sizeof(ScoreServer) % 64, 0);
        assert_int_equal(sizeof(ScoreProcess) % 64, 0);
}

static void test_sealed_and_sparse(void **state UNUSED)
{
        CLEANUP(scoreboard_free_p) Scoreboard *s = NULL;
        uint32_t row;
        uint64_t generation;
        assert_int_equal(scoreboard_new(SERVERS, TOOLS, &s), 0);
        assert_int_equal(scoreboard_rows(s), SERVERS);
        int fd = scoreboard_fd(s);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(errno, EPERM);
        assert_int_equal(pages_of(s), 1);
        assert_int_equal(scoreboard_take(s, "fs", &row, &generation), 0);
        assert_int_equal(row, 0);
        assert_true(pages_of(s) <= 3);
        assert_true((uintptr_t)scoreboard_server(s, 0) % 64 == 0);
        assert_true((uintptr_t)scoreboard_process(s, SCORE_GATEWAY) % 64 == 0);
        assert_null(scoreboard_server(s, SERVERS));
        assert_non_null(scoreboard_server(s, SERVERS - 1));
}

static void test_rows(void **state UNUSED)
{
        CLEANUP(scoreboard_free_p) Scoreboard *s = NULL, *g = NULL;
        char name[SCORE_NAME] = "untouched";
        uint32_t a, b, c = 77;
        uint64_t generation, first, third;
        assert_int_equal(scoreboard_new(2, TOOLS, &s), 0);
        g = other_end(s);
        assert_false(scoreboard_name(s, 0, name, &generation));
        assert_false(scoreboard_name(g, 0, name, &generation));
        assert_false(scoreboard_name(s, 2, name, &generation));
        assert_string_equal(name, "untouched");
        assert_int_equal(scoreboard_take(s, "one", &a, &first), 0);
        assert_int_equal(scoreboard_take(s, "two", &b, &generation), 0);
        assert_int_not_equal(first, generation);
        assert_int_equal(scoreboard_take(s, "three", &c, &third), SCOREBOARD_E_FULL);
        assert_int_equal(c, 77);

        score_add(&scoreboard_server(s, a)->ours.starts, 3);
        score_add(&scoreboard_server(g, a)->gateway.calls, 4);
        score_set(&scoreboard_server(g, a)->instances[3].in_flight, 5);
        metric_observe(&scoreboard_server(g, a)->gateway.duration, METRIC_REQUEST_DURATION, 10);
        assert_int_equal(score_get(&scoreboard_server(g, a)->ours.starts), 3);
        assert_int_equal(score_get(&scoreboard_server(s, a)->gateway.calls), 4);
        assert_true(scoreboard_name(g, a, name, &generation));
        assert_string_equal(name, "one");
        assert_int_equal(generation, first);

        scoreboard_give(s, a);
        assert_false(scoreboard_name(s, a, name, &generation));
        assert_false(scoreboard_name(g, a, name, &generation));
        assert_int_equal(scoreboard_take(s, "three", &c, &third), 0);
        assert_int_equal(c, a);
        assert_true(third > first);
        assert_true(scoreboard_name(g, c, name, &generation));
        assert_string_equal(name, "three");
        assert_int_equal(generation, third);
        ScoreServer *row = scoreboard_server(s, c);
        assert_int_equal(score_get(&row->ours.starts), 0);
        assert_int_equal(score_get(&row->gateway.calls), 0);
        assert_int_equal(score_get(&row->instances[3].in_flight), 0);
        assert_int_equal(score_get(&row->gateway.duration.cells[0]), 0);
}

/* The other end may write anything anywhere: no read hangs, or runs past a name. */
static void test_scribbled(void **state UNUSED)
{
        CLEANUP(scoreboard_free_p) Scoreboard *s = NULL, *g = NULL;
        char name[SCORE_NAME];
        uint32_t row;
        uint64_t generation;
        assert_int_equal(scoreboard_new(4, TOOLS, &s), 0);
        g = other_end(s);
        assert_int_equal(scoreboard_take(s, "fs", &row, &generation), 0);
        ScoreServerOurs *o = &scoreboard_server(g, row)->ours;
        score_set(&o->seq, 7); /* for ever odd */
        assert_false(scoreboard_name(s, row, name, &generation));
        score_set(&o->seq, 8);
        memset(o->name, 'x', sizeof(o->name));
        assert_true(scoreboard_name(s, row, name, &generation));
        assert_int_equal(strlen(name), SCORE_NAME - 1);
        score_set(&o->seq, UINT64_MAX);
        scoreboard_give(s, row);
        assert_int_equal(scoreboard_take(s, "fs", &row, &generation), 0);
        assert_true(scoreboard_name(s, row, name, &generation));
        assert_string_equal(name, "fs");
        memset(scoreboard_server(g, row), 0xff, sizeof(ScoreServer));
        assert_false(scoreboard_name(s, row, name, &generation));
}

static int memfd_of(size_t size, int seals)
{
        int fd = -EBADF;
        assert_int_equal(fd_memfd_new("other", &fd), 0);
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}

static void test_foreign(void **state UNUSED)
{
        const int good = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
        CLEANUP(scoreboard_free_p) Scoreboard *s = NULL;
        Scoreboard *g = NULL;
        struct stat st;
        assert_int_equal(scoreboard_new(3, TOOLS, &s), 0);
        assert_int_equal(fstat(scoreboard_fd(s), &st), 0);
        assert_int_equal(scoreboard_map(scoreboard_fd(s), 4, &g), -EBADMSG); /* stays ours */
        int fds[] = {memfd_of((size_t)st.st_size, good),                     /* no header */
                     memfd_of((size_t)st.st_size, F_SEAL_SHRINK),            /* not sealed */
                     memfd_of((size_t)st.st_size + 1, good),
                     memfd_of((size_t)st.st_size, good | F_SEAL_WRITE),
                     open("/dev/null", O_RDWR | O_CLOEXEC)};
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                assert_int_equal(scoreboard_map(fds[i], 3, &g), -EBADMSG);
                assert_null(g);
                assert_int_not_equal(fcntl(fds[i], F_GETFD), -1);
                fd_close_p(&fds[i]);
        }
        assert_int_not_equal(fcntl(scoreboard_fd(s), F_GETFD), -1);
}

static void test_self(void **state UNUSED)
{
        CLEANUP(scoreboard_free_p) Scoreboard *s = NULL;
        assert_int_equal(scoreboard_new(1, TOOLS, &s), 0);
        ScoreProcess *p = scoreboard_process(s, SCORE_SUPERVISOR);
        scoreboard_self(s, SCORE_SUPERVISOR, 42);
        assert_int_equal(score_get(&p->lag_usec), 42);
        assert_true(score_get(&p->memory) > 100000);
        uint64_t fds = score_get(&p->fds);
        assert_true(fds >= 4);
        CLEANUP_FD int one = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(one >= 0);
        scoreboard_self(s, SCORE_SUPERVISOR, 0);
        assert_int_equal(score_get(&p->fds), fds + 1);
        uint64_t cpu = score_get(&p->cpu_usec);
        while (score_get(&p->cpu_usec) == cpu) /* it runs, so it comes */
                scoreboard_self(s, SCORE_SUPERVISOR, 0);
        assert_int_equal(score_get(&scoreboard_process(s, SCORE_GATEWAY)->fds), 0);
}

static int make(void *arg UNUSED)
{
        Scoreboard *s = NULL, *g = NULL;
        int fd, r = scoreboard_new(2, TOOLS, &s);
        if (r == 0) {
                fd = fcntl(scoreboard_fd(s), F_DUPFD_CLOEXEC, 0);
                r = scoreboard_map(fd, 2, &g);
                if (r < 0)
                        fd_close_p(&fd);
        }
        scoreboard_free(g);
        scoreboard_free(s);
        return r;
}

static void test_oom(void **state UNUSED)
{
        assert_int_equal(oom_each(make, NULL), 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_layout),  cmocka_unit_test(test_sealed_and_sparse),
                cmocka_unit_test(test_rows),    cmocka_unit_test(test_scribbled),
                cmocka_unit_test(test_foreign), cmocka_unit_test(test_self),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
