/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn/environment.h"

enum { ENVIRONMENT_CAP = 16 * 1024 * 1024 };

/* A variable, and how late it was said: of one name, the latest stays. */
typedef struct Item {
        const char *text; /* NAME=value */
        size_t name_len, order;
} Item;

typedef struct Making {
        const EnvironmentArgs *args;
        Arena *arena;
        Item *items;
        size_t n;
} Making;

typedef struct Fixed {
        const char *name, *value;
        bool by_profile; /* ours under the profile `none`, `value` under the others and where we have none */
} Fixed;

/* Borrowed; NULL: we have none. */
static const char *ours(const Making *m, const char *name)
{
        size_t len = strlen(name);
        for (const char *const *p = m->args->ours; p && *p; p++)
                if (strncmp(*p, name, len) == 0 && (*p)[len] == '=')
                        return *p + len + 1;
        return NULL;
}

static int add(Making *m, const char *name, const char *value)
{
        if (!value)
                return 0;
        size_t name_len = strlen(name), value_len = strlen(value);
        char *text = arena_alloc(m->arena, name_len + 1 + value_len + 1);
        if (!text)
                return -ENOMEM;
        memcpy(text, name, name_len);
        text[name_len] = '=';
        memcpy(text + name_len + 1, value, value_len);
        m->items[m->n] = (Item){text, name_len, m->n};
        m->n++;
        return 0;
}

static int add_fixed(Making *m, const Fixed *fixed, size_t n)
{
        bool none = m->args->server->sandbox.profile == PROFILE_NONE;
        for (size_t i = 0; i < n; i++) {
                const char *value = fixed[i].by_profile && !none ? NULL : ours(m, fixed[i].name);
                int r = add(m, fixed[i].name, value ? value : fixed[i].value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_map(Making *m, const ConfigMap *map)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < map->n; i++)
                r = add(m, map->items[i].name, map->items[i].text.value);
        return r;
}

static int by_name(const void *a, const void *b)
{
        const Item *x = a, *y = b;
        int r = memcmp(x->text, y->text, MIN(x->name_len, y->name_len));
        if (r == 0)
                r = (x->name_len > y->name_len) - (x->name_len < y->name_len);
        return r ? r : (x->order > y->order) - (x->order < y->order);
}

static bool same_name(const Item *a, const Item *b)
{
        return a->name_len == b->name_len && memcmp(a->text, b->text, a->name_len) == 0;
}

static int finish(Making *m, Environment *e)
{
        e->items = ARENA_NEW_N(m->arena, const char *, m->n + 1);
        if (!e->items)
                return -ENOMEM;
        qsort(m->items, m->n, sizeof(*m->items), by_name);
        for (size_t i = 0; i < m->n; i++)
                if (i + 1 == m->n || !same_name(&m->items[i], &m->items[i + 1]))
                        e->items[e->n++] = m->items[i].text;
        return 0;
}

static int make(Making *m, Environment *e)
{
        const Fixed fixed[] = {
                {.name = "LOGNAME"},
                {.name = "PATH"},
                {.name = "TERM"},
                {.name = "USER"},
                {.name = "LANG"},
                {.name = "TZ"},
                {"HOME", m->args->home, true},
                {"SHELL", "/bin/sh", true},
                {"TMPDIR", "/tmp", true},
        };
        const ServerConfig *s = m->args->server;
        size_t most = ARRAY_SIZE(fixed) + s->env_pass.n + s->resolved.env.n + s->env.n;
        m->items = ARENA_NEW_N(m->arena, Item, most);
        if (!m->items)
                return -ENOMEM;
        int r = add_fixed(m, fixed, ARRAY_SIZE(fixed));
        for (size_t i = 0; r == 0 && i < s->env_pass.n; i++)
                r = add(m, s->env_pass.items[i].value, ours(m, s->env_pass.items[i].value));
        if (r == 0)
                r = add_map(m, &s->resolved.env);
        if (r == 0)
                r = add_map(m, &s->env);
        return r < 0 ? r : finish(m, e);
}

int environment_make(const EnvironmentArgs *args, Environment *ret)
{
        Environment e = {.arena = ARENA_INIT(ENVIRONMENT_CAP)};
        Making m = {.args = args, .arena = &e.arena};
        int r = make(&m, &e);
        if (r < 0) {
                arena_done(&e.arena);
                return r;
        }
        *ret = e;
        return 0;
}

void environment_done(Environment *e)
{
        arena_done(&e->arena);
        *e = (Environment){0};
}
