/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check.h"
#include "config/env-file.h"

/* What stands between the quotes at the start of s; the rest of the line must be blank or a comment. */
static int cut_quoted(Span s, EnvLine *line)
{
        char quote = s.ptr[0];
        size_t i = 1;
        while (i < s.len && s.ptr[i] != quote)
                i += quote == '"' && s.ptr[i] == '\\' ? 2 : 1;
        if (i >= s.len)
                return ENV_FILE_E_QUOTE;
        Span after = span_trim(span_skip(s, i + 1));
        if (after.len && after.ptr[0] != '#')
                return ENV_FILE_E_QUOTE;
        line->value = span_skip(span_first(s, i), 1);
        line->escaped = quote == '"' && span_find(line->value, '\\') < line->value.len;
        return 0;
}

static Span cut_comment(Span s)
{
        for (size_t i = 1; i < s.len; i++)
                if (s.ptr[i] == '#' && (s.ptr[i - 1] == ' ' || s.ptr[i - 1] == '\t'))
                        return span_trim(span_first(s, i));
        return s.len && s.ptr[0] == '#' ? span_first(s, 0) : s;
}

static int cut_assignment(Span s, EnvLine *ret)
{
        EnvLine line = {0};
        if (span_starts(s, SPAN("export ")))
                s = span_trim(span_skip(s, 7));
        size_t eq = span_find(s, '=');
        line.name = span_trim(span_first(s, eq));
        if (eq == s.len || check_env_name(line.name))
                return ENV_FILE_E_NAME;

        Span value = span_trim(span_skip(s, eq + 1));
        int r = 0;
        if (value.len && (value.ptr[0] == '"' || value.ptr[0] == '\''))
                r = cut_quoted(value, &line);
        else
                line.value = cut_comment(value);
        if (r == 0)
                *ret = line;
        return r;
}

int env_file_next(Span *text, uint32_t *line, EnvLine *ret)
{
        Span s;
        while (span_next(text, '\n', &s)) {
                (*line)++;
                s = span_trim(s);
                if (s.len && s.ptr[0] != '#')
                        return cut_assignment(s, ret);
        }
        return ENV_FILE_E_END;
}
