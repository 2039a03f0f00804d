/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/validator.h"

int validator_main(int argc UNUSED, char **argv UNUSED)
{
        fputs("mcpvisor: @validator: not linked yet\n", stderr);
        return 70;
}
