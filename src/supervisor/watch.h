#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload: watch. Tells when the configuration file has changed: inotify on
 * its directory (editors replace files), and on where a symlink points to
 * (Kubernetes swaps one), debounced. A file that is as it was tells nothing,
 * nor does one that is gone: what matters is what comes instead.
 */

#include "base/loop.h"

enum { WATCH_HOPS = 8 }; /* symbolic links, one pointing to the next */

typedef struct Watch Watch;

typedef struct WatchOps {
        void (*changed)(Watch *w); /* may end it, and free what holds it */
} WatchOps;

struct Watch {
        LoopSource source;
        Timer quiet;
        int fd; /* owned */
        const WatchOps *ops;
        char *path;               /* owned */
        char identity[96];        /* device, inode, size, times of the file as it was last seen */
        int dirs[WATCH_HOPS + 1]; /* what inotify calls the directories that are watched */
        unsigned n_dirs;
        Nsec since; /* the first event that nobody was told of; NSEC_NEVER: none */
};

/* The file need not be there yet. -EMFILE, -ENOSPC: this user's inotify is used up. */
int watch_init(Watch *w, Loop *loop, const WatchOps *ops, const char *path) MUST_CHECK;
void watch_done(Watch *w); /* does nothing to one that is all zero */
