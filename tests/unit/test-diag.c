/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <jansson.h>
#include <wchar.h>

#include "base/diag.h"
#include "base/utf8.h"
#include "base/wire.h"
#include "support/oom.h"

#define AT(f, l, c, w) ((DiagAt){.file = (f), .line = (l), .col = (c), .width = (w)})

enum { MUTATIONS = 100000, WIRE_HEAD = 5 * sizeof(uint32_t) };

static uint32_t length(const DiagList *l)
{
        uint32_t n = 0;
        for (const Diag *d = l->first; d; d = d->next)
                n++;
        return n;
}

static void check_text(const Diag *d, bool colour, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(10000);
        assert_int_equal(diag_format_text(d, colour, &b), 0);
        assert_span_equal(buf_span(&b), span_of(want));
        for (size_t cap = 0; cap < b.len; cap += 3) {
                CLEANUP(buf_done) Buf small = BUF_INIT(cap);
                assert_int_equal(diag_format_text(d, colour, &small), -ENOBUFS);
        }
}

static void test_add(void **state UNUSED)
{
        char file[] = "a.yaml", key[] = "log.level";
        DiagList l;
        diag_list_init(&l);
        assert_false(diag_list_has_errors(&l));
        diag_add(&l, DIAG_WARNING, AT(file, 3, 5, 2), key, "value %d", 7);
        assert_false(diag_list_has_errors(&l));
        diag_add(&l, DIAG_ERROR, AT(NULL, 0, 0, 0), NULL, "second");
        assert_true(diag_list_has_errors(&l));
        memset(file, 'x', sizeof(file) - 1); /* the list has its own */
        memset(key, 'x', sizeof(key) - 1);

        const Diag *d = l.first;
        assert_int_equal(d->severity, DIAG_WARNING);
        assert_string_equal(d->at.file, "a.yaml");
        assert_int_equal(d->at.line, 3);
        assert_int_equal(d->at.col, 5);
        assert_int_equal(d->at.width, 2);
        assert_string_equal(d->key, "log.level");
        assert_string_equal(d->message, "value 7");
        assert_null(d->source);
        assert_null(d->next->at.file);
        assert_null(d->next->key);
        assert_string_equal(d->next->message, "second");
        assert_null(d->next->next);
        assert_int_equal(l.count[DIAG_WARNING], 1);
        assert_int_equal(l.count[DIAG_ERROR], 1);
        assert_int_equal(l.count[DIAG_NOTE], 0);
        assert_int_equal(l.dropped, 0);
        assert_string_equal(diag_severity_name(DIAG_NOTE), "note");
        assert_string_equal(diag_severity_name(DIAG_WARNING), "warning");
        assert_string_equal(diag_severity_name(DIAG_ERROR), "error");
        diag_list_done(&l);
        assert_null(l.first);
        diag_add(&l, DIAG_NOTE, AT(NULL, 0, 0, 0), NULL, "again");
        assert_int_equal(length(&l), 1);
        diag_list_done(&l);
}

/* A message that is too long is cut, not replaced by its format, and not inside a character. */
static void test_long_message(void **state UNUSED)
{
        for (size_t n = 4080; n < 4110; n++) {
                DiagList l;
                CLEANUP_FREE char *text = calloc(1, 2 * n + 1);
                assert_non_null(text);
                for (size_t i = 0; i < n; i++)
                        memcpy(text + 2 * i, "\xc3\xa4", 2);
                diag_list_init(&l);
                diag_add(&l, DIAG_ERROR, AT(NULL, 0, 0, 0), NULL, "%.*s%s", (int)(n % 2), "-", text);
                diag_add(&l, DIAG_ERROR, AT(NULL, 0, 0, 0), NULL, "%0*d", (int)n, 0);
                Span s = span_of(l.first->message);
                assert_true(utf8_valid(s) && span_ends(s, SPAN("\xc3\xa4...")));
                assert_in_range(s.len, 4090, 4095);
                s = span_of(l.first->next->message);
                assert_int_equal(s.len, MIN(n, 4095));
                assert_int_equal(span_ends(s, SPAN("0...")), n > 4095);
                diag_list_done(&l);
        }
}

/* printf refuses a wide character that the locale has not: better the bare format than nothing. */
static void test_bad_format(void **state UNUSED)
{
        DiagList l;
        diag_list_init(&l);
        diag_add(&l, DIAG_ERROR, AT(NULL, 0, 0, 0), NULL, "odd %lc", (wint_t)0x20ac);
        assert_string_equal(l.first->message, "odd %lc");
        diag_list_done(&l);
}

static void test_text(void **state UNUSED)
{
        Diag d = {.severity = DIAG_ERROR,
                  .at = AT("etc/a.yaml", 12, 9, 5),
                  .key = "servers.fs.comand",
                  .message = "unknown key; did you mean 'command'?",
                  .source = "    comand: x"};
        check_text(&d, false,
                   "etc/a.yaml:12:9: error: servers.fs.comand: unknown key; did you mean 'command'?\n"
                   "        comand: x\n"
                   "            ^~~~~\n");
        check_text(&d, true,
                   "\033[1metc/a.yaml:12:9: \033[0m\033[1;31merror:\033[0m servers.fs.comand: unknown key; "
                   "did you "
                   "mean 'command'?\n"
                   "        comand: x\n"
                   "    \033[1;32m        ^~~~~\033[0m\n");
        d.severity = DIAG_WARNING;
        d.source = NULL;
        d.key = NULL;
        check_text(&d, false, "etc/a.yaml:12:9: warning: unknown key; did you mean 'command'?\n");
        check_text(&d, true,
                   "\033[1metc/a.yaml:12:9: \033[0m\033[1;35mwarning:\033[0m unknown key; did you mean "
                   "'command'?\n");
        d.at.col = 0;
        d.message = "m";
        check_text(&d, false, "etc/a.yaml:12: warning: m\n");
        d.at = AT("etc/a.yaml", 0, 7, 0);
        check_text(&d, false, "etc/a.yaml: warning: m\n");
        d.at.file = NULL;
        d.severity = DIAG_NOTE;
        check_text(&d, false, "note: m\n");
        check_text(&d, true, "\033[1;36mnote:\033[0m m\n");
        d.at = AT(NULL, 3, 4, 0); /* a place in no file is none */
        check_text(&d, false, "note: m\n");
}

/* Nothing of what a stranger wrote reaches the terminal as more than text. */
static void test_hostile_text(void **state UNUSED)
{
        Diag d = {
                .severity = DIAG_ERROR, .at = AT("a\nb", 1, 1, 0), .key = "k\033[2J", .message = "m\r\xff\\"};
        check_text(&d, false, "a\\x0ab:1:1: error: k\\x1b[2J: m\\x0d\\xff\\\\\n");
        d = (Diag){.severity = DIAG_ERROR,
                   .at = AT("f", 1, 8, 3),
                   .message = "m",
                   .source = "a\tb\033[\x7f\xff\xc2\x9b"
                             "c\xe2\x80\xae"
                             "d\xe2\x82"};
        check_text(&d, false,
                   "f:1:8: error: m\n"
                   "    a b [ ? c d??\n"
                   "           ^~~\n");
}

static void test_caret(void **state UNUSED)
{
        static const struct {
                const char *source;
                uint32_t col, width;
                const char *want;
        } rows[] = {
                {"abc", 1, 0, "    abc\n    ^\n"},
                {"abc", 1, 1, "    abc\n    ^\n"},
                {"abc", 0, 2, "    abc\n    ^~\n"},
                {"abc", 3, 1, "    abc\n      ^\n"},
                {"abc", 2, 9, "    abc\n     ^~\n"}, /* not past the end */
                {"abc", 2, UINT32_MAX, "    abc\n     ^~\n"},
                {"abc", 4, 1, "    abc\n       ^\n"}, /* at the end */
                {"abc", 5, 1, "    abc\n       ^\n"}, /* past it: at the end */
                {"abc", UINT32_MAX, 3, "    abc\n       ^\n"},
                {"abc", UINT32_MAX, UINT32_MAX, "    abc\n       ^\n"},
                {"", 1, 1, "    \n    ^\n"},
                {"", 0, 5, "    \n    ^\n"},
                {"\t\tx: 1", 3, 1, "      x: 1\n      ^\n"},
                /* columns are characters, however wide they are drawn */
                {"\xc3\xa4\xe2\x82\xac\xe6\x97\xa5: x", 3, 2,
                 "    \xc3\xa4\xe2\x82\xac\xe6\x97\xa5: x\n      ^~\n"},
                {"\xff\xfe"
                 "ab",
                 3, 2, "    ??ab\n      ^~\n"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char want[200];
                Diag d = {.at = AT("f", 1, rows[i].col, rows[i].width),
                          .message = "m",
                          .source = rows[i].source};
                if (rows[i].col)
                        (void)snprintf(want, sizeof(want), "f:1:%u: note: m\n%s", rows[i].col, rows[i].want);
                else
                        (void)snprintf(want, sizeof(want), "f:1: note: m\n%s", rows[i].want);
                check_text(&d, false, want);
        }
}

/* The caret stands under its character, wherever that is in a long line; 160 characters at most are shown. */
static void test_long_line(void **state UNUSED)
{
        enum { LENGTH = 1000 };
        char source[LENGTH + 1];
        for (size_t i = 0; i < LENGTH; i++)
                source[i] = (char)('!' + i % 89); /* a prime: no two windows are alike */
        source[LENGTH] = '\0';
        for (uint32_t col = 1; col <= LENGTH + 2; col++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(1000);
                Diag d = {.at = AT(NULL, 0, col, 400), .message = "m", .source = source};
                assert_int_equal(diag_format_text(&d, false, &b), 0);
                Span s = buf_span(&b), head, line = SPAN_NONE, caret = SPAN_NONE;
                assert_true(span_next(&s, '\n', &head) && span_next(&s, '\n', &line) &&
                            span_next(&s, '\n', &caret));
                line = span_skip(line, 4);
                caret = span_skip(caret, 4);
                size_t at = span_find(caret, '^');
                assert_true(line.len <= 160 && at <= line.len && caret.len <= MAX(line.len, at + 1));
                uint32_t first = MIN(col, (uint32_t)LENGTH + 1) -
                                 (uint32_t)at; /* the line begins with this column */
                assert_span_equal(line, span_from(source + first - 1, line.len));
                assert_int_equal(first == 1, col <= 120);
                assert_true(first == 1 || at == 80);
                assert_true(line.len == 160 || first + line.len == LENGTH + 1);
                for (size_t i = 0; i < caret.len; i++)
                        assert_int_equal(caret.ptr[i], i < at ? ' ' : i == at ? '^' : '~');
                assert_int_equal(caret.len, MAX(line.len, at + 1));
        }
}

static void check_json(const Diag *d, const char *want)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        assert_int_equal(diag_format_json(d, &b), 0);
        assert_span_equal(buf_span(&b), span_of(want));
        json_t *v = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(v);
        json_decref(v);
        for (size_t cap = 0; cap < b.len; cap++) {
                CLEANUP(buf_done) Buf small = BUF_INIT(cap);
                assert_int_equal(diag_format_json(d, &small), -ENOBUFS);
        }
}

static void test_json(void **state UNUSED)
{
        Diag d = {.severity = DIAG_ERROR,
                  .at = AT("a\"b", 12, 9, 5),
                  .key = "log.level",
                  .message = "no \xff",
                  .source = "not shown"};
        check_json(&d,
                   "{\"file\":\"a\\\"b\",\"line\":12,\"col\":9,\"severity\":\"error\",\"key\":\"log.level\","
                   "\"message\":\"no \xef\xbf\xbd\"}\n");
        d = (Diag){.severity = DIAG_NOTE, .message = ""};
        check_json(
                &d,
                "{\"file\":null,\"line\":0,\"col\":0,\"severity\":\"note\",\"key\":null,\"message\":\"\"}\n");
}

static void test_sort_order(void **state UNUSED)
{
        static const DiagAt sorted[] = {{NULL, 1, 1, 0}, {NULL, 0, 0, 0},         {"a", 1, 0, 0},
                                        {"a", 1, 1, 0},  {"a", 2, 1, 0},          {"a", 2, 9, 0},
                                        {"a", 10, 1, 0}, {"a", UINT32_MAX, 1, 0}, {"a", 0, 0, 0},
                                        {"b", 1, 1, 0},  {"b", 0, 0, 0}};
        enum { N = ARRAY_SIZE(sorted) };
        SeededRandom random;
        test_random_init(&random);
        for (int round = 0; round < 200; round++) {
                size_t order[N], i = 0;
                DiagList l;
                diag_list_init(&l);
                for (size_t k = 0; k < N; k++) {
                        size_t other = random_below(&random.random, k + 1);
                        order[k] = order[other];
                        order[other] = k;
                }
                for (size_t k = 0; k < N; k++)
                        diag_add(&l, DIAG_NOTE, sorted[order[k]], NULL, "%zu", order[k]);
                diag_list_sort(&l);
                for (const Diag *d = l.first; d; d = d->next, i++)
                        assert_int_equal(strtoul(d->message, NULL, 10), i);
                assert_int_equal(i, N);
                diag_list_done(&l);
        }
}

/* What stands at one place stays in the order it came; nothing is lost; adding goes on at the end. */
static void test_sort_stable(void **state UNUSED)
{
        SeededRandom random;
        test_random_init(&random);
        for (unsigned n = 0; n < 70; n++) {
                DiagList l;
                diag_list_init(&l);
                for (unsigned i = 0; i < n; i++)
                        diag_add(&l, DIAG_NOTE, AT("f", 1 + (uint32_t)random_below(&random.random, 5), 1, 0),
                                 NULL, "%u", i);
                diag_list_sort(&l);
                assert_int_equal(length(&l), n);
                for (const Diag *d = l.first; d && d->next; d = d->next) {
                        assert_true(d->at.line <= d->next->at.line);
                        if (d->at.line == d->next->at.line)
                                assert_true(strtoul(d->message, NULL, 10) <
                                            strtoul(d->next->message, NULL, 10));
                }
                diag_add(&l, DIAG_NOTE, AT("f", 1, 1, 0), NULL, "after");
                assert_int_equal(length(&l), n + 1);
                const Diag *last = l.first;
                while (last->next)
                        last = last->next;
                assert_string_equal(last->message, "after");
                diag_list_done(&l);
        }
}

static void test_promote(void **state UNUSED)
{
        DiagList l;
        diag_list_init(&l);
        diag_add(&l, DIAG_WARNING, AT(NULL, 0, 0, 0), NULL, "w");
        diag_add(&l, DIAG_NOTE, AT(NULL, 0, 0, 0), NULL, "n");
        diag_add(&l, DIAG_ERROR, AT(NULL, 0, 0, 0), NULL, "e");
        diag_list_promote(&l);
        assert_int_equal(l.first->severity, DIAG_ERROR);
        assert_int_equal(l.first->next->severity, DIAG_NOTE);
        assert_int_equal(l.first->next->next->severity, DIAG_ERROR);
        assert_int_equal(l.count[DIAG_ERROR], 2);
        assert_int_equal(l.count[DIAG_WARNING], 0);
        assert_int_equal(l.count[DIAG_NOTE], 1);
        diag_list_done(&l);
}

static void check_same(const DiagList *a, const DiagList *b)
{
        CLEANUP(buf_done) Buf x = BUF_INIT(BUF_CAP_NONE), y = BUF_INIT(BUF_CAP_NONE);
        assert_memory_equal(a->count, b->count, sizeof(a->count));
        assert_int_equal(a->dropped, b->dropped);
        assert_int_equal(diag_list_encode(a, &x), 0);
        assert_int_equal(diag_list_encode(b, &y), 0);
        assert_span_equal(buf_span(&x), buf_span(&y));
}

static void test_cap(void **state UNUSED)
{
        DiagList l, other;
        diag_list_init(&l);
        diag_list_init(&other);
        for (unsigned i = 0; i < DIAG_MAX; i++)
                diag_add(&l, DIAG_WARNING, AT("f", i, 0, 0), NULL, "%u", i);
        assert_int_equal(length(&l), DIAG_MAX);
        assert_int_equal(l.dropped, 0);
        assert_false(diag_list_has_errors(&l));
        for (unsigned i = 0; i < 5; i++)
                diag_add(&l, DIAG_ERROR, AT("f", 1, 0, 0), NULL, "one too many");
        assert_int_equal(length(&l), DIAG_MAX);
        assert_int_equal(l.dropped, 5);
        assert_int_equal(l.count[DIAG_ERROR], 5);
        assert_true(diag_list_has_errors(&l)); /* an error that was dropped is one */

        /* The same on the other side; and twice into one list does not pass the cap. */
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(diag_list_encode(&l, &b), 0);
        assert_int_equal(diag_list_decode(buf_span(&b), &other), 0);
        check_same(&l, &other);
        assert_int_equal(diag_list_decode(buf_span(&b), &other), 0);
        assert_int_equal(length(&other), DIAG_MAX);
        assert_int_equal(other.dropped, 1010);
        assert_int_equal(other.count[DIAG_WARNING], 2000);
        diag_list_done(&l);
        diag_list_done(&other);
}

/* Large texts fill the memory before the count is reached: dropped, and said so. */
static void test_memory_cap(void **state UNUSED)
{
        DiagList l;
        static char key[100001];
        memset(key, 'k', sizeof(key) - 1);
        diag_list_init(&l);
        for (unsigned i = 0; i < 100; i++)
                diag_add(&l, DIAG_ERROR, AT("f", 1, 0, 0), key, "m");
        assert_in_range(length(&l), 30, 60);
        assert_int_equal(length(&l) + l.dropped, 100);
        assert_int_equal(l.count[DIAG_ERROR], 100);
        for (const Diag *d = l.first; d; d = d->next) /* whole, or not at all */
                assert_true(d->key && d->message && d->at.file);
        diag_list_done(&l);
}

static void sample(DiagList *l)
{
        diag_list_init(l);
        diag_add(l, DIAG_ERROR, AT("etc/a.yaml", 3, 5, 2), "log.level", "unknown value");
        diag_add(l, DIAG_WARNING, AT("", 0, 0, 0), NULL, "%s", "");
        diag_add(l, DIAG_NOTE, AT(NULL, UINT32_MAX, UINT32_MAX, UINT32_MAX), "", "\xff\n");
        diag_add(l, DIAG_ERROR, AT("b", 1, 1, 1), "k", "last");
        l->first->source = "  level: lound"; /* attached by who read the file */
        l->first->next->source = "";
}

static void test_round_trip(void **state UNUSED)
{
        DiagList l, back;
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        sample(&l);
        diag_list_init(&back);
        assert_int_equal(diag_list_encode(&l, &b), 0);
        assert_int_equal(diag_list_decode(buf_span(&b), &back), 0);
        check_same(&l, &back);
        memset(b.data, 'x', b.len); /* the list has its own */

        const Diag *d = back.first;
        assert_string_equal(d->source, "  level: lound");
        assert_string_equal(d->at.file, "etc/a.yaml");
        assert_int_equal(d->severity, DIAG_ERROR);
        assert_int_equal(d->at.line, 3);
        assert_int_equal(d->at.col, 5);
        assert_int_equal(d->at.width, 2);
        d = d->next;
        assert_string_equal(d->at.file, "");
        assert_null(d->key); /* none, and not "" */
        assert_string_equal(d->message, "");
        assert_string_equal(d->source, "");
        d = d->next;
        assert_null(d->at.file);
        assert_string_equal(d->key, "");
        assert_null(d->source);

        /* Added to what is there. */
        buf_clear(&b);
        assert_int_equal(diag_list_encode(&l, &b), 0);
        assert_int_equal(diag_list_decode(buf_span(&b), &back), 0);
        assert_int_equal(length(&back), 8);
        assert_int_equal(back.count[DIAG_ERROR], 4);
        diag_list_done(&l);
        diag_list_done(&back);

        buf_clear(&b);
        diag_list_init(&l);
        assert_int_equal(diag_list_encode(&l, &b), 0);
        assert_int_equal(diag_list_decode(buf_span(&b), &back), 0);
        assert_null(back.first);
}

static void test_encode_full(void **state UNUSED)
{
        DiagList l;
        CLEANUP(buf_done) Buf whole = BUF_INIT(1000);
        sample(&l);
        assert_int_equal(diag_list_encode(&l, &whole), 0);
        for (size_t cap = 0; cap < whole.len; cap++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(cap);
                assert_int_equal(diag_list_encode(&l, &b), -ENOBUFS);
        }
        diag_list_done(&l);
}

/* -EBADMSG and nothing added; or taken for exactly what the bytes say. */
static int decode(Span bytes)
{
        DiagList l;
        CLEANUP_FREE char *exact = malloc(bytes.len ? bytes.len : 1); /* a look past the end is seen */
        assert_non_null(exact);
        memcpy(exact, bytes.ptr, bytes.len);
        diag_list_init(&l);
        int r = diag_list_decode(span_from(exact, bytes.len), &l);
        if (r == 0) {
                CLEANUP(buf_done) Buf again = BUF_INIT(BUF_CAP_NONE), text = BUF_INIT(BUF_CAP_NONE);
                assert_int_equal(diag_list_encode(&l, &again), 0);
                assert_span_equal(buf_span(&again), bytes);
                for (const Diag *d = l.first; d; d = d->next)
                        assert_int_equal(diag_format_text(d, true, &text), 0);
        } else {
                assert_int_equal(r, -EBADMSG);
                assert_null(l.first);
                assert_int_equal(l.count[DIAG_NOTE] + l.count[DIAG_WARNING] + l.count[DIAG_ERROR] + l.dropped,
                                 0);
        }
        diag_list_done(&l);
        return r;
}

static void test_truncated(void **state UNUSED)
{
        DiagList l;
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        sample(&l);
        assert_int_equal(diag_list_encode(&l, &b), 0);
        diag_list_done(&l);
        for (size_t n = 0; n < b.len; n++)
                assert_int_equal(decode(span_from(b.data, n)), -EBADMSG);
        assert_int_equal(decode(buf_span(&b)), 0);
        assert_int_equal(buf_append_char(&b, '\0'), 0);
        assert_int_equal(decode(buf_span(&b)), -EBADMSG); /* one more */
        assert_int_equal(diag_list_decode(SPAN_NONE, &l), -EBADMSG);
}

static void test_mutations(void **state UNUSED)
{
        SeededRandom random;
        DiagList l;
        CLEANUP(buf_done) Buf whole = BUF_INIT(1000), b = BUF_INIT(1000);
        unsigned good = 0;
        test_random_init(&random);
        sample(&l);
        assert_int_equal(diag_list_encode(&l, &whole), 0);
        diag_list_done(&l);
        for (int i = 0; i < MUTATIONS; i++) {
                static const uint8_t edges[] = {0, 1, 2, 3, 0x7f, 0x80, 0xff};
                buf_clear(&b);
                assert_int_equal(buf_append_span(&b, buf_span(&whole)), 0);
                for (uint64_t n = 1 + random_below(&random.random, 3); n > 0; n--) {
                        size_t at = random_below(&random.random, b.len);
                        b.data[at] = random_below(&random.random, 2)
                                             ? (char)random_next(&random.random)
                                             : (char)edges[random_below(&random.random, ARRAY_SIZE(edges))];
                }
                if (random_below(&random.random, 4) == 0)
                        b.len = random_below(&random.random, b.len + 1);
                good += decode(buf_span(&b)) == 0;
        }
        assert_in_range(good, MUTATIONS / 100, MUTATIONS - MUTATIONS / 4); /* both ways are taken */
}

static void put_head(Buf *b, const uint32_t head[static 5])
{
        for (int i = 0; i < 5; i++)
                assert_int_equal(wire_put_u32(b, head[i]), 0);
}

/* Sums that do not fit together, one at a time. */
static void test_nonsense(void **state UNUSED)
{
        enum { MAGIC = 0x31474944 };
        static const struct {
                uint32_t head[5]; /* magic, entries, notes, warnings, errors */
                uint8_t flag;
                const char *message;
                uint32_t message_len, severity;
                int r;
        } rows[] = {
                {{MAGIC, 1, 0, 0, 1}, 1, "m", 1, DIAG_ERROR, 0},
                {{MAGIC, 1, 0, 0, 9}, 1, "m", 1, DIAG_ERROR, 0}, /* 8 were dropped */
                {{MAGIC, 1, UINT32_MAX, 0, 1}, 1, "m", 1, DIAG_ERROR, 0},
                {{MAGIC, 1, 0, 0, 0}, 1, "m", 1, DIAG_ERROR, -EBADMSG}, /* fewer than there are */
                {{MAGIC, 1, 1, 1, 0}, 1, "m", 1, DIAG_ERROR, -EBADMSG},
                {{MAGIC, 0, 0, 0, 1}, 1, "m", 1, DIAG_ERROR, -EBADMSG}, /* bytes left */
                {{MAGIC, 2, 0, 0, 2}, 1, "m", 1, DIAG_ERROR, -EBADMSG},
                {{MAGIC + 1, 1, 0, 0, 1}, 1, "m", 1, DIAG_ERROR, -EBADMSG},
                {{MAGIC, 1, 9, 9, 9}, 1, "m", 1, _DIAG_SEVERITY_MAX, -EBADMSG},
                {{MAGIC, 1, 9, 9, 9}, 1, "m", 1, UINT32_MAX, -EBADMSG},
                {{MAGIC, 1, 0, 0, 1}, 2, "m", 1, DIAG_ERROR, -EBADMSG}, /* a flag is 0 or 1 */
                {{MAGIC, 1, 0, 0, 1}, 255, "m", 1, DIAG_ERROR, -EBADMSG},
                {{MAGIC, 1, 0, 0, 1}, 1, "m\0n", 3, DIAG_ERROR, -EBADMSG}, /* would be cut short */
                {{MAGIC, 1, 0, 0, 1}, 0, NULL, 0, DIAG_ERROR, -EBADMSG},   /* no message */
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(1000);
                put_head(&b, rows[i].head);
                assert_int_equal(wire_put_u32(&b, rows[i].severity), 0);
                assert_int_equal(buf_append(&b, (const char[14]){0}, 14), 0); /* no place, no file, no key */
                assert_int_equal(wire_put_u8(&b, rows[i].flag), 0);
                if (rows[i].message)
                        assert_int_equal(wire_put_span(&b, span_from(rows[i].message, rows[i].message_len)),
                                         0);
                assert_int_equal(wire_put_u8(&b, 0), 0);
                assert_row(decode(buf_span(&b)) == rows[i].r, "%zu", i);
        }

        CLEANUP(buf_done) Buf many = BUF_INIT(100000);
        put_head(&many, (const uint32_t[]){MAGIC, DIAG_MAX + 1, DIAG_MAX + 1, 0, 0});
        for (int i = 0; i <= DIAG_MAX; i++)
                assert_int_equal(buf_append(&many,
                                            "\0\0\0\0"
                                            "\0\0\0\0"
                                            "\0\0\0\0"
                                            "\0\0\0\0"
                                            "\0\0\1\0\0\0\0\0",
                                            24),
                                 0);
        assert_int_equal(decode(buf_span(&many)), -EBADMSG);
}

/* Counts at the top of their range do not begin again at "no errors". */
static void test_counts_do_not_wrap(void **state UNUSED)
{
        DiagList l;
        CLEANUP(buf_done) Buf b = BUF_INIT(WIRE_HEAD);
        put_head(&b, (const uint32_t[]){0x31474944, 0, 0, 1, UINT32_MAX});
        diag_list_init(&l);
        assert_int_equal(diag_list_decode(buf_span(&b), &l), 0);
        assert_true(diag_list_has_errors(&l));
        assert_int_equal(l.dropped, UINT32_MAX);
        diag_add(&l, DIAG_ERROR, AT(NULL, 0, 0, 0), NULL, "one more");
        assert_true(diag_list_has_errors(&l));
        assert_null(l.first); /* the list is full by far */
        diag_list_promote(&l);
        assert_int_equal(l.count[DIAG_ERROR], UINT32_MAX);
        assert_int_equal(diag_list_decode(buf_span(&b), &l), 0);
        assert_int_equal(l.count[DIAG_ERROR], UINT32_MAX);
        assert_int_equal(l.dropped, UINT32_MAX);
        diag_list_done(&l);
}

/* A finding that has no room is counted, and no half of it is kept. */
static int add_op(void *arg UNUSED)
{
        static char key[10000];
        DiagList l;
        memset(key, 'k', sizeof(key) - 1);
        diag_list_init(&l);
        for (int i = 0; i < 4; i++)
                diag_add(&l, DIAG_ERROR, AT(key, 1, 0, 0), key, "%s", key);
        assert_int_equal(l.count[DIAG_ERROR], 4);
        assert_int_equal(length(&l) + l.dropped, 4);
        for (const Diag *d = l.first; d; d = d->next)
                assert_true(d->at.file && d->key && d->message);
        int r = l.dropped ? -ENOMEM : 0;
        diag_list_done(&l);
        return r;
}

static int decode_op(void *arg)
{
        DiagList l;
        diag_list_init(&l);
        assert_int_equal(diag_list_decode(*(const Span *)arg, &l), 0);
        assert_int_equal(length(&l) + l.dropped, 4);
        assert_int_equal(l.count[DIAG_ERROR], 2);
        int r = l.dropped ? -ENOMEM : 0;
        diag_list_done(&l);
        return r;
}

static int encode_op(void *arg)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        return diag_list_encode(arg, &b);
}

static int format_op(void *arg)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(1000), json = BUF_INIT(1000);
        const DiagList *l = arg;
        int r = diag_format_text(l->first, true, &text);
        return r < 0 ? r : diag_format_json(l->first, &json);
}

static void test_oom(void **state UNUSED)
{
        DiagList l;
        CLEANUP(buf_done) Buf b = BUF_INIT(1000);
        sample(&l);
        assert_int_equal(diag_list_encode(&l, &b), 0);
        Span bytes = buf_span(&b);
        assert_true(oom_each(add_op, NULL) >= 4);
        (void)oom_each(decode_op, &bytes);
        (void)oom_each(encode_op, &l);
        (void)oom_each(format_op, &l);
        diag_list_done(&l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_add),
                cmocka_unit_test(test_long_message),
                cmocka_unit_test(test_bad_format),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_hostile_text),
                cmocka_unit_test(test_caret),
                cmocka_unit_test(test_long_line),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_sort_order),
                cmocka_unit_test(test_sort_stable),
                cmocka_unit_test(test_promote),
                cmocka_unit_test(test_cap),
                cmocka_unit_test(test_memory_cap),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_encode_full),
                cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_mutations),
                cmocka_unit_test(test_nonsense),
                cmocka_unit_test(test_counts_do_not_wrap),
                cmocka_unit_test(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
