/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "config/mask.h"
#include "config/source-guess.h"
#include "config/token-shape.h"

enum { RANDOM_SHORTEST = 20 }; /* a run of letters and digits of this length may be a key */

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
        return is_alpha(c) || is_digit(c) || c == '_' || c == '-';
}

/* NAME: or NAME= or "NAME": at the start of s, of a secret name: the length up to the value. */
static size_t secret_name(Span s)
{
        size_t n = 0;
        while (n < s.len && is_name(s.ptr[n]))
                n++;
        if (n == 0 || !mask_is_secret_key(span_first(s, n)))
                return 0;
        while (n < s.len && strchr("\"' \t", s.ptr[n]))
                n++;
        if (n == s.len || (s.ptr[n] != ':' && s.ptr[n] != '='))
                return 0;
        for (n++; n < s.len && strchr(" \t", s.ptr[n]);)
                n++;
        return n;
}

/* Where the value of a secret name begins, s.len if there is none. */
static size_t find_value(Span s)
{
        for (size_t i = 0; i < s.len; i++) {
                size_t n = i > 0 && is_name(s.ptr[i - 1]) ? 0 : secret_name(span_skip(s, i));
                if (n)
                        return i + n;
        }
        return s.len;
}

bool source_guess_assigns(Span text)
{
        for (size_t i = 0; i < text.len; i++) {
                Span s = span_skip(text, i);
                size_t n = i > 0 && (is_name(text.ptr[i - 1]) || text.ptr[i - 1] == '{') ? 0 : secret_name(s);
                if (n && n < s.len && !span_starts(span_skip(s, n), SPAN("${")))
                        return true;
        }
        return false;
}

/* Length of the word at the start of s if it looks like something that nobody typed. */
static size_t random_word(Span s)
{
        size_t n = 0, digits = 0, letters = 0;
        for (; n < s.len && (is_name(s.ptr[n]) || strchr("+/=.", s.ptr[n])); n++) {
                digits += is_digit(s.ptr[n]);
                letters += is_alpha(s.ptr[n]);
        }
        return n >= RANDOM_SHORTEST && digits && letters ? n : 0;
}

void source_guess(SourceGuess *g, Span line)
{
        size_t indent = 0, value = find_value(line);
        while (indent < line.len && line.ptr[indent] == ' ')
                indent++;
        g->here = g->inside && (indent > g->indent || indent == line.len);
        if (g->here)
                return;
        Span text = span_trim(span_skip(line, value));
        bool named = value < line.len || secret_name(span_skip(line, indent));
        g->inside = named && (text.len == 0 || strchr("|>\"'[{", text.ptr[0]));
        g->indent = indent;
}

static int put_hidden(Buf *b, size_t n)
{
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++)
                r = buf_append_char(b, '*');
        return r;
}

int source_copy_guessed(const SourceGuess *g, Span line, Buf *b)
{
        size_t shown = g->here || token_shape(line) ? 0 : find_value(line);
        Span s = span_first(line, shown);
        int r = 0;
        while (s.len && r == 0) {
                bool begins = s.ptr == line.ptr || !is_name(s.ptr[-1]);
                size_t n = begins ? random_word(s) : 0, size = MAX(utf8_sequence(s), (size_t)1);
                if (n) {
                        r = put_hidden(b, n);
                        s = span_skip(s, n);
                } else {
                        r = buf_append(b, s.ptr, size);
                        s = span_skip(s, size);
                }
        }
        return r < 0 ? r : put_hidden(b, utf8_length(span_skip(line, shown)));
}
