#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One text of a host's file in pieces: what is a reference and to what, what
 * is a secret, what is plain text. References of all hosts are understood
 * everywhere: ${VAR}, ${VAR:-text}, ${env:VAR}, ${file:PATH}, ${input:ID},
 * ${userHome}, ${workspaceFolder}, ${workspaceFolderBasename},
 * ${pathSeparator}. Others stay as they are, with a note on the server.
 * Pure, but for the question whether an argument names a file of the project.
 */

#include "cli/import-list.h"

/* The value of a key or variable; `label` is its name. With `secret` a plain text is a secret. */
int import_value(Import *im, ImportServer *s, Span text, const char *label, bool secret,
                 ImportValue *ret) MUST_CHECK;
/* The i-th argument, which stands behind `before` (SPAN_NONE for the first). */
int import_argument(Import *im, ImportServer *s, Span text, Span before, size_t i,
                    ImportValue *ret) MUST_CHECK;
/* A path or command: ~/ becomes ${HOME}/, and a relative path (of a command: with a slash in it)
 * one below `dir`, which may be NULL. */
int import_path(Import *im, ImportServer *s, Span text, const char *label, const char *dir, bool command,
                ImportValue *ret) MUST_CHECK;

/* `path` below `dir`, without the . and .. of `path`. */
int import_join(Buf *b, const char *dir, Span path) MUST_CHECK;

/* Is it a secret by its looks: a token, a password in a URL, a Bearer header? */
bool import_is_secret(Span text);
/* Is it a secret's name: API_KEY, api-key, apiKey, Authorization? */
bool import_is_secret_name(Span name);
/* Does an argument name something that depends on the working directory? */
bool import_is_local(Span arg, const char *dir);
