/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/check.h"
#include "config/expand.h"
#include "config/token-shape.h"

static const char *real_get(const ExpandEnv *env UNUSED, const char *name)
{
        return getenv(name);
}

static int real_read(const ExpandEnv *env UNUSED, const char *path, Buf *b)
{
        /* Non-blocking, so that a FIFO in the file's place cannot hold us. */
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -ENOTSUP;
        return fd_read_all(fd, b);
}

const ExpandEnv expand_real = {.get = real_get, .read = real_read};

typedef struct Context {
        const ExpandEnv *env;
        Buf *out, *why;
        Expansion result;
} Context;

PRINTF(2, 3) static int fail(Context *c, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        int r = buf_vappendf(c->why, fmt, ap);
        va_end(ap);
        return r < 0 ? r : EXPAND_E_INVALID;
}

static int put(Context *c, Span s)
{
        if (c->out->len + s.len > LIMIT_CONFIG_VALUE)
                return fail(c, "the value is longer than %d bytes", LIMIT_CONFIG_VALUE);
        return buf_append_span(c->out, s);
}

const char *expand_read_error(int error)
{
        switch (error) {
        case -ENOENT:
                return "there is no such file";
        case -EACCES:
        case -EPERM:
                return "it may not be read by this user";
        case -EISDIR:
                return "it is a directory";
        case -ENOTSUP:
                return "it is not a regular file";
        case -ELOOP:
                return "too many symbolic links";
        default:
                return strerror(-error);
        }
}

/* A file's text without the line end at its end. */
static int put_file(Context *c, const char *what, const char *path)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_VALUE);
        const char *more = strlen(path) > 200 ? "..." : "";
        int r = c->env->read(c->env, path, &text);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOBUFS)
                return fail(c, "%s %.200s%s is larger than %d bytes", what, path, more, LIMIT_CONFIG_VALUE);
        if (r < 0)
                return fail(c, "cannot read %s %.200s%s: %s", what, path, more, expand_read_error(r));

        Span s = buf_span(&text);
        if (span_ends(s, SPAN("\n")))
                s.len--;
        if (span_ends(s, SPAN("\r")))
                s.len--;
        if (!utf8_valid(s) || (s.len && memchr(s.ptr, 0, s.len)))
                return fail(c, "%s %.200s%s is not a text: it holds bytes that are not UTF-8", what, path,
                            more);
        c->result.secret = true;
        return put(c, s);
}

static int put_credential(Context *c, Span name)
{
        const char *dir = c->env->get(c->env, "CREDENTIALS_DIRECTORY");
        if (check_secret_name(name))
                return fail(c, "\"%.*s\" is no name of a credential", (int)MIN(name.len, 64), name.ptr);
        if (!dir)
                return fail(c,
                            "there is no directory of credentials (CREDENTIALS_DIRECTORY is not set): "
                            "give the service LoadCredential=%.*s:PATH, or use ${file:PATH}",
                            (int)name.len, name.ptr);
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX);
        int r = buf_appendf(&path, "%s/%.*s", dir, (int)name.len, name.ptr);
        if (r == -ENOBUFS)
                return fail(
                        c,
                        "the directory of credentials (CREDENTIALS_DIRECTORY) is longer than a path can be");
        return r < 0 ? r : put_file(c, "the credential", path.data);
}

static int put_variable(Context *c, Span name, bool has_default, Span text)
{
        char variable[256];
        if (check_env_name(name) || name.len >= sizeof(variable))
                return fail(c,
                            "\"${%.*s}\" is no reference: known are ${VAR}, ${VAR:-text}, ${file:PATH}, "
                            "${credential:NAME}, and $$ for a dollar sign",
                            (int)MIN(name.len, 64), name.ptr);
        memcpy(variable, name.ptr, name.len);
        variable[name.len] = '\0';

        const char *value = c->env->get(c->env, variable);
        if (has_default && (!value || !*value))
                return put(c, text);
        if (!value)
                return fail(c, "the environment variable %s is not set (a default: ${%s:-text})", variable,
                            variable);
        if (!utf8_valid(span_of(value)))
                return fail(c, "the environment variable %s is not UTF-8", variable);
        /* Looked at here: inside a longer value it may no longer look like what it is. */
        c->result.secret |= token_name(name) || token_shape(span_of(value));
        return put(c, span_of(value));
}

static int put_path(Context *c, Span path)
{
        const char *wrong = check_path(path);
        if (wrong)
                return fail(c, "the path \"%.*s\" %s", (int)MIN(path.len, 200), path.ptr, wrong);
        char *text = strndup(path.ptr, path.len);
        if (!text)
                return -ENOMEM;
        int r = put_file(c, "the file", text);
        free(text);
        return r;
}

/* References that only an editor can resolve, with what to do instead. */
typedef struct EditorWord {
        Span word;
        const char *say;
} EditorWord;

#define WORD(text)                       \
        {                                \
                (text), sizeof(text) - 1 \
        }
static const EditorWord editor_words[] = {
        {WORD("input:"), "a daemon cannot ask a person: use ${file:PATH} or an environment variable, ${VAR}"},
        {WORD("command:"), "commands of an editor are not known to a daemon: use ${file:PATH} or ${VAR}"},
        {WORD("config:"), "settings of an editor are not known to a daemon: use ${file:PATH} or ${VAR}"},
        {WORD("workspaceFolder"), "a daemon has no workspace: write the path out"},
        {WORD("pathSeparator"), "write / instead"},
};

static int put_reference(Context *c, Span inner)
{
        for (size_t i = 0; i < ARRAY_SIZE(editor_words); i++)
                if (span_starts(inner, editor_words[i].word))
                        return fail(c, "\"${%.*s}\": %s", (int)MIN(inner.len, 64), inner.ptr,
                                    editor_words[i].say);
        if (span_starts(inner, SPAN("file:")))
                return put_path(c, span_skip(inner, 5));
        if (span_starts(inner, SPAN("credential:")))
                return put_credential(c, span_skip(inner, 11));
        if (span_equal(inner, SPAN("userHome")))
                return put_variable(c, SPAN("HOME"), false, SPAN_NONE);
        if (span_starts(inner, SPAN("env:")))
                inner = span_skip(inner, 4);

        size_t dash = span_find_span(inner, SPAN(":-"));
        return put_variable(c, span_first(inner, dash), dash < inner.len, span_skip(inner, dash + 2));
}

static int put_dollar(Context *c, Span *text)
{
        if (span_starts(*text, SPAN("$$"))) {
                *text = span_skip(*text, 2);
                return put(c, SPAN("$"));
        }
        if (!span_starts(*text, SPAN("${"))) {
                *text = span_skip(*text, 1);
                return put(c, SPAN("$"));
        }
        Span inner = span_skip(*text, 2);
        size_t end = span_find(inner, '}');
        if (end == inner.len)
                return fail(c, "\"${\" without its \"}\" (write $$ for a dollar sign)");
        if (span_find(span_first(inner, end), '$') < end)
                return fail(c, "a reference inside a reference is not possible");
        *text = span_skip(inner, end + 1);
        c->result.references = true;
        return put_reference(c, span_first(inner, end));
}

int expand(const ExpandEnv *env, Span text, Buf *out, Expansion *ret, Buf *why)
{
        Context c = {.env = env, .out = out, .why = why};
        while (text.len) {
                size_t run = span_find(text, '$');
                int r = put(&c, span_first(text, run));
                text = span_skip(text, run);
                if (r == 0 && text.len)
                        r = put_dollar(&c, &text);
                if (r)
                        return r;
        }
        *ret = c.result;
        return 0;
}

int expand_quote(Span text, Buf *out)
{
        int r = 0;
        while (text.len && r == 0) {
                size_t run = span_find(text, '$');
                r = buf_append(out, text.ptr, run);
                if (r == 0 && run < text.len)
                        r = buf_append_str(out, "$$");
                text = span_skip(text, run + 1);
        }
        return r;
}
