/* SPDX-License-Identifier: Apache-2.0 */
/* Built a second time as test-scan-portable, with a scanner that knows no SSE2. */
#include "support/test.h"

#include "base/buf.h"
#include "base/limit-table.h"
#include "jsonrpc/scan.h"

enum { DEPTH = 8 };

typedef struct Bad {
        const char *text, *why;
        size_t at;
} Bad;

#define EARLY  "the text ends too early"
#define OPEN   "the text ends in a string"
#define VALUE  "a value should begin here"
#define NAME   "the name of a member should begin here, in quotes"
#define COLON  "a colon should follow the name of a member"
#define IN_ARR "a comma or ] should stand here"
#define DIGIT  "a digit is missing"
#define ZERO   "a number begins with a needless zero"
#define WORD   "no such word: true, false and null are all there are"
#define UTF8   "these bytes are no UTF-8"
#define CTRL   "a control character in a string must be escaped"
#define ESC    "no such escape"
#define HEX    "four hexadecimal digits must follow \\u"
#define HALF   "half of a surrogate pair stands alone"

static const char *const good[] = {
        "0",
        "-0",
        "7",
        "-12",
        "1234567890123456789012345678901234567890",
        "0.5",
        "-0.00",
        "1e5",
        "1E+5",
        "0e-0",
        "1.25e-3",
        "1e999999",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        "[ ]",
        "{\t}",
        "[1,2]",
        "[[],{},[{}]]",
        "{\"a\":1}",
        "{ \"a\" : 1 , \"b\" : [ ] }",
        "{\"\":0,\"\":1}",
        "[[[[[[[[]]]]]]]]",
        "[1,[2,{\"a\":[3,{}]},4],5]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\\uFfEe\\ud7ff\\ue000\"",
        "\"\\ud800\\udc00\\uDBFF\\uDFFF\"",
        "\"\x7f\"",
        "\"\xc2\x80\xdf\xbf\"",
        "\"\xe0\xa0\x80\xe1\x80\x80\"",
        "\"\xec\xbf\xbf\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
        "\"\xf0\x90\x80\x80\xf1\x80\x80\x80\xf4\x8f\xbf\xbf\"",
};

static const Bad bad[] = {
        {"", EARLY, 0},
        {"[", EARLY, 1},
        {"{", EARLY, 1},
        {"[1", EARLY, 2},
        {"[1,", EARLY, 3},
        {"{\"a\"", EARLY, 4},
        {"{\"a\":", EARLY, 5},
        {"{\"a\":1", EARLY, 6},
        {"{\"a\":1,", EARLY, 7},
        {"-", EARLY, 1},
        {"1.", EARLY, 2},
        {"1e", EARLY, 2},
        {"1e+", EARLY, 3},
        {"\"", OPEN, 1},
        {"\"abc", OPEN, 4},
        {"\"\\", EARLY, 2},
        {"]", VALUE, 0},
        {"}", VALUE, 0},
        {",", VALUE, 0},
        {"+1", VALUE, 0},
        {".5", VALUE, 0},
        {"'a'", VALUE, 0},
        {"NaN", VALUE, 0},
        {"[,1]", VALUE, 1},
        {"[1,]", VALUE, 3},
        {"[}", VALUE, 1},
        {"{\"a\":}", VALUE, 5},
        {"\xef\xbb\xbf[]", VALUE, 0},
        {"[\x01]", VALUE, 1},
        {"[\v]", VALUE, 1},
        {"[\xc2\xa0]", VALUE, 1},
        {"{]", NAME, 1},
        {"{1:2}", NAME, 1},
        {"{a:2}", NAME, 1},
        {"{\"a\":1,}", NAME, 7},
        {"{,}", NAME, 1},
        {"{\"a\"}", COLON, 4},
        {"{\"a\" 1}", COLON, 5},
        {"{\"a\",1}", COLON, 4},
        {"[1 2]", IN_ARR, 3},
        {"[1}", IN_ARR, 2},
        {"[[1]:", IN_ARR, 4},
        {"[01x]", ZERO, 2},
        {"[1x]", IN_ARR, 2},
        {"{\"a\":1]", SCAN_IN_OBJECT, 6},
        {"{\"a\":1 \"b\":2}", SCAN_IN_OBJECT, 7},
        {"[{\"a\":1\"b\"]", SCAN_IN_OBJECT, 7},
        {"-a", DIGIT, 1},
        {"--1", DIGIT, 1},
        {"1.e1", DIGIT, 2},
        {"1ee", DIGIT, 2},
        {"1e+-1", DIGIT, 3},
        {"00", ZERO, 1},
        {"-01", ZERO, 2},
        {"0123", ZERO, 1},
        {"tru", WORD, 0},
        {"nul", WORD, 0},
        {"fALSE", WORD, 0},
        {"\"\x01\"", CTRL, 1},
        {"\"a\n\"", CTRL, 2},
        {"\"\x1f\"", CTRL, 1},
        {"{\"\r\":1}", CTRL, 2},
        {"\"\\a\"", ESC, 2},
        {"\"\\x41\"", ESC, 2},
        {"\"\\'\"", ESC, 2},
        {"\"\\U0041\"", ESC, 2},
        {"\"\\u\"", HEX, 3},
        {"\"\\u12\"", HEX, 3},
        {"\"\\u12g4\"", HEX, 3},
        {"\"\\u 123\"", HEX, 3},
        {"\"\\u+123\"", HEX, 3},
        {"\"\\ud800\"", HALF, 3},
        {"\"\\ud800\\n0000\"", HALF, 3},
        {"\"\\ud800\\u0041\"", HALF, 3},
        {"\"\\ud800\\ud800\"", HALF, 3},
        {"\"\\udc00\"", HALF, 3},
        {"\"\\udc00\\ud800\"", HALF, 3},
        {"\"\\ud800\\udc0", HALF, 3},
        {"\"\\udbff\\ue000\"", HALF, 3},
        {"\"\\udc00\\udc00\"", HALF, 3},
        {"\"\\ud800\xc3\xa9uuuu\"", HALF, 3},
        {"\"\x80\"", UTF8, 1},
        {"\"\xbf\"", UTF8, 1},
        {"\"\xc0\x80\"", UTF8, 1},
        {"\"\xc1\xbf\"", UTF8, 1},
        {"\"\xc2\"", UTF8, 1},
        {"\"\xc2", UTF8, 1},
        {"\"\xe0\x9f\xbf\"", UTF8, 1},
        {"\"\xe1\x80\"", UTF8, 1},
        {"\"\xe1\x80", UTF8, 1},
        {"\"\xe1\x80\xc0\"", UTF8, 1},
        {"\"\xed\xa0\x80\"", UTF8, 1},
        {"\"\xf0\x8f\xbf\xbf\"", UTF8, 1},
        {"\"\xf4\x90\x80\x80\"", UTF8, 1},
        {"\"\xf5\x80\x80\x80\"", UTF8, 1},
        {"\"\xff\"", UTF8, 1},
        {"\"a\xc3\xa9\xfe\"", UTF8, 4},
        {"[[[[[[[[[]]]]]]]]]", SCAN_TOO_DEEP, 8},
        {"[[[[[[[[{}]]]]]]]]", SCAN_TOO_DEEP, 8},
};

/* A copy at the end of its own memory, so that a byte that is read too far is seen. */
static char *exact(Span text)
{
        char *copy = malloc(text.len ? text.len : 1);
        assert_non_null(copy);
        if (text.len)
                memcpy(copy, text.ptr, text.len);
        return copy;
}

static bool scan(Span text, uint32_t depth, size_t *ret_at, const char **ret_why)
{
        CLEANUP_FREE char *copy = exact(text);
        Scan s = scan_of(span_from(copy, text.len), depth);
        const char *p = scan_value(&s, scan_blank(&s, s.begin));
        *ret_at = (size_t)((p ? p : s.at) - s.begin);
        *ret_why = s.why;
        assert_true(!p == !!s.why);
        return p != NULL;
}

static void test_good(void **state UNUSED)
{
        size_t at;
        const char *why;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_row(scan(span_of(good[i]), DEPTH, &at, &why), "%s: %s", good[i], why);
                assert_row(at == strlen(good[i]), "%s: %zu", good[i], at);
        }
}

static void test_bad(void **state UNUSED)
{
        size_t at;
        const char *why;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_row(!scan(span_of(bad[i].text), DEPTH, &at, &why), "%s", bad[i].text);
                assert_row(strcmp(why, bad[i].why) == 0, "%s: %s", bad[i].text, why);
                assert_row(at == bad[i].at, "%s: at %zu", bad[i].text, at);
        }
}

/* Every byte at every place of a run: what is looked at in blocks is the same as byte by byte. */
static void test_any_place(void **state UNUSED)
{
        for (unsigned c = 0; c <= UINT8_MAX; c++)
                for (size_t place = 0; place < 40; place++) {
                        char text[48];
                        size_t at;
                        const char *why;
                        memset(text, 'x', sizeof(text));
                        text[0] = '"';
                        text[1 + place] = (char)c;
                        text[sizeof(text) - 1] = '"';
                        bool fine = scan(span_from(text, sizeof(text)), 0, &at, &why);
                        assert_row(fine == (c >= 0x20 && c < 0x80 && c != '\\'), "%02x at %zu", c, place);
                        size_t want = !fine ? 1 + place + (c == '\\') : c == '"' ? place + 2 : sizeof(text);
                        assert_row(at == want, "%02x at %zu: %zu", c, place, at);
                }
}

/* A good text with its end cut off is never good, but for a number. */
static void test_cut(void **state UNUSED)
{
        size_t at;
        const char *why;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                for (size_t n = 0; n < strlen(good[i]); n++)
                        if (strchr("{[\"tfn", good[i][0]))
                                assert_row(!scan(span_from(good[i], n), DEPTH, &at, &why), "%s cut at %zu",
                                           good[i], n);
}

static void test_depth(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        size_t at;
        const char *why;
        assert_true(scan(SPAN("7"), 0, &at, &why));
        assert_false(scan(SPAN("[]"), 0, &at, &why));
        /* Objects and arrays in turn, over several words of bits, and one level more in the middle. */
        enum { LEVELS = LIMIT_JSON_DEPTH - 1 };
        for (unsigned i = 0; i < LEVELS; i++)
                assert_int_equal(buf_append_str(&b, i % 3 ? "[" : "{\"a\":"), 0);
        size_t middle = b.len;
        assert_int_equal(buf_append_str(&b, "[  ]"), 0);
        for (unsigned i = LEVELS; i-- > 0;)
                assert_int_equal(buf_append_str(&b, i % 3 ? "]" : "}"), 0);
        assert_true(scan(buf_span(&b), UINT32_MAX, &at, &why));
        assert_int_equal(at, b.len);
        assert_true(scan(buf_span(&b), LIMIT_JSON_DEPTH, &at, &why));
        assert_false(scan(buf_span(&b), LIMIT_JSON_DEPTH - 1, &at, &why));
        assert_string_equal(why, SCAN_TOO_DEEP);
        assert_int_equal(at, middle);
        memcpy(b.data + middle, "[[]]", 4); /* one more than anybody may have */
        assert_false(scan(buf_span(&b), UINT32_MAX, &at, &why));
        assert_string_equal(why, SCAN_TOO_DEEP);
        assert_int_equal(at, middle + 1);
}

/* Line ends between tokens become spaces only where that was asked for. */
static void test_blank(void **state UNUSED)
{
        char text[] = " \r\n\t{\n\"a\\n\"\r:\n[\n1\n,\n2\r\n]\n,\n\"b\"\n:\r{\n}\n}\n";
        char want[] = "   \t{ \"a\\n\" : [ 1 , 2  ] , \"b\" : { } } ";
        Span whole = span_from(text, sizeof(text) - 1);
        CLEANUP_FREE char *copy = exact(whole);
        for (int round = 0; round < 2; round++) {
                Scan s = scan_of(whole, DEPTH);
                s.writable = round ? text : NULL;
                const char *p = scan_value(&s, scan_blank(&s, s.begin));
                assert_non_null(p);
                assert_ptr_equal(scan_blank(&s, p), s.end);
                assert_memory_equal(text, round ? want : copy, whole.len);
        }
}

static void test_name(void **state UNUSED)
{
        Span text = SPAN("\"a \\u0062\" :\t7"), name = SPAN("untouched");
        Scan s = scan_of(text, DEPTH);
        const char *p = scan_name(&s, s.begin, &name);
        assert_ptr_equal(p, s.end - 1);
        assert_span_equal(name, SPAN("a \\u0062"));
        assert_true(s.escaped);
        s.escaped = false;
        name = SPAN("untouched");
        assert_null(scan_name(&s, s.end - 1, &name));
        assert_span_equal(name, SPAN("untouched"));
        assert_false(s.escaped);
        s = scan_of(SPAN_NONE, DEPTH);
        assert_null(scan_value(&s, s.begin));
        assert_ptr_equal(s.at, s.end);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good), cmocka_unit_test(test_bad),   cmocka_unit_test(test_any_place),
                cmocka_unit_test(test_cut),  cmocka_unit_test(test_depth), cmocka_unit_test(test_blank),
                cmocka_unit_test(test_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
