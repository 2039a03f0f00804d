/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import-json.h"
#include "base/utf8.h"
#include "config/json-text.h"

/* Half a pair on its own is not Unicode, and some programs write it: U+FFFD stands for it. Pairs
 * have become characters already. `s` is the inside of a text, from a backslash on. */
static void mend_escape(char *s, size_t n)
{
        if (n >= 6 && s[1] == 'u' && (s[2] == 'd' || s[2] == 'D') && strchr("89abcdefABCDEF", s[3]))
                memcpy(s + 2, "fffd", 4);
}

/* Length of the text in quotes at the start of s. */
static size_t mend_text(char *s, size_t n)
{
        for (size_t i = 1; i < n; i++) {
                if (s[i] == '"')
                        return i + 1;
                if (s[i] == '\\') {
                        mend_escape(s + i, n - i);
                        i++;
                }
        }
        return n;
}

static void mend(Buf *text)
{
        char *comma = NULL, before = '\0';
        for (size_t i = 0, n; i < text->len; i += n) {
                char *p = text->data + i;
                n = 1;
                if (strchr(" \t\r\n", *p))
                        continue;
                if (comma && (*p == '}' || *p == ']'))
                        *comma = ' ';
                /* Only one that follows a value. */
                comma = *p == ',' && before && !strchr("{[,:", before) ? p : NULL;
                before = *p ? *p : ' ';
                if (*p == '"')
                        n = mend_text(p, text->len - i);
        }
}

/* What jansson says, without the part of the file that it adds. */
static int explain(const json_error_t *e, Buf *why)
{
        Span text = span_of(e->text);
        text = span_first(text, span_find_span(text, SPAN(" near ")));
        return buf_appendf(why, "%d:%d: error: %.*s", MAX(e->line, 1), MAX(e->column, 1), (int)text.len,
                           text.ptr);
}

int import_json(Buf *text, json_t **ret, Buf *why)
{
        json_error_t error;
        Span s = buf_span(text);
        if (span_starts(s, SPAN("\xff\xfe")) || span_starts(s, SPAN("\xfe\xff"))) {
                int r = buf_append_str(why, "1:1: error: the file is UTF-16: save it as UTF-8");
                return r < 0 ? r : IMPORT_JSON_E_INVALID;
        }
        if (span_starts(s, SPAN("\xef\xbb\xbf")))
                buf_consume(text, 3);
        int r = json_text_prepare(text);
        if (r < 0)
                return r;
        if (span_trim(buf_span(text)).len == 0) {
                *ret = NULL;
                return 0;
        }
        mend(text);
        json_t *root = json_loadb(text->data, text->len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
        if (!root && json_error_code(&error) == json_error_out_of_memory)
                return -ENOMEM;
        if (!root) {
                r = explain(&error, why);
                return r < 0 ? r : IMPORT_JSON_E_INVALID;
        }
        *ret = root;
        return 0;
}
