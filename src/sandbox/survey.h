#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the planner has to know of the file system, as data: what stands in a
 * few directories, and where a path leads. survey_make() looks at the
 * machine; a test writes one down. Holds names only, and decides nothing.
 */

#include "base/arena.h"

typedef enum SurveyType {
        SURVEY_ABSENT,
        SURVEY_DIRECTORY,
        SURVEY_FILE,
        SURVEY_SYMLINK,
        SURVEY_SOCKET,
        SURVEY_OTHER, /* a device, a FIFO */
} SurveyType;

typedef struct SurveyEntry {
        const char *name;
        SurveyType type;
        const char *link; /* SURVEY_SYMLINK: what it says */
} SurveyEntry;

typedef struct SurveyDirectory {
        const char *path;
        const SurveyEntry *entries; /* sorted by name */
        size_t n;
} SurveyDirectory;

/* A path that somebody wrote down, and the one that it leads to. */
typedef struct SurveyPath {
        const char *path, *real; /* real: without links; NULL: there is nothing */
        SurveyType type;         /* of what it leads to */
        bool writable;           /* for the uid that was asked about */
        bool sockets;            /* a directory that holds some, right below */
} SurveyPath;

typedef struct SandboxSurvey {
        Arena arena;
        const SurveyDirectory *directories;
        size_t n_directories;
        const SurveyPath *paths;
        size_t n_paths;
        const char *const *own; /* real paths that no server is ever shown: ours; ends with NULL */
} SandboxSurvey;

typedef struct SurveyArgs {
        const char *const *paths; /* of the configuration, ends with NULL */
        const char *const *own;   /* ends with NULL */
        uint64_t uid, gid;        /* whose rights `writable` tells; UINT64_MAX: ours */
} SurveyArgs;

int survey_make(const SurveyArgs *args, SandboxSurvey *ret) MUST_CHECK;
void survey_done(SandboxSurvey *s);

/* NULL: nobody looked. */
const SurveyDirectory *survey_directory(const SandboxSurvey *s, Span path) PURE;
const SurveyPath *survey_path(const SandboxSurvey *s, const char *path) PURE;
