/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/import-value.h"

typedef struct Fixture {
        Import im;
        ImportServer *server;
} Fixture;

static int setup(void **state)
{
        static const ImportFile file = {.host = "Cursor", .slug = "cursor", .path = "/f"};
        Fixture *f = calloc(1, sizeof(*f));
        if (!f)
                return -1;
        import_init(&f->im);
        *state = f;
        return import_add_server(&f->im, &file, SPAN("s"), &f->server);
}

static int teardown(void **state)
{
        Fixture *f = *state;
        import_done(&f->im);
        free(f);
        return 0;
}

/* Text as it is, references in braces, secrets in angle brackets. */
static void show(const ImportValue *v, char *text, size_t size)
{
        size_t n = 0;
        text[0] = '\0';
        for (size_t i = 0; i < v->n; i++) {
                static const char *const forms[] = {"%.*s", "{%.*s}", "<%.*s>"};
                Span s = v->pieces[i].text;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                n += (size_t)snprintf(text + n, size - n, forms[v->pieces[i].kind], (int)s.len, s.ptr);
#pragma GCC diagnostic pop
                assert_true(n < size);
        }
}

static void is_value(Fixture *f, const char *text, bool secret, const char *want)
{
        ImportValue v;
        char got[512];
        assert_int_equal(import_value(&f->im, f->server, span_of(text), "K", secret, &v), 0);
        show(&v, got, sizeof(got));
        assert_string_equal(got, want);
        assert_true(v.given);
}

static void is_argument(Fixture *f, const char *before, const char *text, const char *want, const char *label)
{
        ImportValue v;
        char got[512];
        assert_int_equal(import_argument(&f->im, f->server, span_of(text), span_of(before), 4, &v), 0);
        show(&v, got, sizeof(got));
        assert_string_equal(got, want);
        assert_string_equal(v.label, label);
}

static void test_references(void **state)
{
        Fixture *f = *state;
        is_value(f, "", false, "");
        is_value(f, "plain $5 $$ $HOME", false, "plain $5 $$ $HOME");
        is_value(f, "a${env:X}b${Y}${Z:-d e}", false, "a{X}b{Y}{Z:-d e}");
        is_value(f, "${userHome}${/}x${pathSeparator}y", false, "{HOME}/x/y");
        is_value(f, "${file:/run/x}", false, "{file:/run/x}");
        assert_null(f->server->notes);
        is_value(f, "${", false, "${");
        is_value(f, "a${b", false, "a${b");
        assert_null(f->server->notes);
}

static void test_unknown_references_stay(void **state)
{
        Fixture *f = *state;
        static const char *const texts[] = {"${command:x.y}",  "${}",          "${1X}",
                                            "${A:-$B}",        "${file:~/x}",  "${credential:c}",
                                            "${file:/a/../b}", "${env:a b}",   "${workspaceFolder}",
                                            "${input:}",       "${config:a.b}"};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                ImportNote **note = f->server->last_note;
                is_value(f, texts[i], false, texts[i]);
                assert_non_null(*note);
                assert_non_null(strstr((*note)->text, "is left as it is"));
        }
}

static void test_project(void **state)
{
        Fixture *f = *state;
        f->server->project = "/home/u/proj";
        is_value(f, "${workspaceFolder}/x", false, "/home/u/proj/x");
        is_value(f, "${workspaceFolderBasename}", false, "proj");
        assert_null(f->server->notes);
}

static void test_inputs(void **state)
{
        Fixture *f = *state;
        is_value(f, "x${input:git-hub}", true, "x{GIT_HUB}");
        is_value(f, "${input:git-hub}", true, "{GIT_HUB}");
        is_value(f, "${input:1}", true, "{INPUT_1}");
        is_value(f, "${input:a.b}${input:a-b}", true, "{A_B}{A_B_D443}");
        assert_string_equal(f->im.inputs->id, "git-hub");
}

static void test_secrets_by_name(void **state)
{
        Fixture *f = *state;
        is_value(f, "12345", true, "12345"); /* too short */
        is_value(f, "123456", true, "<123456>");
        is_value(f, "12$456", true, "<12$456>");
        is_value(f, "${X}", true, "{X}");
        is_value(f, "abcdefgh${X}", true, "abcdefgh{X}");
        assert_true(import_is_secret_name(SPAN("GITHUB_TOKEN")));
        assert_true(import_is_secret_name(SPAN("api-key")));
        assert_true(import_is_secret_name(SPAN("apiKey")));
        assert_true(import_is_secret_name(SPAN("accessToken")));
        assert_true(import_is_secret_name(SPAN("AUTHORIZATION")));
        assert_false(import_is_secret_name(SPAN("keyboard")));
        assert_false(import_is_secret_name(SPAN("PORT")));
        assert_false(import_is_secret_name(SPAN("")));
}

static void test_secrets_by_looks(void **state)
{
        Fixture *f = *state;
        is_value(f,
                 "AKIA"
                 "ABCDEFGHIJKLMNOP",
                 false, "<AKIAABCDEFGHIJKLMNOP>");
        is_value(f,
                 "AKIA"
                 "ABCDEFGHIJKLMNOP ${X}",
                 false, "<AKIAABCDEFGHIJKLMNOP >{X}");
        is_value(f, "postgres://u:pw@h/db", false, "<postgres://u:pw@h/db>");
        is_value(f, "postgres://u@h/db", false, "postgres://u@h/db");
        is_value(f, "postgres://u:@h/db", false, "postgres://u:@h/db");
        is_value(f, "http://h:80/x@y:z@w", false, "http://h:80/x@y:z@w");
        is_value(f, "{\"h\": \"Bearer abcdefgh\"}", false, "<{\"h\": \"Bearer abcdefgh\"}>");
        is_value(f, "bearer", false, "bearer");
        is_value(f, "forbearer abcdefgh", false, "forbearer abcdefgh");
}

static void test_secrets_in_arguments(void **state)
{
        Fixture *f = *state;
        is_argument(f, NULL, "-y", "-y", "arg5");
        is_argument(f, NULL, "--api-key=hunter22", "--api-key=<hunter22>", "api-key");
        is_argument(f, NULL, "--api-key=${env:K}", "--api-key={K}", "api-key");
        is_argument(f, NULL, "--api-key=", "--api-key=", "api-key");
        is_argument(f, NULL, "--port=123456", "--port=123456", "port");
        is_argument(f, "-e", "DB_PASSWORD=hunter22", "DB_PASSWORD=<hunter22>", "DB_PASSWORD");
        is_argument(f, "-e", "DB_PASSWORD", "DB_PASSWORD", "arg5");
        is_argument(f, "--token", "hunter22", "<hunter22>", "token");
        is_argument(f, "--token", "--verbose", "--verbose", "arg5");
        is_argument(f, "--token=x", "hunter22", "hunter22", "arg5");
        is_argument(f, "token", "hunter22", "hunter22", "arg5");
        is_argument(f, "--header", "Authorization: Bearer abc", "Authorization: <Bearer abc>",
                    "Authorization");
        is_argument(f, "--header", "X-Api-Key:${K1}", "X-Api-Key:{K1}", "X-Api-Key");
        is_argument(f, NULL, "https://h/path", "https://h/path", "arg5");
        is_argument(f, NULL, "--url=redis://:secret@h", "--url=<redis://:secret@h>", "url");
        is_argument(f, NULL,
                    "AKIA"
                    "ABCDEFGHIJKLMNOP",
                    "<AKIAABCDEFGHIJKLMNOP>", "arg5");
        is_argument(f, NULL, "a=b", "a=b", "a");
}

static void is_path(Fixture *f, const char *text, const char *dir, bool command, const char *want)
{
        ImportValue v;
        char got[512];
        assert_int_equal(import_path(&f->im, f->server, span_of(text), "k", dir, command, &v), 0);
        show(&v, got, sizeof(got));
        assert_string_equal(got, want);
}

static void test_paths(void **state)
{
        Fixture *f = *state;
        is_path(f, "npx", "/p", true, "npx");
        is_path(f, "npx", "/p", false, "/p/npx");
        is_path(f, "./bin//x/.", "/p", true, "/p/bin/x");
        is_path(f, "../../../x", "/p/q", true, "/x");
        is_path(f, "..", "/p", false, "/");
        is_path(f, "a/b", "/", true, "/a/b");
        is_path(f, "a/b", NULL, true, "a/b");
        is_path(f, "/a/../b", "/p", true, "/a/../b");
        is_path(f, "~/x", "/p", true, "{HOME}/x");
        is_path(f, "${env:D}/x", "/p", true, "{D}/x");
}

static void test_local_arguments(void **state UNUSED)
{
        assert_true(import_is_local(SPAN("./x"), "/nowhere"));
        assert_true(import_is_local(SPAN("--dir=../x"), "/nowhere"));
        assert_true(import_is_local(SPAN("."), "/nowhere"));
        assert_false(import_is_local(SPAN("x"), "/nowhere"));
        assert_false(import_is_local(SPAN("-"), "/proc"));
        assert_false(import_is_local(SPAN("/proc"), "/"));
        assert_false(import_is_local(SPAN(""), "/"));
        assert_true(import_is_local(SPAN("self"), "/proc"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_references),
                T(test_unknown_references_stay),
                T(test_project),
                T(test_inputs),
                T(test_secrets_by_name),
                T(test_secrets_by_looks),
                T(test_secrets_in_arguments),
                T(test_paths),
                T(test_local_arguments),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
