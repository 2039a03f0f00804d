#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the configuration: texts become snapshots in one line, the
 * environment and the files that references name are a table, and random
 * snapshots come as the YAML text that makes them. Knows nothing above config.
 */

#include "support/test.h"

#include "config/load.h"
#include "config/schema.h"

/* A world for references: rows end with a NULL name. */
typedef struct FakeRow {
        const char *name; /* of a variable; of a file, when it begins with / */
        const char *text;
        size_t len; /* of a file; 0: strlen */
        int error;  /* of a file: -errno */
} FakeRow;

typedef struct FakeEnv {
        ExpandEnv env;
        const FakeRow *rows;
} FakeEnv;

#define FAKE_ENV(r) ((FakeEnv){.env = {.get = fake_env_get, .read = fake_env_read}, .rows = (r)})
const char *fake_env_get(const ExpandEnv *env, const char *name);
int fake_env_read(const ExpandEnv *env, const char *path, Buf *b);

typedef struct Loaded {
        Source source;
        DiagList diags;
        Config *config; /* owned; NULL unless valid */
        Buf said;       /* every finding as text, one after the other */
        int result;     /* of config_load, or of source_from_text when that failed */
} Loaded;

/* Loads a text with all features taken for built. The rows may be NULL: an empty world. */
void load_text(const char *text, const FakeRow *rows, Loaded *ret);
void load_span(Span text, const FakeRow *rows, bool planned, Loaded *ret);
void loaded_done(Loaded *l);

/* The text is valid: gives the snapshot, which the caller owns. */
Config *config_of(const char *text);
/* Does a finding of that severity hold the text? Prints all of them when not. */
void assert_said(const Loaded *l, DiagSeverity severity, const char *text);
void assert_not_said(const Loaded *l, const char *text);
#define assert_valid(l) assert_loaded((l), 0, __FILE__, __LINE__)
void assert_loaded(const Loaded *l, int want, const char *file, int line);

enum {
        MAKE_SECRETS = 1,    /* literal secrets too */
        MAKE_REFERENCES = 2, /* values of which some are references to fake_rows */
        MAKE_ASCII = 4,      /* texts without the odder characters */
};

/* The world that made texts refer to. */
extern const FakeRow make_rows[];
/* A random valid configuration as YAML: any row with any value that it may have. */
void make_yaml(Random *random, unsigned flags, Buf *out);
