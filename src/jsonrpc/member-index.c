/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/member-index.h"

#include <endian.h>

#define PLACE_MESSAGE ENVELOPE_MESSAGE
#define PLACE_PARAMS  ENVELOPE_PARAMS
#define PLACE_META    ENVELOPE_META
#define PLACE_RESULT  ENVELOPE_RESULT_OBJECT
#define PLACE_ERROR   ENVELOPE_ERROR_OBJECT

/* Eight lengths are compared at once, so eight must stand behind the last row. */
enum { AT_ONCE = 8, FIELD = 8 };

#define EVERY_BYTE 0x0101010101010101ULL

static const Span names[_MEMBER_MAX] = {
#define M(id, place, name) {(name), sizeof(name) - 1},
        ENVELOPE_MEMBERS(M)
#undef M
};

static const uint8_t lengths[_MEMBER_MAX + AT_ONCE] = {
#define M(id, place, name) sizeof(name) - 1,
        ENVELOPE_MEMBERS(M)
#undef M
};

/* A byte for each place, the lowest is MESSAGE's: how many rows stand before its first one. */
static const uint64_t firsts = 0
#define M(id, place, name) +(EVERY_BYTE << (FIELD * (PLACE_##place + 1)))
        ENVELOPE_MEMBERS(M)
#undef M
        ;

static_assert(_ENVELOPE_PLACE_MAX + 1 <= 64 / FIELD, "a byte for each place and one for the end");
static_assert(_MEMBER_MAX < 1 << FIELD, "a row's number is a byte");

static unsigned first_of(unsigned place)
{
        return firsts >> (FIELD * place) & ((1U << FIELD) - 1);
}

/* As memcmp, but most names are short, and nearly every one of a usual message comes by here: no call. */
#define SAME_ENDS(type)                                               \
        do {                                                          \
                type head[2], tail[2];                                \
                memcpy(&head[0], a, sizeof(type));                    \
                memcpy(&head[1], b, sizeof(type));                    \
                memcpy(&tail[0], a + n - sizeof(type), sizeof(type)); \
                memcpy(&tail[1], b + n - sizeof(type), sizeof(type)); \
                return head[0] == head[1] && tail[0] == tail[1];      \
        } while (0)

static inline bool is_same(const char *a, const char *b, size_t n)
{
        if (n > 2 * sizeof(uint64_t))
                return memcmp(a, b, n) == 0;
        if (n >= sizeof(uint64_t))
                SAME_ENDS(uint64_t);
        if (n >= sizeof(uint32_t))
                SAME_ENDS(uint32_t);
        return a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1];
}

EnvelopeMember member_find(EnvelopePlace place, Span name)
{
        unsigned end = first_of((unsigned)place + 1);
        if (name.len >= 1 << (FIELD - 1))
                return _MEMBER_MAX;
        for (unsigned at = first_of(place); at < end; at += AT_ONCE) {
                uint64_t word;
                memcpy(&word, lengths + at, sizeof(word));
                word = le64toh(word) ^ EVERY_BYTE * name.len;
                /* The top bit of each byte that is zero now, and of some that are 1 and stand above one. */
                word = (word - EVERY_BYTE) & ~word & EVERY_BYTE << (FIELD - 1);
                for (; word; word &= word - 1) {
                        unsigned row = at + (unsigned)__builtin_ctzll(word) / FIELD;
                        if (row < end && names[row].len == name.len &&
                            is_same(names[row].ptr, name.ptr, name.len))
                                return (EnvelopeMember)row;
                }
        }
        return _MEMBER_MAX;
}
