#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `mcpvisor import` has found, in a form that belongs to no host
 * application: files, the servers of each, and the texts of a server in
 * pieces, so that references and secrets are told apart from plain text. One
 * Import owns everything in its arena. Knows neither JSON nor YAML.
 */

#include "base/arena.h"
#include "base/buf.h"

typedef enum ImportPieceKind {
        IMPORT_TEXT,      /* as it is meant: nothing is doubled or escaped */
        IMPORT_REFERENCE, /* what stands between ${ and }, as our files write it */
        IMPORT_SECRET,    /* goes into a file of its own; never shown */
} ImportPieceKind;

typedef struct ImportPiece {
        ImportPieceKind kind;
        Span text;
        const char *file; /* IMPORT_SECRET: name of its file, once the server has its name */
} ImportPiece;

typedef struct ImportValue {
        ImportPiece *pieces;
        size_t n; /* 0: not given, or empty */
        bool given;
        const char *label; /* what its secret files are called after */
} ImportValue;

typedef struct ImportPair {
        const char *name;
        ImportValue value;
} ImportPair;

typedef struct ImportFile ImportFile;
struct ImportFile {
        ImportFile *next;
        const char *host;    /* "Cursor"; NULL: of no known host */
        const char *slug;    /* what goes into names: "cursor" */
        const char *path;    /* as messages show it */
        const char *project; /* the directory it is about; NULL: none */
};

typedef struct ImportNote ImportNote;
struct ImportNote {
        ImportNote *next;
        const char *text;
};

typedef struct ImportServer ImportServer;
struct ImportServer {
        ImportServer *next;
        const ImportFile *file;
        const char *project;      /* NULL: not known */
        const char *wanted;       /* its name there */
        const char *name;         /* its name here, once names are chosen */
        const char *left_out;     /* why; NULL: it is taken */
        const ImportServer *twin; /* left out, since it is the same as this one */
        ImportValue command, cwd, env_file;
        ImportValue *args;
        size_t n_args;
        ImportPair *env;
        size_t n_env;
        ImportValue *deny; /* tools that clients do not see */
        size_t n_deny;
        ImportNote *notes, **last_note; /* what was not carried over */
};

/* A question that an editor asks: here a variable takes its place. */
typedef struct ImportInput ImportInput;
struct ImportInput {
        ImportInput *next;
        const ImportFile *file;
        const char *id, *variable;
        const char *description; /* NULL: none */
};

typedef struct Import {
        Arena arena;
        ImportFile *files, **last_file;
        ImportServer *servers, **last_server;
        size_t n_servers;
        ImportInput *inputs, **last_input;
} Import;

void import_init(Import *im);
void import_done(Import *im);

int import_add_file(Import *im, const ImportFile *file, ImportFile **ret) MUST_CHECK;
/* -E2BIG: there are LIMIT_CONFIG_LIST of them. */
int import_add_server(Import *im, const ImportFile *file, Span name, ImportServer **ret) MUST_CHECK;
/* The input of that id in that file; made when it is new. */
int import_add_input(Import *im, const ImportFile *file, Span id, ImportInput **ret) MUST_CHECK;
/* A remark on the server, one line. The first reason to leave it out stays. */
int import_note(Import *im, ImportServer *s, const char *fmt, ...) PRINTF(3, 4) MUST_CHECK;
int import_leave_out(Import *im, ImportServer *s, const char *fmt, ...) PRINTF(3, 4) MUST_CHECK;
/* A text made by a format, in the arena; NULL: out of memory. */
char *import_text(Import *im, const char *fmt, ...) PRINTF(2, 3) MUST_CHECK;

/* Every text of a server in turn: i = 0, 1, ... until NULL. */
ImportValue *import_value_at(const ImportServer *s, size_t i);
/* Would both be run in the same way? Names and origins do not count, nor the order of variables. */
bool import_same(const ImportServer *a, const ImportServer *b);
/* How many are taken: of one file, or of all when it is NULL. */
size_t import_count(const Import *im, const ImportFile *file) PURE;
/* "Cursor (/home/u/.cursor/mcp.json)", fit for a terminal. */
int import_put_origin(const ImportFile *file, const char *project, Buf *b) MUST_CHECK;
