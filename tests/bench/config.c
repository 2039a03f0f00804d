/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a configuration of many servers takes: each step alone, in this
 * process, and `mcpvisor check` as a user has it, with its two processes.
 * Medians of several runs; run as `bench-config [SERVERS]`.
 */

#include <spawn.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "config/blob.h"
#include "config/diff.h"
#include "config/load.h"
#include "config/print.h"

enum { RUNS = 21, SERVERS = 1000, CHECK_GOAL_MS = 50, DIFF_GOAL_MS = 10 };

extern char **environ;

typedef struct Step {
        const char *name;
        double ms[RUNS];
        double goal; /* ms; 0: none */
} Step;

typedef enum StepId {
        STEP_LOAD,
        STEP_PRINT,
        STEP_ENCODE,
        STEP_DECODE,
        STEP_SAME,
        STEP_CHANGED,
        STEP_CHECK,
        _STEP_MAX
} StepId;

static Step steps[_STEP_MAX] = {
        [STEP_LOAD] = {.name = "text to snapshot"},
        [STEP_PRINT] = {.name = "snapshot to canonical text"},
        [STEP_ENCODE] = {.name = "snapshot to blob"},
        [STEP_DECODE] = {.name = "blob to snapshot"},
        [STEP_SAME] = {.name = "diff, nothing changed", .goal = DIFF_GOAL_MS},
        [STEP_CHANGED] = {.name = "diff, every server changed", .goal = DIFF_GOAL_MS},
        [STEP_CHECK] = {.name = "mcpvisor check, whole", .goal = CHECK_GOAL_MS},
};

static void must(int r, const char *what)
{
        if (r == 0)
                return;
        fprintf(stderr, "bench-config: %s: %s\n", what, r < 0 ? strerror(-r) : "refused");
        exit(1);
}

static double now_ms(void)
{
        return (double)clock_now(&clock_monotonic) / (double)NSEC_PER_MSEC;
}

static void note(StepId id, int run, double began)
{
        steps[id].ms[run] = now_ms() - began;
}

static int write_servers(Buf *b, uint64_t n, unsigned burst)
{
        int r = buf_append_str(b, "servers:\n");
        for (uint64_t i = 0; i < n && r == 0; i++)
                r = buf_appendf(b,
                                "  server%04llu:\n"
                                "    command: true\n"
                                "    args: [--stdio, \"--root=/srv/%llu\"]\n"
                                "    env: {LOG: debug, REGION: \"eu-%llu\"}\n"
                                "    restart: {burst: %u}\n"
                                "    sandbox: {profile: none, memory: 512M}\n",
                                (unsigned long long)i, (unsigned long long)i, (unsigned long long)i, burst);
        return r;
}

static Config *load(const Buf *text)
{
        DiagList diags;
        Source source;
        Config *c = NULL;
        diag_list_init(&diags);
        must(source_from_text("bench", buf_span(text), &diags, &source), "source");
        const ConfigLoadArgs args = {.source = &source, .env = &expand_real, .planned = true};
        must(config_load(&args, &diags, &c), "load");
        source_done(&source);
        diag_list_done(&diags);
        return c;
}

static void bench_diff(StepId id, int run, const Config *a, const Config *b)
{
        ConfigDiff d;
        double began = now_ms();
        must(config_diff(a, b, &d), "diff");
        note(id, run, began);
        config_diff_done(&d);
}

static void bench_check(int run, const char *path)
{
        char *const argv[] = {(char *)(uintptr_t) "mcpvisor", (char *)(uintptr_t) "check",
                              (char *)(uintptr_t) "--planned", (char *)(uintptr_t)path, NULL};
        posix_spawn_file_actions_t quiet;
        pid_t pid;
        int status;
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
        posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", 1, 0);
        double began = now_ms();
        must(-posix_spawn(&pid, "./mcpvisor", &quiet, NULL, argv, environ), "./mcpvisor");
        must(waitpid(pid, &status, 0) == pid ? 0 : -errno, "wait");
        note(STEP_CHECK, run, began);
        posix_spawn_file_actions_destroy(&quiet);
        must(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1, "check");
}

static void bench_run(int run, const Buf *text, const Config *other, const char *path)
{
        CLEANUP(buf_done) Buf blob = BUF_INIT(LIMIT_CONFIG_BLOB);
        CLEANUP(buf_done) Buf printed = BUF_INIT(LIMIT_CONFIG_BLOB);
        Config *c, *d = NULL;
        double began = now_ms();
        c = load(text);
        note(STEP_LOAD, run, began);
        began = now_ms();
        must(config_print(c, &printed), "print");
        note(STEP_PRINT, run, began);
        began = now_ms();
        must(config_encode(c, VIEW_SUPERVISOR, &blob), "encode");
        note(STEP_ENCODE, run, began);
        began = now_ms();
        must(config_decode(buf_span(&blob), VIEW_SUPERVISOR, &d), "decode");
        note(STEP_DECODE, run, began);
        bench_diff(STEP_SAME, run, c, d);
        bench_diff(STEP_CHANGED, run, c, other);
        bench_check(run, path);
        config_unref(c);
        config_unref(d);
}

static int compare_ms(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

static void report(uint64_t n)
{
        printf("%llu servers, median and slowest of %d runs, ms:\n", (unsigned long long)n, RUNS);
        for (int i = 0; i < _STEP_MAX; i++) {
                qsort(steps[i].ms, RUNS, sizeof(double), compare_ms);
                printf("  %-28s %8.2f %8.2f", steps[i].name, steps[i].ms[RUNS / 2], steps[i].ms[RUNS - 1]);
                if (steps[i].goal > 0 && n == SERVERS)
                        printf("   goal %.0f: %s", steps[i].goal,
                               steps[i].ms[RUNS / 2] <= steps[i].goal ? "met" : "MISSED");
                putchar('\n');
        }
}

int main(int argc, char **argv)
{
        uint64_t n = SERVERS;
        if (argc > 1 && parse_u64(span_of(argv[1]), &n) < 0) {
                fputs("usage: bench-config [SERVERS]\n", stderr);
                return 2;
        }
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_FILE);
        CLEANUP(buf_done) Buf changed = BUF_INIT(LIMIT_CONFIG_FILE);
        char path[] = "/tmp/bench-config-XXXXXX";
        must(write_servers(&text, n, 5), "text");
        must(write_servers(&changed, n, 6), "text");
        CLEANUP_FD int fd = mkstemp(path);
        must(fd < 0 ? -errno : fd_write_all(fd, buf_span(&text)), path);

        Config *other = load(&changed);
        for (int run = 0; run < RUNS; run++)
                bench_run(run, &text, other, path);
        config_unref(other);
        (void)unlink(path);
        report(n);
        return 0;
}
