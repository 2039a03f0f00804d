/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/json-writer.h"
#include "base/utf8.h"
#include "base/wire.h"

enum {
        DIAG_ARENA_CAP = 4 * 1024 * 1024,
        DIAG_MESSAGE_CAP = 4 * 1024,
        DIAG_SOURCE_SHOWN = 160, /* characters of a source line that are printed */
        DIAG_WIRE_MAGIC = 0x31474944,
};

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

static const char *keep(DiagList *l, const char *text)
{
        return text ? arena_strdup(&l->arena, span_of(text)) : NULL;
}

static int diag_push(DiagList *l, const Diag *d)
{
        if (l->count[DIAG_NOTE] + l->count[DIAG_WARNING] + l->count[DIAG_ERROR] >= DIAG_MAX)
                return -ENOBUFS;

        Diag *copy = ARENA_NEW(&l->arena, Diag);
        if (!copy)
                return -ENOMEM;
        *copy = (Diag){
                .severity = d->severity,
                .at = {.file = keep(l, d->at.file),
                       .line = d->at.line,
                       .col = d->at.col,
                       .width = d->at.width},
                .key = keep(l, d->key),
                .message = keep(l, d->message),
                .source = keep(l, d->source),
        };
        if (!copy->message)
                return -ENOMEM;
        *l->last = copy;
        l->last = &copy->next;
        return 0;
}

static void diag_note(DiagList *l, const Diag *d)
{
        if (diag_push(l, d) < 0)
                l->dropped++;
        l->count[d->severity]++;
}

void diag_add(DiagList *l, DiagSeverity severity, DiagAt at, const char *key, const char *fmt, ...)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(DIAG_MESSAGE_CAP);
        va_list ap;
        va_start(ap, fmt);
        int r = buf_vappendf(&text, fmt, ap);
        va_end(ap);

        Diag d = {.severity = severity, .at = at, .key = key, .message = r < 0 ? fmt : text.data};
        diag_note(l, &d);
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
        l->count[DIAG_ERROR] += l->count[DIAG_WARNING];
        l->count[DIAG_WARNING] = 0;
}

bool diag_list_has_errors(const DiagList *l)
{
        return l->count[DIAG_ERROR] > 0;
}

static int format_where(const Diag *d, bool colour, Buf *b)
{
        int r = colour ? buf_append_str(b, "\033[1m") : 0;
        if (r == 0 && d->at.file)
                r = utf8_escape(b, span_of(d->at.file));
        if (r == 0 && d->at.line)
                r = buf_appendf(b, ":%u", d->at.line);
        if (r == 0 && d->at.line && d->at.col)
                r = buf_appendf(b, ":%u", d->at.col);
        if (r == 0 && d->at.file)
                r = buf_append_str(b, ": ");
        if (r == 0 && colour)
                r = buf_append_str(b, "\033[0m");
        return r;
}

/* Part of the line around the caret, tabs and controls shown as one space each. */
static int format_source(const Diag *d, bool colour, Buf *b)
{
        Span s = span_of(d->source);
        uint32_t col = d->at.col ? d->at.col : 1;
        uint32_t from = col > DIAG_SOURCE_SHOWN * 3 / 4 ? col - DIAG_SOURCE_SHOWN / 2 : 1;
        uint32_t nth = 1, caret = 0;
        int r = buf_append_str(b, "    ");
        for (; s.len && nth < from + DIAG_SOURCE_SHOWN && r == 0; nth++) {
                size_t n = utf8_sequence(s), take = MAX(n, (size_t)1);
                bool c1 = n == 2 && (uint8_t)s.ptr[0] == 0xc2 && (uint8_t)s.ptr[1] < 0xa0;
                bool control = (uint8_t)s.ptr[0] < 0x20 || s.ptr[0] == 0x7f || c1;
                if (nth >= from)
                        r = n == 0 || control ? buf_append_char(b, control ? ' ' : '?')
                                              : buf_append(b, s.ptr, n);
                s = span_skip(s, take);
        }
        if (r == 0)
                r = buf_append_str(b, colour ? "\n    \033[1;32m" : "\n    ");
        for (caret = from; caret < col && r == 0; caret++)
                r = buf_append_char(b, ' ');
        if (r == 0)
                r = buf_append_char(b, '^');
        for (uint32_t i = 1; i < d->at.width && col + i < nth && r == 0; i++)
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
        json_object(&w);
        json_key(&w, "file");
        json_str(&w, d->at.file);
        json_key(&w, "line");
        json_uint(&w, d->at.line);
        json_key(&w, "col");
        json_uint(&w, d->at.col);
        json_key(&w, "severity");
        json_str(&w, severity_names[d->severity]);
        json_key(&w, "key");
        json_str(&w, d->key);
        json_key(&w, "message");
        json_str(&w, d->message);
        json_object_end(&w);
        int r = json_done(&w);
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

static const char *get_text(WireReader *r, Arena *a)
{
        if (!wire_get_u8(r))
                return NULL;
        Span s = wire_get_span(r);
        const char *text = r->bad ? NULL : arena_strdup(a, s);
        r->bad |= !text;
        return text;
}

static int diag_decode(WireReader *r, Arena *scratch, DiagList *l)
{
        Diag d = {0};
        uint32_t severity = wire_get_u32(r);
        d.at.line = wire_get_u32(r);
        d.at.col = wire_get_u32(r);
        d.at.width = wire_get_u32(r);
        d.at.file = get_text(r, scratch);
        d.key = get_text(r, scratch);
        d.message = get_text(r, scratch);
        d.source = get_text(r, scratch);
        if (r->bad || severity >= _DIAG_SEVERITY_MAX || !d.message)
                return -EBADMSG;
        d.severity = (DiagSeverity)severity;
        diag_note(l, &d);
        return 0;
}

int diag_list_decode(Span bytes, DiagList *l)
{
        WireReader r = {.left = bytes};
        CLEANUP(arena_done) Arena scratch = ARENA_INIT(DIAG_ARENA_CAP);
        uint32_t magic = wire_get_u32(&r), n = wire_get_u32(&r), seen[_DIAG_SEVERITY_MAX];
        for (int i = 0; i < _DIAG_SEVERITY_MAX; i++)
                seen[i] = wire_get_u32(&r);
        if (r.bad || magic != DIAG_WIRE_MAGIC || n > DIAG_MAX)
                return -EBADMSG;

        for (uint32_t i = 0; i < n; i++) {
                uint32_t before[_DIAG_SEVERITY_MAX];
                memcpy(before, l->count, sizeof(before));
                int k = diag_decode(&r, &scratch, l);
                if (k < 0)
                        return k;
                for (int s = 0; s < _DIAG_SEVERITY_MAX; s++)
                        seen[s] -= MIN(seen[s], l->count[s] - before[s]);
        }
        if (r.left.len)
                return -EBADMSG;
        for (int s = 0; s < _DIAG_SEVERITY_MAX; s++) { /* what the sender had dropped */
                l->count[s] += seen[s];
                l->dropped += seen[s];
        }
        return 0;
}
