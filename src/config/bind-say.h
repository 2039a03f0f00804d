#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bind is, and what it says there. The path is that of the key that is
 * being read; every finding of bind is about it. Quotes nothing itself: who
 * says something knows whether it may be seen.
 */

#include "config/bind.h"

/* Appends ".key" or "[i]" to the path that messages show; undo with bind_path_back(). */
int bind_path_key(Bind *b, Span key, size_t *ret_back) MUST_CHECK;
int bind_path_index(Bind *b, size_t i, size_t *ret_back) MUST_CHECK;
void bind_path_back(Bind *b, size_t back);

/* Notes an error or warning about the current key, at a node. */
void bind_say(Bind *b, DiagSeverity severity, const Node *n, const char *fmt, ...) PRINTF(4, 5);

/* A key that is not in the table; `prefix` is the section that it stands in. */
void bind_say_unknown(Bind *b, SchemaOwner owner, const Node *n, Span prefix);
