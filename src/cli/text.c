/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"
#include "base/span.h"
#include "base/utf8.h"

static void wrap_line(FILE *f, unsigned column, unsigned indent, Span line)
{
        bool fresh = true; /* nothing stands on this line since the indent */
        Span word;
        while (span_next(&line, ' ', &word)) {
                unsigned width = (unsigned)utf8_length(word);
                if (!fresh && column + 1 + width >= TEXT_WIDTH) {
                        fprintf(f, "\n%*s", (int)indent, "");
                        column = indent;
                        fresh = true;
                }
                fprintf(f, "%s%.*s", fresh ? "" : " ", (int)word.len, word.ptr);
                column += width + !fresh;
                fresh = false;
        }
        fputc('\n', f);
}

void text_wrap(FILE *f, unsigned column, unsigned indent, const char *text)
{
        Span left = span_of(text), line;
        while (span_next(&left, '\n', &line)) {
                if (column < indent && line.len) {
                        fprintf(f, "%*s", (int)(indent - column), "");
                        column = indent;
                }
                wrap_line(f, column, indent, line);
                column = 0;
        }
}

void text_column(FILE *f, unsigned at, const char *text, unsigned column)
{
        unsigned width = at + (unsigned)utf8_length(span_of(text));
        fputs(text, f);
        if (width + 2 > column)
                fprintf(f, "\n%*s", (int)column, "");
        else
                fprintf(f, "%*s", (int)(column - width), "");
}
