/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of methods against the schemas of all revisions. With --print:
 * the slots of the names, to be written into mcp/method.c, or which two meet.
 */
#include "support/test.h"

#include <limits.h>

#include <jansson.h>

#include "mcp/method.h"

static McpMethod of(const char *name)
{
        char quoted[128];
        int n = snprintf(quoted, sizeof(quoted), "\"%s\"", name);
        return mcp_method_of(span_from(quoted, (size_t)n));
}

static void test_rows(void **state UNUSED)
{
        for (int m = 0; m < _MCP_METHOD_MAX; m++) {
                const McpMethodRow *row = &mcp_method_table[m];
                bool notification = strncmp(row->name, "notifications/", 14) == 0;
                assert_row(of(row->name) == (McpMethod)m, "%s", row->name);
                assert_row(row->request == !notification, "%s", row->name);
                assert_row(row->eras >= MCP_L && row->eras <= MCP_LM, "%s", row->name);
                assert_row(row->sender >= MCP_FROM_CLIENT && row->sender <= MCP_FROM_BOTH, "%s", row->name);
                assert_row((row->route == MCP_ROUTE_NONE) == (row->capability == MCP_CAN_TASKS), "%s",
                           row->name);
                assert_string_equal(mcp_method_name((McpMethod)m), row->name);
                for (int k = 0; k < m; k++)
                        assert_row(strcmp(row->name, mcp_method_table[k].name) != 0, "%s twice", row->name);
        }
        assert_string_equal(mcp_method_name(MCP_METHOD_OTHER), "other");
}

static void test_unknown(void **state UNUSED)
{
        static const char *const names[] = {
                "",
                "p",
                "pin",
                "ping ",
                "pinG",
                "tools/calL",
                "tools/call/",
                "Tools/call",
                "tools/cal",
                "tasks/lost",
                "initializE",
                "server/discover\\u0000",
                "tools/\\ud83d\\ude00",
                "notifications/subscriptions/acknowledgee",
                "notifications/subscriptions/acknowledged_",
        };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_row(of(names[i]) == MCP_METHOD_OTHER, "%s", names[i]);
        assert_int_equal(mcp_method_of(SPAN("ping")), MCP_METHOD_OTHER);
        assert_int_equal(mcp_method_of(SPAN("1")), MCP_METHOD_OTHER);
        assert_int_equal(mcp_method_of(SPAN("{}")), MCP_METHOD_OTHER);
        assert_int_equal(mcp_method_of(SPAN_NONE), MCP_METHOD_OTHER);
}

/* Any one byte changed: another name, or none. */
static void test_neighbours(void **state UNUSED)
{
        for (int m = 0; m < _MCP_METHOD_MAX; m++) {
                char name[64];
                size_t n = strlen(mcp_method_table[m].name);
                memcpy(name, mcp_method_table[m].name, n + 1);
                for (size_t i = 0; i < n; i++)
                        for (char c = 'a'; c <= 'z'; c++) {
                                char was = name[i];
                                name[i] = c;
                                assert_row((of(name) == (McpMethod)m) == (c == was), "%s", name);
                                name[i] = was;
                        }
        }
}

static void test_escaped(void **state UNUSED)
{
        assert_int_equal(of("tools\\/call"), MCP_METHOD_TOOLS_CALL);
        assert_int_equal(of("\\u0070ing"), MCP_METHOD_PING);
        assert_int_equal(of("\\u0070\\u0069\\u006e\\u0067"), MCP_METHOD_PING);
        assert_int_equal(of("notifications\\/subscriptions\\/acknowledged"), MCP_METHOD_ACKNOWLEDGED);
}

/* ---- against the schemas -------------------------------------------------- */

static json_t *definitions_of(McpVersion v)
{
        const char *srcdir = getenv("srcdir");
        char path[PATH_MAX];
        json_error_t error;
        (void)snprintf(path, sizeof(path), "%s/tests/data/mcp-schema/%s.json", srcdir ? srcdir : ".",
                       mcp_version_table[v].text);
        json_t *schema = json_load_file(path, 0, &error);
        assert_row(schema != NULL, "%s: %s", path, error.text);
        json_t *all = json_object_get(schema, "definitions");
        all = json_incref(all ? all : json_object_get(schema, "$defs"));
        assert_true(json_object_size(all) > 50);
        json_decref(schema);
        return all;
}

/* The method that a definition is about, or NULL. */
static const char *method_in(const json_t *definition)
{
        const json_t *method = json_object_get(json_object_get(definition, "properties"), "method");
        return json_string_value(json_object_get(method, "const"));
}

static bool is_one_of(json_t *all, const char *which, const char *definition)
{
        json_t *any = json_object_get(json_object_get(all, which), "anyOf"), *one;
        size_t i;
        json_array_foreach(any, i, one)
        {
                const char *ref = json_string_value(json_object_get(one, "$ref")), *slash = NULL;
                if (ref)
                        slash = strrchr(ref, '/');
                if (slash && strcmp(slash + 1, definition) == 0)
                        return true;
        }
        return false;
}

/* What the schema's unions say of who sends it; 0: nothing. */
static unsigned senders_of(json_t *all, const char *definition)
{
        unsigned from = 0;
        if (is_one_of(all, "ClientRequest", definition) || is_one_of(all, "ClientNotification", definition))
                from |= MCP_FROM_CLIENT;
        if (is_one_of(all, "ServerRequest", definition) || is_one_of(all, "ServerNotification", definition))
                from |= MCP_FROM_SERVER;
        return from;
}

static void compare(McpVersion v, unsigned seen[static _MCP_METHOD_MAX])
{
        json_t *all = definitions_of(v), *definition;
        unsigned era = mcp_version_table[v].era == MCP_MODERN ? MCP_M : MCP_L;
        const char *name;
        json_object_foreach(all, name, definition)
        {
                const char *text = method_in(definition);
                McpMethod m = text ? of(text) : MCP_METHOD_OTHER;
                if (!text)
                        continue;
                assert_row(m != MCP_METHOD_OTHER, "%s of %s has no row", text, mcp_version_table[v].text);
                const McpMethodRow *row = &mcp_method_table[m];
                size_t n = strlen(name);
                bool request = n > 7 && strcmp(name + n - 7, "Request") == 0;
                assert_row(row->request == request, "%s", text);
                assert_row((senders_of(all, name) & ~(unsigned)row->sender) == 0, "%s: its sender", text);
                /* Those that a modern result only embeds are in that schema, but are no methods any more. */
                if (era == MCP_L || senders_of(all, name) != 0)
                        assert_row(row->eras & era, "%s: its era", text);
                seen[m] |= era;
        }
        json_decref(all);
}

static void test_schemas(void **state UNUSED)
{
        unsigned seen[_MCP_METHOD_MAX] = {0};
        for (int v = 0; v < _MCP_VERSION_MAX; v++)
                compare((McpVersion)v, seen);
        for (int m = 0; m < _MCP_METHOD_MAX; m++) {
                const McpMethodRow *row = &mcp_method_table[m];
                if (row->capability != MCP_CAN_TASKS) /* in the modern era an extension has these */
                        assert_row((row->eras & ~seen[m]) == 0, "%s is in no schema", row->name);
                else
                        assert_row(seen[m] || row->eras == MCP_M, "%s is in no schema", row->name);
        }
}

/* ---- the slots ------------------------------------------------------------ */

static unsigned slot_of(const char *name)
{
        size_t n = strlen(name);
        return ((unsigned)n + 14 * (unsigned)name[n / 2 - 2] + 38 * (unsigned)name[n - 1]) % 128;
}

static int print_slots(void)
{
        const char *taken[128] = {NULL};
        int r = 0;
        for (int m = 0; m < _MCP_METHOD_MAX; m++) {
                const char *name = mcp_method_table[m].name;
                unsigned slot = slot_of(name);
                if (taken[slot]) {
                        printf("%s and %s meet in slot %u\n", taken[slot], name, slot);
                        r = 1;
                }
                taken[slot] = name;
        }
        for (unsigned slot = 0; slot < 128; slot++)
                if (taken[slot])
                        printf("%u %s\n", slot, taken[slot]);
        return r;
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),       cmocka_unit_test(test_unknown),
                cmocka_unit_test(test_neighbours), cmocka_unit_test(test_escaped),
                cmocka_unit_test(test_schemas),
        };
        if (argc == 2 && strcmp(argv[1], "--print") == 0)
                return print_slots();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
