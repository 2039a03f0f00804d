/* SPDX-License-Identifier: Apache-2.0 */
#include "support/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "spawn/cgroup-file.h"
#include "spawn/cgroup-place.h"
#include "spawn/cgroup.h"

/* ---- texts -------------------------------------------------------------------- */

#define V1 "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"

typedef struct PlaceRow {
        const char *mounts, *cgroup, *dir, *self; /* dir NULL: none */
} PlaceRow;

static const PlaceRow places[] = {
        {"30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n", "0::/\n", "/sys/fs/cgroup", "/"},
        {V1 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "9:cpu:/x\n0::/a/b\n",
         "/sys/fs/cgroup/unified/a/b", "/a/b"},
        {"41 31 0:38 /docker/1 /sys/fs/cgroup rw - cgroup2 x rw\n", "0::/docker/1/in\n", "/sys/fs/cgroup/in",
         "/docker/1/in"},
        {"41 31 0:38 /docker/1 /sys/fs/cgroup rw - cgroup2 x rw\n", "0::/docker/1\n", "/sys/fs/cgroup",
         "/docker/1"},
        {"41 31 0:38 /docker/1 /a rw - cgroup2 x rw\n", "0::/docker/12\n", NULL, NULL},
        {"41 31 0:38 /no /a rw - cgroup2 x rw\n41 31 0:38 / /my\\040dir rw - cgroup2 x rw\n", "0::/q\n",
         "/my dir/q", "/q"},
        {"41 31 0:38 / /a rw - cgroup2 x rw\n", "0::/../other\n", NULL, NULL},
        {"41 31 0:38 / /a rw - cgroup2 x rw\n", "5:cpu:/\n", NULL, NULL},
        {V1, "0::/\n", NULL, NULL},
        {"", "", NULL, NULL},
        {"nonsense\n", "0::/\n", NULL, NULL},
};

static void test_places(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                CgroupPlace p = {0};
                int r = cgroup_place_find(span_of(places[i].mounts), span_of(places[i].cgroup), &p);
                assert_row(r == (places[i].dir ? 0 : CGROUP_PLACE_E_NONE), "%zu", i);
                if (r == 0) {
                        assert_string_equal(p.dir, places[i].dir);
                        assert_string_equal(p.self, places[i].self);
                }
                cgroup_place_done(&p);
        }
}

/* ---- the real thing ------------------------------------------------------------ */

static char runtime[64];

static bool open_root(CgroupRoot *r)
{
        const char *why = NULL;
        int n = cgroup_root_open(runtime, r, &why);
        assert_true(n >= 0);
        if (n == CGROUP_E_NONE) {
                assert_non_null(why);
                assert_int_equal(r->fd, -1);
                print_message("no control groups: %s\n", why);
        }
        return n == 0;
}

static bool exists(const char *path)
{
        return access(path, F_OK) == 0;
}

/* Sleeps inside of the group. */
static pid_t member(int dir)
{
        char text[32];
        pid_t pid = fork();
        if (pid == 0) {
                (void)pause();
                _exit(0);
        }
        (void)snprintf(text, sizeof(text), "%d", (int)pid);
        assert_int_equal(cgroup_write(dir, "cgroup.procs", text), 0);
        return pid;
}

static void await_empty(const Cgroup *c)
{
        bool populated = true;
        for (;;) {
                struct pollfd p = {.fd = c->events_fd, .events = POLLPRI};
                assert_int_equal(cgroup_populated(c, &populated), 0);
                if (!populated)
                        return;
                assert_int_equal(poll(&p, 1, 5000), 1);
        }
}

static void test_life(void **state UNUSED)
{
        CgroupRoot r;
        Cgroup c, again;
        char name[80];
        bool populated = true;
        CgroupUsage u;
        if (!open_root(&r))
                skip();
        assert_true(exists(r.path));
        assert_int_equal(cgroup_new(&r, "a/b", &c), -EINVAL);
        assert_int_equal(cgroup_new(&r, "", &c), -EINVAL);
        assert_int_equal(cgroup_new(&r, "..", &c), -EINVAL);
        assert_int_equal(cgroup_new(&r, "web-1", &c), 0);
        assert_int_equal(cgroup_new(&r, "web-1", &again), -EEXIST);
        assert_int_equal(cgroup_populated(&c, &populated), 0);
        assert_false(populated);
        pid_t one = member(c.fd), two = member(c.fd);
        assert_int_equal(cgroup_populated(&c, &populated), 0);
        assert_true(populated);
        assert_true(cgroup_of(&r, one, name, sizeof(name)));
        assert_string_equal(name, "web-1");
        assert_false(cgroup_of(&r, one, name, 3));
        assert_false(cgroup_of(&r, getpid(), name, sizeof(name)));
        assert_int_equal(cgroup_usage(&c, &u), 0);
        assert_int_equal(u.pids, 2);
        assert_true(u.memory > 0 && u.memory != UINT64_MAX);
        assert_int_equal(cgroup_signal(&c, SIGTERM, two), 0);
        assert_int_equal(waitpid(one, NULL, 0), one);
        assert_int_equal(waitpid(two, NULL, WNOHANG), 0);
        assert_int_equal(cgroup_kill(&c), 0);
        await_empty(&c);
        assert_int_equal(waitpid(two, NULL, 0), two);
        cgroup_done(&r, &c);
        CLEANUP_FREE char *path = strdup(r.path);
        cgroup_root_close(&r);
        cgroup_root_close(&r);
        assert_false(exists(path));
}

/* Groups that a server made inside of its own go with it. */
static void test_nested(void **state UNUSED)
{
        CgroupRoot r;
        Cgroup c;
        char name[80];
        if (!open_root(&r))
                skip();
        assert_int_equal(cgroup_new(&r, "web-2", &c), 0);
        assert_int_equal(mkdirat(c.fd, "sub", 0755), 0);
        assert_int_equal(mkdirat(c.fd, "sub/deeper", 0755), 0);
        int deep = openat(c.fd, "sub/deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        pid_t pid = member(deep);
        close(deep);
        assert_true(cgroup_of(&r, pid, name, sizeof(name)));
        assert_string_equal(name, "web-2");
        assert_int_equal(cgroup_signal(&c, SIGKILL, 0), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        await_empty(&c);
        cgroup_done(&r, &c);
        CLEANUP_FREE char *path = strdup(r.path);
        cgroup_root_close(&r);
        assert_false(exists(path));
}

/* What an earlier life left under the same name is ended and removed; another's is not touched. */
static void test_left_behind(void **state UNUSED)
{
        CgroupRoot old, other, new;
        Cgroup c, d;
        const char *why;
        int status;
        if (!open_root(&old))
                skip();
        assert_int_equal(cgroup_new(&old, "web-1", &c), 0);
        pid_t pid = member(c.fd);
        assert_int_equal(cgroup_root_open("/run/test-cgroup-other", &other, &why), 0);
        assert_int_equal(cgroup_new(&other, "web-1", &d), 0);
        pid_t alive = member(d.fd);
        assert_true(open_root(&new));
        assert_false(exists(old.path));
        assert_true(exists(other.path));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(waitpid(alive, NULL, WNOHANG), 0);
        bool populated;
        CgroupUsage u;
        assert_int_equal(cgroup_populated(&c, &populated), -ENODEV);
        assert_int_equal(cgroup_kill(&c), -ENODEV);
        assert_int_equal(cgroup_signal(&c, SIGTERM, 0), -ENODEV);
        assert_int_equal(cgroup_usage(&c, &u), -ENODEV);
        cgroup_done(&old, &c);
        cgroup_root_close(&old);
        cgroup_root_close(&new);
        assert_int_equal(cgroup_kill(&d), 0);
        assert_int_equal(waitpid(alive, NULL, 0), alive);
        await_empty(&d);
        cgroup_done(&other, &d);
        cgroup_root_close(&other);
}

static void test_none(void **state UNUSED)
{
        CgroupRoot none = {.fd = -1};
        Cgroup c;
        char name[8];
        assert_int_equal(cgroup_new(&none, "x", &c), -ENOENT);
        assert_false(cgroup_of(&none, getpid(), name, sizeof(name)));
        cgroup_root_close(&none);
}

static void test_as_user(void **state UNUSED)
{
        if (geteuid() != 0)
                skip();
        test_again_as_user(12345);
}

int main(void)
{
        (void)snprintf(runtime, sizeof(runtime), "/run/test-cgroup-%d", (int)getpid());
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, spawn_setup, spawn_teardown)
        const struct CMUnitTest tests[] = {
                CHECKED(test_places),      CHECKED(test_life), CHECKED(test_nested),
                CHECKED(test_left_behind), CHECKED(test_none), CHECKED(test_as_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
