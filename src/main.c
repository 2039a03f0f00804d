/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One executable, several roles. A role is named by the first argument, with
 * an @ before it; a person's command line has none and goes to the cli. Roles
 * are for this program's own use: their arguments may change at any time.
 */

#include "config.h"

#include <signal.h>

#include "cli/cli.h"
#include "demo/demo.h"
#include "gateway/gateway.h"
#include "proxy/proxy.h"
#include "sandbox/enter.h"
#include "spawn/exec.h"
#include "supervisor/supervisor.h"
#include "validator/validator.h"

/* Tests put something between. */
#ifndef DAEMON_ENTRY
#define DAEMON_ENTRY supervisor_main
#endif

static int fence_gateway(bool journal, _Atomic uint64_t *refused_call, uint32_t *ret_missing)
{
        return sandbox_enter(&(SandboxEnterArgs){&sandbox_gateway, journal, refused_call}, ret_missing);
}

static int gateway(int argc, char **argv)
{
        return gateway_main(argc, argv, fence_gateway);
}

typedef struct Role {
        const char *name;
        int (*entry)(int argc, char **argv);
} Role;

static const Role roles[] = {
#ifdef MCPVISOR_SINGLE
        {"@exec", exec_main},
#endif
        {"@demo", demo_main}, {"@gateway", gateway}, {"@proxy", proxy_main}, {"@validator", validator_main},
};

/* All but those that tell of a fault in this process, and those of job control. */
static void block_signals(sigset_t *ret_before)
{
        static const int open[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,
                                   SIGABRT, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU};
        sigset_t set;
        (void)sigfillset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(open); i++)
                (void)sigdelset(&set, open[i]);
        (void)sigprocmask(SIG_BLOCK, &set, ret_before);
}

/* A signal that comes before a daemon can read it waits: as PID 1 it would be lost, elsewhere it would be
 * the end. Whoever is no daemon gets back the mask that was, before it does anything. */
int main(int argc, char **argv)
{
        sigset_t before;
        block_signals(&before);
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
                if (argc > 1 && strcmp(argv[1], roles[i].name) == 0) {
                        (void)sigprocmask(SIG_SETMASK, &before, NULL);
                        return roles[i].entry(argc - 1, argv + 1);
                }
        return cli_main(argc, argv, DAEMON_ENTRY, &before);
}
