/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "config/schema.h"

typedef struct OwnerRow {
        const char *prefix;
        size_t size;
} OwnerRow;

static const OwnerRow owners[_SCHEMA_OWNER_MAX] = {
        [OWNER_ROOT] = {"", sizeof(Config)},
        [OWNER_LISTEN] = {"listen[].", sizeof(ListenConfig)},
        [OWNER_TOKEN] = {"auth.tokens[].", sizeof(TokenConfig)},
        [OWNER_SERVER] = {"servers.*.", sizeof(ServerConfig)},
        [OWNER_WARMUP] = {"servers.*.warmup[].", sizeof(WarmupConfig)},
        [OWNER_IO] = {"servers.*.sandbox.io.*.", sizeof(IoConfig)},
        [OWNER_VIEW] = {"views.*.", sizeof(ViewConfig)},
};

static const char *const reload_names[_SCHEMA_RELOAD_MAX] = {
        [RELOAD_LIVE] = "live",
        [RELOAD_SERVER] = "restarts the server",
        [RELOAD_GATEWAY] = "restarts the gateway",
        [RELOAD_PROCESS] = "needs a restart of the daemon",
};

size_t schema_owner_size(SchemaOwner owner)
{
        return owners[owner].size;
}

const char *schema_owner_prefix(SchemaOwner owner)
{
        return owners[owner].prefix;
}

const char *schema_reload_name(SchemaReload reload)
{
        return reload_names[reload];
}

const char *schema_feature_name(SchemaFeature feature)
{
        return schema_features[feature].name;
}

const char *schema_local_path(const SchemaRow *row)
{
        return row->path + strlen(owners[row->owner].prefix);
}

int schema_union_word(const SchemaRow *row)
{
        int last = -1;
        if (row->type == TYPE_ENUM)
                while (row->words[last + 1])
                        last++;
        return last > 0 && !row->words[last][0] ? last : -1;
}

static const SchemaRow *from(size_t i, SchemaOwner owner)
{
        for (; i < schema_table_size; i++)
                if (schema_table[i].owner == owner)
                        return &schema_table[i];
        return NULL;
}

const SchemaRow *schema_first(SchemaOwner owner)
{
        return from(0, owner);
}

const SchemaRow *schema_next(const SchemaRow *row)
{
        return from((size_t)schema_index(row) + 1, row->owner);
}

/* Called for every key of a file: the first byte tells most rows apart. */
const SchemaRow *schema_find(SchemaOwner owner, Span path)
{
        size_t skip = strlen(owners[owner].prefix);
        for (const SchemaRow *row = schema_first(owner); row && path.len; row = schema_next(row)) {
                const char *local = row->path + skip;
                if (local[0] == path.ptr[0] && !row->internal && span_equal(span_of(local), path))
                        return row;
        }
        return NULL;
}

/* What of a row's local path stands below `path`; empty when it is not below. */
static Span below(const SchemaRow *row, Span path)
{
        Span local = span_of(schema_local_path(row));
        if (row->internal)
                return SPAN_NONE;
        if (path.len == 0)
                return local;
        if (!span_starts(local, path) || local.len <= path.len || local.ptr[path.len] != '.')
                return SPAN_NONE;
        return span_skip(local, path.len + 1);
}

bool schema_has_below(SchemaOwner owner, Span path)
{
        for (const SchemaRow *row = schema_first(owner); row; row = schema_next(row))
                if (below(row, path).len)
                        return true;
        return false;
}

void schema_each_below(SchemaOwner owner, Span path, void (*each)(void *data, Span key), void *data)
{
        Span last = SPAN_NONE; /* rows with one first part need not be neighbours, but nearly all are */
        for (const SchemaRow *row = schema_first(owner); row; row = schema_next(row)) {
                Span rest = below(row, path), key = span_first(rest, span_find(rest, '.'));
                if (key.len && !span_equal(key, last))
                        each(data, key);
                last = key;
        }
}
