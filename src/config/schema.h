#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of configuration keys: path, type, default, bounds, who sees
 * it, what changing it costs, and its sentence in the manual. Parser,
 * defaults, printer, diff, blob, JSON Schema and documentation all walk these
 * rows; a new key is one row, one field and one golden test.
 *
 * A path has `*` for the name in a map and `[]` for an item of a list. Rows
 * stand in the order in which files are printed; the rows of one struct need
 * not be neighbours.
 */

#include "base/buf.h"
#include "base/span.h"

typedef enum SchemaType {
        TYPE_BOOL,     /* bool */
        TYPE_UINT,     /* uint64_t */
        TYPE_INT,      /* int64_t */
        TYPE_SIZE,     /* uint64_t bytes */
        TYPE_DURATION, /* Nsec */
        TYPE_PERCENT,  /* uint64_t */
        TYPE_RATIO,    /* uint64_t millionths */
        TYPE_MODE,     /* uint64_t */
        TYPE_ENUM,     /* int, index into `words` */
        TYPE_TEXT,     /* ConfigText */
        TYPE_JSON,     /* ConfigText holding JSON; any value in the file */
        TYPE_LIST,     /* ConfigList */
        TYPE_MAP,      /* ConfigMap */
        TYPE_GROUPS,   /* ConfigGroup: a list of structs, or a map of them by name */
        TYPE_DEFAULTS, /* no field: keys of a server that all of them begin with */
        _SCHEMA_TYPE_MAX,
} SchemaType;

/* Structs that rows fill; the first part of a path says which one a row belongs to. */
typedef enum SchemaOwner {
        OWNER_ROOT,
        OWNER_LISTEN,
        OWNER_TOKEN,
        OWNER_SERVER,
        OWNER_WARMUP,
        OWNER_IO,
        OWNER_VIEW,
        _SCHEMA_OWNER_MAX,
        _SCHEMA_OWNER_NONE = -1,
} SchemaOwner;

typedef enum SchemaView {
        VIEW_SUPERVISOR = 1,
        VIEW_GATEWAY = 2,
        VIEW_BOTH = 3,
} SchemaView;

/* What a change of the key takes, from the least to the most. */
typedef enum SchemaReload {
        RELOAD_LIVE,
        RELOAD_SERVER,
        RELOAD_GATEWAY,
        RELOAD_PROCESS,
        _SCHEMA_RELOAD_MAX,
} SchemaReload;

/* What must be built before a key has an effect. */
typedef enum SchemaFeature {
        FEATURE_HOUSE,
        FEATURE_SUPERVISOR,
        FEATURE_GATEWAY,
        FEATURE_SANDBOX,
        FEATURE_BRIDGE,
        FEATURE_RECORDER,
        _SCHEMA_FEATURE_MAX,
} SchemaFeature;

typedef struct SchemaFeatureRow {
        const char *name; /* "the supervisor" */
        bool present;
} SchemaFeatureRow;

typedef struct SchemaRow SchemaRow;
struct SchemaRow {
        const char *path;
        SchemaType type;
        SchemaOwner owner;
        size_t offset;            /* of the field in the owner's struct */
        const char *def;          /* the default as one would write it (JSON for lists); NULL: none */
        const char *def_text;     /* what the manual says instead, when `def` cannot say it */
        uint64_t min, max;        /* numbers; max 0: no bound */
        int64_t imin, imax;       /* TYPE_INT */
        bool none;                /* "none" or "never" is accepted (texts: as not given) */
        const char *zero;         /* TYPE_UINT: the word for 0 ("auto") */
        const char *const *words; /* TYPE_ENUM, ends with NULL; "" cannot be written */
        /* Checks one text (of a list or map: each): NULL, or what is wrong with it. */
        const char *(*check)(Span s);
        const char *(*check_name)(Span s); /* the names of a TYPE_MAP or of named structs */
        SchemaOwner group;                 /* TYPE_GROUPS */
        bool named;                        /* TYPE_GROUPS: a map by name, not a list */
        bool required, secret, internal;   /* internal: not a key of the file */
        SchemaView view;
        SchemaReload reload;
        SchemaFeature feature;
        const char *landed; /* this value is accepted although the feature is not there yet */
        const char *form;   /* the form of a text in a word: "path", "host:port" */
        const char *doc;
};

extern const SchemaRow schema_table[];
extern const size_t schema_table_size;
extern const SchemaFeatureRow schema_features[_SCHEMA_FEATURE_MAX];

/* Size of an owner's struct, and the path prefix of its rows ("servers.*."). */
size_t schema_owner_size(SchemaOwner owner) PURE;
const char *schema_owner_prefix(SchemaOwner owner) PURE;
const char *schema_reload_name(SchemaReload reload) PURE;
const char *schema_feature_name(SchemaFeature feature) PURE;

/* The row of a path relative to its owner ("restart.burst"), or NULL. */
const SchemaRow *schema_find(SchemaOwner owner, Span path);
/* Is there a row below this relative path ("restart")? */
bool schema_has_below(SchemaOwner owner, Span path);
/* Calls `each` with every key that may stand directly below a relative path ("" for the struct itself). */
void schema_each_below(SchemaOwner owner, Span path, void (*each)(void *data, Span key), void *data);
/* An enum whose last word cannot be written has that value when a map stands in its place; -1: it is none
 * such. */
int schema_union_word(const SchemaRow *row) PURE;
/* The row's path relative to its owner. */
const char *schema_local_path(const SchemaRow *row) PURE;

static inline uint16_t schema_index(const SchemaRow *row)
{
        return (uint16_t)(row - schema_table);
}

/* The rows of an owner: for (row = schema_first(owner); row; row = schema_next(row)). */
const SchemaRow *schema_first(SchemaOwner owner) PURE;
const SchemaRow *schema_next(const SchemaRow *row) PURE;
