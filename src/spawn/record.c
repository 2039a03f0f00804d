/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "spawn/record.h"

void spawn_record_send(int status_fd, const SpawnRecord *r)
{
        ssize_t n;
        do
                n = send(status_fd, r, sizeof(*r), MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
}

void spawn_record_failed(int status_fd, const StepError *e)
{
        const SpawnRecord r = {
                .magic = SPAWN_RECORD_MAGIC,
                .kind = SPAWN_REPORT_FAILED,
                .error = *e,
        };
        spawn_record_send(status_fd, &r);
}

void step_detail(StepError *e, const char *const parts[static 3])
{
        size_t n = 0;
        for (size_t i = 0; i < 3 && parts[i]; i++)
                for (const char *c = parts[i]; *c && n < sizeof(e->detail) - 1; c++)
                        e->detail[n++] = *c;
        e->detail[n] = '\0';
}
