#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo server while it runs: what it has been told, what it still owes,
 * and the answers that wait to be written. Owned by demo_main; one thread.
 * What it offers are tables: methods, tools, resources, prompts. It speaks
 * the revisions with sessions; a message of the stateless era is refused by
 * the table of methods, as any unknown one is.
 */

#include <sys/queue.h>

#include "base/clock.h"
#include "base/json-writer.h"
#include "jsonrpc/envelope.h"
#include "jsonrpc/error-code.h"
#include "jsonrpc/json.h"
#include "mcp/log-level.h"
#include "mcp/method.h"

/* A call of the tool `slow` that is not over. */
typedef struct DemoSlow {
        TAILQ_ENTRY(DemoSlow) link;
        Nsec start, length, next; /* begun, to last, the next step is due */
        uint64_t steps, done;
        size_t id_len, token_len;
        char text[]; /* the id as written, then the progress token, which may be empty */
} DemoSlow;

typedef TAILQ_HEAD(DemoSlowList, DemoSlow) DemoSlowList;

typedef struct Demo {
        const Clock *clock; /* borrowed */
        Buf out;
        McpVersion version; /* negotiated, or the newest before that */
        McpLevel level;     /* of messages of the log */
        uint64_t counter;
        bool subscribed;    /* to demo://counter */
        DemoSlowList slows; /* by `next`, the earliest first */
        unsigned n_slows;
        bool ended; /* as the tool `fail` was asked to */
} Demo;

void demo_init(Demo *d, const Clock *clock);
void demo_done(Demo *d);

/* One line; it may be changed. Answers go to `out`. -errno: it cannot go on. */
int demo_take(Demo *d, char *line, size_t n) MUST_CHECK;
int demo_take_too_long(Demo *d) MUST_CHECK;

/* ---- what the tables use ---- */

/* An object in the message that comes next: a result, or the params of a notification. It ends with
 * demo_end(). */
JsonWriter demo_result(Demo *d, Span id);
JsonWriter demo_notification(Demo *d, McpMethod m);
int demo_end(JsonWriter *w) MUST_CHECK;
/* The whole answer. `why` NULL: the code's own text. */
int demo_refuse(Demo *d, Span id, RpcError error, const char *why) MUST_CHECK;

typedef int DemoAnswer(Demo *d, const Envelope *e);

DemoAnswer demo_tools_list, demo_tools_call;
DemoAnswer demo_resources_list, demo_templates_list, demo_resources_read, demo_subscribe, demo_unsubscribe;
DemoAnswer demo_prompts_list, demo_prompts_get, demo_complete;

int demo_counter_changed(Demo *d) MUST_CHECK;
/* The member `content` with one text in it. */
void demo_write_text(JsonWriter *w, const char *text);

/* ---- calls that last ---- */

typedef struct DemoSlowArgs {
        Span id, token; /* as written; `token` may be empty */
        Nsec length;
        uint64_t steps;
} DemoSlowArgs;
/* Takes over the answer to `id`; -ENOBUFS: too many last already. */
int demo_slow_begin(Demo *d, const DemoSlowArgs *args) MUST_CHECK;
/* Ends it without an answer, if there is such a call. */
void demo_slow_cancel(Demo *d, Span id);
void demo_slow_drop(Demo *d, DemoSlow *s);
/* When demo_slow_run() has something to do. */
Nsec demo_slow_next(const Demo *d);
int demo_slow_run(Demo *d) MUST_CHECK;
