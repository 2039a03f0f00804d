#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit statuses of the daemon, a part of those that the whole program has
 * (they never change; scripts depend on them).
 */

#include "base/macro.h"

enum {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,
        EXIT_INTERNAL = 70,
        EXIT_REFUSED = 125,
        EXIT_CANNOT_EXECUTE = 126,
        EXIT_NOT_FOUND = 127,
        EXIT_BY_SIGNAL = 128, /* + the signal */
};
