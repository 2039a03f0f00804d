/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/utf8.h"
#include "cli/import-report.h"
#include "config/launcher.h"

static int say(const Buf *line)
{
        fprintf(stderr, "%s\n", buf_text(line));
        return 0;
}

static int put_names(const Import *im, const ImportFile *f, Buf *b)
{
        const char *between = ": ";
        int r = 0;
        for (const ImportServer *s = im->servers; s && r == 0; s = s->next) {
                if (s->left_out || s->file != f)
                        continue;
                r = buf_appendf(b, "%s%s", between, s->name);
                between = ", ";
        }
        return r;
}

static int report_file(const Import *im, const ImportFile *f)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        size_t n = import_count(im, f);
        int r = n ? buf_appendf(&b, "took %zu server%s from ", n, n == 1 ? "" : "s")
                  : buf_append_str(&b, "took nothing from ");
        if (r == 0)
                r = import_put_origin(f, NULL, &b);
        if (r == 0)
                r = put_names(im, f, &b);
        return r < 0 ? r : say(&b);
}

static int put_from(const ImportServer *s, Buf *b)
{
        int r = buf_append_str(b, " of ");
        return r < 0 ? r : import_put_origin(s->file, s->project, b);
}

static int report_left_out(const ImportServer *s)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = buf_append_str(&b, "left out: ");
        if (r == 0)
                r = utf8_escape(&b, span_of(s->wanted));
        if (r == 0)
                r = put_from(s, &b);
        if (r == 0)
                r = buf_append_str(&b, ": ");
        if (r == 0)
                r = utf8_escape(&b, span_of(s->left_out));
        return r < 0 ? r : say(&b);
}

static int report_renamed(const ImportServer *s)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        int r = buf_append_str(&b, "renamed: ");
        if (r == 0)
                r = utf8_escape(&b, span_of(s->wanted));
        if (r == 0)
                r = put_from(s, &b);
        if (r == 0)
                r = buf_appendf(&b, " is %s", s->name);
        return r < 0 ? r : say(&b);
}

int import_report_taken(const Import *im)
{
        int r = 0;
        for (const ImportFile *f = im->files; f && r == 0; f = f->next)
                r = report_file(im, f);
        for (const ImportServer *s = im->servers; s && r == 0; s = s->next) {
                if (s->left_out)
                        r = report_left_out(s);
                else if (strcmp(s->name, s->wanted) != 0)
                        r = report_renamed(s);
        }
        return r;
}

/* ---- what is left to do -------------------------------------------------- */

static const ImportInput *find_input(const Import *im, Span variable)
{
        for (const ImportInput *in = im->inputs; in; in = in->next)
                if (span_equal(span_of(in->variable), variable))
                        return in;
        return NULL;
}

/* Is this piece the first that needs its variable, and is that one not set? */
static bool is_wanted(const Import *im, const ImportServer *s, const ImportPiece *p)
{
        const ImportValue *v;
        bool may_miss = span_find_span(p->text, SPAN(":-")) < p->text.len;
        if (p->kind != IMPORT_REFERENCE || may_miss || span_starts(p->text, SPAN("file:")) ||
            getenv(p->text.ptr))
                return false;
        for (const ImportServer *t = im->servers; t != s->next; t = t->next)
                for (size_t i = 0; !t->left_out && (v = import_value_at(t, i)); i++)
                        for (size_t k = 0; k < v->n; k++) {
                                if (&v->pieces[k] == p)
                                        return true;
                                if (v->pieces[k].kind == p->kind && span_equal(v->pieces[k].text, p->text))
                                        return false;
                        }
        return true;
}

static int report_variable(const Import *im, const ImportServer *s, Span variable)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const ImportInput *in = find_input(im, variable);
        int r = buf_appendf(&b, "to do: set %.*s in the environment of mcpvisor: %s needs it",
                            (int)variable.len, variable.ptr, s->name);
        if (r == 0 && in) {
                r = buf_append_str(&b, "; there it is the input ");
                if (r == 0)
                        r = utf8_escape(&b, span_of(in->id));
                if (r == 0 && in->description)
                        r = buf_append_str(&b, ": ");
                if (r == 0 && in->description)
                        r = utf8_escape(&b, span_of(in->description));
        }
        return r < 0 ? r : say(&b);
}

static int report_variables(const Import *im, const ImportServer *s)
{
        const ImportValue *v;
        for (size_t i = 0; (v = import_value_at(s, i)); i++)
                for (size_t k = 0; k < v->n; k++) {
                        int r = is_wanted(im, s, &v->pieces[k]) ? report_variable(im, s, v->pieces[k].text)
                                                                : 0;
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* What looks like a package may be the value of an option that the launcher's table does not know. */
static bool is_secret(const ServerConfig *s, const char *text)
{
        for (size_t i = 0; i < s->args.n; i++) {
                const ConfigText *arg = &s->args.items[i];
                if (text >= arg->value && text <= arg->value + strlen(arg->value))
                        return arg->secret || arg->raw;
        }
        return true;
}

static int report_unpinned(const ServerConfig *s)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const char *package;
        if (!launcher_is_unpinned(s, &package) || is_secret(s, package))
                return 0;
        int r = buf_appendf(&b, "warning: %s: ", s->head.name);
        if (r == 0)
                r = utf8_escape(&b, span_first(span_of(package), 200));
        if (r == 0)
                r = buf_append_str(&b, " has no exact version: what runs may change at any start");
        return r < 0 ? r : say(&b);
}

int import_report_todo(const Import *im, const Config *c)
{
        int r = 0;
        for (const ImportServer *s = im->servers; s && r == 0; s = s->next) {
                for (const ImportNote *n = s->notes; !s->left_out && n && r == 0; n = n->next) {
                        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                        r = buf_appendf(&b, "note: %s: ", s->name);
                        if (r == 0)
                                r = utf8_escape(&b, span_of(n->text));
                        if (r == 0)
                                r = say(&b);
                }
                if (r == 0 && !s->left_out)
                        r = report_variables(im, s);
        }
        for (size_t i = 0; i < c->servers.n && r == 0; i++)
                r = report_unpinned(config_server(c, i));
        return r;
}

int import_report_places(const ImportBases *bases)
{
        for (size_t i = 0; i < import_hosts_size; i++) {
                const ImportHost *h = &import_hosts[i];
                CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE);
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                int r = h->not_read ? -ENOENT : import_host_path(h, bases, &path);
                if (r == -ENOENT)
                        continue;
                if (r == 0)
                        r = buf_appendf(&b, "  %s: ", h->name);
                if (r == 0)
                        r = utf8_escape(&b, buf_span(&path));
                if (r < 0)
                        return r;
                (void)say(&b);
        }
        return 0;
}
