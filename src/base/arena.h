#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once: blocks in a list, freed with the
 * arena. One arena for one lifetime (a configuration snapshot, an exchange).
 * Nothing in it can be freed alone; a cap bounds the whole.
 */

#include "base/span.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
        ArenaBlock *blocks; /* owned; the newest first */
        size_t used;        /* bytes handed out, padding included */
        size_t cap;
} Arena;

#define ARENA_INIT(max) ((Arena){.cap = (max)})

void arena_done(Arena *a);

/* Zeroed and aligned for any type; NULL when out of memory or over the cap. */
void *arena_alloc(Arena *a, size_t size) MUST_CHECK;
void *arena_alloc_array(Arena *a, size_t n, size_t size) MUST_CHECK;
/* A NUL-terminated copy. */
char *arena_strdup(Arena *a, Span s) MUST_CHECK;

#define ARENA_NEW(a, type)      ((type *)arena_alloc(a, sizeof(type)))
#define ARENA_NEW_N(a, type, n) ((type *)arena_alloc_array(a, n, sizeof(type)))
