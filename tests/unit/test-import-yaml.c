/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/import-merge.h"
#include "cli/import-read.h"
#include "cli/import-yaml.h"

static const ImportFile origin = {.host = "Cursor", .slug = "cursor", .path = "/f\n\xe2\x80\xa8.json"};

/* From the JSON of `servers` to YAML, which the loader of this version has accepted. */
static void convert(Import *im, const char *json, Buf *text, Config **ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1 << 20);
        CLEANUP(buf_done) Buf why = BUF_INIT(1 << 20);
        const ImportYaml y = {.im = im, .secrets = "/s"};
        import_init(im);
        assert_int_equal(buf_appendf(&b, "{\"mcpServers\": %s}", json), 0);
        assert_int_equal(import_read_text(im, &origin, IMPORT_AT_ANY, &b, &why), 0);
        assert_int_equal(import_merge(im), 0);
        assert_int_equal(import_yaml(&y, text, ret, &why), 0);
        assert_string_equal(buf_text(&why), "");
}

/* What comes out of the loader is what the host would have given to the server. */
static void test_awkward_texts(void **state UNUSED)
{
        static const char *const texts[][2] = {
                {"", ""},
                {"null", "null"},
                {"1.10", "1.10"},
                {"a: b # c", "a: b # c"},
                {"$$ $HOME ${", "$$ $HOME ${"},
                {"\\\" \\\\ \\n\\t \\u0001", "\" \\ \n\t \x01"},
                {"\\u2028\\ufeff\\u0085\\u007f", "\xe2\x80\xa8\xef\xbb\xbf\xc2\x85\x7f"},
                {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
                {"- x", "- x"},
                {"<secret:X>", "<secret:X>"},
                {"%TAG", "%TAG"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                CLEANUP(buf_done) Buf json = BUF_INIT(4096);
                CLEANUP(buf_done) Buf text = BUF_INIT(1 << 20);
                Import im;
                Config *c = NULL;
                assert_int_equal(buf_appendf(&json,
                                             "{\"n\\u2028\": {\"command\": \"c\", \"args\": [\"%s\"], "
                                             "\"env\": {\"E\": \"%s\"}, \"un\\u2028\\u0085known\": 1}}",
                                             texts[i][0], texts[i][0]),
                                 0);
                convert(&im, json.data, &text, &c);
                assert_int_equal(c->servers.n, 1);
                assert_string_equal(config_server(c, 0)->head.name, "n-");
                assert_string_equal(config_server(c, 0)->args.items[0].value, texts[i][1]);
                assert_string_equal(config_server(c, 0)->env.items[0].text.value, texts[i][1]);
                config_unref(c);
                import_done(&im);
        }
}

static void test_secrets_come_through(void **state UNUSED)
{
        static const char *const texts[][2] = {
                {"123456", "123456"},    {"12$$56", "12$$56"},       {"12345\\n", "12345\n"},
                {"12345\\r", "12345\r"}, {"1234\\r\\n", "1234\r\n"}, {"12345\\n\\n", "12345\n\n"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                CLEANUP(buf_done) Buf json = BUF_INIT(4096);
                CLEANUP(buf_done) Buf text = BUF_INIT(1 << 20);
                Import im;
                Config *c = NULL;
                assert_int_equal(buf_appendf(&json,
                                             "{\"n\": {\"command\": \"c\", \"env\": {\"TOKEN\": \"%s\"}}}",
                                             texts[i][0]),
                                 0);
                convert(&im, json.data, &text, &c);
                const ConfigText *t = &config_server(c, 0)->env.items[0].text;
                assert_string_equal(t->value, texts[i][1]);
                assert_string_equal(t->raw, "${file:/s/n.TOKEN}");
                assert_true(t->secret);
                assert_null(strstr(text.data, "123"));
                config_unref(c);
                import_done(&im);
        }
}

static void test_left_out(void **state UNUSED)
{
        static const struct {
                const char *json, *why;
        } rows[] = {
                {"1", "it is no JSON object"},
                {"{}", "it has no command"},
                {"{\"command\": null}", "it has no command"},
                {"{\"command\": [1]}", "command is no text"},
                {"{\"command\": \"a\\u0000b\"}", "command has a NUL character in it"},
                {"{\"command\": \"\"}", "command is empty"},
                {"{\"command\": \"x\", \"disabled\": true}", "it is disabled there"},
                {"{\"command\": \"x\", \"args\": \"y\"}", "args is no list"},
                {"{\"command\": \"x\", \"args\": [null]}", "args is no text"},
                {"{\"command\": \"x\", \"env\": []}", "env is no map of variables"},
                {"{\"command\": \"x\", \"env\": {\"A\": {}}}", "A is no text"},
                {"{\"command\": \"x\", \"env\": {\"A-B\": \"sesame\"}}",
                 "env.A-B is no name for an environment variable: letters, digits and _, no digit first"},
                {"{\"command\": \"a \\\" sesame --key=sesame\"}",
                 "command is a command line, not a program: there is no shell; put the arguments into "
                 "`args`"},
                {"{\"command\": \"x\", \"cwd\": \"/sesame/..\"}", "cwd has .. in it: write the path out"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf json = BUF_INIT(4096);
                CLEANUP(buf_done) Buf text = BUF_INIT(1 << 20);
                Import im;
                Config *c = NULL;
                assert_int_equal(buf_appendf(&json, "{\"n\": %s}", rows[i].json), 0);
                convert(&im, json.data, &text, &c);
                assert_string_equal(im.servers->left_out, rows[i].why);
                assert_int_equal(c->servers.n, 0);
                assert_null(strstr(text.data, "sesame"));
                config_unref(c);
                import_done(&im);
        }
}

static void test_remote_servers(void **state UNUSED)
{
        static const char *const rows[] = {
                "{\"url\": \"http://x\"}",
                "{\"serverUrl\": \"http://x\", \"headers\": {}}",
                "{\"type\": \"sse\", \"command\": \"x\"}",
                "{\"type\": 1, \"command\": \"x\"}",
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf json = BUF_INIT(4096);
                CLEANUP(buf_done) Buf text = BUF_INIT(1 << 20);
                Import im;
                Config *c = NULL;
                assert_int_equal(buf_appendf(&json, "{\"n\": %s}", rows[i]), 0);
                convert(&im, json.data, &text, &c);
                assert_non_null(strstr(im.servers->left_out, "remote servers are not supported yet"));
                assert_non_null(
                        strstr(text.data, "  # left out: n of Cursor (/f\\x0a\\xe2\\x80\\xa8.json): "));
                config_unref(c);
                import_done(&im);
        }
}

static void test_numbers_count_as_texts(void **state UNUSED)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(1 << 20);
        Import im;
        Config *c = NULL;
        convert(&im,
                "{\"n\": {\"type\": \"stdio\", \"command\": \"x\", \"args\": [8080, -1, 1.5, true], "
                "\"env\": {\"GONE\": null, \"P\": 3000}, \"disabled\": false}}",
                &text, &c);
        const ServerConfig *s = config_server(c, 0);
        static const char *const want[] = {"8080", "-1", "1.5", "true"};
        assert_int_equal(s->args.n, 4);
        for (size_t i = 0; i < 4; i++)
                assert_string_equal(s->args.items[i].value, want[i]);
        assert_int_equal(s->env.n, 1);
        assert_string_equal(s->env.items[0].text.value, "3000");
        config_unref(c);
        import_done(&im);
}

static void test_directories_of_secrets(void **state UNUSED)
{
        assert_null(import_check_dir("/a b/c"));
        assert_non_null(import_check_dir("/a}b"));
        assert_non_null(import_check_dir("/a$b"));
        assert_non_null(import_check_dir("/a\nb"));
        assert_non_null(import_check_dir("/a\xff"));
        assert_non_null(import_check_dir("a"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_awkward_texts),
                cmocka_unit_test(test_secrets_come_through),
                cmocka_unit_test(test_left_out),
                cmocka_unit_test(test_remote_servers),
                cmocka_unit_test(test_numbers_count_as_texts),
                cmocka_unit_test(test_directories_of_secrets),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
