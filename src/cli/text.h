#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running text broken into lines, for help on a terminal. Knows no command.
 * Errors of the stream stick to it; who opened it looks at the end.
 */

#include "base/macro.h"

enum { TEXT_WIDTH = 80 };

/* Writes `text` in lines shorter than TEXT_WIDTH, the cursor being at `column` and further
 * lines beginning at `indent`; ends with a newline. In the text an empty line parts
 * paragraphs, and a single newline is kept. */
void text_wrap(FILE *f, unsigned column, unsigned indent, const char *text);

/* Writes `text`, the cursor being at `at`, and fills up with spaces to `column`, with a new line when it is
 * too long. */
void text_column(FILE *f, unsigned at, const char *text, unsigned column);
