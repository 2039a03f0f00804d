#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told: READY, RELOADING, STOPPING, STATUS, WATCHDOG. Sent
 * without waiting, which its own library does not do; a datagram that nobody
 * takes is counted and lost. Without NOTIFY_SOCKET all of it does nothing.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"

typedef struct Notify {
        int fd; /* owned; -1: nobody listens */
        uint64_t sent, dropped;
        Nsec watchdog; /* how often it wants to hear of us at least; 0: not at all. Tell it twice as often. */
        struct sockaddr_un address;
        socklen_t size;
} Notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment. A socket of
 * another kind than unix is as none. */
int notify_init(Notify *n) MUST_CHECK;
void notify_done(Notify *n);
/* A status is one line; NULL: it stays as it is. */
void notify_ready(Notify *n, const char *status);
void notify_reloading(Notify *n, Nsec now); /* notify_ready() ends it */
void notify_stopping(Notify *n, const char *status);
void notify_status(Notify *n, const char *status);
void notify_watchdog(Notify *n);
void notify_extend(Notify *n, Nsec more); /* EXTEND_TIMEOUT_USEC */
