#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload: watch. Tells when the configuration file has changed: inotify on
 * its directory (editors replace files), and on where a symlink points to,
 * debounced.
 */

#include "base/loop.h"

typedef struct Watch Watch;

typedef struct WatchOps {
        void (*changed)(Watch *w);
} WatchOps;

struct Watch {
        LoopSource source;
        Timer quiet;
        int fd; /* owned */
        const WatchOps *ops;
        char *path;        /* owned */
        char identity[96]; /* device, inode, size, times of the file as it was last seen */
};

int watch_init(Watch *w, Loop *loop, const WatchOps *ops, const char *path) MUST_CHECK;
void watch_done(Watch *w); /* does nothing to one that is all zero */
