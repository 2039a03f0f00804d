#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon and its servers as one JSON object, as CONTRACT gives it to
 * scripts: what is not known is null, no field is ever left out.
 */

#include "base/json-writer.h"

struct Supervisor;

/* Only the servers named, or all when n is 0. */
int status_json(struct Supervisor *s, const char *const *names, size_t n, JsonWriter *w) MUST_CHECK;
