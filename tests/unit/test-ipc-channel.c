/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/channel.h"
#include "support/oom.h"

enum { QUEUE = 1000, FOREVER = 100000 };

/* One end with what happened to it; the other end is a bare socket. */
typedef struct End {
        IpcChannel channel;
        unsigned received, breaks;
        uint64_t last; /* serial of a ping or pong */
        IpcType type;
        char text[64];
        int kept;
        IpcBreak why;
        char detail[200];
        bool end_in_callback, keep_fd, reply;
        int result;
} End;

static FakeClock fake;
static Loop *loop;
static End end;
static int peer = -EBADF;

static int end_received(IpcChannel *c, IpcMessage *m)
{
        End *e = CONTAINER_OF(c, End, channel);
        e->received++;
        e->type = m->header->type;
        if (e->type == IPC_PING || e->type == IPC_PONG)
                e->last = ((const IpcPing *)m->header)->serial;
        (void)snprintf(e->text, sizeof(e->text), "%.*s", (int)m->text.len, m->text.len ? m->text.ptr : "");
        if (e->keep_fd)
                e->kept = TAKE_FD(m->fds[m->n_fds - 1]);
        if (e->reply)
                assert_int_equal(ipc_send(c, IPC_PING, &(IpcPing){.serial = e->last}, NULL, 0), 0);
        if (e->end_in_callback)
                ipc_channel_done(c);
        return e->result;
}

static int end_broken(IpcChannel *c, IpcBreak why, const char *detail)
{
        End *e = CONTAINER_OF(c, End, channel);
        e->breaks++;
        e->why = why;
        (void)snprintf(e->detail, sizeof(e->detail), "%s", detail);
        assert_int_equal(ipc_send(c, IPC_PING, &(IpcPing){0}, NULL, 0), 0); /* does nothing */
        if (e->end_in_callback)
                ipc_channel_done(c);
        return 0;
}

static const IpcChannelOps end_ops = {.received = end_received, .broken = end_broken};

static void open_end(IpcDirection receives, size_t queue_max)
{
        int fds[2];
        assert_int_equal(ipc_pair(fds), 0);
        assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
        assert_true(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
        end = (End){.kept = -EBADF};
        const IpcChannelArgs args = {
                .loop = loop, .ops = &end_ops, .fd = fds[0], .receives = receives, .queue_max = queue_max};
        assert_int_equal(ipc_channel_init(&end.channel, &args), 0);
        peer = fds[1];
}

static int setup(void **state UNUSED)
{
        fake_clock_init(&fake, NSEC_PER_SEC);
        if (loop_new(&fake.clock, &loop) < 0)
                return -1;
        open_end(IPC_TO_SUPERVISOR, QUEUE);
        return 0;
}

static int teardown(void **state UNUSED)
{
        ipc_channel_done(&end.channel);
        ipc_channel_done(&end.channel); /* again: nothing */
        fd_close_p(&peer);
        fd_close_p(&end.kept);
        loop = loop_free(loop);
        return 0;
}

static void turn(void)
{
        assert_int_equal(loop_run_once(loop, 0), 0);
}

static unsigned open_fds(void)
{
        unsigned n = 0;
        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static int raw_send(Span bytes, const int *fds, size_t n_fds)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(16 * sizeof(int))];
        } control = {0};
        struct iovec iov = {(void *)(uintptr_t)bytes.ptr, bytes.len};
        struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
        if (n_fds) {
                h.msg_control = &control;
                h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                struct cmsghdr *k = CMSG_FIRSTHDR(&h);
                *k = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS,
                                      .cmsg_len = CMSG_LEN(n_fds * sizeof(int))};
                memcpy(CMSG_DATA(k), fds, n_fds * sizeof(int));
        }
        return sendmsg(peer, &h, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int send_pong(uint64_t serial)
{
        IpcPing m = {{IPC_PONG, sizeof(m)}, serial};
        return raw_send(span_from((const char *)&m, sizeof(m)), NULL, 0);
}

/* The serial of the next ping that the peer reads, or -1. */
static int64_t peer_read(void)
{
        IpcPing m;
        ssize_t n = recv(peer, &m, sizeof(m), MSG_DONTWAIT);
        return n == sizeof(m) ? (int64_t)m.serial : -1;
}

/* Sends until messages wait in the queue; returns how many were sent, queued ones included. */
static uint64_t fill_up(size_t queued)
{
        uint64_t n = 0;
        while (end.channel.queued < queued) {
                assert_true(n < FOREVER);
                assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){.serial = n++}, NULL, 0), 0);
        }
        return n;
}

/* ---- the plain way --------------------------------------------------------- */

static void test_both_ways(void **state UNUSED)
{
        IpcInstanceFailed failed = {{IPC_INSTANCE_FAILED, sizeof(failed) + 3}, 1, 2, 3, 1, 0};
        char bytes[sizeof(failed) + 3];
        assert_int_equal(send_pong(7), 0);
        turn();
        assert_int_equal(end.received, 1);
        assert_int_equal(end.last, 7);
        memcpy(bytes, &failed, sizeof(failed));
        memcpy(bytes + sizeof(failed), "why", 3);
        assert_int_equal(raw_send(span_from(bytes, sizeof(bytes)), NULL, 0), 0);
        turn();
        assert_int_equal(end.type, IPC_INSTANCE_FAILED);
        assert_string_equal(end.text, "why");
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){.serial = 9}, NULL, 0), 0);
        assert_int_equal(peer_read(), 9);
        assert_int_equal(end.channel.sent, 1);
        assert_int_equal(end.channel.received, 2);
        assert_int_equal(end.channel.source.events, EPOLLIN);
        assert_int_equal(end.breaks, 0);
}

static void test_text_and_fds(void **state UNUSED)
{
        char bytes[512];
        IpcListener *m = (IpcListener *)(void *)bytes, out = {.index = 4, .kind = IPC_LISTENER_UNIX};
        int fds[2] = {STDIN_FILENO, STDOUT_FILENO};
        assert_int_equal(ipc_send_text(&end.channel, IPC_LISTENER_UP, &out, SPAN("unix:/x"), fds, 2), 0);
        assert_int_equal(recv(peer, bytes, sizeof(bytes), 0), sizeof(out) + 7);
        assert_int_equal(m->header.length, sizeof(out) + 7);
        assert_int_equal(m->index, 4);
        assert_memory_equal(bytes + sizeof(out), "unix:/x", 7);
}

/* The channel closes what its owner does not take. */
static void test_descriptors(void **state UNUSED)
{
        teardown(NULL);
        assert_int_equal(loop_new(&fake.clock, &loop), 0);
        open_end(IPC_TO_GATEWAY, QUEUE);
        IpcInstanceUp up = {.header = {IPC_INSTANCE_UP, sizeof(up)}};
        int fds[3] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
        unsigned before = open_fds();
        for (int i = 0; i < 3; i++) {
                assert_int_equal(raw_send(span_from((const char *)&up, sizeof(up)), fds, 3), 0);
                turn();
                assert_int_equal(open_fds(), before);
        }
        end.keep_fd = true;
        assert_int_equal(raw_send(span_from((const char *)&up, sizeof(up)), fds, 3), 0);
        turn();
        assert_int_equal(open_fds(), before + 1);
        assert_int_equal(fcntl(end.kept, F_GETFD), FD_CLOEXEC);
        assert_int_equal(end.received, 4);
        assert_int_equal(end.breaks, 0);
        end.keep_fd = false;
        end.end_in_callback = true;
        assert_int_equal(raw_send(span_from((const char *)&up, sizeof(up)), fds, 3), 0);
        turn();
        assert_int_equal(open_fds(), before); /* the end's own descriptor went, the kept one is there */
}

static void test_callback_result(void **state UNUSED)
{
        end.result = -EXDEV;
        assert_int_equal(send_pong(1), 0);
        assert_int_equal(send_pong(2), 0);
        assert_int_equal(loop_run_once(loop, 0), -EXDEV);
        assert_int_equal(end.received, 1);
}

static void test_quantum(void **state UNUSED)
{
        unsigned n = 0;
        while (send_pong(n) == 0)
                n++;
        assert_true(n > 10);
        turn();
        assert_true(end.received <= LIMIT_LOOP_ITEMS);
        while (end.received < n) {
                unsigned before = end.received;
                assert_int_equal(loop_run_once(loop, NSEC_PER_SEC), 0);
                assert_true(end.received > before);
        }
        turn();
        assert_int_equal(end.received, n);
}

/* ---- the queue ------------------------------------------------------------- */

static void test_queue(void **state UNUSED)
{
        uint64_t n = fill_up(20);
        assert_int_equal(end.channel.source.events, EPOLLIN | EPOLLOUT);
        assert_true(timer_is_armed(&end.channel.stall));
        for (uint64_t next = 0; next < n;) {
                int64_t got = peer_read();
                if (got < 0)
                        turn();
                else
                        assert_int_equal(got, next++);
        }
        assert_int_equal(peer_read(), -1);
        turn();
        assert_int_equal(end.channel.queued, 0);
        assert_int_equal(end.channel.sent, n);
        assert_int_equal(end.channel.source.events, EPOLLIN);
        assert_false(timer_is_armed(&end.channel.stall));
        assert_int_equal(end.breaks, 0);
}

static void test_queue_keeps_descriptors(void **state UNUSED)
{
        unsigned before = open_fds();
        uint64_t n = fill_up(1);
        CLEANUP_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int fds[3] = {fd, fd, fd};
        assert_int_equal(ipc_send(&end.channel, IPC_INSTANCE_UP, &(IpcInstanceUp){.row = 5}, fds, 3), 0);
        fd_close_p(&fd);
        assert_int_equal(open_fds(), before + 3); /* copies of our own */
        for (uint64_t i = 0; i < n;)
                if (peer_read() < 0)
                        turn();
                else
                        i++;
        turn();
        assert_int_equal(end.channel.queued, 0);
        assert_int_equal(open_fds(), before);
        IpcInstanceUp up;
        assert_int_equal(recv(peer, &up, sizeof(up), MSG_DONTWAIT), sizeof(up));
        assert_int_equal(up.row, 5);
}

static void test_full(void **state UNUSED)
{
        (void)fill_up(QUEUE);
        turn();
        assert_int_equal(end.breaks, 0);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        assert_int_equal(end.breaks, 0); /* not in the middle of the caller's work */
        assert_true(end.channel.broken);
        assert_int_equal(send_pong(1), 0);
        turn();
        turn();
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_FULL);
        assert_int_equal(end.received, 0);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        assert_int_equal(end.channel.queued, 0);
}

static void test_silent(void **state UNUSED)
{
        (void)fill_up(3);
        fake.at += (LIMIT_IPC_STALL * NSEC_PER_SEC) - 1;
        turn();
        assert_int_equal(end.breaks, 0);
        fake.at++;
        end.end_in_callback = true;
        turn();
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_SILENT);
}

/* Each message that leaves counts as a sign of life. */
static void test_slow_is_not_silent(void **state UNUSED)
{
        (void)fill_up(900);
        size_t queued = end.channel.queued;
        for (int i = 0; i < 20; i++) {
                fake.at += LIMIT_IPC_STALL * NSEC_PER_SEC / 2;
                for (int k = 0; k < 40; k++)
                        (void)peer_read();
                turn();
        }
        assert_true(end.channel.queued < queued);
        assert_int_equal(end.breaks, 0);
}

/* ---- the other end goes ---------------------------------------------------- */

static void test_closed(void **state UNUSED)
{
        assert_int_equal(send_pong(1), 0);
        fd_close_p(&peer);
        turn(); /* what it had said counts */
        turn();
        assert_int_equal(end.received, 1);
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_CLOSED);
        assert_string_equal(end.detail, "end of file");
        turn();
        assert_int_equal(end.breaks, 1);
}

static void test_closed_with_unread(void **state UNUSED)
{
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        fd_close_p(&peer);
        turn();
        assert_int_equal(end.why, IPC_BREAK_CLOSED);
        assert_int_equal(end.breaks, 1);
}

static void test_send_to_closed(void **state UNUSED)
{
        fd_close_p(&peer);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        assert_int_equal(end.breaks, 0);
        turn();
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_CLOSED);
}

/* It stops reading for ever, without closing. */
static void test_deaf(void **state UNUSED)
{
        assert_int_equal(shutdown(peer, SHUT_RD), 0);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        turn();
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_CLOSED);
}

static void test_deaf_with_queue(void **state UNUSED)
{
        (void)fill_up(5);
        fd_close_p(&peer);
        turn();
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_CLOSED);
        assert_int_equal(end.channel.queued, 0);
}

static void test_half_closed(void **state UNUSED)
{
        assert_int_equal(shutdown(peer, SHUT_WR), 0);
        turn();
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_CLOSED);
}

/* A break that a send finds inside the callback is told later, once. */
static void test_break_inside_received(void **state UNUSED)
{
        end.reply = true;
        (void)fill_up(QUEUE);
        assert_int_equal(send_pong(1), 0);
        assert_int_equal(send_pong(2), 0);
        turn();
        turn();
        assert_int_equal(end.received, 1);
        assert_int_equal(end.breaks, 1);
        assert_int_equal(end.why, IPC_BREAK_FULL);
}

/* ---- what is no message ---------------------------------------------------- */

typedef struct BadRow {
        const char *what;
        uint32_t type, length;
        size_t size, n_fds;
} BadRow;

static const BadRow bad_rows[] = {
        {"empty", 0, 0, 0, 0},
        {"empty with a descriptor", 0, 0, 0, 1},
        {"one byte", IPC_PONG, 1, 1, 0},
        {"half a header", IPC_PONG, 4, 4, 0},
        {"only a header", IPC_PONG, 8, 8, 0},
        {"a wrong length", IPC_PONG, 17, 16, 0},
        {"a byte too much", IPC_PONG, 17, 17, 0},
        {"no type", 0, 16, 16, 0},
        {"an unknown type", 4711, 16, 16, 0},
        {"the other direction", IPC_PING, 16, 16, 0},
        {"a descriptor", IPC_PONG, 16, 16, 1},
        {"four descriptors", IPC_PONG, 16, 16, 4},
        {"five descriptors", IPC_PONG, 16, 16, 5},
        {"sixteen descriptors", IPC_PONG, 16, 16, 16},
        {"the longest text and more", IPC_REFUSED, 16 + 1025, 16 + 1025, 0},
        {"longer than anything", IPC_REFUSED, 60000, 60000, 0},
        {"longer than anything, with descriptors", IPC_REFUSED, 60000, 60000, 16},
};

static void test_illegal(void **state UNUSED)
{
        CLEANUP_FREE char *bytes = malloc(60000);
        int fds[16] = {0};
        for (size_t i = 0; i < ARRAY_SIZE(bad_rows); i++) {
                const BadRow *row = &bad_rows[i];
                IpcHeader header = {row->type, row->length};
                teardown(NULL);
                assert_int_equal(setup(NULL), 0);
                unsigned before = open_fds();
                memset(bytes, 'x', 60000);
                memcpy(bytes, &header, sizeof(header));
                assert_int_equal(send_pong(1), 0);
                assert_row(raw_send(span_from(bytes, row->size), fds, row->n_fds) == 0, "%s", row->what);
                (void)send_pong(2);
                turn();
                turn();
                assert_row(end.breaks == 1 && end.why == IPC_BREAK_ILLEGAL, "%s: %d times, %s", row->what,
                           end.breaks, ipc_break_text(end.why));
                assert_row(end.received == 1, "%s", row->what);
                assert_row(open_fds() == before, "%s: descriptors", row->what);
        }
}

static void test_random_bytes_of_peer(void **state UNUSED)
{
        SeededRandom r;
        test_random_init(&r);
        unsigned before = open_fds();
        for (int i = 0; i < 500; i++) {
                char bytes[300];
                int fds[6] = {0};
                size_t n = random_below(&r.random, sizeof(bytes));
                teardown(NULL);
                assert_int_equal(setup(NULL), 0);
                test_random_bytes(&r.random, bytes, sizeof(bytes));
                if (i % 2) {
                        IpcHeader header = {(uint32_t)random_below(&r.random, _IPC_TYPE_MAX + 1),
                                            (uint32_t)n};
                        memcpy(bytes, &header, sizeof(header));
                }
                assert_int_equal(raw_send(span_from(bytes, n), fds, random_below(&r.random, 7)), 0);
                turn();
                turn();
                assert_int_equal(end.received + end.breaks, 1);
                assert_int_equal(open_fds(), before);
        }
}

static void test_break_texts(void **state UNUSED)
{
        for (IpcBreak why = 0; why < _IPC_BREAK_MAX; why++)
                assert_true(strlen(ipc_break_text(why)) > 10);
}

/* ---- want of memory and descriptors ---------------------------------------- */

static void test_queue_oom(void **state UNUSED)
{
        (void)fill_up(1);
        oom_arm(1);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), -ENOMEM);
        assert_true(oom_disarm());
        assert_int_equal(end.channel.queued, 1);
        assert_int_equal(ipc_send(&end.channel, IPC_PING, &(IpcPing){0}, NULL, 0), 0);
        assert_int_equal(end.channel.queued, 2);
        assert_false(end.channel.broken);
}

static void test_queue_without_descriptors(void **state UNUSED)
{
        struct rlimit old, low;
        int fds[3] = {STDIN_FILENO, STDIN_FILENO, STDIN_FILENO}, highest = dup(STDIN_FILENO);
        (void)fill_up(1);
        unsigned before = open_fds();
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        low = (struct rlimit){(rlim_t)highest + 2, old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        int r = ipc_send(&end.channel, IPC_INSTANCE_UP, &(IpcInstanceUp){.row = 5}, fds, 3);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(r, -EMFILE);
        assert_int_equal(end.channel.queued, 1);
        assert_int_equal(open_fds(), before);
        (void)close(highest);
}

static int open_once(void *arg UNUSED)
{
        IpcChannel c;
        Loop *l = NULL;
        int fds[2];
        oom_hold();
        assert_int_equal(loop_new(&fake.clock, &l), 0);
        assert_int_equal(ipc_pair(fds), 0);
        oom_release();
        const IpcChannelArgs args = {.loop = l, .ops = &end_ops, .fd = fds[0], .queue_max = 1};
        int r = ipc_channel_init(&c, &args);
        if (r < 0)
                fd_close_p(&fds[0]);
        ipc_channel_done(&c);
        fd_close_p(&fds[1]);
        loop_free(l);
        return r;
}

static void test_init_oom(void **state UNUSED)
{
        assert_true(oom_each(open_once, NULL) > 0);
}

static void test_init_fails(void **state UNUSED)
{
        IpcChannel c;
        CLEANUP_FD int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        IpcChannelArgs args = {.loop = loop, .ops = &end_ops, .fd = file, .queue_max = 1};
        assert_int_equal(ipc_channel_init(&c, &args), -EPERM); /* a file is never ready */
        assert_int_not_equal(fcntl(file, F_GETFD), -1);
        args.fd = -1;
        assert_int_equal(ipc_channel_init(&c, &args), -EBADF);
        ipc_channel_done(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_both_ways),
                TEST(test_text_and_fds),
                TEST(test_descriptors),
                TEST(test_callback_result),
                TEST(test_quantum),
                TEST(test_queue),
                TEST(test_queue_keeps_descriptors),
                TEST(test_full),
                TEST(test_silent),
                TEST(test_slow_is_not_silent),
                TEST(test_closed),
                TEST(test_closed_with_unread),
                TEST(test_send_to_closed),
                TEST(test_deaf),
                TEST(test_deaf_with_queue),
                TEST(test_half_closed),
                TEST(test_break_inside_received),
                TEST(test_illegal),
                TEST(test_random_bytes_of_peer),
                TEST(test_break_texts),
                TEST(test_queue_oom),
                TEST(test_queue_without_descriptors),
                TEST(test_init_oom),
                TEST(test_init_fails),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
