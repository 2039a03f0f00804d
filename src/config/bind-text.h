#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The leaves of bind: texts with their references and secrets, lists and maps of them. */

#include "config/bind.h"

/* Appends ".key" or "[i]" to the path that messages show; undo with bind_path_back(). */
int bind_path_key(Bind *b, Span key, size_t *ret_back) MUST_CHECK;
int bind_path_index(Bind *b, size_t i, size_t *ret_back) MUST_CHECK;
void bind_path_back(Bind *b, size_t back);

/* Notes an error or warning about the current key, at a node. */
void bind_say(Bind *b, DiagSeverity severity, const Node *n, const char *fmt, ...) PRINTF(4, 5);

/* A key that is not in the table; `prefix` is the section that it stands in. */
void bind_say_unknown(Bind *b, SchemaOwner owner, const Node *n, Span prefix);
/* A text stands where a list of such is expected. */
void bind_say_list(Bind *b, const Node *n);

/* A text with its references replaced. *ret_ok is false when an error was noted instead. */
int bind_text(Bind *b, const SchemaRow *row, Span name, const Node *n, ConfigText *ret,
              bool *ret_ok) MUST_CHECK;
int bind_list(Bind *b, const SchemaRow *row, ConfigList *list, const Node *n) MUST_CHECK;
/* Adds to what the map has already; a name that is there gets the new text. */
int bind_map(Bind *b, const SchemaRow *row, ConfigMap *map, const Node *n) MUST_CHECK;
int bind_json(Bind *b, ConfigText *text, const Node *n) MUST_CHECK;
/* Numbers, words, truth values. *ret_raw: as written, when it holds references. */
int bind_scalar(Bind *b, const SchemaRow *row, void *field, const Node *n, const char **ret_raw,
                bool *ret_ok) MUST_CHECK;

/* Reads the file that `env_file` names. */
int bind_env_file(Bind *b, ServerConfig *s) MUST_CHECK;
