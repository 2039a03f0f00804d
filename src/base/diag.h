#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a text that a person wrote: a list of findings, each
 * with file, line, column, the key it is about and a sentence that says what
 * to do. The list owns copies of everything. It is filled by whoever reads
 * the text, crosses a process border as bytes, and is shown as text with the
 * source line and a caret, or as JSON lines. It never holds a secret: who
 * adds a finding quotes only what may be seen, and source lines are attached
 * with their secrets masked.
 */

#include "base/arena.h"
#include "base/buf.h"

typedef enum DiagSeverity {
        DIAG_NOTE,
        DIAG_WARNING,
        DIAG_ERROR,
        _DIAG_SEVERITY_MAX,
} DiagSeverity;

typedef struct DiagAt {
        const char *file; /* copied; NULL: not about a file */
        uint32_t line;    /* from 1; 0: about the file as a whole */
        uint32_t col;     /* from 1, in characters; 0: the whole line */
        uint32_t width;   /* characters under the caret; 0 is shown as 1 */
} DiagAt;

typedef struct Diag Diag;
struct Diag {
        Diag *next; /* owned by the arena of the list, like all texts */
        DiagSeverity severity;
        DiagAt at;
        const char *key; /* "servers.fs.restart.burst"; NULL: none */
        const char *message;
        const char *source; /* the line, masked, without newline; NULL: not known */
};

typedef struct DiagList {
        Arena arena;
        Diag *first, **last;
        uint32_t count[_DIAG_SEVERITY_MAX];
        uint32_t dropped; /* over the cap, or for lack of memory */
} DiagList;

enum { DIAG_MAX = 1000 };

void diag_list_init(DiagList *l);
void diag_list_done(DiagList *l);

/* Notes a finding. When memory runs out or the list is full it is counted as dropped:
 * a list with dropped errors still counts them in count[]. */
void diag_add(DiagList *l, DiagSeverity severity, DiagAt at, const char *key, const char *fmt, ...)
        PRINTF(5, 6);
void diag_vadd(DiagList *l, DiagSeverity severity, DiagAt at, const char *key, const char *fmt, va_list ap)
        PRINTF(5, 0);
/* Sorts by file, line and column; findings without a line come last. Stable. */
void diag_list_sort(DiagList *l);
/* Warnings become errors. */
void diag_list_promote(DiagList *l);
bool diag_list_has_errors(const DiagList *l) PURE;
const char *diag_severity_name(DiagSeverity s);

/* `file:line:col: error: key: message`, the source line, the caret. */
int diag_format_text(const Diag *d, bool colour, Buf *b) MUST_CHECK;
/* {"file":...,"line":...,"col":...,"severity":...,"key":...,"message":...} and a newline. */
int diag_format_json(const Diag *d, Buf *b) MUST_CHECK;

/* The list as bytes, to cross to another process, and back (added to what l has).
 * -EBADMSG when the bytes are not such a list: nothing is added then. */
int diag_list_encode(const DiagList *l, Buf *b) MUST_CHECK;
int diag_list_decode(Span bytes, DiagList *l) MUST_CHECK;
