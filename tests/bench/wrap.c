/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of the gateway: becomes the shell command MCPVISOR_BENCH_WRAP,
 * which runs the gateway in something. A script cannot stand here: a role is
 * executed by a descriptor that is closed by then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
        const char *command = getenv("MCPVISOR_BENCH_WRAP");
        if (command)
                execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        perror("wrap");
        return 127;
}
