/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mcpvisor as it is, but for what only tests may choose: another gateway, and
 * a kernel that seems to refuse groups or namespaces.
 * MCPVISOR_TEST_GATEWAY=PATH, MCPVISOR_TEST_HELPER=PATH, MCPVISOR_TEST_TREE=pidns|best-effort.
 */
#include "supervisor/supervisor.h"

extern char **environ;

static int daemon_entry(const DaemonOptions *options)
{
        DaemonOptions o = *options;
        const char *tree = getenv("MCPVISOR_TEST_TREE");
        o.gateway_exe = getenv("MCPVISOR_TEST_GATEWAY");
        o.gateway_envp = o.gateway_exe ? (const char *const *)environ : NULL;
        o.helper = getenv("MCPVISOR_TEST_HELPER");
        o.no_cgroup = tree != NULL;
        o.no_pidns = tree && strcmp(tree, "best-effort") == 0;
        return supervisor_main(&o);
}

#define DAEMON_ENTRY daemon_entry
#include "../../src/main.c"
