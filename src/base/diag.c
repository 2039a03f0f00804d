/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/json-writer.h"
#include "base/utf8.h"
#include "base/wire.h"

enum {
        DIAG_ARENA_CAP = 4 * 1024 * 1024,
        DIAG_MESSAGE_CAP = 4 * 1024, /* with the NUL */
        DIAG_SOURCE_SHOWN = 160,     /* characters of a source line that are printed */
        DIAG_WIRE_MAGIC = 0x31474944,
};

/* A finding whose texts are elsewhere: in the caller's arguments, in a received message. */
typedef struct Finding {
        DiagSeverity severity;
        uint32_t line, col, width;
        Span file, key, message, source; /* borrowed; ptr is NULL when there is none */
} Finding;

static const char *const severity_names[_DIAG_SEVERITY_MAX] = {
        [DIAG_NOTE] = "note",
        [DIAG_WARNING] = "warning",
        [DIAG_ERROR] = "error",
};

/* SGR codes as gcc and clang use them. */
static const char *const severity_colours[_DIAG_SEVERITY_MAX] = {
        [DIAG_NOTE] = "\033[1;36m",
        [DIAG_WARNING] = "\033[1;35m",
        [DIAG_ERROR] = "\033[1;31m",
};

const char *diag_severity_name(DiagSeverity s)
{
        return severity_names[s];
}

void diag_list_init(DiagList *l)
{
        *l = (DiagList){.arena = ARENA_INIT(DIAG_ARENA_CAP)};
        l->last = &l->first;
}

void diag_list_done(DiagList *l)
{
        arena_done(&l->arena);
        diag_list_init(l);
}

/* Counters stop at the top: one that began again at 0 would say that there are no errors. */
static uint32_t add_count(uint32_t a, uint32_t b)
{
        uint32_t sum;
        return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

/* False when memory ran out. */
static bool keep(DiagList *l, Span s, const char **ret_text)
{
        *ret_text = s.ptr ? arena_strdup(&l->arena, s) : NULL;
        return *ret_text || !s.ptr;
}

static int diag_push(DiagList *l, const Finding *f)
{
        if ((uint64_t)l->count[DIAG_NOTE] + l->count[DIAG_WARNING] + l->count[DIAG_ERROR] >= DIAG_MAX)
                return -ENOBUFS;

        Diag *d = ARENA_NEW(&l->arena, Diag);
        if (!d)
                return -ENOMEM;
        d->severity = f->severity;
        d->at = (DiagAt){.line = f->line, .col = f->col, .width = f->width};
        if (!keep(l, f->file, &d->at.file) || !keep(l, f->key, &d->key) ||
            !keep(l, f->message, &d->message) || !keep(l, f->source, &d->source))
                return -ENOMEM;
        *l->last = d;
        l->last = &d->next;
        return 0;
}

static void diag_note(DiagList *l, const Finding *f)
{
        if (diag_push(l, f) < 0)
                l->dropped = add_count(l->dropped, 1);
        l->count[f->severity] = add_count(l->count[f->severity], 1);
}

/* What does not fit is cut off before a character, and that is shown. */
static void cut_message(char text[static DIAG_MESSAGE_CAP])
{
        static const char more[] = "...";
        size_t n = DIAG_MESSAGE_CAP - sizeof(more);
        while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
                n--;
        memcpy(text + n, more, sizeof(more));
}

void diag_vadd(DiagList *l, DiagSeverity severity, DiagAt at, const char *key, const char *fmt, va_list ap)
{
        char text[DIAG_MESSAGE_CAP];
        int n = vsnprintf(text, sizeof(text), fmt, ap);
        if (n >= (int)sizeof(text))
                cut_message(text);

        Finding f = {
                .severity = severity,
                .line = at.line,
                .col = at.col,
                .width = at.width,
                .file = span_of(at.file),
                .key = span_of(key),
                .message = span_of(n < 0 ? fmt : text),
        };
        diag_note(l, &f);
}

void diag_add(DiagList *l, DiagSeverity severity, DiagAt at, const char *key, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        diag_vadd(l, severity, at, key, fmt, ap);
        va_end(ap);
}

static int compare_text(const char *a, const char *b)
{
        if (!a || !b)
                return (a != NULL) - (b != NULL);
        return a == b ? 0 : strcmp(a, b);
}

static bool stands_before(const Diag *a, const Diag *b)
{
        int r = compare_text(a->at.file, b->at.file);
        if (r)
                return r < 0;
        /* 0 - 1 wraps to the largest: what has no line comes last. */
        if (a->at.line != b->at.line)
                return a->at.line - 1U < b->at.line - 1U;
        return a->at.col < b->at.col;
}

/* Merge sort of a list: at most DIAG_MAX entries, no memory needed, stable. */
static Diag *merge_sort(Diag *list)
{
        if (!list || !list->next)
                return list;
        Diag *slow = list;
        for (Diag *fast = list->next; fast && fast->next; fast = fast->next->next)
                slow = slow->next;
        Diag *b = slow->next, *out = NULL, **tail = &out;
        slow->next = NULL;
        Diag *a = merge_sort(list);
        b = merge_sort(b);
        while (a && b) {
                Diag **from = stands_before(b, a) ? &b : &a;
                *tail = *from;
                tail = &(*from)->next;
                *from = *tail;
        }
        *tail = a ? a : b;
        return out;
}

void diag_list_sort(DiagList *l)
{
        l->first = merge_sort(l->first);
        l->last = &l->first;
        while (*l->last)
                l->last = &(*l->last)->next;
}

void diag_list_promote(DiagList *l)
{
        for (Diag *d = l->first; d; d = d->next)
                if (d->severity == DIAG_WARNING)
                        d->severity = DIAG_ERROR;
        l->count[DIAG_ERROR] = add_count(l->count[DIAG_ERROR], l->count[DIAG_WARNING]);
        l->count[DIAG_WARNING] = 0;
}

bool diag_list_has_errors(const DiagList *l)
{
        return l->count[DIAG_ERROR] > 0;
}

static int format_where(const Diag *d, bool colour, Buf *b)
{
        if (!d->at.file)
                return 0;
        int r = colour ? buf_append_str(b, "\033[1m") : 0;
        if (r == 0)
                r = utf8_escape(b, span_of(d->at.file));
        if (r == 0 && d->at.line)
                r = buf_appendf(b, ":%u", d->at.line);
        if (r == 0 && d->at.line && d->at.col)
                r = buf_appendf(b, ":%u", d->at.col);
        if (r == 0)
                r = buf_append_str(b, ": ");
        if (r == 0 && colour)
                r = buf_append_str(b, "\033[0m");
        return r;
}

/* Part of the line around the caret, what is not printable shown as one space or '?' each. */
static int format_source(const Diag *d, bool colour, Buf *b)
{
        Span s = span_of(d->source);
        size_t col = MIN((size_t)MAX(d->at.col, 1U), utf8_length(s) + 1);
        size_t from = col > DIAG_SOURCE_SHOWN * 3 / 4 ? col - DIAG_SOURCE_SHOWN / 2 : 1;
        size_t nth = 1;
        int r = buf_append_str(b, "    ");
        for (; s.len && nth < from + DIAG_SOURCE_SHOWN && r == 0; nth++) {
                size_t n = utf8_sequence(s);
                if (nth >= from)
                        r = utf8_printable(s) ? buf_append(b, s.ptr, n) : buf_append_char(b, n ? ' ' : '?');
                s = span_skip(s, MAX(n, (size_t)1));
        }
        if (r == 0)
                r = buf_append_str(b, colour ? "\n    \033[1;32m" : "\n    ");
        for (size_t i = from; i < col && r == 0; i++)
                r = buf_append_char(b, ' ');
        if (r == 0)
                r = buf_append_char(b, '^');
        for (size_t i = 1; i < d->at.width && col + i < nth && r == 0; i++)
                r = buf_append_char(b, '~');
        if (r == 0)
                r = buf_append_str(b, colour ? "\033[0m\n" : "\n");
        return r;
}

int diag_format_text(const Diag *d, bool colour, Buf *b)
{
        int r = format_where(d, colour, b);
        if (r == 0)
                r = buf_appendf(b, "%s%s:%s ", colour ? severity_colours[d->severity] : "",
                                severity_names[d->severity], colour ? "\033[0m" : "");
        if (r == 0 && d->key) {
                r = utf8_escape(b, span_of(d->key));
                if (r == 0)
                        r = buf_append_str(b, ": ");
        }
        if (r == 0)
                r = utf8_escape(b, span_of(d->message));
        if (r == 0)
                r = buf_append_char(b, '\n');
        if (r == 0 && d->source)
                r = format_source(d, colour, b);
        return r;
}

int diag_format_json(const Diag *d, Buf *b)
{
        JsonWriter w = JSON_WRITER(b);
        json_write_object(&w);
        json_write_key(&w, "file");
        json_write_str(&w, d->at.file);
        json_write_key(&w, "line");
        json_write_uint(&w, d->at.line);
        json_write_key(&w, "col");
        json_write_uint(&w, d->at.col);
        json_write_key(&w, "severity");
        json_write_str(&w, severity_names[d->severity]);
        json_write_key(&w, "key");
        json_write_str(&w, d->key);
        json_write_key(&w, "message");
        json_write_str(&w, d->message);
        json_write_object_end(&w);
        int r = json_write_done(&w);
        return r < 0 ? r : buf_append_char(b, '\n');
}

/* NULL travels as a flag, so that it stays apart from "". */
static int put_text(Buf *b, const char *text)
{
        int r = wire_put_u8(b, text != NULL);
        return r < 0 || !text ? r : wire_put_span(b, span_of(text));
}

static int diag_encode(const Diag *d, Buf *b)
{
        const uint32_t numbers[] = {(uint32_t)d->severity, d->at.line, d->at.col, d->at.width};
        const char *const texts[] = {d->at.file, d->key, d->message, d->source};
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(numbers) && r == 0; i++)
                r = wire_put_u32(b, numbers[i]);
        for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
                r = put_text(b, texts[i]);
        return r;
}

int diag_list_encode(const DiagList *l, Buf *b)
{
        uint32_t n = 0;
        for (const Diag *d = l->first; d; d = d->next)
                n++;

        const uint32_t head[] = {DIAG_WIRE_MAGIC, n, l->count[DIAG_NOTE], l->count[DIAG_WARNING],
                                 l->count[DIAG_ERROR]};
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(head) && r == 0; i++)
                r = wire_put_u32(b, head[i]);
        for (const Diag *d = l->first; d && r == 0; d = d->next)
                r = diag_encode(d, b);
        return r;
}

/* A text of ours has no NUL in it. */
static Span get_text(WireReader *r)
{
        uint8_t there = wire_get_u8(r);
        Span s = there ? wire_get_span(r) : SPAN_NONE;
        r->bad |= there > 1 || span_find(s, '\0') < s.len;
        return s;
}

static int finding_decode(WireReader *r, Finding *ret)
{
        uint32_t severity = wire_get_u32(r);
        Finding f = {.line = wire_get_u32(r)};
        f.col = wire_get_u32(r);
        f.width = wire_get_u32(r);
        f.file = get_text(r);
        f.key = get_text(r);
        f.message = get_text(r);
        f.source = get_text(r);
        if (r->bad || severity >= _DIAG_SEVERITY_MAX || !f.message.ptr)
                return -EBADMSG;
        f.severity = (DiagSeverity)severity;
        *ret = f;
        return 0;
}

/* All of it is read before any of it is believed: `count` are the findings less those that came. */
static int check_entries(WireReader r, uint32_t n, uint32_t count[static _DIAG_SEVERITY_MAX])
{
        for (uint32_t i = 0; i < n; i++) {
                Finding f;
                int k = finding_decode(&r, &f);
                if (k < 0)
                        return k;
                if (count[f.severity]-- == 0)
                        return -EBADMSG;
        }
        return r.left.len ? -EBADMSG : 0;
}

int diag_list_decode(Span bytes, DiagList *l)
{
        WireReader r = {.left = bytes};
        uint32_t magic = wire_get_u32(&r), n = wire_get_u32(&r), more[_DIAG_SEVERITY_MAX];
        for (int i = 0; i < _DIAG_SEVERITY_MAX; i++)
                more[i] = wire_get_u32(&r);
        if (r.bad || magic != DIAG_WIRE_MAGIC || n > DIAG_MAX)
                return -EBADMSG;
        int k = check_entries(r, n, more);
        if (k < 0)
                return k;

        for (uint32_t i = 0; i < n; i++) {
                Finding f;
                k = finding_decode(&r, &f);
                assert(k == 0);
                diag_note(l, &f);
        }
        for (int s = 0; s < _DIAG_SEVERITY_MAX; s++) { /* what the sender had dropped */
                l->count[s] = add_count(l->count[s], more[s]);
                l->dropped = add_count(l->dropped, more[s]);
        }
        return 0;
}
