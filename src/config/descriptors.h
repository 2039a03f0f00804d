#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many open files a configuration takes, and how many connections are left
 * by a limit of them: a gateway that has no descriptor for a server's pipes is
 * worse than a client that has to wait. Pure: whoever asks knows the limit.
 */

#include "config/config.h"

/* What the supervisor may need. */
uint64_t config_files(const Config *c) PURE;
/* limits.max_connections, or what the gateway has left of `nofile`: at least one. */
uint64_t config_connections(const Config *c, uint64_t nofile) PURE;
