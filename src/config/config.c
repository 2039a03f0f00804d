/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "config/bind.h"
#include "config/config.h"
#include "config/schema.h"
#include "config/token-shape.h"
#include "config/value.h"

int config_new(Config **ret)
{
        CLEANUP(config_unref_p) Config *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->refs = 1;
        c->arena = ARENA_INIT(LIMIT_CONFIG_ARENA);

        DiagList none;
        Bind b;
        diag_list_init(&none);
        bind_init(&b, c, "default", NULL, &none);
        int r = bind_defaults(&b, OWNER_ROOT, c);
        assert(r < 0 ||
               !diag_list_has_errors(&none)); /* the table's own defaults are valid: a test walks them */
        bind_done(&b);
        diag_list_done(&none);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

/* The count is the one thing that changes in a snapshot. */
Config *config_ref(const Config *c)
{
        Config *mine = (Config *)(uintptr_t)c;
        assert(mine->refs > 0);
        mine->refs++;
        return mine;
}

Config *config_unref(Config *c)
{
        if (!c)
                return NULL;
        assert(c->refs > 0);
        if (--c->refs > 0)
                return NULL;
        arena_done(&c->arena);
        free(c);
        return NULL;
}

SandboxNet server_net(const ServerConfig *s)
{
        if (s->sandbox.net != NET_BY_PROFILE)
                return (SandboxNet)s->sandbox.net;
        return s->sandbox.profile == PROFILE_STRICT ? NET_NONE : NET_HOST;
}

SandboxDegrade server_degrade(const ServerConfig *s)
{
        if (s->sandbox.degrade != DEGRADE_BY_PROFILE)
                return (SandboxDegrade)s->sandbox.degrade;
        return s->sandbox.profile == PROFILE_STRICT ? DEGRADE_REFUSE : DEGRADE_WARN;
}

const ServerConfig *config_find_server(const Config *c, const char *name)
{
        for (size_t i = 0; i < c->servers.n; i++)
                if (strcmp(config_server(c, i)->head.name, name) == 0)
                        return config_server(c, i);
        return NULL;
}

const char *config_shown(const ConfigText *t)
{
        if (!t->secret)
                return t->value;
        return t->raw && !token_shape(span_of(t->raw)) ? t->raw : "the value";
}

/* ---- secrets ------------------------------------------------------------- */

typedef struct EachSecret {
        int (*each)(void *data, const char *secret);
        void *data;
} EachSecret;

static int secret_struct(const EachSecret *e, SchemaOwner owner, const void *object);

static int secret_text(const EachSecret *e, const ConfigText *t)
{
        return t->secret && t->value && *t->value ? e->each(e->data, t->value) : 0;
}

static int secret_field(const EachSecret *e, const SchemaRow *row, const void *field)
{
        const ConfigList *list = field;
        const ConfigMap *map = field;
        const ConfigGroup *group = field;
        int r = 0;
        switch (row->type) {
        case TYPE_TEXT:
        case TYPE_JSON: /* as a whole: so it crosses to the server */
                return secret_text(e, field);
        case TYPE_LIST:
                for (size_t i = 0; i < list->n && r >= 0; i++)
                        r = secret_text(e, &list->items[i]);
                return r;
        case TYPE_MAP:
                for (size_t i = 0; i < map->n && r >= 0; i++)
                        r = secret_text(e, &map->items[i].text);
                return r;
        case TYPE_GROUPS:
                for (size_t i = 0; i < group->n && r >= 0; i++)
                        r = secret_struct(e, row->group,
                                          (const char *)group->items + i * schema_owner_size(row->group));
                return r;
        default:
                return 0;
        }
}

static int secret_struct(const EachSecret *e, SchemaOwner owner, const void *object)
{
        int r = 0;
        for (const SchemaRow *row = schema_first(owner); row && r >= 0; row = schema_next(row))
                r = secret_field(e, row, value_field(row, object));
        return r;
}

int config_each_secret(const Config *c, int (*each)(void *data, const char *secret), void *data)
{
        EachSecret e = {each, data};
        int r = secret_struct(&e, OWNER_ROOT, c);
        return r < 0 ? r : 0;
}
