#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From nodes to a snapshot: walks what the file says along the schema table
 * and fills the structs, noting every error instead of the first. It knows
 * types, references and required keys, and no meaning: what belongs together
 * is verify's business.
 */

#include "config/config.h"
#include "config/expand.h"
#include "config/mask.h"
#include "config/node.h"
#include "config/schema.h"
#include "config/source.h"

typedef struct Bind {
        Config *config;       /* borrowed: filled */
        const char *file;     /* borrowed: what messages call it */
        const ExpandEnv *env; /* borrowed; NULL: texts are taken as they are (defaults of the table) */
        DiagList *diags;      /* borrowed */
        bool planned;         /* accept keys whose feature is not there yet */
        Buf path;             /* the key that is being read, as messages name it */
        MaskList masks;       /* owned: stretches of the text that nobody may see */
        uint32_t pending;     /* keys accepted by `planned` */
        const char *place;    /* of the snapshot: what sets the key instead of the file; NULL: the file */
        const ServerConfig *server_template; /* borrowed: `defaults`, which every server begins with */
} Bind;

void bind_init(Bind *b, Config *config, const char *file, const ExpandEnv *env, DiagList *diags);
void bind_done(Bind *b);

/* The whole file. Errors are in the list; negative: out of memory. */
int bind_root(Bind *b, const Node *root) MUST_CHECK;
/* One value of a struct, as if the key stood in a file. */
int bind_value(Bind *b, const SchemaRow *row, void *object, const Node *node) MUST_CHECK;
/* Every default of the table for one struct. */
int bind_defaults(Bind *b, SchemaOwner owner, void *object) MUST_CHECK;
