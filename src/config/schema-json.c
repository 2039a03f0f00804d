/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "config/foreign.h"
#include "config/schema-doc.h"
#include "config/schema.h"
#include "config/value.h"

typedef struct Walk {
        JsonWriter *w;
        SchemaOwner owner;
        Span prefix; /* of the section whose keys are walked */
        Span last;
} Walk;

static void write_section(JsonWriter *w, SchemaOwner owner, Span prefix);

static void member(JsonWriter *w, const char *key, const char *text)
{
        json_write_key(w, key);
        json_write_str(w, text);
}

/* "type": [...] of up to three names. */
static void types(JsonWriter *w, const char *a, const char *b, const char *c)
{
        json_write_key(w, "type");
        json_write_array(w);
        json_write_str(w, a);
        json_write_str(w, b);
        if (c)
                json_write_str(w, c);
        json_write_array_end(w);
}

/* Any scalar may be a reference instead. */
static void reference_or(JsonWriter *w)
{
        json_write_key(w, "anyOf");
        json_write_array(w);
        json_write_object(w);
        member(w, "$ref", "#/$defs/reference");
        json_write_object_end(w);
        json_write_object(w);
}

static void reference_end(JsonWriter *w)
{
        json_write_object_end(w);
        json_write_array_end(w);
}

static void write_number(JsonWriter *w, const SchemaRow *row)
{
        member(w, "type", "integer");
        json_write_key(w, "minimum");
        if (row->type == TYPE_INT)
                json_write_int(w, row->imin);
        else
                json_write_uint(w, row->min);
        if (row->type != TYPE_INT && !row->max)
                return;
        json_write_key(w, "maximum");
        if (row->type == TYPE_INT)
                json_write_int(w, row->imax);
        else
                json_write_uint(w, row->max);
}

static void write_words(JsonWriter *w, const SchemaRow *row)
{
        json_write_key(w, "enum");
        json_write_array(w);
        for (size_t i = 0; row->words[i]; i++)
                if (row->words[i][0])
                        json_write_str(w, row->words[i]);
        json_write_array_end(w);
}

static void write_word(JsonWriter *w, const char *word)
{
        json_write_object_end(w);
        json_write_object(w);
        member(w, "const", word);
}

static void write_texts(JsonWriter *w)
{
        json_write_object(w);
        types(w, "string", "number", "boolean");
        json_write_object_end(w);
}

static void write_list(JsonWriter *w)
{
        types(w, "array", "null", NULL);
        json_write_key(w, "items");
        write_texts(w);
}

static void write_map(JsonWriter *w)
{
        types(w, "object", "null", NULL);
        json_write_key(w, "additionalProperties");
        write_texts(w);
}

static void write_groups(JsonWriter *w, const SchemaRow *row)
{
        static const char *const names[_SCHEMA_OWNER_MAX] = {
                [OWNER_LISTEN] = "#/$defs/listen", [OWNER_TOKEN] = "#/$defs/token",
                [OWNER_SERVER] = "#/$defs/server", [OWNER_WARMUP] = "#/$defs/warmup",
                [OWNER_IO] = "#/$defs/io",         [OWNER_VIEW] = "#/$defs/view",
        };
        types(w, row->named || row->type == TYPE_DEFAULTS ? "object" : "array", "null", NULL);
        json_write_key(w, row->named ? "additionalProperties" : "items");
        json_write_object(w);
        member(w, "$ref", names[row->group]);
        json_write_object_end(w);
}

static void write_scalar(JsonWriter *w, const SchemaRow *row)
{
        static const char *const shared[_SCHEMA_TYPE_MAX] = {
                [TYPE_SIZE] = "#/$defs/size",       [TYPE_DURATION] = "#/$defs/duration",
                [TYPE_PERCENT] = "#/$defs/percent", [TYPE_RATIO] = "#/$defs/ratio",
                [TYPE_MODE] = "#/$defs/mode",
        };
        reference_or(w);
        if (shared[row->type])
                member(w, "$ref", shared[row->type]);
        else if (row->type == TYPE_UINT || row->type == TYPE_INT)
                write_number(w, row);
        else if (row->type == TYPE_BOOL)
                member(w, "type", "boolean");
        else if (row->type == TYPE_ENUM)
                write_words(w, row);
        else
                types(w, "string", "number", "boolean");
        if (row->none)
                write_word(w, row->type == TYPE_DURATION ? "never" : "none");
        if (row->none && row->type == TYPE_DURATION)
                write_word(w, "none");
        if (row->zero)
                write_word(w, row->zero);
        reference_end(w);
}

static void write_default(JsonWriter *w, const SchemaRow *row)
{
        if (!row->def || row->type == TYPE_DEFAULTS)
                return;
        json_write_key(w, "default");
        bool literal = row->type == TYPE_BOOL || row->type == TYPE_INT || row->type == TYPE_RATIO ||
                       !value_is_scalar(row) ||
                       (row->type == TYPE_UINT && row->def[0] >= '0' && row->def[0] <= '9');
        if (literal && row->type != TYPE_TEXT)
                json_write_raw(w, span_of(row->def));
        else
                json_write_str(w, row->def);
}

static void write_row(JsonWriter *w, const SchemaRow *row)
{
        member(w, "description", row->doc);
        write_default(w, row);
        if (!schema_features[row->feature].present)
                member(w, "$comment", "has no effect in this version");
        switch (row->type) {
        case TYPE_LIST:
                write_list(w);
                break;
        case TYPE_MAP:
                write_map(w);
                break;
        case TYPE_GROUPS:
                write_groups(w, row);
                break;
        case TYPE_DEFAULTS:
                member(w, "$ref", "#/$defs/server");
                break;
        case TYPE_JSON:
                break;
        default:
                write_scalar(w, row);
        }
}

static int full_path(Span prefix, Span key, Buf *path)
{
        int r = buf_append_span(path, prefix);
        if (r == 0 && prefix.len)
                r = buf_append_char(path, '.');
        return r < 0 ? r : buf_append_span(path, key);
}

/* A word, or a map of keys in its place. */
static void write_union(JsonWriter *w, const SchemaRow *row, SchemaOwner owner, Span path)
{
        json_write_key(w, "anyOf");
        json_write_array(w);
        json_write_object(w);
        write_row(w, row);
        json_write_object_end(w);
        json_write_object(w);
        write_section(w, owner, path);
        json_write_object_end(w);
        json_write_array_end(w);
}

static void write_key(void *data, Span key)
{
        Walk *walk = data;
        CLEANUP(buf_done) Buf path = BUF_INIT(LIMIT_KEY_PATH);
        int r = full_path(walk->prefix, key, &path);
        if (r < 0) {
                walk->w->error = r;
                return;
        }
        const SchemaRow *row = schema_find(walk->owner, buf_span(&path));
        bool below = schema_has_below(walk->owner, buf_span(&path));
        json_write_key_span(walk->w, key);
        json_write_object(walk->w);
        if (row && below)
                write_union(walk->w, row, walk->owner, buf_span(&path));
        else if (row)
                write_row(walk->w, row);
        else
                write_section(walk->w, walk->owner, buf_span(&path));
        json_write_object_end(walk->w);
}

/* Keys of other programs' files: an editor should not mark them. */
static void write_foreign(JsonWriter *w, SchemaOwner owner)
{
        for (size_t i = 0; i < foreign_table_size; i++) {
                const ForeignRow *f = &foreign_table[i];
                if (f->owner != owner || f->act == FOREIGN_REFUSE)
                        continue;
                json_write_key(w, f->key);
                json_write_object(w);
                if (f->act == FOREIGN_ALIAS) {
                        const SchemaRow *row = schema_find(owner, span_of(f->text));
                        write_row(w, row);
                } else {
                        member(w, "description", "A key of other programs' files.");
                }
                json_write_object_end(w);
        }
}

static void write_section(JsonWriter *w, SchemaOwner owner, Span prefix)
{
        Walk walk = {.w = w, .owner = owner, .prefix = prefix};
        types(w, "object", "null", NULL);
        json_write_key(w, "additionalProperties");
        json_write_bool(w, false);
        json_write_key(w, "properties");
        json_write_object(w);
        schema_each_below(owner, prefix, write_key, &walk);
        if (prefix.len == 0)
                write_foreign(w, owner);
        json_write_object_end(w);
}

typedef struct Form {
        const char *name, *pattern, *doc;
} Form;

static const Form forms[] = {
        {"reference", "\\$\\{[^}]+\\}",
         "A value from elsewhere: ${VAR}, ${VAR:-text}, ${file:PATH}, ${credential:NAME}."},
        {"size", "^(0|[1-9][0-9]*[KMGT])$", "A size: 64K, 512M, 1G (powers of 1024)."},
        {"duration", "^(0|[0-9]+(ms|s|m|h|d))$", "A time: 250ms, 30s, 10m, 2h, 30d."},
        {"percent", "^[1-9][0-9]*%$", "A percentage of one CPU: 150%."},
        {"mode", "^0?[0-7]{3}$", "A file mode in octal: \"0660\"."},
};

static void write_forms(JsonWriter *w)
{
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                json_write_key(w, forms[i].name);
                json_write_object(w);
                /* 0 needs no unit, and a mode may stand without quotes. */
                if (i > 0)
                        types(w, "string", "integer", NULL);
                else
                        member(w, "type", "string");
                member(w, "pattern", forms[i].pattern);
                member(w, "description", forms[i].doc);
                json_write_object_end(w);
        }
        json_write_key(w, "ratio");
        json_write_object(w);
        member(w, "type", "number");
        json_write_key(w, "minimum");
        json_write_uint(w, 0);
        json_write_key(w, "maximum");
        json_write_uint(w, 1);
        json_write_object_end(w);
}

/* A listener is an address alone, or a map. */
static void write_listener(JsonWriter *w)
{
        json_write_key(w, "anyOf");
        json_write_array(w);
        write_texts(w);
        json_write_object(w);
        write_section(w, OWNER_LISTEN, SPAN_NONE);
        json_write_object_end(w);
        json_write_array_end(w);
}

static void write_defs(JsonWriter *w)
{
        static const char *const names[_SCHEMA_OWNER_MAX] = {
                [OWNER_LISTEN] = "listen", [OWNER_TOKEN] = "token", [OWNER_SERVER] = "server",
                [OWNER_WARMUP] = "warmup", [OWNER_IO] = "io",       [OWNER_VIEW] = "view",
        };
        json_write_key(w, "$defs");
        json_write_object(w);
        write_forms(w);
        for (int owner = OWNER_LISTEN; owner < _SCHEMA_OWNER_MAX; owner++) {
                json_write_key(w, names[owner]);
                json_write_object(w);
                if (owner == OWNER_LISTEN)
                        write_listener(w);
                else
                        write_section(w, (SchemaOwner)owner, SPAN_NONE);
                json_write_object_end(w);
        }
        json_write_object_end(w);
}

int schema_write_json(Buf *b)
{
        JsonWriter w = JSON_WRITER_PRETTY(b, 2);
        json_write_object(&w);
        member(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
        member(&w, "title", "mcpvisor configuration");
        write_section(&w, OWNER_ROOT, SPAN_NONE);
        write_defs(&w);
        json_write_object_end(&w);
        int r = json_write_done(&w);
        return r < 0 ? r : buf_append_char(b, '\n');
}
