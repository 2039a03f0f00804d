/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "support/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"

enum { SOME_UID = 12345, TEXT = 8192 };

/* ---- the other side: this program as a server -------------------------------- */

static int look_fds(void)
{
        char path[64], link[256];
        for (int fd = 0; fd < 4096; fd++) {
                (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                ssize_t n = readlink(path, link, sizeof(link) - 1);
                if (n < 0)
                        continue;
                link[n] = '\0';
                printf("%d=%.4s ", fd, link);
        }
        return 0;
}

static const char *count_signals(bool (*test)(int signo))
{
        static char text[256];
        size_t at = 0;
        text[0] = '\0';
        for (int i = 1; i < _NSIG; i++)
                if (test(i))
                        at += (size_t)snprintf(text + at, sizeof(text) - at, "%d,", i);
        return text;
}

static bool is_blocked(int signo)
{
        sigset_t set;
        (void)sigprocmask(SIG_SETMASK, NULL, &set);
        return sigismember(&set, signo) == 1;
}

static bool is_ignored(int signo)
{
        struct sigaction a;
        return sigaction(signo, NULL, &a) == 0 && a.sa_handler == SIG_IGN;
}

static int look_state(void)
{
        char oom[32] = "";
        struct rlimit files, core;
        CLEANUP_FD int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, oom, sizeof(oom) - 1);
        oom[MAX(n - 1, 0)] = '\0';
        (void)getrlimit(RLIMIT_NOFILE, &files);
        (void)getrlimit(RLIMIT_CORE, &core);
        mode_t mask = umask(0);
        printf("blocked=%s ", count_signals(is_blocked));
        printf("ignored=%s umask=%o session=%d group=%d oom=%s nofile=%llu core=%llu nnp=%d nice=%d uid=%d "
               "gid=%d groups=%d death=",
               count_signals(is_ignored), (unsigned)mask, getsid(0) == getpid(), getpgrp() == getpid(), oom,
               (unsigned long long)files.rlim_cur, (unsigned long long)core.rlim_max,
               prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), getpriority(PRIO_PROCESS, 0), (int)getuid(),
               (int)getgid(), getgroups(0, NULL));
        int death = 0;
        (void)prctl(PR_GET_PDEATHSIG, &death);
        char *cwd = getcwd(NULL, 0);
        printf("%d cwd=%s", death, cwd);
        free(cwd);
        return 0;
}

static int be_server(const char *what)
{
        return strcmp(what, "fds") == 0 ? look_fds() : look_state();
}

/* ---- this side ---------------------------------------------------------------- */

static char self[PATH_MAX];

typedef struct Mode {
        const char *name;
        bool no_pidns, no_clone3, no_clone;
} Mode;

static const Mode modes[] = {
        {"pidns", false, false, false}, {"plain", true, false, false},      {"clone", false, true, false},
        {"fork", true, true, true},     {"clone-plain", true, true, false},
};

static void begin(Spawner *s, const Mode *m)
{
        assert_int_equal(spawner_init(s, test_helper()), 0);
        s->no_pidns = m->no_pidns;
        s->no_clone3 = m->no_clone3;
        s->no_clone = m->no_clone;
}

static void run_self(Spawner *s, SpawnArgs *a, const char *what, char *ret_text)
{
        const char *const argv[] = {self, "@server-of-test", what, NULL};
        Ran r;
        a->exe = self;
        a->argv = argv;
        ran_start(s, a, &r);
        ran_text(r.s.stdout_fd, ret_text, TEXT);
        ran_finish(&r);
        if (r.failed)
                print_error("%s: %s: %s\n", spawn_stage_name(r.error.stage), strerror(r.error.error),
                            r.error.detail);
        assert_true(r.execed && r.exited);
        assert_int_equal(r.exit.code, CLD_EXITED);
        assert_int_equal(r.exit.status, 0);
        assert_int_equal(r.warden_status, 0);
}

static void test_true(void **state UNUSED)
{
        const char *const argv[] = {"/bin/true", NULL};
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                Spawner s;
                Ran r;
                SpawnArgs a = test_args(argv);
                begin(&s, &modes[i]);
                ran_start(&s, &a, &r);
                assert_row(r.s.pidns == (!modes[i].no_pidns && !modes[i].no_clone), "%s", modes[i].name);
                assert_int_equal(r.s.tree, r.s.pidns ? SPAWN_TREE_PIDNS : SPAWN_TREE_BEST_EFFORT);
                assert_true(fcntl(r.s.stdin_fd, F_GETFL) & O_NONBLOCK);
                assert_int_equal(fcntl(r.s.status_fd, F_GETFD), FD_CLOEXEC);
                ran_finish(&r);
                assert_row(r.execed && r.exited && r.exit.status == 0, "%s", modes[i].name);
                assert_true(r.exit.usage.ru_maxrss > 0);
                spawner_done(&s);
        }
}

static void test_descriptors(void **state UNUSED)
{
        char text[TEXT];
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                Spawner s;
                SpawnArgs a = test_args((const char *const[]){"", NULL});
                int leak = open("/", O_RDONLY | O_DIRECTORY); /* no close-on-exec: a mistake elsewhere */
                begin(&s, &modes[i]);
                run_self(&s, &a, "fds", text);
                assert_string_equal(text, "0=pipe 1=pipe 2=pipe ");
                spawner_done(&s);
                close(leak);
        }
}

static void test_low_descriptors(void **state UNUSED)
{
        char text[TEXT];
        Spawner s;
        SpawnArgs a = test_args((const char *const[]){"", NULL});
        int keep = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
        close(STDIN_FILENO);
        begin(&s, &modes[0]);
        run_self(&s, &a, "fds", text);
        assert_string_equal(text, "0=pipe 1=pipe 2=pipe ");
        spawner_done(&s);
        assert_int_equal(dup2(keep, STDIN_FILENO), STDIN_FILENO);
        close(keep);
}

static void assert_has(const char *text, const char *want)
{
        if (!strstr(text, want)) {
                print_error("%s\nhas no %s\n", text, want);
                fail();
        }
}

/* Whatever ours is: ignored, blocked, umask. */
static void test_state(void **state UNUSED)
{
        char text[TEXT], want[64];
        sigset_t some, before;
        struct sigaction old_pipe, old_chld;
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigemptyset(&some);
        sigaddset(&some, SIGTERM);
        sigaddset(&some, SIGUSR2);
        assert_int_equal(sigprocmask(SIG_SETMASK, &some, &before), 0);
        assert_int_equal(sigaction(SIGPIPE, &ignore, &old_pipe), 0);
        assert_int_equal(sigaction(SIGCHLD, NULL, &old_chld), 0);
        mode_t mask = umask(077);
        int nice_now = getpriority(PRIO_PROCESS, 0);
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                Spawner s;
                SpawnArgs a = test_args((const char *const[]){"", NULL});
                a.oom_score_adj = 300;
                a.nice = 3;
                a.nofile = 777;
                a.cwd = "/usr";
                begin(&s, &modes[i]);
                run_self(&s, &a, "state", text);
                assert_has(text, "blocked= ignored= umask=22 session=1 group=1 oom=300 nofile=777 ");
                /* An ordinary user who is nice already cannot be less so: the wish is left. */
                (void)snprintf(want, sizeof(want), " nnp=1 nice=%d ", geteuid() == 0 ? 3 : MAX(3, nice_now));
                assert_has(text, want);
                assert_has(text, " death=9 cwd=/usr");
                (void)snprintf(want, sizeof(want), " uid=%d gid=%d ", (int)getuid(), (int)getgid());
                assert_has(text, want);
                spawner_done(&s);
        }
        umask(mask);
        assert_int_equal(sigaction(SIGPIPE, &old_pipe, NULL), 0);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void test_ids(void **state UNUSED)
{
        char text[TEXT];
        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                Spawner s;
                SpawnArgs a = test_args((const char *const[]){"", NULL});
                a.uid = SOME_UID;
                a.gid = SOME_UID + 1;
                begin(&s, &modes[i]);
                run_self(&s, &a, "state", text);
                assert_has(text, "uid=12345 gid=12346 groups=0");
                assert_has(text, "death=9");
                spawner_done(&s);
        }
}

static void test_foreign_uid_refused(void **state UNUSED)
{
        Spawner s;
        Ran r;
        if (geteuid() == 0)
                skip();
        SpawnArgs a = test_args((const char *const[]){"/bin/true", NULL});
        a.uid = SOME_UID + 7;
        begin(&s, &modes[0]);
        ran_start(&s, &a, &r);
        assert_false(r.s.userns);
        ran_finish(&r);
        assert_true(r.failed);
        assert_int_equal(r.error.stage, SPAWN_STAGE_GROUPS);
        assert_int_equal(r.error.error, EPERM);
        spawner_done(&s);
}

/* ---- what cannot be executed ---------------------------------------------------- */

static void write_file(const char *path, const char *text, mode_t mode)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, span_of(text)), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

static void assert_refused(const char *exe, const char *cwd, int error, const char *detail)
{
        const char *const argv[] = {exe, NULL};
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                Spawner s;
                Ran r;
                SpawnArgs a = test_args(argv);
                a.cwd = cwd;
                begin(&s, &modes[i]);
                ran_start(&s, &a, &r);
                ran_finish(&r);
                assert_row(r.failed && !r.execed && !r.exited, "%s: %s", modes[i].name, exe);
                assert_string_equal(spawn_stage_name(r.error.stage), cwd ? "cwd" : "exec");
                assert_int_equal(r.error.error, error);
                assert_row(strstr(r.error.detail, detail), "%s: %s", exe, r.error.detail);
                assert_true(WIFEXITED(r.warden_status));
                spawner_done(&s);
        }
}

static const char *in_dir(void **state, const char *name)
{
        static char path[4][PATH_MAX];
        static unsigned next;
        char *p = path[next++ % ARRAY_SIZE(path)];
        (void)snprintf(p, PATH_MAX, "%s/%s", (const char *)*state, name);
        return p;
}

static void test_refused(void **state)
{
        const char *script = in_dir(state, "script"), *plain = in_dir(state, "plain");
        assert_refused("/no/such/file", NULL, ENOENT, "/no/such/file");
        assert_refused("/etc", NULL, EACCES, "/etc");
        assert_refused("/etc/passwd", NULL, EACCES, "/etc/passwd");
        write_file(plain, "echo\n", 0755);
        assert_refused(plain, NULL, ENOEXEC, plain);
        write_file(script, "#! /no/such/interpreter -x\n", 0755);
        assert_refused(script, NULL, ENOENT, "there is no interpreter /no/such/interpreter");
        assert_refused("/bin/true", "/no/such/dir", ENOENT, "/no/such/dir");
        assert_refused("/bin/true", "/etc/passwd", ENOTDIR, "/etc/passwd");
        const char *loop = in_dir(state, "loop");
        assert_int_equal(symlink(loop, loop), 0);
        assert_refused(loop, NULL, ELOOP, "loop");
        int fd = open(plain, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_refused(plain, NULL, ETXTBSY, plain);
        close(fd);
}

static void test_too_big(void **state UNUSED)
{
        enum { LONG = 200 * 1024, HUGE = 9 * 1024 * 1024 };
        Spawner s;
        Ran r;
        StepError e;
        Spawned none = {.pid = -7};
        CLEANUP_FREE char *text = malloc(HUGE);
        assert_non_null(text);
        memset(text, 'x', HUGE);
        text[LONG] = '\0';
        const char *const argv[] = {"/bin/true", text, NULL};
        const char *const empty[] = {NULL};
        SpawnArgs a = test_args(argv);
        begin(&s, &modes[0]);
        ran_start(&s, &a, &r);
        ran_finish(&r);
        assert_true(r.failed);
        assert_int_equal(r.error.stage, SPAWN_STAGE_EXEC);
        assert_int_equal(r.error.error, E2BIG);
        text[LONG] = 'x';
        text[HUGE - 1] = '\0';
        assert_int_equal(spawn_server(&s, &a, &none, &e), -E2BIG);
        assert_int_equal(e.stage, SPAWN_STAGE_PLAN);
        a.argv = empty;
        assert_int_equal(spawn_server(&s, &a, &none, &e), -EINVAL);
        assert_int_equal(e.stage, SPAWN_STAGE_PLAN);
        assert_int_equal(none.pid, -7);
        spawner_done(&s);
}

static void test_spawner(void **state)
{
        Spawner s;
        assert_int_equal(spawner_init(&s, "/no/such/helper"), -ENOENT);
        assert_int_equal(spawner_init(&s, "/"), -EACCES);
        assert_string_equal(spawn_tree_name(SPAWN_TREE_CGROUP), "cgroup");
        assert_string_equal(spawn_tree_name(SPAWN_TREE_PIDNS), "pidns");
        assert_string_equal(spawn_tree_name(SPAWN_TREE_BEST_EFFORT), "best-effort");
        assert_null(spawn_tree_name(_SPAWN_TREE_MAX));
        assert_string_equal(spawn_stage_doc(SPAWN_STAGE_EXEC), "the program itself");
        assert_null(spawn_stage_name(_SPAWN_STAGE_MAX));
        assert_null(spawn_stage_doc(_SPAWN_STAGE_MAX));
        /* A helper that is no program at all. */
        const char *bad = in_dir(state, "helper");
        Ran r;
        write_file(bad, "nothing\n", 0755);
        assert_int_equal(spawner_init(&s, bad), 0);
        ran_shell(&s, "true", &r);
        ran_finish(&r);
        assert_true(r.failed);
        assert_int_equal(r.error.stage, SPAWN_STAGE_HELPER);
        assert_int_equal(r.error.error, ENOEXEC);
        spawner_done(&s);
}

/* Each descriptor that it opens may be one too many. */
static void test_no_descriptors(void **state UNUSED)
{
        Spawner s;
        StepError e;
        Spawned none;
        struct rlimit before, few;
        SpawnArgs a = test_args((const char *const[]){"/bin/true", NULL});
        unsigned refused = 0;
        begin(&s, &modes[0]);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        for (rlim_t n = 3;; n++) {
                few = (struct rlimit){n, before.rlim_max};
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
                int r = spawn_server(&s, &a, &none, &e);
                assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
                if (r == 0)
                        break;
                assert_int_equal(r, -EMFILE);
                assert_true(e.stage == SPAWN_STAGE_PIPES || e.stage == SPAWN_STAGE_PLAN ||
                            e.stage == SPAWN_STAGE_CLONE);
                refused++;
        }
        assert_true(refused > 10);
        Ran r = {.s = none};
        ran_finish(&r);
        assert_true(r.exited);
        spawner_done(&s);
}

/* ---- roles ------------------------------------------------------------------------ */

static int be_role(int argc, char **argv)
{
        char c = '?';
        if (argc > 2 && read(3, &c, 1) == 1) { /* what came at 3 goes back at 4, with what else is open */
                int fds = 0;
                for (int fd = 5; fd < 1024; fd++)
                        fds += fcntl(fd, F_GETFD) >= 0;
                int death = 0;
                (void)prctl(PR_GET_PDEATHSIG, &death);
                dprintf(4, "%c %s fds=%d death=%d session=%d blocked=%s nnp=%d", c, argv[2], fds, death,
                        getsid(0) == getpid(), count_signals(is_blocked),
                        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        }
        return 0;
}

static void test_role(void **state UNUSED)
{
        Spawner s;
        StepError e;
        pid_t pid;
        int in[2], out[2], pidfd, status;
        char text[256] = "";
        const char *const argv[] = {"mcpvisor", "@role-of-test", "hello", NULL};
        begin(&s, &modes[0]);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(pipe2(in, O_CLOEXEC), 0);
                assert_int_equal(pipe2(out, O_CLOEXEC), 0);
                const int fds[] = {in[0], out[1]};
                const SpawnRoleArgs a = {.exe = i ? self : NULL, .argv = argv, .fds = fds, .n_fds = 2};
                assert_int_equal(spawn_role(&s, &a, &pid, &pidfd, &e), 0);
                close(in[0]);
                close(out[1]);
                assert_int_equal(write(in[1], "x", 1), 1);
                ran_text(out[0], text, sizeof(text));
                assert_string_equal(text, "x hello fds=0 death=9 session=1 blocked= nnp=1");
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
                close(pidfd);
                close(in[1]);
                close(out[0]);
        }
        const SpawnRoleArgs no = {.exe = "/no/such/role", .argv = argv};
        assert_int_equal(spawn_role(&s, &no, &pid, &pidfd, &e), -ENOENT);
        const SpawnRoleArgs many = {.argv = argv, .n_fds = 100};
        assert_int_equal(spawn_role(&s, &many, &pid, &pidfd, &e), -E2BIG);
        const SpawnRoleArgs text_file = {.exe = "/etc/passwd", .argv = argv};
        assert_int_equal(spawn_role(&s, &text_file, &pid, &pidfd, &e), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 125);
        close(pidfd);
        spawner_done(&s);
}

/* ---- the same as an ordinary user ------------------------------------------------- */

static void test_as_user(void **state UNUSED)
{
        if (geteuid() != 0)
                skip();
        test_again_as_user(SOME_UID);
}

static int dir_setup(void **state)
{
        void *fds;
        return spawn_setup(&fds) < 0 ? -1 : test_dir_setup(state);
}

int main(int argc, char **argv)
{
        if (argc > 2 && strcmp(argv[1], "@server-of-test") == 0)
                return be_server(argv[2]);
        if (argc > 1 && strcmp(argv[1], "@role-of-test") == 0)
                return be_role(argc, argv);
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (n < 0)
                return 1;
#define CHECKED(t)  cmocka_unit_test_setup_teardown(t, spawn_setup, spawn_teardown)
#define WITH_DIR(t) cmocka_unit_test_setup_teardown(t, dir_setup, test_dir_teardown)
        const struct CMUnitTest tests[] = {
                CHECKED(test_true),
                CHECKED(test_descriptors),
                CHECKED(test_low_descriptors),
                CHECKED(test_state),
                CHECKED(test_ids),
                CHECKED(test_foreign_uid_refused),
                CHECKED(test_role),
                WITH_DIR(test_refused),
                CHECKED(test_too_big),
                WITH_DIR(test_spawner),
                CHECKED(test_no_descriptors),
                CHECKED(test_as_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
