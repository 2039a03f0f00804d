/* SPDX-License-Identifier: Apache-2.0 */
#include "control/server-state.h"
#include "docs.h"
#include "supervisor/exit-class.h"

static void write_server_states(FILE *f)
{
        fputs("## States of a server\n\n"
              "As `mcpvisor status` shows them and `--wait` takes them.\n\n"
              "| State | What it means |\n"
              "|---|---|\n",
              f);
        for (ServerState s = 0; s < SERVER_STATE_FREED; s++)
                fprintf(f, "| `%s` | %s |\n", server_state_name(s), server_state_doc(s));
}

static void write_exit_classes(FILE *f)
{
        fputs("\n## Classes of an exit\n\n"
              "Why an instance has ended: status, history, log and metrics use these words. What follows "
              "holds where\n"
              "`restart.policy` does not say otherwise.\n\n"
              "| Class | What it means | What follows |\n"
              "|---|---|---|\n",
              f);
        for (ExitClass c = 0; c < _EXIT_CLASS_MAX; c++)
                fprintf(f, "| `%s` | %s | %s |\n", exit_class_name(c), exit_class_doc(c),
                        exit_class_consequence(c));
}

void docs_states(FILE *f)
{
        fputs("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
              "<!-- Written by `make docs` from src/control/server-state.h and src/supervisor/exit-class.c; "
              "do not edit. -->\n\n"
              "# States and exit classes\n\n"
              "How they follow from each other is told in [supervision.md](supervision.md).\n\n",
              f);
        write_server_states(f);
        write_exit_classes(f);
        fputs("\n## Other words\n\n", f);
        fputs("The breaker of a server is", f);
        for (BreakerState b = 0; b < _BREAKER_MAX; b++)
                fprintf(f, "%s `%s`", b == 0 ? "" : b + 1 < _BREAKER_MAX ? "," : " or", breaker_name(b));
        fputs("; the daemon is", f);
        for (DaemonState d = 0; d < _DAEMON_STATE_MAX; d++)
                fprintf(f, "%s `%s`",
                        d == 0                      ? ""
                        : d + 1 < _DAEMON_STATE_MAX ? ","
                                                    : " or",
                        daemon_state_name(d));
        fputs(".\n", f);
}
