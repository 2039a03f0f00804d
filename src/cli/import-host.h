#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host applications whose files `mcpvisor import` knows: one row a file,
 * with its place and where in it the servers stand. Finding files is here;
 * what is in them is import-read's business. Places are those of Linux.
 */

#include "cli/import-list.h"

typedef enum ImportBase {
        IMPORT_BASE_HOME,
        IMPORT_BASE_CONFIG,  /* XDG_CONFIG_HOME, or ~/.config */
        IMPORT_BASE_PROJECT, /* the current directory */
        _IMPORT_BASE_MAX,
} ImportBase;

/* Where servers can stand in a file; more than one bit for a file that may have several. */
typedef enum ImportPlaces {
        IMPORT_AT_MCP_SERVERS = 1, /* mcpServers */
        IMPORT_AT_SERVERS = 2,     /* servers */
        IMPORT_AT_SETTINGS = 4,    /* mcp.servers */
        IMPORT_AT_PROJECTS = 8,    /* projects.DIRECTORY.mcpServers */
        IMPORT_AT_ANY = 15,
} ImportPlaces;

typedef struct ImportHost {
        const char *name; /* as people call it */
        const char *slug; /* for names of servers */
        ImportBase base;
        const char *path;
        unsigned places;      /* ImportPlaces */
        const char *not_read; /* why the file is left out; NULL: it is read */
} ImportHost;

extern const ImportHost import_hosts[];
extern const size_t import_hosts_size;

/* The directories of one user; a NULL is not looked into. All borrowed. */
typedef struct ImportBases {
        const char *dirs[_IMPORT_BASE_MAX];
} ImportBases;

/* HOME, XDG_CONFIG_HOME and the current directory of this process, in `arena`. */
int import_bases(Arena *arena, ImportBases *ret) MUST_CHECK;
/* The full path of a row; -ENOENT when its base is not known. */
int import_host_path(const ImportHost *h, const ImportBases *bases, Buf *ret) MUST_CHECK;

/* Whose file is it? NULL: nobody's. `ret_project` gets the length of the part of `path` that is the
 * directory of a project, 0 for none. */
const ImportHost *import_host_of(const ImportBases *bases, const char *path, size_t *ret_project) MUST_CHECK;
