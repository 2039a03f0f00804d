/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include "base/clock.h"
#include "config/diff.h"

typedef struct Pair {
        Config *before, *after;
        ConfigDiff diff;
} Pair;

static void pair_init(Pair *p, const char *before, const char *after)
{
        p->before = config_of(before);
        p->after = config_of(after);
        assert_int_equal(config_diff(p->before, p->after, &p->diff), 0);
        assert_int_equal(config_equal(p->before, p->after), strcmp(before, after) == 0);
}

static void pair_done(Pair *p)
{
        config_diff_done(&p->diff);
        config_unref(p->before);
        config_unref(p->after);
}

typedef struct DiffRow {
        const char *before, *after;
        const char *key;     /* the one that differs */
        SchemaReload reload; /* of the whole */
        DiffAction action;   /* of the server `a` */
} DiffRow;

#define A "servers: {a: {command: x}}\n"

static void test_classes(void **state UNUSED)
{
        static const DiffRow rows[] = {
                {A, A, NULL, RELOAD_LIVE, DIFF_SAME},
                {A, "ready: all\n" A, "ready", RELOAD_LIVE, DIFF_SAME},
                {A, "limits: {max_sessions: 5}\n" A, "limits.max_sessions", RELOAD_GATEWAY, DIFF_SAME},
                {A, "state_dir: /x\n" A, "state_dir", RELOAD_PROCESS, DIFF_SAME},
                {A, "listen: []\n" A, "listen", RELOAD_LIVE, DIFF_SAME},
                {A, "allowed_hosts: [h]\n" A, "allowed_hosts", RELOAD_LIVE, DIFF_SAME},
                {A, "views: {v: {servers: [a]}}\n" A, "views", RELOAD_LIVE, DIFF_SAME},
                {A, "servers: {a: {command: y}}", "servers.*.command", RELOAD_LIVE, DIFF_RESTART},
                {A, "servers: {a: {command: x, args: [b]}}", "servers.*.args", RELOAD_LIVE, DIFF_RESTART},
                {A, "servers: {a: {command: x, env: {A: b}}}", "servers.*.env", RELOAD_LIVE, DIFF_RESTART},
                {A, "servers: {a: {command: x, critical: true}}", "servers.*.critical", RELOAD_LIVE,
                 DIFF_LIVE},
                {A, "servers: {a: {command: x, restart: {burst: 6}}}", "servers.*.restart.burst", RELOAD_LIVE,
                 DIFF_LIVE},
                {A, "servers: {a: {command: x, warmup: [{tool: t}]}}", "servers.*.warmup", RELOAD_LIVE,
                 DIFF_LIVE},
                {A, "servers: {a: {command: x, sandbox: {io: {/x: {riops: 1}}}}}", "servers.*.sandbox.io",
                 RELOAD_LIVE, DIFF_RESTART},
                {A, "defaults: {sandbox: {nice: 3}}\n" A, "servers.*.sandbox.nice", RELOAD_LIVE,
                 DIFF_RESTART},
                {A, "servers: {a: {command: x, prefix: \"\"}}", "servers.*.prefix", RELOAD_LIVE, DIFF_LIVE},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const DiffRow *row = &rows[i];
                Pair p;
                pair_init(&p, row->before, row->after);
                const DiffEntry *e = &p.diff.servers[0];
                assert_int_equal(p.diff.n_servers, 1);
                assert_row(e->action == row->action, "%s: %s", row->after, diff_action_name(e->action));
                assert_row(p.diff.reload == row->reload, "%s: %d", row->after, p.diff.reload);
                assert_int_equal(p.diff.n_rows + e->n_rows, row->key ? 1 : 0);
                if (row->key)
                        assert_string_equal(schema_table[p.diff.n_rows ? p.diff.rows[0] : e->rows[0]].path,
                                            row->key);
                assert_int_equal(p.diff.views, row->key && strcmp(row->key, "views") == 0);
                pair_done(&p);
        }
}

/* One step of every kind, in the order of the new file, then the removed ones. */
static void test_servers(void **state UNUSED)
{
        Pair p;
        pair_init(&p,
                  "servers: {same: {command: x}, gone: {command: x}, live: {command: x}, again: {command: "
                  "x}, z: {command: x}}",
                  "servers: {new: {command: x}, again: {command: y, critical: true}, live: {command: x, "
                  "flatten: false, overlap: "
                  "true}, same: {command: x, args: []}}");
        static const struct {
                const char *name;
                DiffAction action;
                size_t rows;
        } want[] = {
                {"new", DIFF_ADD, 0},   {"again", DIFF_RESTART, 2}, {"live", DIFF_LIVE, 1},
                {"same", DIFF_SAME, 0}, {"gone", DIFF_REMOVE, 0},   {"z", DIFF_REMOVE, 0},
        };
        assert_int_equal(p.diff.n_servers, ARRAY_SIZE(want));
        for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
                const DiffEntry *e = &p.diff.servers[i];
                const ServerConfig *s = e->after ? e->after : e->before;
                assert_string_equal(s->head.name, want[i].name);
                assert_int_equal(e->action, want[i].action);
                assert_int_equal(e->n_rows, want[i].rows);
                assert_int_equal(e->before != NULL, want[i].action != DIFF_ADD);
                assert_int_equal(e->after != NULL, want[i].action != DIFF_REMOVE);
        }
        assert_int_equal(p.diff.n_rows, 0);
        pair_done(&p);

        pair_init(&p, "", A);
        assert_int_equal(p.diff.servers[0].action, DIFF_ADD);
        pair_done(&p);
        pair_init(&p, A, "");
        assert_int_equal(p.diff.servers[0].action, DIFF_REMOVE);
        pair_done(&p);
        pair_init(&p, "", "");
        assert_int_equal(p.diff.n_servers, 0);
        pair_done(&p);
}

static void test_equal(void **state UNUSED)
{
        static const char *const differ[][2] = {
                {"servers: {a: {command: x}, b: {command: x}}",
                 "servers: {b: {command: x}, a: {command: x}}"},
                {"servers: {a: {command: x, args: [a]}}", "servers: {a: {command: x, args: [b]}}"},
                {"servers: {a: {command: x, env: {A: b}}}", "servers: {a: {command: x, env: {B: b}}}"},
                {"servers: {a: {command: x, env: {A: b}}}", "servers: {a: {command: x, env: {A: c}}}"},
                {"servers: {a: {command: x, warmup: [{tool: a, arguments: 1}]}}",
                 "servers: {a: {command: x, warmup: [{tool: a, arguments: 2}]}}"},
                {"listen: [\"127.0.0.1:1\"]", "listen: [\"127.0.0.1:2\"]"},
                {"listen: []", "listen: [\"127.0.0.1:2\"]"},
                {"log: {level: debug}", "log: {level: error}"},
                {"alerts: {webhook: \"http://x\"}", "alerts: {}"},
        };
        static const char *const same[][2] = {
                {"limits: {replay: 1M}", "limits: {replay: 1024K}"},
                {"ready: critical", ""},
                {"servers: {a: {command: \"${X:-x}\"}}", A},
                {"defaults: {args: [a]}\nservers: {a: {command: x}}",
                 "servers: {a: {args: [a], command: x}}"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(differ); i++) {
                CLEANUP(config_unref_p) Config *a = config_of(differ[i][0]), *b = config_of(differ[i][1]);
                assert_row(!config_equal(a, b) && !config_equal(b, a), "%s", differ[i][0]);
                assert_row(config_equal(a, a) && config_equal(b, b), "%s", differ[i][0]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
                CLEANUP(config_unref_p) Config *a = config_of(same[i][0]), *b = config_of(same[i][1]);
                assert_row(config_equal(a, b), "%s", same[i][0]);
        }
}

/* The same text from a file is a secret, and so another value. */
static void test_secrecy(void **state UNUSED)
{
        const FakeRow rows[] = {{.name = "/f", .text = "t"}, {.name = NULL}};
        Loaded a, b;
        load_text("servers: {a: {command: x, args: [t]}}", rows, &a);
        load_text("servers: {a: {command: x, args: [\"${file:/f}\"]}}", rows, &b);
        assert_valid(&a);
        assert_valid(&b);
        assert_false(config_equal(a.config, b.config));
        loaded_done(&a);
        loaded_done(&b);
}

static Config *many(int from, int to, const char *args)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_append_str(&text, "servers:\n"), 0);
        for (int i = from; i < to; i++)
                assert_int_equal(
                        buf_appendf(&text, "  s%d: {command: x, args: [%s]}\n", i, i % 3 ? "" : args), 0);
        return config_of(text.data);
}

static void test_many(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *a = many(0, 1000, "a"), *b = many(500, 1500, "b");
        size_t count[_DIFF_ACTION_MAX] = {0};
        ConfigDiff d;
        Nsec begin = clock_now(&clock_monotonic);
        assert_int_equal(config_diff(a, b, &d), 0);
        assert_true(clock_now(&clock_monotonic) - begin < 5 * NSEC_PER_SEC);
        assert_int_equal(d.n_servers, 1500);
        for (size_t i = 0; i < d.n_servers; i++)
                count[d.servers[i].action]++;
        assert_int_equal(count[DIFF_ADD], 500);
        assert_int_equal(count[DIFF_REMOVE], 500);
        assert_int_equal(count[DIFF_RESTART], 167);
        assert_int_equal(count[DIFF_SAME], 333);
        config_diff_done(&d);
}

static void test_names(void **state UNUSED)
{
        static const char *const names[] = {"same", "live", "restart", "add", "remove"};
        assert_int_equal(ARRAY_SIZE(names), _DIFF_ACTION_MAX);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_string_equal(diff_action_name((DiffAction)i), names[i]);
}

static int diff_it(void *arg)
{
        Config **c = arg;
        ConfigDiff d;
        int r = config_diff(c[0], c[1], &d);
        if (r == 0)
                config_diff_done(&d);
        return r;
}

static void test_out_of_memory(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *a = many(0, 1000, "a"), *b = many(500, 1500, "b");
        oom_each(diff_it, (Config *[]){a, b});
        CLEANUP(config_unref_p) Config *c = config_of("ready: all"), *d = config_of(A);
        oom_each(diff_it, (Config *[]){c, d});
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_classes),       cmocka_unit_test(test_servers),
                cmocka_unit_test(test_equal),         cmocka_unit_test(test_secrecy),
                cmocka_unit_test(test_many),          cmocka_unit_test(test_names),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
