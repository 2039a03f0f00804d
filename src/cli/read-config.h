#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration by way of the validator process: shared by the commands that read one. */

#include "cli/command.h"
#include "config/config.h"
#include "spawn/validate.h"

/* The file that a command was given, else that of MCPVISOR_CONFIG; NULL when there is neither, which
 * was said on stderr then. */
const char *read_config_path(const CommandCall *call);
/* Runs the validator and says on stderr when that itself failed. Returns an exit status;
 * EXIT_CODE_DONE: `ret` is to be freed with validate_result_done(), valid or not. */
int read_config(const CommandCall *call, const ValidateArgs *args, ValidateResult *ret) MUST_CHECK;
/* Says on stderr what is wrong with a file, whose name may hold anything. */
void read_config_error(const CommandCall *call, const char *path, const char *what);
/* The supervisor's view of a valid result. */
int read_config_blob(const ValidateResult *v, Config **ret) MUST_CHECK;
