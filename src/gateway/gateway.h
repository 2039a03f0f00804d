#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway: the role that speaks with clients and with the servers' pipes.
 * A child of the supervisor; its ipc socket is descriptor 3.
 */

#include "base/macro.h"

enum { GATEWAY_IPC_FD = 3 };

int gateway_main(int argc, char **argv);
