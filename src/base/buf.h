#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing run of bytes with a cap: what would make it longer than the cap
 * is refused with -ENOBUFS and leaves it as it was. Owned by exactly one
 * holder. data[len] is always a NUL when there is data, so that the text can be
 * printed; it does not count.
 */

#include <limits.h>
#include <stdarg.h>

#include "base/span.h"

typedef struct Buf {
        char *data; /* owned */
        size_t len;
        size_t size; /* allocated */
        size_t cap;  /* most bytes it may hold */
} Buf;

#define BUF_CAP_NONE  (SIZE_MAX / 4)
#define BUF_INIT(max) ((Buf){.cap = (max)})

void buf_done(Buf *b);

int buf_append(Buf *b, const void *bytes, size_t n) MUST_CHECK;
int buf_append_span(Buf *b, Span s) MUST_CHECK;
int buf_append_str(Buf *b, const char *s) MUST_CHECK;
int buf_append_char(Buf *b, char c) MUST_CHECK;
int buf_appendf(Buf *b, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;
int buf_vappendf(Buf *b, const char *fmt, va_list ap) PRINTF(2, 0) MUST_CHECK;
/* Room for n more bytes at the end: data + len. Count them in with buf_commit. */
int buf_reserve(Buf *b, size_t n, char **ret_room) MUST_CHECK;
void buf_commit(Buf *b, size_t n);
/* Drops the first n bytes. */
void buf_consume(Buf *b, size_t n);
void buf_clear(Buf *b);
/* Hands the bytes over (NUL-terminated, to be freed); the buffer is empty then. */
int buf_steal(Buf *b, char **ret_text) MUST_CHECK;

static inline Span buf_span(const Buf *b)
{
        return (Span){b->data, b->len};
}

static inline const char *buf_text(const Buf *b)
{
        return b->data ? b->data : "";
}
