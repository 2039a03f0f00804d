/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "supervisor/bind-address.h"
#include "supervisor/group.h"
#include "supervisor/listener-bind.h"

enum { PROC_PATH = 64, GROUP_OURS = -1 };

PRINTF(2, 3)
static int refuse(Buf *why, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        int r = buf_vappendf(why, fmt, ap);
        va_end(ap);
        return r < 0 ? r : BIND_E_REFUSED;
}

void listener_done(Listener *l)
{
        if (l->path)
                (void)unlink(l->path);
        if (l->address)
                fd_close_p(&l->fd);
        free(l->address);
        free(l->path);
        free(l->wanted);
        *l = (Listener){.fd = -EBADF};
}

/* ---- TCP ------------------------------------------------------------------ */

static int tcp_socket(const BindAddress *a, socklen_t size, int *ret_fd)
{
        const int on = 1;
        CLEANUP_FD int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return -errno;
        /* [::] means IPv6, so that 0.0.0.0 can stand beside it. */
        if (a->any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
                return -errno;
        if (bind(fd, &a->any, size) < 0 || listen(fd, LIMIT_LISTEN_BACKLOG) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int tcp_refuse(const BindWish *w, const BindAddress *a, int error, Buf *why)
{
        bool v6 = a->any.sa_family == AF_INET6;
        unsigned port = bind_address_port(a);

        if (w->fallback && v6 && (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL)) {
                int r = buf_appendf(why, "%s is skipped: there is no IPv6 here", w->address);
                return r < 0 ? r : BIND_E_NO_IPV6;
        }
        if (error == -EADDRINUSE)
                return refuse(
                        why,
                        "%s is in use already: `ss -ltnp 'sport = :%u'` shows by whom; stop that one, or "
                        "listen elsewhere with --listen",
                        w->address, port);
        if (error == -EADDRNOTAVAIL)
                return refuse(
                        why,
                        "%s: this machine has no such address: `ip addr` shows those it has; 0.0.0.0 or "
                        "[::] stands for all of them",
                        w->address);
        if (error == -EAFNOSUPPORT)
                return refuse(why, "%s: there is no %s here: listen elsewhere", w->address,
                              v6 ? "IPv6" : "IPv4");
        if (error == -EACCES || error == -EPERM)
                return refuse(
                        why, "%s: not permitted%s: take a port from 1024 on, or give us CAP_NET_BIND_SERVICE",
                        w->address, port < IPPORT_RESERVED ? ", as the port is below 1024" : "");
        return error;
}

static int tcp_bind(const BindWish *w, BindAddress *a, socklen_t size, Listener *l, Buf *why)
{
        int r = tcp_socket(a, size, &l->fd);

        if (r == -EADDRINUSE && w->any_port) {
                bind_address_set_port(a, w->port_hint);
                r = tcp_socket(a, size, &l->fd);
                if (r == -EADDRINUSE && w->port_hint) {
                        bind_address_set_port(a, 0);
                        r = tcp_socket(a, size, &l->fd);
                }
        }
        return r < 0 ? tcp_refuse(w, a, r, why) : 0;
}

/* ---- unix ----------------------------------------------------------------- */

static int unix_group(const BindWish *w, gid_t *ret, Buf *why)
{
        *ret = (gid_t)GROUP_OURS;
        if (!w->group)
                return 0;
        int r = group_find(w->group, ret);
        return r == 0 ? 0
                      : refuse(why, "%s: no group %s in /etc/group: give its number", w->address, w->group);
}

/* Removes a socket that nobody answers on. */
static int unix_clear(const BindWish *w, const BindAddress *a, socklen_t size, Buf *why)
{
        struct stat st;
        const char *path = a->local.sun_path;

        if (lstat(path, &st) < 0) /* what keeps us from looking keeps us from binding */
                return 0;
        if (!S_ISSOCK(st.st_mode))
                return refuse(why,
                              "%s: there is a file of that name that is no socket: remove it, or take "
                              "another path",
                              w->address);
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, &a->any, size) == 0 || errno != ECONNREFUSED)
                return refuse(why,
                              "%s is in use already: `ss -lxp src %s` shows by whom; stop that one, or take "
                              "another path",
                              w->address, path);
        return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* The mode that the socket has is the one that its path gets, less the umask: set before, so that there is
 * no moment in which it is wider. */
static int unix_bind_mode(int fd, const BindAddress *a, socklen_t size, uint32_t mode)
{
        if (fchmod(fd, mode) < 0)
                return -errno;
        mode_t mask = umask(0);
        int r = bind(fd, &a->any, size) < 0 ? -errno : 0;
        (void)umask(mask);
        return r;
}

static int unix_refuse(const BindWish *w, int error, Buf *why)
{
        if (error == -ENOENT || error == -ENOTDIR)
                return refuse(why, "%s: its directory does not exist: make it first", w->address);
        if (error == -EADDRINUSE)
                return refuse(why, "%s is in use already: take another path", w->address);
        if (error == -EACCES || error == -EPERM || error == -EROFS)
                return refuse(why, "%s: %s: take a path in a directory that we may write to", w->address,
                              strerror(-error));
        return error;
}

static int unix_bind(const BindWish *w, const BindAddress *a, socklen_t size, Listener *l, Buf *why)
{
        gid_t group;
        int r = unix_group(w, &group, why);
        if (r == 0)
                r = unix_clear(w, a, size, why);
        if (r != 0)
                return r;
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        char *path = strdup(a->local.sun_path);
        if (!path)
                return -ENOMEM;
        r = unix_bind_mode(fd, a, size, w->mode);
        if (r < 0) {
                free(path);
                return unix_refuse(w, r, why);
        }
        l->path = path;
        /* Nobody can connect before listen(). */
        if (group != (gid_t)GROUP_OURS && fchownat(AT_FDCWD, path, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW) < 0)
                return refuse(why, "%s: cannot give it to group %s: %s: be a member of it", w->address,
                              w->group, strerror(errno));
        if (listen(fd, LIMIT_LISTEN_BACKLOG) < 0)
                return -errno;
        l->fd = TAKE_FD(fd);
        return 0;
}

int listener_rebind_mode(const BindWish *w, const Listener *l, Buf *why)
{
        char proc[PROC_PATH];
        gid_t group;
        struct stat st;

        int r = unix_group(w, &group, why);
        if (r != 0)
                return r;
        CLEANUP_FD int fd = open(l->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISSOCK(st.st_mode))
                return -ENOTSOCK;
        if (group != (gid_t)GROUP_OURS && st.st_gid != group &&
            fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) < 0)
                return -errno;
        if ((st.st_mode & 07777) == w->mode)
                return 0;
        (void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
        return chmod(proc, w->mode) < 0 ? -errno : 0;
}

/* ---- both ----------------------------------------------------------------- */

static int listener_name(Listener *l, const BindWish *w)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        BindAddress a;
        socklen_t size = sizeof(a);

        if (getsockname(l->fd, &a.any, &size) < 0)
                return -errno;
        /* The kernel counts the NUL of a path or not. */
        int r = l->path ? buf_append_str(&text, w->address) : bind_address_format(&a, size, &text);
        if (r == 0)
                r = buf_steal(&text, &l->address);
        if (r < 0)
                return r;
        l->wanted = strdup(w->address);
        return l->wanted ? 0 : -ENOMEM;
}

int listener_bind(const BindWish *w, Listener *ret, Buf *why)
{
        Listener l = {.fd = -EBADF, .fallback = w->fallback};
        BindAddress a;
        socklen_t size;

        int r = bind_address_parse(span_of(w->address), &a, &size);
        if (r == -ENAMETOOLONG)
                return refuse(why, "%s is longer than a socket's path can be (%zu bytes): take a shorter one",
                              w->address, sizeof(a.local.sun_path) - 1);
        if (r < 0)
                return refuse(why,
                              "%s is no address to listen on: write ADDRESS:PORT, [IPV6]:PORT or unix:PATH",
                              w->address);
        bool local = a.any.sa_family == AF_UNIX;
        l.kind = local ? IPC_LISTENER_UNIX : IPC_LISTENER_TCP;
        r = local ? unix_bind(w, &a, size, &l, why) : tcp_bind(w, &a, size, &l, why);
        if (r == 0)
                r = listener_name(&l, w);
        if (r != 0) {
                fd_close_p(&l.fd);
                listener_done(&l);
                return r;
        }
        *ret = l;
        return 0;
}
