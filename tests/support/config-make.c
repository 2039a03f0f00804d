/* SPDX-License-Identifier: Apache-2.0 */
/* Random configurations: see make_yaml() in config.h. */

#include "support/config.h"

#include "base/json-writer.h"
#include "config/value.h"

typedef struct Make {
        Random *random;
        unsigned flags;
        Buf *out;
} Make;

const FakeRow make_rows[] = {
        {.name = "PLAIN", .text = "plain"},
        {.name = "DOLLAR", .text = "a$b${c}"},
        {.name = "EMPTY", .text = ""},
        {.name = "/etc/secret", .text = "from a file\n"},
        {.name = "CREDENTIALS_DIRECTORY", .text = "/credentials"},
        {.name = "/credentials/cred", .text = "from a credential"},
        {.name = NULL},
};

static uint64_t below(Make *m, uint64_t n)
{
        return random_below(m->random, n);
}

static bool chance(Make *m, unsigned percent)
{
        return below(m, 100) < percent;
}

static void put(Make *m, const char *text)
{
        assert_int_equal(buf_append_str(m->out, text), 0);
}

PRINTF(2, 3) static void putf(Make *m, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        assert_int_equal(buf_vappendf(m->out, fmt, ap), 0);
        va_end(ap);
}

static void quote(Make *m, const char *text)
{
        assert_int_equal(json_quote(m->out, span_of(text)), 0);
}

/* ---- texts ---------------------------------------------------------------- */

/* What each form of text may look like; whichever the row's check takes is taken. */
static const char *const samples[] = {
        "/srv/data",
        "/tmp/x y",
        "a",
        "true",
        "null",
        "~x",
        "0600",
        "12",
        "-1",
        "1e3",
        "-",
        "node",
        "npx",
        "/usr/bin/env",
        "builtin:demo",
        "127.0.0.1:7780",
        "[::1]:0",
        "unix:/run/x.sock",
        "localhost:80",
        "example.com",
        "a.b-c.example",
        "https://example.com",
        "http://localhost:80",
        "https://e.com/x?y=1",
        "example.com:443",
        "*.example.com:80",
        "[fe80::1]:22",
        "file:///srv/root",
        "@net",
        "@file-system",
        "open",
        "openat2",
        "*",
        "fs_*",
        "get?",
        "PATH",
        "LANG",
        "_X",
        "staff",
        "1000",
        "dynamic",
        "none",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "with space",
        " lead",
        "trail ",
        "a: b",
        "a #b",
        "# c",
        "",
        "[x]",
        "{y}",
        "'q'",
        "\"dq\"",
        "back\\slash",
        "$$",
        "$${HOME}",
        "line\nbreak",
        "tab\tin",
        "\r\n",
        "\xc3\xa9t\xc3\xa9",
        "\xf0\x9f\x98\x80",
        "\x7f",
        "\xc2\x85",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf bom",
        "\xc2\xa0",
        "yes",
        "Off",
        "!tag",
        "&anchor",
        "*alias",
        "%dir",
        "`tick",
        "|",
        ">",
        "?",
        "? x",
        ":",
        ":x",
        "x:",
        "a:b",
        "1:2",
        "a,b",
        "<secret:x>",
        "=",
        "<<",
        ".5",
        "---",
        "...",
        "\x01",
        "\xef\xbf\xbd",
};

static const char *const names[] = {"a",    "b-1",     "X_2", "true", "null",      "12",   "no",
                                    "PATH", "API_KEY", "old", "/",    "/srv",      "y",    "new",
                                    "_",    "-x",      "a_b", "~",    "/tmp/a: b", "0x1f", "Z9"};

static bool is_odd(const char *s)
{
        for (; *s; s++)
                if ((uint8_t)*s < 0x20 || (uint8_t)*s > 0x7e)
                        return true;
        return false;
}

static bool text_fits(const Make *m, const SchemaRow *row, const char *text)
{
        CLEANUP(buf_done) Buf plain = BUF_INIT(1024);
        if ((m->flags & MAKE_ASCII) && is_odd(text))
                return false;
        /* The samples are written as in a file: $$ is a dollar sign. */
        for (const char *p = text; *p; p++) {
                p += p[0] == '$' && p[1] == '$';
                assert_int_equal(buf_append_char(&plain, *p), 0);
        }
        Span s = span_from(buf_text(&plain), plain.len);
        return !row->check || !row->check(s) || (row->none && span_equal(s, SPAN("none")));
}

static void make_text(Make *m, const SchemaRow *row)
{
        static const char *const references[] = {"${PLAIN}",    "${UNSET:-x}",         "x${DOLLAR}y",
                                                 "${EMPTY:-z}", "${file:/etc/secret}", "${credential:cred}"};
        if ((m->flags & MAKE_REFERENCES) && !row->check && chance(m, 40)) {
                quote(m, references[below(m, ARRAY_SIZE(references))]);
                return;
        }
        for (;;) {
                const char *text = samples[below(m, ARRAY_SIZE(samples))];
                if (text_fits(m, row, text)) {
                        quote(m, text);
                        return;
                }
        }
}

static bool is_secret_map(const SchemaRow *row, const char *name)
{
        return row->secret || (row->check_name && strcmp(name, "API_KEY") == 0);
}

/* ---- values --------------------------------------------------------------- */

/* A number within bounds that its type can write: near the ends, or anywhere between. */
static uint64_t make_number(Make *m, const SchemaRow *row)
{
        uint64_t max = row->max ? row->max : 1000000;
        if (row->none && chance(m, 15))
                return UINT64_MAX;
        switch (below(m, 4)) {
        case 0:
                return row->min;
        case 1:
                return max;
        default:
                return row->min + below(m, max - row->min + 1);
        }
}

static void make_scalar(Make *m, const SchemaRow *row)
{
        union {
                bool b;
                int word;
                uint64_t u;
                int64_t i;
        } v = {.u = 0};
        if (row->type == TYPE_BOOL) {
                v.b = chance(m, 50);
        } else if (row->type == TYPE_ENUM) {
                int n = 0;
                while (row->words[n])
                        n++;
                do
                        v.word = (int)below(m, (uint64_t)n);
                while (!row->words[v.word][0]);
        } else if (row->type == TYPE_INT) {
                v.i = row->imin + (int64_t)below(m, (uint64_t)(row->imax - row->imin + 1));
        } else if (row->type == TYPE_RATIO) {
                v.u = below(m, 1000001);
        } else if (row->type == TYPE_MODE) {
                v.u = below(m, 01000);
        } else {
                v.u = make_number(m, row);
                if (row->type == TYPE_DURATION && v.u != UINT64_MAX)
                        v.u = (v.u + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC * NSEC_PER_MSEC;
                if (row->type == TYPE_SIZE && v.u != UINT64_MAX)
                        v.u = (v.u + 1023) / 1024 * 1024; /* bytes have no unit */
                if (row->zero && chance(m, 20))
                        v.u = 0;
        }
        assert_true(value_in_bounds(row, &v));
        assert_int_equal(value_format(row, &v, m->out), 0);
}

static void make_struct(Make *m, SchemaOwner owner);

static void make_list(Make *m, const SchemaRow *row)
{
        uint64_t n = below(m, 4);
        put(m, "[");
        for (uint64_t i = 0; i < n; i++) {
                put(m, i ? ", " : "");
                make_text(m, row);
        }
        put(m, "]");
}

/* Up to three different names that the check takes, each given to `each`. */
static void make_named(Make *m, const SchemaRow *row, void (*each)(Make *m, const SchemaRow *row))
{
        size_t start = below(m, ARRAY_SIZE(names)), made = 0, want = below(m, 4);
        put(m, "{");
        for (size_t i = 0; i < ARRAY_SIZE(names) && made < want; i++) {
                const char *name = names[(start + i) % ARRAY_SIZE(names)];
                if ((row->check_name && row->check_name(span_of(name))) ||
                    (is_secret_map(row, name) && row->type == TYPE_MAP && !(m->flags & MAKE_SECRETS)))
                        continue;
                put(m, made++ ? ", " : "");
                quote(m, name);
                put(m, ": ");
                each(m, row);
        }
        put(m, "}");
}

static void make_item(Make *m, const SchemaRow *row)
{
        make_struct(m, row->group);
}

static void make_groups(Make *m, const SchemaRow *row)
{
        if (row->named) {
                make_named(m, row, make_item);
                return;
        }
        uint64_t n = below(m, 3);
        put(m, "[");
        for (uint64_t i = 0; i < n; i++) {
                put(m, i ? ", " : "");
                make_struct(m, row->group);
        }
        put(m, "]");
}

static void make_json(Make *m)
{
        static const char *const values[] = {
                "{}",       "[1, 2.50, -0]", "null",  "{\"a\": {\"b\": [true, \"x\"]}}",
                "\"text\"", "1e3",           "false", "{\"\\u00e9\": \"\\u007f$$\"}"};
        put(m, values[below(m, ARRAY_SIZE(values))]);
}

static void make_value(Make *m, const SchemaRow *row)
{
        switch (row->type) {
        case TYPE_TEXT:
                make_text(m, row);
                break;
        case TYPE_JSON:
                make_json(m);
                break;
        case TYPE_LIST:
                make_list(m, row);
                break;
        case TYPE_MAP:
                make_named(m, row, make_text);
                break;
        case TYPE_GROUPS:
                make_groups(m, row);
                break;
        default:
                make_scalar(m, row);
        }
}

/* Rows that rules over several keys would refuse at random: what they may be, or nothing at all. */
typedef struct Special {
        const char *path;
        const char *values[4];
} Special;

static const Special specials[] = {
        {"listen",
         {"[]", "[{address: \"unix:/run/a\", mode: \"0660\", group: staff}, \"127.0.0.1:1\"]",
          "[{address: \"[::1]:0\"}]"}},
        {"views", {"{}", "{v-1: {servers: []}, v2: {servers: [], tools: {allow: [x], deny: [\"*\"]}}}"}},
        {"sandbox.net", {"none", "host", "{allow: []}", "{allow: [\"a.example:1\", \"*.b:2\"]}"}},
        {"tools.rename", {"{}", "{old: new, \"a b\": x.y}"}},
        {"user", {"dynamic", "nobody", "\"1000\""}},
        {"restart.backoff_min", {"1ms", "500ms"}},
        {"restart.backoff_max", {"61s", "24h"}},
        {"restart.probe_min", {"1s"}},
        {"restart.probe_max", {"30d"}},
        {"log.max_total", {"1T"}},
        {"log.max_size", {NULL}},
        {"env_file", {NULL}},
        {"limits.max_servers", {NULL}},
        {"tls.cert", {NULL}},
        {"tls.key", {NULL}},
        {"tls.client_ca", {NULL}},
};

static const Special *find_special(const SchemaRow *row)
{
        for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
                if (strcmp(schema_local_path(row), specials[i].path) == 0)
                        return &specials[i];
        return NULL;
}

static bool is_left_out(const Make *m, const SchemaRow *row)
{
        const Special *special = find_special(row);
        return row->internal || row->type == TYPE_DEFAULTS || (row->secret && !(m->flags & MAKE_SECRETS)) ||
               (special && !special->values[0]);
}

static void make_row(Make *m, const SchemaRow *row)
{
        const Special *special = find_special(row);
        size_t n = 0;
        while (special && n < ARRAY_SIZE(special->values) && special->values[n])
                n++;
        if (special)
                put(m, special->values[below(m, n)]);
        else
                make_value(m, row);
}

/* ---- structs: maps inside maps, in any order of their keys ------------------ */

typedef struct Section {
        Make *make;
        SchemaOwner owner;
        const char *prefix;
        unsigned made;
} Section;

static void make_section(Make *m, SchemaOwner owner, const char *prefix);

static bool is_due(Section *s, const SchemaRow *row)
{
        return row->required || row->group == OWNER_SERVER ||
               (!is_left_out(s->make, row) && chance(s->make, 35));
}

static void make_key(void *data, Span key)
{
        Section *s = data;
        char path[256];
        (void)snprintf(path, sizeof(path), "%s%s%.*s", s->prefix, s->prefix[0] ? "." : "", (int)key.len,
                       key.ptr);
        const SchemaRow *row = schema_find(s->owner, span_of(path));
        if (row && row->type == TYPE_DEFAULTS)
                return;
        if (row ? !is_due(s, row) : !chance(s->make, 60))
                return;
        putf(s->make, "%s%.*s: ", s->made++ ? ", " : "", (int)key.len, key.ptr);
        if (row)
                make_row(s->make, row);
        else
                make_section(s->make, s->owner, path);
}

static void make_section(Make *m, SchemaOwner owner, const char *prefix)
{
        Section s = {.make = m, .owner = owner, .prefix = prefix};
        put(m, "{");
        schema_each_below(owner, span_of(prefix), make_key, &s);
        put(m, "}");
}

static void make_struct(Make *m, SchemaOwner owner)
{
        make_section(m, owner, "");
}

void make_yaml(Random *random, unsigned flags, Buf *out)
{
        Make m = {.random = random, .flags = flags, .out = out};
        put(&m, "# made at random\n"); /* else it would pass for JSON */
        make_struct(&m, OWNER_ROOT);
        put(&m, "\n");
}
