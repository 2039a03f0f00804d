/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/watch.h"

#define QUIET   (LIMIT_WATCH_QUIET * NSEC_PER_MSEC)
#define LONGEST (LIMIT_WATCH_LONGEST * NSEC_PER_SEC)
#define RETRY   (LIMIT_WATCH_RETRY * NSEC_PER_SEC)

static FakeClock hands;
static Loop *loop;
static Watch watch;
static unsigned told;
static bool ends_itself, finished;
static int home; /* where we were; owned */

static void changed(Watch *w)
{
        assert_ptr_equal(w, &watch);
        told++;
        if (ends_itself)
                watch_done(w);
}

static const WatchOps ops = {.changed = changed};

/* In a directory of its own, so that relative names do. */
static int setup(void **state)
{
        CMUnitTestFunction test = (CMUnitTestFunction)*state;
        void *dir;
        if (test_dir_setup(&dir) < 0)
                return -1;
        home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        told = 0;
        ends_itself = finished = false;
        fake_clock_init(&hands, NSEC_PER_SEC);
        static void *both[2];
        both[0] = dir;
        both[1] = (void *)test;
        *state = (void *)both;
        return home < 0 || chdir(dir) < 0 || mkdir("etc", 0700) < 0 ? -1 : loop_new(&hands.clock, &loop);
}

static int teardown(void **state)
{
        void **both = *state;
        if (finished) {
                watch_done(&watch);
                watch_done(&watch);
                loop = loop_free(loop);
        }
        int r = fchdir(home);
        fd_close_p(&home);
        return test_dir_teardown(&both[0]) < 0 || r < 0 ? -1 : 0;
}

static void save(const char *path, const char *text)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, span_of(text)), 0);
}

static void turns(void)
{
        for (int i = 0; i < 4; i++)
                assert_int_equal(loop_run_once(loop, 0), 0);
}

static void pass(Nsec time)
{
        turns();
        hands.at += time;
        turns();
}

static void expect(unsigned n)
{
        pass(QUIET - 1);
        assert_int_equal(told, 0);
        pass(1);
        assert_int_equal(told, n);
        told = 0;
}

static void start(const char *path)
{
        assert_int_equal(watch_init(&watch, loop, &ops, path), 0);
}

static void test_written(void **state UNUSED)
{
        save("etc/a.yaml", "1");
        start("etc/a.yaml");
        expect(0);
        assert_true(timer_heap_earliest(loop_timers(loop)) == NSEC_NEVER); /* idle */
        save("etc/a.yaml", "22");
        expect(1);
        expect(0);
        save("etc/a.yaml", "22"); /* written again: the times say so */
        expect(1);
        save("etc/other", "x");
        expect(0);
        assert_int_equal(chmod("etc/a.yaml", 0640), 0); /* who may read it matters too */
        expect(1);
}

/* vim and others: a new file takes the name. */
static void test_replaced(void **state UNUSED)
{
        save("etc/a.yaml", "1");
        start("etc/a.yaml");
        save("etc/.a.yaml.swp", "2");
        assert_int_equal(rename("etc/a.yaml", "etc/a.yaml~"), 0);
        assert_int_equal(rename("etc/.a.yaml.swp", "etc/a.yaml"), 0);
        assert_int_equal(unlink("etc/a.yaml~"), 0);
        expect(1);
        assert_int_equal(unlink("etc/a.yaml"), 0); /* gone: there is nothing to read */
        expect(0);
        save("etc/a.yaml", "3");
        expect(1);
}

static void test_not_there_yet(void **state UNUSED)
{
        start("etc/a.yaml");
        expect(0);
        save("etc/a.yaml", "1");
        expect(1);
}

static void test_here(void **state UNUSED)
{
        save("a.yaml", "1");
        start("a.yaml");
        save("a.yaml", "12");
        expect(1);
}

/* Each write puts it off, but not for ever. */
static void test_restless(void **state UNUSED)
{
        save("etc/a.yaml", "1");
        start("etc/a.yaml");
        Nsec begin = hands.at;
        while (!told) {
                save("etc/a.yaml", "more");
                turns();
                hands.at += QUIET / 2;
                turns();
                assert_true(hands.at - begin <= LONGEST);
        }
        assert_true(hands.at - begin >= LONGEST - QUIET);
}

static void test_symlink(void **state UNUSED)
{
        assert_int_equal(mkdir("real", 0700), 0);
        assert_int_equal(mkdir("new", 0700), 0);
        save("real/a.yaml", "1");
        save("new/a.yaml", "1");
        assert_int_equal(symlink("../real/a.yaml", "etc/a.yaml"), 0);
        start("etc/a.yaml");
        save("real/a.yaml", "22"); /* where it points to */
        expect(1);
        assert_int_equal(symlink("../new/a.yaml", "etc/next"), 0);
        assert_int_equal(rename("etc/next", "etc/a.yaml"), 0);
        expect(1);
        save("new/a.yaml", "333"); /* where it points to now */
        expect(1);
        assert_int_equal(watch.n_dirs, 2);
        save("real/a.yaml", "4444");
        expect(0);
        assert_true(timer_heap_earliest(loop_timers(loop)) == NSEC_NEVER);
}

/* etc/a.yaml -> ..data/a.yaml, ..data -> ..1: Kubernetes renames a new ..data over the old one. */
static void test_config_map(void **state UNUSED)
{
        assert_int_equal(mkdir("etc/..1", 0700), 0);
        save("etc/..1/a.yaml", "1");
        assert_int_equal(symlink("..1", "etc/..data"), 0);
        assert_int_equal(symlink("..data/a.yaml", "etc/a.yaml"), 0);
        start("etc/a.yaml");
        for (char n = '2'; n < '5'; n++) {
                char dir[] = "etc/..N", file[] = "etc/..N/a.yaml", old[] = "etc/..N",
                     old_file[] = "etc/..N/a.yaml";
                dir[6] = file[6] = n;
                old[6] = old_file[6] = (char)(n - 1);
                assert_int_equal(mkdir(dir, 0700), 0);
                save(file, "next");
                assert_int_equal(symlink(dir + 4, "etc/..data_tmp"), 0);
                assert_int_equal(rename("etc/..data_tmp", "etc/..data"), 0);
                assert_int_equal(unlink(old_file), 0);
                assert_int_equal(rmdir(old), 0);
                expect(1);
                expect(0);
        }
        assert_int_equal(watch.n_dirs, 2);
        save("etc/..4/a.yaml", "in place"); /* the newest directory is watched as well */
        expect(1);
}

static void test_absolute_link_and_loop(void **state)
{
        char target[300];
        (void)snprintf(target, sizeof(target), "%s/real.yaml", (const char *)(*(void ***)state)[0]);
        save("real.yaml", "1");
        assert_int_equal(symlink(target, "etc/a.yaml"), 0);
        start("etc/a.yaml");
        save("real.yaml", "22");
        expect(1);
        watch_done(&watch);
        assert_int_equal(symlink("loop", "etc/loop"), 0);
        start("etc/loop");
        assert_true(watch.n_dirs <= WATCH_HOPS + 1);
        assert_int_equal(unlink("etc/loop"), 0);
        save("etc/loop", "a file now");
        expect(1);
}

static void test_directory_goes(void **state UNUSED)
{
        save("etc/a.yaml", "1");
        start("etc/a.yaml");
        assert_int_equal(unlink("etc/a.yaml"), 0);
        assert_int_equal(rmdir("etc"), 0);
        expect(0);
        pass(10 * RETRY);
        assert_int_equal(told, 0);
        assert_true(timer_heap_earliest(loop_timers(loop)) <= hands.at + RETRY);
        assert_int_equal(mkdir("etc", 0700), 0);
        save("etc/a.yaml", "2");
        pass(RETRY);
        assert_int_equal(told, 1);
        told = 0;
        assert_true(timer_heap_earliest(loop_timers(loop)) == NSEC_NEVER); /* watched again */
        save("etc/a.yaml", "33");
        expect(1);

        /* Moved away, another in its place. */
        assert_int_equal(mkdir("next", 0700), 0);
        save("next/a.yaml", "444");
        assert_int_equal(rename("etc", "old"), 0);
        assert_int_equal(rename("next", "etc"), 0);
        expect(1);
        save("old/a.yaml", "5555");
        expect(0);
        save("etc/a.yaml", "5555");
        expect(1);
}

static void test_missing_from_the_start(void **state UNUSED)
{
        assert_int_equal(rmdir("etc"), 0);
        start("etc/a.yaml");
        assert_true(timer_is_armed(&watch.quiet));
        assert_int_equal(mkdir("etc", 0700), 0);
        save("etc/a.yaml", "1");
        pass(RETRY);
        assert_int_equal(told, 1);
}

static void test_ends_itself(void **state UNUSED)
{
        save("etc/a.yaml", "1");
        start("etc/a.yaml");
        ends_itself = true;
        save("etc/a.yaml", "22");
        expect(1);
}

/* More events than the kernel keeps: the last of them counts. */
static void test_many(void **state UNUSED)
{
        save("etc/a.yaml", "1");
        start("etc/a.yaml");
        for (int i = 0; i < 20000; i++) {
                CLEANUP_FD int fd = open(i % 2 ? "etc/x" : "etc/y", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                         0600);
                assert_true(fd >= 0);
        }
        save("etc/a.yaml", "22");
        for (int i = 0; i < 40; i++)
                turns();
        expect(1);
}

static int init_once(void *arg UNUSED)
{
        Watch w;
        int r = watch_init(&w, loop, &ops, "etc/a.yaml");
        if (r == 0)
                watch_done(&w);
        return r;
}

static void test_no_memory(void **state UNUSED)
{
        save("etc/real", "1");
        assert_int_equal(symlink("real", "etc/a.yaml"), 0);
        assert_true(oom_each(init_once, NULL) >= 3);
        start("etc/a.yaml");
        save("etc/real", "22");
        turns();
        hands.at += QUIET;
        oom_arm(1); /* not watched anew, but looked at; and tried again */
        turns();
        assert_true(oom_disarm());
        assert_int_equal(told, 1);
        assert_true(timer_is_armed(&watch.quiet));
        pass(RETRY);
        assert_false(timer_is_armed(&watch.quiet));
}

/* A test that fails leaves its sources behind: then the loop stays too, so that one reads the reason. */
static void run(void **state)
{
        void **both = *state;
        ((CMUnitTestFunction)both[1])(state);
        finished = true;
}

#define WATCH_TEST(f)                                                                         \
        {                                                                                     \
                .name = #f, .test_func = run, .setup_func = setup, .teardown_func = teardown, \
                .initial_state = (f)                                                          \
        }

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCH_TEST(test_written),        WATCH_TEST(test_replaced),
                WATCH_TEST(test_not_there_yet),  WATCH_TEST(test_here),
                WATCH_TEST(test_restless),       WATCH_TEST(test_symlink),
                WATCH_TEST(test_config_map),     WATCH_TEST(test_absolute_link_and_loop),
                WATCH_TEST(test_directory_goes), WATCH_TEST(test_missing_from_the_start),
                WATCH_TEST(test_ends_itself),    WATCH_TEST(test_many),
                WATCH_TEST(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
