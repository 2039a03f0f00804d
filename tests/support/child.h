#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the test program `child` share: a server that misbehaves
 * in one way or several, as its arguments say. It knows nothing of mcpvisor.
 */

#include "base/macro.h"

enum { CHILD_EXIT_BROKEN = 99 }; /* the program itself failed, not what it plays */

typedef enum When {
        BEFORE, /* done before anything else, so that nobody meets the child without it */
        IN_TURN,
} When;

typedef struct Act {
        const char *name;
        const char *args; /* as the help shows them: one number or word each */
        When when;
        void (*run)(const char **args);
        const char *help;
} Act;

extern const Act child_acts[];

/* What the acts before leave for the end: whether to go on serving, and if EOF ends it. */
extern bool child_serves, child_ignores_eof;

/* The behaviours that need more than a line, by file. */
void act_mcp(const char **args);
void mcp_serve(void);

void act_leave_grandchild(const char **args);
void act_daemonize(const char **args);
void act_forkbomb(const char **args);
void act_hold_stdout(const char **args);
void act_zombies(const char **args);
void act_orphans(const char **args);
void act_leader_thread_exits(const char **args);

void act_kill_parent(const char **args);
void act_kill_group(const char **args);
void act_kill_all(const char **args);

void act_flood_stderr(const char **args);
void act_flood_stdout(const char **args);
void act_long_line(const char **args);
void act_long_stderr_line(const char **args);
void act_partial_line(const char **args);
void act_garbage(const char **args);
void act_deep_json(const char **args);
void act_report(const char **args);

/* Helpers. */
uint64_t number(const char *text);
void wait_ms(uint64_t ms);
void wait_for_ever(void) __attribute__((noreturn));
void write_all(int fd, const void *data, size_t n); /* ends the process when the other side is gone */
void say(int fd, const char *format, ...) PRINTF(2, 3);
void note_pid(const char *what); /* appends "WHAT PID" to the file that $CHILD_LOG names */
void broken(const char *what) __attribute__((noreturn));
int null_stdio(bool keep_stdout);
