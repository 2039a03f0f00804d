/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option-value.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "base/utf8.h"

enum { SHOWN_MOST = 80 };

#define DURATIONS "250ms, 30s, 10m, 2h, 30d or never"
#define SIZES     "64K, 512M, 1G or none"

int option_show(Span typed, Buf *b)
{
        int r = utf8_escape(b, span_first(typed, SHOWN_MOST));
        if (r == 0 && typed.len > SHOWN_MOST)
                r = buf_append_str(b, "...");
        return r;
}

static int expects_words(const Option *o, Buf *b)
{
        int r = 0;
        for (size_t i = 0; o->words[i] && r == 0; i++) {
                const char *before = i == 0 ? "" : o->words[i + 1] ? ", " : " or ";
                r = buf_appendf(b, "%s%s", before, o->words[i]);
        }
        return r;
}

static int format_bound(const Option *o, Buf *b, uint64_t v)
{
        switch (o->kind) {
        case OPTION_DURATION:
                return format_duration(b, v);
        case OPTION_SIZE:
                return format_size(b, v);
        default:
                return buf_appendf(b, "%llu", (unsigned long long)v);
        }
}

static int expects_bounds(const Option *o, Buf *b)
{
        if (o->max == 0)
                return 0;
        int r = buf_append_str(b, " from ");
        if (r == 0)
                r = format_bound(o, b, o->min);
        if (r == 0)
                r = buf_append_str(b, " to ");
        return r < 0 ? r : format_bound(o, b, o->max);
}

int option_expects(const Option *o, Buf *b)
{
        static const char *const texts[_OPTION_KIND_MAX] = {
                [OPTION_FLAG] = "no value", [OPTION_STRING] = "a text",
                [OPTION_LIST] = "a text",   [OPTION_DURATION] = "a duration",
                [OPTION_SIZE] = "a size",   [OPTION_NUMBER] = "a whole number",
        };
        static const char *const places[_COMPLETE_MAX] = {
                [COMPLETE_FILE] = "the name of a file",
                [COMPLETE_DIR] = "the name of a directory",
        };
        if (o->kind == OPTION_WORD)
                return expects_words(o, b);
        int r = buf_append_str(b, places[o->complete] ? places[o->complete] : texts[o->kind]);
        if (r == 0)
                r = expects_bounds(o, b);
        if (r == 0 && o->kind == OPTION_DURATION)
                r = buf_append_str(b, ", like " DURATIONS);
        if (r == 0 && o->kind == OPTION_SIZE)
                r = buf_append_str(b, ", like " SIZES);
        return r;
}

/* --timeout: "5" has no unit; expected is a duration, like 30s */
static int refuse(const OptionParse *p, const Option *o, Span typed, const char *text, const char *why)
{
        int r = option_show(typed, p->why);
        if (r == 0)
                r = buf_append_str(p->why, ": \"");
        if (r == 0)
                r = option_show(span_of(text), p->why);
        if (r == 0)
                r = buf_appendf(p->why, "\" %s; expected is ", why);
        if (r == 0)
                r = option_expects(o, p->why);
        return r < 0 ? r : OPTION_E_USAGE;
}

static int store_word(const OptionParse *p, const Option *o, int *place, Span typed, const char *text)
{
        Nearest near = NEAREST_INIT(span_of(text));
        for (int i = 0; o->words[i]; i++) {
                if (strcmp(o->words[i], text) == 0) {
                        *place = i;
                        return 0;
                }
                nearest_offer(&near, o->words[i]);
        }
        int r = refuse(p, o, typed, text, "is not known");
        if (r == OPTION_E_USAGE && near.best) {
                int k = buf_appendf(p->why, " (did you mean %s?)", near.best);
                return k < 0 ? k : r;
        }
        return r;
}

static int store_list(const OptionParse *p, OptionList *list, const char *text)
{
        /* The array doubles; what it outgrew stays in the arena: at most as much again. */
        if ((list->n & (list->n - 1)) == 0) {
                const char **more = arena_alloc_array(p->arena, MAX(list->n * 2, (size_t)1), sizeof(*more));
                if (!more)
                        return -ENOMEM;
                if (list->n)
                        memcpy(more, list->items, list->n * sizeof(*more));
                list->items = more;
        }
        list->items[list->n++] = text;
        return 0;
}

typedef int (*ValueReader)(Span text, uint64_t *ret);

static int store_scalar(const OptionParse *p, const Option *o, uint64_t *place, Span typed, const char *text)
{
        static const ValueReader readers[_OPTION_KIND_MAX] = {
                [OPTION_DURATION] = parse_duration,
                [OPTION_SIZE] = parse_size,
                [OPTION_NUMBER] = parse_u64,
        };
        uint64_t v;
        int r = readers[o->kind](span_of(text), &v);
        if (r == -EDOM)
                return refuse(p, o, typed, text, "has no unit");
        if (r == -ERANGE || (r == 0 && v < o->min))
                return refuse(p, o, typed, text, r < 0 ? "is too large" : "is too small");
        if (r == 0 && o->max && v > o->max)
                return refuse(p, o, typed, text, "is too large");
        if (r < 0)
                return refuse(p, o, typed, text, "is not such a value");
        *place = v;
        return 0;
}

int option_store(const OptionParse *p, const Option *o, void *place, Span typed, const char *text)
{
        switch (o->kind) {
        case OPTION_STRING:
                *(const char **)place = text;
                return 0;
        case OPTION_LIST:
                return store_list(p, place, text);
        case OPTION_WORD:
                return store_word(p, o, place, typed, text);
        default:
                return store_scalar(p, o, place, typed, text);
        }
}
