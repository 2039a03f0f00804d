/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <grp.h>
#include <pwd.h>

#include "base/parse.h"
#include "validator/account.h"

/* The entry of the file, else what the directory services say (whose spelling of a name may be another). */
static const struct passwd *find_user(FILE *f, const char *name)
{
        uint64_t id = UINT64_MAX;
        bool by_number = parse_u64(span_of(name), &id) == 0;
        const struct passwd *p = NULL;
        while (f && (p = fgetpwent(f)))
                if (by_number ? p->pw_uid == id : strcmp(p->pw_name, name) == 0)
                        return p;
#ifndef MCPVISOR_SINGLE
        p = by_number ? getpwuid((uid_t)id) : getpwnam(name);
#endif
        return p;
}

bool account_find_user(const char *name, uint64_t *ret_uid, uint64_t *ret_gid)
{
        FILE *f = fopen("/etc/passwd", "re");
        const struct passwd *p = find_user(f, name);
        if (p) {
                *ret_uid = p->pw_uid;
                *ret_gid = p->pw_gid;
        }
        if (f)
                (void)fclose(f);
        return p != NULL;
}

bool account_find_group(const char *name)
{
        uint64_t id;
        bool found = parse_u64(span_of(name), &id) == 0;
        FILE *f = found ? NULL : fopen("/etc/group", "re");
        for (struct group *g; f && !found && (g = fgetgrent(f));)
                found = strcmp(g->gr_name, name) == 0;
        if (f)
                (void)fclose(f);
#ifndef MCPVISOR_SINGLE
        found = found || getgrnam(name);
#endif
        return found;
}
