/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/import-merge.h"
#include "cli/import-value.h"
#include "config/check.h"

static const ImportFile cursor = {.host = "Cursor", .slug = "cursor", .path = "/c"};
static const ImportFile vscode = {.host = "VS Code", .slug = "vscode", .path = "/v"};

static int setup(void **state)
{
        Import *im = calloc(1, sizeof(*im));
        if (!im)
                return -1;
        import_init(im);
        *state = im;
        return 0;
}

static int teardown(void **state)
{
        import_done(*state);
        free(*state);
        return 0;
}

static ImportServer *add(Import *im, const ImportFile *file, const char *name, const char *command)
{
        ImportServer *s;
        assert_int_equal(import_add_server(im, file, span_of(name), &s), 0);
        assert_int_equal(import_value(im, s, span_of(command), "command", false, &s->command), 0);
        return s;
}

static void add_env(Import *im, ImportServer *s, const char *name, const char *value)
{
        ImportPair *env = ARENA_NEW_N(&im->arena, ImportPair, s->n_env + 1);
        assert_non_null(env);
        if (s->n_env)
                memcpy(env, s->env, s->n_env * sizeof(*env));
        s->env = env;
        ImportPair *p = &env[s->n_env++];
        p->name = name;
        assert_int_equal(import_value(im, s, span_of(value), name, true, &p->value), 0);
}

static void test_legal_names(void **state)
{
        static const char *const rows[][2] = {
                {"fs", "fs"},
                {"", "server"},
                {"my server", "my-server"},
                {"a.b/c", "a-b-c"},
                {"\xe6\x97\xa5\xc3\xa4x", "--x"},
                {"\xff\n", "--"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(import_legal_name(*state, rows[i][0]), rows[i][1]);

        char a[101], b[101];
        memset(a, 'a', 100);
        a[100] = '\0';
        memcpy(b, a, sizeof(b));
        b[99] = 'b';
        const char *x = import_legal_name(*state, a), *y = import_legal_name(*state, b);
        assert_int_equal(strlen(x), 64);
        assert_null(check_name(span_of(x)));
        assert_string_not_equal(x, y);
}

static void test_the_same_is_taken_once(void **state)
{
        Import *im = *state;
        ImportServer *a = add(im, &cursor, "gh", "x"), *b = add(im, &vscode, "gh", "x");
        add_env(im, a, "A", "1");
        add_env(im, a, "B_TOKEN", "123456");
        add_env(im, b, "B_TOKEN", "123456");
        add_env(im, b, "A", "1");
        assert_int_equal(import_merge(im), 0);
        assert_null(a->left_out);
        assert_ptr_equal(b->twin, a);
        assert_string_equal(b->left_out, "the same as gh");
        assert_int_equal(import_count(im, NULL), 1);
        assert_int_equal(import_count(im, &vscode), 0);
        assert_string_equal(a->env[1].value.pieces[0].file, "gh.B_TOKEN");
}

static void test_a_secret_makes_a_difference(void **state)
{
        Import *im = *state;
        ImportServer *a = add(im, &cursor, "gh", "x"), *b = add(im, &vscode, "gh", "x"),
                     *c = add(im, &vscode, "gh", "x");
        add_env(im, a, "TOKEN", "123456");
        add_env(im, b, "TOKEN", "123457");
        add_env(im, c, "TOKEN", "123457");
        assert_int_equal(import_merge(im), 0);
        assert_string_equal(a->name, "gh");
        assert_string_equal(b->name, "gh-vscode");
        assert_ptr_equal(c->twin, b);
        assert_string_equal(b->env[0].value.pieces[0].file, "gh-vscode.TOKEN");
}

static void test_names_are_told_apart(void **state)
{
        Import *im = *state;
        const ImportServer *a = add(im, &cursor, "gh", "1"), *b = add(im, &cursor, "gh-vscode", "2"),
                           *c = add(im, &vscode, "gh", "3"), *d = add(im, &vscode, "g h", "4"),
                           *e = add(im, &vscode, "g.h", "5"), *f = add(im, &vscode, "g.h", "4");
        assert_int_equal(import_merge(im), 0);
        assert_string_equal(a->name, "gh");
        assert_string_equal(b->name, "gh-vscode");
        assert_string_equal(c->name, "gh-vscode-983782"); /* stable: of path, project and name */
        assert_string_equal(d->name, "g-h");
        assert_string_equal(e->name, "g-h-b2c02a");
        assert_non_null(f->left_out); /* even the hash is taken */
        assert_null(f->twin);
}

static void test_secret_files_have_names_of_their_own(void **state)
{
        Import *im = *state;
        ImportServer *a = add(im, &cursor, "a",
                              "AKIA"
                              "ABCDEFGHIJKLMNOP");
        add_env(im, a, "command", "123456");
        assert_int_equal(import_merge(im), 0);
        assert_string_equal(a->command.pieces[0].file, "a.command");
        assert_string_equal(a->env[0].value.pieces[0].file, "a.command.2");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_legal_names),
                T(test_the_same_is_taken_once),
                T(test_a_secret_makes_a_difference),
                T(test_names_are_told_apart),
                T(test_secret_files_have_names_of_their_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
