/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "jsonrpc/json.h"
#include "support/oom.h"

static void test_valid(void **state UNUSED)
{
        static const char *const yes[] = {"1", " [ ] \r\n", "\t{\"a\":[1,null]}", "\"a\"\n"};
        static const char *const no[] = {"",    " ",     "1 2", "[] ]", "{} x", "[1,]", "\xef\xbb\xbf{}",
                                         "\"a", "[[[]]]"};
        for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
                assert_row(jspan_valid(span_of(yes[i]), 2), "%s", yes[i]);
        for (size_t i = 0; i < ARRAY_SIZE(no); i++)
                assert_row(!jspan_valid(span_of(no[i]), 2), "%s", no[i]);
        assert_false(jspan_valid(SPAN_NONE, 2));
        assert_false(jspan_valid(SPAN("1\0"), 2));
        assert_true(jspan_valid(SPAN("[[[]]]"), 3));
}

static void test_type(void **state UNUSED)
{
        static const struct {
                const char *text;
                JspanType type;
        } rows[] = {
                {"", JSPAN_NONE},       {"{}", JSPAN_OBJECT}, {"[]", JSPAN_ARRAY}, {"\"", JSPAN_STRING},
                {"-1", JSPAN_NUMBER},   {"0", JSPAN_NUMBER},  {"9", JSPAN_NUMBER}, {"true", JSPAN_TRUE},
                {"false", JSPAN_FALSE}, {"null", JSPAN_NULL}, {"x", JSPAN_NONE},   {"\xff", JSPAN_NONE},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_row(jspan_type(span_of(rows[i].text)) == rows[i].type, "%s", rows[i].text);
        assert_int_equal(jspan_type(SPAN_NONE), JSPAN_NONE);
        assert_true(jspan_true(SPAN("true")));
        assert_false(jspan_true(SPAN("null")));
        assert_false(jspan_true(SPAN_NONE));
}

/* All that a walk gives, as NAME=VALUE;... */
static void walk(Span container, Buf *b)
{
        JspanWalk w = jspan_walk(container);
        Span name, value;
        buf_clear(b);
        while (jspan_next(&w, &name, &value)) {
                assert_int_equal(buf_append_span(b, name), 0);
                assert_int_equal(buf_append_char(b, '='), 0);
                assert_int_equal(buf_append_span(b, value), 0);
                assert_int_equal(buf_append_char(b, ';'), 0);
        }
        assert_false(jspan_next(&w, NULL, &value)); /* the end stays the end */
}

static void test_walk(void **state UNUSED)
{
        static const struct {
                const char *text, *want;
        } rows[] = {
                {"{}", ""},
                {"[ ]", ""},
                {"7", ""},
                {"\"[1]\"", ""},
                {"{\"a\":1,\"b\":{\"c\":[2]}}", "\"a\"=1;\"b\"={\"c\":[2]};"},
                {"{ \"a\\\"\" : \"x,}\" , \"\" : [ ] }", "\"a\\\"\"=\"x,}\";\"\"=[ ];"},
                {"[1 , \"]\",{\"a\":[]} ,[[]], -1.5e3]", "=1;=\"]\";={\"a\":[]};=[[]];=-1.5e3;"},
                /* not validated: it ends, and what was there before comes */
                {"{\"a\":1,\"b\"", "\"a\"=1;"},
                {"{\"a\":1,\"b\":", "\"a\"=1;"},
                {"{\"a\"", ""},
                {"[1,[2", "=1;"},
                {"[1,,2]", "=1;"},
                {"[", ""},
                {"{", ""},
        };
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span value;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                walk(span_of(rows[i].text), &b);
                assert_row(strcmp(buf_text(&b), rows[i].want) == 0, "%s: %s", rows[i].text, buf_text(&b));
        }
        walk(SPAN_NONE, &b);
        assert_int_equal(b.len, 0);
        JspanWalk w = jspan_walk(SPAN("{\"a\":1}"));
        assert_true(jspan_next(&w, NULL, &value));
        assert_span_equal(value, SPAN("1"));
}

/* Random bytes of what JSON is made of: no byte behind the span is read, which the sanitizers see. */
static void test_garbage(void **state UNUSED)
{
        static const char alphabet[] = "{}[]:,\"\"\\u0d8ce1-.tn \n\xc3";
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 20000; round++) {
                size_t n = random_below(&random.random, 24), steps = 0;
                CLEANUP_FREE char *text = malloc(n ? n : 1);
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                char room[8];
                Span all = span_from(text, n), name, value, plain;
                uint64_t number;
                assert_non_null(text);
                for (size_t i = 0; i < n; i++)
                        text[i] = alphabet[random_below(&random.random, sizeof(alphabet) - 1)];
                for (JspanWalk w = jspan_walk(all); jspan_next(&w, &name, &value); steps++)
                        assert_true(value.ptr > text && value.ptr + value.len <= text + n && value.len);
                assert_true(steps <= n);
                value = jspan_member(all, "u");
                assert_true(value.len == 0 || value.ptr > text);
                if (jspan_text(all, room, sizeof(room), &plain))
                        assert_int_equal(jspan_text_append(all, &b), 0);
                else
                        assert_true(jspan_text_append(all, &b) < 0 || b.len > sizeof(room));
                (void)jspan_is(all, "u0d");
                (void)jspan_uint(all, &number);
        }
}

static void test_member(void **state UNUSED)
{
        Span o = SPAN("{\"b\\u0061\":0,\"ab\":1,\"a\":{\"b\":2},\"a\":3,\"\":4}");
        assert_span_equal(jspan_member(o, "a"), SPAN("{\"b\":2}"));
        assert_span_equal(jspan_member(o, "ab"), SPAN("1"));
        assert_span_equal(jspan_member(o, ""), SPAN("4"));
        assert_null(jspan_member(o, "b").ptr);
        assert_null(jspan_member(o, "ba").ptr);
        assert_null(jspan_member(SPAN("[\"a\",1]"), "a").ptr);
        assert_null(jspan_member(SPAN("7"), "a").ptr);
        assert_null(jspan_member(SPAN_NONE, "a").ptr);
}

static const struct {
        const char *value, *text; /* NULL: none */
} strings[] = {
        {"\"\"", ""},
        {"\"plain \xc3\xa9\"", "plain \xc3\xa9"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"a\\u0041b\"", "aAb"},
        {"\"\\u00e9\\u20AC\\ud83d\\ude00.\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80."},
        {"\"tools\\/call\"", "tools/call"},
        {"", NULL},
        {"7", NULL},
        {"\"", NULL},
        {"\"a", NULL},
        {"a\"", NULL},
        {"[\"a\"]", NULL},
        {"\"\\", NULL},
        {"\"a\\\"", NULL},
        {"\"\\a\"", NULL},
        {"\"\\u12\"", NULL},
        {"\"\\u12g4\"", NULL},
        {"\"x\\ud83d\"", NULL},
        {"\"x\\ud83d\\u0041\"", NULL},
        {"\"x\\ud83d\\ue000\"", NULL},
        {"\"x\\ude00\"", NULL},
};

static void test_text(void **state UNUSED)
{
        for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                const char *want = strings[i].text;
                Span value = span_of(strings[i].value), got = SPAN("untouched");
                char room[32];
                assert_int_equal(buf_append_str(&b, "before"), 0);
                assert_row(jspan_text(value, room, sizeof(room), &got) == !!want, "%s", strings[i].value);
                assert_span_equal(got, want ? span_of(want) : SPAN("untouched"));
                assert_row(jspan_text_append(value, &b) == (want ? 0 : -EINVAL), "%s", strings[i].value);
                assert_span_equal(span_skip(buf_span(&b), 6), want ? span_of(want) : SPAN(""));
                assert_int_equal(b.data[b.len], '\0');
                for (size_t k = 0; k < ARRAY_SIZE(strings); k++)
                        if (strings[k].text)
                                assert_row(jspan_is(value, strings[k].text) == (k == i), "%s",
                                           strings[i].value);
        }
}

static void test_room(void **state UNUSED)
{
        char room[4];
        Span got = SPAN("untouched"), plain = SPAN("\"longer than the room\"");
        assert_true(jspan_text(plain, room, sizeof(room), &got)); /* nothing to decode, no room needed */
        assert_ptr_equal(got.ptr, plain.ptr + 1);
        assert_true(jspan_text(SPAN("\"\\ud83d\\ude00\""), room, 4, &got));
        assert_ptr_equal(got.ptr, room);
        assert_int_equal(got.len, 4);
        got = SPAN("untouched");
        assert_false(jspan_text(SPAN("\"\\ud83d\\ude00\""), room, 3, &got));
        assert_false(jspan_text(SPAN("\"abcd\\n\""), room, 4, &got));
        assert_false(jspan_text(SPAN("\"\\n\""), room, 0, &got));
        assert_span_equal(got, SPAN("untouched"));
        assert_true(jspan_text(SPAN("\"a\\u0000b\""), room, 3, &got));
        assert_span_equal(got, SPAN("a\0b"));
}

static void test_is(void **state UNUSED)
{
        assert_true(jspan_is(SPAN("\"2.0\""), "2.0"));
        assert_true(jspan_is(SPAN("\"\\u0032.0\""), "2.0"));
        assert_false(jspan_is(SPAN("\"2.\""), "2.0"));
        assert_false(jspan_is(SPAN("\"2.00\""), "2.0"));
        assert_false(jspan_is(SPAN("\"2.0\\u0000\""), "2.0"));
        assert_false(jspan_is(SPAN("\"2.0\\\""), "2.0"));
        assert_false(jspan_is(SPAN("2.0"), "2.0"));
        assert_false(jspan_is(SPAN_NONE, ""));
}

static void test_numbers(void **state UNUSED)
{
        static const char *const none[] = {"",   "-", "1.0", "1e2", "\"1\"", "true", "18446744073709551616",
                                           "01", " 1"};
        uint64_t u = 42;
        int64_t v = 42;
        for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
                assert_row(!jspan_uint(span_of(none[i]), &u) && u == 42, "%s", none[i]);
                assert_row(!jspan_int(span_of(none[i]), &v) && v == 42, "%s", none[i]);
        }
        assert_false(jspan_uint(SPAN("-1"), &u));
        assert_false(jspan_int(SPAN("9223372036854775808"), &v));
        assert_true(jspan_uint(SPAN("18446744073709551615"), &u) && u == UINT64_MAX);
        assert_true(jspan_int(SPAN("-9223372036854775808"), &v) && v == INT64_MIN);
        assert_true(jspan_int(SPAN("-0"), &v) && v == 0);
        assert_true(jspan_int(SPAN("-32601"), &v) && v == -32601);
}

static int append_all(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        return jspan_text_append(SPAN("\"some text \\ud83d\\ude00\""), &b);
}

static void test_oom(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4);
        assert_int_equal(oom_each(append_all, NULL), 1);
        assert_int_equal(jspan_text_append(SPAN("\"abcde\""), &b), -ENOBUFS);
        assert_int_equal(b.len, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_valid),   cmocka_unit_test(test_type),   cmocka_unit_test(test_walk),
                cmocka_unit_test(test_garbage), cmocka_unit_test(test_member), cmocka_unit_test(test_text),
                cmocka_unit_test(test_room),    cmocka_unit_test(test_is),     cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
