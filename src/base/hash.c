/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/siphash.h"

enum { FIRST_BUCKETS = 16 };

uint64_t hash_span(Span s, uint64_t seed)
{
        return siphash(&(SipKey){seed, 0x0f0e0d0c0b0a0908}, s);
}

void hash_table_done(HashTable *t)
{
        free(t->buckets);
        *t = (HashTable){0};
}

static HashNode **bucket_of(const HashTable *t, uint64_t hash)
{
        return &t->buckets[hash & (t->n_buckets - 1)];
}

int hash_table_reserve(HashTable *t, size_t n)
{
        size_t size = MAX(t->n_buckets, (size_t)FIRST_BUCKETS);
        while (size < n && size <= SIZE_MAX / 2)
                size *= 2;
        if (size == t->n_buckets)
                return 0;
        HashTable wider = {.n = t->n, .n_buckets = size, .buckets = calloc(size, sizeof(*wider.buckets))};
        if (!wider.buckets)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_buckets; i++)
                for (HashNode *node = t->buckets[i], *next; node; node = next) {
                        HashNode **to = bucket_of(&wider, node->hash);
                        next = node->next;
                        node->next = *to;
                        *to = node;
                }
        free(t->buckets);
        *t = wider;
        return 0;
}

void hash_table_add(HashTable *t, HashNode *node, uint64_t hash)
{
        assert(t->buckets);
        HashNode **to = bucket_of(t, hash);
        *node = (HashNode){.next = *to, .hash = hash};
        *to = node;
        t->n++;
}

void hash_table_remove(HashTable *t, HashNode *node)
{
        HashNode **at = bucket_of(t, node->hash);
        while (*at != node)
                at = &(*at)->next;
        *at = node->next;
        node->next = NULL;
        t->n--;
}

static HashNode *same_hash(HashNode *node, uint64_t hash)
{
        while (node && node->hash != hash)
                node = node->next;
        return node;
}

HashNode *hash_table_first(const HashTable *t, uint64_t hash)
{
        return t->buckets ? same_hash(*bucket_of(t, hash), hash) : NULL;
}

HashNode *hash_table_next(const HashNode *node)
{
        return same_hash(node->next, node->hash);
}
