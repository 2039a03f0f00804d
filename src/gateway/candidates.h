#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that several servers may have the answer to, asked one after the
 * other: what it says, and whom it can still be put to. Hangs on its exchange.
 * Servers are known by their row, since one may be gone when its turn comes.
 */

#include "gateway/upstream.h"

enum { CANDIDATES_MAX = 16 };

typedef struct Candidates Candidates;

/* `list` without the one that is asked first. The message is copied. */
int candidates_new(Span text, Upstream *const *list, unsigned n, Candidates **ret) MUST_CHECK;
Candidates *candidates_free(Candidates *c);
/* The next one that is still there, or NULL. */
Upstream *candidates_next(Candidates *c, const Gateway *g);
/* The message, which may be scanned again. */
Buf *candidates_text(Candidates *c);
