/* SPDX-License-Identifier: Apache-2.0 */
#include "config/schema-doc.h"
#include "config/schema.h"
#include "config/value.h"

/* One document in the making: a writer of headings and one of keys. */
typedef struct Style {
        int (*section)(Buf *b, const char *heading);
        int (*key)(Buf *b, const SchemaRow *row, const char *path, const char *type);
} Style;

typedef struct Section {
        SchemaOwner owner;
        const char *shown; /* what stands before the keys of the struct */
        const char *heading;
} Section;

static const Section sections[] = {
        {OWNER_ROOT, "", "Daemon"},
        {OWNER_LISTEN, "listen[].", "Listeners"},
        {OWNER_TOKEN, "auth.tokens[].", "Tokens"},
        {OWNER_SERVER, "servers.NAME.", "Servers"},
        {OWNER_WARMUP, "servers.NAME.warmup[].", "Warm-up calls"},
        {OWNER_IO, "servers.NAME.sandbox.io.PATH.", "Device limits"},
        {OWNER_VIEW, "views.NAME.", "Views"},
};

static int bounds_text(const SchemaRow *row, Buf *b)
{
        int r = 0;
        if (row->type == TYPE_INT)
                return buf_appendf(b, ", %lld to %lld", (long long)row->imin, (long long)row->imax);
        if (row->max) {
                r = buf_append_str(b, ", ");
                if (r == 0)
                        r = value_format(row, &row->min, b);
                if (r == 0)
                        r = buf_append_str(b, " to ");
                if (r == 0)
                        r = value_format(row, &row->max, b);
        }
        if (r == 0 && row->zero)
                r = buf_appendf(b, ", or %s", row->zero);
        if (r == 0 && row->none)
                r = buf_appendf(b, ", or %s",
                                row->type == TYPE_DURATION && strcmp(row->def, "none") != 0 ? "never"
                                                                                            : "none");
        return r;
}

static int write_row(Buf *b, const Style *style, const Section *s, const SchemaRow *row)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf type = BUF_INIT(BUF_CAP_NONE);
        int r = buf_appendf(&path, "%s%s", s->shown, schema_local_path(row));
        if (r == 0)
                r = value_type_text(row, &type);
        if (r == 0)
                r = bounds_text(row, &type);
        return r < 0 ? r : style->key(b, row, path.data, type.data);
}

static int write_all(Buf *b, const Style *style)
{
        int r = 0;
        for (size_t i = 0; i < ARRAY_SIZE(sections) && r == 0; i++) {
                r = style->section(b, sections[i].heading);
                for (const SchemaRow *row = schema_first(sections[i].owner); row && r == 0;
                     row = schema_next(row))
                        if (!row->internal)
                                r = write_row(b, style, &sections[i], row);
        }
        return r;
}

static const char *default_text(const SchemaRow *row)
{
        return row->def ? row->def : row->def_text;
}

/* ---- Markdown ------------------------------------------------------------- */

static int markdown_section(Buf *b, const char *heading)
{
        return buf_appendf(b, "\n## %s\n", heading);
}

static int markdown_key(Buf *b, const SchemaRow *row, const char *path, const char *type)
{
        const char *def = default_text(row);
        int r = buf_appendf(b, "\n### `%s`\n\n%s%s", path, type, row->required ? " · required" : "");
        if (r == 0 && def)
                r = buf_appendf(b, row->def ? " · default `%s`" : " · default %s", def);
        if (r == 0)
                r = buf_appendf(b, " · a change %s",
                                row->reload == RELOAD_LIVE ? "is live" : schema_reload_name(row->reload));
        if (r == 0 && row->secret)
                r = buf_append_str(b, " · secret");
        if (r == 0 && !schema_features[row->feature].present)
                r = buf_appendf(b, " · no effect yet%s%s%s: comes with %s", row->landed ? " (but `" : "",
                                row->landed ? row->landed : "", row->landed ? "` is accepted)" : "",
                                schema_feature_name(row->feature));
        return r < 0 ? r : buf_appendf(b, "\n\n%s\n", row->doc);
}

static const char markdown_head[] =
        "# Configuration\n"
        "\n"
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        "<!-- Written by `make docs` from src/config/schema-table.c; do not edit. -->\n"
        "\n"
        "One YAML file; JSON is the same language. Every key, with its type, its default, and what a\n"
        "change of it takes at a reload. `mcpvisor check FILE` says what is wrong with a file, line by\n"
        "line; `mcpvisor config schema` prints a JSON Schema for editors.\n"
        "\n"
        "* **Times**: `250ms`, `30s`, `10m`, `2h`, `30d`; one number, one unit.\n"
        "* **Sizes**: `64K`, `512M`, `1G`; powers of 1024.\n"
        "* **References** in any value (but not in a tool's `arguments`): `${VAR}`, `${VAR:-text}`, "
        "`${file:PATH}`, `${credential:NAME}` (a "
        "file in\n"
        "  `$CREDENTIALS_DIRECTORY`); `$$` is a dollar sign. What comes from a file or credential is a "
        "secret and\n"
        "  is taken out of logs.\n"
        "* **Not accepted**: anchors, aliases, tags, merge keys, a second document, unknown or repeated "
        "keys.\n"
        "* Files of other programs with `mcpServers` (Claude, Cursor, Windsurf) or `servers` (VS Code) are "
        "accepted as\n"
        "  they are; `mcpvisor import` makes one commented YAML file of them.\n";

int schema_write_markdown(Buf *b)
{
        static const Style style = {markdown_section, markdown_key};
        int r = buf_append_str(b, markdown_head);
        return r < 0 ? r : write_all(b, &style);
}

/* ---- man ------------------------------------------------------------------ */

/* Text for roff: backslashes and leading dots escaped, `code` in bold. */
static int man_text(Buf *b, const char *text)
{
        bool bold = false;
        int r = text[0] == '.' || text[0] == '\'' ? buf_append_str(b, "\\&") : 0;
        for (const char *p = text; *p && r == 0; p++) {
                if (*p == '`') {
                        bold = !bold;
                        r = buf_append_str(b, bold ? "\\fB" : "\\fR");
                } else if (*p == '\\') {
                        r = buf_append_str(b, "\\e");
                } else if (*p == '-') {
                        r = buf_append_str(b, "\\-");
                } else {
                        r = buf_append_char(b, *p);
                }
        }
        return r;
}

static int man_section(Buf *b, const char *heading)
{
        return buf_appendf(b, ".SS %s\n", heading);
}

static int man_line(Buf *b, const char *before, const char *text, const char *after)
{
        int r = buf_append_str(b, before);
        if (r == 0)
                r = man_text(b, text);
        return r < 0 ? r : buf_append_str(b, after);
}

static int man_key(Buf *b, const SchemaRow *row, const char *path, const char *type)
{
        const char *def = default_text(row);
        int r = man_line(b, ".TP\n\\fB", path, "\\fR");
        if (r == 0)
                r = man_line(b, " (", type, "");
        if (r == 0 && def)
                r = man_line(b, "; default: ", def, "");
        if (r == 0)
                r = buf_append_str(b, row->required ? "; required)\n" : ")\n");
        if (r == 0)
                r = man_line(b, "", row->doc, "\n");
        if (r == 0 && !schema_features[row->feature].present)
                r = man_line(b, "No effect yet: comes with ", schema_feature_name(row->feature), ".\n");
        if (r == 0 && row->reload != RELOAD_LIVE)
                r = man_line(b, "A change ", schema_reload_name(row->reload), ".\n");
        return r;
}

static const char man_head[] =
        ".\\\" SPDX-License-Identifier: Apache-2.0\n"
        ".TH MCPVISOR.YAML 5 2026-11-20 mcpvisor \"File formats\"\n"
        ".SH NAME\n"
        "mcpvisor.yaml \\- configuration of mcpvisor\n"
        ".SH DESCRIPTION\n"
        "One YAML document; JSON is the same language.\n"
        ".BR \"mcpvisor check\" \" \\fIFILE\\fR\"\n"
        "says what is wrong with a file, with line and column.\n"
        "Anchors, aliases, tags, merge keys, a second document, and unknown or repeated keys are errors.\n"
        "The file must be a regular file of at most 1 MiB that not everybody may write.\n"
        ".PP\n"
        "Files of other programs with\n"
        ".B mcpServers\n"
        "(Claude, Cursor, Windsurf) or\n"
        ".B servers\n"
        "(VS Code) are accepted as they are.\n"
        ".SS Values\n"
        "A time is one number with one unit: 250ms, 30s, 10m, 2h, 30d.\n"
        "A size is one number with K, M, G or T, powers of 1024: 64K, 512M, 1G.\n"
        "Lists that a server has replace those in\n"
        ".BR defaults ;\n"
        "maps are merged.\n"
        ".SS References\n"
        "Any value but a tool's arguments may hold references; nothing else is expanded, and no shell is "
        "involved.\n"
        ".TP\n"
        ".B ${VAR}\n"
        "A variable of the environment; an error when it is not set. A secret when its name is one's\n"
        "(API_KEY) or its value looks like one.\n"
        ".TP\n"
        ".B ${VAR:\\-text}\n"
        "The same, or the text when it is not set or empty.\n"
        ".TP\n"
        ".B ${file:PATH}\n"
        "What the file holds, without the line end at its end; a secret.\n"
        ".TP\n"
        ".B ${credential:NAME}\n"
        "A file in the directory that CREDENTIALS_DIRECTORY names; a secret.\n"
        ".TP\n"
        ".B $$\n"
        "A dollar sign.\n"
        ".SH KEYS\n";

static const char man_tail[] =
        ".SH EXAMPLE\n"
        ".nf\n"
        "servers:\n"
        "  fs:\n"
        "    command: npx\n"
        "    args: [\"\\-y\", \"@modelcontextprotocol/server\\-filesystem@2026.8.31\", /data]\n"
        "  github:\n"
        "    command: github\\-mcp\\-server\n"
        "    args: [stdio]\n"
        "    env:\n"
        "      GITHUB_PERSONAL_ACCESS_TOKEN: \"${file:/run/secrets/github}\"\n"
        ".fi\n"
        ".SH SEE ALSO\n"
        ".BR mcpvisor (1)\n";

int schema_write_man(Buf *b)
{
        static const Style style = {man_section, man_key};
        int r = buf_append_str(b, man_head);
        if (r == 0)
                r = write_all(b, &style);
        return r < 0 ? r : buf_append_str(b, man_tail);
}
