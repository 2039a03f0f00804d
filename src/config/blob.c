/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/wire.h"
#include "config/bind.h"
#include "config/blob.h"
#include "config/value.h"

enum { BLOB_MAGIC = 0x4743564d /* "MVCG" */ };

/* FNV-1a over what the two sides must agree on. */
static uint64_t mix(uint64_t h, Span s)
{
        for (size_t i = 0; i < s.len; i++)
                h = (h ^ (uint8_t)s.ptr[i]) * 0x100000001b3ULL;
        return h;
}

uint64_t config_fingerprint(void)
{
        uint64_t h = 0xcbf29ce484222325ULL;
        for (size_t i = 0; i < schema_table_size; i++) {
                const SchemaRow *row = &schema_table[i];
                char kind[] = {(char)row->type, (char)row->view, (char)row->group};
                h = mix(h, span_of(row->path));
                h = mix(h, span_from(kind, sizeof(kind)));
                for (size_t k = 0; row->words && row->words[k]; k++)
                        h = mix(h, span_of(row->words[k]));
        }
        return h;
}

static bool is_in(const SchemaRow *row, SchemaView view)
{
        return (row->view & view) && row->type != TYPE_DEFAULTS;
}

static int encode_struct(SchemaOwner owner, const void *object, SchemaView view, Buf *b);

static int encode_group(const SchemaRow *row, const ConfigGroup *g, SchemaView view, Buf *b)
{
        size_t size = schema_owner_size(row->group);
        int r = wire_put_u32(b, (uint32_t)g->n);
        for (size_t i = 0; i < g->n && r == 0; i++) {
                const void *item = (const char *)g->items + i * size;
                const ConfigHead *head = item;
                r = wire_put_span(b, span_of(head->name));
                if (r == 0)
                        r = encode_struct(row->group, item, view, b);
        }
        return r;
}

static int encode_struct(SchemaOwner owner, const void *object, SchemaView view, Buf *b)
{
        int r = 0;
        for (const SchemaRow *row = schema_first(owner); row && r == 0; row = schema_next(row)) {
                if (!is_in(row, view))
                        continue;
                const void *field = value_field(row, object);
                r = row->type == TYPE_GROUPS ? encode_group(row, field, view, b)
                                             : value_encode(row, field, b);
        }
        return r;
}

int config_encode(const Config *c, SchemaView view, Buf *b)
{
        int r = wire_put_u32(b, BLOB_MAGIC);
        if (r == 0)
                r = wire_put_u32(b, (uint32_t)view);
        if (r == 0)
                r = wire_put_u64(b, config_fingerprint());
        return r < 0 ? r : encode_struct(OWNER_ROOT, c, view, b);
}

/* ---- reading -------------------------------------------------------------- */

typedef struct Decode {
        Config *config;
        WireReader reader;
        SchemaView view;
        Bind bind;                      /* for the defaults of fields that are not in this view */
        void *plain[_SCHEMA_OWNER_MAX]; /* one struct of each kind, with its defaults */
} Decode;

static int decode_struct(Decode *d, SchemaOwner owner, void *object);

static int decode_name(Decode *d, const SchemaRow *row, void *item)
{
        ConfigHead *head = item;
        Span name = wire_get_span(&d->reader);
        if (d->reader.bad || (name.len && memchr(name.ptr, 0, name.len)) || row->named != (name.len > 0) ||
            (row->named && row->check_name && row->check_name(name))) {
                d->reader.bad = true;
                return 0;
        }
        if (!row->named)
                return 0;
        head->name = arena_strdup(&d->config->arena, name);
        return head->name ? 0 : -ENOMEM;
}

static int plain_struct(Decode *d, SchemaOwner owner, void **ret)
{
        if (!d->plain[owner]) {
                void *plain = arena_alloc(&d->config->arena, schema_owner_size(owner));
                int r = plain ? bind_defaults(&d->bind, owner, plain) : -ENOMEM;
                if (r < 0)
                        return r;
                d->plain[owner] = plain;
        }
        *ret = d->plain[owner];
        return 0;
}

static int decode_group(Decode *d, const SchemaRow *row, ConfigGroup *g)
{
        size_t size = schema_owner_size(row->group);
        uint32_t n = wire_get_u32(&d->reader);
        *g = (ConfigGroup){0};
        if (d->reader.bad || n > LIMIT_CONFIG_LIST || n > d->reader.left.len / sizeof(uint32_t)) {
                d->reader.bad = true;
                return 0;
        }
        void *plain;
        char *items = n ? arena_alloc_array(&d->config->arena, n, size) : NULL;
        int r = plain_struct(d, row->group, &plain);
        if (r == 0 && n && !items)
                r = -ENOMEM;
        for (uint32_t i = 0; i < n && r == 0 && !d->reader.bad; i++) {
                memcpy(items + i * size, plain, size);
                r = decode_name(d, row, items + i * size);
                if (r == 0 && !d->reader.bad)
                        r = decode_struct(d, row->group, items + i * size);
        }
        if (r == 0 && !d->reader.bad)
                *g = (ConfigGroup){items, n};
        return r;
}

static int decode_struct(Decode *d, SchemaOwner owner, void *object)
{
        int r = 0;
        for (const SchemaRow *row = schema_first(owner); row && r == 0 && !d->reader.bad;
             row = schema_next(row)) {
                if (!is_in(row, d->view))
                        continue;
                void *field = value_field_rw(row, object);
                r = row->type == TYPE_GROUPS ? decode_group(d, row, field)
                                             : value_decode(row, &d->reader, &d->config->arena, field);
                const ConfigText *text = field;
                if (row->required && (row->type == TYPE_TEXT) && !text->value)
                        d->reader.bad = true;
        }
        return r;
}

static int decode_root(Decode *d, Span bytes)
{
        d->reader = (WireReader){.left = bytes};
        uint32_t magic = wire_get_u32(&d->reader), view = wire_get_u32(&d->reader);
        uint64_t fingerprint = wire_get_u64(&d->reader);
        if (d->reader.bad || magic != BLOB_MAGIC || view != (uint32_t)d->view)
                return -EBADMSG;
        if (fingerprint != config_fingerprint())
                return -ESTALE;
        int r = decode_struct(d, OWNER_ROOT, d->config);
        if (r < 0)
                return r;
        return d->reader.bad || d->reader.left.len ? -EBADMSG : 0;
}

int config_decode(Span bytes, SchemaView view, Config **ret)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        if (bytes.len > LIMIT_CONFIG_BLOB)
                return -EBADMSG;
        int r = config_new(&c);
        if (r < 0)
                return r;

        DiagList none;
        Decode d = {.config = c, .view = view};
        diag_list_init(&none);
        bind_init(&d.bind, c, "default", NULL, &none);
        r = decode_root(&d, bytes);
        bind_done(&d.bind);
        diag_list_done(&none);
        if (r == 0)
                *ret = TAKE_PTR(c);
        return r;
}
