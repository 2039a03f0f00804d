#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for all servers of an Import: legal, each only once, and the same at
 * every run. What would be run in the same way under the same name is taken
 * once. Names of the secrets' files follow from those of their servers. Pure.
 */

#include "cli/import-list.h"

int import_merge(Import *im) MUST_CHECK;
/* A legal name near to `name`: other characters become -, a long one is cut and gets a hash. */
char *import_legal_name(Import *im, const char *name) MUST_CHECK;
