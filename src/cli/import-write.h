#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of new files that appear together or not at all: each is written
 * beside its place under another name, then all are moved there; when
 * anything fails, what this run made is removed and what it replaced is put
 * back. Modes are 0600, of a directory 0700. Knows nothing of what is in them.
 */

#include "base/buf.h"

typedef struct ImportPlaced ImportPlaced;

typedef struct ImportWrite {
        bool force;          /* replace files that exist */
        ImportPlaced *files; /* owned; in reverse order */
        char *made_dir;      /* owned; NULL: none was made */
} ImportWrite;

/* Makes the directory, or accepts one that nobody else can write to. Positive: IMPORT_WRITE_E_FAILED,
 * and `why` says it. */
enum { _IMPORT_WRITE_E_SUCCESS, IMPORT_WRITE_E_FAILED };
int import_write_dir(ImportWrite *w, const char *path, Buf *why) MUST_CHECK;
/* Writes a file, not yet under its name. */
int import_write_file(ImportWrite *w, const char *path, Span text, Buf *why) MUST_CHECK;
/* Gives all files their names. */
int import_write_commit(ImportWrite *w, Buf *why) MUST_CHECK;
/* Takes back what was not committed, and frees. */
void import_write_done(ImportWrite *w);
/* May a file be made there? The same question as at the commit, asked early. */
int import_write_check(const char *path, bool force, Buf *why) MUST_CHECK;
