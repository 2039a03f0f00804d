/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each profile means, in full: words, files, steps and filter. Compared with
 * tests/unit/sandbox-plan.txt, which a person has read; `test-sandbox-explain --print` writes it.
 */
#include "support/sandbox.h"

#include <seccomp.h>

#include "sandbox/explain.h"
#include "sandbox/identity.h"
#include "sandbox/seccomp.h"

/* ---- the golden file ----------------------------------------------------------------------- */

static const struct {
        const char *title, *sandbox;
        bool container; /* one uid, no namespaces, no groups */
} cases[] = {
        {"none", "{profile: none, memory: 512M}", false},
        {"standard", "{memory: 512M, rw: [/home/ann/docs]}", false},
        {"strict", "{profile: strict}", false},
        {"standard in a plain container", "{net: none}", true},
        {"strict in a plain container", "{profile: strict}", true},
};

static SandboxMachine container(void)
{
        SandboxMachine m = sandbox_machine();
        m.uid = m.gid = 1000;
        m.no_groups = true;
        m.landlock_abi = 2;
        for (unsigned i = OFFER_CHANGE_IDS; i < _OFFER_MAX; i++)
                m.refused[i] = EPERM;
        return m;
}

/* The filter's bytes are those of a library's version; what they say is in the second part. */
static int put_plan(const SandboxMachine *m, const char *sandbox, Buf *b)
{
        Planned p;
        plan_of(m, sandbox, NULL, &p);
        for (size_t i = 0; i < p.plan.n; i++)
                if (p.plan.steps[i].kind == STEP_SECCOMP)
                        ((SandboxStep *)(uintptr_t)p.plan.steps)[i].a = 0;
        const ExplainArgs args = {config_server(p.config, 0), m, &p.plan, true};
        int r = explain_text(&args, b);
        planned_done(&p);
        return r;
}

static void put_all(Buf *b)
{
        const SandboxMachine whole = sandbox_machine(), part = container();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(buf_appendf(b, "%s---- %s\n", i ? "\n" : "", cases[i].title), 0);
                assert_int_equal(put_plan(cases[i].container ? &part : &whole, cases[i].sandbox, b), 0);
        }
}

static void put_filter(Buf *b)
{
        static const SeccompArgs args = {.ip = true, .unix_sockets = true};
        CLEANUP(arena_done) Arena arena = ARENA_INIT(SIZE_MAX / 4);
        const char *why;
        assert_int_equal(seccomp_describe(&args, &arena, b, &why), 0);
}

static void read_golden(const char *name, Buf *b)
{
        const char *dir = getenv("top_srcdir");
        char path[4096], chunk[4096];
        size_t n;
        (void)snprintf(path, sizeof(path), "%s/tests/unit/%s", dir ? dir : ".", name);
        FILE *f = fopen(path, "re");
        assert_row(f, "%s cannot be read", path);
        while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
                assert_int_equal(buf_append(b, chunk, n), 0);
        (void)fclose(f);
}

static void compare(const char *name, void (*put)(Buf *b))
{
        CLEANUP(buf_done) Buf got = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
        Span g, w, got_line, want_line;
        put(&got);
        read_golden(name, &want);
        g = buf_span(&got);
        w = buf_span(&want);
        for (;;) {
                bool more = span_next(&g, '\n', &got_line);
                assert_int_equal(span_next(&w, '\n', &want_line), more);
                if (!more)
                        break;
                assert_span_equal(got_line, want_line);
        }
}

static void test_plans(void **state UNUSED)
{
        compare("sandbox-plan.txt", put_all);
}

/* The numbers of another machine, or a library that knows more calls, make another list. */
static void test_filter(void **state UNUSED)
{
        const struct scmp_version *v = seccomp_version();
        if (seccomp_arch_native() != SCMP_ARCH_X86_64 || v->major != 2 || v->minor != 5)
                skip();
        compare("sandbox-filter.txt", put_filter);
}

/* ---- words ------------------------------------------------------------------------------------- */

static void test_notes(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        SandboxMachine m = sandbox_machine();
        Planned p;
        plan_of(&m, "{}", "    args: [/home/ann/x.js, --flag, /usr/share/x]\n", &p);
        assert_int_equal(explain_text(&(ExplainArgs){config_server(p.config, 0), &m, &p.plan, false}, &b), 0);
        assert_non_null(strstr(buf_text(&b), "note: argument 1, /home/ann/x.js, is not in its view"));
        assert_null(strstr(buf_text(&b), "argument 3"));
        planned_done(&p);
}

static void test_json(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        SandboxMachine m = sandbox_machine();
        Planned p;
        m.refused[OFFER_PIDNS] = EPERM;
        plan_of(&m, "{}", NULL, &p);
        JsonWriter w = JSON_WRITER(&b);
        explain_json(&(ExplainArgs){config_server(p.config, 0), &m, &p.plan, false}, &w);
        assert_int_equal(json_write_done(&w), 0);
        assert_non_null(
                strstr(buf_text(&b),
                       "{\"name\":\"fs\",\"profile\":\"standard\",\"verdict\":\"degraded\",\"why\":null,"
                       "\"missing\":[\"pidns\",\"proc\"],"));
        assert_non_null(strstr(
                buf_text(&b),
                "{\"name\":\"pidns\",\"requested\":true,\"effective\":false,\"why\":\"a pid namespace: "
                "Operation not permitted; instead:"));
        planned_done(&p);
}

/* ---- who it is ------------------------------------------------------------------------------------ */

static uint64_t uid_of(const Config *c, const char *name, const SandboxMachine *m)
{
        uint64_t uid = 0, gid = 0;
        assert_int_equal(identity_of(c, config_find_server(c, name), m, &uid, &gid), 0);
        assert_int_equal(uid, gid);
        return uid;
}

/* Stable by the name, whoever else is there, and never twice. */
static void test_identity(void **state UNUSED)
{
        enum { MANY = 400 };
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        bool taken[IDENTITY_LAST + 1] = {false};
        const SandboxMachine root = sandbox_machine(), user = container();
        unsigned moved = 0;
        assert_int_equal(buf_append_str(&text, "servers:\n"), 0);
        for (unsigned i = 0; i < MANY; i++)
                assert_int_equal(buf_appendf(&text, "  s%u: {command: /bin/x}\n", i), 0);
        Config *many = config_of(buf_text(&text));
        for (unsigned i = 0; i < MANY; i++) {
                char name[16];
                (void)snprintf(name, sizeof(name), "s%u", i);
                uint64_t uid = uid_of(many, name, &root);
                assert_true(uid >= IDENTITY_FIRST && uid <= IDENTITY_LAST && !taken[uid]);
                taken[uid] = true;
                buf_clear(&text);
                assert_int_equal(buf_appendf(&text, "servers: {%s: {command: /bin/y}}", name), 0);
                Config *one = config_of(buf_text(&text));
                moved += uid_of(one, name, &root) != uid;
                assert_int_equal(uid_of(one, name, &user), UINT64_MAX);
                config_unref(one);
        }
        assert_in_range(moved, 0, MANY / 10); /* those that share a place */
        config_unref(many);
}

static void test_identity_of_none(void **state UNUSED)
{
        const SandboxMachine root = sandbox_machine();
        Config *c = config_of("servers: {a: {command: /bin/x, sandbox: {profile: none}}, b: {command: "
                              "/bin/x, user: nobody}}");
        assert_int_equal(uid_of(c, "a", &root), UINT64_MAX);
        assert_int_equal(uid_of(c, "b", &root), UINT64_MAX); /* as the validator has found it: not here */
        config_unref(c);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plans),    cmocka_unit_test(test_filter),
                cmocka_unit_test(test_notes),    cmocka_unit_test(test_json),
                cmocka_unit_test(test_identity), cmocka_unit_test(test_identity_of_none),
        };
        if (argc > 1) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                (strcmp(argv[1], "--print-filter") == 0 ? put_filter : put_all)(&b);
                fputs(buf_text(&b), stdout);
                return EXIT_SUCCESS;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
