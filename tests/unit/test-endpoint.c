/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include "gateway/endpoint.h"
#include "gateway/upstream.h"

#define ITEM(k, t)                                                         \
        {                                                                  \
                .key = {(k), sizeof(k) - 1}, .text = {(t), sizeof(t) - 1 } \
        }
#define TOOL(k)  ITEM(k, "{\"name\":\"" k "\"}")
#define RES(k)   ITEM(k, "{\"uri\":\"" k "\"}")
#define TEMPL(k) ITEM(k, "{\"uriTemplate\":\"" k "\"}")
#define LIST(rows)                                                    \
        {                                                             \
                .items = (rows), .n = ARRAY_SIZE(rows), .known = true \
        }

enum { SERVERS = 3 };

/* ---- a world of three servers: what they offer, and what the configuration says ---- */

static const McpItem fs_tools[] = {TOOL("read"), TOOL("write")}, db_tools[] = {TOOL("read"), TOOL("query")},
                     fs_resources[] = {RES("file:///a"), RES("file:///secret/b"), RES("x://both")},
                     db_resources[] = {RES("db://t/1"), RES("x://both")},
                     fs_templates[] = {TEMPL("file:///{+path}")},
                     db_templates[] = {TEMPL("db://t/{id}"), TEMPL("x://{any}")},
                     fs_prompts[] = {TOOL("ask")};

static McpCatalogue fs_catalogue = {
        .can = MCP_CAN(TOOLS) | MCP_CAN(RESOURCES) | MCP_CAN(PROMPTS) | MCP_CAN(LOGGING) | MCP_CAN(TASKS),
        .lists = {[MCP_LIST_TOOLS] = LIST(fs_tools),
                  [MCP_LIST_PROMPTS] = LIST(fs_prompts),
                  [MCP_LIST_RESOURCES] = LIST(fs_resources),
                  [MCP_LIST_TEMPLATES] = LIST(fs_templates)},
};
static McpCatalogue db_catalogue = {
        .can = MCP_CAN(TOOLS) | MCP_CAN(RESOURCES) | MCP_CAN(SUBSCRIBE),
        .lists = {[MCP_LIST_TOOLS] = LIST(db_tools),
                  [MCP_LIST_RESOURCES] = LIST(db_resources),
                  [MCP_LIST_TEMPLATES] = LIST(db_templates)},
};
static McpCatalogue tools_only = {
        .can = MCP_CAN(TOOLS),
        .lists = {[MCP_LIST_TOOLS] = LIST(db_tools)},
};

typedef struct World {
        EndpointSet set;
        Upstream upstreams[SERVERS + 1]; /* by row - 10; the servers fs, db, new and one more */
        Config *config;
        char gone[200];
        Endpoint *seen; /* the last that went */
} World;

static Upstream *upstream_of(void *user, uint32_t row)
{
        World *w = user;
        assert_true(row >= 10 && row < 10 + ARRAY_SIZE(w->upstreams));
        return &w->upstreams[row - 10];
}

/* It can still be looked at, and is found no more. */
static void note_gone(void *user, Endpoint *e)
{
        World *w = user;
        size_t n = strlen(w->gone);
        assert_true(endpoint_find(&w->set, span_of(e->name)) != e);
        (void)snprintf(w->gone + n, sizeof(w->gone) - n, "%s ", e->name);
        w->seen = e;
}

static const EndpointOps ops = {.upstream = upstream_of, .gone = note_gone};

/* Rows stand in another order than servers do. Server i of the file has row 10 + i. */
static int take(World *w, const char *yaml)
{
        SnapshotRow rows[SERVERS + 1];
        oom_hold();
        Config *config = config_of(yaml);
        oom_release();
        Snapshot snapshot = {.config = config, .rows = rows, .n = config->servers.n};
        assert_true(snapshot.n <= ARRAY_SIZE(rows));
        for (size_t i = 0; i < snapshot.n; i++) {
                uint32_t index = (uint32_t)(snapshot.n - 1 - i);
                rows[i] = (SnapshotRow){.row = 10 + index, .index = index};
        }
        int r = endpoint_set_take(&w->set, &snapshot, &ops, w);
        config_unref(config);
        return r;
}

static void give(World *w, McpCatalogue *fs, McpCatalogue *db)
{
        w->upstreams[0].catalogue = fs;
        w->upstreams[1].catalogue = db;
        endpoint_set_touch(&w->set, &w->upstreams[0]);
        endpoint_set_touch(&w->set, &w->upstreams[1]);
}

#define PLAIN "servers: {fs: {command: x}, db: {command: x}}\n"

static int setup(void **state)
{
        World *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        *state = w;
        assert_int_equal(endpoint_set_init(&w->set, 4711), 0);
        assert_int_equal(take(w, PLAIN), 0);
        give(w, &fs_catalogue, &db_catalogue);
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;
        endpoint_set_done(&w->set);
        free(w);
        return 0;
}

static Endpoint *fresh(World *w, const char *name)
{
        unsigned changed;
        Endpoint *e = endpoint_find(&w->set, span_of(name));
        assert_non_null(e);
        assert_int_equal(endpoint_refresh(&w->set, e, &changed), 0);
        assert_false(e->stale);
        return e;
}

/* What clients see, as names: "fs__read fs__write". */
static void expect_names(World *w, const char *path, McpList list, const char *want)
{
        CLEANUP(buf_done) Buf got = BUF_INIT(1000);
        const Endpoint *e = fresh(w, path);
        for (uint32_t i = 0; i < e->lists[list].n; i++) {
                Span name = e->lists[list].entries[i].exposed;
                assert_int_equal(buf_appendf(&got, "%s%.*s", i ? " " : "", (int)name.len, name.ptr), 0);
        }
        assert_row(strcmp(buf_text(&got), want) == 0, "/mcp/%s: %s", path, buf_text(&got));
}

static void expect_target(World *w, const char *path, const char *name, unsigned server, const char *own)
{
        EndpointTarget t = {0};
        const Endpoint *e = fresh(w, path);
        assert_row(endpoint_by_name(e, MCP_LIST_TOOLS, span_of(name), &t), "%s", name);
        assert_ptr_equal(t.upstream, &w->upstreams[server]);
        assert_span_equal(t.own, span_of(own));
}

static void test_paths(void **state)
{
        World *w = *state;
        EndpointTarget t;
        assert_ptr_equal(endpoint_find(&w->set, SPAN("")), w->set.all);
        assert_ptr_equal(endpoint_find(&w->set, SPAN_NONE), w->set.all);
        assert_int_equal(endpoint_find(&w->set, SPAN("fs"))->kind, ENDPOINT_SERVER);
        assert_null(endpoint_find(&w->set, SPAN("nothing")));
        assert_null(endpoint_find(&w->set, SPAN("FS")));
        assert_null(endpoint_find(&w->set, SPAN("fs/")));
        expect_names(w, "", MCP_LIST_TOOLS, "fs__read fs__write db__read db__query");
        expect_names(w, "", MCP_LIST_PROMPTS, "fs__ask");
        expect_names(w, "", MCP_LIST_RESOURCES, "file:///a file:///secret/b x://both db://t/1");
        expect_names(w, "fs", MCP_LIST_TOOLS, "read write");
        expect_names(w, "fs", MCP_LIST_PROMPTS, "ask");
        expect_names(w, "db", MCP_LIST_RESOURCES, "db://t/1 x://both");
        expect_target(w, "", "fs__read", 0, "read");
        expect_target(w, "", "db__read", 1, "read");
        expect_target(w, "db", "read", 1, "read");
        assert_false(endpoint_by_name(w->set.all, MCP_LIST_TOOLS, SPAN("read"), &t));
        assert_false(endpoint_by_name(w->set.all, MCP_LIST_PROMPTS, SPAN("fs__read"), &t));
        assert_true(endpoint_by_template(w->set.all, SPAN("db://t/{id}"), &t));
        assert_ptr_equal(t.upstream, &w->upstreams[1]);
        assert_false(endpoint_by_template(w->set.all, SPAN("db://t/{x}"), &t));
}

/* Before there is a configuration there is /mcp, and nothing in it. */
static void test_nothing_yet(void **state UNUSED)
{
        EndpointSet s;
        unsigned changed = 99;
        assert_int_equal(endpoint_set_init(&s, 1), 0);
        assert_ptr_equal(endpoint_find(&s, SPAN("")), s.all);
        assert_null(endpoint_find(&s, SPAN("fs")));
        assert_int_equal(endpoint_refresh(&s, s.all, &changed), 0);
        assert_int_equal(changed, 0);
        assert_int_equal(endpoint_can(s.all), MCP_CAN(TOOLS) | MCP_CAN(PROMPTS) | MCP_CAN(RESOURCES));
        endpoint_set_done(&s);
        endpoint_set_done(&s);
}

static void test_configured(void **state)
{
        World *w = *state;
        assert_int_equal(take(w, "servers:\n"
                                 "  fs: {command: x, prefix: '', tools: {rename: {read: get}, describe: "
                                 "{write: W}, deny: [get]},\n"
                                 "       resources: {deny: ['*secret*']}, prompts: {deny: ['*']}}\n"
                                 "  db: {command: x, prefix: 'd-', tools: {allow: ['re*']}}\n"
                                 "views:\n"
                                 "  v: {servers: [db, fs], tools: {deny: [fs__write]}}\n"
                                 "  one: {servers: [db], tools: {allow: [read]}}\n"),
                         0);
        expect_names(w, "", MCP_LIST_TOOLS, "get write d-read");
        expect_target(w, "", "get", 0, "read");
        expect_names(w, "fs", MCP_LIST_TOOLS, "get write");
        expect_names(w, "fs", MCP_LIST_PROMPTS, "");
        expect_names(w, "db", MCP_LIST_TOOLS, "read");
        expect_names(w, "v", MCP_LIST_TOOLS, "get d-read"); /* in the order of the servers */
        expect_names(w, "v", MCP_LIST_RESOURCES, "file:///a x://both db://t/1");
        expect_names(w, "one", MCP_LIST_TOOLS, "d-read");
        assert_non_null(strstr(buf_text(&fresh(w, "")->lists[MCP_LIST_TOOLS].text),
                               "{\"name\":\"write\",\"description\":\"W\"}"));
        assert_non_null(strstr(buf_text(&fresh(w, "fs")->lists[MCP_LIST_TOOLS].text),
                               "{\"name\":\"write\",\"description\":\"W\"}"));
}

/* A path that stays keeps its address, sessions and editions; one that goes is told. */
static void test_take_over(void **state)
{
        World *w = *state;
        unsigned changed = 99;
        Endpoint *all = fresh(w, ""), *fs = fresh(w, "fs"), *db = fresh(w, "db");
        uint64_t edition = all->lists[MCP_LIST_TOOLS].edition;
        fs->sessions = 7;
        assert_int_equal(take(w, "servers: {fs: {command: y}, db: {command: y}}\n"
                                 "views: {v: {servers: [fs]}}\n"),
                         0);
        assert_string_equal(w->gone, "");
        assert_ptr_equal(endpoint_find(&w->set, SPAN("")), all);
        assert_ptr_equal(w->set.all, all);
        assert_ptr_equal(endpoint_find(&w->set, SPAN("fs")), fs);
        assert_int_equal(fs->sessions, 7);
        assert_true(all->stale);
        EndpointTarget t;
        assert_false(
                endpoint_by_name(all, MCP_LIST_TOOLS, SPAN("fs__read"), &t)); /* not before it is fresh */
        assert_int_equal(endpoint_refresh(&w->set, all, &changed), 0);
        assert_int_equal(changed, 0);
        assert_true(all->lists[MCP_LIST_TOOLS].edition == edition);
        expect_target(w, "", "fs__read", 0, "read");

        Endpoint *view = fresh(w, "v");
        assert_int_equal(take(w, "servers: {fs: {command: y}, v: {command: y}}\n"), 0);
        assert_string_equal(w->gone, "db v ");
        assert_true(w->seen == view);
        assert_null(endpoint_find(&w->set, SPAN("db")));
        assert_int_equal(endpoint_find(&w->set, SPAN("v"))->kind, ENDPOINT_SERVER); /* of another kind */
        assert_int_equal(endpoint_refresh(&w->set, all, &changed), 0);
        assert_int_equal(changed, 1 << MCP_LIST_TOOLS); /* v has what db had, under another prefix */
        assert_true(all->lists[MCP_LIST_TOOLS].edition == edition + 1);
        (void)db;

        w->gone[0] = '\0';
        assert_int_equal(take(w, PLAIN), 0);
        assert_string_equal(w->gone, "v ");
        assert_int_equal(take(w, "servers: {}\n"), 0);
        assert_string_equal(w->gone, "v fs db ");
        assert_int_equal(endpoint_refresh(&w->set, all, &changed), 0);
        assert_int_equal(changed, (1 << _MCP_LIST_MAX) - 1);
        expect_names(w, "", MCP_LIST_TOOLS, "");
}

/* No two lists ever have the same edition: not of two paths, and not of one that came again. */
static void test_editions(void **state)
{
        World *w = *state;
        uint64_t seen[20];
        unsigned n = 0;
        for (unsigned i = 0; i < 2; i++) {
                for (McpList list = 0; list < _MCP_LIST_MAX; list++) {
                        seen[n++] = fresh(w, "db")->lists[list].edition;
                        if (i == 0)
                                seen[n++] = fresh(w, "")->lists[list].edition;
                }
                assert_int_equal(take(w, "servers: {fs: {command: x}}\n"), 0);
                assert_int_equal(take(w, PLAIN), 0);
        }
        for (unsigned i = 0; i < n; i++)
                for (unsigned k = 0; k < i; k++)
                        assert_true(seen[i] != seen[k]);
}

static void test_touch(void **state)
{
        World *w = *state;
        unsigned changed = 99;
        Endpoint *all = fresh(w, ""), *fs = fresh(w, "fs"), *db = fresh(w, "db");
        assert_int_equal(endpoint_refresh(&w->set, all, &changed), 0);
        assert_int_equal(changed, 0);
        endpoint_set_touch(&w->set, &w->upstreams[2]); /* of no endpoint */
        assert_false(all->stale || fs->stale || db->stale);
        w->upstreams[1].catalogue = &tools_only;
        endpoint_set_touch(&w->set, &w->upstreams[1]);
        assert_true(all->stale && db->stale && !fs->stale);
        assert_int_equal(endpoint_refresh(&w->set, all, &changed), 0);
        assert_int_equal(changed, 1 << MCP_LIST_RESOURCES | 1 << MCP_LIST_TEMPLATES);
        endpoint_set_touch(&w->set, &w->upstreams[1]); /* the same again */
        assert_int_equal(endpoint_refresh(&w->set, all, &changed), 0);
        assert_int_equal(changed, 0);
        w->upstreams[1].catalogue = NULL;
        endpoint_set_touch(&w->set, &w->upstreams[1]);
        expect_names(w, "", MCP_LIST_TOOLS, "fs__read fs__write");
}

/* As digits: which servers, in their order. */
static void expect_uri(World *w, const char *path, const char *uri, unsigned max, const char *want)
{
        Upstream *found[8] = {NULL};
        char got[9] = "";
        const Endpoint *e = fresh(w, path);
        unsigned n = endpoint_by_uri(e, span_of(uri), found, max);
        assert_true(n <= max);
        for (unsigned i = 0; i < n; i++)
                got[i] = (char)('0' + (found[i] - w->upstreams));
        assert_row(strcmp(got, want) == 0, "%s: %s", uri, got);
}

static void test_by_uri(void **state)
{
        World *w = *state;
        expect_uri(w, "", "file:///a", 8, "01");     /* listed; any */
        expect_uri(w, "", "db://t/1", 8, "10");      /* listed and by template: once */
        expect_uri(w, "", "db://t/7", 8, "10");      /* by template */
        expect_uri(w, "", "x://both", 8, "01");      /* listed by both: the first has it */
        expect_uri(w, "", "file:///new/y", 8, "01"); /* by template */
        expect_uri(w, "", "other://x", 8, "01");     /* whoever it may be */
        expect_uri(w, "", "db://t/7", 1, "1");
        expect_uri(w, "", "other://x", 1, "0");
        expect_uri(w, "", "other://x", 0, "");
        expect_uri(w, "db", "file:///a", 8, "1");
        give(w, &tools_only, NULL);
        expect_uri(w, "", "file:///a", 8, "1"); /* one cannot; of the other it is not known */
        expect_uri(w, "fs", "file:///a", 8, "");
}

/* What a filter hides is not to be had by its name. */
static void test_denied_uris(void **state)
{
        World *w = *state;
        assert_int_equal(take(w, "servers:\n"
                                 "  fs: {command: x, resources: {deny: ['*secret*']}}\n"
                                 "  db: {command: x, resources: {allow: ['db://t/{id}', 'db://t/1']}}\n"),
                         0);
        expect_uri(w, "", "file:///secret/b", 8, "");
        expect_uri(w, "fs", "file:///secret/b", 8, "");
        expect_uri(w, "fs", "file:///secret/c", 8, ""); /* not through the template either */
        expect_uri(w, "fs", "file:///c", 8, "0");
        expect_uri(w, "db", "db://t/1", 8, "1");
        expect_uri(w, "db", "db://t/7", 8, "1"); /* an allowed template */
        expect_uri(w, "db", "x://both", 8, "");
        give(w, NULL, NULL);
        expect_uri(w, "", "file:///secret/b", 8, "");
        expect_uri(w, "", "db://t/1", 8, "01");
}

static void test_can(void **state)
{
        World *w = *state;
        const McpCapabilities lists = MCP_CAN(TOOLS) | MCP_CAN(PROMPTS) | MCP_CAN(RESOURCES);
        assert_int_equal(take(w, PLAIN "views: {v: {servers: [db]}}\n"), 0);
        assert_int_equal(endpoint_can(fresh(w, "")), lists | MCP_CAN(LOGGING) | MCP_CAN(SUBSCRIBE));
        assert_int_equal(endpoint_can(fresh(w, "v")), lists | MCP_CAN(SUBSCRIBE));
        assert_int_equal(endpoint_can(fresh(w, "fs")), lists | MCP_CAN(LOGGING)); /* no tasks */
        assert_int_equal(endpoint_can(fresh(w, "db")),
                         MCP_CAN(TOOLS) | MCP_CAN(RESOURCES) | MCP_CAN(SUBSCRIBE));
        give(w, NULL, &tools_only);
        assert_int_equal(endpoint_can(fresh(w, "")), lists);
        assert_int_equal(endpoint_can(fresh(w, "fs")), lists);
        assert_int_equal(endpoint_can(fresh(w, "db")), MCP_CAN(TOOLS));
}

/* A set of rows that leaves a server out, or speaks of none that there is, changes nothing. */
static void test_bad_rows(void **state)
{
        World *w = *state;
        SnapshotRow rows[] = {{.row = 10, .index = 0}, {.row = 11, .index = 5}};
        Config *config = config_of("servers: {a: {command: x}, b: {command: x}}\n");
        Snapshot snapshot = {.config = config, .rows = rows, .n = 2};
        assert_int_equal(endpoint_set_take(&w->set, &snapshot, &ops, w), -EBADMSG);
        config_unref(config);
        assert_null(endpoint_find(&w->set, SPAN("a")));
        expect_names(w, "fs", MCP_LIST_TOOLS, "read write");
        assert_string_equal(w->gone, "");
}

/* ---- without memory ---- */

static int retake(void *arg UNUSED)
{
        World w = {0};
        unsigned changed = 0;
        oom_hold();
        assert_int_equal(endpoint_set_init(&w.set, 4711), 0);
        assert_int_equal(take(&w, PLAIN), 0);
        give(&w, &fs_catalogue, &db_catalogue);
        Endpoint *all = fresh(&w, "");
        oom_release();
        int r = take(
                &w,
                "servers: {fs: {command: x, tools: {rename: {read: get}, deny: [write]}}, db: {command: x}}\n"
                "views: {v: {servers: [fs]}}\n");
        if (r < 0) { /* all is as it was */
                assert_false(all->stale);
                expect_target(&w, "", "fs__read", 0, "read");
                assert_null(endpoint_find(&w.set, SPAN("v")));
        } else {
                r = endpoint_refresh(&w.set, all, &changed);
                assert_int_equal(changed, r < 0 ? 0 : 1 << MCP_LIST_TOOLS);
                assert_int_equal(all->stale, r < 0);
        }
        if (r < 0 && all->stale) { /* what has changed is told when it has come through */
                oom_hold();
                assert_int_equal(endpoint_refresh(&w.set, all, &changed), 0);
                assert_int_equal(changed, 1 << MCP_LIST_TOOLS);
                oom_release();
        }
        endpoint_set_done(&w.set);
        return r;
}

static int init(void *arg UNUSED)
{
        EndpointSet s;
        int r = endpoint_set_init(&s, 1);
        if (r == 0)
                endpoint_set_done(&s);
        return r;
}

static void test_no_memory(void **state UNUSED)
{
        assert_true(oom_each(init, NULL) >= 7);
        assert_true(oom_each(retake, NULL) >= 40);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
                cmocka_unit_test(test_nothing_yet),
                cmocka_unit_test_setup_teardown(test_configured, setup, teardown),
                cmocka_unit_test_setup_teardown(test_take_over, setup, teardown),
                cmocka_unit_test_setup_teardown(test_editions, setup, teardown),
                cmocka_unit_test_setup_teardown(test_touch, setup, teardown),
                cmocka_unit_test_setup_teardown(test_by_uri, setup, teardown),
                cmocka_unit_test_setup_teardown(test_denied_uris, setup, teardown),
                cmocka_unit_test_setup_teardown(test_can, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_rows, setup, teardown),
                cmocka_unit_test(test_no_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
