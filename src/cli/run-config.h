#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration that the flags of `run` stand for: one server, as a text
 * that the validator reads like any file. What flags mean is here; how they
 * are typed is in cmd-run.c.
 */

#include "cli/cmd-run.h"

/* Returns an exit status, or a negative errno. Long values may be in the arena. */
int run_config_write(const CommandCall *call, Arena *arena, Buf *ret_text) MUST_CHECK;
