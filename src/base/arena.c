/* SPDX-License-Identifier: Apache-2.0 */
#include <stdalign.h>

#include "base/arena.h"

enum { ARENA_BLOCK_SIZE = 16 * 1024 };

struct ArenaBlock {
        ArenaBlock *next; /* owned */
        size_t size, used;
        alignas(max_align_t) char data[];
};

void arena_done(Arena *a)
{
        for (ArenaBlock *b = a->blocks, *next; b; b = next) {
                next = b->next;
                free(b);
        }
        *a = ARENA_INIT(a->cap);
}

static ArenaBlock *arena_block(Arena *a, size_t size)
{
        size_t room = MAX((size_t)ARENA_BLOCK_SIZE - sizeof(ArenaBlock), size), total;
        if (__builtin_add_overflow(room, sizeof(ArenaBlock), &total))
                return NULL;
        ArenaBlock *b = malloc(total);
        if (!b)
                return NULL;
        b->size = room;
        b->used = 0;

        /* A large one goes behind the newest, which still has room for small ones. */
        if (room > ARENA_BLOCK_SIZE && a->blocks) {
                b->next = a->blocks->next;
                a->blocks->next = b;
        } else {
                b->next = a->blocks;
                a->blocks = b;
        }
        return b;
}

void *arena_alloc(Arena *a, size_t size)
{
        const size_t align = alignof(max_align_t);
        if (__builtin_add_overflow(MAX(size, (size_t)1), align - 1, &size))
                return NULL;
        size &= ~(align - 1);
        if (size > a->cap || a->used > a->cap - size)
                return NULL;

        ArenaBlock *b = a->blocks;
        if (!b || b->size - b->used < size) {
                b = arena_block(a, size);
                if (!b)
                        return NULL;
        }
        void *p = b->data + b->used;
        b->used += size;
        a->used += size;
        return memset(p, 0, size);
}

void *arena_alloc_array(Arena *a, size_t n, size_t size)
{
        size_t total;
        if (__builtin_mul_overflow(n, size, &total))
                return NULL;
        return arena_alloc(a, total);
}

char *arena_strdup(Arena *a, Span s)
{
        char *p = arena_alloc(a, s.len + 1);
        if (p && s.len)
                memcpy(p, s.ptr, s.len);
        return p;
}
