/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mcpvisor as it is, but for what only tests may choose: another gateway, a
 * kernel that seems to refuse groups or namespaces, and times that are long.
 * MCPVISOR_TEST_NO_LOOK=1, MCPVISOR_TEST_GATEWAY=PATH, MCPVISOR_TEST_HELPER=PATH,
 * MCPVISOR_TEST_TREE=pidns|best-effort, MCPVISOR_TEST_PING, _GATEWAY_GOOD, _CRITICAL,
 * _RELOAD_PAUSE, _PIPE_QUIET=MILLISECONDS.
 */
#include "supervisor/supervisor.h"

extern char **environ;

static uint32_t time_of(const char *variable)
{
        const char *text = getenv(variable);
        return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static int daemon_entry(const DaemonOptions *options)
{
        DaemonOptions o = *options;
        const char *tree = getenv("MCPVISOR_TEST_TREE");
        o.gateway_exe = getenv("MCPVISOR_TEST_GATEWAY");
        o.gateway_envp = o.gateway_exe ? (const char *const *)environ : NULL;
        o.helper = getenv("MCPVISOR_TEST_HELPER");
        o.no_cgroup = tree != NULL;
        o.no_first_look = getenv("MCPVISOR_TEST_NO_LOOK") != NULL;
        o.no_pidns = tree && strcmp(tree, "best-effort") == 0;
        o.times = (DaemonTimes){.ping = time_of("MCPVISOR_TEST_PING"),
                                .gateway_good = time_of("MCPVISOR_TEST_GATEWAY_GOOD"),
                                .critical = time_of("MCPVISOR_TEST_CRITICAL"),
                                .reload_pause = time_of("MCPVISOR_TEST_RELOAD_PAUSE"),
                                .pipe_quiet = time_of("MCPVISOR_TEST_PIPE_QUIET")};
        return supervisor_main(&o);
}

#define DAEMON_ENTRY daemon_entry
#include "../../src/main.c"
