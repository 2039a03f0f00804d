/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"
#include "sandbox/identity.h"

enum { ROOM = IDENTITY_LAST - IDENTITY_FIRST + 1 };

static bool is_dynamic(const ServerConfig *s, const SandboxMachine *m)
{
        const char *user = s->user.value;
        return m->uid == 0 && machine_is_privileged(m) && s->sandbox.profile != PROFILE_NONE &&
               (!user || strcmp(user, "dynamic") == 0);
}

/* The same on each machine and after each start: files belong to the number. */
static unsigned place_of(const char *name)
{
        static const SipKey key = {0x6d63707669736f72, 0x6964656e74697479};
        return (unsigned)(siphash(&key, span_of(name)) % ROOM);
}

static int by_name(const void *a, const void *b)
{
        const ServerConfig *const *x = a, *const *y = b;
        return strcmp((*x)->head.name, (*y)->head.name);
}

/* Who shares a place with one whose name comes first takes the next that is free: a number changes only
 * when such a neighbour comes or goes. */
static int dynamic_of(const Config *c, const ServerConfig *s, const SandboxMachine *m, unsigned *ret)
{
        CLEANUP_FREE const ServerConfig **list = malloc((c->servers.n + 1) * sizeof(*list));
        bool taken[ROOM] = {false};
        size_t n = 0;
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < c->servers.n; i++)
                if (is_dynamic(config_server(c, i), m))
                        list[n++] = config_server(c, i);
        if (n > ROOM)
                return -ENOSPC;
        qsort(list, n, sizeof(*list), by_name);
        for (size_t i = 0; i < n; i++) {
                unsigned at = place_of(list[i]->head.name);
                while (taken[at])
                        at = (at + 1) % ROOM;
                taken[at] = true;
                if (list[i] == s)
                        *ret = at;
        }
        return 0;
}

int identity_of(const Config *c, const ServerConfig *s, const SandboxMachine *m, uint64_t *ret_uid,
                uint64_t *ret_gid)
{
        unsigned place = 0;
        if (!is_dynamic(s, m)) {
                *ret_uid = s->resolved.uid;
                *ret_gid = s->resolved.gid;
                return 0;
        }
        int r = dynamic_of(c, s, m, &place);
        if (r < 0)
                return r;
        *ret_uid = *ret_gid = IDENTITY_FIRST + place;
        return 0;
}
