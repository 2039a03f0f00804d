#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of options: text to a member of an options struct, by the kind
 * of the row. For option.c; others see option.h.
 */

#include "cli/option.h"

/* Reads `text` into the member at `place`. OPTION_E_USAGE: it is not such a value, and
 * p->why says so. `text` must outlive the struct. */
int option_store(const OptionParse *p, const Option *o, void *place, Span typed, const char *text) MUST_CHECK;

/* Appends what a person typed, made harmless and not too long. */
int option_show(Span typed, Buf *b) MUST_CHECK;
