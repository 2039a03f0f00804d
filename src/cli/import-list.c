/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import-list.h"
#include "base/limit-table.h"
#include "base/sha256.h"
#include "base/utf8.h"

enum { TEXT_CAP = 4 * LIMIT_CONFIG_VALUE };

void import_init(Import *im)
{
        *im = (Import){.arena = ARENA_INIT(LIMIT_CONFIG_ARENA)};
        im->last_file = &im->files;
        im->last_server = &im->servers;
        im->last_input = &im->inputs;
}

void import_done(Import *im)
{
        arena_done(&im->arena);
        import_init(im);
}

PRINTF(2, 0) static char *make_text(Import *im, const char *fmt, va_list ap)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(TEXT_CAP);
        return buf_vappendf(&b, fmt, ap) < 0 ? NULL : arena_strdup(&im->arena, buf_span(&b));
}

char *import_text(Import *im, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        char *text = make_text(im, fmt, ap);
        va_end(ap);
        return text;
}

int import_add_file(Import *im, const ImportFile *file, ImportFile **ret)
{
        ImportFile *f = ARENA_NEW(&im->arena, ImportFile);
        if (!f)
                return -ENOMEM;
        *f = *file;
        f->next = NULL;
        f->path = arena_strdup(&im->arena, span_of(file->path));
        f->project = file->project ? arena_strdup(&im->arena, span_of(file->project)) : NULL;
        if (!f->path || (file->project && !f->project))
                return -ENOMEM;
        *im->last_file = f;
        im->last_file = &f->next;
        *ret = f;
        return 0;
}

int import_add_server(Import *im, const ImportFile *file, Span name, ImportServer **ret)
{
        if (im->n_servers == LIMIT_CONFIG_LIST)
                return -E2BIG;
        ImportServer *s = ARENA_NEW(&im->arena, ImportServer);
        if (!s)
                return -ENOMEM;
        *s = (ImportServer){.file = file, .project = file->project};
        s->last_note = &s->notes;
        s->wanted = s->name = arena_strdup(&im->arena, name);
        if (!s->wanted)
                return -ENOMEM;
        *im->last_server = s;
        im->last_server = &s->next;
        im->n_servers++;
        *ret = s;
        return 0;
}

/* ---- inputs -------------------------------------------------------------- */

static bool is_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* github-token -> GITHUB_TOKEN. */
static char *variable_of(Import *im, Span id)
{
        enum { LONGEST = 100 };
        bool digit = id.len == 0 || (id.ptr[0] >= '0' && id.ptr[0] <= '9');
        char *name = import_text(im, "%s%.*s", digit ? "INPUT_" : "", (int)MIN(id.len, (size_t)LONGEST),
                                 id.len ? id.ptr : "");
        for (char *p = name; p && *p; p++)
                *p = !is_alnum(*p) ? '_' : *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        return name;
}

int import_add_input(Import *im, const ImportFile *file, Span id, ImportInput **ret)
{
        ImportInput *in;
        const char *variable = variable_of(im, id);
        if (!variable)
                return -ENOMEM;
        for (in = im->inputs; in; in = in->next) {
                bool same = span_equal(span_of(in->id), id);
                if (same && in->file == file) {
                        *ret = in;
                        return 0;
                }
                if (!same && strcmp(in->variable, variable) == 0) { /* a-b and a.b */
                        uint8_t hash[SHA256_SIZE];
                        sha256(id, hash);
                        variable = import_text(im, "%s_%02X%02X", variable, hash[0], hash[1]);
                        if (!variable)
                                return -ENOMEM;
                }
        }
        in = ARENA_NEW(&im->arena, ImportInput);
        if (!in)
                return -ENOMEM;
        *in = (ImportInput){.file = file, .variable = variable};
        in->id = arena_strdup(&im->arena, id);
        if (!in->id)
                return -ENOMEM;
        *im->last_input = in;
        im->last_input = &in->next;
        *ret = in;
        return 0;
}

/* ---- remarks ------------------------------------------------------------- */

int import_note(Import *im, ImportServer *s, const char *fmt, ...)
{
        ImportNote *note = ARENA_NEW(&im->arena, ImportNote);
        if (!note)
                return -ENOMEM;
        va_list ap;
        va_start(ap, fmt);
        note->text = make_text(im, fmt, ap);
        va_end(ap);
        if (!note->text)
                return -ENOMEM;
        *s->last_note = note;
        s->last_note = &note->next;
        return 0;
}

int import_leave_out(Import *im, ImportServer *s, const char *fmt, ...)
{
        if (s->left_out)
                return 0;
        va_list ap;
        va_start(ap, fmt);
        s->left_out = make_text(im, fmt, ap);
        va_end(ap);
        return s->left_out ? 0 : -ENOMEM;
}

int import_put_origin(const ImportFile *file, const char *project, Buf *b)
{
        bool part = project && !file->project; /* one of several projects in the file */
        int r = file->host ? buf_appendf(b, "%s (", file->host) : 0;
        if (r == 0)
                r = utf8_escape(b, span_of(file->path));
        if (r == 0 && part)
                r = buf_append_str(b, file->host ? ", " : " (");
        if (r == 0 && part)
                r = utf8_escape(b, span_of(project));
        return r == 0 && (file->host || part) ? buf_append_char(b, ')') : r;
}

/* ---- questions ----------------------------------------------------------- */

ImportValue *import_value_at(const ImportServer *s, size_t i)
{
        const ImportValue *const single[] = {&s->command, &s->cwd, &s->env_file};
        if (i < ARRAY_SIZE(single))
                return (ImportValue *)single[i];
        i -= ARRAY_SIZE(single);
        if (i < s->n_args)
                return &s->args[i];
        i -= s->n_args;
        if (i < s->n_env)
                return &s->env[i].value;
        i -= s->n_env;
        return i < s->n_deny ? &s->deny[i] : NULL;
}

static bool same_value(const ImportValue *a, const ImportValue *b)
{
        if (a->n != b->n || a->given != b->given)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (a->pieces[i].kind != b->pieces[i].kind ||
                    !span_equal(a->pieces[i].text, b->pieces[i].text))
                        return false;
        return true;
}

static bool same_list(const ImportValue *a, const ImportValue *b, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!same_value(&a[i], &b[i]))
                        return false;
        return true;
}

static const ImportPair *find_pair(const ImportServer *s, const char *name)
{
        for (size_t i = 0; i < s->n_env; i++)
                if (strcmp(s->env[i].name, name) == 0)
                        return &s->env[i];
        return NULL;
}

bool import_same(const ImportServer *a, const ImportServer *b)
{
        if (a->n_args != b->n_args || a->n_env != b->n_env || a->n_deny != b->n_deny)
                return false;
        for (size_t i = 0; i < a->n_env; i++) {
                const ImportPair *p = find_pair(b, a->env[i].name);
                if (!p || !same_value(&a->env[i].value, &p->value))
                        return false;
        }
        return same_value(&a->command, &b->command) && same_value(&a->cwd, &b->cwd) &&
               same_value(&a->env_file, &b->env_file) && same_list(a->args, b->args, a->n_args) &&
               same_list(a->deny, b->deny, a->n_deny);
}

size_t import_count(const Import *im, const ImportFile *file)
{
        size_t n = 0;
        for (const ImportServer *s = im->servers; s; s = s->next)
                n += !s->left_out && (!file || s->file == file);
        return n;
}
