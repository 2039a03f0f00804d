/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/random.h"
#include "jsonrpc/json.h"
#include "mcp/shelf.h"

enum { FIRST_ROOM = 16 };

int shelf_new(Shelf **ret)
{
        SeededRandom random;
        Shelf *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        random_init(&random);
        s->refs = 1;
        /* The catalogue's limit is the one that is met; this only has to be past it, with all padding. */
        s->arena = ARENA_INIT((size_t)8 * LIMIT_CATALOGUE);
        s->secret = (SipKey){random_next(&random.random), random_next(&random.random)};
        sha256_begin(&s->sum);
        *ret = s;
        return 0;
}

Shelf *shelf_ref(Shelf *s)
{
        if (s)
                s->refs++;
        return s;
}

Shelf *shelf_unref(Shelf *s)
{
        if (!s || --s->refs > 0)
                return NULL;
        arena_done(&s->arena);
        free(s->items);
        free(s->slots);
        free(s);
        return NULL;
}

/* The slot of that key, or the free one where it belongs. */
static uint32_t *slot_of(const Shelf *s, Span key)
{
        uint32_t mask = s->n_slots - 1, at = (uint32_t)siphash(&s->secret, key) & mask;
        while (s->slots[at] && !span_equal(s->items[s->slots[at] - 1].key, key))
                at = (at + 1) & mask;
        return &s->slots[at];
}

static int grow(Shelf *s)
{
        if (s->n < s->room)
                return 0;
        uint32_t room = s->room ? 2 * s->room : FIRST_ROOM;
        CLEANUP_FREE uint32_t *slots = calloc(2 * (size_t)room, sizeof(*slots));
        McpItem *items = realloc(s->items, room * sizeof(*items));
        if (items)
                s->items = items;
        if (!slots || !items)
                return -ENOMEM;
        free(s->slots);
        s->slots = TAKE_PTR(slots);
        s->room = room;
        s->n_slots = 2 * room;
        for (uint32_t i = 0; i < s->n; i++)
                *slot_of(s, s->items[i].key) = i + 1;
        return 0;
}

/* Copies both; a key that stands in the text as it is stays there. */
static int keep(Shelf *s, Span text, Span key, McpItem *ret)
{
        const char *copy = arena_strdup(&s->arena, text), *decoded;
        if (!copy)
                return -ENOMEM;
        if (key.ptr >= text.ptr && key.ptr < text.ptr + text.len)
                decoded = copy + (key.ptr - text.ptr);
        else
                decoded = arena_strdup(&s->arena, key);
        if (!decoded)
                return -ENOMEM;
        *ret = (McpItem){.key = span_from(decoded, key.len), .text = span_from(copy, text.len)};
        return 0;
}

int shelf_add(Shelf *s, Span text, Span key)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span decoded;
        int r = grow(s);
        if (r == 0 && !jspan_text(key, NULL, 0, &decoded)) {
                r = jspan_text_append(key, &b);
                decoded = buf_span(&b);
        }
        if (r < 0)
                return r;
        uint32_t *slot = slot_of(s, decoded);
        if (*slot)
                return SHELF_E_TAKEN;
        r = keep(s, text, decoded, &s->items[s->n]);
        if (r < 0)
                return r;
        *slot = ++s->n;
        s->bytes += text.len;
        sha256_add(&s->sum, text);
        return 0;
}

const McpItem *shelf_find(const Shelf *s, Span key)
{
        if (!s || s->n == 0)
                return NULL;
        uint32_t at = *slot_of(s, key);
        return at ? &s->items[at - 1] : NULL;
}

void shelf_hash(const Shelf *s, uint8_t ret[static SHA256_SIZE])
{
        Sha256 sum;
        if (s)
                sum = s->sum;
        else
                sha256_begin(&sum);
        sha256_end(&sum, ret);
}
