#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: the options that any command knows, then the command.
 * Makes sure that the three standard descriptors exist and that what was
 * written to stdout arrived. Knows no command by name.
 */

#include <signal.h>

#include "config/daemon.h"

/* `daemon` is what the commands serve and run become; NULL: there is none. `signals` is the mask that main
 * found before it blocked all signals: every other command gets it back. Returns the exit status. */
int cli_main(int argc, char **argv, DaemonEntry *daemon, const sigset_t *signals);
