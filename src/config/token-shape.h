#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a text look like a secret, or a name like a secret's name? Known shapes
 * of well-known issuers only: a hit is worth a warning, and the value is
 * masked wherever it would be shown.
 */

#include "base/span.h"

/* The kind ("GitHub token"), or NULL. Finds a token anywhere in the text. */
const char *token_shape(Span text);
/* API_KEY, GITHUB_TOKEN, DB_PASSWORD and the like. */
bool token_name(Span name);
