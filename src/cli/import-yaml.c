/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import-yaml.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/check.h"
#include "config/expand.h"
#include "config/load.h"
#include "config/print.h"
#include "config/schema.h"

/* ---- texts --------------------------------------------------------------- */

/* Characters that YAML takes for a line end or for no text at all. */
static bool is_awkward(Span s, size_t n)
{
        static const Span awkward[] = {SPAN("\xe2\x80\xa8"), SPAN("\xe2\x80\xa9"), SPAN("\xef\xbb\xbf"),
                                       SPAN("\xef\xbf\xbe"), SPAN("\xef\xbf\xbf")};
        if (n == 2)
                return (uint8_t)s.ptr[0] == 0xc2 && (uint8_t)s.ptr[1] < 0xa0; /* C1 */
        for (size_t i = 0; i < ARRAY_SIZE(awkward); i++)
                if (span_starts(s, awkward[i]))
                        return true;
        return false;
}

static uint32_t code_point(Span s, size_t n)
{
        const uint8_t *p = (const uint8_t *)s.ptr;
        if (n == 2)
                return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
        return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
}

/* Copies a text, with such characters as \uXXXX (of a quoted one, where that is an escape) or as ?. */
static int put_mild(Buf *b, Span s, bool quoted)
{
        int r = 0;
        for (size_t n; s.len && r == 0; s = span_skip(s, n)) {
                n = MAX(utf8_sequence(s), (size_t)1);
                if (!is_awkward(s, n))
                        r = buf_append(b, s.ptr, n);
                else if (quoted)
                        r = buf_appendf(b, "\\u%04x", code_point(s, n));
                else
                        r = buf_append_char(b, '?');
        }
        return r;
}

static int put_scalar(Buf *b, Span s)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r = config_quote(&text, s);
        return r < 0 ? r : put_mild(b, buf_span(&text), true);
}

/* One line behind a #, whatever the text holds. */
static int put_comment(Buf *b, const char *indent, const char *text)
{
        CLEANUP(buf_done) Buf safe = BUF_INIT(BUF_CAP_NONE);
        int r = utf8_escape(&safe, span_of(text));
        if (r == 0)
                r = buf_appendf(b, "%s# ", indent);
        if (r == 0)
                r = put_mild(b, buf_span(&safe), false);
        return r < 0 ? r : buf_append_char(b, '\n');
}

static int put_value(const ImportYaml *y, const ImportValue *v, Buf *b)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r = 0;
        for (size_t i = 0; i < v->n && r == 0; i++) {
                const ImportPiece *p = &v->pieces[i];
                if (p->kind == IMPORT_TEXT)
                        r = expand_quote(p->text, &text);
                else if (p->kind == IMPORT_REFERENCE)
                        r = buf_appendf(&text, "${%.*s}", (int)p->text.len, p->text.ptr);
                else
                        r = buf_appendf(&text, "${file:%s/%s}", y->secrets, p->file);
        }
        return r < 0 ? r : put_scalar(b, buf_span(&text));
}

static int put_list(const ImportYaml *y, const ImportValue *items, size_t n, Buf *b)
{
        int r = buf_append_char(b, '[');
        for (size_t i = 0; i < n && r == 0; i++) {
                r = i ? buf_append_str(b, ", ") : 0;
                if (r == 0)
                        r = put_value(y, &items[i], b);
        }
        return r < 0 ? r : buf_append_char(b, ']');
}

/* ---- one server ---------------------------------------------------------- */

static int put_origin(const char *before, const ImportServer *s, Buf *b)
{
        CLEANUP(buf_done) Buf origin = BUF_INIT(BUF_CAP_NONE);
        int r = import_put_origin(s->file, s->project, &origin);
        if (r == 0)
                r = buf_appendf(b, "  # %s", before);
        if (r == 0)
                r = put_mild(b, buf_span(&origin), false);
        return r < 0 ? r : buf_append_char(b, '\n');
}

static int put_comments(const ImportYaml *y, const ImportServer *s, Buf *b)
{
        int r = put_origin("from ", s, b);
        if (r == 0 && strcmp(s->name, s->wanted) != 0) {
                const char *text = import_text(y->im, "its name there is %s", s->wanted);
                r = text ? put_comment(b, "  ", text) : -ENOMEM;
        }
        for (const ImportServer *t = s->next; t && r == 0; t = t->next)
                if (t->twin == s)
                        r = put_origin("the same in ", t, b);
        for (const ImportNote *n = s->notes; n && r == 0; n = n->next)
                r = put_comment(b, "  ", n->text);
        const SchemaRow *row = schema_find(OWNER_SERVER, SPAN("tools.deny"));
        if (r < 0 || s->n_deny == 0 || schema_features[row->feature].present)
                return r;
        r = buf_appendf(
                b, "  # has no effect before %s is there: tools: {deny: ", schema_feature_name(row->feature));
        if (r == 0)
                r = put_list(y, s->deny, s->n_deny, b);
        return r < 0 ? r : buf_append_str(b, "}\n");
}

static int put_key(const ImportYaml *y, const char *key, const ImportValue *v, Buf *b)
{
        if (!v->given)
                return 0;
        int r = buf_appendf(b, "    %s: ", key);
        if (r == 0)
                r = put_value(y, v, b);
        return r < 0 ? r : buf_append_char(b, '\n');
}

static int put_env(const ImportYaml *y, const ImportServer *s, Buf *b)
{
        int r = s->n_env ? buf_append_str(b, "    env:\n") : 0;
        for (size_t i = 0; i < s->n_env && r == 0; i++) {
                r = buf_append_str(b, "      ");
                if (r == 0)
                        r = put_scalar(b, span_of(s->env[i].name));
                if (r == 0)
                        r = buf_append_str(b, ": ");
                if (r == 0)
                        r = put_value(y, &s->env[i].value, b);
                if (r == 0)
                        r = buf_append_char(b, '\n');
        }
        return r;
}

static int put_flow(const ImportYaml *y, const char *before, const ImportValue *items, size_t n,
                    const char *after, Buf *b)
{
        int r = buf_append_str(b, before);
        if (r == 0)
                r = put_list(y, items, n, b);
        return r < 0 ? r : buf_append_str(b, after);
}

/* Keys in the order of the schema table. */
static int put_server(const ImportYaml *y, const ImportServer *s, Buf *b)
{
        const SchemaRow *deny = schema_find(OWNER_SERVER, SPAN("tools.deny"));
        int r = buf_append_str(b, "  ");
        if (r == 0)
                r = put_scalar(b, span_of(s->name));
        if (r == 0)
                r = buf_append_str(b, ":\n");
        if (r == 0)
                r = put_key(y, "command", &s->command, b);
        if (r == 0 && s->n_args)
                r = put_flow(y, "    args: ", s->args, s->n_args, "\n", b);
        if (r == 0)
                r = put_key(y, "cwd", &s->cwd, b);
        if (r == 0)
                r = put_env(y, s, b);
        if (r == 0)
                r = put_key(y, "env_file", &s->env_file, b);
        if (r == 0 && s->n_deny && schema_features[deny->feature].present)
                r = put_flow(y, "    tools:\n      deny: ", s->deny, s->n_deny, "\n", b);
        return r;
}

/* ---- the proof ----------------------------------------------------------- */

typedef struct World {
        ExpandEnv env;
        const ImportYaml *y;
} World;

/* A variable that is not set yet shall not stand in the way. */
static const char *world_get(const ExpandEnv *env UNUSED, const char *name)
{
        const char *value = getenv(name);
        return value && *value ? value : "/unset";
}

static const ImportPiece *find_secret(const Import *im, const char *file)
{
        const ImportValue *v;
        for (const ImportServer *s = im->servers; s; s = s->next)
                for (size_t i = 0; !s->left_out && (v = import_value_at(s, i)); i++)
                        for (size_t k = 0; k < v->n; k++)
                                if (v->pieces[k].file && strcmp(v->pieces[k].file, file) == 0)
                                        return &v->pieces[k];
        return NULL;
}

static int world_read(const ExpandEnv *env, const char *path, Buf *b)
{
        const ImportYaml *y = CONTAINER_OF(env, World, env)->y;
        size_t n = strlen(y->secrets);
        if (strncmp(path, y->secrets, n) != 0 || path[n] != '/')
                return 0; /* that of another: whether it is there is `check`'s question */
        const ImportPiece *p = find_secret(y->im, path + n + 1);
        return p ? import_secret_text(p->text, b) : 0;
}

/* The message without a value that it may begin with: `"VALUE" is no ...`. */
static int explain(const Diag *d, const char *server, Buf *why)
{
        Span text = span_of(d->message), key = span_of(d->key);
        bool quotes = span_starts(text, SPAN("\""));
        for (size_t end; quotes && (end = span_find_span(text, SPAN("\" "))) < text.len;)
                text = span_skip(text, end + 2); /* a value may hold such an end itself */
        if (server && span_starts(key, SPAN("servers.")) && key.len > 9 + strlen(server))
                key = span_skip(key, 9 + strlen(server));
        return buf_appendf(why, "%.*s%s%.*s", (int)key.len, key.len ? key.ptr : "", key.len ? " " : "",
                           (int)text.len, text.ptr);
}

/* IMPORT_YAML_E_INVALID: `why` gets the first error. */
static int load(const ImportYaml *y, Span text, const char *server, Config **ret, Buf *why)
{
        World w = {.env = {.get = world_get, .read = world_read}, .y = y};
        CLEANUP(diag_list_done) DiagList diags;
        Source source;
        diag_list_init(&diags);
        int r = source_from_text("the result", text, &diags, &source);
        if (r == 0) {
                const ConfigLoadArgs args = {.source = &source, .env = &w.env};
                r = config_load(&args, &diags, ret);
                source_done(&source);
        }
        if (r <= 0)
                return r;
        for (const Diag *d = diags.first; d; d = d->next)
                if (d->severity == DIAG_ERROR) {
                        r = explain(d, server, why);
                        break;
                }
        return r < 0 ? r : IMPORT_YAML_E_INVALID;
}

static int prove(const ImportYaml *y, ImportServer *s)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(config_unref_p) Config *config = NULL;
        int r = buf_append_str(&text, "servers:\n");
        if (r == 0)
                r = put_comments(y, s, &text);
        if (r == 0)
                r = put_server(y, s, &text);
        if (r == 0)
                r = load(y, buf_span(&text), s->name, &config, &why);
        return r == IMPORT_YAML_E_INVALID ? import_leave_out(y->im, s, "%s", buf_text(&why)) : r;
}

/* ---- the whole ----------------------------------------------------------- */

static int put_head(const Import *im, Buf *b)
{
        int r = buf_append_str(
                b, "# Made by `mcpvisor import`. Restart policies, limits and sandboxes are at their\n"
                   "# defaults: see mcpvisor.yaml(5). Files that were read:\n");
        for (const ImportFile *f = im->files; f && r == 0; f = f->next) {
                CLEANUP(buf_done) Buf origin = BUF_INIT(BUF_CAP_NONE);
                r = import_put_origin(f, NULL, &origin);
                if (r == 0)
                        r = buf_append_str(b, "#   ");
                if (r == 0)
                        r = put_mild(b, buf_span(&origin), false);
                if (r == 0)
                        r = buf_append_char(b, '\n');
        }
        return r;
}

static int put_left_out(const ImportServer *s, Buf *b)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        int r = buf_append_str(&line, "  # left out: ");
        if (r == 0)
                r = utf8_escape(&line, span_of(s->wanted));
        if (r == 0)
                r = buf_append_str(&line, " of ");
        if (r == 0)
                r = import_put_origin(s->file, s->project, &line);
        if (r == 0)
                r = buf_append_str(&line, ": ");
        if (r == 0)
                r = utf8_escape(&line, span_of(s->left_out));
        if (r == 0)
                r = put_mild(b, buf_span(&line), false);
        return r < 0 ? r : buf_append_char(b, '\n');
}

int import_yaml(const ImportYaml *y, Buf *ret_text, Config **ret_config, Buf *why)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        int r = put_head(y->im, &text);
        for (ImportServer *s = y->im->servers; s && r == 0; s = s->next)
                r = s->left_out ? 0 : prove(y, s);
        if (r == 0)
                r = buf_append_str(&text, import_count(y->im, NULL) ? "servers:\n" : "servers: {}\n");
        for (ImportServer *s = y->im->servers; s && r == 0; s = s->next) {
                if (s->left_out)
                        continue;
                r = put_comments(y, s, &text);
                if (r == 0)
                        r = put_server(y, s, &text);
        }
        for (ImportServer *s = y->im->servers; s && r == 0; s = s->next)
                if (s->left_out && !s->twin)
                        r = put_left_out(s, &text);
        if (r == 0)
                r = load(y, buf_span(&text), NULL, ret_config, why);
        return r != 0 ? r : buf_append_span(ret_text, buf_span(&text));
}

int import_secret_text(Span secret, Buf *b)
{
        /* A reader of references takes one line end away. */
        int r = buf_append_span(b, secret);
        if (r == 0 && span_ends(secret, SPAN("\r")))
                r = buf_append_str(b, "\r\n");
        else if (r == 0 && span_ends(secret, SPAN("\n")))
                r = buf_append_char(b, '\n');
        return r;
}

const char *import_check_dir(const char *path)
{
        if (strpbrk(path, "}$"))
                return "has a $ or } in it, which a reference cannot hold";
        return utf8_valid(span_of(path)) ? check_path(span_of(path)) : "is not UTF-8";
}
