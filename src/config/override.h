#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the whole file that an option or the environment sets instead of
 * it. Each is a text `KEY=YAML`, or `PLACE KEY=YAML`, where PLACE is what
 * messages name in place of the file: `--listen listen=["127.0.0.1:8080"]`.
 * The value goes through the key's row of the schema as if it stood in the
 * file, and replaces what the file says. Knows no option.
 */

#include "config/bind.h"

/* What messages call one that names no place. */
#define OVERRIDE_PLACE "--set"

/* One of them. What is wrong with it is in the list; negative: out of memory. */
int override_bind(Bind *b, Arena *nodes, const char *text) MUST_CHECK;
