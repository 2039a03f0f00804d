/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn/stage.h"

static const char *const names[] = {
#define S(id, name, doc) [SPAWN_STAGE_##id] = (name),
        SPAWN_STAGES(S)
#undef S
#define S(id, word, what, numbers) [SPAWN_STAGE_SANDBOX_##id] = "sandbox-" word,
                SANDBOX_STEPS(S)
#undef S
};

static const char *const docs[] = {
#define S(id, name, doc) [SPAWN_STAGE_##id] = (doc),
        SPAWN_STAGES(S)
#undef S
#define S(id, word, what, numbers) [SPAWN_STAGE_SANDBOX_##id] = (what),
                SANDBOX_STEPS(S)
#undef S
};

const char *spawn_stage_name(uint32_t stage)
{
        return stage < ARRAY_SIZE(names) ? names[stage] : NULL;
}

const char *spawn_stage_doc(uint32_t stage)
{
        return stage < ARRAY_SIZE(docs) ? docs[stage] : NULL;
}
