/* SPDX-License-Identifier: Apache-2.0 */
/* A server started behind its fences: the helper and the leader apply what the plan says. */
#include "support/sandbox.h"
#include "support/spawn.h"

#include <sys/stat.h>

#include "sandbox/prepare.h"
#include "sandbox/probe.h"

enum { SOME_UID = 12345, TEXT = 8192 };

typedef struct World {
        SandboxMachine machine;
        Config *config;
        Prepared prepared;
        Buf program;
        char *home, *data; /* owned */
        Spawner spawner;
} World;

/* In a directory of its own below the test's; `sandbox` may name DATA. */
static void world_init(World *w, const char *dir, const char *sandbox, bool pidns)
{
        static const char *const own[] = {"/etc/mcpvisor", NULL};
        *w = (World){.program = BUF_INIT(BUF_CAP_NONE)};
        assert_int_equal(probe(&probe_calls, &w->machine), 0);
        if (!machine_has(&w->machine, OFFER_MOUNT_API) || !machine_has(&w->machine, OFFER_PROC) ||
            !machine_has(&w->machine, OFFER_LANDLOCK))
                skip();
        if (!pidns)
                w->machine.refused[OFFER_PIDNS] = EPERM;
        assert_true(asprintf(&w->home, "%s/home", dir) > 0);
        assert_true(asprintf(&w->data, "%s/data", dir) > 0);
        assert_int_equal(mkdir(w->home, 0700) | mkdir(w->data, 0755), 0);
        assert_int_equal(chmod(dir, 0755), 0);
        w->config = sandbox_config(sandbox, NULL);
        ServerConfig *s = (ServerConfig *)(uintptr_t)config_server(w->config, 0);
        ConfigText data = {.value = w->data};
        s->sandbox.ro = (ConfigList){&data, 1};
        s->resolved.command.value = "/bin/sh";
        s->resolved.uid = s->resolved.gid = UINT64_MAX;
        const PrepareArgs args = {.config = w->config,
                                  .server = s,
                                  .machine = &w->machine,
                                  .own = own,
                                  .home = w->home,
                                  .supervisor = getpid()};
        assert_int_equal(sandbox_prepare(&args, &w->prepared), 0);
        assert_row(w->prepared.plan.verdict != SANDBOX_REFUSED, "%s",
                   w->prepared.plan.why ? w->prepared.plan.why : "-");
        if (geteuid() == 0)
                assert_int_equal(chown(w->home, (uid_t)w->prepared.uid, (gid_t)w->prepared.gid), 0);
        assert_int_equal(sandbox_plan_encode(&w->prepared.plan, &w->program), 0);
        assert_int_equal(spawner_init(&w->spawner, test_helper()), 0);
        w->spawner.no_pidns = !pidns;
        s->sandbox.ro = (ConfigList){0};
}

static void world_done(World *w)
{
        spawner_done(&w->spawner);
        buf_done(&w->program);
        prepared_done(&w->prepared);
        config_unref(w->config);
        free(w->home);
        free(w->data);
}

static SpawnArgs args_of(const World *w, const char *const *argv)
{
        SpawnArgs a = test_args(argv);
        a.cwd = w->home;
        a.uid = w->prepared.uid;
        a.gid = w->prepared.gid;
        a.sandbox = buf_span(&w->program);
        a.needs_pidns = machine_has(&w->machine, OFFER_PIDNS);
        return a;
}

static void run_shell(World *w, const char *script, char text[static TEXT])
{
        const char *const argv[] = {"/bin/sh", "-c", script, NULL};
        const SpawnArgs a = args_of(w, argv);
        Ran r;
        ran_start(&w->spawner, &a, &r);
        ran_await(&r, SPAWN_REPORT_EXECED);
        assert_row(r.execed, "%s %s: %s", spawn_stage_name(r.error.stage), r.error.detail,
                   strerror(r.error.error));
        ran_text(r.s.stdout_fd, text, TEXT);
        ran_finish(&r);
        assert_true(r.exited);
        assert_int_equal(r.exit.status, 0);
        assert_int_equal(r.warden_status, 0);
}

/* ---- behind the fences ---------------------------------------------------------------------- */

static void check_says(const char *text, const char *line)
{
        assert_row(strstr(text, line), "%s\nis not in\n%s", line, text);
}

static void test_behind(void **state)
{
        static const char script[] = "exec 2>&1\n"
                                     "grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status\n"
                                     "echo uid $(id -u) $(id -G) cwd $(pwd)\n"
                                     "touch in-home /tmp/x && echo home and tmp\n"
                                     "cat ../data/secret; touch ../data/x || echo data is read-only\n"
                                     "ls /root /home /sys || echo no homes\n"
                                     "test $(ls -d /proc/[0-9]* | wc -l) -lt 8 && echo few processes\n"
                                     "readlink /proc/1/exe || echo the warden is shut\n"
                                     "unshare -U true || echo no namespaces\n";
        char text[TEXT], uid[64];
        World w;
        world_init(&w, *state, "{net: none}", true);
        run_shell(&w, script, text);
        (void)snprintf(uid, sizeof(uid), "uid %u", geteuid() ? geteuid() : (unsigned)w.prepared.uid);
        check_says(text, uid);
        check_says(text, w.home);
        check_says(text, "home and tmp\n");
        check_says(text, "data is read-only\n");
        check_says(text, "no homes\n");
        check_says(text, "few processes\n");
        check_says(text, "the warden is shut\n");
        check_says(text, "no namespaces\n");
        check_says(text,
                   "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                   "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
        world_done(&w);
}

/* It stays outside of the server's filters, so it has its own; and it still ends the tree. */
static void check_warden(const char *dir, bool pidns)
{
        static const char script[] = "(trap '' TERM; echo up; exec cat) & trap '' TERM; cat";
        const char *const argv[] = {"/bin/sh", "-c", script, NULL};
        char path[64], text[TEXT] = "", line[16];
        World w;
        Ran r;
        world_init(&w, dir, "{}", pidns);
        const SpawnArgs a = args_of(&w, argv);
        ran_start(&w.spawner, &a, &r);
        ran_line(&r, line, sizeof(line));
        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)r.s.pid);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
        (void)fclose(f);
        check_says(text, "NoNewPrivs:\t1\nSeccomp:\t2\n");
        assert_int_equal(kill(r.s.pid, WARDEN_SWEEP), 0);
        ran_finish(&r);
        assert_true(r.execed);
        world_done(&w);
}

static void test_warden(void **state)
{
        check_warden(*state, true);
}

/* It looks for the tree in /proc then. */
static void test_subreaper(void **state)
{
        check_warden(*state, false);
}

/* ---- what cannot be built --------------------------------------------------------------------- */

static void expect_failure(World *w, const SpawnArgs *args, SpawnStage stage, int error, const char *detail)
{
        Ran r;
        ran_start(&w->spawner, args, &r);
        ran_finish(&r);
        assert_true(r.failed && !r.execed);
        assert_row(r.error.stage == stage && r.error.error == error && strstr(r.error.detail, detail),
                   "%s: %s: %s", spawn_stage_name(r.error.stage), strerror(r.error.error), r.error.detail);
}

static void test_fails_closed(void **state)
{
        const char *const argv[] = {"/bin/true", NULL};
        World w;
        world_init(&w, *state, "{}", true);
        SpawnArgs a = args_of(&w, argv);

        /* Gone since the plan was made; a link in its place is none of it either. */
        assert_int_equal(rmdir(w.data), 0);
        expect_failure(&w, &a, SPAWN_STAGE_SANDBOX_BIND, ENOENT, w.data);
        assert_int_equal(symlink("/etc", w.data), 0);
        expect_failure(&w, &a, SPAWN_STAGE_SANDBOX_BIND, ELOOP, w.data);
        assert_int_equal(unlink(w.data), 0);
        assert_int_equal(mkdir(w.data, 0755), 0);

        /* The kernel has changed its mind about pid namespaces. */
        w.spawner.no_pidns = w.spawner.no_userns = true;
        expect_failure(&w, &a, SPAWN_STAGE_NAMESPACE, EPERM, "pid namespace");
        w.spawner.no_pidns = w.spawner.no_userns = false;

        a.sandbox.len -= 8;
        expect_failure(&w, &a, SPAWN_STAGE_PLAN, EBADMSG, "sandbox");
        a.sandbox.len += 8;
        a.exe = "/root/nothing";
        expect_failure(&w, &a, SPAWN_STAGE_EXEC, ENOENT, "/root/nothing");
        world_done(&w);
}

/* Words for all of them, and none twice. */
static void test_stages(void **state UNUSED)
{
        for (uint32_t i = 0; i < _SPAWN_STAGE_MAX; i++) {
                assert_non_null(spawn_stage_name(i));
                assert_non_null(spawn_stage_doc(i));
                for (uint32_t k = 0; k < i; k++)
                        assert_string_not_equal(spawn_stage_name(i), spawn_stage_name(k));
        }
        assert_null(spawn_stage_name(_SPAWN_STAGE_MAX));
        assert_string_equal(spawn_stage_name(SPAWN_STAGE_SANDBOX_NONE + STEP_SECCOMP), "sandbox-seccomp");
}

static void test_as_user(void **state UNUSED)
{
        if (geteuid() != 0)
                skip();
        test_again_as_user(SOME_UID);
}

static int setup(void **state)
{
        return spawn_setup(state) == 0 ? test_dir_setup(state) : -1;
}

int main(void)
{
#define WITH_DIR(t) cmocka_unit_test_setup_teardown(t, setup, test_dir_teardown)
        const struct CMUnitTest tests[] = {
                WITH_DIR(test_behind),       WITH_DIR(test_warden),         WITH_DIR(test_subreaper),
                WITH_DIR(test_fails_closed), cmocka_unit_test(test_stages), cmocka_unit_test(test_as_user),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
