#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks one instance now and then whether it still answers. Hangs on its
 * Backend; a server that misses as many pings in a row as its configuration
 * allows is failed as unresponsive.
 */

#include "gateway/backend.h"

/* Again with other numbers: these hold from the next ping on. */
int pinger_start(Backend *b, Nsec interval, Nsec timeout, uint64_t failures) MUST_CHECK;
void pinger_free(Backend *b);
