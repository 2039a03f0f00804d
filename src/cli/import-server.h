#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One server of a host's file: from its JSON object to an ImportServer, key
 * by key. Whose file it is does not matter here.
 */

#include <jansson.h>

#include "cli/import-list.h"

/* Leaves the server out, with the reason, when it cannot be taken. */
int import_server(Import *im, ImportServer *s, json_t *entry) MUST_CHECK;
