/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/pending.h"

enum { PENDING_ROOM = 16, SLOT_BITS = 20 };

static_assert(PENDING_MAX == 1 << SLOT_BITS, "a slot's number fits its bits");

void pending_init(Pending *p)
{
        *p = (Pending){0};
}

void pending_done(Pending *p)
{
        assert(p->n == 0);
        free(p->slots);
        *p = (Pending){0};
}

void pending_begin_at(Pending *p, uint64_t random)
{
        assert(p->room == 0);
        p->first = (uint32_t)(random % PENDING_GENERATIONS);
}

/* Only when no slot is free, so no slot still names the old `room` as the end of the free ones. */
static int pending_grow(Pending *p)
{
        if (p->room == PENDING_MAX)
                return -ENOBUFS;
        uint32_t room = p->room ? MIN(p->room * 2, (uint32_t)PENDING_MAX) : PENDING_ROOM;
        PendingSlot *slots = realloc(p->slots, room * sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        for (uint32_t i = p->room; i < room; i++)
                slots[i] = (PendingSlot){.generation = p->first, .next_free = i + 1};
        p->slots = slots;
        p->free = p->room;
        p->room = room;
        return 0;
}

int pending_add(Pending *p, PendingNode *node)
{
        assert(node->id == 0);
        int r = p->free == p->room ? pending_grow(p) : 0;
        if (r < 0)
                return r;
        uint32_t at = p->free;
        PendingSlot *slot = &p->slots[at];
        p->free = slot->next_free;
        slot->generation = slot->generation < PENDING_GENERATIONS ? slot->generation + 1 : 1;
        slot->node = node;
        node->id = (uint64_t)slot->generation << SLOT_BITS | at;
        p->n++;
        return 0;
}

PendingNode *pending_find(const Pending *p, uint64_t id)
{
        uint64_t at = id & (PENDING_MAX - 1);
        PendingNode *node = at < p->room ? p->slots[at].node : NULL;
        return node && node->id == id ? node : NULL;
}

void pending_remove(Pending *p, PendingNode *node)
{
        if (node->id == 0)
                return;
        assert(pending_find(p, node->id) == node);
        uint32_t at = (uint32_t)(node->id & (PENDING_MAX - 1));
        p->slots[at].node = NULL;
        p->slots[at].next_free = p->free;
        p->free = at;
        p->n--;
        node->id = 0;
}

PendingNode *pending_each(const Pending *p, uint32_t *at)
{
        while (*at < p->room) {
                PendingNode *node = p->slots[(*at)++].node;
                if (node)
                        return node;
        }
        return NULL;
}

bool pending_parse(const char *text, size_t n, uint64_t *ret)
{
        uint64_t id = 0;
        if (n == 0 || n >= PENDING_ID_TEXT || text[0] == '0')
                return false;
        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                id = id * 10 + (uint64_t)(text[i] - '0');
        }
        *ret = id;
        return true;
}
