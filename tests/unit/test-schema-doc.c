/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include "config/node.h"
#include "config/schema-doc.h"

typedef int (*WriteDoc)(Buf *b);

static const WriteDoc writers[] = {schema_write_json, schema_write_markdown, schema_write_man};

static int write_it(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return (*(const WriteDoc *)arg)(&b);
}

static void test_out_of_memory(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
                WriteDoc w = writers[i];
                oom_each(write_it, &w);
        }
}

static void test_full(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
                CLEANUP(buf_done) Buf whole = BUF_INIT(BUF_CAP_NONE);
                assert_int_equal(writers[i](&whole), 0);
                for (size_t cap = 0; cap < whole.len; cap += 1 + cap / 32) {
                        CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                        assert_int_equal(writers[i](&b), -ENOBUFS);
                }
        }
}

/* Every key of a file is in every document, every internal one in none. */
static void test_complete(void **state UNUSED)
{
        CLEANUP(buf_done)
        Buf json = BUF_INIT(BUF_CAP_NONE), md = BUF_INIT(BUF_CAP_NONE), man = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(schema_write_json(&json), 0);
        assert_int_equal(schema_write_markdown(&md), 0);
        assert_int_equal(schema_write_man(&man), 0);
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                const char *local = schema_local_path(row), *dot = strrchr(local, '.');
                char key[256];
                (void)snprintf(key, sizeof(key), "\"%s\": {", dot ? dot + 1 : local);
                assert_row(!strstr(json.data, key) == row->internal, "%s", key);
                (void)snprintf(key, sizeof(key), "%s`\n", local);
                assert_row(!strstr(md.data, key) == row->internal, "%s", key);
                (void)snprintf(key, sizeof(key), "%s\\fR (", local);
                assert_row(!strstr(man.data, key) == row->internal, "%s", key);
                assert_row(!strstr(md.data, row->doc) == row->internal, "%s", row->doc);
        }
        assert_null(strchr(md.data, '\t'));
        assert_non_null(strstr(md.data, "· required"));
        assert_non_null(strstr(md.data, "· secret"));
        assert_non_null(strstr(md.data, "10000, or auto"));
        assert_non_null(strstr(md.data, "-20 to 19"));
        assert_null(strstr(man.data, "\n'"));
}

/* The JSON is a YAML text of our own subset: a good enough reader of its form. */
static void test_json(void **state UNUSED)
{
        CLEANUP(buf_done) Buf json = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(arena_done) Arena arena = ARENA_INIT(64 << 20);
        CLEANUP(diag_list_done) DiagList diags;
        Node *root = NULL;
        diag_list_init(&diags);
        assert_int_equal(schema_write_json(&json), 0);
        int r = node_parse(&arena, "schema", buf_span(&json), &diags, &root);
        if (r)
                fail_msg("%s", diags.first->message);
        const Node *limits = node_get(node_get(root, SPAN("properties")), SPAN("limits"));
        const Node *id = node_get(node_get(limits, SPAN("properties")), SPAN("max_id"));
        assert_span_equal(node_get(id, SPAN("default"))->text, SPAN("64"));
        assert_false(node_get(id, SPAN("default"))->quoted);
        const Node *server = node_get(node_get(root, SPAN("$defs")), SPAN("server"));
        assert_non_null(node_get(node_get(server, SPAN("properties")), SPAN("envFile")));
        assert_null(node_get(node_get(server, SPAN("properties")), SPAN("url")));
        const Node *net = node_get(
                node_get(node_get(node_get(server, SPAN("properties")), SPAN("sandbox")), SPAN("properties")),
                SPAN("net"));
        assert_int_equal(node_get(net, SPAN("anyOf"))->count, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_complete),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
