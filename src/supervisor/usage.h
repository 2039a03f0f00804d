#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server's processes use, read from their control groups into the
 * scoreboard: when somebody asks for the status, and for /metrics a few
 * servers at a time. Costs some reads of files in memory for each instance.
 */

#include "base/macro.h"

struct Supervisor;
typedef struct Server Server;

typedef struct Usage {
        bool known; /* it has a control group that tells */
        uint64_t memory, cpu_usec, pids;
} Usage;

Usage usage_measure(const Server *s);
/* The next LIMIT_USAGE_BATCH servers, all of them in turn. */
void usage_measure_some(struct Supervisor *s);
