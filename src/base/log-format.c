/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/log-format.h"
#include "base/utf8.h"
#include "base/when.h"

#define INDENT "        "
#define DIM    "\033[2m"
#define RESET  "\033[0m"

enum { MSEC_DECIMALS = 3 };

static const struct {
        const char *name, *colour;
} levels[_LOG_LEVEL_MAX] = {
        [LOG_LEVEL_DEBUG] = {"debug", DIM},
        [LOG_LEVEL_INFO] = {"info", "\033[32m"},
        [LOG_LEVEL_WARNING] = {"warning", "\033[33m"},
        [LOG_LEVEL_ERROR] = {"error", "\033[1;31m"},
};

const char *log_level_name(LogLevel level)
{
        return levels[level].name;
}

LogLevel log_level_from_name(Span name)
{
        for (LogLevel i = 0; i < _LOG_LEVEL_MAX; i++)
                if (span_equal(name, span_of(levels[i].name)))
                        return i;
        return _LOG_LEVEL_INVALID;
}

/* 2026-11-20T17:00:00.123Z, or local 17:00:00.123. */
static int format_time(Buf *b, int64_t wall_usec, bool local)
{
        char text[WHEN_ROOM];
        struct tm tm = {0};
        time_t t = (time_t)(wall_usec / 1000000);
        if (!local)
                return buf_append_str(b, when_text(wall_usec, MSEC_DECIMALS, text));
        localtime_r(&t, &tm);
        size_t n = strftime(text, sizeof(text), "%H:%M:%S", &tm);
        int r = buf_append(b, text, n);
        return r == 0 ? buf_appendf(b, ".%03d", (int)(wall_usec / 1000 % 1000)) : r;
}

/* ---- text ---------------------------------------------------------------- */

/* The further lines of a message begin with INDENT, a record never does. */
static int text_message(Buf *b, Span message)
{
        Span line;
        int r = 0;

        for (bool more = false; r == 0 && span_next(&message, '\n', &line); more = true) {
                if (more)
                        r = buf_append_str(b, "\n" INDENT);
                if (r == 0)
                        r = utf8_escape(b,
                                        span_ends(line, SPAN("\r")) ? span_first(line, line.len - 1) : line);
        }
        return r;
}

static bool text_needs_quotes(Span s)
{
        for (size_t i = 0; i < s.len; i++)
                if (s.ptr[i] == ' ' || s.ptr[i] == '"' || s.ptr[i] == '=')
                        return true;
        return s.len == 0;
}

static int text_value(Buf *b, Span s)
{
        if (!text_needs_quotes(s))
                return utf8_escape(b, s);

        Span part;
        int r = buf_append_char(b, '"');
        for (bool more = false; r == 0 && span_next(&s, '"', &part); more = true) {
                if (more)
                        r = buf_append_str(b, "\\\"");
                if (r == 0)
                        r = utf8_escape(b, part);
        }
        return r == 0 ? buf_append_char(b, '"') : r;
}

static int text_field(Buf *b, const LogField *f)
{
        if (f->is_number)
                return buf_appendf(b, " %s=%lld", f->key, (long long)f->number);
        if (!f->text.ptr)
                return 0;
        int r = buf_appendf(b, " %s=", f->key);
        return r == 0 ? text_value(b, f->text) : r;
}

static int text_fields(Buf *b, const LogRecord *record)
{
        int r = 0;
        for (size_t i = 0; i < record->n_fields && r == 0; i++)
                r = text_field(b, &record->fields[i]);
        if (r == 0 && record->file)
                r = buf_appendf(b, " at=%s:%d", record->file, record->line);
        return r;
}

static int format_text(Buf *b, const LogRecord *record, bool colour)
{
        const char *name = levels[record->level].name;
        int r = buf_append_str(b, colour ? DIM : "");
        if (r == 0)
                r = format_time(b, record->wall_usec, colour);
        if (r == 0 && colour)
                r = buf_appendf(b, RESET " %s%-7s" RESET " ", levels[record->level].colour, name);
        else if (r == 0)
                r = buf_appendf(b, " %-7s ", name);
        if (r == 0)
                r = text_message(b, record->message);
        if (r == 0)
                r = buf_append_str(b, colour ? DIM : "");
        if (r == 0)
                r = text_fields(b, record);
        return r == 0 ? buf_append_str(b, colour ? RESET "\n" : "\n") : r;
}

/* ---- JSON ---------------------------------------------------------------- */

/* JSON has its own escapes for C0 and the backslash; what it lets through or
 * cannot hold, C1 and bytes that are no UTF-8, becomes \xNN before. */
static bool is_odd(Span s, size_t n)
{
        return n == 0 || (n == 2 && (uint8_t)s.ptr[0] == 0xc2 && (uint8_t)s.ptr[1] < 0xa0);
}

static int append_odd(Buf *b, Span s, size_t n)
{
        int r = 0;
        for (size_t i = 0; i < MAX(n, (size_t)1) && r == 0; i++)
                r = buf_appendf(b, "\\x%02x", (uint8_t)s.ptr[i]);
        return r;
}

static int json_text(JsonWriter *w, Buf *scratch, Span s)
{
        bool odd = false;
        int r = 0;

        buf_clear(scratch);
        for (Span rest = s; rest.len && r == 0;) {
                size_t n = utf8_sequence(rest);
                if (is_odd(rest, n)) {
                        odd = true;
                        r = append_odd(scratch, rest, n);
                } else {
                        r = buf_append(scratch, rest.ptr, n);
                }
                rest = span_skip(rest, MAX(n, (size_t)1));
        }
        json_write_string(w, odd ? buf_span(scratch) : s);
        return r;
}

static int json_field(JsonWriter *w, Buf *scratch, const LogField *f)
{
        if (f->is_number) {
                json_write_key(w, f->key);
                json_write_int(w, f->number);
                return 0;
        }
        if (!f->text.ptr)
                return 0;
        json_write_key(w, f->key);
        return json_text(w, scratch, f->text);
}

static int format_json(Buf *b, const LogRecord *record)
{
        CLEANUP(buf_done) Buf scratch = BUF_INIT(b->cap);
        JsonWriter w = JSON_WRITER(b);

        int r = format_time(&scratch, record->wall_usec, false);
        json_write_object(&w);
        json_write_key(&w, "ts");
        json_write_string(&w, buf_span(&scratch));
        json_write_key(&w, "level");
        json_write_str(&w, levels[record->level].name);
        json_write_key(&w, "msg");
        if (r == 0)
                r = json_text(&w, &scratch, record->message);
        for (size_t i = 0; i < record->n_fields && r == 0; i++)
                r = json_field(&w, &scratch, &record->fields[i]);
        if (record->file) {
                json_write_key(&w, "file");
                json_write_str(&w, record->file);
                json_write_key(&w, "line");
                json_write_int(&w, record->line);
        }
        json_write_object_end(&w);
        if (r == 0)
                r = json_write_done(&w);
        return r == 0 ? buf_append_char(b, '\n') : r;
}

/* ---- both ---------------------------------------------------------------- */

int log_format(Buf *b, LogStyle style, const LogRecord *record)
{
        if (style == LOG_STYLE_JSON)
                return format_json(b, record);
        return format_text(b, record, style == LOG_STYLE_COLOUR);
}

static bool is_line_part(Span s, size_t n)
{
        uint8_t c = (uint8_t)s.ptr[0];
        return c == '\n' || c == '\t' || (!is_odd(s, n) && c >= 0x20 && c != 0x7f);
}

int log_format_lines(Buf *b, Span s)
{
        int r = 0;
        while (s.len && r == 0) {
                size_t n = utf8_sequence(s);
                r = is_line_part(s, n) ? buf_append(b, s.ptr, n) : append_odd(b, s, n);
                s = span_skip(s, MAX(n, (size_t)1));
        }
        return r;
}
