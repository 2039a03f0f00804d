/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/import-json.h"

static void reads(const char *text, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        json_t *root = NULL;
        assert_int_equal(buf_append_str(&b, text), 0);
        assert_int_equal(import_json(&b, &root, &why), 0);
        CLEANUP_FREE char *got = root ? json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS) : strdup("none");
        assert_string_equal(got, want);
        json_decref(root);
}

static void refuses(const char *text, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        json_t *root = NULL;
        assert_int_equal(buf_append_str(&b, text), 0);
        assert_int_equal(import_json(&b, &root, &why), IMPORT_JSON_E_INVALID);
        assert_null(root);
        assert_string_equal(buf_text(&why), want);
}

static void test_json(void **state UNUSED)
{
        reads("", "none");
        reads(" \n", "none");
        reads("{}", "{}");
        reads("\xef\xbb\xbf{\"a\":[]}", "{\"a\":[]}");
        reads("[1]", "[1.0]");
        reads("{\"a\":99999999999999999999}", "{\"a\":1e20}");
}

static void test_comments_and_commas(void **state UNUSED)
{
        reads("{ // x\n\"a\": /* , */ 1, // y\n}", "{\"a\":1.0}");
        reads("{\"a\":[1,2,\n],\"b\":{\"c\":\"//no\",},}", "{\"a\":[1.0,2.0],\"b\":{\"c\":\"//no\"}}");
        reads("// head\n{\"a\":\",]\",}", "{\"a\":\",]\"}");
        reads("{\"a\":\"\\\",}\"}", "{\"a\":\"\\\",}\"}");
        reads("{\"a\":\"'\",\"b\":\"#\",}", "{\"a\":\"'\",\"b\":\"#\"}");
}

static void test_surrogates(void **state UNUSED)
{
        reads("{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}");
        reads("{\"a\":\"x\\ud83d\",\"b\":\"\\uDE00y\"}", "{\"a\":\"x\xef\xbf\xbd\",\"b\":\"\xef\xbf\xbdy\"}");
        reads("{\"a\":\"\\\\ud83d\"}", "{\"a\":\"\\\\ud83d\"}");
}

static void test_errors_quote_nothing(void **state UNUSED)
{
        refuses("{\"a\": 1,,}", "1:9: error: string or '}' expected");
        refuses("{,}", "1:2: error: string or '}' expected");
        refuses("{\n  \"token\" \"sesame\"\n}", "2:18: error: ':' expected");
        refuses("{\"a\": sesame}", "1:12: error: invalid token");
        refuses("{\"a\": \"sesame", "1:13: error: premature end of input");
        refuses("\xff\xfe{", "1:1: error: the file is UTF-16: save it as UTF-8");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_comments_and_commas),
                cmocka_unit_test(test_surrogates),
                cmocka_unit_test(test_errors_quote_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
