#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of spawn share: a server started with its reports collected,
 * each wait with a deadline, and a teardown that finds what was left behind.
 */

#include "spawn/spawn.h"
#include "support/test.h"

typedef struct Ran {
        Spawned s;
        pid_t leader; /* 0: not said */
        bool execed, failed, exited, ended;
        StepError error;
        SpawnReport exit;
        int warden_status; /* after ran_finish() */
} Ran;

/* The path of mcpvisor-exec in the build tree, or of what stands for it. */
const char *test_helper(void);
/* Takes the place of SpawnArgs where a test does not care. */
SpawnArgs test_args(const char *const *argv);
/* The server is asked for; fails the test if that cannot be. */
void ran_start(Spawner *s, const SpawnArgs *args, Ran *ret);
/* Until a record of that kind came, or FAILED, or the end. */
void ran_await(Ran *r, SpawnReportKind kind);
/* To the end of the reports and of the warden; closes and reaps. */
void ran_finish(Ran *r);
/* A shell script as server. */
void ran_shell(Spawner *s, const char *script, Ran *ret);
/* Reads from its stdout until that much came, or a newline, or the end; NUL-terminated. */
void ran_line(Ran *r, char *buf, size_t size);
/* All it says on fd until the end. */
void ran_text(int fd, char *buf, size_t size);
/* Until no process has `word` in its command line; fails after a while. */
void assert_gone(const char *word, Nsec within);
size_t count_word(const char *word);

/* This whole program once more as that user; what it prints is shown when it fails. */
void test_again_as_user(uid_t uid);

int spawn_setup(void **state);
/* No child, no descriptor. */
int spawn_teardown(void **state);
