/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sandbox.h"

#include "sandbox/landlock.h"

typedef struct Viewed {
        Config *config;
        Arena arena;
        FilesystemView view;
        const char *why;
        int result;
} Viewed;

static void view_of(const char *sandbox, const char *more, bool own_root, Viewed *ret)
{
        *ret = (Viewed){.config = sandbox_config(sandbox, more), .arena = ARENA_INIT(SIZE_MAX / 4)};
        const ViewArgs args = {.server = config_server(ret->config, 0),
                               .survey = &sandbox_survey,
                               .home = SANDBOX_HOME,
                               .own_root = own_root,
                               .own_proc = own_root};
        ret->result = view_make(&args, &ret->arena, &ret->view, &ret->why);
}

static void viewed_done(Viewed *v)
{
        arena_done(&v->arena);
        config_unref(v->config);
}

static const ViewItem *item_of(const Viewed *v, const char *path)
{
        for (size_t i = 0; i < v->view.n; i++)
                if (strcmp(v->view.items[i].path, path) == 0)
                        return &v->view.items[i];
        return NULL;
}

typedef struct RightRow {
        const char *path;
        ViewRight right;
} RightRow;

static void check_rights(const Viewed *v, const RightRow *rows, size_t n)
{
        assert_int_equal(v->result, 0);
        for (size_t i = 0; i < n; i++)
                assert_row(view_right(&v->view, rows[i].path, NULL) == rows[i].right, "%s: %d", rows[i].path,
                           view_right(&v->view, rows[i].path, NULL));
}

static void test_standard(void **state UNUSED)
{
        static const RightRow rows[] = {
                {"/usr/bin/server", VIEW_RIGHT_READ},
                {"/bin/sh", VIEW_RIGHT_READ}, /* by a link */
                {"/etc/passwd", VIEW_RIGHT_READ},
                {"/srv", VIEW_RIGHT_READ},
                {"/init", VIEW_RIGHT_READ},
                {"/socket", VIEW_RIGHT_NONE},
                {"/var/log/x", VIEW_RIGHT_READ},
                {"/var/lib/dpkg", VIEW_RIGHT_NONE},
                {"/var/lib/mcpvisor/token", VIEW_RIGHT_NONE},
                {SANDBOX_HOME "/x", VIEW_RIGHT_WRITE},
                {"/var/lib/mcpvisor/home/other", VIEW_RIGHT_NONE},
                {"/home/ann", VIEW_RIGHT_NONE},
                {"/root", VIEW_RIGHT_NONE},
                {"/sys/kernel", VIEW_RIGHT_NONE},
                {"/run/systemd/resolve/stub-resolv.conf", VIEW_RIGHT_READ},
                {"/tmp/x", VIEW_RIGHT_WRITE},
                {"/var/tmp", VIEW_RIGHT_WRITE},
                {"/dev/null", VIEW_RIGHT_WRITE},
                {"/dev/sda", VIEW_RIGHT_READ}, /* of an empty directory */
                {"/proc/kcore", VIEW_RIGHT_NONE},
                {"/proc/sys/kernel", VIEW_RIGHT_READ},
                {"/proc/self", VIEW_RIGHT_READ},
                {"/usrx", VIEW_RIGHT_NONE},
        };
        Viewed v;
        view_of("{}", NULL, true, &v);
        check_rights(&v, rows, ARRAY_SIZE(rows));
        assert_int_equal(item_of(&v, "/etc/mcpvisor")->kind, VIEW_MEMORY);
        assert_true(item_of(&v, "/etc/mcpvisor")->sealed);
        for (size_t i = 0; i < v.view.n; i++) /* what holds a place comes before it */
                for (size_t k = i + 1; k < v.view.n; k++)
                        assert_false(path_is_below(v.view.items[i].path, v.view.items[k].path));
        viewed_done(&v);
}

/* No mounts: nothing may be granted that would have to be covered. */
static void test_landlock_alone(void **state UNUSED)
{
        static const RightRow rows[] = {
                {"/etc/passwd", VIEW_RIGHT_READ},   {"/etc/ssl/x", VIEW_RIGHT_READ},
                {"/etc/mcpvisor", VIEW_RIGHT_NONE}, {"/etc", VIEW_RIGHT_NONE},
                {"/usr/x", VIEW_RIGHT_READ},        {"/tmp", VIEW_RIGHT_NONE},
                {"/run", VIEW_RIGHT_NONE},          {SANDBOX_HOME, VIEW_RIGHT_WRITE},
                {"/dev/null", VIEW_RIGHT_WRITE},    {"/dev/sda", VIEW_RIGHT_NONE},
                {"/proc/self", VIEW_RIGHT_READ},
        };
        Viewed v;
        view_of("{}", NULL, false, &v);
        check_rights(&v, rows, ARRAY_SIZE(rows));
        for (size_t i = 0; i < v.view.n; i++) {
                assert_int_not_equal(v.view.items[i].kind, VIEW_MEMORY);
                assert_int_not_equal(v.view.items[i].kind, VIEW_MASK);
        }
        viewed_done(&v);
}

static void test_strict(void **state UNUSED)
{
        static const RightRow rows[] = {
                {"/usr/bin/server", VIEW_RIGHT_READ},
                {"/lib/x", VIEW_RIGHT_READ},
                {"/etc/passwd", VIEW_RIGHT_READ},
                {"/etc/shadow", VIEW_RIGHT_NONE},
                {"/srv", VIEW_RIGHT_NONE},
                {"/opt", VIEW_RIGHT_NONE},
                {"/init", VIEW_RIGHT_NONE},
                {"/var/log", VIEW_RIGHT_NONE},
                {"/tmp", VIEW_RIGHT_WRITE},
                {"/home/ann/docs/x", VIEW_RIGHT_READ},
        };
        Viewed v;
        view_of("{profile: strict, ro: [/home/ann/docs]}", NULL, true, &v);
        check_rights(&v, rows, ARRAY_SIZE(rows));
        assert_null(item_of(&v, "/run/systemd/resolve/stub-resolv.conf")); /* no network, no resolver */
        viewed_done(&v);
}

static void test_lists(void **state UNUSED)
{
        static const RightRow rows[] = {
                {"/home/ann/link/x", VIEW_RIGHT_WRITE}, {"/srv/data", VIEW_RIGHT_READ},
                {"/home/ann/docs", VIEW_RIGHT_WRITE},   {"/home/ann/docs/secret/x", VIEW_RIGHT_READ},
                {"/home/ann/other", VIEW_RIGHT_NONE},   {"/home/ann/scratch", VIEW_RIGHT_WRITE},
        };
        Viewed v;
        view_of("{ro: [/home/ann/docs/secret], rw: [/home/ann/link, /home/ann/docs], tmp: "
                "[/home/ann/scratch], tmp_size: 1M}",
                NULL, true, &v);
        check_rights(&v, rows, ARRAY_SIZE(rows));
        assert_string_equal(item_of(&v, "/home/ann/link")->source, "/srv/data");
        assert_int_equal(item_of(&v, "/home/ann/scratch")->size, 1024 * 1024);
        viewed_done(&v);
        view_of("{ro: [/home/ann/docs/secret], rw: [/home/ann/docs]}", NULL, false, &v);
        assert_int_equal(v.result, VIEW_E_REFUSED);
        assert_non_null(strstr(v.why, "/home/ann/docs/secret lies inside of /home/ann/docs"));
        viewed_done(&v);
        /* By its real name, where nothing is mounted. */
        view_of("{rw: [/home/ann/link]}", NULL, false, &v);
        assert_int_equal(v.result, 0);
        assert_non_null(item_of(&v, "/srv/data"));
        assert_null(item_of(&v, "/home/ann/link"));
        viewed_done(&v);
}

/* All of them together are no more than the server's memory. */
static void test_memory_bounds_tmpfs(void **state UNUSED)
{
        static const char *const memory[] = {"none", "1G", "100M", "1M"};
        for (size_t k = 0; k < ARRAY_SIZE(memory); k++) {
                char sandbox[80];
                uint64_t sum = 0;
                Viewed v;
                (void)snprintf(sandbox, sizeof(sandbox), "{memory: %s, tmp_size: 64M}", memory[k]);
                view_of(sandbox, NULL, true, &v);
                for (size_t i = 0; i < v.view.n; i++)
                        sum += v.view.items[i].kind == VIEW_MEMORY ? v.view.items[i].size : 0;
                assert_row(sum <= config_server(v.config, 0)->sandbox.memory, "%s: %llu", memory[k],
                           (unsigned long long)sum);
                assert_int_equal(item_of(&v, "/tmp")->size == 64 << 20, k < 2);
                assert_true(item_of(&v, "/tmp")->size > 1 << 17);
                viewed_done(&v);
        }
}

static void test_refused(void **state UNUSED)
{
        static const struct {
                const char *sandbox, *say;
        } rows[] = {
                {"{ro: [/]}", "servers.fs.sandbox.ro: / would be all there is"},
                {"{rw: [/etc]}", "servers.fs.sandbox.rw: /etc would show the server mcpvisor's own files"},
                {"{ro: [/var/lib/mcpvisor]}", "mcpvisor's own"},
                {"{ro: [/var/lib]}", "mcpvisor's own"},
                {"{rw: [/home/ann/away]}", "/home/ann/away would show the server mcpvisor's own"},
                {"{ro: [/run]}", "mcpvisor's own"},
                {"{ro: [/proc/1]}", "the kernel's own"},
                {"{ro: [/sys]}", "the kernel's own"},
                {"{ro: [/gone]}", "there is no /gone"},
                {"{tmp: [/dev/x]}", "servers.fs.sandbox.tmp"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Viewed v;
                view_of(rows[i].sandbox, NULL, true, &v);
                assert_row(v.result == VIEW_E_REFUSED && strstr(v.why, rows[i].say), "%s: %s",
                           rows[i].sandbox, v.why ? v.why : "-");
                viewed_done(&v);
        }
}

/* The program's own tree, and never a home. */
static void test_program(void **state UNUSED)
{
        static const struct {
                const char *command, *seen, *hidden;
        } rows[] = {
                {"/home/ann/.nvm/v20/bin/node", "/home/ann/.nvm/v20/lib", "/home/ann/.nvm/other"},
                {"/home/ann/bin/own", "/home/ann/bin/own", "/home/ann/x"},
                {"/home/ann/.local/bin/tool", "/home/ann/.local/lib/x", "/home/ann/.local/share"},
                {"/home/ann/project/server.js", "/home/ann/project/node_modules", "/home/ann/x"},
                {"/home/ann/venv/bin/python", "/home/ann/venv/pyvenv.cfg", "/home/ann/x"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                SandboxMachine m = sandbox_machine();
                Config *c = sandbox_config("{}", NULL);
                ServerConfig *s = (ServerConfig *)(uintptr_t)config_server(c, 0);
                SandboxPlan p;
                s->resolved.command.value = rows[i].command;
                const SandboxArgs args = {
                        .server = s, .machine = &m, .survey = &sandbox_survey, .uid = 61000, .gid = 61000};
                assert_int_equal(sandbox_plan_make(&args, &p), 0);
                assert_row(p.verdict == SANDBOX_OK, "%s: %s", rows[i].command, p.why ? p.why : "-");
                assert_row(view_right(&p.view, rows[i].command, NULL) == VIEW_RIGHT_READ, "%s",
                           rows[i].command);
                assert_row(view_right(&p.view, rows[i].seen, NULL) == VIEW_RIGHT_READ, "%s", rows[i].seen);
                assert_row(view_right(&p.view, rows[i].hidden, NULL) == VIEW_RIGHT_NONE, "%s",
                           rows[i].hidden);
                sandbox_plan_done(&p);
                config_unref(c);
        }
}

static void test_cwd_is_seen(void **state UNUSED)
{
        Viewed v;
        view_of("{}", "    cwd: /home/ann/docs\n", true, &v);
        assert_int_equal(v.result, VIEW_E_REFUSED);
        assert_non_null(strstr(v.why, "servers.fs.cwd: /home/ann/docs is not in the server's view"));
        viewed_done(&v);
        view_of("{rw: [/home/ann/docs]}", "    cwd: /home/ann/docs\n", true, &v);
        assert_int_equal(v.result, 0);
        viewed_done(&v);
}

/* ---- Landlock ------------------------------------------------------------------------------- */

static uint64_t rights_of(const LandlockRuleset *set, const char *path)
{
        for (size_t i = 0; i < set->n; i++)
                if (strcmp(set->rules[i].path, path) == 0)
                        return set->rules[i].rights;
        return 0;
}

static void test_landlock(void **state UNUSED)
{
        static const struct {
                uint32_t abi;
                uint64_t files, net, scopes;
        } rows[] = {{0, 0, 0, 0},      {1, 0x1fff, 0, 0}, {2, 0x3fff, 0, 0},
                    {3, 0x7fff, 0, 0}, {4, 0x7fff, 3, 0}, {5, 0xffff, 3, 0},
                    {6, 0xffff, 3, 3}, {7, 0xffff, 3, 3}, {99, 0xffff, 3, 3}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                LandlockRights r = landlock_known(rows[i].abi);
                assert_row(r.files == rows[i].files && r.net == rows[i].net && r.scopes == rows[i].scopes,
                           "ABI %u", rows[i].abi);
        }
        for (unsigned i = 0; i < 16; i++)
                assert_non_null(landlock_right_name(i));
        assert_null(landlock_right_name(16));
}

static void test_landlock_rules(void **state UNUSED)
{
        for (uint32_t abi = 1; abi <= 7; abi++) {
                Viewed v;
                LandlockRuleset set;
                view_of("{}", NULL, abi % 2, &v);
                const LandlockArgs args = {
                        .abi = abi, .view = &v.view, .own_root = abi % 2, .tcp = abi % 3, .scopes = true};
                assert_int_equal(landlock_make(&args, &v.arena, &set), 0);
                for (size_t i = 0; i < set.n; i++)
                        assert_int_equal(set.rules[i].rights & ~set.fenced.files, 0); /* else EINVAL */
                assert_int_equal(rights_of(&set, "/usr"), 0xd);
                assert_int_equal(rights_of(&set, "/init"), 0x5);
                assert_int_equal(rights_of(&set, "/"), abi % 2 ? 0x8 : 0);
                assert_int_equal(rights_of(&set, SANDBOX_HOME) & 0x840, 0); /* no devices are made */
                assert_int_equal(set.fenced.net != 0, abi >= 4 && abi % 3 == 0);
                assert_int_equal(set.fenced.scopes, abi >= 6 ? 3 : 0);
                viewed_done(&v);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_standard), cmocka_unit_test(test_landlock_alone),
                cmocka_unit_test(test_strict),   cmocka_unit_test(test_lists),
                cmocka_unit_test(test_refused),  cmocka_unit_test(test_memory_bounds_tmpfs),
                cmocka_unit_test(test_program),  cmocka_unit_test(test_cwd_is_seen),
                cmocka_unit_test(test_landlock), cmocka_unit_test(test_landlock_rules),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
