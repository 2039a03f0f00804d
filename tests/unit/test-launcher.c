/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "config/launcher.h"

enum { WORDS = 6 };

typedef struct LaunchRow {
        const char *words[WORDS]; /* command and arguments */
        const char *package;      /* what is fetched unpinned; NULL: nothing */
} LaunchRow;

static const LaunchRow rows[] = {
        {{"npx", "pkg"}, "pkg"},
        {{"npx", "-y", "pkg"}, "pkg"},
        {{"npx", "-y", "@scope/pkg"}, "@scope/pkg"},
        {{"npx", "-y", "pkg@latest"}, "pkg@latest"},
        {{"npx", "-y", "pkg@^1.2"}, "pkg@^1.2"},
        {{"npx", "-y", "pkg@1.x"}, "pkg@1.x"},
        {{"npx", "-y", "pkg@"}, "pkg@"},
        {{"npx", "-y", "pkg@1.2.3"}, NULL},
        {{"npx", "-y", "@scope/pkg@1.2.3"}, NULL},
        {{"/usr/bin/npx", "pkg"}, "pkg"},
        {{"npx", "--package", "pkg@1.0.0", "cmd"}, NULL},
        {{"npx", "--package", "pkg", "cmd"}, "pkg"},
        {{"npx", "--package=pkg", "cmd"}, "pkg"},
        {{"npx", "-p", "pkg@1.0.0", "cmd"}, NULL},
        {{"npx", "-p"}, NULL},
        {{"npx", "-w", "space", "pkg"}, "pkg"},
        {{"npx", "--workspace=space", "pkg@2.0.0"}, NULL},
        {{"npx", "--", "pkg"}, "pkg"},
        {{"npx", "--"}, NULL},
        {{"npx", "-y"}, NULL},
        {{"npx"}, NULL},
        {{"npx", "-y", "/opt/pkg"}, NULL},
        {{"npx", "-y", "file:pkg"}, NULL},
        {{"npx", "-y", "git+https://h/r@0123456789abcdef0123456789abcdef01234567"}, NULL},
        {{"npx", "-y", "git+https://h/r@0123456789abcdef0123456789abcdef0123456"},
         "git+https://h/r@0123456789abcdef0123456789abcdef0123456"},
        {{"npx", "-y", "pkg@1.2"}, "pkg@1.2"},
        {{"npx", "-y", "git+https://h/r@main"}, "git+https://h/r@main"},
        {{"bunx", "pkg"}, "pkg"},
        {{"pnpx", "pkg"}, "pkg"},
        {{"npm", "exec", "pkg"}, "pkg"},
        {{"npm", "run", "pkg"}, NULL},
        {{"npm"}, NULL},
        {{"pnpm", "dlx", "pkg"}, "pkg"},
        {{"uvx", "pkg"}, "pkg"},
        {{"uvx", "pkg==1.2"}, NULL},
        {{"uvx", "pkg@1.2"}, NULL},
        {{"uvx", "pkg>=1.2"}, "pkg>=1.2"},
        {{"uvx", "pkg==1.*"}, "pkg==1.*"},
        {{"uvx", "--from", "pkg==1.0", "cmd"}, NULL},
        {{"uvx", "--from=pkg", "cmd"}, "pkg"},
        {{"uvx", "--python", "3.12", "pkg"}, "pkg"},
        {{"uv", "tool", "run", "pkg"}, "pkg"},
        {{"uv", "tool", "run", "pkg==1"}, NULL},
        {{"uv", "tool", "list"}, NULL},
        {{"uv", "run", "script"}, NULL},
        {{"pipx", "run", "pkg"}, "pkg"},
        {{"pipx", "run", "--spec", "pkg==1.0", "cmd"}, NULL},
        {{"node", "npx", "pkg"}, NULL},
        {{"notnpx", "pkg"}, NULL},
};

static void test_rows(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ConfigText args[WORDS] = {{.value = NULL}};
                ServerConfig s = {.command = {.value = rows[i].words[0]}, .args = {.items = args}};
                for (size_t k = 1; k < WORDS && rows[i].words[k]; k++)
                        args[s.args.n++].value = rows[i].words[k];
                const char *package = NULL;
                bool unpinned = launcher_is_unpinned(&s, &package);
                assert_row(unpinned == (rows[i].package != NULL), "%zu: %s %s: %s", i, rows[i].words[0],
                           args[0].value, package ? package : "pinned");
                if (unpinned)
                        assert_string_equal(package, rows[i].package);
        }
        ServerConfig none = {.args = {.n = 0}};
        const char *package;
        assert_false(launcher_is_unpinned(&none, &package));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
