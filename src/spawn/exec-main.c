/* SPDX-License-Identifier: Apache-2.0 */
/* mcpvisor-exec as an executable of its own; see exec.h. */
#include "spawn/exec.h"

int main(int argc, char **argv)
{
        return exec_main(argc, argv);
}
