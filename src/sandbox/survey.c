/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/limit-table.h"
#include "sandbox/survey.h"

static SurveyType type_of(mode_t mode)
{
        return S_ISDIR(mode)    ? SURVEY_DIRECTORY
               : S_ISREG(mode)  ? SURVEY_FILE
               : S_ISLNK(mode)  ? SURVEY_SYMLINK
               : S_ISSOCK(mode) ? SURVEY_SOCKET
                                : SURVEY_OTHER;
}

/* ---- directories --------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
        return strcmp(((const SurveyEntry *)a)->name, ((const SurveyEntry *)b)->name);
}

static int read_link(Arena *arena, int dir, const char *name, const char **ret)
{
        char text[PATH_MAX];
        ssize_t n = readlinkat(dir, name, text, sizeof(text));
        if (n < 0 || (size_t)n >= sizeof(text))
                return 1; /* gone by now, or no link of this world */
        const char *copy = arena_strdup(arena, span_from(text, (size_t)n));
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

/* 1: there is no such entry any more. */
static int read_entry(Arena *arena, int dir, const char *name, SurveyEntry *ret)
{
        struct stat st;
        SurveyEntry e = {.name = NULL};
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 1;
        e.type = type_of(st.st_mode);
        int r = e.type == SURVEY_SYMLINK ? read_link(arena, dir, name, &e.link) : 0;
        if (r != 0)
                return r;
        e.name = arena_strdup(arena, span_of(name));
        if (!e.name)
                return -ENOMEM;
        *ret = e;
        return 0;
}

static bool is_dots(const char *name)
{
        return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* How many there are; -E2BIG: too many. */
static int count_entries(DIR *dir)
{
        int n = 0;
        while (readdir(dir))
                if (++n > LIMIT_SANDBOX_SURVEY)
                        return -E2BIG;
        rewinddir(dir);
        return n;
}

static int read_entries(Arena *arena, DIR *dir, SurveyDirectory *d)
{
        int room = count_entries(dir), r = 0;
        SurveyEntry *entries = room < 0 ? NULL : ARENA_NEW_N(arena, SurveyEntry, (size_t)room + 1);
        const struct dirent *e;
        if (room < 0 || !entries)
                return room < 0 ? 1 : -ENOMEM;
        while (r >= 0 && d->n < (size_t)room && (e = readdir(dir))) {
                r = is_dots(e->d_name) ? 1 : read_entry(arena, dirfd(dir), e->d_name, &entries[d->n]);
                d->n += r == 0;
        }
        qsort(entries, d->n, sizeof(*entries), by_name);
        d->entries = entries;
        return MIN(r, 0);
}

/* 1: it cannot be looked into. */
static int read_directory(Arena *arena, const char *path, SurveyDirectory *ret)
{
        SurveyDirectory d = {.path = path};
        DIR *dir = opendir(path);
        if (!dir)
                return errno == ENOMEM ? -ENOMEM : 1;
        int r = read_entries(arena, dir, &d);
        (void)closedir(dir);
        if (r == 0)
                *ret = d;
        return r;
}

/* The root, what profiles divide, and all that is above of what is ours. */
typedef struct Wanted {
        const char **items;
        size_t n;
} Wanted;

static void want(Wanted *w, const char *path)
{
        for (size_t i = 0; i < w->n; i++)
                if (strcmp(w->items[i], path) == 0)
                        return;
        w->items[w->n++] = path;
}

static int want_above(Arena *arena, Wanted *w, const char *path)
{
        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                const char *above = arena_strdup(arena, span_from(path, (size_t)(slash - path)));
                if (!above)
                        return -ENOMEM;
                want(w, above);
        }
        return 0;
}

static size_t count_slashes(const char *const *list)
{
        size_t n = 0;
        for (; list && *list; list++)
                for (const char *c = *list; *c; c++)
                        n += *c == '/';
        return n;
}

static int look_into(SandboxSurvey *s)
{
        enum { ALWAYS = 3 };
        size_t room = ALWAYS + count_slashes(s->own);
        Wanted w = {ARENA_NEW_N(&s->arena, const char *, room), 0};
        SurveyDirectory *list = ARENA_NEW_N(&s->arena, SurveyDirectory, room);
        int r = w.items && list ? 0 : -ENOMEM;
        if (r < 0)
                return r;
        want(&w, "/");
        want(&w, "/etc");
        want(&w, "/var");
        for (size_t i = 0; r == 0 && s->own[i]; i++)
                r = want_above(&s->arena, &w, s->own[i]);
        for (size_t i = 0; r >= 0 && i < w.n; i++) {
                r = read_directory(&s->arena, w.items[i], &list[s->n_directories]);
                s->n_directories += r == 0;
        }
        s->directories = list;
        return MIN(r, 0);
}

/* ---- paths ------------------------------------------------------------------------------ */

static bool may_write(const SurveyArgs *a, const char *path, const struct stat *st)
{
        if (a->uid == UINT64_MAX || a->uid == geteuid())
                return access(path, W_OK) == 0;
        if (a->uid == st->st_uid)
                return st->st_mode & S_IWUSR;
        return st->st_mode & (a->gid == st->st_gid ? S_IWGRP : S_IWOTH);
}

static bool holds_sockets(const char *path)
{
        bool found = false;
        DIR *dir = opendir(path);
        const struct dirent *e;
        for (int i = 0; dir && !found && i < LIMIT_SANDBOX_SURVEY && (e = readdir(dir)); i++)
                found = e->d_type == DT_SOCK;
        if (dir)
                (void)closedir(dir);
        return found;
}

static int look_at(const SurveyArgs *a, Arena *arena, const char *path, SurveyPath *ret)
{
        char real[PATH_MAX];
        struct stat st;
        SurveyPath p = {.path = arena_strdup(arena, span_of(path))};
        if (!p.path)
                return -ENOMEM;
        if (realpath(path, real) && lstat(real, &st) == 0) {
                p.real = arena_strdup(arena, span_of(real));
                if (!p.real)
                        return -ENOMEM;
                p.type = type_of(st.st_mode);
                p.writable = may_write(a, real, &st);
                p.sockets = p.type == SURVEY_DIRECTORY && holds_sockets(real);
        }
        *ret = p;
        return 0;
}

static size_t count(const char *const *list)
{
        size_t n = 0;
        while (list && list[n])
                n++;
        return n;
}

/* Where one of ours does not exist yet it is hidden by the name that it will have. */
static int look_at_all(const SurveyArgs *a, SandboxSurvey *s)
{
        static const char *const always[] = {"/etc/resolv.conf", NULL};
        const char *const *const lists[] = {always, a->paths, a->own};
        size_t n_own = count(a->own), n = count(always) + count(a->paths) + n_own;
        SurveyPath *paths = ARENA_NEW_N(&s->arena, SurveyPath, n);
        const char **own = ARENA_NEW_N(&s->arena, const char *, n_own + 1);
        int r = paths && own ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
                for (size_t k = 0; r == 0 && lists[i] && lists[i][k]; k++)
                        r = look_at(a, &s->arena, lists[i][k], &paths[s->n_paths++]);
        for (size_t i = 0; r == 0 && i < n_own; i++) {
                const SurveyPath *p = &paths[n - n_own + i];
                own[i] = p->real ? p->real : p->path;
        }
        s->paths = paths;
        s->own = own;
        return r;
}

int survey_make(const SurveyArgs *args, SandboxSurvey *ret)
{
        SandboxSurvey s = {.arena = ARENA_INIT(LIMIT_SANDBOX_ARENA)};
        int r = look_at_all(args, &s);
        if (r == 0)
                r = look_into(&s);
        if (r < 0) {
                arena_done(&s.arena);
                return r;
        }
        *ret = s;
        return 0;
}

void survey_done(SandboxSurvey *s)
{
        arena_done(&s->arena);
        *s = (SandboxSurvey){0};
}

const SurveyDirectory *survey_directory(const SandboxSurvey *s, Span path)
{
        for (size_t i = 0; i < s->n_directories; i++)
                if (span_equal(span_of(s->directories[i].path), path))
                        return &s->directories[i];
        return NULL;
}

const SurveyPath *survey_path(const SandboxSurvey *s, const char *path)
{
        for (size_t i = 0; i < s->n_paths; i++)
                if (strcmp(s->paths[i].path, path) == 0 ||
                    (s->paths[i].real && strcmp(s->paths[i].real, path) == 0))
                        return &s->paths[i];
        return NULL;
}
