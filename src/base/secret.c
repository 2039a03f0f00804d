/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

static uint64_t load(const uint8_t *p, size_t n)
{
        uint64_t word = 0;
        memcpy(&word, p, n);
        return word;
}

uint64_t secret_differ(const void *a, const void *b, size_t n)
{
        const uint8_t *x = a, *y = b;
        uint64_t differ = 0;
        for (; n >= sizeof(differ); n -= sizeof(differ), x += sizeof(differ), y += sizeof(differ)) {
                differ |= load(x, sizeof(differ)) ^ load(y, sizeof(differ));
                __asm__ volatile("" : "+r"(differ)); /* no compiler may stop at the first difference */
        }
        for (; n > 0; n--, x++, y++) {
                differ |= (uint64_t)(*x ^ *y);
                __asm__ volatile("" : "+r"(differ));
        }
        return differ;
}

bool equal_in_constant_time(const void *a, const void *b, size_t n)
{
        return secret_differ(a, b, n) == 0;
}
