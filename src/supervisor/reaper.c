/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limit-table.h"
#include "supervisor/reaper.h"

enum { REAPER_SIZE_FIRST = 64 }; /* a power of two, as every size is */

static size_t reaper_slot(const Reaper *r, pid_t pid)
{
        /* Pids count up: their low bits spread well as they are. */
        return (size_t)(unsigned)pid & (r->size - 1);
}

/* Where the pointer to the child of this pid stands, or would. */
static ReaperChild **reaper_find(const Reaper *r, pid_t pid)
{
        ReaperChild **at = &r->table[reaper_slot(r, pid)];

        while (*at && (*at)->pid != pid)
                at = &(*at)->next;
        return at;
}

static int reaper_grow(Reaper *r)
{
        Reaper larger = *r;

        larger.size = r->size * 2;
        larger.table = calloc(larger.size, sizeof(*larger.table));
        if (!larger.table)
                return -ENOMEM;
        for (size_t i = 0; i < r->size; i++) {
                for (ReaperChild *c = r->table[i], *next; c; c = next) {
                        ReaperChild **slot = &larger.table[reaper_slot(&larger, c->pid)];

                        next = c->next;
                        c->next = *slot;
                        *slot = c;
                }
        }
        free(r->table);
        r->table = larger.table;
        r->size = larger.size;
        return 0;
}

int reaper_add(Reaper *r, ReaperChild *c, pid_t pid, void (*ended)(ReaperChild *c, const ChildExit *how))
{
        assert(pid > 0 && c->pid == 0 && ended);
        if (r->n == r->size) {
                int k = reaper_grow(r);
                if (k < 0)
                        return k;
        }
        ReaperChild **at = reaper_find(r, pid);
        assert(!*at); /* a pid is free only after its exit came through here */
        *c = (ReaperChild){.pid = pid, .ended = ended};
        *at = c;
        r->n++;
        return 0;
}

void reaper_remove(Reaper *r, ReaperChild *c)
{
        if (c->pid == 0)
                return;
        ReaperChild **at = reaper_find(r, c->pid);
        assert(*at == c);
        *at = c->next;
        r->n--;
        *c = (ReaperChild){0};
}

/* By number: the wrapper of the C library hides the usage that the kernel gives. */
static int wait_for(idtype_t type, pid_t pid, int options, ChildExit *ret)
{
        siginfo_t info = {.si_pid = 0};
        struct rusage usage = {0};

        if (syscall(SYS_waitid, type, pid, &info, options | WEXITED | WNOHANG, &usage) < 0)
                return -errno;
        if (info.si_pid == 0)
                return CHILD_E_ALIVE;
        *ret = (ChildExit){
                .pid = info.si_pid, .code = info.si_code, .status = info.si_status, .usage = usage};
        return 0;
}

/* One exit. It is looked at first and taken last, so that its pid stays its own until everybody knows. */
static int reaper_take_one(Reaper *r)
{
        ChildExit how;

        int k = wait_for(P_ALL, 0, WNOWAIT, &how);
        if (k != 0)
                return k;
        ReaperChild *c = *reaper_find(r, how.pid);
        if (!c && r->orphan)
                r->orphan(r, how.pid);
        k = wait_for(P_PID, how.pid, 0, &how);
        if (k != 0)
                return k;
        r->reaped++;
        if (!c) {
                r->orphans++;
                return 0;
        }
        void (*ended)(ReaperChild * c, const ChildExit *how) = c->ended;
        reaper_remove(r, c);
        ended(c, &how);
        return 0;
}

static int reaper_ready(LoopSource *source, uint32_t events UNUSED)
{
        Reaper *r = CONTAINER_OF(source, Reaper, source);

        for (unsigned i = 0; i < LIMIT_LOOP_ITEMS; i++) {
                int k = reaper_take_one(r);
                if (k == CHILD_E_ALIVE || k == -ECHILD)
                        return 0;
                if (k < 0)
                        return k;
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps reaper_source_ops = {
        .priority = LOOP_PRIORITY_REAP,
        .ready = reaper_ready,
};

int reaper_init(Reaper *r, Loop *loop)
{
        Reaper new = {.size = REAPER_SIZE_FIRST};

        new.table = calloc(new.size, sizeof(*new.table));
        if (!new.table)
                return -ENOMEM;
        *r = new;
        int k = loop_source_add(&r->source, loop, &reaper_source_ops, -1, 0);
        if (k < 0) {
                free(r->table);
                *r = (Reaper){0};
                return k;
        }
        /* Whoever was here before us may have left children: no signal tells of those. */
        reaper_wake(r);
        return 0;
}

void reaper_done(Reaper *r)
{
        loop_source_remove(&r->source);
        for (size_t i = 0; i < r->size; i++)
                while (r->table[i])
                        reaper_remove(r, r->table[i]);
        free(r->table);
        *r = (Reaper){0};
}

void reaper_wake(Reaper *r)
{
        loop_source_wake(&r->source);
}
