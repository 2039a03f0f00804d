/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "config/diff.h"
#include "config/value.h"

static const char *const action_names[_DIFF_ACTION_MAX] = {
        [DIFF_SAME] = "same", [DIFF_LIVE] = "live",     [DIFF_RESTART] = "restart",
        [DIFF_ADD] = "add",   [DIFF_REMOVE] = "remove",
};

const char *diff_action_name(DiffAction action)
{
        return action_names[action];
}

static bool struct_equal(SchemaOwner owner, const void *a, const void *b);

static bool group_equal(const SchemaRow *row, const ConfigGroup *a, const ConfigGroup *b)
{
        size_t size = schema_owner_size(row->group);
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++) {
                const void *x = (const char *)a->items + i * size, *y = (const char *)b->items + i * size;
                const ConfigHead *hx = x, *hy = y;
                if (row->named && strcmp(hx->name, hy->name) != 0)
                        return false;
                if (!struct_equal(row->group, x, y))
                        return false;
        }
        return true;
}

static bool row_equal(const SchemaRow *row, const void *a, const void *b)
{
        const void *x = value_field(row, a), *y = value_field(row, b);
        if (row->type == TYPE_DEFAULTS)
                return true; /* worked into the servers */
        return row->type == TYPE_GROUPS ? group_equal(row, x, y) : value_equal(row, x, y);
}

static bool struct_equal(SchemaOwner owner, const void *a, const void *b)
{
        for (const SchemaRow *row = schema_first(owner); row; row = schema_next(row))
                if (!row_equal(row, a, b))
                        return false;
        return true;
}

bool config_equal(const Config *a, const Config *b)
{
        return struct_equal(OWNER_ROOT, a, b);
}

/* Rows of one struct that differ; NULL where none does. */
static int differing(Arena *arena, SchemaOwner owner, const void *a, const void *b, uint16_t **ret,
                     size_t *ret_n)
{
        uint16_t rows[256];
        size_t n = 0;
        for (const SchemaRow *row = schema_first(owner); row; row = schema_next(row))
                if (row->group != OWNER_SERVER || row->type != TYPE_GROUPS)
                        if (n < ARRAY_SIZE(rows) && !row_equal(row, a, b))
                                rows[n++] = schema_index(row);
        *ret_n = n;
        *ret = NULL;
        if (n == 0)
                return 0;
        *ret = ARENA_NEW_N(arena, uint16_t, n);
        if (!*ret)
                return -ENOMEM;
        memcpy(*ret, rows, n * sizeof(*rows));
        return 0;
}

static SchemaReload most(const uint16_t *rows, size_t n)
{
        SchemaReload reload = RELOAD_LIVE;
        for (size_t i = 0; i < n; i++)
                reload = MAX(reload, schema_table[rows[i]].reload);
        return reload;
}

/* ---- servers by name ------------------------------------------------------ */

static int compare_servers(const void *a, const void *b)
{
        return strcmp((*(const ServerConfig *const *)a)->head.name,
                      (*(const ServerConfig *const *)b)->head.name);
}

static int sorted_servers(Arena *arena, const Config *c, const ServerConfig ***ret)
{
        const ServerConfig **all = ARENA_NEW_N(arena, const ServerConfig *, c->servers.n + 1);
        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < c->servers.n; i++)
                all[i] = config_server(c, i);
        qsort(all, c->servers.n, sizeof(*all), compare_servers);
        *ret = all;
        return 0;
}

static const ServerConfig *find_sorted(const ServerConfig **all, size_t n, const ServerConfig *key)
{
        const ServerConfig **hit = n ? bsearch(&key, all, n, sizeof(*all), compare_servers) : NULL;
        return hit ? *hit : NULL;
}

static int diff_server(ConfigDiff *d, DiffEntry *e)
{
        if (!e->before || !e->after) {
                e->action = e->after ? DIFF_ADD : DIFF_REMOVE;
                return 0;
        }
        int r = differing(&d->arena, OWNER_SERVER, e->before, e->after, &e->rows, &e->n_rows);
        if (r < 0)
                return r;
        e->action = e->n_rows == 0                              ? DIFF_SAME
                    : most(e->rows, e->n_rows) >= RELOAD_SERVER ? DIFF_RESTART
                                                                : DIFF_LIVE;
        return 0;
}

static int diff_servers(const Config *before, const Config *after, ConfigDiff *d)
{
        const ServerConfig **old = NULL, **new = NULL;
        d->servers = ARENA_NEW_N(&d->arena, DiffEntry, before->servers.n + after->servers.n + 1);
        int r = d->servers ? sorted_servers(&d->arena, before, &old) : -ENOMEM;
        if (r == 0)
                r = sorted_servers(&d->arena, after, &new);
        for (size_t i = 0; i < after->servers.n && r == 0; i++) {
                DiffEntry *e = &d->servers[d->n_servers++];
                e->after = config_server(after, i);
                e->before = find_sorted(old, before->servers.n, e->after);
                r = diff_server(d, e);
        }
        for (size_t i = 0; i < before->servers.n && r == 0; i++) {
                const ServerConfig *s = config_server(before, i);
                if (!find_sorted(new, after->servers.n, s))
                        d->servers[d->n_servers++] = (DiffEntry){.action = DIFF_REMOVE, .before = s};
        }
        return r;
}

int config_diff(const Config *before, const Config *after, ConfigDiff *ret)
{
        ConfigDiff d = {.arena = ARENA_INIT(LIMIT_CONFIG_ARENA)};
        int r = differing(&d.arena, OWNER_ROOT, before, after, &d.rows, &d.n_rows);
        if (r == 0)
                r = diff_servers(before, after, &d);
        if (r < 0) {
                arena_done(&d.arena);
                return r;
        }
        d.reload = most(d.rows, d.n_rows);
        for (size_t i = 0; i < d.n_rows; i++)
                d.views |= schema_table[d.rows[i]].group == OWNER_VIEW &&
                           schema_table[d.rows[i]].type == TYPE_GROUPS;
        *ret = d;
        return 0;
}

void config_diff_done(ConfigDiff *d)
{
        arena_done(&d->arena);
        *d = (ConfigDiff){0};
}
