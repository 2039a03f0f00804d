/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "client/sse-reader.h"

enum { LINE_EXTRA = 16, LONGEST_ID = 1024 };

void sse_reader_init(SseReader *r, size_t max)
{
        *r = (SseReader){
                .line = BUF_INIT(max + LINE_EXTRA), .data = BUF_INIT(max), .id = BUF_INIT(LONGEST_ID)};
}

void sse_reader_done(SseReader *r)
{
        buf_done(&r->line);
        buf_done(&r->data);
        buf_done(&r->id);
}

void sse_reader_restart(SseReader *r)
{
        buf_clear(&r->line);
        buf_clear(&r->data);
        r->has_data = r->other = r->after_cr = r->begun = r->given = false;
}

/* ---- lines ------------------------------------------------------------------- */

static int take_data(SseReader *r, Span value)
{
        int e = r->has_data ? buf_append_char(&r->data, '\n') : 0;
        r->has_data = true;
        return e < 0 ? e : buf_append_span(&r->data, value);
}

/* One with a NUL does not count, nor does one that we would not send back. */
static int take_id(SseReader *r, Span value)
{
        if (span_find(value, '\0') < value.len || value.len > LONGEST_ID)
                return 0;
        buf_clear(&r->id);
        return buf_append_span(&r->id, value);
}

static int take_event(SseReader *r, Span value)
{
        r->other = value.len && !span_equal(value, SPAN("message"));
        return 0;
}

static int take_retry(SseReader *r, Span value)
{
        uint64_t ms;
        if (parse_u64(value, &ms) == 0)
                r->retry_ms = ms;
        return 0;
}

static const struct {
        Span name;
        int (*take)(SseReader *r, Span value);
} fields[] = {
        {{"data", 4}, take_data},
        {{"id", 2}, take_id},
        {{"event", 5}, take_event},
        {{"retry", 5}, take_retry},
};

static int take_field(SseReader *r, Span line)
{
        size_t colon = span_find(line, ':');
        Span name = span_first(line, colon), value = span_skip(line, colon + 1);
        if (value.len && value.ptr[0] == ' ')
                value = span_skip(value, 1);
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (span_equal(name, fields[i].name))
                        return fields[i].take(r, value);
        return 0; /* a comment, or of a later time */
}

/* An empty line ends an event. */
static int take_line(SseReader *r, Span line, bool *ret_event)
{
        if (!r->begun && span_starts(line, SPAN("\xef\xbb\xbf")))
                line = span_skip(line, 3);
        r->begun = true;
        if (line.len)
                return take_field(r, line);
        *ret_event = r->data.len > 0 && !r->other;
        r->given = true;
        return 0;
}

/* ---- bytes -------------------------------------------------------------------- */

static size_t line_length(Span s)
{
        const char *lf = memchr(s.ptr, '\n', s.len);
        size_t n = lf ? (size_t)(lf - s.ptr) : s.len;
        const char *cr = memchr(s.ptr, '\r', n);
        return cr ? (size_t)(cr - s.ptr) : n;
}

/* A line that stands whole in the bytes is not copied. */
static int take_some(SseReader *r, Span s, size_t *ret_used, bool *ret_event)
{
        size_t n = line_length(s);
        Span line = span_first(s, n);
        *ret_used = MIN(n + 1, s.len);
        if (r->line.len || n == s.len) {
                int e = buf_append_span(&r->line, line);
                if (e < 0 || n == s.len)
                        return e;
                line = buf_span(&r->line);
        }
        if (line.len > r->line.cap)
                return -ENOBUFS;
        r->after_cr = s.ptr[n] == '\r';
        int e = take_line(r, line, ret_event);
        buf_clear(&r->line);
        return e;
}

static void begin_event(SseReader *r)
{
        buf_clear(&r->data);
        r->has_data = r->other = r->given = false;
}

int sse_reader_feed(SseReader *r, Span bytes, size_t *ret_used, bool *ret_event)
{
        size_t used = 0, n;
        bool event = false;
        while (used < bytes.len && !event) {
                Span rest = span_skip(bytes, used);
                if (r->given)
                        begin_event(r);
                if (r->after_cr && rest.ptr[0] == '\n') {
                        r->after_cr = false;
                        used++;
                        continue;
                }
                r->after_cr = false;
                int e = take_some(r, rest, &n, &event);
                if (e < 0)
                        return e == -ENOBUFS ? SSE_READER_E_TOO_LONG : e;
                used += n;
        }
        *ret_used = used;
        *ret_event = event;
        return 0;
}
