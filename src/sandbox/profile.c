/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "sandbox/profile.h"

typedef struct FenceRow {
        const char *name, *lost;
        bool floor, in[PROFILE_STRICT + 1];
} FenceRow;

static const FenceRow rows[] = {
#define F(id, word, is_floor, standard, strict, text) \
        [FENCE_##id] = {.name = (word), .lost = (text), .floor = (is_floor), .in = {false, standard, strict}},
        SANDBOX_FENCES(F)
#undef F
};
static_assert(_FENCE_MAX <= 32, "a set of fences fits in a word");

static const char *const names[] = {
        [PROFILE_NONE] = "none",
        [PROFILE_STANDARD] = "standard",
        [PROFILE_STRICT] = "strict",
};

const char *fence_name(SandboxFence fence)
{
        return (unsigned)fence < ARRAY_SIZE(rows) ? rows[fence].name : NULL;
}

const char *fence_lost(SandboxFence fence)
{
        return (unsigned)fence < ARRAY_SIZE(rows) ? rows[fence].lost : NULL;
}

bool fence_is_floor(SandboxFence fence)
{
        return (unsigned)fence < ARRAY_SIZE(rows) && rows[fence].floor;
}

const char *profile_name(SandboxProfile profile)
{
        return (unsigned)profile < ARRAY_SIZE(names) ? names[profile] : NULL;
}

uint32_t profile_fences(SandboxProfile profile)
{
        uint32_t set = 0;
        for (unsigned i = 0; i < ARRAY_SIZE(rows) && (unsigned)profile < ARRAY_SIZE(names); i++)
                if (rows[i].in[profile])
                        set |= FENCE_BIT(i);
        return set;
}

/* A limit that somebody wrote down is asked for under each profile, `none` too: it is no matter of trust. */
uint32_t profile_fences_of(const ServerConfig *s)
{
        SandboxProfile profile = (SandboxProfile)s->sandbox.profile;
        uint32_t set = profile_fences(profile);
        if (s->sandbox.memory != PARSE_NONE)
                set |= FENCE_BIT(FENCE_MEMORY);
        if (s->sandbox.cpu != PARSE_NONE || s->sandbox.cpu_weight != PARSE_NONE)
                set |= FENCE_BIT(FENCE_CPU);
        if (s->sandbox.io.n)
                set |= FENCE_BIT(FENCE_IO);
        if (profile == PROFILE_NONE)
                return set;
        if (server_net(s) != NET_HOST)
                set |= FENCE_BIT(FENCE_NETNS);
        if (server_net(s) == NET_NONE) /* a loopback or the machine's network is used by TCP */
                set |= FENCE_BIT(FENCE_LANDLOCK_NET);
        return set;
}
