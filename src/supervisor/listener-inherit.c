/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "base/parse.h"
#include "supervisor/bind-address.h"
#include "supervisor/listener-bind.h"

enum { FIRST_FD = 3 }; /* SD_LISTEN_FDS_START */

static bool is_listening(int fd)
{
        int type = 0, accepts = 0;
        socklen_t size = sizeof(int);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
                return false;
        size = sizeof(int);
        return type == SOCK_STREAM && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 &&
               accepts;
}

static int describe(int fd, Span name, Listener *l)
{
        CLEANUP(buf_done) Buf address = BUF_INIT(BUF_CAP_NONE);
        BindAddress a;
        socklen_t size = sizeof(a);

        if (getsockname(fd, &a.any, &size) < 0)
                return -errno;
        if (a.any.sa_family == AF_UNIX) { /* a path comes with its NUL or without */
                size_t before = offsetof(struct sockaddr_un, sun_path);
                if (size > before && a.local.sun_path[0])
                        size = (socklen_t)(before + strnlen(a.local.sun_path, size - before));
                l->kind = IPC_LISTENER_UNIX;
        }
        int r = bind_address_format(&a, size, &address);
        if (r == 0)
                r = buf_steal(&address, &l->address);
        if (r < 0)
                return r;
        l->wanted = strndup(name.ptr ? name.ptr : "", name.len);
        return l->wanted ? 0 : -ENOMEM;
}

/* One that is no listening stream is closed: nobody could use it. */
static int adopt(int fd, Span name, ListenerSet *set)
{
        CLEANUP_FD int own = fd;
        Listener l = {.fd = -EBADF, .kind = IPC_LISTENER_TCP, .inherited = true};

        if (!is_listening(fd)) {
                log_warning("descriptor %d, which was passed as a socket to listen on, is none: ignored", fd);
                return 0;
        }
        int r = fd_set_cloexec(fd, true);
        if (r == 0)
                r = fd_set_nonblock(fd, true);
        if (r == 0)
                r = describe(fd, name, &l);
        if (r < 0) {
                listener_done(&l);
                return r;
        }
        l.fd = TAKE_FD(own);
        set->items[set->n++] = l;
        return 0;
}

int listener_adopt(int first, size_t n, Span names, ListenerSet *ret)
{
        ListenerSet set = {.items = calloc(MAX(n, (size_t)1), sizeof(*set.items))};
        int r = set.items ? 0 : -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                Span name = SPAN_NONE;
                int fd = first + (int)i;

                (void)span_next(&names, ':', &name);
                if (r < 0)
                        fd_close_p(&fd);
                else
                        r = adopt(fd, name, &set);
        }
        if (r < 0) {
                listener_set_done(&set);
                return r;
        }
        *ret = set;
        return 0;
}

int listener_inherit(ListenerSet *ret)
{
        const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"),
                   *names = getenv("LISTEN_FDNAMES");
        uint64_t who = 0, n = 0;

        if (!pid || !fds || parse_u64(span_of(pid), &who) < 0 || parse_u64(span_of(fds), &n) < 0 ||
            who != (uint64_t)getpid())
                n = 0;
        if (n > LIMIT_LISTEN_INHERITED) {
                log_warning("%llu sockets were passed: the first %d are used", (unsigned long long)n,
                            LIMIT_LISTEN_INHERITED);
                n = LIMIT_LISTEN_INHERITED;
        }
        int r = listener_adopt(FIRST_FD, (size_t)n, names ? span_of(names) : SPAN_NONE, ret);
        static const char *const variables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
                                                "LISTEN_PIDFDID"};
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
                (void)unsetenv(variables[i]);
        return r;
}
