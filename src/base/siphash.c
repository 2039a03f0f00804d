/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

typedef struct State {
        uint64_t v[4];
} State;

static uint64_t rotl(uint64_t x, unsigned n)
{
        return x << n | x >> (64 - n);
}

static void rounds(State *s, unsigned n)
{
        uint64_t *v = s->v;
        while (n-- > 0) {
                v[0] += v[1];
                v[2] += v[3];
                v[1] = rotl(v[1], 13) ^ v[0];
                v[3] = rotl(v[3], 16) ^ v[2];
                v[0] = rotl(v[0], 32);
                v[2] += v[1];
                v[0] += v[3];
                v[1] = rotl(v[1], 17) ^ v[2];
                v[3] = rotl(v[3], 21) ^ v[0];
                v[2] = rotl(v[2], 32);
        }
}

static void word(State *s, uint64_t m)
{
        s->v[3] ^= m;
        rounds(s, 2);
        s->v[0] ^= m;
}

static uint64_t load_le(Span s)
{
        uint64_t m = 0;
        for (size_t i = 0; i < s.len; i++)
                m |= (uint64_t)(uint8_t)s.ptr[i] << (8 * i);
        return m;
}

uint64_t siphash(const SipKey *key, Span s)
{
        State state = {{key->a ^ 0x736f6d6570736575, key->b ^ 0x646f72616e646f6d, key->a ^ 0x6c7967656e657261,
                        key->b ^ 0x7465646279746573}};
        uint64_t length = (uint64_t)s.len << 56;
        for (; s.len >= 8; s = span_skip(s, 8))
                word(&state, load_le(span_first(s, 8)));
        word(&state, length | load_le(s));
        state.v[2] ^= 0xff;
        rounds(&state, 4);
        return state.v[0] ^ state.v[1] ^ state.v[2] ^ state.v[3];
}
