/* SPDX-License-Identifier: Apache-2.0 */
#include "support/loop-probe.h"

#include <fcntl.h>

FakeClock hands;
Loop *loop;
char called[LIMIT_LOOP_ITEMS + 64];
bool finished;
unsigned allocations, fail_at;

static bool allocation_fails(void)
{
        return ++allocations == fail_at;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
        return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
        return allocation_fails() ? NULL : __real_realloc(p, n);
}

void note(char name)
{
        size_t n = strlen(called);
        assert_true(n + 1 < sizeof(called));
        called[n] = name;
        called[n + 1] = '\0';
}

void expect_called(const char *names)
{
        assert_string_equal(called, names);
        called[0] = '\0';
}

static int probe_ready(LoopSource *s, uint32_t events)
{
        Probe *p = CONTAINER_OF(s, Probe, source);
        note(p->name);
        p->calls++;
        p->events = events;
        return p->then ? p->then(p) : 0;
}

#define PROBE(name, prio) const LoopSourceOps name = {.priority = (prio), .ready = probe_ready}
PROBE(signal_probe, LOOP_PRIORITY_SIGNAL);
PROBE(reap_probe, LOOP_PRIORITY_REAP);
PROBE(control_probe, LOOP_PRIORITY_CONTROL);
PROBE(ipc_probe, LOOP_PRIORITY_IPC);
PROBE(child_probe, LOOP_PRIORITY_CHILD);
PROBE(http_probe, LOOP_PRIORITY_HTTP);
PROBE(accept_probe, LOOP_PRIORITY_ACCEPT);

void probe_init(Probe *p, char name, const LoopSourceOps *ops)
{
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        *p = (Probe){.fd = ends[0], .far = ends[1], .name = name};
        assert_int_equal(loop_source_add(&p->source, loop, ops, p->fd, EPOLLIN), 0);
}

void probe_done(Probe *p)
{
        loop_source_remove(&p->source);
        fd_close_p(&p->fd);
        fd_close_p(&p->far);
}

void probe_poke(Probe *p)
{
        assert_int_equal(write(p->far, "x", 1), 1);
}

int probe_drain(Probe *p)
{
        char buf[64];
        while (read(p->fd, buf, sizeof(buf)) > 0)
                ;
        return 0;
}

int probe_drain_wanting_more(Probe *p)
{
        probe_drain(p);
        return p->calls < 3 ? LOOP_E_MORE : 0;
}

int probe_be_slow(Probe *p)
{
        hands.at += (LIMIT_LOOP_LOOK + 1) * NSEC_PER_MSEC;
        if (p->other)
                probe_poke(p->other);
        return 0;
}

int loop_setup(void **state UNUSED)
{
        finished = false;
        fake_clock_init(&hands, NSEC_PER_SEC);
        called[0] = '\0';
        return loop_new(&hands.clock, &loop);
}

int loop_teardown(void **state UNUSED)
{
        if (finished)
                loop = loop_free(loop);
        return 0;
}

void turn(void)
{
        assert_int_equal(loop_run_once(loop, 0), 0);
}

/* A turn that would not end if it waited. */
void turn_at_once(void)
{
        assert_int_equal(loop_run_once(loop, NSEC_NEVER), 0);
}

void loop_test_run(void **state)
{
        ((CMUnitTestFunction)*state)(NULL);
        finished = true;
}
