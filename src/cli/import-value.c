/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "cli/import-value.h"
#include "base/limit-table.h"
#include "config/check.h"
#include "config/token-shape.h"

/* ---- what is a secret ---------------------------------------------------- */

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* scheme://user:password@host */
static bool has_password(Span text)
{
        Span rest = span_skip(text, span_find_span(text, SPAN("://")) + 3);
        size_t end = 0;
        while (end < rest.len && !strchr("/?# \t\"'", rest.ptr[end]))
                end++;
        rest = span_first(rest, end);
        size_t at = rest.len;
        while (at > 0 && rest.ptr[at - 1] != '@')
                at--;
        size_t colon = span_find(rest, ':');
        return at > 0 && colon + 2 < at;
}

/* Authorization: Bearer something */
static bool has_bearer(Span text)
{
        for (Span s = text; s.len > 7 + LIMIT_SECRET_SHORTEST; s = span_skip(s, 1))
                if (span_equal_nocase(span_first(s, 7), SPAN("bearer ")) &&
                    (s.ptr == text.ptr || !is_word(s.ptr[-1])))
                        return true;
        return false;
}

bool import_is_secret(Span text)
{
        return token_shape(text) || has_password(text) || has_bearer(text);
}

/* api-key and apiKey are api_key. */
bool import_is_secret_name(Span name)
{
        char words[256];
        size_t n = 0;
        for (size_t i = 0; i < name.len && n + 2 < sizeof(words); i++) {
                char c = name.ptr[i], last = i ? name.ptr[i - 1] : '\0';
                if (last >= 'a' && last <= 'z' && c >= 'A' && c <= 'Z')
                        words[n++] = '_';
                words[n++] = is_word(c) ? c : '_';
        }
        return token_name(span_from(words, n)) || span_equal_nocase(name, SPAN("authorization"));
}

/* ---- references ---------------------------------------------------------- */

typedef struct Reading {
        Import *im;
        ImportServer *server;
        ImportPiece *pieces; /* of the arena, room for every one that the text can have */
        size_t n;
} Reading;

static int put(Reading *rd, ImportPieceKind kind, Span text)
{
        ImportPiece *last = rd->n ? &rd->pieces[rd->n - 1] : NULL;
        if (text.len == 0)
                return 0;
        if (last && kind == IMPORT_TEXT && last->kind == IMPORT_TEXT) {
                last->text = span_of(import_text(rd->im, "%.*s%.*s", (int)last->text.len, last->text.ptr,
                                                 (int)text.len, text.ptr));
                return last->text.ptr ? 0 : -ENOMEM;
        }
        const char *copy = arena_strdup(&rd->im->arena, text);
        if (!copy)
                return -ENOMEM;
        rd->pieces[rd->n++] = (ImportPiece){.kind = kind, .text = span_from(copy, text.len)};
        return 0;
}

static int put_input(Reading *rd, Span id)
{
        ImportInput *in;
        int r = import_add_input(rd->im, rd->server->file, id, &in);
        return r < 0 ? r : put(rd, IMPORT_REFERENCE, span_of(in->variable));
}

static int put_unknown(Reading *rd, Span whole, const char *why)
{
        int r = import_note(rd->im, rd->server, "%.*s is left as it is: %s", (int)MIN(whole.len, (size_t)64),
                            whole.ptr, why);
        return r < 0 ? r : put(rd, IMPORT_TEXT, whole);
}

static int put_folder(Reading *rd, Span whole, bool base_name)
{
        const char *dir = rd->server->project;
        if (!dir)
                return put_unknown(rd, whole, "which directory is meant, its file does not say");
        const char *slash = strrchr(dir, '/');
        return put(rd, IMPORT_TEXT, span_of(base_name && slash ? slash + 1 : dir));
}

/* A variable, with or without a default, or a file by a path that we accept. */
static bool is_ours(Span inner)
{
        if (span_find(inner, '$') < inner.len)
                return false;
        if (span_starts(inner, SPAN("file:")))
                return !check_path(span_skip(inner, 5));
        return !check_env_name(span_first(inner, span_find_span(inner, SPAN(":-"))));
}

static int put_reference(Reading *rd, Span whole)
{
        Span inner = span_from(whole.ptr + 2, whole.len - 3);
        if (span_equal(inner, SPAN("userHome")))
                return put(rd, IMPORT_REFERENCE, SPAN("HOME"));
        if (span_equal(inner, SPAN("pathSeparator")) || span_equal(inner, SPAN("/")))
                return put(rd, IMPORT_TEXT, SPAN("/"));
        if (span_equal(inner, SPAN("workspaceFolder")) || span_equal(inner, SPAN("workspaceRoot")))
                return put_folder(rd, whole, false);
        if (span_equal(inner, SPAN("workspaceFolderBasename")))
                return put_folder(rd, whole, true);
        if (span_starts(inner, SPAN("input:")) && inner.len > 6)
                return put_input(rd, span_skip(inner, 6));
        if (span_starts(inner, SPAN("env:")))
                inner = span_skip(inner, 4);
        if (is_ours(inner))
                return put(rd, IMPORT_REFERENCE, inner);
        return put_unknown(rd, whole, "what it stands for is known to its editor only");
}

static int put_all(Reading *rd, Span text)
{
        int r = 0;
        while (text.len && r == 0) {
                size_t run = span_find_span(text, SPAN("${"));
                r = put(rd, IMPORT_TEXT, span_first(text, run));
                text = span_skip(text, run);
                size_t end = span_find(text, '}');
                if (r < 0 || text.len == 0)
                        return r;
                if (end == text.len)
                        return put(rd, IMPORT_TEXT, text); /* without its end: no reference */
                r = put_reference(rd, span_first(text, end + 1));
                text = span_skip(text, end + 1);
        }
        return r;
}

/* ---- texts --------------------------------------------------------------- */

static int begin(Reading *rd, Import *im, ImportServer *s, Span text)
{
        size_t room = 3;
        for (size_t i = 0; i < text.len; i++)
                room += text.ptr[i] == '$' ? 2 : 0;
        *rd = (Reading){.im = im, .server = s, .pieces = ARENA_NEW_N(&im->arena, ImportPiece, room)};
        return rd->pieces ? 0 : -ENOMEM;
}

/* Of the pieces from `first` on: plain text that is a secret by its looks, or all of it by its name. */
static void mark_secrets(Reading *rd, size_t first, bool secret)
{
        bool whole = secret && rd->n == first + 1 && rd->pieces[first].text.len >= LIMIT_SECRET_SHORTEST;
        for (size_t i = first; i < rd->n; i++)
                if (rd->pieces[i].kind == IMPORT_TEXT && (whole || import_is_secret(rd->pieces[i].text)))
                        rd->pieces[i].kind = IMPORT_SECRET;
}

/* A label becomes part of a file's name. */
static int finish(Reading *rd, Span label, ImportValue *ret)
{
        enum { LONGEST = 64 };
        char *name = arena_strdup(&rd->im->arena, span_first(label, LONGEST));
        if (!name)
                return -ENOMEM;
        for (char *p = name; *p; p++)
                *p = is_word(*p) || *p == '-' ? *p : '-';
        *ret = (ImportValue){.pieces = rd->pieces, .n = rd->n, .given = true, .label = name};
        return 0;
}

int import_value(Import *im, ImportServer *s, Span text, const char *label, bool secret, ImportValue *ret)
{
        Reading rd;
        int r = begin(&rd, im, s, text);
        if (r == 0)
                r = put_all(&rd, text);
        if (r < 0)
                return r;
        mark_secrets(&rd, 0, secret);
        return finish(&rd, span_of(label), ret);
}

/* Length of `--name=`, `NAME=` or `Name: ` at the start of an argument, 0 if there is none. */
static size_t name_length(Span arg, Span *ret_name)
{
        size_t dashes = 0, end;
        while (dashes < arg.len && arg.ptr[dashes] == '-')
                dashes++;
        end = dashes;
        while (end < arg.len && (is_word(arg.ptr[end]) || strchr("-.", arg.ptr[end])))
                end++;
        if (end == dashes || end == arg.len || !strchr("=:", arg.ptr[end]))
                return 0;
        Span name = span_from(arg.ptr + dashes, end - dashes);
        bool header = arg.ptr[end++] == ':';
        if (header && !import_is_secret_name(name))
                return 0; /* https://..., host:port */
        while (header && end < arg.len && arg.ptr[end] == ' ')
                end++;
        *ret_name = name;
        return end;
}

/* Does it announce that the next argument is a secret: --api-key, -token? */
static bool announces(Span before, Span *ret_name)
{
        if (!span_starts(before, SPAN("-")) || span_find(before, '=') < before.len)
                return false;
        while (span_starts(before, SPAN("-")))
                before = span_skip(before, 1);
        if (!import_is_secret_name(before))
                return false;
        *ret_name = before;
        return true;
}

int import_argument(Import *im, ImportServer *s, Span text, Span before, size_t i, ImportValue *ret)
{
        char number[32];
        (void)snprintf(number, sizeof(number), "arg%zu", i + 1);
        Span name = SPAN_NONE;
        size_t n = name_length(text, &name);
        bool secret = n ? import_is_secret_name(name) : false;
        if (!n && !span_starts(text, SPAN("-")))
                secret = announces(before, &name);

        Reading rd;
        int r = begin(&rd, im, s, text);
        if (r == 0)
                r = put(&rd, IMPORT_TEXT, span_first(text, n));
        size_t first = rd.n;
        if (r == 0 && n) { /* kept apart, so that only what follows can become a secret */
                Reading rest;
                r = begin(&rest, im, s, span_skip(text, n));
                if (r == 0)
                        r = put_all(&rest, span_skip(text, n));
                for (size_t k = 0; r == 0 && k < rest.n; k++)
                        rd.pieces[rd.n++] = rest.pieces[k];
        } else if (r == 0) {
                r = put_all(&rd, text);
        }
        if (r < 0)
                return r;
        mark_secrets(&rd, first, secret);
        return finish(&rd, name.len ? name : span_of(number), ret);
}

/* ---- paths --------------------------------------------------------------- */

int import_join(Buf *b, const char *dir, Span path)
{
        Span part;
        int r = buf_append_str(b, strcmp(dir, "/") == 0 ? "" : dir);
        while (r == 0 && span_next(&path, '/', &part)) {
                if (part.len == 0 || span_equal(part, SPAN(".")))
                        continue;
                if (!span_equal(part, SPAN(".."))) {
                        r = buf_appendf(b, "/%.*s", (int)part.len, part.ptr);
                        continue;
                }
                while (b->len && b->data[b->len - 1] != '/')
                        b->len--;
                b->len -= b->len > 0;
        }
        return r == 0 && b->len == 0 ? buf_append_char(b, '/') : r;
}

int import_path(Import *im, ImportServer *s, Span text, const char *label, const char *dir, bool command,
                ImportValue *ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(2 * LIMIT_CONFIG_VALUE);
        bool relative = text.len && !strchr("/~$", text.ptr[0]);
        int r = 0;
        if (span_starts(text, SPAN("~/")))
                r = buf_appendf(&b, "${HOME}%.*s", (int)text.len - 1, text.ptr + 1);
        else if (relative && dir && (!command || span_find(text, '/') < text.len))
                r = import_join(&b, dir, text);
        else
                r = buf_append_span(&b, text);
        return r < 0 ? r : import_value(im, s, buf_span(&b), label, false, ret);
}

bool import_is_local(Span arg, const char *dir)
{
        char path[PATH_MAX];
        size_t eq = span_find(arg, '=');
        if (span_starts(arg, SPAN("-")))
                arg = eq < arg.len ? span_skip(arg, eq + 1) : SPAN_NONE;
        if (arg.len == 0 || arg.ptr[0] == '/')
                return false;
        if (span_starts(arg, SPAN("./")) || span_starts(arg, SPAN("../")) || span_equal(arg, SPAN(".")) ||
            span_equal(arg, SPAN("..")))
                return true;
        int n = snprintf(path, sizeof(path), "%s/%.*s", dir, (int)arg.len, arg.ptr);
        return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}
