/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "bench/answer.h"

enum { ID_MAX = 32 };

typedef struct Head {
        Span text; /* header lines, without the status line */
        size_t length;
        bool has_length;
        bool chunked;
} Head;

static const char head_end[] = "\r\n\r\n";

/* ---- the head ------------------------------------------------------------------ */

static int note_header(Span line, Head *h, Answer *a)
{
        Span name, value = line;
        (void)span_next(&value, ':', &name);
        value = span_trim(value);
        uint64_t n = 0;
        if (span_equal_nocase(name, SPAN("content-length"))) {
                if (parse_u64(value, &n) != 0)
                        return ANSWER_E_BROKEN;
                h->length = n;
                h->has_length = true;
        } else if (span_equal_nocase(name, SPAN("transfer-encoding"))) {
                h->chunked = span_equal_nocase(value, SPAN("chunked"));
        } else if (span_equal_nocase(name, SPAN("content-type"))) {
                a->sse = span_starts(value, SPAN("text/event-stream"));
        } else if (span_equal_nocase(name, SPAN("connection"))) {
                a->close = span_equal_nocase(value, SPAN("close"));
        } else if (span_equal_nocase(name, SPAN("mcp-session-id"))) {
                a->session = value;
        }
        return 0;
}

static int parse_head(Span head, Head *h, Answer *a)
{
        Span line;
        uint64_t status = 0;
        (void)span_next(&head, '\n', &line);
        if (!span_starts(line, SPAN("HTTP/1.1 ")) || line.len < 12 ||
            parse_u64(span_first(span_skip(line, 9), 3), &status) != 0)
                return ANSWER_E_BROKEN;
        a->status = (unsigned)status;
        while (span_next(&head, '\n', &line))
                if (note_header(line, h, a) != 0)
                        return ANSWER_E_BROKEN;
        if (status == 204 || status == 202)
                h->has_length = h->has_length || !h->chunked;
        return h->has_length || h->chunked ? 0 : ANSWER_E_BROKEN;
}

/* ---- chunks -------------------------------------------------------------------- */

/* The length of the chunk that begins with this line, and of the line. */
static int chunk_line(Span s, size_t *ret_line, size_t *ret_chunk)
{
        size_t at = 0, n = 0;
        for (; at < s.len && at < 16; at++) {
                int digit = s.ptr[at] >= '0' && s.ptr[at] <= '9'   ? s.ptr[at] - '0'
                            : s.ptr[at] >= 'a' && s.ptr[at] <= 'f' ? s.ptr[at] - 'a' + 10
                            : s.ptr[at] >= 'A' && s.ptr[at] <= 'F' ? s.ptr[at] - 'A' + 10
                                                                   : -1;
                if (digit < 0)
                        break;
                n = n * 16 + (size_t)digit;
        }
        if (at + 2 > s.len)
                return ANSWER_E_MORE;
        if (at == 0 || s.ptr[at] != '\r' || s.ptr[at + 1] != '\n')
                return ANSWER_E_BROKEN;
        *ret_line = at + 2;
        *ret_chunk = n;
        return 0;
}

/* Bytes from the first chunk's line to the end of the last; none of them is changed. */
static int chunks_whole(Span s, size_t *ret_total, size_t *ret_count)
{
        size_t at = 0, line = 0, chunk = 0;
        for (size_t count = 0;; count++) {
                int r = chunk_line(span_skip(s, at), &line, &chunk);
                if (r != 0)
                        return r;
                if (s.len - at < line + chunk + 2)
                        return ANSWER_E_MORE;
                at += line + chunk + 2;
                if (chunk == 0) {
                        *ret_total = at;
                        *ret_count = count;
                        return 0;
                }
        }
}

/* One chunk stays where it is; several are moved together. */
static Span chunks_join(char *bytes, size_t total, size_t count)
{
        size_t from = 0, line = 0, chunk = 0;
        char *to = NULL;
        Span body = SPAN_NONE;
        for (size_t i = 0; i < count; i++) {
                if (chunk_line(span_from(bytes + from, total - from), &line, &chunk) != 0)
                        break;
                if (!to)
                        body = span_from(to = bytes + from + line, 0);
                else
                        memmove(to, bytes + from + line, chunk);
                to += chunk;
                body.len += chunk;
                from += line + chunk + 2;
        }
        return body;
}

int answer_parse(char *bytes, size_t n, Answer *ret, size_t *ret_total)
{
        const char *end = memmem(bytes, n, head_end, sizeof(head_end) - 1);
        *ret_total = 0;
        if (!end)
                return ANSWER_E_MORE;
        size_t head = (size_t)(end - bytes) + sizeof(head_end) - 1, total = 0, count = 0;
        Head h = {0};
        Answer a = {0};
        int r = parse_head(span_from(bytes, head - 2), &h, &a);
        if (r != 0)
                return r;
        if (!h.chunked) {
                *ret_total = head + h.length;
                if (n < *ret_total)
                        return ANSWER_E_MORE;
                a.body = span_from(bytes + head, h.length);
                a.total = *ret_total;
        } else {
                r = chunks_whole(span_from(bytes + head, n - head), &total, &count);
                if (r != 0)
                        return r;
                a.body = chunks_join(bytes + head, total, count);
                a.total = head + total;
        }
        *ret = a;
        return 0;
}

/* ---- the JSON-RPC answer --------------------------------------------------------- */

static bool has_id(Span s, const char *id, size_t n)
{
        const char *at = memmem(s.ptr, s.len, id, n);
        return at && (at + n == s.ptr + s.len || at[n] == ',' || at[n] == '}');
}

/* The text is looked for by its bytes; all else of the message is short, and is searched without it. */
static int check_message(Span json, const Expected *e)
{
        static const char text[] = "\"text\":\"";
        char id[ID_MAX];
        size_t n = (size_t)snprintf(id, sizeof(id), "\"id\":%llu", (unsigned long long)e->id);
        const char *at = memmem(json.ptr, json.len, text, sizeof(text) - 1);
        if (!at)
                return ANSWER_E_BROKEN;
        Span before = span_from(json.ptr, (size_t)(at - json.ptr));
        Span rest = span_skip(json, before.len + sizeof(text) - 1);
        if (!span_starts(rest, e->tag) || !span_starts(span_skip(rest, e->tag.len), e->payload))
                return ANSWER_E_BROKEN;
        rest = span_skip(rest, e->tag.len + e->payload.len);
        if (!span_starts(rest, SPAN("\"")) || span_find_span(rest, SPAN("\"isError\":true")) != rest.len)
                return ANSWER_E_BROKEN;
        return has_id(rest, id, n) || has_id(before, id, n) ? 0 : ANSWER_E_BROKEN;
}

/* Notifications may come before; the event that is no notification is the answer. */
static int check_events(Span stream, const Expected *e)
{
        Span line;
        while (span_next(&stream, '\n', &line)) {
                if (!span_starts(line, SPAN("data:")))
                        continue;
                line = span_trim(span_skip(line, 5));
                Span start = span_first(line, 64);
                if (line.len && span_find_span(start, SPAN("\"method\":")) == start.len)
                        return check_message(line, e);
        }
        return ANSWER_E_BROKEN;
}

int answer_check(const Answer *a, const Expected *expected)
{
        if (a->status != 200)
                return ANSWER_E_BROKEN;
        if (expected->whole.len)
                return span_equal(a->body, expected->whole) ? 0 : ANSWER_E_BROKEN;
        return a->sse ? check_events(a->body, expected) : check_message(a->body, expected);
}
