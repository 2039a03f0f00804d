/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/import-host.h"

static const ImportBases bases = {.dirs = {"/h", "/h/.config", "/p"}};

static void test_rows(void **state UNUSED)
{
        for (size_t i = 0; i < import_hosts_size; i++) {
                const ImportHost *h = &import_hosts[i];
                assert_true(h->path[0] != '/' && h->base < _IMPORT_BASE_MAX);
                assert_true((h->places == 0) == (h->not_read != NULL));
                assert_true(h->slug[strspn(h->slug, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
                for (size_t k = 0; k < i; k++) {
                        assert_true(import_hosts[k].base != h->base ||
                                    strcmp(import_hosts[k].path, h->path) != 0);
                        assert_true((strcmp(import_hosts[k].name, h->name) == 0) ==
                                    (strcmp(import_hosts[k].slug, h->slug) == 0));
                }
        }
}

static void test_every_row_is_found_again(void **state UNUSED)
{
        for (size_t i = 0; i < import_hosts_size; i++) {
                const ImportHost *h = &import_hosts[i];
                CLEANUP(buf_done) Buf b = BUF_INIT(4096);
                size_t project = 99;
                assert_int_equal(import_host_path(h, &bases, &b), 0);
                assert_ptr_equal(import_host_of(&bases, b.data, &project), h);
                assert_int_equal(project, h->base == IMPORT_BASE_PROJECT ? 2 : 0);
        }
}

static void test_other_paths(void **state UNUSED)
{
        size_t project = 0;
        const ImportHost *h = import_host_of(&bases, "/x/y/.vscode/mcp.json", &project);
        assert_non_null(h);
        assert_string_equal(h->name, "VS Code");
        assert_int_equal(project, 4);
        h = import_host_of(&bases, "/.mcp.json", &project);
        assert_non_null(h);
        assert_int_equal(project, 1);
        assert_null(import_host_of(&bases, "/x/my.mcp.json", &project));
        assert_null(import_host_of(&bases, "/x/.claude.json", &project)); /* not the user's */
        assert_null(import_host_of(&bases, "/x.json", &project));
}

static void test_a_base_may_be_missing(void **state UNUSED)
{
        const ImportBases none = {0};
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        size_t project;
        assert_int_equal(import_host_path(&import_hosts[0], &none, &b), -ENOENT);
        assert_int_equal(b.len, 0);
        assert_null(import_host_of(&none, "/h/.claude.json", &project));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_every_row_is_found_again),
                cmocka_unit_test(test_other_paths),
                cmocka_unit_test(test_a_base_may_be_missing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
