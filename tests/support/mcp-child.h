#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the test program `mcp-child` share: an MCP server on stdio
 * (the eras before 2026-07-28) that does what the arguments of its tools say,
 * right or wrong. Its messages have their members in the order of the official
 * SDK: the id last. It knows nothing of mcpvisor.
 */

#include <stdio.h>

#include "support/lookup.h"

/* ---- what the command line says ---- */

typedef struct Options {
        const char *name;         /* in its URIs and its serverInfo */
        const char *protocol;     /* NULL: what the client asks for */
        const char *capabilities; /* as JSON */
        const char *at_start; /* roots: asks for them after the handshake; changed: says tools/list_changed */
        const char *instructions;
        long long tools; /* that many more, named t0, t1, ... */
        long long page;  /* of lists; 0: all at once */
        bool ignore_eof, no_initialize, refuse_initialize, die_at_initialize, late_after_cancel;
        const char *log; /* each line received is appended to it */
} Options;

extern Options options;

/* ---- messages ---- */

void answer(Text id, const char *format, ...) PRINTF(2, 3); /* the result, as JSON */
void answer_error(Text id, int code, const char *message);
void notify(const char *method, const char *format, ...) PRINTF(2, 3); /* params, as JSON */
uint64_t ask(const char *method, Text params);                         /* the id of the question */
void write_raw(const char *bytes, size_t n);
char *quoted(Text bytes); /* as a JSON string; the caller's */

/* ---- calls ---- */

/* A call of a tool that is not answered yet; its texts are its own. */
typedef struct Call Call;
struct Call {
        Call *next;
        char *line; /* owned: the whole request */
        size_t line_n;
        Text id, params, args, token;
        void (*run)(Call *c); /* when it is due, or the question is answered */
        int64_t due_ms;       /* -1: never */
        uint64_t question;    /* 0: none */
        Text reply;           /* while run is called for an answered question */
        long long step;
        bool keep; /* set by run: not over yet */
};

int64_t now_ms(void);
void calls_add(Text line, void (*run)(Call *c), int64_t wait_ms);
int calls_wait(void); /* milliseconds until the next is due, -1: none is */
void calls_run_due(void);
bool calls_answered(Text line); /* a response from the client: whether it was waited for */
void calls_cancel(Text request_id);

/* ---- tools ---- */

void tools_call(Text line);
void tools_list(Text id, Text params);
void tools_set_level(Text level);
void tools_subscribe(Text uri, bool on);
bool tools_count(Text method); /* false: too many different ones */
void tools_keep_hello(Text params);
