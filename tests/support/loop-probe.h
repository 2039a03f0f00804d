#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the event loop: a loop with a clock whose hands the test turns,
 * and pipes as its sources, which write down their names when they are called
 * and may do something then. Allocations are counted and can be refused: link
 * with $(PROBE_WRAP).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/loop.h"

typedef struct Probe Probe;
struct Probe {
        LoopSource source;
        int fd, far; /* owned: read and write end */
        char name;
        int calls;
        uint32_t events; /* of the last call */
        int (*then)(Probe *probe);
        Probe *other;
};

extern const LoopSourceOps signal_probe, reap_probe, control_probe, ipc_probe, child_probe, http_probe,
        accept_probe;

/* Of the running test. */
extern FakeClock hands;
extern Loop *loop;
extern char called[LIMIT_LOOP_ITEMS + 64];
extern bool finished;                 /* the test, with its last line */
extern unsigned allocations, fail_at; /* so far; the one that fails, 0: none */

void note(char name);
/* And forgets them. */
void expect_called(const char *names);

void probe_init(Probe *p, char name, const LoopSourceOps *ops);
void probe_done(Probe *p);
void probe_poke(Probe *p);

/* What a probe may do when it is called. */
int probe_drain(Probe *p);
int probe_drain_wanting_more(Probe *p); /* until its third call */
int probe_be_slow(Probe *p);            /* longer than a turn goes without a look, then pokes `other` */

void turn(void);
/* A turn that would not end if it waited. */
void turn_at_once(void);

/* A test that fails leaves its sources behind: then the loop stays too, so that one reads the reason. */
int loop_setup(void **state);
int loop_teardown(void **state);
void loop_test_run(void **state);

#define LOOP_TEST(f)                                                              \
        {                                                                         \
                .name = #f, .test_func = loop_test_run, .setup_func = loop_setup, \
                .teardown_func = loop_teardown, .initial_state = (f)              \
        }
