/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "base/limit-table.h"
#include "base/parse.h"
#include "config/check.h"
#include "config/value.h"

typedef union Scalar {
        uint64_t u;
        int64_t i;
        int word;
        bool b;
} Scalar;

static const char *const colours[] = {"", "red", "green", "", NULL};

static const SchemaRow row_bool = {.type = TYPE_BOOL};
static const SchemaRow row_uint = {.type = TYPE_UINT, .min = 2, .max = 10};
static const SchemaRow row_auto = {.type = TYPE_UINT, .min = 1, .max = 10, .zero = "auto"};
static const SchemaRow row_uint_none = {.type = TYPE_UINT, .min = 1, .max = 10, .none = true};
static const SchemaRow row_int = {.type = TYPE_INT, .imin = -20, .imax = 19};
static const SchemaRow row_size = {.type = TYPE_SIZE, .min = 1024, .max = 1 << 20};
static const SchemaRow row_size_none = {.type = TYPE_SIZE, .min = 1024, .max = 1 << 20, .none = true};
static const SchemaRow row_time = {.type = TYPE_DURATION, .min = NSEC_PER_MSEC, .max = 3600 * NSEC_PER_SEC};
static const SchemaRow row_time_none = {.type = TYPE_DURATION,
                                        .min = NSEC_PER_MSEC,
                                        .max = 3600 * NSEC_PER_SEC,
                                        .none = true,
                                        .def = "never"};
static const SchemaRow row_time_off = {.type = TYPE_DURATION, .none = true, .def = "none"};
static const SchemaRow row_percent = {.type = TYPE_PERCENT, .min = 1, .max = 400, .none = true};
static const SchemaRow row_percent_must = {.type = TYPE_PERCENT, .min = 1, .max = 400};
static const SchemaRow row_ratio = {.type = TYPE_RATIO};
static const SchemaRow row_mode = {.type = TYPE_MODE};
static const SchemaRow row_enum = {.type = TYPE_ENUM, .words = colours};

typedef struct ParseRow {
        const SchemaRow *row;
        const char *text;
        uint64_t value;      /* when valid */
        const char *printed; /* NULL: as written */
} ParseRow;

static void test_valid(void **state UNUSED)
{
        static const ParseRow rows[] = {
                {&row_bool, "true", 1, NULL},
                {&row_bool, "false", 0, NULL},
                {&row_uint, "2", 2, NULL},
                {&row_uint, "10", 10, NULL},
                {&row_auto, "auto", 0, NULL},
                {&row_auto, "1", 1, NULL},
                {&row_uint_none, "none", PARSE_NONE, NULL},
                {&row_int, "-20", (uint64_t)-20, NULL},
                {&row_int, "19", 19, NULL},
                {&row_int, "0", 0, NULL},
                {&row_size, "1K", 1024, NULL},
                {&row_size, "1024K", 1 << 20, "1M"},
                {&row_size_none, "none", PARSE_NONE, NULL},
                {&row_time, "250ms", 250 * NSEC_PER_MSEC, NULL},
                {&row_time, "60m", 3600 * NSEC_PER_SEC, "1h"},
                {&row_time_none, "never", NSEC_NEVER, NULL},
                {&row_time_none, "none", NSEC_NEVER, "never"},
                {&row_time_off, "none", NSEC_NEVER, NULL},
                {&row_time_off, "never", NSEC_NEVER, "none"},
                {&row_time_off, "0", 0, "0ms"},
                {&row_percent, "150%", 150, NULL},
                {&row_percent, "none", PARSE_NONE, NULL},
                {&row_ratio, "0.25", 250000, NULL},
                {&row_ratio, "1", 1000000, NULL},
                {&row_ratio, "0", 0, NULL},
                {&row_mode, "0640", 0640, "\"0640\""},
                {&row_mode, "640", 0640, "\"0640\""},
                {&row_enum, "red", 1, NULL},
                {&row_enum, "green", 2, NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const ParseRow *p = &rows[i];
                CLEANUP(buf_done) Buf why = BUF_INIT(1024), out = BUF_INIT(1024);
                Scalar v = {.u = 0};
                int r = value_parse(p->row, span_of(p->text), &v, &why);
                assert_row(r == 0, "%s: %s", p->text, buf_text(&why));
                assert_row(v.u == p->value, "%s: %llu", p->text, (unsigned long long)v.u);
                assert_true(value_in_bounds(p->row, &v));
                assert_int_equal(value_format(p->row, &v, &out), 0);
                assert_string_equal(out.data, p->printed ? p->printed : p->text);
        }
}

typedef struct RefusedRow {
        const SchemaRow *row;
        const char *text, *why;
} RefusedRow;

static void test_refused(void **state UNUSED)
{
        static const RefusedRow rows[] = {
                {&row_bool, "yes", "is not true or false (try true)"},
                {&row_bool, "OFF", "(try false)"},
                {&row_bool, "1", "(try true)"},
                {&row_bool, "True", "(try true)"},
                {&row_bool, "maybe", "is not true or false"},
                {&row_bool, "", "is not true or false"},
                {&row_uint, "1", "is out of bounds: 2 to 10"},
                {&row_uint, "11", "is out of bounds: 2 to 10"},
                {&row_uint, "x", "is not a whole number"},
                {&row_uint, "-3", "is not a whole number"},
                {&row_uint, "3.0", "is not a whole number"},
                {&row_uint, "none", "is not possible here"},
                {&row_uint, "auto", "is not a whole number"},
                {&row_uint, "99999999999999999999", "is "},
                {&row_uint, "18446744073709551615", "is out of bounds: 2 to 10"},
                {&row_auto, "0", "is out of bounds"},
                {&row_uint_none, "11", "is out of bounds: 1 to 10, or none"},
                {&row_uint_none, "never", "is not possible here"},
                {&row_int, "20", "is out of bounds: -20 to 19"},
                {&row_int, "-21", "is out of bounds: -20 to 19"},
                {&row_int, "1.5", "is not a whole number"},
                {&row_size, "1", "needs a unit: K, M, G or T (try 1M)"},
                {&row_size, "2K5", "is not a size"},
                {&row_size, "5mb", "is not a size (try 5M)"},
                {&row_size, "5 GiB", "(try 5G)"},
                {&row_size, "x", "is not a size"},
                {&row_size, "1G", "is out of bounds: 1K to 1M"},
                {&row_size, "99999999999T", "is "},
                {&row_size, "none", "is not possible here"},
                {&row_size_none, "2M", "1K to 1M, or none"},
                {&row_time, "30", "needs a unit: ms, s, m, h or d (try 30s)"},
                {&row_time, "30 seconds", "is not a time (try 30s)"},
                {&row_time, "5Min", "(try 5m)"},
                {&row_time, "1.5s", "decimals are not accepted"},
                {&row_time, "soon", "is not a time"},
                {&row_time, "99999999999999d", "is "},
                {&row_time, "never", "is not possible here"},
                {&row_time, "2h", "is out of bounds: 1ms to 1h"},
                {&row_time_none, "2h", "1ms to 1h, or never"},
                {&row_percent, "150", "needs a %"},
                {&row_percent, "x", "is not a percentage"},
                {&row_percent, "401%", "is out of bounds: 1% to 400%, or none"},
                {&row_percent_must, "none", "is not a percentage"},
                {&row_ratio, "1.1", "0 to 1"},
                {&row_ratio, "50%", "0 to 1"},
                {&row_ratio, "0.0000001", "six decimals"},
                {&row_mode, "rw", "octal"},
                {&row_mode, "0888", "octal"},
                {&row_mode, "4755", "bits besides"},
                {&row_enum, "rad", "is not one of red, green, or a map (did you mean red?)"},
                {&row_enum, "", "is not one of red, green"},
                {&row_enum, "blue-ish", "is not one of red, green"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf why = BUF_INIT(1024);
                Scalar v = {.u = 0x5555555555555555};
                int r = value_parse(rows[i].row, span_of(rows[i].text), &v, &why);
                assert_row(r == VALUE_E_INVALID, "%s: %d", rows[i].text, r);
                assert_row(strstr(buf_text(&why), rows[i].why), "%s: %s", rows[i].text, buf_text(&why));
                assert_row(v.u == 0x5555555555555555, "%s was written", rows[i].text);
        }
}

/* No room for the sentence is an error of its own. */
static void test_no_room(void **state UNUSED)
{
        static const RefusedRow rows[] = {
                {&row_bool, "yes", NULL},     {&row_uint, "1", NULL},    {&row_uint, "x", NULL},
                {&row_int, "x", NULL},        {&row_int, "99", NULL},    {&row_size, "1", NULL},
                {&row_time, "1", NULL},       {&row_percent, "x", NULL}, {&row_ratio, "x", NULL},
                {&row_mode, "x", NULL},       {&row_enum, "x", NULL},    {&row_size, "9G", NULL},
                {&row_time_none, "2h", NULL}, {&row_enum, "rad", NULL},  {&row_mode, "4755", NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t cap = 0;
                for (;; cap++) {
                        CLEANUP(buf_done) Buf why = BUF_INIT(cap);
                        Scalar v = {.u = 0};
                        int r = value_parse(rows[i].row, span_of(rows[i].text), &v, &why);
                        if (r == VALUE_E_INVALID)
                                break;
                        assert_int_equal(r, -ENOBUFS);
                }
                assert_row(cap > 10, "%s", rows[i].text);
        }
}

static void test_type_texts(void **state UNUSED)
{
        static const struct {
                SchemaRow row;
                const char *text;
        } rows[] = {
                {{.type = TYPE_BOOL}, "true or false"},
                {{.type = TYPE_UINT}, "number"},
                {{.type = TYPE_UINT, .form = "levels"}, "levels"},
                {{.type = TYPE_ENUM, .words = colours}, "one of red, green, or a map"},
                {{.type = TYPE_LIST}, "list of texts"},
                {{.type = TYPE_LIST, .form = "path"}, "list of paths"},
                {{.type = TYPE_GROUPS, .named = true}, "map"},
                {{.type = TYPE_GROUPS}, "list"},
                {{.type = TYPE_MAP}, "map of texts"},
                {{.type = TYPE_JSON}, "any value"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(256);
                assert_int_equal(value_type_text(&rows[i].row, &b), 0);
                assert_string_equal(b.data, rows[i].text);
        }
}

/* Every number row of the table: its ends are written and read back, what lies past them is refused. */
static void test_table(void **state UNUSED)
{
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                bool number = row->type == TYPE_UINT || row->type == TYPE_DURATION ||
                              row->type == TYPE_SIZE || row->type == TYPE_PERCENT;
                if (!number || row->internal)
                        continue;
                uint64_t ends[] = {row->min, row->max, row->min - 1, row->max + 1};
                for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
                        if ((k == 2 && row->min == 0) || (row->zero && ends[k] == 0))
                                continue;
                        assert_row(value_in_bounds(row, &ends[k]) == (k < 2), "%s: %zu", row->path, k);
                        CLEANUP(buf_done) Buf b = BUF_INIT(64), why = BUF_INIT(256);
                        uint64_t back;
                        if (k >= 2)
                                continue;
                        assert_int_equal(value_format(row, &ends[k], &b), 0);
                        assert_row(value_parse(row, buf_span(&b), &back, &why) == 0 && back == ends[k],
                                   "%s: %s", row->path, b.data);
                }
        }
}

static void test_bounds(void **state UNUSED)
{
        int word = 4;
        uint64_t u = 1000001;
        assert_false(value_in_bounds(&row_enum, &word));
        word = -1;
        assert_false(value_in_bounds(&row_enum, &word));
        assert_false(value_in_bounds(&row_ratio, &u));
        u = 01000;
        assert_false(value_in_bounds(&row_mode, &u));
        u = PARSE_NONE;
        assert_false(value_in_bounds(&row_uint, &u));
        assert_true(value_in_bounds(&row_uint_none, &u));
        u = 0;
        assert_true(value_in_bounds(&row_auto, &u));
}

/* ---- bytes ---------------------------------------------------------------- */

static void assert_decodes(const SchemaRow *row, Buf *bytes, bool fits)
{
        CLEANUP(arena_done) Arena arena = ARENA_INIT(1024 * 1024);
        union {
                ConfigText text;
                ConfigList list;
                ConfigMap map;
                Scalar scalar;
        } field;
        memset(&field, 0x55, sizeof(field));
        WireReader r = {.left = buf_span(bytes)};
        assert_int_equal(value_decode(row, &r, &arena, &field), 0);
        assert_int_equal(!r.bad && r.left.len == 0, fits);
        buf_done(bytes);
}

static Buf bytes_of(const char *text, size_t n)
{
        Buf b = BUF_INIT(256 * 1024);
        assert_int_equal(buf_append(&b, text, n), 0);
        return b;
}
#define BYTES(lit) (&(Buf[]){bytes_of(lit, sizeof(lit) - 1)}[0])

static void test_decode(void **state UNUSED)
{
        static const SchemaRow text = {.type = TYPE_TEXT, .check = check_nonempty};
        static const SchemaRow list = {.type = TYPE_LIST};
        static const SchemaRow map = {.type = TYPE_MAP, .check_name = check_env_name};
        assert_decodes(&text, BYTES("\0"), true);
        assert_decodes(&text, BYTES("\1\1\0\0\0a"), true);
        assert_decodes(&text, BYTES("\2\1\0\0\0a"), true);
        assert_decodes(&text, BYTES("\3\1\0\0\0a"), false);
        assert_decodes(&text, BYTES("\1\0\0\0\0"), false); /* the check */
        assert_decodes(&text, BYTES("\1\1\0\0\0\0"), false);
        assert_decodes(&text, BYTES("\1\1\0\0\0\xff"), false);
        assert_decodes(&text, BYTES("\1\2\0\0\0a"), false);
        assert_decodes(&list, BYTES("\0\0\0\0"), true);
        assert_decodes(&list, BYTES("\1\0\0\0\1\1\0\0\0a"), true);
        assert_decodes(&list, BYTES("\1\0\0\0\0"), false); /* no text is no item */
        assert_decodes(&list, BYTES("\2\0\0\0\1\1\0\0\0a"), false);
        assert_decodes(&list, BYTES("\xff\xff\xff\xff"), false);
        assert_decodes(&list, BYTES("\x11\x27\0\0"), false);
        assert_decodes(&map, BYTES("\1\0\0\0\1\0\0\0A\1\1\0\0\0a"), true);
        assert_decodes(&map, BYTES("\1\0\0\0\1\0\0\0A\0"), false);
        assert_decodes(&map, BYTES("\1\0\0\0\1\0\0\0=\1\1\0\0\0a"), false);
        assert_decodes(&map, BYTES("\1\0\0\0\0\0\0\0\1\1\0\0\0a"), false);
        assert_decodes(&map, BYTES("\1\0\0\0\2\0\0\0A\0\1\1\0\0\0a"), false);
        assert_decodes(&row_bool, BYTES("\1"), true);
        assert_decodes(&row_bool, BYTES("\2"), false);
        assert_decodes(&row_enum, BYTES("\2\0\0\0"), true);
        assert_decodes(&row_enum, BYTES("\4\0\0\0"), false);
        assert_decodes(&row_enum, BYTES("\xff\xff\xff\xff"), false);
        assert_decodes(&row_uint, BYTES("\2\0\0\0\0\0\0\0"), true);
        assert_decodes(&row_uint, BYTES("\1\0\0\0\0\0\0\0"), false);
        assert_decodes(&row_uint, BYTES("\2"), false);
}

/* The longest text, and one more byte. */
static void test_decode_longest(void **state UNUSED)
{
        static const SchemaRow text = {.type = TYPE_TEXT};
        for (uint32_t n = LIMIT_CONFIG_VALUE; n <= LIMIT_CONFIG_VALUE + 1; n++) {
                Buf b = BUF_INIT(256 * 1024);
                assert_int_equal(wire_put_u8(&b, 1), 0);
                assert_int_equal(wire_put_u32(&b, n), 0);
                for (uint32_t i = 0; i < n; i++)
                        assert_int_equal(buf_append_char(&b, 'x'), 0);
                assert_decodes(&text, &b, n == LIMIT_CONFIG_VALUE);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_valid),   cmocka_unit_test(test_refused),
                cmocka_unit_test(test_no_room), cmocka_unit_test(test_type_texts),
                cmocka_unit_test(test_table),   cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_decode),  cmocka_unit_test(test_decode_longest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
