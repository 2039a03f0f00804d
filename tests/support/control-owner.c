/* SPDX-License-Identifier: Apache-2.0 */
#include "support/control-owner.h"

#include <sys/socket.h>
#include <sys/un.h>

static Owner *owner_of(ControlServer *s)
{
        return CONTAINER_OF(s, Owner, server);
}

static bool owner_admits(ControlServer *s, pid_t pid, int pidfd)
{
        Owner *o = owner_of(s);
        o->peer = pid;
        o->had_pidfd = pidfd >= 0;
        o->admitted += !o->refuses;
        return !o->refuses;
}

static void owner_request(ControlServer *s, ControlConn *c, const ControlRequest *r)
{
        Owner *o = owner_of(s);
        size_t n = (size_t)snprintf(o->last, sizeof(o->last), "%s", control_table[r->command].word);
        for (size_t i = 0; i < r->n_names && n < sizeof(o->last); i++)
                n += (size_t)snprintf(o->last + n, sizeof(o->last) - n, " %s", r->names[i]);
        o->requests++;
        o->conn = c;
        assert_null(control_conn_data(c));
        control_conn_set_data(c, o);
        if (o->closes)
                control_conn_close(c);
        else if (!o->leaves_open)
                control_finish_ok(c);
}

static void owner_gone(ControlServer *s, ControlConn *c)
{
        Owner *o = owner_of(s);
        o->gone++;
        if (c == o->conn)
                o->conn = NULL;
}

static void owner_drained(ControlServer *s, ControlConn *c)
{
        Owner *o = owner_of(s);
        assert_ptr_equal(c, o->conn);
        assert_false(control_is_full(c));
        o->drained++;
        if (o->on_drained)
                o->on_drained(o);
}

const ControlServerOps owner_ops = {
        .admits = owner_admits, .request = owner_request, .gone = owner_gone, .drained = owner_drained};

static char directory[100]; /* where the socket `s` is */

static struct sockaddr_un address_of_socket(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
        return address;
}

int owner_setup(void **state)
{
        static Owner owner;
        void *dir;
        if (test_dir_setup(&dir) < 0)
                return -1;
        snprintf(directory, sizeof(directory), "%s", (char *)dir);
        free(dir);
        owner = (Owner){0};
        fake_clock_init(&owner.hands, NSEC_PER_SEC);
        struct sockaddr_un address = address_of_socket();
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 128) < 0 ||
            loop_new(&owner.hands.clock, &owner.loop) < 0 ||
            control_server_init(&owner.server, owner.loop, &owner_ops, fd) < 0)
                return -1;
        *state = &owner;
        return 0;
}

int owner_teardown(void **state)
{
        Owner *o = *state;
        control_server_done(&o->server);
        loop_free(o->loop);
        void *dir = strdup(directory);
        return test_dir_teardown(&dir);
}

int owner_dial(void)
{
        struct sockaddr_un address = address_of_socket();
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

void owner_turns(Owner *o, unsigned n)
{
        while (n--)
                assert_int_equal(loop_run_once(o->loop, 0), 0);
}

void peer_put(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void peer_expect(int fd, const char *want)
{
        char got[1024] = "";
        ssize_t n = read(fd, got, sizeof(got) - 1);
        assert_string_equal(n > 0 ? got : "", want);
}

void peer_expect_end(int fd)
{
        char byte;
        ssize_t n = read(fd, &byte, 1);
        assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

void peer_expect_silence(int fd)
{
        char byte;
        assert_int_equal(read(fd, &byte, 1), -1);
        assert_int_equal(errno, EAGAIN);
}

void owner_pass_time(Owner *o, unsigned seconds)
{
        o->hands.at += seconds * NSEC_PER_SEC;
        owner_turns(o, 2);
}

void owner_expect_rest(Owner *o)
{
        uint64_t before = loop_stats(o->loop)->dispatched;
        owner_turns(o, 3);
        assert_int_equal(loop_stats(o->loop)->dispatched, before);
}

static char kilo[1024];

Span owner_kilo(void)
{
        memset(kilo, '1', sizeof(kilo));
        return span_from(kilo, sizeof(kilo));
}
