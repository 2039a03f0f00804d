/* SPDX-License-Identifier: Apache-2.0 */
#include "control/command-table.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "base/utf8.h"

const ControlRow control_table[_CONTROL_COMMAND_MAX] = {
#define C(id, name, which, takes, stream, end, text)      \
        [CONTROL_##id] = {.word = (name),                 \
                          .options = (takes),             \
                          .doc = (text),                  \
                          .names = CONTROL_NAMES_##which, \
                          .streams = (stream),            \
                          .gateway = (end)},
        CONTROL_COMMANDS(C)
#undef C
};

enum { SHOWN_MOST = 40 };

PRINTF(2, 3) static const char *refuse(ControlRequest *r, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(r->why, sizeof(r->why), fmt, ap);
        va_end(ap);
        return r->why;
}

/* What was sent, cut where a person has seen enough; the caller quotes it for JSON. */
static Span shown(const char *word)
{
        Span left = span_first(span_of(word), SHOWN_MOST);
        for (size_t at = 0; at < left.len;) {
                size_t n = utf8_sequence(span_skip(left, at));
                if (n == 0)
                        return span_first(left, at);
                at += n;
        }
        return left;
}

/* ---- words --------------------------------------------------------------- */

typedef struct Splitter {
        const char *from;
        char *to; /* never past `from`: quotes and backslashes only go away */
        char quote;
} Splitter;

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static const char *copy_word(Splitter *s)
{
        for (; *s->from && (s->quote || !is_blank(*s->from)); s->from++) {
                char c = *s->from;
                if (c == '\\' && s->quote != '\'') {
                        if (!*++s->from)
                                return "a backslash ends the line";
                        *s->to++ = *s->from;
                } else if (s->quote ? c == s->quote : c == '\'' || c == '"') {
                        s->quote = s->quote ? '\0' : c;
                } else {
                        *s->to++ = c;
                }
        }
        return s->quote ? "a quote is not closed" : NULL;
}

static const char *split(char *line, ControlRequest *r, size_t *ret_n)
{
        Splitter s = {.from = line, .to = line};
        size_t n = 0;
        for (;;) {
                while (is_blank(*s.from))
                        s.from++;
                if (!*s.from)
                        break;
                if (n == CONTROL_WORDS_MAX)
                        return refuse(r, "more than %d words", CONTROL_WORDS_MAX);
                r->words[n++] = s.to;
                const char *wrong = copy_word(&s);
                if (wrong)
                        return wrong;
                s.from += *s.from != '\0';
                *s.to++ = '\0';
        }
        *ret_n = n;
        return NULL;
}

/* ---- options ------------------------------------------------------------- */

typedef struct RequestOption {
        const char *word; /* ends with '=' when it takes a value */
        bool (*store)(ControlRequest *r, const char *value);
} RequestOption;

static bool store_follow(ControlRequest *r, const char *value UNUSED)
{
        return r->follow = true;
}

static bool store_all(ControlRequest *r, const char *value UNUSED)
{
        return r->all = true;
}

static bool store_no_wait(ControlRequest *r, const char *value UNUSED)
{
        return r->no_wait = true;
}

static bool store_since(ControlRequest *r, const char *value)
{
        uint64_t v;
        if (parse_u64(span_of(value), &v) < 0 || v > INT64_MAX)
                return false;
        r->since_usec = (int64_t)v;
        return r->has_since = true;
}

static bool store_tail(ControlRequest *r, const char *value)
{
        uint64_t v;
        if (parse_u64(span_of(value), &v) < 0)
                return false;
        r->tail = v;
        return r->has_tail = true;
}

static const RequestOption request_options[] = {
        {"-f", store_follow},      {"--all", store_all},    {"--no-wait", store_no_wait},
        {"--since=", store_since}, {"--tail=", store_tail},
};

static bool row_takes(const ControlRow *row, const char *option)
{
        Span left = span_of(row->options), word;
        while (span_next(&left, ' ', &word))
                if (span_equal(word, span_of(option)))
                        return true;
        return false;
}

static const char *take_option(ControlRequest *r, const ControlRow *row, const char *word)
{
        Span typed = span_of(word);
        for (size_t i = 0; i < ARRAY_SIZE(request_options); i++) {
                const RequestOption *o = &request_options[i];
                Span name = span_of(o->word);
                bool valued = span_ends(name, SPAN("="));
                if (!(valued ? span_starts(typed, name) : span_equal(typed, name)) ||
                    !row_takes(row, o->word))
                        continue;
                if (o->store(r, word + name.len))
                        return NULL;
                return refuse(r, "%s takes a whole number", o->word);
        }
        Span name = shown(word);
        return refuse(r, "%s has no option %.*s", row->word, (int)name.len, name.ptr);
}

/* ---- the whole ----------------------------------------------------------- */

static const char *find_command(ControlRequest *r)
{
        Nearest near = NEAREST_INIT(span_of(r->words[0]));
        for (unsigned i = 0; i < _CONTROL_COMMAND_MAX; i++) {
                if (strcmp(control_table[i].word, r->words[0]) == 0) {
                        r->command = (ControlCommand)i;
                        return NULL;
                }
                nearest_offer(&near, control_table[i].word);
        }
        Span name = shown(r->words[0]);
        return refuse(r, "unknown command %.*s%s%s%s", (int)name.len, name.ptr,
                      near.best ? "; did you mean " : "", near.best ? near.best : "", near.best ? "?" : "");
}

static const char *check_names(ControlRequest *r, const ControlRow *row)
{
        if (row->names == CONTROL_NAMES_NONE && r->n_names)
                return refuse(r, "%s takes no names", row->word);
        if (row->names == CONTROL_NAMES_ONE && r->n_names != 1)
                return refuse(r, "%s takes one name", row->word);
        if (row->names == CONTROL_NAMES_SOME && (r->n_names > 0) == r->all)
                return refuse(r, "%s takes names, or --all", row->word);
        return NULL;
}

/* Names move to the front of the words, in their order; options go away. */
static const char *take_words(ControlRequest *r, size_t n)
{
        const ControlRow *row = &control_table[r->command];
        bool ended = false;
        r->names = r->words;
        for (size_t i = 1; i < n; i++) {
                const char *word = r->words[i];
                if (ended || word[0] != '-') {
                        r->words[r->n_names++] = word;
                        continue;
                }
                ended = strcmp(word, "--") == 0;
                const char *wrong = ended ? NULL : take_option(r, row, word);
                if (wrong)
                        return wrong;
        }
        return check_names(r, row);
}

const char *control_parse(char *line, ControlRequest *ret)
{
        size_t n = 0;
        memset(ret, 0, offsetof(ControlRequest, words));
        const char *wrong = split(line, ret, &n);
        if (wrong)
                return wrong;
        if (n == 0)
                return "no command";
        wrong = find_command(ret);
        return wrong ? wrong : take_words(ret, n);
}
