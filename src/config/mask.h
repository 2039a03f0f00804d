#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stretches of a file that no message may show. Found twice: here for
 * every node of the file, by names and looks, whether its key is known or
 * misspelt; and by bind, which also knows which keys are secret.
 */

#include "config/node.h"
#include "config/source.h"

typedef struct MaskList {
        SourceMask *items; /* owned */
        size_t n, room;
} MaskList;

void mask_done(MaskList *l);
int mask_add(MaskList *l, const Node *n) MUST_CHECK;
/* Everything below a node that looks like a secret or stands under such a name. */
int mask_nodes(MaskList *l, const Node *n) MUST_CHECK;

/* Is what this key holds secret by its name? Keys of ours such as `token_file` are not. */
bool mask_is_secret_key(Span key);
