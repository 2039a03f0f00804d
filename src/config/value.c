/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"
#include "base/parse.h"
#include "config/value.h"

/* ---- reading a scalar ---------------------------------------------------- */

/* The sentence was written: r < 0 when it did not fit. */
static int invalid(int r)
{
        return r < 0 ? r : VALUE_E_INVALID;
}

static int explain_bounds(const SchemaRow *row, Buf *why)
{
        int r = buf_append_str(why, "is out of bounds: ");
        if (r < 0)
                return r;
        if (row->type == TYPE_INT)
                return invalid(buf_appendf(why, "%lld to %lld", (long long)row->imin, (long long)row->imax));

        r = value_format(row, &row->min, why);
        if (r == 0)
                r = buf_append_str(why, " to ");
        if (r == 0)
                r = value_format(row, &row->max, why);
        if (r == 0 && row->zero)
                r = buf_appendf(why, ", or %s", row->zero);
        if (r == 0 && row->none)
                r = buf_appendf(why, ", or %s", row->type == TYPE_DURATION ? "never" : "none");
        return invalid(r);
}

/* A word for "no limit" where there must be one. */
static int explain_endless(const SchemaRow *row, Buf *why)
{
        int r = buf_append_str(why, "is not possible here: ");
        if (r == 0)
                r = value_format(row, &row->min, why);
        if (r == 0)
                r = buf_append_str(why, " to ");
        return invalid(r < 0 ? r : value_format(row, &row->max, why));
}

typedef struct UnitWord {
        const char *word, *unit; /* as written by people; as we write it */
} UnitWord;

static const UnitWord size_words[] = {
        {"kb", "K"},  {"kib", "K"},  {"kilobytes", "K"}, {"k", "K"},         {"mb", "M"},
        {"mib", "M"}, {"megs", "M"}, {"megabytes", "M"}, {"meg", "M"},       {"m", "M"},
        {"gb", "G"},  {"gib", "G"},  {"gigs", "G"},      {"gigabytes", "G"}, {"g", "G"},
        {"tb", "T"},  {"tib", "T"},  {"t", "T"},         {"", "M"},
};
static const UnitWord duration_words[] = {
        {"msec", "ms"},  {"milliseconds", "ms"},
        {"sec", "s"},    {"secs", "s"},
        {"second", "s"}, {"seconds", "s"},
        {"min", "m"},    {"mins", "m"},
        {"minute", "m"}, {"minutes", "m"},
        {"hr", "h"},     {"hour", "h"},
        {"hours", "h"},  {"day", "d"},
        {"days", "d"},   {"ms", "ms"},
        {"s", "s"},      {"m", "m"},
        {"h", "h"},      {"", "s"},
};

/* " (try 512M)" for a number with a unit that somebody spelled out. */
static int suggest_unit(Span text, const UnitWord *words, size_t n, Buf *why)
{
        size_t digits = 0;
        while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
                digits++;
        Span unit = span_trim(span_skip(text, digits));
        for (size_t i = 0; digits > 0 && digits < 10 && i < n; i++)
                if (span_equal_nocase(unit, span_of(words[i].word)))
                        return buf_appendf(why, " (try %.*s%s)", (int)digits, text.ptr, words[i].unit);
        return 0;
}

static int explain_size(Span text, int error, Buf *why)
{
        int r = buf_append_str(why, error == -EDOM     ? "needs a unit: K, M, G or T"
                                    : error == -ERANGE ? "is too large"
                                                       : "is not a size");
        if (r == 0 && error != -ERANGE)
                r = suggest_unit(text, size_words, ARRAY_SIZE(size_words), why);
        return invalid(r);
}

static int explain_duration(Span text, int error, Buf *why)
{
        int r = buf_append_str(why, error == -EDOM     ? "needs a unit: ms, s, m, h or d"
                                    : error == -ERANGE ? "is too long"
                                    : span_find(text, '.') < text.len
                                            ? "is not a time: decimals are not accepted, take a smaller unit"
                                            : "is not a time");
        if (r == 0 && error != -ERANGE)
                r = suggest_unit(text, duration_words, ARRAY_SIZE(duration_words), why);
        return invalid(r);
}

static bool is_none_word(const SchemaRow *row, Span text)
{
        return row->none && (span_equal(text, SPAN("none")) ||
                             (row->type == TYPE_DURATION && span_equal(text, SPAN("never"))));
}

static int check_bounds(const SchemaRow *row, uint64_t v, Buf *why)
{
        return value_in_bounds(row, &v) ? 0 : explain_bounds(row, why);
}

static int read_number(const SchemaRow *row, Span text, uint64_t *ret, Buf *why)
{
        uint64_t v;
        if (is_none_word(row, text)) {
                *ret = PARSE_NONE;
                return 0;
        }
        if (row->zero && span_equal(text, span_of(row->zero))) {
                *ret = 0;
                return 0;
        }
        int r = row->type == TYPE_SIZE       ? parse_size(text, &v)
                : row->type == TYPE_DURATION ? parse_duration(text, &v)
                                             : parse_u64(text, &v);
        if (span_equal(text, SPAN("none")) || span_equal(text, SPAN("never")))
                return explain_endless(row, why);
        if (r < 0 && row->type == TYPE_SIZE)
                return explain_size(text, r, why);
        if (r < 0 && row->type == TYPE_DURATION)
                return explain_duration(text, r, why);
        if (r == -ERANGE)
                return invalid(buf_append_str(why, "is too large"));
        if (r < 0)
                return invalid(buf_append_str(why, "is not a whole number"));
        if (row->zero && v == 0) /* written by its word only */
                return explain_bounds(row, why);
        r = check_bounds(row, v, why);
        if (r == 0)
                *ret = v;
        return r;
}

static int read_int(const SchemaRow *row, Span text, int64_t *ret, Buf *why)
{
        int64_t v;
        int r = parse_i64(text, &v);
        if (r == -ERANGE)
                return explain_bounds(row, why);
        if (r < 0)
                return invalid(buf_append_str(why, "is not a whole number"));
        if (!value_in_bounds(row, &v))
                return explain_bounds(row, why);
        *ret = v;
        return 0;
}

static int read_percent(const SchemaRow *row, Span text, uint64_t *ret, Buf *why)
{
        uint64_t v;
        int r = parse_percent(text, &v);
        if (r < 0 || (v == PARSE_NONE && !row->none))
                return invalid(buf_append_str(why, r == -EDOM     ? "needs a %: 150% is one and a half CPUs"
                                                   : r == -ERANGE ? "is too large"
                                                                  : "is not a percentage (try 150%)"));
        r = v == PARSE_NONE ? 0 : check_bounds(row, v, why);
        if (r == 0)
                *ret = v;
        return r;
}

static int read_ratio(Span text, uint64_t *ret, Buf *why)
{
        if (parse_ratio(text, ret) < 0)
                return invalid(buf_append_str(why, "is not a number from 0 to 1 with at most six decimals"));
        return 0;
}

static int read_mode(Span text, uint64_t *ret, Buf *why)
{
        uint32_t mode;
        if (parse_mode(text, &mode) < 0)
                return invalid(buf_append_str(why, "is not a file mode in octal (try \"0660\")"));
        if (mode > 0777)
                return invalid(buf_append_str(why, "has bits besides read, write and execute"));
        *ret = mode;
        return 0;
}

typedef struct TruthWord {
        const char *word;
        bool value;
} TruthWord;

static int read_bool(Span text, bool *ret, Buf *why)
{
        static const TruthWord words[] = {{"yes", true}, {"on", true},   {"1", true},  {"true", true},
                                          {"no", false}, {"off", false}, {"0", false}, {"false", false}};
        if (parse_bool(text, ret) == 0)
                return 0;
        int r = buf_append_str(why, "is not true or false");
        for (size_t i = 0; i < ARRAY_SIZE(words) && r == 0; i++)
                if (span_equal_nocase(text, span_of(words[i].word)))
                        r = buf_appendf(why, " (try %s)", words[i].value ? "true" : "false");
        return invalid(r);
}

static int read_enum(const SchemaRow *row, Span text, int *ret, Buf *why)
{
        Nearest nearest = NEAREST_INIT(text);
        for (int i = 0; row->words[i]; i++) {
                if (!row->words[i][0])
                        continue;
                if (span_equal(text, span_of(row->words[i]))) {
                        *ret = i;
                        return 0;
                }
                nearest_offer(&nearest, row->words[i]);
        }
        int r = buf_append_str(why, "is not ");
        if (r == 0)
                r = value_type_text(row, why);
        if (r == 0 && nearest.best)
                r = buf_appendf(why, " (did you mean %s?)", nearest.best);
        return invalid(r);
}

int value_parse(const SchemaRow *row, Span text, void *field, Buf *why)
{
        switch (row->type) {
        case TYPE_BOOL:
                return read_bool(text, field, why);
        case TYPE_UINT:
        case TYPE_SIZE:
        case TYPE_DURATION:
                return read_number(row, text, field, why);
        case TYPE_INT:
                return read_int(row, text, field, why);
        case TYPE_PERCENT:
                return read_percent(row, text, field, why);
        case TYPE_RATIO:
                return read_ratio(text, field, why);
        case TYPE_MODE:
                return read_mode(text, field, why);
        default:
                assert(row->type == TYPE_ENUM);
                return read_enum(row, text, field, why);
        }
}

static int word_count(const SchemaRow *row)
{
        int n = 0;
        while (row->words[n])
                n++;
        return n;
}

bool value_in_bounds(const SchemaRow *row, const void *field)
{
        uint64_t u;
        int64_t i;
        int word;
        switch (row->type) {
        case TYPE_BOOL:
                return true;
        case TYPE_INT:
                memcpy(&i, field, sizeof(i));
                return i >= row->imin && i <= row->imax;
        case TYPE_ENUM:
                memcpy(&word, field, sizeof(word));
                return word >= 0 && word < word_count(row);
        case TYPE_RATIO:
                memcpy(&u, field, sizeof(u));
                return u <= 1000000;
        case TYPE_MODE:
                memcpy(&u, field, sizeof(u));
                return u <= 0777;
        default:
                memcpy(&u, field, sizeof(u));
                if (row->none && u == PARSE_NONE)
                        return true;
                if (row->zero && u == 0)
                        return true;
                return u >= row->min && (row->max == 0 || u <= row->max);
        }
}

/* ---- writing a scalar ---------------------------------------------------- */

int value_format(const SchemaRow *row, const void *field, Buf *b)
{
        uint64_t u = 0;
        if (row->type != TYPE_BOOL && row->type != TYPE_ENUM)
                memcpy(&u, field, sizeof(u));
        switch (row->type) {
        case TYPE_BOOL:
                return buf_append_str(b, *(const bool *)field ? "true" : "false");
        case TYPE_INT:
                return buf_appendf(b, "%lld", (long long)(int64_t)u);
        case TYPE_SIZE:
                return format_size(b, u);
        case TYPE_DURATION:
                if (u == NSEC_NEVER && row->def && strcmp(row->def, "none") == 0)
                        return buf_append_str(b, "none");
                return u == 0 ? buf_append_str(b, "0ms") : format_duration(b, u);
        case TYPE_PERCENT:
                return u == PARSE_NONE ? buf_append_str(b, "none")
                                       : buf_appendf(b, "%llu%%", (unsigned long long)u);
        case TYPE_RATIO:
                return format_ratio(b, u);
        case TYPE_MODE:
                return buf_appendf(b, "\"%04llo\"", (unsigned long long)u);
        case TYPE_ENUM:
                return buf_append_str(b, row->words[*(const int *)field]);
        default:
                if (row->zero && u == 0)
                        return buf_append_str(b, row->zero);
                return u == PARSE_NONE && row->none ? buf_append_str(b, "none")
                                                    : buf_appendf(b, "%llu", (unsigned long long)u);
        }
}

static int enum_text(const SchemaRow *row, Buf *b)
{
        int r = buf_append_str(b, "one of ");
        bool first = true;
        for (int i = 0; row->words[i] && r == 0; i++) {
                if (!row->words[i][0])
                        continue;
                r = buf_appendf(b, "%s%s", first ? "" : ", ", row->words[i]);
                first = false;
                if (r == 0 && row->words[i + 1] && !row->words[i + 1][0]) /* a map may stand there instead */
                        r = buf_append_str(b, ", or a map");
        }
        return r;
}

int value_type_text(const SchemaRow *row, Buf *b)
{
        static const char *const names[_SCHEMA_TYPE_MAX] = {
                [TYPE_BOOL] = "true or false", [TYPE_UINT] = "number",    [TYPE_INT] = "number",
                [TYPE_SIZE] = "size",          [TYPE_DURATION] = "time",  [TYPE_PERCENT] = "percentage",
                [TYPE_RATIO] = "ratio",        [TYPE_MODE] = "file mode", [TYPE_TEXT] = "text",
                [TYPE_JSON] = "any value",     [TYPE_LIST] = "list",      [TYPE_MAP] = "map of texts",
                [TYPE_GROUPS] = "list",        [TYPE_DEFAULTS] = "map",
        };
        if (row->type == TYPE_ENUM)
                return enum_text(row, b);
        if (row->type == TYPE_GROUPS && row->named)
                return buf_append_str(b, "map");
        if (row->type == TYPE_LIST)
                return buf_appendf(b, "list of %ss", row->form ? row->form : "text");
        return buf_append_str(b, row->form ? row->form : names[row->type]);
}

/* ---- comparing ----------------------------------------------------------- */

static bool text_equal(const ConfigText *a, const ConfigText *b)
{
        if (!a->value || !b->value)
                return a->value == b->value;
        return a->secret == b->secret && strcmp(a->value, b->value) == 0;
}

static bool list_equal(const ConfigList *a, const ConfigList *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (!text_equal(&a->items[i], &b->items[i]))
                        return false;
        return true;
}

static bool map_equal(const ConfigMap *a, const ConfigMap *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
                    !text_equal(&a->items[i].text, &b->items[i].text))
                        return false;
        return true;
}

bool value_equal(const SchemaRow *row, const void *a, const void *b)
{
        switch (row->type) {
        case TYPE_BOOL:
                return *(const bool *)a == *(const bool *)b;
        case TYPE_ENUM:
                return *(const int *)a == *(const int *)b;
        case TYPE_TEXT:
        case TYPE_JSON:
                return text_equal(a, b);
        case TYPE_LIST:
                return list_equal(a, b);
        case TYPE_MAP:
                return map_equal(a, b);
        default:
                return memcmp(a, b, sizeof(uint64_t)) == 0;
        }
}
