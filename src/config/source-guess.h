#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is secret in a line of a file that could not be parsed: nobody knows
 * its keys and values, but an error message shows the line. Guesses by names,
 * by looks and by indentation, and rather hides too much. A file that was
 * parsed has masks instead (mask.h).
 */

#include "base/buf.h"

typedef struct SourceGuess {
        bool inside;   /* the line before it began or continued a secret of several lines */
        bool here;     /* the whole current line is such a line */
        size_t indent; /* of the key that the secret belongs to */
} SourceGuess;

#define SOURCE_GUESS_INIT ((SourceGuess){0})

/* Does it give a secret name a value: API_KEY=text, token:text? */
bool source_guess_assigns(Span text) PURE;
/* Every line in turn, so that secrets of several lines are seen. */
void source_guess(SourceGuess *g, Span line);
/* The line that source_guess() saw last, with `*` in place of each character of a secret. */
int source_copy_guessed(const SourceGuess *g, Span line, Buf *b) MUST_CHECK;
