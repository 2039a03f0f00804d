/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/utf8.h"
#include "support/oom.h"

/* Reads the bits first and asks afterwards whether the form was the right one. */
static size_t naive(const uint8_t *p, size_t n, uint32_t *ret)
{
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000, 0x200000};
        size_t len = 0;
        if (n == 0)
                return 0;
        while (len < 8 && (p[0] & (0x80 >> len)))
                len++;
        if (len == 0) {
                *ret = p[0];
                return 1;
        }
        if (len == 1 || len > 4 || len > n)
                return 0;
        uint32_t code = p[0] & (0x7f >> len);
        for (size_t i = 1; i < len; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3f);
        }
        if (code < least[len] || code > 0x10ffff || (code & 0xfffff800) == 0xd800)
                return 0;
        *ret = code;
        return len;
}

/* Every leading part of p, so that what lies past the end is never counted in. */
static void check(const uint8_t *p, size_t n)
{
        for (size_t k = 0; k <= n; k++) {
                uint32_t code = 0;
                size_t want = naive(p, k, &code), got = utf8_sequence(span_from((const char *)p, k));
                if (got != want)
                        fail_msg("%02x %02x %02x %02x, %zu of them: %zu", p[0], p[1], p[2], p[3], k, got);
        }
}

static void test_short_sequences(void **state UNUSED)
{
        assert_int_equal(utf8_sequence(SPAN_NONE), 0);
        for (unsigned a = 0; a < 256; a++)
                for (unsigned b = 0; b < 256; b++)
                        check((const uint8_t[]){(uint8_t)a, (uint8_t)b, 0, 0}, 2);
}

static void test_long_sequences(void **state UNUSED)
{
        static const uint8_t edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
        for (unsigned a = 0xc0; a < 256; a++)
                for (unsigned b = 0; b < 256; b++)
                        for (size_t c = 0; c < ARRAY_SIZE(edges); c++)
                                for (size_t d = 0; d < ARRAY_SIZE(edges); d++)
                                        check((const uint8_t[]){(uint8_t)a, (uint8_t)b, edges[c], edges[d]},
                                              4);
}

/* Every code point there is: appended, read back, and only those. */
static void test_code_points(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4);
        for (uint32_t code = 0; code < 0x120000; code++) {
                uint32_t back = 0;
                bool good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
                buf_clear(&b);
                assert_int_equal(utf8_append(&b, code), good ? 0 : -EINVAL);
                if (!good) {
                        assert_int_equal(b.len, 0);
                        continue;
                }
                assert_int_equal(naive((const uint8_t *)b.data, b.len, &back), b.len);
                assert_int_equal(back, code);
                assert_int_equal(utf8_sequence(buf_span(&b)), b.len);
        }
        assert_int_equal(utf8_append(&b, UINT32_MAX), -EINVAL);
        assert_int_equal(utf8_append(&b, 0x10ffff), 0);
        assert_int_equal(utf8_append(&b, 'x'), -ENOBUFS);
}

static void test_valid(void **state UNUSED)
{
        static const struct {
                Span s;
                bool valid;
                size_t length;
        } rows[] = {
                {{"", 0}, true, 0},
                {{NULL, 0}, true, 0},
                {{"abc\0d", 5}, true, 5},
                {{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9}, true, 3},
                {{"\xef\xbf\xbf", 3}, true, 1},      /* U+FFFF */
                {{"\xf4\x8f\xbf\xbf", 4}, true, 1},  /* U+10FFFF */
                {{"\xf4\x90\x80\x80", 4}, false, 4}, /* U+110000 */
                {{"\xf5\x80\x80\x80", 4}, false, 4},
                {{"\xc0\x80", 2}, false, 2}, /* overlong NUL */
                {{"\xc1\xbf", 2}, false, 2},
                {{"\xe0\x80\xaf", 3}, false, 3}, /* overlong '/' */
                {{"\xf0\x80\x80\xaf", 4}, false, 4},
                {{"\xed\xa0\x80", 3}, false, 3}, /* a surrogate */
                {{"\xed\xbf\xbf", 3}, false, 3},
                {{"\xed\x9f\xbf", 3}, true, 1},
                {{"\xee\x80\x80", 3}, true, 1},
                {{"a\x80", 2}, false, 2},
                {{"\xe2\x82", 2}, false, 2}, /* cut off */
                {{"\xe2\x82\xac\xe2\x82", 5}, false, 3},
                {{"\xff", 1}, false, 1},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_row(utf8_valid(rows[i].s) == rows[i].valid, "%zu", i);
                assert_row(utf8_length(rows[i].s) == rows[i].length, "%zu", i);
        }
}

static void check_escape(Span s, Span want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        assert_int_equal(utf8_escape(&b, s), 0);
        assert_span_equal(buf_span(&b), want);
}

static void test_escape(void **state UNUSED)
{
        check_escape(SPAN_NONE, SPAN(""));
        check_escape(SPAN("plain ~ text"), SPAN("plain ~ text"));
        check_escape(SPAN("a\\b"), SPAN("a\\\\b"));
        check_escape(SPAN("\\x0a\n"), SPAN("\\\\x0a\\x0a"));
        check_escape(SPAN("a\0b\tc\r\n"), SPAN("a\\x00b\\x09c\\x0d\\x0a"));
        check_escape(SPAN("\033[2J\x7f"), SPAN("\\x1b[2J\\x7f"));
        check_escape(SPAN("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
                     SPAN("\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0"));
        check_escape(SPAN("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
                     SPAN("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
        check_escape(SPAN("\xff\x9b\xe2\x82"), SPAN("\\xff\\x9b\\xe2\\x82"));
        check_escape(SPAN("\xc3\x9b\xc3"), SPAN("\xc3\x9b\\xc3"));
}

/* Line and paragraph separators, and what turns the direction of the text around. */
static void test_escape_layout(void **state UNUSED)
{
        static const uint32_t hidden[] = {0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b,
                                          0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069};
        for (uint32_t code = 0xa0; code < 0x3000; code++) {
                bool hide = false;
                for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
                        hide |= code == hidden[i];
                CLEANUP(buf_done) Buf in = BUF_INIT(8), out = BUF_INIT(80);
                assert_int_equal(utf8_append(&in, code), 0);
                assert_int_equal(utf8_printable(buf_span(&in)), hide ? 0 : in.len);
                assert_int_equal(utf8_escape(&out, buf_span(&in)), 0);
                assert_int_equal(out.len, hide ? 4 * in.len : in.len);
        }
        check_escape(SPAN("a\xe2\x80\xae"
                          "b"),
                     SPAN("a\\xe2\\x80\\xae"
                          "b"));
        check_escape(SPAN("\xd8\x9c"), SPAN("\\xd8\\x9c"));
        check_escape(SPAN("\xe2\x81\xa6"), SPAN("\\xe2\\x81\\xa6"));
}

/* What comes out is printable, well-formed, and tells the bytes that went in. */
static void test_escape_random(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (int i = 0; i < 20000; i++) {
                char bytes[12], back[12];
                size_t n = random_below(&random.random, sizeof(bytes) + 1), m = 0;
                test_random_bytes(&random.random, bytes, n);
                for (size_t k = 0; k < n; k++)
                        if (bytes[k] & 1)
                                bytes[k] = "\\x0\n\xe2\x80\xae\xc2"[random_below(&random.random, 8)];
                CLEANUP(buf_done) Buf b = BUF_INIT(1000);
                assert_int_equal(utf8_escape(&b, span_from(bytes, n)), 0);
                assert_true(utf8_valid(buf_span(&b)));
                for (size_t k = 0; k < b.len; m++) {
                        assert_true(m < n && (uint8_t)b.data[k] >= 0x20 && b.data[k] != 0x7f);
                        if (b.data[k] != '\\') {
                                back[m] = b.data[k++];
                        } else if (b.data[k + 1] == '\\') {
                                back[m] = '\\';
                                k += 2;
                        } else {
                                assert_int_equal(b.data[k + 1], 'x');
                                back[m] = (char)strtoul((char[]){b.data[k + 2], b.data[k + 3], 0}, NULL, 16);
                                k += 4;
                        }
                }
                assert_span_equal(span_from(back, m), span_from(bytes, n));
        }
}

static int escape_all(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        int r = utf8_append(&b, 0x20ac);
        return r < 0 ? r
                     : utf8_escape(&b, SPAN("0123456789012345678901234567890123456789\n\\\xc2\x80\xff "
                                            "0123456789012345678901234567890123456789\\\\"));
}

static void test_full(void **state UNUSED)
{
        assert_true(oom_each(escape_all, NULL) >= 2);
        for (size_t cap = 0; cap < 8; cap++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                assert_int_equal(utf8_escape(&b, SPAN("a\\\xff"
                                                      "b")),
                                 -ENOBUFS);
                assert_true(b.len <= cap);
        }
        CLEANUP(buf_done) Buf b = BUF_INIT(8);
        assert_int_equal(utf8_escape(&b, SPAN("a\\\xff"
                                              "b")),
                         0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_short_sequences), cmocka_unit_test(test_long_sequences),
                cmocka_unit_test(test_code_points),     cmocka_unit_test(test_valid),
                cmocka_unit_test(test_escape),          cmocka_unit_test(test_escape_layout),
                cmocka_unit_test(test_escape_random),   cmocka_unit_test(test_full),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
