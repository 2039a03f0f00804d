/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

enum { BUF_SMALLEST = 64 };

void buf_done(Buf *b)
{
        free(b->data);
        *b = (Buf){.cap = b->cap};
}

static int buf_grow(Buf *b, size_t n)
{
        size_t need; /* with the NUL */
        if (n > b->cap || b->len > b->cap - n || __builtin_add_overflow(b->len + n, (size_t)1, &need))
                return -ENOBUFS;
        if (need <= b->size)
                return 0;

        size_t size = MAX(b->size + b->size / 2, (size_t)BUF_SMALLEST);
        size = MAX(MIN(size, b->cap + 1), need);
        char *data = realloc(b->data, size);
        if (!data)
                return -ENOMEM;
        data[b->len] = '\0'; /* the first time nothing is there yet */
        b->data = data;
        b->size = size;
        return 0;
}

int buf_reserve(Buf *b, size_t n, char **ret_room)
{
        int r = buf_grow(b, n);
        if (r < 0)
                return r;
        b->data[b->len] = '\0'; /* text also when nothing comes */
        *ret_room = b->data + b->len;
        return 0;
}

void buf_commit(Buf *b, size_t n)
{
        assert(b->len + n < b->size);
        b->len += n;
        b->data[b->len] = '\0';
}

int buf_append(Buf *b, const void *bytes, size_t n)
{
        int r = buf_grow(b, n);
        if (r < 0)
                return r;
        if (n)
                memcpy(b->data + b->len, bytes, n);
        buf_commit(b, n);
        return 0;
}

int buf_append_span(Buf *b, Span s)
{
        return buf_append(b, s.ptr, s.len);
}

int buf_append_str(Buf *b, const char *s)
{
        return buf_append(b, s, strlen(s));
}

int buf_append_char(Buf *b, char c)
{
        return buf_append(b, &c, 1);
}

int buf_vappendf(Buf *b, const char *fmt, va_list ap)
{
        va_list again;
        va_copy(again, ap);
        int n = vsnprintf(NULL, 0, fmt, again);
        va_end(again);
        if (n < 0)
                return -EINVAL;

        int r = buf_grow(b, (size_t)n);
        if (r < 0)
                return r;
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
        buf_commit(b, (size_t)n);
        return 0;
}

int buf_appendf(Buf *b, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        int r = buf_vappendf(b, fmt, ap);
        va_end(ap);
        return r;
}

void buf_consume(Buf *b, size_t n)
{
        assert(n <= b->len);
        if (n == 0)
                return;
        memmove(b->data, b->data + n, b->len - n);
        b->len -= n;
        b->data[b->len] = '\0';
}

void buf_clear(Buf *b)
{
        b->len = 0;
        if (b->data)
                b->data[0] = '\0';
}

int buf_steal(Buf *b, char **ret_text)
{
        int r = buf_append(b, "", 0); /* allocates when nothing was ever appended */
        if (r < 0)
                return r;
        *ret_text = b->data;
        *b = BUF_INIT(b->cap);
        return 0;
}
