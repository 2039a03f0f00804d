/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log-ring.h"

/* An entry is a header and its text, in one piece: what does not fit before
 * the end of the bytes begins at their start. */
typedef struct Entry {
        int64_t wall_usec;
        uint32_t len;
        uint32_t partial;
} Entry;

enum { ALIGN = _Alignof(Entry), SIZE_FIRST = 1024 };

static size_t entry_size(size_t len)
{
        return (sizeof(Entry) + len + ALIGN - 1) / ALIGN * ALIGN;
}

static Entry *entry_at(const LogRing *ring, size_t at)
{
        return (Entry *)(void *)(ring->bytes + at);
}

static size_t size_aligned(size_t size)
{
        return MAX(size, entry_size(1)) / ALIGN * ALIGN;
}

int log_ring_init(LogRing *ring, size_t size)
{
        size = size_aligned(size);
        char *bytes = malloc(size);
        if (!bytes)
                return -ENOMEM;
        *ring = (LogRing){.bytes = bytes, .size = size, .max = size};
        return 0;
}

void log_ring_init_growing(LogRing *ring, size_t max)
{
        *ring = (LogRing){.max = size_aligned(max)};
}

void log_ring_done(LogRing *ring)
{
        free(ring->bytes);
        *ring = (LogRing){0};
}

void log_ring_clear(LogRing *ring)
{
        ring->first = ring->next;
        ring->head = ring->tail = ring->end = 0;
}

uint64_t log_ring_count(const LogRing *ring)
{
        return ring->next - ring->first;
}

/* The place of the entry after the one at `at`. */
static size_t entry_after(const LogRing *ring, size_t at)
{
        bool wrapped = ring->tail <= ring->head;
        size_t after = at + entry_size(entry_at(ring, at)->len);
        return wrapped && after == ring->end ? 0 : after;
}

static void log_ring_drop_oldest(LogRing *ring)
{
        ring->head = entry_after(ring, ring->head);
        if (++ring->first == ring->next)
                log_ring_clear(ring);
}

/* For `need` bytes at the tail. Only while nothing has come around its end: every entry stays where it
 * is, and so do the cursors. */
static bool log_ring_grow(LogRing *ring, size_t need)
{
        size_t size = MAX(ring->size * 2, MAX(ring->tail + need, (size_t)SIZE_FIRST));

        size = MIN(size / ALIGN * ALIGN, ring->max);
        if (size <= ring->size)
                return false;
        char *bytes = realloc(ring->bytes, size);
        if (!bytes)
                return false;
        ring->bytes = bytes;
        ring->size = size;
        return true;
}

/* Makes room for an entry of `size` bytes at the tail; false when it is larger than the ring is. */
static bool log_ring_make_room(LogRing *ring, size_t size)
{
        for (;;) {
                bool empty = log_ring_count(ring) == 0;
                bool wrapped = !empty && ring->tail <= ring->head;
                size_t limit = wrapped ? ring->head : ring->size;

                if (limit - ring->tail >= size)
                        return true;
                if (wrapped) {
                        log_ring_drop_oldest(ring);
                        continue;
                }
                if (log_ring_grow(ring, size))
                        continue;
                if (empty) /* it starts at 0 and has no room even so */
                        return false;
                ring->end = ring->tail;
                ring->tail = 0;
        }
}

void log_ring_push(LogRing *ring, const LogRingLine *line)
{
        size_t len = MIN(line->text.len, ring->max - sizeof(Entry));

        if (!log_ring_make_room(ring, entry_size(len))) { /* it is empty now, and could not grow */
                if (ring->size == 0) {
                        ring->first = ++ring->next;
                        return;
                }
                len = ring->size - sizeof(Entry);
        }
        *entry_at(ring, ring->tail) = (Entry){line->wall_usec, (uint32_t)len, line->partial};
        if (len)
                memcpy(ring->bytes + ring->tail + sizeof(Entry), line->text.ptr, len);
        ring->tail += entry_size(len);
        ring->next++;
}

LogRingCursor log_ring_last(const LogRing *ring, uint64_t n)
{
        return (LogRingCursor){.number = ring->next - MIN(n, log_ring_count(ring))};
}

/* Past what is gone, and the place of what is not. */
static void log_ring_place(const LogRing *ring, LogRingCursor *cursor)
{
        if (cursor->number < ring->first) {
                cursor->missed += ring->first - cursor->number;
                cursor->number = ring->first;
                cursor->placed = false;
        }
        if (cursor->placed)
                return;
        cursor->at = ring->head;
        for (uint64_t n = ring->first; n < cursor->number; n++)
                cursor->at = entry_after(ring, cursor->at);
        cursor->placed = cursor->number < ring->next;
}

bool log_ring_read(const LogRing *ring, LogRingCursor *cursor, LogRingLine *ret)
{
        if (cursor->number >= ring->next)
                return false;
        log_ring_place(ring, cursor);
        if (!cursor->placed)
                return false;

        const Entry *e = entry_at(ring, cursor->at);
        *ret = (LogRingLine){
                .text = span_from((const char *)(e + 1), e->len),
                .wall_usec = e->wall_usec,
                .number = cursor->number,
                .partial = e->partial != 0,
        };
        cursor->at = entry_after(ring, cursor->at);
        cursor->number++;
        cursor->placed = cursor->number < ring->next; /* where the next push goes is not known yet */
        return true;
}
