/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer.h"
#include "http/status-table.h"

enum { DECIMALS = 20 };

static const struct {
        int status;
        Span line;
} status_lines[] = {
#define S(code, text) \
        {code, {"HTTP/1.1 " #code " " text "\r\n", sizeof("HTTP/1.1 " #code " " text "\r\n") - 1}},
        HTTP_STATUSES(S)
#undef S
};

static Span status_line(int status)
{
        for (size_t i = 0; i < ARRAY_SIZE(status_lines); i++)
                if (status_lines[i].status == status)
                        return status_lines[i].line;
        return SPAN_NONE;
}

bool answer_is_bare(int status)
{
        return status == 204;
}

/* A value that has a line end in it would be two headers, and what follows an answer of its own. */
static bool is_clean(Span s)
{
        return !s.len || (!memchr(s.ptr, '\r', s.len) && !memchr(s.ptr, '\n', s.len));
}

static int add_header(Buf *b, Span name, Span value)
{
        char *to;
        size_t n = name.len + value.len + 4;
        if (!is_clean(name) || !is_clean(value))
                return -EINVAL;
        int r = buf_reserve(b, n, &to);
        if (r < 0)
                return r;
        memcpy(to, name.ptr, name.len);
        memcpy(to + name.len, ": ", 2);
        if (value.len)
                memcpy(to + name.len + 2, value.ptr, value.len);
        memcpy(to + name.len + 2 + value.len, "\r\n", 2);
        buf_commit(b, n);
        return 0;
}

static int add_length(Buf *b, uint64_t length)
{
        char digits[DECIMALS];
        size_t at = sizeof(digits);
        do
                digits[--at] = (char)('0' + length % 10);
        while (length /= 10);
        return add_header(b, SPAN("Content-Length"), span_from(digits + at, sizeof(digits) - at));
}

static int add_framing(Buf *b, const AnswerHead *a)
{
        if (a->framing == ANSWER_CHUNKED)
                return buf_append_span(b, SPAN("Transfer-Encoding: chunked\r\n"));
        return a->framing == ANSWER_LENGTH && !answer_is_bare(a->status) ? add_length(b, a->length) : 0;
}

int answer_head(Buf *b, const AnswerHead *a)
{
        static const Span connection[] = {
                [ANSWER_CONNECTION_NONE] = {"\r\n", 2},
                [ANSWER_CLOSE] = {"Connection: close\r\n\r\n", 21},
                [ANSWER_KEEP_ALIVE] = {"Connection: keep-alive\r\n\r\n", 26},
        };
        Span line = status_line(a->status);
        size_t before = b->len;
        int r = line.ptr ? buf_append_span(b, line) : -EINVAL;
        if (r == 0 && a->type.len)
                r = add_header(b, SPAN("Content-Type"), a->type);
        if (r == 0)
                r = add_framing(b, a);
        for (unsigned i = 0; i < a->n_headers && r == 0; i++)
                r = add_header(b, a->headers[i].name, a->headers[i].value);
        if (r == 0)
                r = buf_append_span(b, connection[a->connection]);
        if (r < 0)
                b->len = before;
        return r;
}
