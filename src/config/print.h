#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as text, in canonical form: keys in the order of the schema
 * table, `defaults` worked into the servers, values in their largest units,
 * nothing that equals its default. References stand as they were written;
 * literal secrets as <secret:NAME>. Printing what was printed gives the same
 * text. Only for snapshots that came from a text: bytes know no references.
 */

#include "config/config.h"

int config_print(const Config *c, Buf *b) MUST_CHECK;
/* Every key that has a default, with it; no servers. */
int config_print_defaults(Buf *b) MUST_CHECK;
/* A text as a YAML value: plain where that is safe, else quoted as in JSON. */
int config_quote(Buf *b, Span s) MUST_CHECK;
