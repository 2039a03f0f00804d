#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in values: ${VAR}, ${VAR:-text}, ${file:PATH},
 * ${credential:NAME}, and $$ for a dollar sign. ${env:VAR} and ${userHome}
 * of other programs' files mean ${VAR} and ${HOME}. No shell, no nesting, no
 * second pass over what came out. What comes from a file or a credential is
 * a secret, and so is a variable that has a secret's name or looks. The world
 * is reached through ExpandEnv only.
 */

#include "base/buf.h"

typedef struct ExpandEnv ExpandEnv;
struct ExpandEnv {
        /* A variable of the environment, or NULL. */
        const char *(*get)(const ExpandEnv *env, const char *name);
        /* Appends a regular file of at most b->cap bytes; -errno. */
        int (*read)(const ExpandEnv *env, const char *path, Buf *b);
};

/* This process's environment and files. */
extern const ExpandEnv expand_real;

typedef struct Expansion {
        bool references; /* there was something to replace */
        bool secret;
} Expansion;

enum { _EXPAND_E_SUCCESS, EXPAND_E_INVALID };
enum { EXPAND_WHY = 8192 }; /* room for the longest sentence, which holds a path */

/* Appends the value to `out`. EXPAND_E_INVALID: `why` says what is wrong, with no value in it. */
int expand(const ExpandEnv *env, Span text, Buf *out, Expansion *ret, Buf *why) MUST_CHECK;
/* Appends the text with each $ doubled: expand() gives it back. */
int expand_quote(Span text, Buf *out) MUST_CHECK;
/* Why a file could not be read, for people; `error` is negative. */
const char *expand_read_error(int error);
