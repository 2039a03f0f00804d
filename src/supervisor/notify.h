#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told: READY, RELOADING, STOPPING, STATUS, WATCHDOG. Sent
 * without waiting; a datagram that nobody takes is counted and lost. Without
 * NOTIFY_SOCKET, or in a build without libsystemd, all of it does nothing.
 */

#include "base/clock.h"

typedef struct Notify {
        int fd; /* owned; -1: nobody listens */
        uint64_t sent, dropped;
        Nsec watchdog; /* how often it wants to hear of us at least; 0: not at all */
} Notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from the environment. */
int notify_init(Notify *n) MUST_CHECK;
void notify_done(Notify *n);
void notify_ready(Notify *n, const char *status);
void notify_reloading(Notify *n, Nsec now);
void notify_stopping(Notify *n, const char *status);
void notify_status(Notify *n, const char *status);
void notify_watchdog(Notify *n);
void notify_extend(Notify *n, Nsec more); /* EXTEND_TIMEOUT_USEC */
