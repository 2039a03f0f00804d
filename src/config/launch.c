/* SPDX-License-Identifier: Apache-2.0 */
#include "config/launch.h"
#include "base/sha256.h"

/* With its length, so that two texts are never one longer one. */
static void add_text(Sha256 *sum, const char *text)
{
        const uint64_t len = text ? strlen(text) : UINT64_MAX;
        sha256_add(sum, span_from((const char *)&len, sizeof(len)));
        if (text)
                sha256_add(sum, span_of(text));
}

static void add_count(Sha256 *sum, size_t n)
{
        const uint64_t count = n;
        sha256_add(sum, span_from((const char *)&count, sizeof(count)));
}

static void add_value(Sha256 *sum, const ConfigText *t)
{
        add_text(sum, t->secret ? "a secret" : t->value);
}

static void add_list(Sha256 *sum, const ConfigList *list)
{
        add_count(sum, list->n);
        for (size_t i = 0; i < list->n; i++)
                add_value(sum, &list->items[i]);
}

static void add_names(Sha256 *sum, const ConfigMap *map)
{
        add_count(sum, map->n);
        for (size_t i = 0; i < map->n; i++)
                add_text(sum, map->items[i].name);
}

uint64_t config_launch(const ServerConfig *s)
{
        uint8_t bytes[SHA256_SIZE];
        uint64_t hash;
        Sha256 sum;
        sha256_begin(&sum);
        add_value(&sum, &s->command);
        add_value(&sum, &s->resolved.command);
        add_list(&sum, &s->args);
        add_value(&sum, &s->cwd);
        add_value(&sum, &s->user);
        add_list(&sum, &s->env_pass);
        add_names(&sum, &s->env);
        add_names(&sum, &s->resolved.env);
        sha256_end(&sum, bytes);
        memcpy(&hash, bytes, sizeof(hash));
        return hash;
}
