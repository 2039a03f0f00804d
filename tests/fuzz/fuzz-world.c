/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "fuzz.h"

_Noreturn void fuzz_fail(const char *what)
{
        fputs(what, stderr);
        abort();
}

typedef struct Variable {
        const char *name, *value;
} Variable;

static const Variable variables[] = {
        {"A", "a"},       {"B", "5"},      {"C", "10s"},       {"CREDENTIALS_DIRECTORY", "/c"},
        {"D", "$A ${A}"}, {"E", ""},       {"F", "\xff"},      {"HOME", "/home/u"},
        {"T", "true"},    {"P", "/tmp/p"}, {"Q", "a\"b\n: #"},
};

static const char *world_get(const ExpandEnv *env UNUSED, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
                if (strcmp(variables[i].name, name) == 0)
                        return variables[i].value;
        /* The way to the real environment is walked too, where it is the same everywhere. */
        return strcmp(name, "R") == 0 ? expand_real.get(&expand_real, "NO SUCH VARIABLE") : NULL;
}

static const char *bare_get(const ExpandEnv *env UNUSED, const char *name UNUSED)
{
        return NULL;
}

typedef struct File {
        const char *path;
        Span text;
        int error;
} File;

#define TEXT(path, text)                              \
        {                                             \
                (path), {(text), sizeof(text) - 1}, 0 \
        }
#define FAILS(path, error)                 \
        {                                  \
                (path), {NULL, 0}, (error) \
        }

static const File files[] = {
        TEXT("/c/s", FUZZ_SECRET "\n"),
        TEXT("/f", FUZZ_SECRET "\r\n"),
        TEXT("/n", "5"),
        TEXT("/p", "/etc/" FUZZ_SECRET "\n"),
        TEXT("/u", "unix:/" FUZZ_SECRET),
        TEXT("/e", ""),
        TEXT("/b", "\xff\n"),
        TEXT("/z", "a\0b\n"),
        TEXT("/env", "A=1\nexport B='x'\nC=\"\\n\\t\\r\\\"\\x\"\n#\nA=2 # again\n"),
        TEXT("/env1", "no assignment\n"),
        TEXT("/env2", "A='open\n"),
        FAILS("/big", -ENOBUFS),
        FAILS("/dir", -EISDIR),
        FAILS("/fifo", -ENOTSUP),
        FAILS("/loop", -ELOOP),
        FAILS("/no", -EACCES),
        FAILS("/io", -EIO),
};

static const char *const real_files[] = {"/", "/dev/null", "/proc/version", "/no such file"};

/* More lines than a map may have. */
static int read_lines(Buf *b)
{
        int r = 0;
        for (int i = 0; i < 10001 && r == 0; i++)
                r = buf_append_char(b, '\n');
        return r;
}

static int world_read(const ExpandEnv *env UNUSED, const char *path, Buf *b)
{
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (strcmp(files[i].path, path) == 0)
                        return files[i].error ? files[i].error : buf_append_span(b, files[i].text);
        if (strcmp(path, "/lines") == 0)
                return read_lines(b);
        /* As above: a directory, a device, a small file, and none. */
        for (size_t i = 0; i < ARRAY_SIZE(real_files); i++)
                if (strcmp(path, real_files[i]) == 0)
                        return expand_real.read(&expand_real, path, b);
        return -ENOENT;
}

const ExpandEnv fuzz_world = {.get = world_get, .read = world_read};
const ExpandEnv fuzz_bare_world = {.get = bare_get, .read = world_read};
