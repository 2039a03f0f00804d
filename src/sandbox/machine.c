/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/machine.h"

typedef struct OfferRow {
        const char *name, *what, *remedy;
} OfferRow;

static const OfferRow rows[] = {
#define F(id, word, is, todo) [OFFER_##id] = {(word), (is), (todo)},
        SANDBOX_OFFERS(F)
#undef F
};

const char *offer_name(SandboxOffer offer)
{
        return (unsigned)offer < ARRAY_SIZE(rows) ? rows[offer].name : NULL;
}

const char *offer_what(SandboxOffer offer)
{
        return (unsigned)offer < ARRAY_SIZE(rows) ? rows[offer].what : NULL;
}

const char *offer_remedy(SandboxOffer offer)
{
        return (unsigned)offer < ARRAY_SIZE(rows) ? rows[offer].remedy : NULL;
}

void machine_init(SandboxMachine *m)
{
        *m = (SandboxMachine){0};
        for (size_t i = 0; i < _OFFER_MAX; i++)
                m->refused[i] = ENOSYS;
}
