/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "build-id.h"
#include "spawn/exec.h"
#include "spawn/helper.h"

static const char version_text[] = "mcpvisor-exec " PACKAGE_VERSION " (build " MCPVISOR_BUILD_ID ")\n";
static const char hint_text[] = "mcpvisor-exec: this program is started by mcpvisor, not by hand\n";

/* Whole or not at all is good enough for one line: nobody waits for the rest of it. */
static bool say(int fd, const char *text, size_t n)
{
        return write(fd, text, n) == (ssize_t)n;
}

int exec_main(int argc, char **argv)
{
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return say(STDOUT_FILENO, version_text, sizeof(version_text) - 1) ? EXIT_SUCCESS
                                                                                  : EXIT_FAILURE;
        (void)helper_main(argc, argv); /* does not return if it is what was asked for */
        (void)say(STDERR_FILENO, hint_text, sizeof(hint_text) - 1);
        return HELPER_FAILED;
}
