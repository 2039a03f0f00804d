#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration file: opened once, checked through the
 * descriptor, read with a limit, and made ready for the parser (encoding,
 * byte order mark, comments and surrogate pairs of JSON). Also gives single
 * lines back for messages, with secrets masked.
 */

#include "base/diag.h"

typedef struct Source {
        char *name; /* owned; what messages call it */
        Buf text;
        bool world_readable; /* everybody may read the file it came from */
} Source;

enum { _SOURCE_E_SUCCESS, SOURCE_E_INVALID };

/* "-" is standard input. SOURCE_E_INVALID: the list says why. */
int source_read(const char *path, DiagList *diags, Source *ret) MUST_CHECK;
/* A descriptor from its beginning, or, when it has none, from where it is; `name` is what messages call it.
 */
int source_read_fd(int fd, const char *name, DiagList *diags, Source *ret) MUST_CHECK;
/* From memory, for tests and other readers; takes a copy. */
int source_from_text(const char *name, Span text, DiagList *diags, Source *ret) MUST_CHECK;
void source_done(Source *s);

/* The number of the line that holds an offset, as the parser counts lines. */
uint32_t source_line_at(Span text, size_t offset) PURE;

/* A stretch of the text that nobody may see. Columns count from 1; end_col is one past it. */
typedef struct SourceMask {
        uint32_t line, col, end_line, end_col;
} SourceMask;

/* Takes the next line off the front of *text, without its end; false when it was used up. A line ends
 * where libyaml says it does: not only LF, but CR LF, CR, U+0085, U+2028 and U+2029. */
bool source_line(Span *text, Span *ret_line);

/* Gives each finding its line of the text, masked. `masks` NULL: the text could not be parsed, so that
 * what is secret in the line is guessed, with a hand on the safe side. */
int source_attach(const Source *s, const SourceMask *masks, size_t n_masks, DiagList *diags) MUST_CHECK;
