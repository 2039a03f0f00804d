/* SPDX-License-Identifier: Apache-2.0 */
#include "support/oom.h"
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "supervisor/dirs.h"

enum { NOBODY = 65534 };

static const DaemonOptions serve = {.mode = DAEMON_SERVE}, run = {.mode = DAEMON_RUN};
static char runtime[200], state[200];

static int setup(void **test)
{
        if (test_dir_setup(test) < 0)
                return -1;
        (void)snprintf(runtime, sizeof(runtime), "%s/r", (const char *)*test);
        (void)snprintf(state, sizeof(state), "%s/deep/er/s", (const char *)*test);
        return 0;
}

static const char *below(const char *dir, const char *name)
{
        static char path[400];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        return path;
}

static unsigned mode_of(const char *path)
{
        struct stat st;
        return lstat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static bool exists(const char *path)
{
        struct stat st;
        return lstat(path, &st) == 0;
}

static void save(const char *path, const char *text)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, span_of(text)), 0);
}

static void make_socket(const char *path)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(strlen(path) < sizeof(a.sun_path));
        memcpy(a.sun_path, path, strlen(path));
        assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
}

static void must_open(const DaemonOptions *options, Dirs *d)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        int r = dirs_open(options, runtime, state, d, &why);
        assert_row(r == 0, "%s", buf_text(&why));
        assert_string_equal(buf_text(&why), "");
}

static void must_refuse(const DaemonOptions *options, const char *want)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Dirs d = {.lock_fd = -7};
        assert_int_equal(dirs_open(options, runtime, state, &d, &why), DIRS_E_REFUSED);
        assert_row(strstr(buf_text(&why), want), "%s, not %s", buf_text(&why), want);
        assert_int_equal(d.lock_fd, -7);
}

static void test_makes(void **test UNUSED)
{
        Dirs d, nothing = {0};
        char want[32], got[32] = "";
        must_open(&serve, &d);
        assert_string_equal(d.runtime, runtime);
        assert_string_equal(d.state, state);
        assert_false(d.own_runtime);
        assert_int_equal(mode_of(runtime), 0700);
        assert_int_equal(mode_of(state), 0700);
        assert_int_equal(mode_of(below(runtime, "lock")), 0600);
        assert_true(fcntl(d.lock_fd, F_GETFD) & FD_CLOEXEC);
        (void)snprintf(want, sizeof(want), "%d\n", getpid());
        assert_true(pread(d.lock_fd, got, sizeof(got) - 1, 0) > 0);
        assert_string_equal(got, want);
        dirs_close(&d);
        dirs_close(&d);
        dirs_close(&nothing);
        assert_false(exists(below(runtime, "lock")));
        assert_true(exists(runtime));
        must_open(&serve, &d); /* again, in what is there */
        dirs_close(&d);
}

static void test_second_copy(void **test UNUSED)
{
        Dirs first, second;
        char pid[32];
        must_open(&serve, &first);
        (void)snprintf(pid, sizeof(pid), "pid %d", getpid());
        must_refuse(&serve, pid);
        must_refuse(&serve, runtime);
        must_refuse(&serve, "--runtime-dir");
        assert_int_equal(ftruncate(first.lock_fd, 0), 0);
        must_refuse(&serve, "pid unknown");

        must_open(&run, &second); /* has one of its own */
        assert_true(second.own_runtime);
        (void)snprintf(pid, sizeof(pid), "run-%d", getpid());
        assert_string_equal(second.runtime, below(runtime, pid));
        assert_int_equal(mode_of(second.runtime), 0700);

        Dirs third; /* the same pid, in another pid namespace */
        must_open(&run, &third);
        (void)snprintf(pid, sizeof(pid), "run-%d-1", getpid());
        assert_string_equal(third.runtime, below(runtime, pid));
        assert_true(exists(second.runtime));
        make_socket(below(third.runtime, "http.sock"));
        dirs_close(&third);
        assert_false(exists(below(runtime, pid)));
        dirs_close(&second);
        dirs_close(&first);
        must_open(&run, &first); /* free again: the directory itself */
        assert_false(first.own_runtime);
        dirs_close(&first);
}

/* The lock file may be there without a holder; the file itself does not count. */
static void test_left_lock(void **test UNUSED)
{
        Dirs d;
        assert_int_equal(mkdir(runtime, 0700), 0);
        save(below(runtime, "lock"), "4711\n and more than we would write\n");
        must_open(&serve, &d);
        struct stat st;
        assert_int_equal(fstat(d.lock_fd, &st), 0);
        assert_true(st.st_size < 12);
        dirs_close(&d);
}

static void test_clears_stale(void **test)
{
        Dirs d, live;
        char stale[300], outside[300];
        assert_int_equal(mkdir(runtime, 0700), 0);
        (void)snprintf(stale, sizeof(stale), "%s/run-1", runtime);
        (void)snprintf(outside, sizeof(outside), "%s/outside", (const char *)*test);
        assert_int_equal(mkdir(stale, 0700), 0);
        assert_int_equal(mkdir(outside, 0700), 0);
        save(below(outside, "precious"), "x");
        save(below(stale, "lock"), "1\n");
        make_socket(below(stale, "http.sock"));
        save(below(stale, "token"), "x");
        assert_int_equal(symlink(outside, below(stale, "link")), 0);
        assert_int_equal(symlink(outside, below(runtime, "run-2")), 0); /* not followed */
        save(below(runtime, "run-3"), "a file");
        must_open(&serve, &d);
        assert_false(exists(stale));
        assert_true(exists(below(outside, "precious")));
        assert_false(exists(below(outside, "lock")));
        assert_true(exists(below(runtime, "run-3")));

        must_open(&run, &live); /* whose lock is held */
        must_refuse(&serve, "another copy");
        assert_true(exists(live.runtime));
        dirs_close(&live);
        dirs_close(&d);
}

static void test_not_safe(void **test)
{
        assert_int_equal(mkdir(runtime, 0700), 0);
        assert_int_equal(chmod(runtime, 0770), 0);
        must_refuse(&serve, "mode 0770");
        assert_int_equal(chmod(runtime, 01777), 0);
        must_refuse(&run, "others may write");
        assert_int_equal(chmod(runtime, 0755), 0); /* others may look */
        Dirs d;
        must_open(&serve, &d);
        dirs_close(&d);
        assert_int_equal(rename(runtime, below(*test, "elsewhere")), 0);
        assert_int_equal(symlink("elsewhere", runtime), 0);
        must_refuse(&serve, "symbolic link");
        (void)snprintf(runtime, sizeof(runtime), "%s/r//", (const char *)*test);
        must_refuse(&serve, "symbolic link"); /* slashes do not lead behind it */
        (void)snprintf(runtime, sizeof(runtime), "%s/file", (const char *)*test);
        save(runtime, "");
        must_refuse(&serve, "no directory");
}

static void test_too_long(void **test)
{
        char name[110];
        memset(name, 'x', sizeof(name));
        name[107 - strlen("/control.sock") - strlen(*test) - 1] = '\0';
        (void)snprintf(runtime, sizeof(runtime), "%s/%s", (const char *)*test, name);
        Dirs d;
        must_open(&serve, &d); /* the longest that goes */
        make_socket(below(runtime, "control.sock"));
        must_refuse(&run, "too long"); /* but nothing more below it */
        dirs_close(&d);
        (void)snprintf(runtime, sizeof(runtime), "%s/%sx", (const char *)*test, name);
        must_refuse(&serve, "too long");
        assert_false(exists(runtime));
}

/* What serve refuses and run does without: 1 both, 2 only the state directory. */
static void check_without(bool runtime_too)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Dirs d;
        must_refuse(&serve, runtime_too ? runtime : state);
        must_refuse(&serve, runtime_too ? "--runtime-dir" : "--state-dir");
        assert_int_equal(dirs_open(&run, runtime, state, &d, &why), 0);
        assert_non_null(strstr(buf_text(&why), state));
        assert_null(d.state);
        assert_int_equal(d.runtime == NULL, runtime_too);
        assert_int_equal(strstr(buf_text(&why), runtime) != NULL, runtime_too);
        assert_int_equal(dirs_clear_socket(&d, "http.sock"), runtime_too ? -ENOENT : 0);
        assert_int_equal(dirs_home(&d, "fs", geteuid(), getegid(), &why), -ENOENT);
        dirs_close(&d);
}

static void test_not_writable(void **test UNUSED)
{
        (void)snprintf(state, sizeof(state), "/proc/mcpvisor-test/s");
        check_without(false);
        (void)snprintf(runtime, sizeof(runtime), "/proc/mcpvisor-test/r");
        check_without(true);
}

/* Runs it as a child, which may change what it is. */
static void in_child(bool (*prepare)(const char *dir), void (*then)(const char *dir), const char *dir)
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (!prepare(dir))
                        _exit(77);
                then(dir);
                _exit(0);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(status, 0);
}

static bool become_nobody(const char *dir)
{
        return geteuid() == 0 && chmod(dir, 0755) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
               setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool refused(const DaemonOptions *options, const char *want)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Dirs d;
        return dirs_open(options, runtime, state, &d, &why) == DIRS_E_REFUSED &&
               strstr(buf_text(&why), want) != NULL;
}

/* No cmocka in a child: it would jump into the parent's test. */
static void as_nobody(const char *dir UNUSED)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Dirs d;
        if (!refused(&serve, "belongs to user 0") || !refused(&run, "belongs to user 0"))
                _exit(1);
        (void)snprintf(runtime + strlen(runtime), 10, "/below"); /* not to be made there */
        if (!refused(&serve, "Permission denied") || dirs_open(&run, runtime, state, &d, &why) != 0)
                _exit(2);
        if (d.runtime || d.state || !strstr(buf_text(&why), "Permission denied"))
                _exit(3);
        dirs_close(&d);
}

static void test_other_user(void **test)
{
        assert_int_equal(mkdir(runtime, 0755), 0);
        in_child(become_nobody, as_nobody, *test);
        if (geteuid() == 0) { /* and the other way round */
                assert_int_equal(chown(runtime, NOBODY, NOBODY), 0);
                must_refuse(&run, "belongs to user 65534");
        }
}

static bool become_read_only(const char *dir)
{
        return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount(dir, dir, NULL, MS_BIND, NULL) == 0 &&
               mount(NULL, dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

static void read_only(const char *dir UNUSED)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Dirs d;
        if (!refused(&serve, "Read-only file system") || !refused(&serve, runtime))
                _exit(1);
        if (dirs_open(&run, runtime, state, &d, &why) != 0 || d.runtime || d.state)
                _exit(2);
        if (!strstr(buf_text(&why), runtime) || !strstr(buf_text(&why), state))
                _exit(3);
        dirs_close(&d);
}

static void test_read_only(void **test)
{
        assert_int_equal(mkdir(runtime, 0700), 0); /* this one exists, the other does not */
        in_child(become_read_only, read_only, *test);
}

static void test_sockets(void **test UNUSED)
{
        Dirs d;
        must_open(&serve, &d);
        assert_int_equal(dirs_clear_socket(&d, "control.sock"), 0);
        make_socket(below(runtime, "control.sock"));
        assert_int_equal(dirs_clear_socket(&d, "control.sock"), 0);
        assert_false(exists(below(runtime, "control.sock")));
        save(below(runtime, "control.sock"), "x");
        assert_int_equal(dirs_clear_socket(&d, "control.sock"), -EEXIST);
        dirs_close(&d);
}

static void test_home(void **test UNUSED)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE);
        Dirs d;
        must_open(&serve, &d);
        assert_int_equal(dirs_home(&d, "fs", geteuid(), getegid(), &path), 0);
        assert_string_equal(buf_text(&path), below(state, "home/fs"));
        assert_int_equal(mode_of(buf_text(&path)), 0700);
        assert_int_equal(chmod(buf_text(&path), 0755), 0);
        buf_clear(&path);
        assert_int_equal(dirs_home(&d, "fs", geteuid(), getegid(), &path), 0);
        assert_int_equal(mode_of(buf_text(&path)), 0700);
        if (geteuid() == 0) {
                struct stat st;
                buf_clear(&path);
                assert_int_equal(mode_of(state), 0700); /* for others only as far as it must */
                assert_int_equal(chmod(below(state, "home"), 0700), 0);
                assert_int_equal(dirs_home(&d, "git", NOBODY, NOBODY, &path), 0);
                assert_int_equal(lstat(buf_text(&path), &st), 0);
                assert_int_equal(st.st_uid, NOBODY);
                assert_int_equal(st.st_gid, NOBODY);
                assert_int_equal(mode_of(state), 0701);
                assert_int_equal(mode_of(below(state, "home")), 0701);
        }
        buf_clear(&path);
        assert_int_equal(symlink("/etc", below(state, "home/evil")), 0);
        assert_true(dirs_home(&d, "evil", geteuid(), getegid(), &path) < 0); /* never through a link */
        assert_int_equal(path.len, 0);
        dirs_close(&d);
}

/* One of many that start and end all the time: what it has is its own. */
static void start_and_end(unsigned rounds)
{
        for (unsigned i = 0; i < rounds; i++) {
                CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
                Dirs d;
                if (dirs_open(&run, runtime, state, &d, &why) != 0 || !d.runtime)
                        _exit(1);
                int fd = openat(d.runtime_fd, "mine", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                if (fd < 0)
                        _exit(2);
                fd_close_p(&fd);
                if (access(below(d.runtime, "mine"), F_OK) < 0 || access(below(d.runtime, "lock"), F_OK) < 0)
                        _exit(3);
                if (unlinkat(d.runtime_fd, "mine", 0) < 0)
                        _exit(4);
                dirs_close(&d);
        }
        _exit(0);
}

static void test_many_at_once(void **test UNUSED)
{
        enum { COPIES = 12, ROUNDS = 100 };
        pid_t pids[COPIES];
        for (unsigned i = 0; i < COPIES; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0)
                        start_and_end(ROUNDS);
        }
        for (unsigned i = 0; i < COPIES; i++) {
                int status;
                assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
                assert_int_equal(status, 0);
        }
        Dirs d;
        must_open(&serve, &d);
        DIR *dir = opendir(runtime);
        assert_non_null(dir);
        for (struct dirent *e; (e = readdir(dir));)
                assert_row(e->d_name[0] == '.' || strcmp(e->d_name, "lock") == 0, "%s is left", e->d_name);
        (void)closedir(dir);
        dirs_close(&d);
}

static int open_once(void *arg)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Dirs d;
        int r = dirs_open(arg, runtime, state, &d, &why);
        if (r == 0)
                dirs_close(&d);
        return r;
}

static void test_no_memory(void **test UNUSED)
{
        Dirs held;
        assert_true(oom_each(open_once, (void *)&serve) >= 3);
        must_open(&serve, &held);
        assert_true(oom_each(open_once, (void *)&run) >= 3);
        DIR *dir = opendir(runtime); /* none is left behind */
        assert_non_null(dir);
        for (struct dirent *e; (e = readdir(dir));)
                assert_true(strncmp(e->d_name, "run-", 4) != 0);
        (void)closedir(dir);
        dirs_close(&held);
}

#define DIRS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, test_dir_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                DIRS_TEST(test_makes),        DIRS_TEST(test_second_copy), DIRS_TEST(test_left_lock),
                DIRS_TEST(test_clears_stale), DIRS_TEST(test_not_safe),    DIRS_TEST(test_too_long),
                DIRS_TEST(test_not_writable), DIRS_TEST(test_other_user),  DIRS_TEST(test_read_only),
                DIRS_TEST(test_sockets),      DIRS_TEST(test_home),        DIRS_TEST(test_no_memory),
                DIRS_TEST(test_many_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
