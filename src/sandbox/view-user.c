/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/view-private.h"

/* Through one of these a server is whoever runs it. */
static const char *const engines[] = {
        "/run/docker.sock", "/run/containerd",      "/run/podman",          "/run/crio",
        "/run/dbus",        "/run/systemd/private", "/var/run/docker.sock", NULL,
};
static const char *const kernel[] = {"/proc", "/sys", "/dev", NULL};

enum { TMP_MODE = 01777 };

/* ---- ro, rw, tmp -------------------------------------------------------------------- */

static void check_bind(ViewBuild *b, const char *key, const char *path, const char *real)
{
        const char *name = b->args->server->head.name;
        if (real[1] == '\0')
                view_refuse(b, "servers.%s.%s: %s would be all there is; name what the server needs of it",
                            name, key, path);
        else if (path_in(real, kernel) || path_holds(real, kernel))
                view_refuse(b, "servers.%s.%s: %s is the kernel's own and cannot be handed on", name, key,
                            path);
        else if (path_in(real, b->args->survey->own) || path_holds(real, b->args->survey->own))
                view_refuse(b,
                            "servers.%s.%s: %s would show the server mcpvisor's own files; name a "
                            "directory beside them",
                            name, key, path);
        else if (path_in(real, engines) || path_holds(real, engines))
                view_refuse(b,
                            "servers.%s.%s: %s holds the socket of a container engine or of D-Bus, by "
                            "which a server could leave every fence",
                            name, key, path);
}

static void add_bind(ViewBuild *b, const char *key, const char *path, ViewKind kind)
{
        const SurveyPath *p = survey_path(b->args->survey, path);
        if (!p || !p->real) {
                view_refuse(b, "servers.%s.%s: there is no %s; make it, or take it from the list",
                            b->args->server->head.name, key, path);
                return;
        }
        check_bind(b, key, path, p->real);
        view_add(b, &(ViewItem){.kind = kind,
                                .path = b->args->own_root ? path : p->real,
                                .source = p->real,
                                .key = key,
                                .file = p->type != SURVEY_DIRECTORY});
}

static void add_list(ViewBuild *b, const char *key, const ConfigList *list, ViewKind kind)
{
        for (size_t i = 0; i < list->n && !b->error; i++)
                add_bind(b, key, list->items[i].value, kind);
}

static void add_tmp(ViewBuild *b)
{
        const ServerConfig *s = b->args->server;
        for (size_t i = 0; i < s->sandbox.tmp.n && b->args->own_root && !b->error; i++) {
                const char *path = s->sandbox.tmp.items[i].value;
                if (path[1] == '\0' || path_in(path, kernel))
                        view_refuse(b, "servers.%s.sandbox.tmp: %s cannot be an empty directory",
                                    s->head.name, path);
                view_add(b, &(ViewItem){.kind = VIEW_MEMORY,
                                        .path = path,
                                        .key = "sandbox.tmp",
                                        .size = s->sandbox.tmp_size,
                                        .mode = TMP_MODE});
        }
}

/* Landlock adds rights on the way down and takes none away: what is read-only inside of what may be
 * written needs a mount. */
static void check_nested(ViewBuild *b)
{
        for (size_t i = 0; i < b->n && !b->args->own_root; i++)
                for (size_t k = 0; k < b->n; k++)
                        if (b->items[i].kind == VIEW_READ && b->items[k].kind == VIEW_WRITE && i != k &&
                            path_is_below(b->items[i].path, b->items[k].path))
                                view_refuse(b,
                                            "servers.%s.sandbox.ro: %s lies inside of %s, which may be "
                                            "written; without a mount namespace one cannot be without "
                                            "the other",
                                            b->args->server->head.name, b->items[i].path, b->items[k].path);
}

/* ---- the program ---------------------------------------------------------------------- */

/* Would it show more than a program's own tree: somebody's home, or what is hidden? */
static bool is_wide(ViewBuild *b, const char *path)
{
        const SandboxSurvey *s = b->args->survey;
        return path[1] == '\0' || path_holds(path, view_hidden) || path_holds(path, s->own) ||
               path_in(path, s->own) || strcmp(path_parent(b, path), "/home") == 0;
}

static void add_program_part(ViewBuild *b, const char *path, bool file, bool optional)
{
        if (view_right_now(b, path) == VIEW_RIGHT_NONE)
                view_add(b, &(ViewItem){.kind = VIEW_READ,
                                        .path = path,
                                        .source = path,
                                        .key = "its program",
                                        .file = file,
                                        .optional = optional});
}

/* PREFIX/bin/NAME needs PREFIX: the tree of an nvm, pyenv or uv. What lies elsewhere needs its directory.
 * Where that is a home, it is the file alone. */
static void add_program(ViewBuild *b, const char *path)
{
        if (!path || *path != '/' || view_right_now(b, path) != VIEW_RIGHT_NONE)
                return;
        const char *dir = path_parent(b, path), *last = path_name(dir);
        const char *prefix = strcmp(last, "bin") == 0 || strcmp(last, "sbin") == 0 ? path_parent(b, dir)
                                                                                   : dir;
        bool local = strcmp(path_name(prefix), ".local") == 0;
        if (!local && !is_wide(b, prefix)) {
                add_program_part(b, prefix, false, false);
                return;
        }
        add_program_part(b, path, true, false);
        if (local) /* beside it are other programs' secrets */
                add_program_part(b, view_textf(b, "%s/lib", prefix), false, true);
}

static void add_program_of(ViewBuild *b, const ConfigText *program)
{
        const SurveyPath *p = program->value ? survey_path(b->args->survey, program->value) : NULL;
        add_program(b, program->value);
        if (p)
                add_program(b, p->real);
}

/* ---- what must be seen ------------------------------------------------------------------ */

static void check_seen(ViewBuild *b, const char *key, const char *path)
{
        const SurveyPath *p = path ? survey_path(b->args->survey, path) : NULL;
        if (b->error || !path || *path != '/' || view_right_now(b, path) != VIEW_RIGHT_NONE)
                return;
        if (p && p->real && view_right_now(b, p->real) != VIEW_RIGHT_NONE && !b->args->own_root)
                return;
        view_refuse(b,
                    "servers.%s.%s: %s is not in the server's view of the file system; name it, or a "
                    "directory above it, in sandbox.ro or sandbox.rw",
                    b->args->server->head.name, key, path);
}

void view_user(ViewBuild *b)
{
        const ServerConfig *s = b->args->server;
        add_tmp(b);
        add_list(b, "sandbox.ro", &s->sandbox.ro, VIEW_READ);
        add_list(b, "sandbox.rw", &s->sandbox.rw, VIEW_WRITE);
        add_program_of(b, &s->resolved.command);
        add_program_of(b, &s->resolved.interpreter);
        if (b->args->home)
                view_add(b, &(ViewItem){.kind = VIEW_WRITE,
                                        .path = b->args->home,
                                        .source = b->args->home,
                                        .key = "its HOME"});
        check_nested(b);
        check_seen(b, "command", s->resolved.command.value);
        check_seen(b, "cwd", s->cwd.value);
}
