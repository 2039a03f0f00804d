/* SPDX-License-Identifier: Apache-2.0 */
#include <grp.h>

#include "base/parse.h"
#include "supervisor/group.h"

/* /etc/group alone: a directory service may keep us waiting. */
int group_find(const char *name, gid_t *ret)
{
        uint64_t number;

        if (parse_u64(span_of(name), &number) == 0 && number < UINT32_MAX) {
                *ret = (gid_t)number;
                return 0;
        }
        FILE *f = fopen("/etc/group", "re");
        if (!f)
                return -errno;
        const struct group *g;
        while ((g = fgetgrent(f)) && strcmp(g->gr_name, name) != 0)
                ;
        if (g)
                *ret = g->gr_gid;
        (void)fclose(f);
        return g ? 0 : -ESRCH;
}
