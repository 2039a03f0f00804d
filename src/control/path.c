/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "control/path.h"

#define NAME        "mcpvisor"
#define SOCKET_NAME "control.sock"
#define HTTP_NAME   "http.sock"

/* The value of a variable that names a directory; a relative one does not count (XDG says so). */
static const char *env_dir(const char *name)
{
        const char *v = getenv(name);
        return v && v[0] == '/' ? v : NULL;
}

int control_runtime_dir(Buf *ret)
{
        if (geteuid() == 0)
                return buf_appendf(ret, "/run/" NAME);
        const char *dir = env_dir("XDG_RUNTIME_DIR");
        if (dir)
                return buf_appendf(ret, "%s/" NAME, dir);
        return buf_appendf(ret, "/tmp/" NAME "-%lu", (unsigned long)geteuid());
}

int control_state_dir(Buf *ret)
{
        if (geteuid() == 0)
                return buf_appendf(ret, "/var/lib/" NAME);
        const char *dir = env_dir("XDG_STATE_HOME");
        if (dir)
                return buf_appendf(ret, "%s/" NAME, dir);
        dir = env_dir("HOME");
        return dir ? buf_appendf(ret, "%s/.local/state/" NAME, dir) : -ENOENT;
}

int control_socket_path(const char *given, Buf *ret)
{
        const char *path = given ? given : getenv("MCPVISOR_SOCKET");
        if (!path || (!given && !*path)) { /* an empty variable counts as none */
                CLEANUP(buf_done) Buf dir = BUF_INIT(ret->cap);
                int r = control_runtime_dir(&dir);
                return r < 0 ? r : buf_appendf(ret, "%s/" SOCKET_NAME, buf_text(&dir));
        }
        struct stat st;
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return buf_appendf(ret, "%s", path);
        return buf_appendf(ret, "%s%s" SOCKET_NAME, path, span_ends(span_of(path), SPAN("/")) ? "" : "/");
}

int control_http_path(const char *given, Buf *ret)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(ret->cap);
        int r = control_socket_path(given, &path);
        if (r < 0)
                return r;
        const char *slash = strrchr(buf_text(&path), '/');
        int dir = slash ? (int)(slash - buf_text(&path)) + 1 : 0;
        return buf_appendf(ret, "%.*s" HTTP_NAME, dir, buf_text(&path));
}
