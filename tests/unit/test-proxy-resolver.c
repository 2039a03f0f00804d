/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "proxy/resolver.h"

enum { MANY = 100, REAL_WAIT = 20000 };

typedef struct Asker {
        Lookup lookup;
        char name[32];
        unsigned done;
        ResolverResult result;
        size_t n;
        ProxyAddress first;
        struct Asker *next; /* asked from inside the callback */
} Asker;

static FakeClock fake;
static Loop *loop;
static Resolver resolver;
static int peer = -EBADF; /* where the process would be */
static Asker askers[MANY];

static int done(Lookup *l, ResolverResult result, const ProxyAddress *addresses, size_t n)
{
        Asker *a = CONTAINER_OF(l, Asker, lookup);
        a->done++;
        a->result = result;
        a->n = n;
        if (n)
                a->first = addresses[0];
        return a->next ? resolver_ask(&resolver, &a->next->lookup) : 0;
}

static const LookupOps ops = {.done = done};

static void prepare(size_t i, const void *owner)
{
        Asker *a = &askers[i];
        *a = (Asker){.lookup = {.ops = &ops, .owner = owner}};
        (void)snprintf(a->name, sizeof(a->name), "n%zu.test", i);
        a->lookup.name = a->name;
}

static void ask(size_t i, const void *owner)
{
        prepare(i, owner);
        assert_int_equal(resolver_ask(&resolver, &askers[i].lookup), 0);
}

static int setup(void **state UNUSED)
{
        int fds[2];
        fake_clock_init(&fake, NSEC_PER_SEC);
        if (loop_new(&fake.clock, &loop) < 0 ||
            socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
                return -1;
        peer = fds[1];
        return resolver_init(&resolver, loop, fds[0]);
}

static int teardown(void **state UNUSED)
{
        resolver_done(&resolver);
        fd_close_p(&peer);
        loop = loop_free(loop);
        return 0;
}

/* What the process is asked next; false: nothing. */
static bool asked(ResolverAsk *ret)
{
        ssize_t n = recv(peer, ret, sizeof(*ret), 0);
        assert_true(n == sizeof(*ret) || (n < 0 && errno == EAGAIN));
        return n > 0;
}

static unsigned count_asked(ResolverAsk *ret_last)
{
        unsigned n = 0;
        while (asked(ret_last))
                n++;
        return n;
}

static int answer(const ResolverTell *t)
{
        assert_int_equal(send(peer, t, sizeof(*t), MSG_NOSIGNAL), sizeof(*t));
        return loop_run_once(loop, 0);
}

static ResolverTell found(uint64_t id)
{
        return (ResolverTell){
                .id = id, .result = RESOLVER_FOUND, .n = 1, .addresses = {{AF_INET, {192, 0, 2, 7}}}};
}

static void test_answers(void **state UNUSED)
{
        ResolverAsk q;
        ask(0, &resolver);
        ask(1, &resolver);
        assert_true(asked(&q));
        assert_string_equal(q.name, "n0.test");
        ResolverTell t = found(q.id);
        assert_int_equal(answer(&t), 0);
        assert_int_equal(askers[0].done, 1);
        assert_int_equal(askers[0].n, 1);
        assert_int_equal(askers[0].first.bytes[3], 7);
        assert_null(askers[0].lookup.resolver);
        assert_int_equal(answer(&t), 0); /* again: nobody asked */
        assert_int_equal(askers[0].done, 1);
        assert_true(asked(&q));
        t = (ResolverTell){.id = q.id, .result = RESOLVER_NOT_FOUND};
        assert_int_equal(answer(&t), 0);
        assert_int_equal(askers[1].result, RESOLVER_NOT_FOUND);
        assert_int_equal(askers[1].n, 0);
}

/* What cannot be is a failure, not an address. */
static void test_unsound(void **state UNUSED)
{
        const ResolverTell rows[] = {
                {.result = _RESOLVER_RESULT_MAX},
                {.result = UINT32_MAX},
                {.result = RESOLVER_FOUND, .n = 0},
                {.result = RESOLVER_FOUND,
                 .n = LIMIT_PROXY_ADDRESSES + 1,
                 .addresses = {{.family = AF_INET}}},
                {.result = RESOLVER_FOUND, .n = UINT32_MAX},
                {.result = RESOLVER_FOUND, .n = 1, .addresses = {{.family = AF_UNIX}}},
                {.result = RESOLVER_FOUND, .n = 2, .addresses = {{.family = AF_INET}}},
                {.result = RESOLVER_NOT_FOUND, .n = 1, .addresses = {{.family = AF_INET}}},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                ResolverAsk q;
                ResolverTell t = rows[i];
                ask(0, &resolver);
                assert_true(asked(&q));
                t.id = q.id;
                assert_int_equal(answer(&t), 0);
                assert_row(askers[0].done == 1 && askers[0].result == RESOLVER_FAILED && askers[0].n == 0,
                           "%zu", i);
        }
        ask(0, &resolver);
        assert_int_equal(send(peer, "x", 1, MSG_NOSIGNAL), 1);
        assert_int_equal(loop_run_once(loop, 0), -EPROTO);
        resolver_forget(&askers[0].lookup);
}

/* One owner cannot take all places; whoever waits comes on when a place is free, in order. */
static void test_caps(void **state UNUSED)
{
        static const char owners[8];
        ResolverAsk q;
        for (size_t i = 0; i < 20; i++)
                ask(i, &owners[0]);
        assert_int_equal(count_asked(&q), LIMIT_PROXY_LOOKUPS_ONE);
        ask(20, &owners[1]);
        assert_true(asked(&q));
        assert_string_equal(q.name, "n20.test");
        for (size_t i = 21; i < 60; i++)
                ask(i, &owners[i % 6 + 2]);
        assert_int_equal(count_asked(&q), LIMIT_PROXY_LOOKUPS - LIMIT_PROXY_LOOKUPS_ONE - 1);
        /* A place of the first owner goes to its next, who came before the others. */
        ResolverTell t = found(1);
        assert_int_equal(answer(&t), 0);
        assert_int_equal(askers[0].done, 1);
        assert_true(asked(&q));
        assert_string_equal(q.name, "n8.test");
        /* Of another: the first owner has its share, so it is the one behind. */
        t = found(9);
        assert_int_equal(answer(&t), 0);
        assert_int_equal(askers[20].done, 1);
        assert_true(asked(&q));
        assert_int_not_equal(strcmp(q.name, "n9.test"), 0);
        for (size_t i = 0; i < 60; i++)
                resolver_forget(&askers[i].lookup);
}

/* One that is forgotten keeps its place: its process is still there. Whoever waited just goes. */
static void test_forget(void **state UNUSED)
{
        ResolverAsk q;
        for (size_t i = 0; i < 10; i++)
                ask(i, &resolver);
        assert_int_equal(count_asked(&q), LIMIT_PROXY_LOOKUPS_ONE);
        resolver_forget(&askers[0].lookup);
        resolver_forget(&askers[0].lookup);
        resolver_forget(&askers[8].lookup);
        assert_false(asked(&q));
        ResolverTell t = found(1);
        assert_int_equal(answer(&t), 0);
        assert_int_equal(askers[0].done, 0);
        assert_true(asked(&q));
        assert_string_equal(q.name, "n9.test");
        for (size_t i = 0; i < 10; i++)
                resolver_forget(&askers[i].lookup);
}

/* A process that dies says nothing: its place is free when its time is over, and the next begins. */
static void test_silence(void **state UNUSED)
{
        ResolverAsk q;
        for (size_t i = 0; i < LIMIT_PROXY_LOOKUPS_ONE + 1; i++)
                ask(i, &resolver);
        prepare(50, &resolver);
        askers[0].next = &askers[50];
        assert_int_equal(count_asked(&q), LIMIT_PROXY_LOOKUPS_ONE);
        fake.at += LIMIT_PROXY_LOOKUP * NSEC_PER_SEC;
        assert_int_equal(loop_run_once(loop, 0), 0);
        assert_int_equal(askers[0].done, 0);
        fake.at += NSEC_PER_SEC;
        assert_int_equal(loop_run_once(loop, 0), 0);
        for (size_t i = 0; i < LIMIT_PROXY_LOOKUPS_ONE; i++)
                assert_true(askers[i].done == 1 && askers[i].result == RESOLVER_FAILED);
        assert_int_equal(count_asked(&q), 2);
        ResolverTell t = found(1); /* too late */
        assert_int_equal(answer(&t), 0);
        assert_int_equal(askers[0].done, 1);
        resolver_forget(&askers[LIMIT_PROXY_LOOKUPS_ONE].lookup);
        resolver_forget(&askers[50].lookup);
}

static void test_end(void **state UNUSED)
{
        fd_close_p(&peer);
        prepare(0, &resolver);
        assert_int_equal(resolver_ask(&resolver, &askers[0].lookup), -EPIPE);
        assert_null(askers[0].lookup.resolver);
        assert_int_equal(loop_run_once(loop, 0), -ENOTCONN);
}

/* ---- the process itself --------------------------------------------------------------- */

/* Reads what the process says about a name. */
static void ask_process(int fd, const char *name, ResolverTell *ret)
{
        ResolverAsk q = {.id = 77};
        struct pollfd p = {.fd = fd, .events = POLLIN};
        memcpy(q.name, name, strlen(name) + 1);
        assert_int_equal(send(fd, &q, sizeof(q), MSG_NOSIGNAL), sizeof(q));
        assert_int_equal(poll(&p, 1, REAL_WAIT), 1);
        assert_int_equal(recv(fd, ret, sizeof(*ret), 0), sizeof(*ret));
        assert_int_equal(ret->id, 77);
}

/* It looks up, keeps none of our descriptors, and ends with us. */
static void test_process(void **state UNUSED)
{
        int fd, witness[2];
        char byte;
        ResolverTell t;
        struct pollfd p;
        assert_int_equal(pipe(witness), 0);
        assert_int_equal(resolver_start(&fd), 0);
        fd_close_p(&witness[1]);
        p = (struct pollfd){.fd = witness[0]};
        assert_int_equal(poll(&p, 1, REAL_WAIT), 1); /* the last copy of its other end is closed */
        assert_int_equal(read(witness[0], &byte, 1), 0);
        fd_close_p(&witness[0]);
        ask_process(fd, "127.0.0.9", &t);
        assert_int_equal(t.result, RESOLVER_FOUND);
        assert_int_equal(t.n, 1);
        assert_true(t.addresses[0].family == AF_INET && t.addresses[0].bytes[3] == 9);
        ask_process(fd, "localhost", &t);
        assert_true(t.result == RESOLVER_FOUND && t.n >= 1);
        fd_close_p(&fd);
        assert_true(wait(NULL) > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unsound, setup, teardown),
                cmocka_unit_test_setup_teardown(test_caps, setup, teardown),
                cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
                cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
                cmocka_unit_test_setup_teardown(test_end, setup, teardown),
                cmocka_unit_test(test_process),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
