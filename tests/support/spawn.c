/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h> /* of the build; there is one of that name beside this file */

#include "support/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fd.h"

enum { DEADLINE = 20000, LOOK = 5 };

extern char **environ;

const char *test_helper(void)
{
        static char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
        assert_true(n > 0);
        path[n] = '\0';
        for (int i = 0; i < 3; i++)
                *strrchr(path, '/') = '\0';
#ifdef MCPVISOR_SINGLE
        memcpy(path + strlen(path), "/mcpvisor", sizeof("/mcpvisor"));
#else
        memcpy(path + strlen(path), "/mcpvisor-exec", sizeof("/mcpvisor-exec"));
#endif
        return path;
}

SpawnArgs test_args(const char *const *argv)
{
        return (SpawnArgs){
                .exe = argv[0],
                .argv = argv,
                .envp = (const char *const *)environ,
                .uid = UINT64_MAX,
                .gid = UINT64_MAX,
                .cgroup_fd = -1,
        };
}

void ran_start(Spawner *s, const SpawnArgs *args, Ran *ret)
{
        StepError e = {0};
        *ret = (Ran){0};
        if (spawn_server(s, args, &ret->s, &e) < 0) {
                print_error("stage %s: %s\n", spawn_stage_name(e.stage), strerror(e.error));
                fail();
        }
}

static void take(Ran *r, const SpawnReport *report)
{
        switch (report->kind) {
        case SPAWN_REPORT_LEADER:
                assert_int_equal(r->leader, 0);
                assert_true(report->pid > 0 && report->pid != r->s.pid);
                r->leader = report->pid;
                break;
        case SPAWN_REPORT_EXECED:
                assert_true(r->leader > 0 && !r->execed && !r->failed);
                r->execed = true;
                break;
        case SPAWN_REPORT_FAILED:
                assert_true(!r->execed && !r->failed);
                r->failed = true;
                r->error = report->error;
                break;
        case SPAWN_REPORT_EXITED:
                assert_true(r->execed && !r->exited);
                r->exited = true;
                r->exit = *report;
                break;
        }
}

static bool seen(const Ran *r, SpawnReportKind kind)
{
        switch (kind) {
        case SPAWN_REPORT_LEADER:
                return r->leader;
        case SPAWN_REPORT_EXECED:
                return r->execed;
        case SPAWN_REPORT_EXITED:
                return r->exited;
        default:
                return false;
        }
}

void ran_await(Ran *r, SpawnReportKind kind)
{
        SpawnReport report;
        while (!r->ended && !r->failed && !seen(r, kind)) {
                struct pollfd p = {.fd = r->s.status_fd, .events = POLLIN};
                assert_int_equal(poll(&p, 1, DEADLINE), 1);
                int n = spawn_report_read(r->s.status_fd, &report);
                assert_true(n >= 0);
                if (n == SPAWN_REPORT_E_EOF)
                        r->ended = true;
                else
                        take(r, &report);
        }
}

void ran_finish(Ran *r)
{
        SpawnReport report;
        struct pollfd p = {.fd = r->s.pidfd, .events = POLLIN};
        ran_await(r, SPAWN_REPORT_FAILED);
        assert_int_equal(poll(&p, 1, DEADLINE), 1);
        while (!r->ended) {
                int n = spawn_report_read(r->s.status_fd, &report);
                assert_true(n >= 0);
                if (n == SPAWN_REPORT_E_EOF)
                        r->ended = true;
                else
                        take(r, &report);
        }
        assert_int_equal(waitpid(r->s.pid, &r->warden_status, 0), r->s.pid);
        fd_close_p(&r->s.pidfd);
        fd_close_p(&r->s.stdin_fd);
        fd_close_p(&r->s.stdout_fd);
        fd_close_p(&r->s.stderr_fd);
        fd_close_p(&r->s.status_fd);
}

void ran_shell(Spawner *s, const char *script, Ran *ret)
{
        const char *const argv[] = {"/bin/sh", "-c", script, NULL};
        SpawnArgs a = test_args(argv);
        ran_start(s, &a, ret);
}

static size_t read_some(int fd, char *buf, size_t size, bool line)
{
        size_t len = 0;
        while (len < size - 1) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                assert_int_equal(poll(&p, 1, DEADLINE), 1);
                ssize_t n = read(fd, buf + len, line ? 1 : size - 1 - len);
                assert_true(n >= 0);
                if (n == 0)
                        break;
                len += (size_t)n;
                if (line && buf[len - 1] == '\n')
                        break;
        }
        buf[len] = '\0';
        return len;
}

void ran_line(Ran *r, char *buf, size_t size)
{
        read_some(r->s.stdout_fd, buf, size, true);
}

void ran_text(int fd, char *buf, size_t size)
{
        read_some(fd, buf, size, false);
}

static bool has_word(const char *pid, const char *word)
{
        char path[300], text[4096];
        (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
        return n > 0 && memmem(text, (size_t)n, word, strlen(word));
}

size_t count_word(const char *word)
{
        DIR *dir = opendir("/proc");
        size_t n = 0;
        assert_non_null(dir);
        for (struct dirent *e; (e = readdir(dir));)
                n += e->d_name[0] >= '0' && e->d_name[0] <= '9' && has_word(e->d_name, word);
        closedir(dir);
        return n;
}

void assert_gone(const char *word, Nsec within)
{
        Nsec until = nsec_add(clock_now(&clock_monotonic), within);
        while (count_word(word)) {
                assert_true(clock_now(&clock_monotonic) < until);
                (void)poll(NULL, 0, LOOK);
        }
}

static _Noreturn void again(uid_t uid, int out)
{
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        if (n < 0 || setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
                _exit(99);
        path[n] = '\0';
        (void)dup2(out, STDOUT_FILENO); /* its counts are not this program's */
        (void)dup2(out, STDERR_FILENO);
        execl(path, path, NULL);
        _exit(98);
}

void test_again_as_user(uid_t uid)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(1024 * 1024);
        CLEANUP_FD int out = -EBADF;
        int status;
        assert_int_equal(fd_memfd_new("out", &out), 0);
        pid_t pid = fork();
        if (pid == 0)
                again(uid, out);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status == 0)
                return;
        assert_int_equal(lseek(out, 0, SEEK_SET), 0);
        assert_int_equal(fd_read_all(out, &text), 0);
        fail_msg("as uid %d, status %#x:\n%s", (int)uid, (unsigned)status, buf_text(&text));
}

static int count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;
        assert_non_null(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

int spawn_setup(void **state)
{
        *state = (void *)(intptr_t)count_fds();
        return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int spawn_teardown(void **state)
{
        pid_t left = waitpid(-1, NULL, WNOHANG);
        if (left != -1 || errno != ECHILD) {
                print_error("a child is left: %d\n", (int)left);
                return -1;
        }
        int before = (int)(intptr_t)*state;
        if (count_fds() != before) {
                print_error("%d descriptors, %d before\n", count_fds(), before);
                return -1;
        }
        return 0;
}
