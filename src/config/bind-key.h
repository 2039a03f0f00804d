#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of one struct: which row of the table each one is, what becomes of
 * those of other programs' files, and what is said about the unknown ones.
 * Values are bind's.
 */

#include "config/bind.h"

/* One struct that is being filled. */
typedef struct BindTarget {
        SchemaOwner owner;
        void *object;    /* begins with a ConfigHead */
        const Node *map; /* borrowed: where its keys stand */
        bool skip;       /* disabled, or not for us: leave it out */
} BindTarget;

/* Every key of a map. `prefix` is the path of the section relative to the struct; empty for the struct
 * itself. */
int bind_map_of_keys(Bind *b, BindTarget *t, const Node *map, Span prefix) MUST_CHECK;
/* A map where its keys are rows of the table: sandbox, restart. `row`: it has a word in its place too. */
int bind_section(Bind *b, BindTarget *t, const Node *n, Span path, const SchemaRow *row) MUST_CHECK;
