/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "supervisor/core.h"
#include "supervisor/usage.h"

static void add_usage(const Tree *t, Usage *sum)
{
        CgroupUsage u;
        if (t->group.fd < 0 || cgroup_usage(&t->group, &u) < 0 || u.memory == UINT64_MAX)
                return;
        sum->known = true;
        sum->memory += u.memory;
        sum->cpu_usec += u.cpu_usec == UINT64_MAX ? 0 : u.cpu_usec;
        sum->pids += u.pids == UINT64_MAX ? 0 : u.pids;
}

Usage usage_measure(const Server *s)
{
        Usage sum = {0};
        const Instance *i;
        LIST_FOREACH(i, &s->instances, link)
        if (i->tree)
                add_usage(i->tree, &sum);
        score_set(&s->score->ours.memory, sum.memory);
        score_set(&s->score->ours.cpu_usec, sum.cpu_usec);
        score_set(&s->score->ours.pids, sum.pids);
        return sum;
}

void usage_measure_some(struct Supervisor *s)
{
        uint32_t used = scoreboard_used(s->board);
        for (uint32_t i = 0, n = 0; i < used && n < LIMIT_USAGE_BATCH; i++) {
                s->measured = s->measured + 1 < used ? s->measured + 1 : 0;
                if (!s->rows[s->measured])
                        continue;
                (void)usage_measure(s->rows[s->measured]);
                n++;
        }
}
