/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "cli/figures.h"

#define AGE_MOST 1e11 /* seconds; past it the clock is wrong, not the server old */

int figure_age(Buf *b, double seconds)
{
        static const struct {
                unsigned long long size;
                char letter, next;
                unsigned long long part;
        } units[] = {{86400, 'd', 'h', 3600}, {3600, 'h', 'm', 60}, {60, 'm', 's', 1}};
        unsigned long long s = seconds > 0 ? (unsigned long long)MIN(seconds, AGE_MOST) : 0;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (s >= units[i].size)
                        return buf_appendf(b, "%llu%c%llu%c", s / units[i].size, units[i].letter,
                                           s % units[i].size / units[i].part, units[i].next);
        return buf_appendf(b, "%llus", s);
}

int figure_bytes(Buf *b, double bytes)
{
        static const char letters[] = "KMGT";
        if (bytes < 1024)
                return buf_appendf(b, "%.0f", MAX(bytes, 0.0));
        size_t i = 0;
        for (bytes /= 1024; bytes >= 1023.5 && letters[i + 1]; i++)
                bytes /= 1024;
        bool large = bytes >= 9.95 || i < 2; /* nobody needs tenths of a megabyte */
        return buf_appendf(b, "%.*f%c", large ? 0 : 1, bytes, letters[i]);
}

int figure_latency(Buf *b, double ms)
{
        if (ms < 1)
                return buf_append_str(b, "<1ms");
        if (ms < 999.5)
                return buf_appendf(b, "%.0fms", ms);
        return ms < 59950 ? buf_appendf(b, "%.1fs", ms / 1000) : figure_age(b, ms / 1000);
}

int figure_moment(Buf *b, FigureMoment form, const char *at)
{
        struct tm utc = {0}, t;
        const char *rest = strptime(at, "%Y-%m-%dT%H:%M:%S", &utc);
        time_t moment = rest ? timegm(&utc) : 0;
        if (!rest || !localtime_r(&moment, &t))
                return figure_text(b, span_of(at));
        int r = form == FIGURE_TIME
                        ? 0
                        : buf_appendf(b, "%04d-%02d-%02d ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
        return r < 0 ? r : buf_appendf(b, "%02d:%02d:%02d", t.tm_hour, t.tm_min, t.tm_sec);
}

int figure_text(Buf *b, Span s)
{
        int r = 0;
        while (s.len && r == 0) {
                size_t n = utf8_printable(s);
                if (n == 0 && s.ptr[0] == '\t')
                        n = 1;
                r = n ? buf_append(b, s.ptr, n) : buf_appendf(b, "\\x%02x", (unsigned char)s.ptr[0]);
                s = span_skip(s, n ? n : 1);
        }
        return r;
}

int figure_cut(Buf *b, Span text, size_t most)
{
        if (utf8_length(text) <= most)
                return buf_append_span(b, text);
        size_t at = 0;
        for (size_t i = 3; i < most; i++) {
                size_t n = utf8_sequence(span_skip(text, at));
                at += n ? n : 1;
        }
        int r = buf_append(b, text.ptr, at);
        return r < 0 ? r : buf_append_str(b, "...");
}
