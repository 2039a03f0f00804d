#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a JSON object as they are written: a search that decodes
 * nothing, so that an id goes back byte for byte. Strict about the object
 * itself, its strings and its brackets; what stands inside values that nobody
 * asked for is only stepped over. Pure.
 */

#include "base/span.h"

typedef struct MemberWant {
        const char *name; /* compared with the name as written: without escapes */
        Span *ret;        /* set when it is found, borrowed; the last one counts */
} MemberWant;

/* -EINVAL: the text is no object. */
int members_find(Span object, const MemberWant *wants, size_t n_wants) MUST_CHECK;
