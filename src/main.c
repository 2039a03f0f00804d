/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One executable, several roles. A role is named by the first argument, with
 * an @ before it; a person's command line has none and goes to the cli. Roles
 * are for this program's own use: their arguments may change at any time.
 */

#include "config.h"

#include "cli/cli.h"
#include "gateway/gateway.h"
#include "spawn/exec.h"
#include "validator/validator.h"

typedef struct Role {
        const char *name;
        int (*entry)(int argc, char **argv);
} Role;

static const Role roles[] = {
#ifdef MCPVISOR_SINGLE
        {"@exec", exec_main},
#endif
        {"@gateway", gateway_main},
        {"@validator", validator_main},
};

int main(int argc, char **argv)
{
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
                if (argc > 1 && strcmp(argv[1], roles[i].name) == 0)
                        return roles[i].entry(argc - 1, argv + 1);
        return cli_main(argc, argv);
}
