/* SPDX-License-Identifier: Apache-2.0 */
#include "client/wait.h"

const struct timespec *client_wait_time(Nsec deadline, struct timespec *room)
{
        Nsec left = nsec_sub(deadline, clock_now(&clock_monotonic));
        *room = (struct timespec){.tv_sec = (time_t)(left / NSEC_PER_SEC),
                                  .tv_nsec = (long)(left % NSEC_PER_SEC)};
        return deadline == NSEC_NEVER ? NULL : room;
}

int client_wait(int fd, short events, Nsec deadline)
{
        for (;;) {
                struct timespec room;
                struct pollfd p = {.fd = fd, .events = events};
                int r = ppoll(&p, 1, client_wait_time(deadline, &room), NULL);
                if (r >= 0)
                        return r ? 0 : CLIENT_WAIT_E_TIMEOUT;
                if (errno != EINTR)
                        return -errno;
        }
}
