/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "supervisor/exit-class.h"

typedef struct Row {
        ExitFacts facts;
        ExitClass exit_class;
        int code, signal;
        const char *reason;
} Row;

#define EXITED(n)          .cause = EXIT_CAUSE_LEADER, .code = CLD_EXITED, .status = (n)
#define KILLED(n)          .cause = EXIT_CAUSE_LEADER, .code = CLD_KILLED, .status = (n)
#define FAILED_AT(st, err) .cause = EXIT_CAUSE_SPAWN, .error = {.stage = SPAWN_STAGE_##st, .error = (err)}
#define DETAIL(st, err, text) \
        .cause = EXIT_CAUSE_SPAWN, .error = {.stage = SPAWN_STAGE_##st, .error = (err), .detail = text}

static const Row rows[] = {
        {{EXITED(0)}, EXIT_CLASS_CLEAN, 0, 0, "exit 0"},
        {{EXITED(0), .planned = true}, EXIT_CLASS_PLANNED, 0, 0, "exit 0"},
        {{EXITED(1)}, EXIT_CLASS_ERROR, 1, 0, "exit 1"},
        {{EXITED(255), .oom_kills = 1}, EXIT_CLASS_ERROR, 255, 0, "exit 255"},
        {{EXITED(126)}, EXIT_CLASS_EXEC_PERMANENT, 126, 0, "exit 126: a command could not be executed"},
        {{EXITED(127)}, EXIT_CLASS_EXEC_PERMANENT, 127, 0, "exit 127: a command was not found"},
        {{EXITED(126), .handshake = true}, EXIT_CLASS_ERROR, 126, 0, "exit 126"},
        {{EXITED(127), .handshake = true}, EXIT_CLASS_ERROR, 127, 0, "exit 127"},
        {{EXITED(127), .planned = true}, EXIT_CLASS_PLANNED, 127, 0, "exit 127: a command was not found"},
        {{KILLED(9)}, EXIT_CLASS_SIGNAL, -1, 9, "killed by signal 9 (not ours)"},
        {{KILLED(9), .our_kill = true, .planned = true},
         EXIT_CLASS_PLANNED,
         -1,
         9,
         "killed by signal 9 (ours)"},
        {{KILLED(9), .our_kill = true, .oom_kills = 1},
         EXIT_CLASS_SIGNAL,
         -1,
         9,
         "killed by signal 9 (ours)"},
        {{KILLED(9), .planned = true}, EXIT_CLASS_PLANNED, -1, 9, "killed by signal 9 (not ours)"},
        {{KILLED(9), .oom_kills = 2}, EXIT_CLASS_OOM, -1, 9, "out of memory: own limit"},
        {{KILLED(11), .oom_kills = 2}, EXIT_CLASS_SIGNAL, -1, 11, "killed by signal 11 (not ours)"},
        {{KILLED(15), .planned = true}, EXIT_CLASS_PLANNED, -1, 15, "killed by signal 15 (ours)"},
        {{KILLED(15)}, EXIT_CLASS_SIGNAL, -1, 15, "killed by signal 15 (not ours)"},
        {{.cause = EXIT_CAUSE_LEADER, .code = CLD_DUMPED, .status = 6},
         EXIT_CLASS_SIGNAL,
         -1,
         6,
         "killed by signal 6 (not ours), core dumped"},
        {{.cause = EXIT_CAUSE_WARDEN}, EXIT_CLASS_SIGNAL, -1, 9, "tree killed"},
        {{.cause = EXIT_CAUSE_WARDEN, .code = CLD_EXITED, .status = 1},
         EXIT_CLASS_SIGNAL,
         1,
         0,
         "tree killed"},
        {{.cause = EXIT_CAUSE_WARDEN, .planned = true}, EXIT_CLASS_PLANNED, -1, 9, "tree killed"},
        {{.cause = EXIT_CAUSE_WARDEN, .oom_kills = 1}, EXIT_CLASS_OOM, -1, 9, "out of memory: own limit"},
        {{.cause = EXIT_CAUSE_WARDEN, .oom_kills = 1, .our_kill = true},
         EXIT_CLASS_SIGNAL,
         -1,
         9,
         "tree killed"},
        {{DETAIL(EXEC, ENOENT, "/usr/bin/x")},
         EXIT_CLASS_EXEC_PERMANENT,
         -1,
         0,
         "exec: No such file or directory: /usr/bin/x"},
        {{FAILED_AT(CLONE, EAGAIN)},
         EXIT_CLASS_HOST_TRANSIENT,
         -1,
         0,
         "clone: Resource temporarily unavailable"},
        {{FAILED_AT(CWD, EACCES), .planned = true}, EXIT_CLASS_PLANNED, -1, 0, "cwd: Permission denied"},
        {{.cause = EXIT_CAUSE_SPAWN, .error = {.stage = 9999, .error = 99999}},
         EXIT_CLASS_EXEC_PERMANENT,
         -1,
         0,
         "start: unknown error"},
        {{.cause = EXIT_CAUSE_START_TIMEOUT, .start_timeout = 120 * NSEC_PER_SEC},
         EXIT_CLASS_START_TIMEOUT,
         -1,
         0,
         "not ready within 120 s"},
        {{.cause = EXIT_CAUSE_START_TIMEOUT, .start_timeout = 1500 * NSEC_PER_MSEC},
         EXIT_CLASS_START_TIMEOUT,
         -1,
         0,
         "not ready within 1500 ms"},
        /* What its process did afterwards is told too. */
        {{.cause = EXIT_CAUSE_START_TIMEOUT, .code = CLD_KILLED, .status = 9, .our_kill = true},
         EXIT_CLASS_START_TIMEOUT,
         -1,
         9,
         "not ready in time"},
        {{.cause = EXIT_CAUSE_HANDSHAKE, .text = "no answer"},
         EXIT_CLASS_PROTOCOL,
         -1,
         0,
         "handshake failed: no answer"},
        {{.cause = EXIT_CAUSE_PROTOCOL, .text = "no JSON", .code = CLD_EXITED, .status = 0},
         EXIT_CLASS_PROTOCOL,
         0,
         0,
         "protocol error: no JSON"},
        {{.cause = EXIT_CAUSE_PROTOCOL, .text = ""}, EXIT_CLASS_PROTOCOL, -1, 0, "protocol error"},
        {{.cause = EXIT_CAUSE_UNRESPONSIVE}, EXIT_CLASS_UNRESPONSIVE, -1, 0, "does not answer"},
};

static void test_rows(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ExitVerdict v;
                exit_classify(&rows[i].facts, &v);
                assert_row(v.exit_class == rows[i].exit_class, "%zu: %s", i, exit_class_name(v.exit_class));
                assert_row(v.code == rows[i].code && v.signal == rows[i].signal, "%zu: %d %d", i, v.code,
                           v.signal);
                assert_string_equal(v.reason, rows[i].reason);
        }
}

/* Only a few errors are the host's; every other one will be the same the next time. */
static void test_errors(void **state UNUSED)
{
        static const int host[] = {EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY, ENOSPC};
        static const int permanent[] = {ENOENT, EACCES, ENOEXEC, ELOOP, ENOTDIR, EISDIR, EPERM, EINVAL};
        size_t n = 0;
        for (int error = 1; error < 200; error++) {
                ExitFacts f = {.cause = EXIT_CAUSE_SPAWN,
                               .error = {.stage = SPAWN_STAGE_EXEC, .error = error}};
                ExitVerdict v;
                exit_classify(&f, &v);
                n += v.exit_class == EXIT_CLASS_HOST_TRANSIENT;
                for (size_t i = 0; i < ARRAY_SIZE(host); i++)
                        assert_true(error != host[i] || v.exit_class == EXIT_CLASS_HOST_TRANSIENT);
                for (size_t i = 0; i < ARRAY_SIZE(permanent); i++)
                        assert_true(error != permanent[i] || v.exit_class == EXIT_CLASS_EXEC_PERMANENT);
        }
        assert_int_equal(n, ARRAY_SIZE(host));
}

/* Texts that are too long, or have no end, are cut. */
static void test_long(void **state UNUSED)
{
        char text[1000];
        ExitVerdict v;
        ExitFacts f = {.cause = EXIT_CAUSE_PROTOCOL, .text = text};
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        exit_classify(&f, &v);
        assert_int_equal(strlen(v.reason), sizeof(v.reason) - 1);

        f = (ExitFacts){.cause = EXIT_CAUSE_SPAWN, .error = {.stage = SPAWN_STAGE_EXEC, .error = ENOENT}};
        memset(f.error.detail, 'y', sizeof(f.error.detail));
        exit_classify(&f, &v);
        assert_int_equal(strlen(v.reason), strlen("exec: No such file or directory: ") + 120);
}

static void test_consequences(void **state UNUSED)
{
        for (ExitClass c = 0; c < _EXIT_CLASS_MAX; c++)
                assert_true(strlen(exit_class_consequence(c)) > 5);
        assert_string_equal(exit_class_consequence(EXIT_CLASS_ERROR), "retried with backoff");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_long),
                cmocka_unit_test(test_consequences),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
