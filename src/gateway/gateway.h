#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway: the role that speaks with clients and with the servers' pipes.
 * A child of the supervisor; its ipc socket is descriptor 3.
 */

#include <stdatomic.h>

#include "base/macro.h"

enum { GATEWAY_IPC_FD = 3 };

/* Fences this process: its descriptors are there, and no client was heard yet. *ret_missing has a bit for
 * each fence that it could not have; *refused_call is given a number if a call ends the process later on. */
typedef int GatewayFence(bool journal, _Atomic uint64_t *refused_call, uint32_t *ret_missing);

/* `fence` may be NULL: none, for tests. */
int gateway_main(int argc, char **argv, GatewayFence *fence);
