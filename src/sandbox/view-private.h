#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file view while it is made: what filesystem-view.c, view-system.c and
 * view-user.c share, and nobody else. The first error sticks; a refusal is
 * an error with words.
 */

#include "base/buf.h"
#include "sandbox/filesystem-view.h"

typedef struct ViewBuild {
        const ViewArgs *args;
        Arena *arena;
        ViewItem *items; /* of the arena */
        size_t n, room;
        int error;       /* 0, -errno or VIEW_E_REFUSED */
        const char *why; /* of VIEW_E_REFUSED */
} ViewBuild;

/* A later item takes the place of an earlier one of the same path. */
void view_add(ViewBuild *b, const ViewItem *item);
void view_refuse(ViewBuild *b, const char *fmt, ...) PRINTF(2, 3);
/* Of the arena; "" when memory ran out, which sticks. */
const char *view_textf(ViewBuild *b, const char *fmt, ...) PRINTF(2, 3);
/* What may be done so far. */
ViewRight view_right_now(const ViewBuild *b, const char *path);

/* Is it among these (ends with NULL), or below one of them? Does it hold one of them, or equal it? */
bool path_in(const char *path, const char *const *list) PURE;
bool path_holds(const char *path, const char *const *list) PURE;
/* Without its last part; of the arena. */
const char *path_parent(ViewBuild *b, const char *path);
const char *path_name(const char *path) PURE;

/* What no profile shows; ends with NULL. */
extern const char *const view_hidden[];

void view_system(ViewBuild *b);
void view_user(ViewBuild *b);
