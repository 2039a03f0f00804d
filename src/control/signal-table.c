/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "control/signal-table.h"

const SignalRow signal_table[] = {
#define S(id, what, text) {.signo = SIG##id, .policy = SIGNAL_##what, .name = #id, .doc = (text)},
        DAEMON_SIGNALS(S)
#undef S
};

const unsigned signal_table_size = ARRAY_SIZE(signal_table);

const SignalRow *signal_row(int signo)
{
        for (size_t i = 0; i < ARRAY_SIZE(signal_table); i++)
                if (signal_table[i].signo == signo)
                        return &signal_table[i];
        return NULL;
}
