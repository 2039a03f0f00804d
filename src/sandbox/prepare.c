/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "sandbox/identity.h"
#include "sandbox/prepare.h"

/* Every path that its configuration names. */
static int list_paths(const ServerConfig *s, Arena *arena, const char ***ret)
{
        enum { ALONE = 3 }; /* program, interpreter, directory */
        const ConfigList *const lists[] = {&s->sandbox.ro, &s->sandbox.rw};
        const ConfigText *const alone[ALONE] = {&s->resolved.command, &s->resolved.interpreter, &s->cwd};
        size_t n = 0;
        const char **list = ARENA_NEW_N(arena, const char *, s->sandbox.ro.n + s->sandbox.rw.n + ALONE + 1);
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                for (size_t k = 0; k < lists[i]->n; k++)
                        list[n++] = lists[i]->items[k].value;
        for (size_t i = 0; i < ALONE; i++)
                if (alone[i]->value)
                        list[n++] = alone[i]->value;
        *ret = list;
        return 0;
}

static int prepare(const PrepareArgs *a, Arena *arena, Prepared *p)
{
        const char **paths;
        int r = identity_of(a->config, a->server, a->machine, &p->uid, &p->gid);
        if (r == 0)
                r = list_paths(a->server, arena, &paths);
        if (r == 0)
                r = survey_make(&(SurveyArgs){.paths = paths, .own = a->own, .uid = p->uid, .gid = p->gid},
                                &p->survey);
        if (r < 0)
                return r;
        const SandboxArgs args = {
                .server = a->server,
                .machine = a->machine,
                .survey = &p->survey,
                .home = a->home,
                .uid = p->uid,
                .gid = p->gid,
                .supervisor = a->supervisor,
        };
        r = sandbox_plan_make(&args, &p->plan);
        if (r < 0)
                survey_done(&p->survey);
        return r;
}

int sandbox_prepare(const PrepareArgs *args, Prepared *ret)
{
        CLEANUP(arena_done) Arena arena = ARENA_INIT(LIMIT_SANDBOX_ARENA);
        Prepared p;
        int r = prepare(args, &arena, &p);
        if (r == 0)
                *ret = p;
        return r;
}

void prepared_done(Prepared *p)
{
        sandbox_plan_done(&p->plan);
        survey_done(&p->survey);
}
