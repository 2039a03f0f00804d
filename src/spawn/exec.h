#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry of mcpvisor-exec, the small program between clone and exec. It
 * lives inside every fence, so it links libc only, takes no heap and uses no
 * stdio. In a single static executable it is the role @exec of mcpvisor.
 */

#include "base/macro.h"

int exec_main(int argc, char **argv);
