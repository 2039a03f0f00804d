#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for one descriptor until a moment of clock_monotonic. */

#include <poll.h>

#include "base/clock.h"

enum { _CLIENT_WAIT_E_SUCCESS, CLIENT_WAIT_E_TIMEOUT };

/* 0 when one of `events` has come, or an error that the next call on `fd` tells. */
int client_wait(int fd, short events, Nsec deadline) MUST_CHECK;
/* What is left until a moment, for ppoll; NULL: for ever. */
const struct timespec *client_wait_time(Nsec deadline, struct timespec *room);
