#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each signal means to the daemon, one row each: the supervisor acts by
 * it, the manual page is written from it. Knows words only.
 */

#include "base/macro.h"

/* clang-format off */
#define DAEMON_SIGNALS(S)                                                                                    \
        S(TERM,  STOP,   "Stop: servers get time to end, at most\n.Ql shutdown.timeout .\n"                  \
                         "A second one that comes 0.3 seconds later or more kills what is left.")            \
        S(INT,   STOP,   "The same.")                                                                        \
        S(QUIT,  QUIT,   "Kill all servers and end at once.")                                                \
        S(PWR,   POWER,  "The power fails: stop, as by\n.Dv SIGTERM .")                                      \
        S(HUP,   RELOAD, "Read the configuration file again and change what differs.\nMany are as one; "     \
                         "during a stop it is ignored.\nWith\n.Cm run ,\nwhich has no file: "                \
                         "stop when the terminal is gone, else nothing.")                                    \
        S(USR1,  REOPEN, "Open the log again, after it was moved away.")                                     \
        S(USR2,  DUMP,   "Write the state of all servers to the log.")                                       \
        S(CHLD,  CHILD,  "Processes have ended: they are reaped.")                                           \
        S(WINCH, IGNORE, "Ignored.")
/* clang-format on */

typedef enum SignalPolicy {
        SIGNAL_STOP,
        SIGNAL_QUIT,
        SIGNAL_POWER,
        SIGNAL_RELOAD,
        SIGNAL_REOPEN,
        SIGNAL_DUMP,
        SIGNAL_CHILD,
        SIGNAL_IGNORE,
        _SIGNAL_POLICY_MAX,
} SignalPolicy;

typedef struct SignalRow {
        int signo;
        SignalPolicy policy;
        const char *name; /* "TERM" */
        const char *doc;  /* sentences of mdoc */
} SignalRow;

extern const SignalRow signal_table[];
extern const unsigned signal_table_size;

/* NULL: not one of ours. */
const SignalRow *signal_row(int signo);
