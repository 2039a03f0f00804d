#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs together: rules over more than one key, each a row of a table
 * of checks. Works on a snapshot whose single values are valid already and
 * adds errors and warnings with the places where the keys were written.
 */

#include "config/config.h"

int verify_config(const Config *c, const char *file, DiagList *diags) MUST_CHECK;
