/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "base/parse.h"
#include "support/oom.h"

enum { ROUNDS = 20000 };
static const uint64_t UNTOUCHED = 0x5a5a5a5a5a5a5a5aULL;

typedef int (*ParseU64)(Span s, uint64_t *ret);

typedef struct Row {
        Span s;
        int r;
        uint64_t want;
} Row;

#define GOOD(text, value)                              \
        {                                              \
                {(text), sizeof(text) - 1}, 0, (value) \
        }
#define BAD(text, error)                                \
        {                                               \
                {(text), sizeof(text) - 1}, -(error), 0 \
        }
#define NOTHING(error)                 \
        {                              \
                {NULL, 0}, -(error), 0 \
        }
#define RUN(parse, rows) run_rows((parse), (rows), ARRAY_SIZE(rows))

/* Each text from an exact copy, so that a look past its end is seen. */
static void run_rows(ParseU64 parse, const Row *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                uint64_t v = UNTOUCHED;
                char *copy = malloc(MAX(rows[i].s.len, (size_t)1));
                assert_non_null(copy);
                if (rows[i].s.len)
                        memcpy(copy, rows[i].s.ptr, rows[i].s.len);
                int r = parse(span_from(rows[i].s.ptr ? copy : NULL, rows[i].s.len), &v);
                free(copy);
                assert_row(r == rows[i].r, "'%s': %d", rows[i].s.ptr ? rows[i].s.ptr : "(none)", r);
                assert_row(v == (r < 0 ? UNTOUCHED : rows[i].want), "'%s': %llu", rows[i].s.ptr,
                           (unsigned long long)v);
        }
}

static void test_u64(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0", 0),
                GOOD("7", 7),
                GOOD("10", 10),
                GOOD("1234567890", 1234567890),
                GOOD("18446744073709551615", UINT64_MAX),
                GOOD("18446744073709551614", UINT64_MAX - 1),
                BAD("18446744073709551616", ERANGE),
                BAD("18446744073709551620", ERANGE),
                BAD("99999999999999999999", ERANGE),
                BAD("100000000000000000000000000000", ERANGE),
                BAD("100000000000000000000000000000x", EINVAL),
                NOTHING(EINVAL),
                BAD("", EINVAL),
                BAD("00", EINVAL),
                BAD("01", EINVAL),
                BAD("-0", EINVAL),
                BAD("-1", EINVAL),
                BAD("+1", EINVAL),
                BAD(" 1", EINVAL),
                BAD("1 ", EINVAL),
                BAD("1\n", EINVAL),
                BAD("1\0", EINVAL),
                BAD("\0", EINVAL),
                BAD("1\0002", EINVAL),
                BAD("0x10", EINVAL),
                BAD("1e3", EINVAL),
                BAD("1.0", EINVAL),
                BAD("1,000", EINVAL),
                BAD("1_000", EINVAL),
                BAD("\xd9\xa1", EINVAL),
                BAD("/", EINVAL),
                BAD(":", EINVAL),
        };
        RUN(parse_u64, rows);
}

static int i64_as_u64(Span s, uint64_t *ret)
{
        return parse_i64(s, (int64_t *)ret);
}

static void test_i64(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0", 0),
                GOOD("-0", 0),
                GOOD("42", 42),
                GOOD("-42", (uint64_t)-42),
                GOOD("-1", UINT64_MAX),
                GOOD("9223372036854775807", INT64_MAX),
                GOOD("-9223372036854775807", (uint64_t)-INT64_MAX),
                GOOD("-9223372036854775808", (uint64_t)INT64_MIN),
                BAD("9223372036854775808", ERANGE),
                BAD("-9223372036854775809", ERANGE),
                BAD("18446744073709551615", ERANGE),
                BAD("-18446744073709551616", ERANGE),
                BAD("", EINVAL),
                NOTHING(EINVAL),
                BAD("-", EINVAL),
                BAD("--1", EINVAL),
                BAD("- 1", EINVAL),
                BAD("+1", EINVAL),
                BAD("-01", EINVAL),
                BAD("1-", EINVAL),
                BAD("-1\0", EINVAL),
                BAD("\xe2\x88\x92"
                    "1",
                    EINVAL),
        };
        RUN(i64_as_u64, rows);
}

static void test_bool(void **state UNUSED)
{
        static const char *const bad[] = {"",  "True", "FALSE", "yes",   "no",  "on",
                                          "1", "0",    "true ", " true", "tru", "truee"};
        bool v = false;
        assert_int_equal(parse_bool(SPAN("true"), &v), 0);
        assert_true(v);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_int_equal(parse_bool(span_of(bad[i]), &v), -EINVAL);
                assert_true(v);
        }
        assert_int_equal(parse_bool(SPAN("true\0"), &v), -EINVAL);
        assert_int_equal(parse_bool(SPAN_NONE, &v), -EINVAL);
        assert_int_equal(parse_bool(SPAN("false"), &v), 0);
        assert_false(v);
}

static void test_size(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0", 0),
                GOOD("0K", 0),
                GOOD("0T", 0),
                GOOD("1K", 1024),
                GOOD("64K", 65536),
                GOOD("512M", 536870912),
                GOOD("1G", 1ULL << 30),
                GOOD("3T", 3ULL << 40),
                GOOD("none", PARSE_NONE),
                GOOD("18014398509481983K", UINT64_MAX - 1023),
                GOOD("17592186044415M", 17592186044415ULL << 20),
                GOOD("16777215T", 16777215ULL << 40),
                BAD("18014398509481984K", ERANGE),
                BAD("17592186044416M", ERANGE),
                BAD("17179869184G", ERANGE),
                BAD("16777216T", ERANGE),
                BAD("18446744073709551615K", ERANGE),
                BAD("18446744073709551616K", ERANGE),
                BAD("1", EDOM),
                BAD("1024", EDOM),
                BAD("18446744073709551615", EDOM),
                BAD("99999999999999999999", EDOM),
                BAD("", EINVAL),
                NOTHING(EINVAL),
                BAD("K", EINVAL),
                BAD("00", EINVAL),
                BAD("00K", EINVAL),
                BAD("01K", EINVAL),
                BAD("007", EINVAL),
                BAD("1k", EINVAL),
                BAD("1KB", EINVAL),
                BAD("1KiB", EINVAL),
                BAD("1B", EINVAL),
                BAD("1 K", EINVAL),
                BAD(" 1K", EINVAL),
                BAD("1K ", EINVAL),
                BAD("1K\0", EINVAL),
                BAD("1\0K", EINVAL),
                BAD("-1K", EINVAL),
                BAD("+1K", EINVAL),
                BAD("1.5G", EINVAL),
                BAD("1P", EINVAL),
                BAD("1K1", EINVAL),
                BAD("NONE", EINVAL),
                BAD("none ", EINVAL),
                BAD("never", EINVAL),
                BAD("99999999999999999999x", EINVAL),
        };
        RUN(parse_size, rows);
}

static void test_duration(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0", 0),
                GOOD("0s", 0),
                GOOD("1ms", 1000000),
                GOOD("250ms", 250000000),
                GOOD("30s", 30 * NSEC_PER_SEC),
                GOOD("10m", 600 * NSEC_PER_SEC),
                GOOD("2h", 7200 * NSEC_PER_SEC),
                GOOD("30d", 2592000 * NSEC_PER_SEC),
                GOOD("never", NSEC_NEVER),
                GOOD("18446744073709ms", 18446744073709ULL * NSEC_PER_MSEC),
                GOOD("18446744073s", 18446744073ULL * NSEC_PER_SEC),
                GOOD("213503d", 213503ULL * 86400 * NSEC_PER_SEC),
                BAD("18446744073710ms", ERANGE),
                BAD("18446744074s", ERANGE),
                BAD("307445735m", ERANGE),
                BAD("5124096h", ERANGE),
                BAD("213504d", ERANGE),
                BAD("99999999999999999999s", ERANGE),
                BAD("1", EDOM),
                BAD("250", EDOM),
                BAD("99999999999999999999", EDOM),
                BAD("", EINVAL),
                NOTHING(EINVAL),
                BAD("s", EINVAL),
                BAD("01s", EINVAL),
                BAD("1S", EINVAL),
                BAD("1M", EINVAL),
                BAD("1 s", EINVAL),
                BAD("1s ", EINVAL),
                BAD("-1s", EINVAL),
                BAD("1.5s", EINVAL),
                BAD("1m30s", EINVAL),
                BAD("1us", EINVAL),
                BAD("1ns", EINVAL),
                BAD("1sec", EINVAL),
                BAD("1w", EINVAL),
                BAD("1mss", EINVAL),
                BAD("1s\0", EINVAL),
                BAD("Never", EINVAL),
                BAD("none", EINVAL),
                BAD("99999999999999999999w", EINVAL),
        };
        RUN(parse_duration, rows);
}

static void test_percent(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0%", 0),
                GOOD("150%", 150),
                GOOD("none", PARSE_NONE),
                GOOD("18446744073709551614%", UINT64_MAX - 1),
                BAD("18446744073709551615%", ERANGE),
                BAD("18446744073709551616%", ERANGE),
                BAD("150", EDOM),
                BAD("0", EDOM),
                BAD("99999999999999999999", EDOM),
                BAD("", EINVAL),
                NOTHING(EINVAL),
                BAD("%", EINVAL),
                BAD("1.5%", EINVAL),
                BAD("-1%", EINVAL),
                BAD("+1%", EINVAL),
                BAD("01%", EINVAL),
                BAD("1 %", EINVAL),
                BAD("1%%", EINVAL),
                BAD("1% ", EINVAL),
                BAD("1%\0", EINVAL),
                BAD("01", EINVAL),
                BAD("none%", EINVAL),
                BAD("x", EINVAL),
        };
        RUN(parse_percent, rows);
}

static void test_ratio(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0", 0),
                GOOD("1", 1000000),
                GOOD("0.01", 10000),
                GOOD("0.5", 500000),
                GOOD("0.000001", 1),
                GOOD("0.999999", 999999),
                GOOD("1.0", 1000000),
                GOOD("1.000000", 1000000),
                GOOD("0.0", 0),
                GOOD("0.050", 50000),
                BAD("1.000001", ERANGE),
                BAD("1.1", ERANGE),
                BAD("2", ERANGE),
                BAD("2.0", ERANGE),
                BAD("0.0000001", ERANGE),
                BAD("0.1000000", ERANGE),
                BAD("99999999999999999999", ERANGE),
                BAD("0.99999999999999999999999", ERANGE),
                BAD("18446744073709551616.5", ERANGE),
                BAD("", EINVAL),
                NOTHING(EINVAL),
                BAD(".", EINVAL),
                BAD(".5", EINVAL),
                BAD("0.", EINVAL),
                BAD("1.", EINVAL),
                BAD("00.5", EINVAL),
                BAD("01", EINVAL),
                BAD("-0.5", EINVAL),
                BAD("+0.5", EINVAL),
                BAD("0.-5", EINVAL),
                BAD("0. 5", EINVAL),
                BAD("0.5 ", EINVAL),
                BAD("0,5", EINVAL),
                BAD("0.5.5", EINVAL),
                BAD("1e-3", EINVAL),
                BAD("50%", EINVAL),
                BAD("0.5\0", EINVAL),
                BAD("0.00000000x", EINVAL),
                BAD("99999999999999999999.x", EINVAL),
                BAD("nan", EINVAL),
                BAD("inf", EINVAL),
        };
        RUN(parse_ratio, rows);
}

static int mode_as_u64(Span s, uint64_t *ret)
{
        uint32_t v = (uint32_t)UNTOUCHED;
        int r = parse_mode(s, &v);
        if (r < 0)
                assert_int_equal(v, (uint32_t)UNTOUCHED);
        else
                *ret = v;
        return r;
}

static void test_mode(void **state UNUSED)
{
        static const Row rows[] = {
                GOOD("0", 0),
                GOOD("0660", 0660),
                GOOD("660", 0660),
                GOOD("7777", 07777),
                GOOD("07777", 07777),
                GOOD("0000", 0),
                GOOD("000000000000000000000000000000644", 0644),
                BAD("10000", ERANGE),
                BAD("2000000000000000000000", ERANGE),
                BAD("77777777777777777777777777", ERANGE),
                BAD("", EINVAL),
                NOTHING(EINVAL),
                BAD("8", EINVAL),
                BAD("0668", EINVAL),
                BAD("9", EINVAL),
                BAD("-660", EINVAL),
                BAD("+660", EINVAL),
                BAD("0o660", EINVAL),
                BAD("0x1", EINVAL),
                BAD("66 0", EINVAL),
                BAD("660\0", EINVAL),
                BAD("rw", EINVAL),
        };
        RUN(mode_as_u64, rows);
}

static void test_hex(void **state UNUSED)
{
        static const char *const bad[] = {"",       "0",    "00f",  "00fg", "00f ", " 00f", "0x0f", "00ff0",
                                          "00ff00", "00f/", "00f:", "00f@", "00fG", "00f`", "-0ff"};
        uint8_t b[3] = {1, 2, 3};
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_row(parse_hex(span_of(bad[i]), b, 2) == -EINVAL, "'%s'", bad[i]);
                assert_memory_equal(b, ((const uint8_t[]){1, 2, 3}), 3);
        }
        assert_int_equal(parse_hex(SPAN("00f\0"), b, 2), -EINVAL);
        assert_int_equal(parse_hex(SPAN_NONE, b, 0), 0);
        assert_int_equal(parse_hex(SPAN("aF09"), b, 2), 0);
        assert_memory_equal(b, ((const uint8_t[]){0xaf, 0x09, 3}), 3);
        for (unsigned v = 0; v < 256; v++) {
                CLEANUP(buf_done) Buf text = BUF_INIT(10);
                uint8_t in = (uint8_t)v, out = (uint8_t)~v;
                assert_int_equal(format_hex(&text, &in, 1), 0);
                assert_int_equal(text.len, 2);
                assert_int_equal(parse_hex(buf_span(&text), &out, 1), 0);
                assert_int_equal(out, v);
        }
        CLEANUP(buf_done) Buf text = BUF_INIT(10);
        assert_int_equal(format_hex(&text, (const uint8_t[]){0x00, 0xab, 0xff}, 3), 0);
        assert_string_equal(buf_text(&text), "00abff");
}

static void test_format(void **state UNUSED)
{
        static const struct {
                int (*format)(Buf *b, uint64_t v);
                uint64_t v;
                const char *want;
        } rows[] = {
                {format_size, 0, "0"},
                {format_size, 1024, "1K"},
                {format_size, 1536, "1536"}, /* no unit divides it */
                {format_size, 1536 << 10, "1536K"},
                {format_size, 536870912, "512M"},
                {format_size, 1ULL << 40, "1T"},
                {format_size, 1ULL << 60, "1048576T"},
                {format_size, PARSE_NONE, "none"},
                {format_duration, 0, "0"},
                {format_duration, 250 * NSEC_PER_MSEC, "250ms"},
                {format_duration, 1000 * NSEC_PER_MSEC, "1s"},
                {format_duration, 60 * NSEC_PER_SEC, "1m"},
                {format_duration, 90 * NSEC_PER_SEC, "90s"},
                {format_duration, 7200 * NSEC_PER_SEC, "2h"},
                {format_duration, 86400 * NSEC_PER_SEC, "1d"},
                {format_duration, 36 * 3600 * NSEC_PER_SEC, "36h"},
                {format_duration, 1, "1"},
                {format_duration, NSEC_NEVER, "never"},
                {format_ratio, 0, "0"},
                {format_ratio, 1, "0.000001"},
                {format_ratio, 10000, "0.01"},
                {format_ratio, 500000, "0.5"},
                {format_ratio, 1000000, "1"},
                {format_ratio, 10000000, "10"},
                {format_ratio, UINT64_MAX, "18446744073709.551615"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(100);
                assert_int_equal(rows[i].format(&b, rows[i].v), 0);
                assert_row(strcmp(buf_text(&b), rows[i].want) == 0, "%s: %s", rows[i].want, buf_text(&b));
        }
}

/* v, written and read, is v; and the text is one that writing it again gives. */
static void check_round(int (*format)(Buf *b, uint64_t v), ParseU64 parse, uint64_t v)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(100), again = BUF_INIT(100);
        uint64_t back = UNTOUCHED;
        assert_int_equal(format(&b, v), 0);
        assert_int_equal(parse(buf_span(&b), &back), 0);
        assert_true(back == v);
        assert_int_equal(format(&again, back), 0);
        assert_span_equal(buf_span(&again), buf_span(&b));
}

static int format_u64(Buf *b, uint64_t v)
{
        return buf_appendf(b, "%llu", (unsigned long long)v);
}

static int format_i64(Buf *b, uint64_t v)
{
        return buf_appendf(b, "%lld", (long long)v);
}

/* Numbers of all lengths. */
static uint64_t any(Random *random)
{
        return random_next(random) >> random_below(random, 64);
}

static void test_round_trips(void **state UNUSED)
{
        SeededRandom seeded;
        test_random_init(&seeded);
        Random *random = &seeded.random;
        for (int i = 0; i < ROUNDS; i++) {
                check_round(format_u64, parse_u64, any(random));
                check_round(format_i64, i64_as_u64, any(random));
                check_round(format_size, parse_size, any(random) & ~1023ULL);
                check_round(format_size, parse_size,
                            (any(random) & 0xfff) << 10 * (1 + random_below(random, 4)));
                check_round(format_duration, parse_duration, any(random) / NSEC_PER_MSEC * NSEC_PER_MSEC);
                check_round(format_duration, parse_duration, (any(random) & 0xffff) * 3600 * NSEC_PER_SEC);
                check_round(format_ratio, parse_ratio, random_below(random, 1000001));
        }
        check_round(format_size, parse_size, PARSE_NONE);
        check_round(format_duration, parse_duration, NSEC_NEVER);
}

/* Whatever is accepted means the same after it was written in canonical form. */
static void test_random_texts(void **state UNUSED)
{
        static const struct {
                int (*format)(Buf *b, uint64_t v);
                ParseU64 parse;
        } kinds[] = {
                {format_size, parse_size}, {format_duration, parse_duration}, {format_ratio, parse_ratio}};
        static const char letters[] = "0012345678999KMGTmshd.. -+";
        SeededRandom random;
        test_random_init(&random);
        unsigned accepted = 0;
        for (int i = 0; i < 10 * ROUNDS; i++) {
                char text[8];
                size_t n = random_below(&random.random, sizeof(text)) + 1;
                for (size_t k = 0; k < n; k++)
                        text[k] = letters[random_below(&random.random, sizeof(letters))]; /* and a NUL */
                uint64_t v = UNTOUCHED;
                size_t kind = (size_t)i % ARRAY_SIZE(kinds);
                int r = kinds[kind].parse(span_from(text, n), &v);
                if (r < 0)
                        assert_true(v == UNTOUCHED && (r == -EINVAL || r == -ERANGE || r == -EDOM));
                else
                        check_round(kinds[kind].format, kinds[kind].parse, v);
                accepted += r == 0;
        }
        assert_true(accepted > ROUNDS / 20);
}

static int format_all(void *arg UNUSED)
{
        static const uint8_t bytes[100];
        CLEANUP(buf_done) Buf a = BUF_INIT(100), b = BUF_INIT(100), c = BUF_INIT(100), d = BUF_INIT(1000);
        int r = format_size(&a, PARSE_NONE);
        r = r < 0 ? r : format_duration(&b, 5 * NSEC_PER_SEC);
        r = r < 0 ? r : format_ratio(&c, 5);
        return r < 0 ? r : format_hex(&d, bytes, sizeof(bytes));
}

static void test_oom(void **state UNUSED)
{
        assert_true(oom_each(format_all, NULL) >= 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_u64),         cmocka_unit_test(test_i64),
                cmocka_unit_test(test_bool),        cmocka_unit_test(test_size),
                cmocka_unit_test(test_duration),    cmocka_unit_test(test_percent),
                cmocka_unit_test(test_ratio),       cmocka_unit_test(test_mode),
                cmocka_unit_test(test_hex),         cmocka_unit_test(test_format),
                cmocka_unit_test(test_round_trips), cmocka_unit_test(test_random_texts),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
