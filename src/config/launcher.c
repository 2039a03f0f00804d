/* SPDX-License-Identifier: Apache-2.0 */
#include "config/launcher.h"

/* What an option of a launcher does to the arguments after it. */
typedef struct LauncherOption {
        const char *name;
        bool names_package; /* its value is the package, not the first plain argument */
} LauncherOption;

typedef struct Launcher {
        const char *command;
        const char *words[2]; /* further words that must follow: `uv tool run` */
        const char *exact;    /* what stands between a package and its exact version, beside @ */
        const LauncherOption *options;
} Launcher;

static const LauncherOption npx_options[] = {
        {"-p", true}, {"--package", true}, {"-w", false}, {"--workspace", false}, {NULL, false},
};
static const LauncherOption uvx_options[] = {
        {"--from", true},       {"--with", false}, {"--python", false}, {"-p", false}, {"--index", false},
        {"--index-url", false}, {"--spec", true},  {"-i", false},       {NULL, false},
};

static const Launcher launchers[] = {
        {"npx", {NULL, NULL}, NULL, npx_options},   {"bunx", {NULL, NULL}, NULL, npx_options},
        {"pnpx", {NULL, NULL}, NULL, npx_options},  {"npm", {"exec", NULL}, NULL, npx_options},
        {"pnpm", {"dlx", NULL}, NULL, npx_options}, {"uvx", {NULL, NULL}, "==", uvx_options},
        {"uv", {"tool", "run"}, "==", uvx_options}, {"pipx", {"run", NULL}, "==", uvx_options},
};

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

static const Launcher *find_launcher(const ServerConfig *s, size_t *ret_skip)
{
        const char *name = base_name(s->command.value);
        for (size_t i = 0; i < ARRAY_SIZE(launchers); i++) {
                const Launcher *l = &launchers[i];
                size_t k = 0;
                if (strcmp(name, l->command) != 0)
                        continue;
                while (k < 2 && l->words[k] && k < s->args.n &&
                       strcmp(s->args.items[k].value, l->words[k]) == 0)
                        k++;
                if (k == 2 || !l->words[k]) {
                        *ret_skip = k;
                        return l;
                }
        }
        return NULL;
}

/* The option that an argument is: `--from`, `--from=x` (with its value), or NULL. */
static const LauncherOption *find_option(const Launcher *l, Span arg, Span *ret_value)
{
        size_t eq = span_find(arg, '=');
        *ret_value = eq < arg.len ? span_skip(arg, eq + 1) : SPAN_NONE;
        for (const LauncherOption *o = l->options; o->name; o++)
                if (span_equal(span_first(arg, eq), span_of(o->name)))
                        return o;
        return NULL;
}

static const char *next_argument(const ServerConfig *s, size_t i, const ConfigText **ret_arg)
{
        if (i + 1 >= s->args.n)
                return NULL;
        *ret_arg = &s->args.items[i + 1];
        return s->args.items[i + 1].value;
}

/* *ret_arg is the argument that it is, or stands in. */
static const char *find_package(const Launcher *l, const ServerConfig *s, size_t i,
                                const ConfigText **ret_arg)
{
        for (; i < s->args.n; i++) {
                const char *text = s->args.items[i].value;
                *ret_arg = &s->args.items[i];
                Span arg = span_of(text), value;
                if (!span_starts(arg, SPAN("-")))
                        return text;
                if (span_equal(arg, SPAN("--")))
                        return next_argument(s, i, ret_arg);
                const LauncherOption *o = find_option(l, arg, &value);
                if (!o)
                        continue; /* a flag such as -y */
                if (value.ptr && o->names_package)
                        return value.ptr;
                if (value.ptr)
                        continue;
                if (o->names_package)
                        return next_argument(s, i, ret_arg);
                i++;
        }
        return NULL;
}

/* `parts`: fewer are a range (1.2 stands for every 1.2.x). */
static bool is_exact_version(Span v, unsigned parts)
{
        Span rest = span_first(v, MIN(span_find(v, '-'), span_find(v, '+'))), part;
        if (v.len == 0 || v.ptr[0] < '0' || v.ptr[0] > '9')
                return false;
        for (size_t i = 0; i < v.len; i++)
                if (strchr("*^~<>|, ", v.ptr[i]))
                        return false;
        for (; span_next(&rest, '.', &part); parts -= parts > 0)
                if (part.len == 0 || span_equal_nocase(part, SPAN("x")))
                        return false;
        return parts == 0;
}

/* ...@0123456789abcdef0123456789abcdef01234567: a commit. */
static bool is_commit(Span v)
{
        size_t n = 0;
        while (n < v.len && strchr("0123456789abcdef", v.ptr[n]))
                n++;
        return n == 40 && v.len == 40;
}

static bool is_pinned(const Launcher *l, Span package)
{
        if (span_starts(package, SPAN("/")) || span_starts(package, SPAN("file:")))
                return true; /* on this machine */
        if (l->exact) {
                size_t at = span_find_span(package, span_of(l->exact));
                if (at < package.len)
                        return is_exact_version(span_skip(package, at + strlen(l->exact)), 1);
        }
        size_t at = package.len;
        while (at > 1 && package.ptr[at - 1] != '@')
                at--;
        if (at <= 1) /* none, or only that of a scope: @scope/name */
                return false;
        Span version = span_skip(package, at);
        return is_exact_version(version, l->exact ? 1 : 3) || is_commit(version);
}

const char *launcher_package(const ServerConfig *s)
{
        size_t skip;
        const ConfigText *arg;
        const Launcher *l = s->command.value ? find_launcher(s, &skip) : NULL;
        return l ? find_package(l, s, skip, &arg) : NULL;
}

bool launcher_is_unpinned(const ServerConfig *s, const char **ret_package)
{
        size_t skip;
        const Launcher *l = s->command.value ? find_launcher(s, &skip) : NULL;
        const ConfigText *arg;
        const char *package = l ? find_package(l, s, skip, &arg) : NULL;
        if (!package || is_pinned(l, span_of(package)))
                return false;
        *ret_package = arg->secret ? config_shown(arg) : package;
        return true;
}
