/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/fd.h"
#include "base/parse.h"
#include "supervisor/notify.h"

enum { STATUS_LONGEST = 1024, NOBODY = -1 };

static int notify_address(Notify *n, const char *name)
{
        size_t len = strlen(name);

        if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(n->address.sun_path))
                return -EAFNOSUPPORT;
        n->address.sun_family = AF_UNIX;
        memcpy(n->address.sun_path, name, len);
        if (name[0] == '@') /* abstract: all of it is the name, and no NUL ends it */
                n->address.sun_path[0] = '\0';
        n->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
        return 0;
}

static Nsec notify_watchdog_every(void)
{
        const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
        uint64_t every, who;

        if (!usec || parse_u64(span_of(usec), &every) < 0 || every > NSEC_NEVER / NSEC_PER_USEC)
                return 0;
        if (pid && (parse_u64(span_of(pid), &who) < 0 || who != (uint64_t)getpid()))
                return 0;
        return every * NSEC_PER_USEC;
}

int notify_init(Notify *n)
{
        Notify new = {.fd = NOBODY};
        const char *name = getenv("NOTIFY_SOCKET");
        int r = 0;

        if (name && notify_address(&new, name) == 0) {
                new.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                r = new.fd < 0 ? -errno : 0;
                new.watchdog = notify_watchdog_every();
        }
        (void)unsetenv("NOTIFY_SOCKET");
        (void)unsetenv("WATCHDOG_USEC");
        (void)unsetenv("WATCHDOG_PID");
        if (r == 0)
                *n = new;
        return r;
}

void notify_done(Notify *n)
{
        if (n->size)
                fd_close_p(&n->fd);
        *n = (Notify){.fd = NOBODY};
}

static void notify_send(Notify *n, Span text)
{
        if (n->fd < 0 || n->size == 0)
                return;
        ssize_t k = sendto(n->fd, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL,
                           (const struct sockaddr *)&n->address, n->size);
        if (k < 0)
                n->dropped++;
        else
                n->sent++;
}

/* `what` may be empty; the status is cut and kept on its line, or it would say more than it should. */
static void notify_say(Notify *n, const char *what, const char *status)
{
        char text[STATUS_LONGEST];

        int len = status ? snprintf(text, sizeof(text), "%sSTATUS=%s", what, status)
                         : snprintf(text, sizeof(text), "%s", what);
        size_t used = len < 0 ? 0 : MIN((size_t)len, sizeof(text) - 1);
        for (size_t i = strlen(what); i < used; i++)
                if (text[i] == '\n')
                        text[i] = ' ';
        notify_send(n, span_from(text, used));
}

void notify_ready(Notify *n, const char *status)
{
        notify_say(n, "READY=1\n", status);
}

void notify_reloading(Notify *n, Nsec now)
{
        char text[STATUS_LONGEST];
        (void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
                       (unsigned long long)(now / NSEC_PER_USEC));
        notify_send(n, span_of(text));
}

void notify_stopping(Notify *n, const char *status)
{
        notify_say(n, "STOPPING=1\n", status);
}

void notify_status(Notify *n, const char *status)
{
        if (status)
                notify_say(n, "", status);
}

void notify_watchdog(Notify *n)
{
        notify_send(n, SPAN("WATCHDOG=1"));
}

void notify_extend(Notify *n, Nsec more)
{
        char text[STATUS_LONGEST];
        (void)snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%llu",
                       (unsigned long long)(more / NSEC_PER_USEC));
        notify_send(n, span_of(text));
}
