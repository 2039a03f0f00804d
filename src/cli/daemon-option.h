#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of all client commands have in common. */

#include "cli/command.h"

/* The row of --socket, for the options table of each client command. */
#define OPTION_SOCKET(type)                                                           \
        {                                                                             \
                "socket", 0, "PATH", "the daemon's control socket, or its directory", \
                        OPTION_IS_STRING(type, socket), .complete = COMPLETE_FILE     \
        }

#define CLIENT_EXITS \
        EXITS(EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE, EXIT_CODE_NO_DAEMON, EXIT_CODE_INTERNAL)
