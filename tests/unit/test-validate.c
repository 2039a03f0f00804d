/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "spawn/validate.h"

/* ---- the other side: this program, started as the validator ---------------- */

static int write_diags(const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(64 * 1024);
        CLEANUP(diag_list_done) DiagList diags;
        diag_list_init(&diags);
        diag_add(&diags, DIAG_WARNING, (DiagAt){.file = "f"}, NULL, "%s", text);
        if (diag_list_encode(&diags, &b) < 0 || fd_write_all(VALIDATE_FD_DIAGS, buf_span(&b)) < 0)
                return VALIDATOR_FAULT;
        return VALIDATOR_VALID;
}

static int be_valid(char **argv UNUSED)
{
        for (int fd = VALIDATE_FD_SUPERVISOR; fd < _VALIDATE_FD_MAX; fd++)
                if (fd_write_all(fd, span_from(&"....SGTC"[fd], 1)) < 0)
                        return VALIDATOR_FAULT;
        return write_diags("fine");
}

static int be_invalid(char **argv UNUSED)
{
        int r = be_valid(argv);
        return r ? r : VALIDATOR_INVALID;
}

static int be_echo(char **argv)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1024);
        for (char **p = argv; *p; p++)
                if (buf_appendf(&b, "%s ", *p) < 0)
                        return VALIDATOR_FAULT;
        return write_diags(b.data);
}

static int be_status(char **argv)
{
        sigset_t set;
        int memfds = 0;
        char text[64], path[64], link[256];
        (void)argv;
        (void)sigprocmask(SIG_SETMASK, NULL, &set);
        for (int fd = 0; fd < 256; fd++) {
                (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                ssize_t n = readlink(path, link, sizeof(link) - 1);
                link[MAX(n, 0)] = '\0';
                memfds += strstr(link, "memfd:mcpvisor") != NULL;
        }
        (void)snprintf(text, sizeof(text), "blocked %d memfds %d", sigismember(&set, SIGTERM), memfds);
        return write_diags(text);
}

static int be_killed(char **argv UNUSED)
{
        (void)raise(SIGKILL);
        return 0;
}

static int be_busy(char **argv UNUSED)
{
        (void)raise(SIGXCPU);
        return 0;
}

static int be_three(char **argv UNUSED)
{
        return 3;
}

static int be_garbage(char **argv UNUSED)
{
        return fd_write_all(VALIDATE_FD_DIAGS, SPAN("garbage")) < 0 ? VALIDATOR_FAULT : VALIDATOR_VALID;
}

static int be_silent(char **argv UNUSED)
{
        return VALIDATOR_VALID;
}

/* Good findings, and more bytes behind them. */
static int be_long(char **argv UNUSED)
{
        int r = be_valid(argv);
        return r == 0 && fd_write_all(VALIDATE_FD_DIAGS, SPAN("x")) < 0 ? VALIDATOR_FAULT : r;
}

static int be_huge(char **argv UNUSED)
{
        return ftruncate(VALIDATE_FD_DIAGS, LIMIT_CONFIG_BLOB + 1) < 0 ? VALIDATOR_FAULT : VALIDATOR_VALID;
}

static int be_closing(char **argv UNUSED)
{
        for (int fd = VALIDATE_FD_DIAGS; fd < _VALIDATE_FD_MAX; fd++)
                close(fd);
        return VALIDATOR_VALID;
}

static int be_hanging(char **argv UNUSED)
{
        (void)pause();
        return VALIDATOR_FAULT;
}

typedef struct Act {
        const char *path;
        int (*act)(char **argv);
} Act;

static const Act acts[] = {
        {"valid", be_valid},     {"invalid", be_invalid}, {"echo", be_echo},   {"status", be_status},
        {"killed", be_killed},   {"busy", be_busy},       {"three", be_three}, {"garbage", be_garbage},
        {"silent", be_silent},   {"long", be_long},       {"huge", be_huge},   {"closing", be_closing},
        {"hanging", be_hanging},
};

static int act(int argc, char **argv)
{
        for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
                if (strcmp(argv[argc - 1], acts[i].path) == 0)
                        return acts[i].act(argv);
        return VALIDATOR_FAULT;
}

/* ---- this side -------------------------------------------------------------- */

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

static int setup(void **state)
{
        *state = (void *)(intptr_t)count_fds();
        return 0;
}

/* Neither a zombie nor a descriptor is left. */
static int teardown(void **state)
{
        if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) {
                print_error("a child is left\n");
                return -1;
        }
        int before = (int)(intptr_t)*state;
        if (count_fds() != before) {
                print_error("%d descriptors, %d before\n", count_fds(), before);
                return -1;
        }
        return 0;
}

static char read_byte(int fd)
{
        char c[2];
        assert_int_equal(pread(fd, c, sizeof(c), 0), 1);
        assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        return c[0];
}

static void test_valid(void **state UNUSED)
{
        ValidateResult r;
        assert_int_equal(validate(&(ValidateArgs){.path = "valid"}, &r), 0);
        assert_true(r.valid);
        assert_int_equal(read_byte(r.supervisor_fd), 'S');
        assert_int_equal(read_byte(r.gateway_fd), 'G');
        assert_int_equal(read_byte(r.text_fd), 'T');
        assert_int_equal(read_byte(r.certificate_fd), 'C');
        assert_string_equal(r.diags.first->message, "fine");
        validate_result_done(&r);
        validate_result_done(&r); /* once more does nothing */
}

/* What it wrote besides its findings does not count. */
static void test_invalid(void **state UNUSED)
{
        ValidateResult r;
        assert_int_equal(validate(&(ValidateArgs){.path = "invalid"}, &r), 0);
        assert_false(r.valid);
        assert_true(r.supervisor_fd < 0 && r.gateway_fd < 0 && r.text_fd < 0 && r.certificate_fd < 0);
        assert_string_equal(r.diags.first->message, "fine");
        validate_result_done(&r);
}

static void assert_message(const ValidateArgs *args, const char *want)
{
        ValidateResult r;
        assert_int_equal(validate(args, &r), 0);
        assert_string_equal(r.diags.first->message, want);
        validate_result_done(&r);
}

static void test_arguments(void **state UNUSED)
{
        assert_message(&(ValidateArgs){.path = "echo"}, "mcpvisor @validator -- echo ");
        assert_message(&(ValidateArgs){.path = "echo", .strict = true, .no_resolve = true, .planned = true},
                       "mcpvisor @validator --strict --no-resolve --planned -- echo ");
        assert_message(&(ValidateArgs){.path = "echo", .exe = "/proc/self/exe"},
                       "mcpvisor @validator -- echo ");
        static const char *const set[] = {"a=1", "--b b=[x, y]"};
        assert_message(&(ValidateArgs){.path = "echo", .strict = true, .set = set, .n_set = ARRAY_SIZE(set)},
                       "mcpvisor @validator --strict --set a=1 --set --b b=[x, y] -- echo ");
        assert_message(&(ValidateArgs){.path = "echo", .text_fd = -1}, "mcpvisor @validator -- echo ");
}

/* The program itself on the other side, which reads a text from its beginning each time. */
static void test_text(void **state UNUSED)
{
        static const char *const set[] = {"--log-level log.level=debug"}, *const bad[] = {
                                                                                  "--x log.level=loud"};
        CLEANUP_FD int fd = -EBADF;
        ValidateResult r;
        if (access("./mcpvisor", X_OK) < 0)
                skip();
        assert_int_equal(fd_memfd_new("text", &fd), 0);
        assert_int_equal(fd_write_all(fd, SPAN("servers: {a: {command: /bin/sh}}\n")), 0);
        for (int i = 0; i < 2; i++) {
                const ValidateArgs args = {.exe = "./mcpvisor", .text_fd = fd, .set = set, .n_set = 1};
                CLEANUP(buf_done) Buf b = BUF_INIT(64 * 1024);
                assert_int_equal(validate(&args, &r), 0);
                assert_true(r.valid);
                assert_true(lseek(r.text_fd, 0, SEEK_SET) == 0);
                assert_int_equal(fd_read_all(r.text_fd, &b), 0);
                assert_non_null(strstr(b.data, "level: debug"));
                assert_string_equal(r.diags.first->at.file, "command line");
                validate_result_done(&r);
        }
        const ValidateArgs args = {.exe = "./mcpvisor", .text_fd = fd, .set = bad, .n_set = 1};
        assert_int_equal(validate(&args, &r), 0);
        assert_false(r.valid);
        assert_string_equal(r.diags.first->at.file, "--x");
        validate_result_done(&r);
        /* Not a file that may be read at all. */
        CLEANUP_FD int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(validate(&(ValidateArgs){.exe = "./mcpvisor", .text_fd = dir}, &r), 0);
        assert_false(r.valid);
        assert_non_null(strstr(r.diags.first->message, "cannot be read"));
        validate_result_done(&r);
}

/* Signals are not blocked there, and it has its five memfds once. */
static void test_surroundings(void **state UNUSED)
{
        sigset_t all, before;
        sigfillset(&all);
        assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
        assert_message(&(ValidateArgs){.path = "status"}, "blocked 0 memfds 5");
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

/* Also when our low descriptors are free: the child's numbers are not trampled on. */
static void test_low_descriptors(void **state UNUSED)
{
        int keep = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
        assert_true(keep >= 0);
        close(STDIN_FILENO);
        assert_message(&(ValidateArgs){.path = "status"}, "blocked 0 memfds 5");
        assert_int_equal(dup2(keep, STDIN_FILENO), STDIN_FILENO);
        close(keep);
}

typedef struct EndRow {
        const char *path, *say;
} EndRow;

static void test_crashes(void **state UNUSED)
{
        static const EndRow rows[] = {
                {"killed", "ended by signal 9 (Killed)"},
                {"busy", "ended by signal 24 (CPU time limit exceeded): it took too much CPU time"},
                {"three", "failed (exit status 3)"},
                {"no such act", "failed (exit status 70)"},
                {"garbage", "left findings that cannot be read"},
                {"silent", "left findings that cannot be read"},
                {"long", "left findings that cannot be read"},
                {"huge", "left findings that cannot be read"},
                {"closing", "left findings that cannot be read"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ValidateResult r;
                assert_int_equal(validate(&(ValidateArgs){.path = rows[i].path}, &r), VALIDATE_E_CRASHED);
                assert_false(r.valid);
                assert_true(r.supervisor_fd < 0);
                assert_int_equal(r.diags.count[DIAG_ERROR], 1);
                assert_row(strstr(r.diags.first->message, rows[i].say), "%s: %s", rows[i].path,
                           r.diags.first->message);
                assert_null(r.diags.first->next);
                assert_string_equal(r.diags.first->at.file, rows[i].path);
                validate_result_done(&r);
        }
}

static void test_deadline(void **state UNUSED)
{
        ValidateResult r;
        assert_int_equal(validate(&(ValidateArgs){.path = "hanging", .timeout = 50 * NSEC_PER_MSEC}, &r),
                         VALIDATE_E_TIMEOUT);
        assert_non_null(strstr(r.diags.first->message, "could not be read within 50ms"));
        assert_false(r.valid);
        validate_result_done(&r);
}

static void test_cancel(void **state UNUSED)
{
        Validation v;
        assert_int_equal(validation_start(&(ValidateArgs){.path = "hanging"}, &v), 0);
        assert_true(v.pid > 0 && v.pidfd >= 0);
        assert_int_equal(fcntl(v.pidfd, F_GETFD), FD_CLOEXEC);
        validation_cancel(&v);
        validation_cancel(&v); /* once more does nothing */
        assert_true(v.pid == 0 && v.pidfd < 0);
}

static void test_stolen_status(void **state UNUSED)
{
        Validation v;
        ValidateResult r;
        assert_int_equal(validation_start(&(ValidateArgs){.path = "valid"}, &v), 0);
        assert_int_equal(waitpid(v.pid, NULL, 0), v.pid);
        assert_int_equal(validation_finish(&v, "valid", &r), -ECHILD);
        assert_true(v.pid == 0 && v.pidfd < 0);
        validate_result_done(&r);
}

static void test_cannot_start(void **state UNUSED)
{
        ValidateResult r;
        assert_int_equal(validate(&(ValidateArgs){.path = "valid", .exe = "/no/such/file"}, &r), -ENOENT);
        assert_int_equal(validate(&(ValidateArgs){.path = "valid", .exe = "/"}, &r), VALIDATE_E_CRASHED);
        assert_non_null(strstr(r.diags.first->message, "exit status 70"));
        validate_result_done(&r);
}

int main(int argc, char **argv)
{
        if (argc > 1 && strcmp(argv[1], "@validator") == 0)
                return act(argc, argv);
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                CHECKED(test_valid),
                CHECKED(test_invalid),
                CHECKED(test_arguments),
                CHECKED(test_surroundings),
                CHECKED(test_low_descriptors),
                CHECKED(test_crashes),
                CHECKED(test_deadline),
                CHECKED(test_cancel),
                CHECKED(test_stolen_status),
                CHECKED(test_cannot_start),
                CHECKED(test_text),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
