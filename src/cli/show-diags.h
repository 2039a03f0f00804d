#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of the validator on a terminal: shared by the commands that read configurations. */

#include "base/diag.h"
#include "cli/terminal.h"

/* As text on stderr, with the source lines, and a line that counts what was not shown. */
int show_diags_text(const DiagList *l, const Terminal *t) MUST_CHECK;
/* One JSON object a line on stdout. */
int show_diags_json(const DiagList *l) MUST_CHECK;
/* "2 errors, 1 warning"; "no errors". */
void show_diags_count(const DiagList *l, char *text, size_t size);
