#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The moment in which a prepared configuration becomes the one in force:
 * what can fail comes first, then everything is exchanged at once and each
 * server is told what the difference means to it.
 */

#include "base/buf.h"

typedef struct Reload Reload;
struct Supervisor;
typedef struct Config Config;

enum { _COMMIT_E_SUCCESS, COMMIT_E_REFUSED };

/* COMMIT_E_REFUSED: `why` says what; nothing has changed. */
int commit_next(Reload *r, Buf *why) MUST_CHECK;
