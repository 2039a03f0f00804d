/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/channel.h"

enum {
        DETAIL_MAX = 160,
        STRUCT_MAX = 256, /* no struct is larger; message-sized reads have room for one and its text */
        CONTROL_SIZE = CMSG_SPACE(IPC_FDS_MAX * sizeof(int)), /* no room for one more */
};

#define M(id, type, to, min, max, text) static_assert(sizeof(type) <= STRUCT_MAX, #id);
IPC_MESSAGES(M)
#undef M
static_assert(CONTROL_SIZE == CMSG_LEN(IPC_FDS_MAX * sizeof(int)), "room for exactly so many");

struct IpcOut {
        STAILQ_ENTRY(IpcOut) link;
        size_t len, n_fds;
        int fds[IPC_FDS_MAX]; /* owned */
        char bytes[];
};

typedef union Control {
        struct cmsghdr align;
        char bytes[CONTROL_SIZE];
} Control;

const char *ipc_break_text(IpcBreak why)
{
        static const char *const texts[_IPC_BREAK_MAX] = {
                [IPC_BREAK_CLOSED] = "the other end has closed the connection",
                [IPC_BREAK_ILLEGAL] = "the other end sent what is no message",
                [IPC_BREAK_FULL] = "the other end does not read, and too many messages wait for it",
                [IPC_BREAK_SILENT] = "the other end does not read",
                [IPC_BREAK_ERROR] = "the connection failed",
        };
        return texts[why];
}

int ipc_pair(int ret_fds[static 2])
{
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;
        ret_fds[0] = fds[0];
        ret_fds[1] = fds[1];
        return 0;
}

/* ---- the queue ------------------------------------------------------------- */

static IpcOut *out_free(IpcOut *o)
{
        if (!o)
                return NULL;
        for (size_t i = 0; i < o->n_fds; i++)
                fd_close_p(&o->fds[i]);
        free(o);
        return NULL;
}
DEFINE_CLEANUP(IpcOut, out_free)

static int out_new(const struct iovec iov[static 2], const int *fds, size_t n_fds, IpcOut **ret)
{
        CLEANUP(out_free_p) IpcOut *o = malloc(sizeof(*o) + iov[0].iov_len + iov[1].iov_len);
        if (!o)
                return -ENOMEM;
        *o = (IpcOut){.len = iov[0].iov_len + iov[1].iov_len};
        memcpy(o->bytes, iov[0].iov_base, iov[0].iov_len);
        if (iov[1].iov_len)
                memcpy(o->bytes + iov[0].iov_len, iov[1].iov_base, iov[1].iov_len);
        for (; o->n_fds < n_fds; o->n_fds++) {
                int fd = fcntl(fds[o->n_fds], F_DUPFD_CLOEXEC, 0);
                if (fd < 0)
                        return -errno;
                o->fds[o->n_fds] = fd;
        }
        *ret = TAKE_PTR(o);
        return 0;
}

static void channel_pop(IpcChannel *c)
{
        IpcOut *o = STAILQ_FIRST(&c->queue);
        STAILQ_REMOVE_HEAD(&c->queue, link);
        out_free(o);
        c->queued--;
}

static void channel_drop_queue(IpcChannel *c)
{
        while (!STAILQ_EMPTY(&c->queue))
                channel_pop(c);
}

/* ---- breaks ---------------------------------------------------------------- */

/* Found by a send, in the middle of somebody else's work: told when the loop comes by. */
static void channel_break_later(IpcChannel *c, IpcBreak why, int error)
{
        if (c->broken)
                return;
        c->broken = true;
        c->why = why;
        c->error = error;
        channel_drop_queue(c);
        timer_cancel(&c->stall);
        loop_source_wake(&c->source);
}

/* The last thing that its caller does with the channel. */
static int channel_break(IpcChannel *c, IpcBreak why, const char *detail)
{
        c->broken = true;
        channel_drop_queue(c);
        timer_cancel(&c->stall);
        loop_source_remove(&c->source);
        return c->ops->broken(c, why, detail);
}

/* ---- sending --------------------------------------------------------------- */

/* 1: the other end has no room now. */
static int send_one(int fd, struct iovec *iov, size_t n_iov, const int *fds, size_t n_fds)
{
        Control control = {0};
        struct msghdr h = {.msg_iov = iov, .msg_iovlen = n_iov};
        if (n_fds) {
                h.msg_control = control.bytes;
                h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                struct cmsghdr *m = CMSG_FIRSTHDR(&h);
                m->cmsg_level = SOL_SOCKET;
                m->cmsg_type = SCM_RIGHTS;
                m->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
                memcpy(CMSG_DATA(m), fds, n_fds * sizeof(int));
        }
        for (;;) {
                if (sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
                        return 0;
                if (errno != EINTR)
                        return errno == EAGAIN ? 1 : -errno;
        }
}

static IpcBreak break_of_send(int error)
{
        return error == -EPIPE || error == -ECONNRESET ? IPC_BREAK_CLOSED : IPC_BREAK_ERROR;
}

/* Where the last of it leaves, the source no longer asks for EPOLLOUT. */
static void channel_flush(IpcChannel *c)
{
        for (int i = 0; i < LIMIT_LOOP_ITEMS && !STAILQ_EMPTY(&c->queue); i++) {
                IpcOut *o = STAILQ_FIRST(&c->queue);
                struct iovec iov = {o->bytes, o->len};
                int r = send_one(c->fd, &iov, 1, o->fds, o->n_fds);
                if (r > 0)
                        return;
                if (r < 0) {
                        channel_break_later(c, break_of_send(r), r);
                        return;
                }
                c->sent++;
                channel_pop(c);
                timer_arm(&c->stall, nsec_add(loop_now(c->source.loop), LIMIT_IPC_STALL * NSEC_PER_SEC));
        }
        if (STAILQ_EMPTY(&c->queue)) {
                timer_cancel(&c->stall);
                int r = loop_source_set_events(&c->source, EPOLLIN);
                if (r < 0)
                        channel_break_later(c, IPC_BREAK_ERROR, r);
        }
}

static int tell_break(IpcChannel *c)
{
        return channel_break(c, c->why, c->error ? strerror(-c->error) : "the queue is at its cap");
}

/* The kernel says EPOLLOUT only when most of its own queue is read: a slow reader is asked, too. */
static int stall_fired(Timer *timer, Nsec now UNUSED)
{
        IpcChannel *c = CONTAINER_OF(timer, IpcChannel, stall);
        char detail[DETAIL_MAX];
        uint64_t sent = c->sent;
        channel_flush(c);
        if (c->broken)
                return tell_break(c);
        if (c->sent != sent)
                return 0;
        (void)snprintf(detail, sizeof(detail), "%zu messages waited for %d s", c->queued, LIMIT_IPC_STALL);
        return channel_break(c, IPC_BREAK_SILENT, detail);
}

static const TimerOps stall_ops = {.fired = stall_fired};

static int channel_queue(IpcChannel *c, const struct iovec iov[static 2], const int *fds, size_t n_fds)
{
        CLEANUP(out_free_p) IpcOut *o = NULL;
        if (c->queued >= c->queue_max) {
                channel_break_later(c, IPC_BREAK_FULL, 0);
                return 0;
        }
        int r = out_new(iov, fds, n_fds, &o);
        if (r < 0)
                return r;
        if (STAILQ_EMPTY(&c->queue)) {
                r = loop_source_set_events(&c->source, EPOLLIN | EPOLLOUT);
                if (r < 0)
                        return r;
                timer_arm(&c->stall, nsec_add(loop_now(c->source.loop), LIMIT_IPC_STALL * NSEC_PER_SEC));
        }
        STAILQ_INSERT_TAIL(&c->queue, o, link);
        o = NULL; /* consumed */
        c->queued++;
        return 0;
}

int ipc_send_text(IpcChannel *c, IpcType type, void *m, Span text, const int *fds, size_t n_fds)
{
        const IpcTypeRow *row = ipc_type(type);
        assert(row && row->direction != c->receives && text.len <= row->text_max);
        assert(n_fds >= row->fds_min && n_fds <= row->fds_max);
        if (c->broken)
                return 0;

        *(IpcHeader *)m = (IpcHeader){.type = type, .length = row->size + (uint32_t)text.len};
        struct iovec iov[2] = {{m, row->size}, {(void *)(uintptr_t)text.ptr, text.len}};
        if (STAILQ_EMPTY(&c->queue)) { /* else it would overtake */
                int r = send_one(c->fd, iov, 2, fds, n_fds);
                if (r < 0)
                        channel_break_later(c, break_of_send(r), r);
                if (r == 0)
                        c->sent++;
                if (r <= 0)
                        return 0;
        }
        return channel_queue(c, iov, fds, n_fds);
}

int ipc_send(IpcChannel *c, IpcType type, void *m, const int *fds, size_t n_fds)
{
        return ipc_send_text(c, type, m, SPAN_NONE, fds, n_fds);
}

/* ---- receiving ------------------------------------------------------------- */

/* One packet as it came. */
typedef struct Packet {
        _Alignas(8) char bytes[STRUCT_MAX + IPC_TEXT_MAX];
        size_t len;
        bool cut; /* it was longer, or had more descriptors */
        IpcMessage message;
} Packet;

/* Whatever the kernel has put into our table is ours now, wanted or not. */
static void take_fds(struct msghdr *h, IpcMessage *m)
{
        for (struct cmsghdr *k = CMSG_FIRSTHDR(h); k; k = CMSG_NXTHDR(h, k)) {
                if (k->cmsg_level != SOL_SOCKET || k->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t n = (k->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                n = MIN(n, IPC_FDS_MAX - m->n_fds);
                memcpy(m->fds + m->n_fds, CMSG_DATA(k), n * sizeof(int));
                m->n_fds += n;
        }
}

static void packet_done(Packet *p)
{
        for (size_t i = 0; i < p->message.n_fds; i++)
                fd_close_p(&p->message.fds[i]);
        p->message.n_fds = 0;
}

/* The length, or -errno. A length of 0 is the end, or an empty packet. */
static ssize_t packet_read(Packet *p, int fd)
{
        Control control;
        struct iovec iov = {p->bytes, sizeof(p->bytes)};
        struct msghdr h = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof(control.bytes)};
        ssize_t n;
        do
                n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        p->message = (IpcMessage){.n_fds = 0};
        if (n < 0)
                return -errno;
        take_fds(&h, &p->message);
        p->len = (size_t)n;
        p->cut = h.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
        return n;
}

static int break_illegal(IpcChannel *c, const Packet *p)
{
        IpcHeader header = {0};
        char detail[DETAIL_MAX];
        memcpy(&header, p->bytes, MIN(p->len, sizeof(header)));
        (void)snprintf(detail, sizeof(detail), "%zu bytes%s, %zu descriptors, type %u, length %u", p->len,
                       p->cut ? " or more" : "", p->message.n_fds, header.type, header.length);
        return channel_break(c, IPC_BREAK_ILLEGAL, detail);
}

/* What recvmsg says with 0 is the same for both; the socket itself knows. */
static bool has_hung_up(int fd)
{
        struct pollfd p = {.fd = fd, .events = POLLRDHUP};
        return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static int break_of_read(IpcChannel *c, const Packet *p, ssize_t n)
{
        if (n < 0 && n != -ECONNRESET)
                return channel_break(c, IPC_BREAK_ERROR, strerror((int)-n));
        if (n == 0 && (p->message.n_fds || !has_hung_up(c->fd)))
                return break_illegal(c, p);
        return channel_break(c, IPC_BREAK_CLOSED, n < 0 ? "it left messages unread" : "end of file");
}

/* *ret_more: the channel lives, and there may be more to read. */
static int channel_receive_one(IpcChannel *c, size_t *moved, bool *ret_more)
{
        CLEANUP(packet_done) Packet p;
        ssize_t n = packet_read(&p, c->fd);
        *ret_more = false;
        if (n == -EAGAIN)
                return 0;
        if (n <= 0)
                return break_of_read(c, &p, n);
        if (p.cut || !ipc_message_valid(span_from(p.bytes, p.len), p.message.n_fds, c->receives))
                return break_illegal(c, &p);

        bool ended = false;
        p.message.header = (const IpcHeader *)(const void *)p.bytes;
        p.message.text = ipc_message_text(p.message.header);
        *moved += p.len;
        c->received++;
        c->ended = &ended;
        int r = c->ops->received(c, &p.message);
        if (ended)
                return r;
        c->ended = NULL;
        *ret_more = r == 0 && !c->broken;
        return r;
}

static int channel_receive(IpcChannel *c)
{
        bool more = true;
        size_t moved = 0;
        int r = 0;
        for (int i = 0; more && i < LIMIT_LOOP_ITEMS && moved < LIMIT_LOOP_BYTES; i++)
                r = channel_receive_one(c, &moved, &more);
        return more ? LOOP_E_MORE : r;
}

static int channel_ready(LoopSource *source, uint32_t events)
{
        IpcChannel *c = CONTAINER_OF(source, IpcChannel, source);
        if ((events & EPOLLOUT) && !c->broken)
                channel_flush(c);
        if (c->broken) /* the last words of the other end, if any, are of no use: it is replaced */
                return tell_break(c);
        return channel_receive(c);
}

static const LoopSourceOps channel_ops = {.priority = LOOP_PRIORITY_IPC, .ready = channel_ready};

/* ---- life ------------------------------------------------------------------ */

int ipc_channel_init(IpcChannel *c, const IpcChannelArgs *args)
{
        *c = (IpcChannel){
                .fd = args->fd, .ops = args->ops, .receives = args->receives, .queue_max = args->queue_max};
        STAILQ_INIT(&c->queue);
        int r = fd_set_nonblock(args->fd, true);
        if (r == 0)
                r = timer_init(&c->stall, loop_timers(args->loop), &stall_ops);
        if (r == 0)
                r = loop_source_add(&c->source, args->loop, &channel_ops, args->fd, EPOLLIN);
        if (r < 0) {
                timer_done(&c->stall);
                *c = (IpcChannel){0};
        }
        return r;
}

void ipc_channel_done(IpcChannel *c)
{
        if (!c->ops)
                return;
        if (c->ended)
                *c->ended = true;
        channel_drop_queue(c);
        timer_done(&c->stall);
        loop_source_remove(&c->source);
        fd_close_p(&c->fd);
        *c = (IpcChannel){0};
}
