#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file with the token of the endpoint in plain text: one line, for us
 * alone. Made whole or not at all. Knows nothing of the configuration.
 */

#include "base/buf.h"

enum { TOKEN_TEXT = 44 }; /* 32 random bytes as base64url, and the NUL */

enum {
        _TOKEN_FILE_E_SUCCESS,
        TOKEN_FILE_E_MISSING,
        TOKEN_FILE_E_REFUSED, /* `why` says the reason and what to do */
};

/* A new one, of the kernel's randomness. */
int token_make(char ret[static TOKEN_TEXT]) MUST_CHECK;
/* The text without its end of line, to be freed. Whoever else may read the file may use the token: such a
 * file is refused. */
int token_file_read(const char *path, char **ret_text, Buf *why) MUST_CHECK;
/* Writes a new file (0600) with that token; -EEXIST: somebody else has just made it. */
int token_file_write(const char *path, const char *text) MUST_CHECK;
