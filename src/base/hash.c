/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

enum { FIRST_BUCKETS = 16 };

typedef struct Sip {
        uint64_t a, b, c, d;
} Sip;

static uint64_t turn(uint64_t v, unsigned by)
{
        return v << by | v >> (64 - by);
}

static void sip_rounds(Sip *s, unsigned n)
{
        while (n--) {
                s->a += s->b;
                s->c += s->d;
                s->b = turn(s->b, 13) ^ s->a;
                s->d = turn(s->d, 16) ^ s->c;
                s->a = turn(s->a, 32);
                s->c += s->b;
                s->a += s->d;
                s->b = turn(s->b, 17) ^ s->c;
                s->d = turn(s->d, 21) ^ s->a;
                s->c = turn(s->c, 32);
        }
}

static void sip_word(Sip *s, uint64_t word)
{
        s->d ^= word;
        sip_rounds(s, 2);
        s->a ^= word;
}

/* Little end first, on every machine. */
static uint64_t word_of(const char *p, size_t n)
{
        uint64_t word = 0;
        for (size_t i = 0; i < n; i++)
                word |= (uint64_t)(uint8_t)p[i] << (8 * i);
        return word;
}

uint64_t hash_span(Span s, uint64_t seed)
{
        const uint64_t k0 = seed, k1 = 0x0f0e0d0c0b0a0908;
        Sip sip = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                   k1 ^ 0x7465646279746573};
        uint64_t last = (uint64_t)s.len << 56;
        for (; s.len >= 8; s = span_skip(s, 8))
                sip_word(&sip, word_of(s.ptr, 8));
        sip_word(&sip, last | word_of(s.ptr, s.len));
        sip.c ^= 0xff;
        sip_rounds(&sip, 4);
        return sip.a ^ sip.b ^ sip.c ^ sip.d;
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
