/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/bind-address.h"
#include "supervisor/listener-bind.h"

static int setup(void **state)
{
        (void)alarm(60);
        return test_dir_setup(state);
}

static bool have_ipv6(void)
{
        BindAddress a;
        socklen_t size;
        CLEANUP_FD int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return bind_address_parse(SPAN("[::1]:0"), &a, &size) == 0 && fd >= 0 && bind(fd, &a.any, size) == 0;
}

/* A listener of somebody else; *port 0 takes any. */
static int occupy(const char *host, unsigned *port)
{
        char text[64];
        BindAddress a;
        socklen_t size;
        const int on = 1;
        (void)snprintf(text, sizeof(text), "%s:%u", host, *port);
        assert_int_equal(bind_address_parse(span_of(text), &a, &size), 0);
        int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        if (a.any.sa_family == AF_INET6)
                assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
        assert_int_equal(bind(fd, &a.any, size), 0);
        assert_int_equal(listen(fd, 1), 0);
        assert_int_equal(getsockname(fd, &a.any, &size), 0);
        *port = bind_address_port(&a);
        return fd;
}

static int connect_to(const char *address)
{
        BindAddress a;
        socklen_t size;
        assert_int_equal(bind_address_parse(span_of(address), &a, &size), 0);
        CLEANUP_FD int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return connect(fd, &a.any, size) < 0 ? -errno : 0;
}

static unsigned mode_of(const char *path)
{
        struct stat st;
        return lstat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

typedef struct Try {
        ListenerSet set;
        Buf why, notes;
        int result;
} Try;

static void try_done(Try *t)
{
        listener_set_done(&t->set);
        buf_done(&t->why);
        buf_done(&t->notes);
}

static void try_open(const ListenerArgs *args, ListenerSet *have, Try *ret)
{
        ListenerSet none = {0};
        *ret = (Try){.why = BUF_INIT(BUF_CAP_NONE), .notes = BUF_INIT(BUF_CAP_NONE)};
        ret->result = listener_open(args, have ? have : &none, &ret->set, &ret->why, &ret->notes);
        assert_row(ret->result != 0 || ret->why.len == 0, "%s", buf_text(&ret->why));
}

static void expect_refused(const char *yaml, const char *want)
{
        CLEANUP(config_unref_p) Config *c = config_of(yaml);
        CLEANUP(try_done) Try t;
        try_open(&(const ListenerArgs){.config = c}, NULL, &t);
        assert_row(t.result == LISTENER_E_REFUSED && strstr(buf_text(&t.why), want), "%s: %s", yaml,
                   buf_text(&t.why));
        assert_int_equal(t.set.n, 0);
}

static void test_addresses(void **state UNUSED)
{
        static const struct {
                const char *text, *back;
                int error;
        } rows[] = {
                {"127.0.0.1:7780", "127.0.0.1:7780", 0},
                {"0.0.0.0:0", "0.0.0.0:0", 0},
                {"[::1]:65535", "[::1]:65535", 0},
                {"[0:0::1]:1", "[::1]:1", 0},
                {"unix:/run/x.sock", "unix:/run/x.sock", 0},
                {"", NULL, -EINVAL},
                {"127.0.0.1", NULL, -EINVAL},
                {"127.0.0.1:", NULL, -EINVAL},
                {"127.0.0.1:65536", NULL, -EINVAL},
                {"example.com:80", NULL, -EINVAL},
                {"::1:80", NULL, -EINVAL},
                {"[::1]", NULL, -EINVAL},
                {"[::1]80", NULL, -EINVAL},
                {"[::1", NULL, -EINVAL},
                {"[fe80::1%lo]:80", NULL, -EINVAL},
                {"1111111111111111111111111111111111111111111111111111:1", NULL, -EINVAL},
                {"unix:relative", NULL, -EINVAL},
                {"unix:", NULL, -EINVAL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                BindAddress a;
                socklen_t size;
                int r = bind_address_parse(span_of(rows[i].text), &a, &size);
                assert_row(r == rows[i].error, "%s: %d", rows[i].text, r);
                if (r == 0) {
                        assert_int_equal(bind_address_format(&a, size - (a.any.sa_family == AF_UNIX), &b), 0);
                        assert_string_equal(buf_text(&b), rows[i].back);
                }
        }
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        BindAddress odd = {.storage = {.ss_family = AF_PACKET}};
        assert_int_equal(bind_address_format(&odd, sizeof(odd), &b), -EAFNOSUPPORT);
}

static void test_opens(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = config_of("listen: [\"127.0.0.1:0\"]\nlisten_unix: never\n");
        CLEANUP(try_done) Try t;
        try_open(&(const ListenerArgs){.config = c, .http_sock = "/nowhere/http.sock"}, NULL, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, 1);
        const Listener *l = &t.set.items[0];
        assert_int_equal(l->kind, IPC_LISTENER_TCP);
        assert_true(fcntl(l->fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(l->fd, F_GETFD) & FD_CLOEXEC);
        assert_string_equal(l->wanted, "127.0.0.1:0");
        assert_true(strncmp(l->address, "127.0.0.1:", 10) == 0 && strcmp(l->address, l->wanted) != 0);
        assert_int_equal(connect_to(l->address), 0);
        int on = 0;
        socklen_t size = sizeof(on);
        assert_int_equal(getsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, &size), 0);
        assert_true(on);

        Try again; /* what is open stays open, also with a port of the kernel's choice */
        int fd = l->fd;
        try_open(&(const ListenerArgs){.config = c}, &t.set, &again);
        assert_int_equal(again.result, 0);
        assert_int_equal(again.set.n, 1);
        assert_int_equal(again.set.items[0].fd, fd);
        listener_set_done(&t.set); /* has nothing of it any more */
        assert_int_equal(connect_to(again.set.items[0].address), 0);
        try_done(&again);
}

static void test_localhost_and_ipv6(void **state UNUSED)
{
        if (!have_ipv6())
                skip();
        CLEANUP(config_unref_p) Config *c = config_of("listen: [\"localhost:0\", \"127.0.0.1:0\"]\n");
        CLEANUP(try_done) Try t;
        try_open(&(const ListenerArgs){.config = c}, NULL, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, 2);
        assert_int_equal(strncmp(t.set.items[0].address, "127.0.0.1:", 10), 0);
        assert_int_equal(strncmp(t.set.items[1].address, "[::1]:", 6), 0);
        /* All of IPv4 and all of IPv6 go side by side. */
        CLEANUP(try_done) Try both;
        unsigned port = 0;
        int fd = occupy("0.0.0.0", &port);
        char yaml[100];
        (void)snprintf(yaml, sizeof(yaml), "auth: {allow_insecure: true}\nlisten: [\"[::]:%u\"]\n", port);
        CLEANUP(config_unref_p) Config *six = config_of(yaml);
        try_open(&(const ListenerArgs){.config = six}, NULL, &both);
        assert_int_equal(both.result, 0);
        fd_close_p(&fd);
}

static void test_busy(void **state UNUSED)
{
        unsigned port = 0;
        char yaml[100], want[100];
        CLEANUP_FD UNUSED int other = occupy("127.0.0.1", &port);
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"127.0.0.1:0\", \"127.0.0.1:%u\"]\n", port);
        (void)snprintf(want, sizeof(want), "127.0.0.1:%u is in use already: `ss -ltnp 'sport = :%u'`", port,
                       port);
        expect_refused(yaml, want);

        /* What was open before is as it was. */
        CLEANUP(config_unref_p)
        Config *good = config_of("listen: [\"127.0.0.1:0\"]\n"), *bad = config_of(yaml);
        CLEANUP(try_done) Try t, failed;
        try_open(&(const ListenerArgs){.config = good}, NULL, &t);
        assert_int_equal(t.result, 0);
        try_open(&(const ListenerArgs){.config = bad}, &t.set, &failed);
        assert_int_equal(failed.result, LISTENER_E_REFUSED);
        assert_int_equal(t.set.n, 1);
        assert_int_equal(connect_to(t.set.items[0].address), 0);

        /* Any port rather than none, and it stays the same one afterwards. */
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"127.0.0.1:%u\"]\n", port);
        CLEANUP(config_unref_p) Config *one = config_of(yaml);
        CLEANUP(try_done) Try any, kept;
        try_open(&(const ListenerArgs){.config = one, .any_port = true}, NULL, &any);
        assert_int_equal(any.result, 0);
        (void)snprintf(want, sizeof(want), "127.0.0.1:%u", port);
        assert_string_not_equal(any.set.items[0].address, want);
        assert_string_equal(any.set.items[0].wanted, want);
        int fd = any.set.items[0].fd;
        try_open(&(const ListenerArgs){.config = one, .any_port = true}, &any.set, &kept);
        assert_int_equal(kept.result, 0);
        assert_int_equal(kept.set.items[0].fd, fd);
}

static void test_any_port_is_one(void **state UNUSED)
{
        if (!have_ipv6())
                skip();
        unsigned port = 0;
        char yaml[100];
        CLEANUP_FD UNUSED int four = occupy("127.0.0.1", &port);
        CLEANUP_FD UNUSED int six = occupy("[::1]", &port);
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"127.0.0.1:%u\", \"[::1]:%u\"]\n", port, port);
        CLEANUP(config_unref_p) Config *c = config_of(yaml);
        CLEANUP(try_done) Try t;
        try_open(&(const ListenerArgs){.config = c, .any_port = true}, NULL, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, 2);
        assert_string_equal(strrchr(t.set.items[0].address, ':'), strrchr(t.set.items[1].address, ':'));
}

/* Port 0 and the port that it became are two addresses: one socket is not both. */
static void test_port_0_and_its_port(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *any = config_of("listen: [\"127.0.0.1:0\"]\nlisten_unix: never\n");
        CLEANUP(try_done) Try before, after;
        char yaml[120];
        try_open(&(const ListenerArgs){.config = any}, NULL, &before);
        assert_int_equal(before.result, 0);
        assert_int_equal(before.set.n, 1);
        int fd = before.set.items[0].fd;
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"127.0.0.1:0\", \"%s\"]\nlisten_unix: never\n",
                       before.set.items[0].address);
        CLEANUP(config_unref_p) Config *both = config_of(yaml);
        try_open(&(const ListenerArgs){.config = both}, &before.set, &after);
        assert_int_equal(after.result, 0);
        assert_int_equal(after.set.n, 2);
        assert_int_equal(after.set.items[1].fd, fd);
        assert_string_not_equal(after.set.items[0].address, after.set.items[1].address);
}

static void test_refused(void **state)
{
        char yaml[300];
        expect_refused("listen: [\"192.0.2.77:0\"]\n", "no such address");
        if (!have_ipv6())
                expect_refused("listen: [\"[::1]:0\"]\n", "[::1]");
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"unix:%s/missing/x\"]\n", (const char *)*state);
        expect_refused(yaml, "does not exist");
        (void)snprintf(yaml, sizeof(yaml), "listen: [{address: \"unix:%s/x\", group: no-such-group}]\n",
                       (const char *)*state);
        expect_refused(yaml, "no group no-such-group");
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Listener l = {.fd = -7};
        char longer[200] = "unix:/";
        memset(longer + 6, 'x', 120);
        assert_int_equal(listener_bind(&(const BindWish){.address = longer}, &l, &why), BIND_E_REFUSED);
        assert_non_null(strstr(buf_text(&why), "107 bytes"));
        buf_clear(&why);
        assert_int_equal(listener_bind(&(const BindWish){.address = "name:80"}, &l, &why), BIND_E_REFUSED);
        assert_int_equal(l.fd, -7);
}

/* In a namespace without any interface that is up. */
static void no_ipv6(void)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Listener l;
        BindWish w = {.address = "[2001:db8::1]:7780", .fallback = true};
        if (listener_bind(&w, &l, &why) != BIND_E_NO_IPV6 || !strstr(buf_text(&why), "skipped"))
                _exit(1);
        w.fallback = false;
        if (listener_bind(&w, &l, &why) != BIND_E_REFUSED)
                _exit(2);
        w = (BindWish){.address = "192.0.2.1:7780", .fallback = true};
        if (listener_bind(&w, &l, &why) != BIND_E_REFUSED)
                _exit(3);
        buf_done(&why);
        _exit(0);
}

static void test_no_ipv6(void **state UNUSED)
{
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                no_ipv6();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_unix(void **state)
{
        char yaml[300], path[200], http[200], address[210];
        (void)snprintf(path, sizeof(path), "%s/x.sock", (const char *)*state);
        (void)snprintf(http, sizeof(http), "%s/http.sock", (const char *)*state);
        (void)snprintf(address, sizeof(address), "unix:%s", path);
        (void)snprintf(yaml, sizeof(yaml), "listen: [{address: \"%s\", mode: \"0666\", group: \"%u\"}]\n",
                       address, getegid());
        CLEANUP(config_unref_p) Config *c = config_of(yaml);
        ListenerArgs args = {.config = c, .http_sock = http};
        CLEANUP(try_done) Try t, second, later;
        mode_t mask = umask(0077); /* does not matter, and stays */
        try_open(&args, NULL, &t);
        assert_int_equal(umask(mask), 0077);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, 2);
        assert_string_equal(t.set.items[0].address, address);
        assert_int_equal(t.set.items[0].kind, IPC_LISTENER_UNIX);
        assert_int_equal(mode_of(path), 0666);
        assert_int_equal(mode_of(http), 0600);
        assert_int_equal(connect_to(address), 0);

        try_open(&args, NULL, &second); /* somebody answers there */
        assert_int_equal(second.result, LISTENER_E_REFUSED);
        assert_non_null(strstr(buf_text(&second.why), "in use"));
        assert_int_equal(connect_to(address), 0);

        /* Another mode, and http.sock not any more. */
        (void)snprintf(yaml, sizeof(yaml),
                       "listen_unix: never\nlisten: [{address: \"%s\", mode: \"0660\"}]\n", address);
        CLEANUP(config_unref_p) Config *next = config_of(yaml);
        args.config = next;
        try_open(&args, &t.set, &later);
        assert_int_equal(later.result, 0);
        assert_string_equal(buf_text(&later.notes), "");
        assert_int_equal(later.set.n, 1);
        assert_int_equal(mode_of(path), 0660);
        listener_set_done(&t.set);
        assert_int_equal(mode_of(http), 0);
        assert_int_equal(connect_to(address), 0);
        listener_set_done(&later.set);
        assert_int_equal(mode_of(path), 0);
}

static void test_stale(void **state)
{
        char path[200], address[210];
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        Listener l;
        (void)snprintf(path, sizeof(path), "%s/x.sock", (const char *)*state);
        (void)snprintf(address, sizeof(address), "unix:%s", path);
        BindWish w = {.address = address, .mode = 0600};
        assert_int_equal(listener_bind(&w, &l, &why), 0);
        fd_close_p(&l.fd); /* as if it had been killed */
        Listener again;
        assert_int_equal(listener_bind(&w, &again, &why), 0);
        assert_int_equal(connect_to(address), 0);
        listener_done(&again);
        listener_done(&l);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        fd_close_p(&fd);
        assert_int_equal(listener_bind(&w, &l, &why), BIND_E_REFUSED);
        assert_non_null(strstr(buf_text(&why), "no socket"));
        assert_int_equal(mode_of(path), 0600); /* left alone */
}

/* As a user who is not a member of root's group and may not have every port. No cmocka in a child. */
static void as_nobody(const char *dir)
{
        enum { NOBODY = 65534 };
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        char address[210];
        Listener l;
        (void)snprintf(address, sizeof(address), "unix:%s/x.sock", dir);
        BindWish w = {.address = address, .mode = 0660, .group = "root"};
        if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
                _exit(1);
        if (listener_bind(&w, &l, &why) != BIND_E_REFUSED || !strstr(buf_text(&why), "be a member") ||
            access(address + strlen("unix:"), F_OK) == 0)
                _exit(2);
        buf_clear(&why);
        w = (BindWish){.address = "unix:/proc/x.sock", .mode = 0600};
        if (listener_bind(&w, &l, &why) != BIND_E_REFUSED)
                _exit(3);
        w.address = "unix:/etc/x.sock";
        buf_clear(&why);
        if (listener_bind(&w, &l, &why) != BIND_E_REFUSED || !strstr(buf_text(&why), "may write to"))
                _exit(4);
        w.address = "127.0.0.1:1"; /* free for all in some containers */
        buf_clear(&why);
        int r = listener_bind(&w, &l, &why);
        if (r != 0 && (r != BIND_E_REFUSED || !strstr(buf_text(&why), "CAP_NET_BIND_SERVICE")))
                _exit(5);
        if (r == 0)
                listener_done(&l);
        buf_done(&why);
        _exit(0);
}

static void test_not_permitted(void **state)
{
        int status;
        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(*state, 0777), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                as_nobody(*state);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* What nobody wrote down may be skipped; what somebody did may not. */
/* One more address, which can become an ordinary one and back without being closed. */
static void test_metrics(void **state)
{
        char yaml[400], path[200];
        (void)snprintf(path, sizeof(path), "%s/m.sock", (char *)*state);
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"127.0.0.1:0\"]\nmetrics: {listen: \"unix:%s\"}\n",
                       path);
        CLEANUP(config_unref_p) Config *apart = config_of(yaml);
        (void)snprintf(yaml, sizeof(yaml), "listen: [\"unix:%s\"]\nmetrics: {listen: \"localhost:0\"}\n",
                       path);
        CLEANUP(config_unref_p) Config *turned = config_of(yaml);
        CLEANUP(try_done) Try t, again;
        try_open(&(const ListenerArgs){.config = apart, .any_port = true}, NULL, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, 2);
        assert_false(t.set.items[0].metrics);
        assert_true(t.set.items[1].metrics);
        assert_int_equal(t.set.items[1].kind, IPC_LISTENER_UNIX);
        assert_int_equal(mode_of(path), 0600);
        int fd = t.set.items[1].fd;
        try_open(&(const ListenerArgs){.config = turned}, &t.set, &again);
        assert_int_equal(again.result, 0);
        assert_int_equal(again.set.n, have_ipv6() ? 3 : 2);
        assert_int_equal(again.set.items[0].fd, fd);
        for (size_t i = 0; i < again.set.n; i++)
                assert_int_equal(again.set.items[i].metrics, i > 0);
}

static void test_default_is_known(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *silent = config_of("servers: {}\n");
        CLEANUP(config_unref_p) Config *same = config_of("listen: [\"127.0.0.1:7780\", \"[::1]:7780\"]\n");
        CLEANUP(try_done) Try t;
        assert_int_equal(silent->listen.n, 2);
        try_open(&(const ListenerArgs){.config = silent, .any_port = true}, NULL, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, have_ipv6() ? 2 : 1);
        assert_int_equal(t.notes.len > 0, !have_ipv6());
        assert_true(t.set.items[0].fallback);
        listener_set_done(&t.set);
        try_done(&t);
        if (!have_ipv6()) {
                t = (Try){.result = 0};
                return;
        }
        try_open(&(const ListenerArgs){.config = same, .any_port = true}, NULL, &t);
        assert_int_equal(t.result, 0);
        assert_false(t.set.items[0].fallback);
}

/* Copies to numbers in a row, as systemd passes them. */
static int in_a_row(const int *fds, int n)
{
        enum { FIRST = 200 };
        for (int i = 0; i < n; i++)
                assert_int_equal(dup2(fds[i], FIRST + i), FIRST + i);
        return FIRST;
}

static int unix_listener(const char *path)
{
        BindAddress a;
        socklen_t size;
        char address[210];
        (void)snprintf(address, sizeof(address), "unix:%s", path);
        assert_int_equal(bind_address_parse(span_of(address), &a, &size), 0);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, &a.any, size), 0);
        assert_int_equal(listen(fd, 1), 0);
        return fd;
}

static void test_inherited(void **state)
{
        unsigned port = 0, extra = 0;
        char path[200], http[200], yaml[100], pair[64];
        (void)snprintf(path, sizeof(path), "%s/systemd.sock", (const char *)*state);
        (void)snprintf(http, sizeof(http), "%s/http.sock", (const char *)*state);
        int fds[4] = {occupy("127.0.0.1", &port), socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                      unix_listener(path), occupy("127.0.0.1", &extra)};
        int first = in_a_row(fds, 4);
        for (int i = 0; i < 4; i++)
                fd_close_p(&fds[i]);
        ListenerSet have;
        assert_int_equal(listener_adopt(first, 4, SPAN("a::http"), &have), 0);
        assert_int_equal(have.n, 3); /* the datagram socket is none */
        assert_int_equal(fcntl(first + 1, F_GETFD), -1);
        for (size_t i = 0; i < have.n; i++) {
                assert_true(have.items[i].inherited);
                assert_true(fcntl(have.items[i].fd, F_GETFD) & FD_CLOEXEC);
                assert_true(fcntl(have.items[i].fd, F_GETFL) & O_NONBLOCK);
        }

        (void)snprintf(yaml, sizeof(yaml), "listen: [\"127.0.0.1:%u\", \"127.0.0.1:0\"]\n", port);
        CLEANUP(config_unref_p) Config *c = config_of(yaml);
        CLEANUP(try_done) Try t;
        try_open(&(const ListenerArgs){.config = c, .http_sock = http}, &have, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.set.n, 4);
        assert_int_equal(t.set.items[0].fd, first); /* by address */
        assert_false(t.set.items[1].inherited);
        assert_int_equal(t.set.items[2].fd, first + 2); /* by name */
        assert_int_equal(t.set.items[3].fd, first + 3); /* one more */
        (void)snprintf(pair, sizeof(pair), "127.0.0.1:%u", extra);
        assert_string_equal(t.set.items[3].address, pair);
        assert_int_equal(mode_of(http), 0);
        listener_set_done(&have);
        listener_set_done(&t.set);
        assert_true(mode_of(path) != 0); /* systemd's, not ours to remove */
}

enum { WORLD = 5 };
static char *world[WORLD + 1];

static void test_environment(void **state UNUSED)
{
        static const struct {
                const char *fds;
                bool me;
        } rows[] = {{"1", false}, {"x", true}, {"0", true}};
        char pid[32], fds[32], names[] = "LISTEN_FDNAMES=a", fdid[] = "LISTEN_PIDFDID=3", other[] = "OTHER=1";
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ListenerSet set;
                (void)snprintf(pid, sizeof(pid), "LISTEN_PID=%d", rows[i].me ? getpid() : 1);
                (void)snprintf(fds, sizeof(fds), "LISTEN_FDS=%s", rows[i].fds);
                char *now[] = {pid, fds, names, fdid, other};
                memcpy(world, now, sizeof(now));
                environ = world;
                assert_int_equal(listener_inherit(&set), 0);
                assert_int_equal(set.n, 0);
                assert_ptr_equal(world[0], other);
                assert_null(world[1]);
                listener_set_done(&set);
        }
}

/* As a service is started: its own pid, descriptor 3, and variables that nobody sees afterwards. */
static void test_as_a_service(void **state UNUSED)
{
        unsigned port = 0;
        int status, fd = occupy("127.0.0.1", &port);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char me[32], fds[] = "LISTEN_FDS=1";
                ListenerSet set;
                (void)snprintf(me, sizeof(me), "LISTEN_PID=%d", getpid());
                char *now[] = {me, fds, NULL};
                memcpy(world, now, sizeof(now));
                environ = world;
                if (dup2(fd, 3) != 3 || listener_inherit(&set) != 0 || set.n != 1 || set.items[0].fd != 3)
                        _exit(1);
                if (world[0] || listener_inherit(&set) != 0 || set.n != 0) /* once */
                        _exit(2);
                _exit(0);
        }
        fd_close_p(&fd);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static char oom_path[200];
static Config *oom_config;

static int open_once(void *arg UNUSED)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE), notes = BUF_INIT(BUF_CAP_NONE);
        ListenerSet none = {0}, set;
        int r = listener_open(&(const ListenerArgs){.config = oom_config, .http_sock = oom_path}, &none, &set,
                              &why, &notes);
        if (r == 0)
                listener_set_done(&set);
        assert_int_equal(mode_of(oom_path), 0);
        return r;
}

static int adopt_once(void *arg UNUSED)
{
        unsigned port = 0;
        ListenerSet set;
        int fd = occupy("127.0.0.1", &port), first = in_a_row(&fd, 1);
        fd_close_p(&fd);
        int r = listener_adopt(first, 1, SPAN("name"), &set);
        if (r == 0)
                listener_set_done(&set);
        assert_int_equal(fcntl(first, F_GETFD), -1);
        return r;
}

static void test_no_memory(void **state)
{
        (void)snprintf(oom_path, sizeof(oom_path), "%s/http.sock", (const char *)*state);
        oom_config = config_of("listen: [\"localhost:0\"]\n");
        assert_true(oom_each(open_once, NULL) >= 5);
        oom_config = config_unref(oom_config);
        assert_true(oom_each(adopt_once, NULL) >= 2);
}

#define LISTENER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, test_dir_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                LISTENER_TEST(test_addresses),
                LISTENER_TEST(test_opens),
                LISTENER_TEST(test_localhost_and_ipv6),
                LISTENER_TEST(test_busy),
                LISTENER_TEST(test_any_port_is_one),
                LISTENER_TEST(test_port_0_and_its_port),
                LISTENER_TEST(test_refused),
                LISTENER_TEST(test_no_ipv6),
                LISTENER_TEST(test_unix),
                LISTENER_TEST(test_stale),
                LISTENER_TEST(test_inherited),
                LISTENER_TEST(test_environment),
                LISTENER_TEST(test_as_a_service),
                LISTENER_TEST(test_no_memory),
                LISTENER_TEST(test_not_permitted),
                LISTENER_TEST(test_default_is_known),
                LISTENER_TEST(test_metrics),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
