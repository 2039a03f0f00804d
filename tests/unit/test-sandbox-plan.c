/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sandbox.h"

#include <sched.h>
#include <sys/resource.h>

#include "support/oom.h"

/* ---- verdicts -------------------------------------------------------------------------- */

static void test_everything_there(void **state UNUSED)
{
        static const char *const profiles[] = {"{profile: none}", "{}", "{profile: strict}",
                                               "{profile: standard, degrade: refuse}"};
        const SandboxMachine m = sandbox_machine();
        for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
                Planned p;
                plan_of(&m, profiles[i], NULL, &p);
                assert_row(p.plan.verdict == SANDBOX_OK && !p.plan.missing && !p.plan.why, "%s: %s",
                           profiles[i], p.plan.why ? p.plan.why : "");
                planned_done(&p);
        }
}

static void check_refused(const SandboxMachine *m, const char *sandbox, const char *say, const char *row)
{
        Planned p;
        plan_of(m, sandbox, NULL, &p);
        assert_row(p.plan.verdict == SANDBOX_REFUSED && p.plan.n == 0 && p.plan.why &&
                           strstr(p.plan.why, say),
                   "%s %s: %d %s", sandbox, row, p.plan.verdict, p.plan.why ? p.plan.why : "-");
        planned_done(&p);
}

/* One thing after the other is taken away. */
static void test_each_offer_missing(void **state UNUSED)
{
        static const struct {
                SandboxOffer offer;
                bool floor;
                const char *fence; /* the one that goes; NULL: none of these profiles */
        } rows[] = {
                {OFFER_NO_NEW_PRIVS, true, "no-new-privs"},
                {OFFER_SECCOMP, true, "seccomp"},
                {OFFER_LANDLOCK, true, "landlock"},
                {OFFER_PIDNS, false, "pidns"},
                {OFFER_MOUNTNS, false, "mountns"},
                {OFFER_MOUNT_API, false, "mountns"},
                {OFFER_PIVOT_ROOT, false, "mountns"},
                {OFFER_PROC, false, "proc"},
                {OFFER_IPCNS, false, "ipcns"},
                {OFFER_UTSNS, false, "utsns"},
                {OFFER_CGROUPNS, false, "cgroupns"},
                {OFFER_SECUREBITS, false, "securebits"},
                {OFFER_CGROUP_PIDS, false, "pids"},
                {OFFER_CGROUP, false, "pids"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                SandboxMachine m = sandbox_machine();
                Planned p;
                m.refused[rows[i].offer] = EPERM;
                if (rows[i].offer == OFFER_LANDLOCK)
                        m.landlock_abi = 0;
                const char *name = offer_name(rows[i].offer);
                check_refused(&m, "{profile: strict}", rows[i].fence, name);
                check_refused(&m, "{degrade: refuse}", rows[i].fence, name);
                if (rows[i].floor) {
                        check_refused(&m, "{}", rows[i].fence, name);
                        check_refused(&m, "{profile: strict, degrade: warn}", rows[i].fence, name);
                        continue;
                }
                plan_of(&m, "{}", NULL, &p);
                assert_row(p.plan.verdict == SANDBOX_DEGRADED && p.plan.n > 0 && !p.plan.why, "%s: %d", name,
                           p.plan.verdict);
                bool found = false;
                for (unsigned f = 0; f < _FENCE_MAX; f++)
                        found |= (p.plan.missing & FENCE_BIT(f)) &&
                                 strcmp(fence_name((SandboxFence)f), rows[i].fence) == 0;
                assert_row(found, "%s is not missing", rows[i].fence);
                planned_done(&p);
        }
}

static void test_landlock_abi(void **state UNUSED)
{
        static const uint32_t abis[] = {1, 2, 3, 4, 5};
        for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
                SandboxMachine m = sandbox_machine();
                Planned p;
                m.landlock_abi = abis[i];
                check_refused(&m, "{profile: strict}", "Landlock ABI", "abi");
                plan_of(&m, "{profile: strict, degrade: warn}", NULL, &p);
                assert_int_equal(p.plan.verdict, SANDBOX_DEGRADED);
                assert_int_equal(p.plan.missing, FENCE_BIT(FENCE_LANDLOCK_SCOPE) |
                                                         (abis[i] < 4 ? FENCE_BIT(FENCE_LANDLOCK_NET) : 0));
                assert_int_equal(find_step(&p.plan, STEP_LANDLOCK, NULL)->c, 0);
                assert_int_equal(find_step(&p.plan, STEP_LANDLOCK, NULL)->b != 0, abis[i] >= 4);
                planned_done(&p);
        }
        for (uint32_t abi = 6; abi <= 9; abi++) {
                SandboxMachine m = sandbox_machine();
                Planned p;
                m.landlock_abi = abi;
                plan_of(&m, "{profile: strict}", NULL, &p);
                assert_int_equal(p.plan.verdict, SANDBOX_OK);
                assert_int_equal(find_step(&p.plan, STEP_LANDLOCK, NULL)->c, 3);
                planned_done(&p);
        }
}

/* Everything that a fence needs is refused: only `none` starts. */
static void test_nothing_there(void **state UNUSED)
{
        SandboxMachine m;
        Planned p;
        machine_init(&m);
        m.uid = m.gid = 1000;
        check_refused(&m, "{}", "no-new-privs", "nothing");
        plan_of(&m, "{profile: none}", NULL, &p);
        assert_int_equal(p.plan.verdict, SANDBOX_OK);
        assert_int_equal(p.plan.n, 0);
        planned_done(&p);
}

static void test_words(void **state UNUSED)
{
        SandboxMachine m = sandbox_machine();
        m.refused[OFFER_LANDLOCK] = ENOSYS;
        m.landlock_abi = 0;
        check_refused(&m, "{}", "sandbox: landlock not available: a Landlock ruleset is refused", "words");
        check_refused(&m, "{}", "Function not implemented", "words");
        check_refused(&m, "{}", "lsm=landlock", "words");
}

/* ---- who it is ---------------------------------------------------------------------------- */

static void test_never_root(void **state UNUSED)
{
        SandboxMachine m = sandbox_machine();
        Config *c = sandbox_config("{}", NULL);
        SandboxPlan p;
        const SandboxArgs args = {.server = config_server(c, 0),
                                  .machine = &m,
                                  .survey = &sandbox_survey,
                                  .uid = UINT64_MAX,
                                  .gid = UINT64_MAX};
        assert_int_equal(sandbox_plan_make(&args, &p), 0);
        assert_int_equal(p.verdict, SANDBOX_REFUSED);
        assert_non_null(strstr(p.why, "servers.fs.user: root"));
        sandbox_plan_done(&p);
        config_unref(c);
}

static SandboxMachine rootless(void)
{
        SandboxMachine m = sandbox_machine();
        m.uid = m.gid = 1000;
        m.refused[OFFER_CHANGE_IDS] = EPERM;
        return m;
}

/* What is locked before a new user namespace is open again in it. */
static void test_locks_in_the_last_userns(void **state UNUSED)
{
        SandboxMachine root = sandbox_machine(), user = rootless();
        Planned p;
        plan_of(&root, "{}", NULL, &p);
        assert_int_equal(find_step(&p.plan, STEP_SECUREBITS, NULL)->phase, PHASE_PRIVILEGED);
        assert_int_equal(find_step(&p.plan, STEP_CAPABILITIES, NULL)->phase, PHASE_UNMAPPED);
        planned_done(&p);
        plan_of(&user, "{}", NULL, &p);
        assert_int_equal(find_step(&p.plan, STEP_BOUNDING, NULL)->phase, PHASE_UNMAPPED);
        assert_int_equal(find_step(&p.plan, STEP_SECUREBITS, NULL)->phase, PHASE_UNMAPPED);
        assert_int_equal(p.plan.missing, FENCE_BIT(FENCE_GROUPS));
        planned_done(&p);
        user.no_groups = true;
        plan_of(&user, "{profile: strict}", NULL, &p);
        assert_int_equal(p.plan.verdict, SANDBOX_OK);
        planned_done(&p);
}

/* ---- steps ------------------------------------------------------------------------------------ */

/* Phases never go back, filters come last, and the filter is the very last. */
static void test_order(void **state UNUSED)
{
        SandboxMachine m = sandbox_machine();
        Planned p;
        plan_of(&m, "{profile: strict, memory: 512M, cpu: 150%, cpu_weight: 50, time: 60s, net: loopback}",
                NULL, &p);
        for (size_t i = 1; i < p.plan.n; i++)
                assert_true(p.plan.steps[i].phase >= p.plan.steps[i - 1].phase);
        assert_int_equal(p.plan.steps[p.plan.n - 1].kind, STEP_SECCOMP);
        assert_int_equal(p.plan.steps[p.plan.n - 2].kind, STEP_LANDLOCK_ON);
        assert_true(find_step(&p.plan, STEP_PIVOT, NULL) < find_step(&p.plan, STEP_LOOPBACK, NULL));
        assert_true(find_step(&p.plan, STEP_READ_ONLY, "/") < find_step(&p.plan, STEP_PIVOT, NULL));
        assert_int_equal(count_steps(&p.plan, STEP_UNSHARE), 5);
        assert_string_equal(find_step(&p.plan, STEP_CGROUP_FILE, "memory.high")->other, "483183810");
        assert_string_equal(find_step(&p.plan, STEP_CGROUP_FILE, "memory.max")->other, "536870912");
        assert_string_equal(find_step(&p.plan, STEP_CGROUP_FILE, "cpu.max")->other, "150000 100000");
        assert_string_equal(find_step(&p.plan, STEP_CGROUP_FILE, "cpu.weight")->other, "50");
        assert_string_equal(find_step(&p.plan, STEP_CGROUP_FILE, "pids.max")->other, "512");
        assert_int_equal(find_step(&p.plan, STEP_RLIMIT, "cpu")->b, 60);
        assert_int_equal(count_steps(&p.plan, STEP_RLIMIT), 1);
        planned_done(&p);
}

/* Without a group the next best limit, and only where it is this server's own. */
static void test_limits_without_groups(void **state UNUSED)
{
        static const char *const user = "    user: nobody\n";
        SandboxMachine m = sandbox_machine();
        Planned p;
        m.refused[OFFER_CGROUP] = ENOENT;
        plan_of(&m, "{memory: 512M}", NULL, &p);
        assert_int_equal(p.plan.missing, FENCE_BIT(FENCE_MEMORY) | FENCE_BIT(FENCE_PIDS));
        assert_int_equal(find_step(&p.plan, STEP_RLIMIT, "data")->a, RLIMIT_DATA);
        assert_int_equal(find_step(&p.plan, STEP_RLIMIT, "nproc")->b, 512);
        planned_done(&p);
        plan_of(&m, "{memory: 512M}", user, &p); /* nobody has processes that are not ours */
        assert_null(find_step(&p.plan, STEP_RLIMIT, "nproc"));
        planned_done(&p);
        m = rootless();
        m.refused[OFFER_CGROUP] = ENOENT;
        m.refused[OFFER_USERNS] = EPERM;
        plan_of(&m, "{}", NULL, &p);
        assert_null(find_step(&p.plan, STEP_RLIMIT, "nproc"));
        planned_done(&p);
}

/* The plain container: one uid, no namespaces. */
static void test_without_namespaces(void **state UNUSED)
{
        SandboxMachine m = rootless();
        Planned p;
        for (unsigned i = OFFER_SECUREBITS; i <= OFFER_CGROUPNS; i++)
                m.refused[i] = EPERM;
        plan_of(&m, "{net: none}", NULL, &p);
        assert_int_equal(p.plan.verdict, SANDBOX_DEGRADED);
        assert_int_equal(count_steps(&p.plan, STEP_UNSHARE) + count_steps(&p.plan, STEP_BIND), 0);
        assert_null(find_step(&p.plan, STEP_BOUNDING, NULL));
        assert_non_null(find_step(&p.plan, STEP_CAPABILITIES, NULL));
        assert_non_null(find_step(&p.plan, STEP_LANDLOCK_PATH, "/usr"));
        assert_null(find_step(&p.plan, STEP_LANDLOCK_PATH, "/tmp"));
        assert_null(find_step(&p.plan, STEP_LANDLOCK_PATH, "/etc"));
        assert_non_null(find_step(&p.plan, STEP_LANDLOCK_PATH, "/etc/passwd"));
        assert_string_equal(p.plan.tmpdir, SANDBOX_HOME "/tmp");
        planned_done(&p);
}

/* The user namespace is made by the clone that makes the pid namespace. */
static void test_userns_needs_pidns(void **state UNUSED)
{
        SandboxMachine m = rootless();
        Planned p;
        m.refused[OFFER_PIDNS] = ENOSPC;
        plan_of(&m, "{}", NULL, &p);
        assert_int_equal(count_steps(&p.plan, STEP_UNSHARE) + count_steps(&p.plan, STEP_SECUREBITS), 0);
        assert_true(p.plan.missing & FENCE_BIT(FENCE_MOUNTNS));
        assert_int_equal(p.plan.fences[FENCE_MOUNTNS].lacking, OFFER_PIDNS);
        planned_done(&p);
}

static void test_limits_under_none(void **state UNUSED)
{
        SandboxMachine m = sandbox_machine();
        Planned p;
        plan_of(&m, "{profile: none, memory: 1G}", NULL, &p);
        assert_int_equal(count_steps(&p.plan, STEP_CGROUP_FILE), 4);
        assert_int_equal(p.plan.n, 4);
        assert_null(p.plan.tmpdir);
        planned_done(&p);
}

static void test_refused_by_configuration(void **state UNUSED)
{
        static const struct {
                const char *sandbox, *say;
        } rows[] = {
                {"{net: {allow: [\"example.org:443\"]}}", "servers.fs.sandbox.net"},
                {"{seccomp: {allow: [ptrce]}}", "did you mean ptrace"},
                {"{seccomp: {deny: [\"@netwrk\"]}}", "did you mean @network"},
                {"{ro: [/gone]}", "servers.fs.sandbox.ro: there is no /gone"},
        };
        SandboxMachine m = sandbox_machine();
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Planned p;
                plan_of(&m, rows[i].sandbox, NULL, &p);
                assert_row(p.plan.verdict == SANDBOX_REFUSED && strstr(p.plan.why, rows[i].say), "%s: %s",
                           rows[i].sandbox, p.plan.why ? p.plan.why : "-");
                planned_done(&p);
        }
}

/* ---- as bytes ------------------------------------------------------------------------------------- */

static void test_encode(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        SandboxMachine m = sandbox_machine();
        Planned p;
        plan_of(&m, "{memory: 64M}", NULL, &p);
        assert_int_equal(sandbox_plan_encode(&p.plan, &b), 0);
        const SandboxProgram *head = (const void *)b.data;
        const SandboxOp *ops = (const void *)(b.data + head->ops);
        size_t at = 0;
        assert_int_equal(head->size, b.len);
        assert_int_equal(head->n, p.plan.n - count_steps(&p.plan, STEP_CGROUP_FILE));
        for (size_t i = 0; i < p.plan.n; i++) {
                const SandboxStep *s = &p.plan.steps[i];
                if (s->phase == PHASE_DAEMON)
                        continue;
                const SandboxOp *op = &ops[at++];
                assert_int_equal(op->kind, s->kind);
                assert_int_equal(op->a, s->a);
                assert_int_equal(op->text != 0, s->text != NULL);
                if (s->text)
                        assert_string_equal(b.data + op->text, s->text);
                if (s->other)
                        assert_string_equal(b.data + op->other, s->other);
                assert_int_equal(op->bytes % 8, 0);
                assert_span_equal(span_from(b.data + op->bytes, op->n_bytes), s->bytes);
        }
        planned_done(&p);
}

static int make_once(void *data)
{
        const SandboxArgs *args = data;
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        SandboxPlan p;
        int r = sandbox_plan_make(args, &p);
        if (r < 0)
                return r;
        r = sandbox_plan_encode(&p, &b);
        sandbox_plan_done(&p);
        return r;
}

static void test_out_of_memory(void **state UNUSED)
{
        SandboxMachine m = sandbox_machine();
        Config *c = sandbox_config("{net: none, memory: 64M, cpu: 50%}", NULL);
        const SandboxArgs args = {.server = config_server(c, 0),
                                  .machine = &m,
                                  .survey = &sandbox_survey,
                                  .home = SANDBOX_HOME,
                                  .uid = 61000,
                                  .gid = 61000};
        (void)oom_each(make_once, (void *)&args);
        config_unref(c);
}

/* ---- the tables ------------------------------------------------------------------------------------ */

static void test_profiles(void **state UNUSED)
{
        assert_int_equal(profile_fences(PROFILE_NONE), 0);
        for (unsigned i = 0; i < _FENCE_MAX; i++) {
                SandboxFence f = (SandboxFence)i;
                assert_non_null(fence_name(f));
                assert_non_null(fence_lost(f));
                if (fence_is_floor(f))
                        assert_true(profile_fences(PROFILE_STANDARD) & FENCE_BIT(i));
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(fence_name(f), fence_name((SandboxFence)k));
        }
        assert_int_equal(profile_fences(PROFILE_STANDARD) & ~profile_fences(PROFILE_STRICT), 0);
        assert_null(fence_name(_FENCE_MAX));
        assert_null(profile_name((SandboxProfile)9));
        for (unsigned i = 0; i < _STEP_MAX; i++)
                assert_non_null(step_name(i));
        assert_null(step_name(_STEP_MAX));
        for (unsigned i = 0; i < _OFFER_MAX; i++)
                assert_non_null(offer_remedy((SandboxOffer)i));
        assert_null(offer_name(_OFFER_MAX));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything_there),
                cmocka_unit_test(test_each_offer_missing),
                cmocka_unit_test(test_landlock_abi),
                cmocka_unit_test(test_nothing_there),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_never_root),
                cmocka_unit_test(test_locks_in_the_last_userns),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_limits_without_groups),
                cmocka_unit_test(test_without_namespaces),
                cmocka_unit_test(test_userns_needs_pidns),
                cmocka_unit_test(test_limits_under_none),
                cmocka_unit_test(test_refused_by_configuration),
                cmocka_unit_test(test_encode),
                cmocka_unit_test(test_out_of_memory),
                cmocka_unit_test(test_profiles),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
