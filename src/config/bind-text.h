#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leaves of bind: texts with their references and secrets, numbers and
 * words, lists and maps of texts, and the lines of an `env_file`. What may
 * not be seen is masked here. Knows rows, not the structs around them.
 */

#include "config/bind-say.h"

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

/* A text stands where a list of such is expected. */
void bind_say_list(Bind *b, const Node *n);

/* Reads the file that `env_file` names. */
int bind_env_file(Bind *b, ServerConfig *s) MUST_CHECK;
