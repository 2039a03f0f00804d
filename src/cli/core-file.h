#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command holds once it has read a configuration or the settings of
 * other programs: secrets. A command that does calls this first.
 */

#include "base/macro.h"

/* No core file is written of this process, and no other of this user looks into it. */
void core_file_forbid(void);
