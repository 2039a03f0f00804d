#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the file system a server sees: a list of places, parents before
 * children, each with what stands there. From the list come the mounts of a
 * new root (plan), the rules of Landlock (landlock), and the answer to
 * "may it read that?" (check, explain). Pure: what is on this machine, the
 * survey says.
 */

#include "config/config.h"
#include "sandbox/survey.h"

typedef enum ViewKind {
        VIEW_READ,   /* bound: may be read and executed */
        VIEW_WRITE,  /* bound: may be written, too */
        VIEW_LINK,   /* a symbolic link */
        VIEW_MEMORY, /* an empty directory in memory */
        VIEW_DEVICE, /* a device of the machine's /dev */
        VIEW_PROC,   /* /proc */
        VIEW_MASK,   /* what would be seen is covered by nothing */
        VIEW_LOCKED, /* seen, and not written: below /proc */
        _VIEW_KIND_MAX,
} ViewKind;

typedef struct ViewItem {
        ViewKind kind;
        const char *path;   /* as the server names it */
        const char *source; /* READ, WRITE, DEVICE: real path; LINK: what it says */
        const char *key;    /* why it is there: "sandbox.rw", "the system" */
        uint64_t size;      /* MEMORY: bytes */
        uint32_t mode;      /* MEMORY */
        bool file;          /* READ, WRITE: no directory */
        bool sealed;        /* MEMORY: read-only when all is in place */
        bool optional;      /* not an error when it is not there */
} ViewItem;

typedef struct FilesystemView {
        const ViewItem *items;
        size_t n;
} FilesystemView;

typedef struct ViewArgs {
        const ServerConfig *server;
        const SandboxSurvey *survey;
        const char *home;
        bool own_root; /* there will be a new root; else the list serves Landlock alone */
        bool own_proc; /* /proc will be of an own pid namespace */
} ViewArgs;

/* VIEW_E_REFUSED: *ret_why says what cannot be, where, and what to do. */
enum { _VIEW_E_SUCCESS, VIEW_E_REFUSED };

int view_make(const ViewArgs *args, Arena *arena, FilesystemView *ret, const char **ret_why) MUST_CHECK;

typedef enum ViewRight { VIEW_RIGHT_NONE, VIEW_RIGHT_READ, VIEW_RIGHT_WRITE } ViewRight;

/* What may be done with a path without links; *ret_item, when not NULL, gets the place that decides. */
ViewRight view_right(const FilesystemView *v, const char *path, const ViewItem **ret_item);
/* Does `path` equal `tree`, or lie below it? */
bool path_is_below(const char *path, const char *tree) PURE;
