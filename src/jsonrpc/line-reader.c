/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/line-reader.h"

/* Less room than this is not worth a call of read(). */
enum { ROOM_LEAST = LINE_READER_ROOM / 4 };

/* Room for the longest line and its end: with one byte less, a CR at the end would be in doubt. */
static size_t longest(const LineReader *r)
{
        return r->max + 2;
}

void line_reader_init(LineReader *r, size_t max)
{
        assert(max < SIZE_MAX / 4);
        *r = (LineReader){.max = max};
}

void line_reader_done(LineReader *r)
{
        free(r->data);
        line_reader_init(r, r->max);
}

static void to_front(LineReader *r)
{
        if (r->start == 0)
                return;
        if (r->start < r->end)
                memmove(r->data, r->data + r->start, r->end - r->start);
        r->end -= r->start;
        r->looked -= r->start;
        r->start = 0;
}

static int resize(LineReader *r, size_t size)
{
        char *data = realloc(r->data, size);
        if (!data)
                return -ENOMEM;
        r->data = data;
        r->size = size;
        return 0;
}

int line_reader_room(LineReader *r, char **ret_room, size_t *ret_size)
{
        int error = 0;
        if (r->start == r->end)
                r->start = r->end = r->looked = 0;
        if (r->size - r->end < ROOM_LEAST)
                to_front(r);
        if (r->size - r->end < ROOM_LEAST && r->size < longest(r))
                error = resize(r, MIN(MAX(r->size * 2, (size_t)LINE_READER_ROOM), longest(r)));
        if (r->size == r->end) /* a little room is enough to go on without more memory */
                return error;
        *ret_room = r->data + r->end;
        *ret_size = r->size - r->end;
        return 0;
}

void line_reader_filled(LineReader *r, size_t n)
{
        assert(n <= r->size - r->end);
        r->end += n;
}

/* The end of the first line that is there, NULL when it is not. */
static const char *find_end(LineReader *r)
{
        size_t n = r->end - r->looked;
        const char *lf = n ? memchr(r->data + r->looked, '\n', n) : NULL;
        r->looked = lf ? (size_t)(lf - r->data) : r->end;
        return lf;
}

/* Takes what stands before r->looked as a line, with `end` bytes behind it. A CR does not count. */
static int take(LineReader *r, size_t end, char **ret_line, size_t *ret_n)
{
        char *line = r->data + r->start;
        size_t n = r->looked - r->start;
        n -= n > 0 && line[n - 1] == '\r';
        r->looked += end;
        r->start = r->looked;
        *ret_line = line;
        *ret_n = MIN(n, r->max);
        return n > r->max ? LINE_READER_TOO_LONG : LINE_READER_LINE;
}

/* Whether the line that has no end yet is too long whatever follows. */
static bool is_too_long(const LineReader *r)
{
        size_t n = r->end - r->start;
        return n > r->max + 1 || (n == r->max + 1 && r->data[r->end - 1] != '\r');
}

int line_reader_next(LineReader *r, char **ret_line, size_t *ret_n)
{
        const char *lf = find_end(r);
        if (r->skipping) {
                r->start = r->looked;
                if (!lf)
                        return LINE_READER_NONE;
                r->start = ++r->looked;
                r->skipping = false;
                lf = find_end(r);
        }
        if (lf)
                return take(r, 1, ret_line, ret_n);
        if (!is_too_long(r))
                return LINE_READER_NONE;
        r->skipping = true;
        return take(r, 0, ret_line, ret_n);
}

int line_reader_last(LineReader *r, char **ret_line, size_t *ret_n)
{
        int what = line_reader_next(r, ret_line, ret_n);
        if (what != LINE_READER_NONE || r->start == r->end)
                return what;
        return take(r, 0, ret_line, ret_n);
}

void line_reader_shrink(LineReader *r)
{
        to_front(r);
        size_t size = MIN(MAX(r->end, (size_t)LINE_READER_ROOM), longest(r));
        if (r->end == 0) {
                free(r->data);
                r->data = NULL;
                r->size = 0;
        } else if (size < r->size) {
                (void)resize(r, size); /* without memory for less it stays as it is */
        }
}
