/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import-merge.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "config/check.h"

enum { NAME_LONGEST = 64, HASH_DIGITS = 6 };

/* `base` cut so that `-suffix` fits behind it. */
static char *with_suffix(Import *im, const char *base, const char *suffix)
{
        int room = NAME_LONGEST - 1 - (int)strlen(suffix);
        return import_text(im, "%.*s-%s", room, base, suffix);
}

static void hash_digits(Span text, char ret[static HASH_DIGITS + 1])
{
        uint8_t hash[SHA256_SIZE];
        sha256(text, hash);
        (void)snprintf(ret, HASH_DIGITS + 1, "%02x%02x%02x", hash[0], hash[1], hash[2]);
}

char *import_legal_name(Import *im, const char *name)
{
        Span left = span_of(name);
        char digits[HASH_DIGITS + 1], *legal = arena_strdup(&im->arena, *name ? left : SPAN("server"));
        if (!legal)
                return NULL;
        size_t n = 0;
        while (left.len) { /* one dash a character, however many bytes it has */
                size_t bytes = MAX(utf8_sequence(left), (size_t)1);
                legal[n++] = !check_name(span_first(left, 1)) ? left.ptr[0] : '-';
                left = span_skip(left, bytes);
        }
        if (n)
                legal[n] = '\0';
        if (n <= NAME_LONGEST)
                return legal;
        hash_digits(span_of(name), digits);
        return with_suffix(im, legal, digits);
}

/* Does one before `s` have the name? */
static bool is_taken(const Import *im, const ImportServer *s, const char *name)
{
        for (const ImportServer *t = im->servers; t != s; t = t->next)
                if (!t->left_out && strcmp(t->name, name) == 0)
                        return true;
        return false;
}

/* An earlier one of the same name there that would be run in the same way. */
static const ImportServer *find_twin(const Import *im, const ImportServer *s)
{
        for (const ImportServer *t = im->servers; t != s; t = t->next)
                if (!t->left_out && strcmp(t->wanted, s->wanted) == 0 && import_same(t, s))
                        return t;
        return NULL;
}

/* Where it comes from tells it apart, whatever else is imported. */
static int hash_origin(Import *im, const ImportServer *s, char ret[static HASH_DIGITS + 1])
{
        const char *text = import_text(im, "%s\n%s\n%s", s->file->path, s->project ? s->project : "",
                                       s->wanted);
        if (!text)
                return -ENOMEM;
        hash_digits(span_of(text), ret);
        return 0;
}

static int choose_name(Import *im, ImportServer *s)
{
        char digits[HASH_DIGITS + 1];
        char *legal = import_legal_name(im, s->wanted), *name = legal;
        if (!legal)
                return -ENOMEM;
        if (is_taken(im, s, name) && strcmp(legal, s->wanted) == 0) /* NAME-HOST */
                name = with_suffix(im, legal, s->file->slug);
        if (name && is_taken(im, s, name)) {
                int r = hash_origin(im, s, digits);
                if (r < 0)
                        return r;
                name = with_suffix(im, name, digits);
        }
        if (!name)
                return -ENOMEM;
        if (is_taken(im, s, name))
                return import_leave_out(im, s, "no name is left for it");
        s->name = name;
        return 0;
}

/* ---- files of secrets ---------------------------------------------------- */

static bool has_file(const ImportServer *s, const char *file)
{
        const ImportValue *v;
        for (size_t i = 0; (v = import_value_at(s, i)); i++)
                for (size_t k = 0; k < v->n; k++)
                        if (v->pieces[k].file && strcmp(v->pieces[k].file, file) == 0)
                                return true;
        return false;
}

/* A server's name has no dot in it, so that those of different servers differ. */
static int name_file(Import *im, const ImportServer *s, const char *label, ImportPiece *p)
{
        const char *file = import_text(im, "%s.%s", s->name, label);
        for (unsigned i = 2; file && has_file(s, file); i++)
                file = import_text(im, "%s.%s.%u", s->name, label, i);
        p->file = file;
        return file ? 0 : -ENOMEM;
}

static int name_files(Import *im, const ImportServer *s)
{
        const ImportValue *v;
        for (size_t i = 0; (v = import_value_at(s, i)); i++)
                for (size_t k = 0; k < v->n; k++) {
                        if (v->pieces[k].kind != IMPORT_SECRET)
                                continue;
                        int r = name_file(im, s, v->label, &v->pieces[k]);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* ---- all ----------------------------------------------------------------- */

int import_merge(Import *im)
{
        for (ImportServer *s = im->servers; s; s = s->next) {
                int r;
                if (s->left_out)
                        continue;
                s->twin = find_twin(im, s);
                if (s->twin)
                        r = import_leave_out(im, s, "the same as %s", s->twin->name);
                else
                        r = choose_name(im, s);
                if (r == 0 && !s->left_out)
                        r = name_files(im, s);
                if (r < 0)
                        return r;
        }
        return 0;
}
