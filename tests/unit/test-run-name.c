/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "cli/run-name.h"
#include "config/check.h"

typedef struct NameRow {
        const char *argv[6];
        const char *want;
} NameRow;

static const NameRow rows[] = {
        {{"npx", "-y", "@scope/server-x"}, "server-x"},
        {{"npx", "-y", "@scope/server-x@1.2.3", "/data"}, "server-x"},
        {{"npx", "server@latest"}, "server"},
        {{"/usr/bin/npx", "-p", "pkg@1", "run"}, "pkg"},
        {{"npx", "-y"}, "npx"},
        {{"npx"}, "npx"},
        {{"npx", "git+https://example.org/a/my-server.git#v1"}, "my-server"},
        {{"npx", "github:me/thing"}, "thing"},
        {{"uvx", "mcp-server-git==1.0"}, "mcp-server-git"},
        {{"uvx", "mcp-server[extra]>=2"}, "mcp-server"},
        {{"uvx", "--from", "pkg.name~=1", "tool"}, "pkg-name"},
        {{"uv", "tool", "run", "a_b@1"}, "a_b"},
        {{"node", "dist/index.js"}, "node"},
        {{"/opt/My Server/bin/serve it"}, "serve-it"},
        {{"./server.exe"}, "server"},
        {{".exe"}, "exe"},
        {{"/"}, "server"},
        {{""}, "server"},
        {{"---"}, "server"},
        {{"a--"}, "a"},
        {{"\xc3\xa4"}, "server"},
        {{"x\xc3\xa4y"}, "x--y"},
        {{"1234567890123456789012345678901234567890123456789012345678901234567890"},
         "1234567890123456789012345678901234567890123456789012345678901234"},
};

static void test_names(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char *argv[6];
                char name[RUN_NAME_ROOM];
                size_t n = 0;
                for (; n < ARRAY_SIZE(argv) && rows[i].argv[n]; n++)
                        argv[n] = (char *)(uintptr_t)rows[i].argv[n];
                assert_int_equal(run_name(argv, n, name), 0);
                assert_row(strcmp(name, rows[i].want) == 0, "%s: %s", rows[i].want, name);
                assert_row(!check_name(span_of(name)), "%s", name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
