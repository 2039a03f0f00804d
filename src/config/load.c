/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "config/bind.h"
#include "config/load.h"
#include "config/override.h"
#include "config/verify.h"

static void say_file(const ConfigLoadArgs *args, DiagSeverity severity, DiagList *diags, const char *text)
{
        diag_add(diags, severity, (DiagAt){.file = args->source->name}, NULL, "%s", text);
}

static int load_nodes(const ConfigLoadArgs *args, Bind *b, Arena *nodes, bool *ret_parsed)
{
        Node *root = NULL;
        int r = node_parse(nodes, args->source->name, buf_span(&args->source->text), b->diags, &root);
        if (r != 0)
                return r < 0 ? r : 0;
        *ret_parsed = true;
        if (root && !node_is_null(root)) {
                r = mask_nodes(&b->masks, root);
                if (r == 0)
                        r = bind_root(b, root);
        }
        for (size_t i = 0; i < args->n_set && r == 0; i++)
                r = override_bind(b, nodes, args->set[i]);
        return r;
}

/* Findings may be added to the snapshot's file later: they need the masks too. */
static int keep_masks(Bind *b)
{
        size_t size = b->masks.n * sizeof(*b->masks.items);
        SourceMask *masks = arena_alloc(&b->config->arena, size);
        if (!masks)
                return -ENOMEM;
        if (size)
                memcpy(masks, b->masks.items, size);
        b->config->masks = masks;
        b->config->n_masks = b->masks.n;
        return 0;
}

static int load_config(const ConfigLoadArgs *args, Bind *b)
{
        CLEANUP(arena_done) Arena nodes = ARENA_INIT(LIMIT_CONFIG_ARENA);
        bool parsed = false;
        int r = load_nodes(args, b, &nodes, &parsed);
        if (r < 0)
                return r;
        if (!diag_list_has_errors(b->diags) && b->config->servers.n == 0)
                say_file(args, DIAG_WARNING, b->diags, "has no servers: nothing would be started");
        if (b->pending) {
                char text[128];
                (void)snprintf(text, sizeof(text), "%u %s no effect in this version", b->pending,
                               b->pending == 1 ? "key has" : "keys have");
                say_file(args, DIAG_NOTE, b->diags, text);
        }
        if (args->source->world_readable && b->masks.n)
                say_file(args, DIAG_WARNING, b->diags,
                         "holds literal secrets, and everybody may read it: chmod 600 it, or keep them in "
                         "files of their own");
        r = verify_config(b->config, args->source->name, b->diags);
        if (r == 0)
                r = keep_masks(b);
        /* Last, when every secret is known. */
        return r < 0 ? r
                     : source_attach(args->source, parsed ? b->config->masks : NULL, b->config->n_masks,
                                     b->diags);
}

int config_load(const ConfigLoadArgs *args, DiagList *diags, Config **ret)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        int r = config_new(&c);
        if (r < 0)
                return r;

        Bind b;
        bind_init(&b, c, args->source->name, args->env, diags);
        b.planned = args->planned;
        r = load_config(args, &b);
        bind_done(&b);
        if (r < 0)
                return r;
        if (diag_list_has_errors(diags))
                return CONFIG_E_INVALID;
        *ret = TAKE_PTR(c);
        return 0;
}
