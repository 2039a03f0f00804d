/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/program.h"

static const char *const names[] = {
#define S(id, word, what, numbers) [STEP_##id] = (word),
        SANDBOX_STEPS(S)
#undef S
};

static const char *const docs[] = {
#define S(id, word, what, numbers) [STEP_##id] = (what),
        SANDBOX_STEPS(S)
#undef S
};

const char *step_name(uint32_t kind)
{
        return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

const char *step_what(uint32_t kind)
{
        return kind < ARRAY_SIZE(docs) ? docs[kind] : NULL;
}
