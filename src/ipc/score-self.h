#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of this process, from files that stay open: a role that
 * has fenced itself can open no other. Belongs to a Scoreboard. Where there is
 * no /proc, nothing is known.
 */

#include <dirent.h>

#include "base/macro.h"

typedef struct ScoreSelf {
        int memory; /* owned; -EBADF: none */
        DIR *files; /* owned; NULL: none */
} ScoreSelf;

#define SCORE_SELF_INIT ((ScoreSelf){.memory = -EBADF})

void score_self_open(ScoreSelf *s);
void score_self_done(ScoreSelf *s);

/* Bytes that are resident. */
bool score_self_memory(const ScoreSelf *s, uint64_t *ret);
/* Descriptors, those of this object among them. */
bool score_self_files(const ScoreSelf *s, uint64_t *ret);
bool score_self_cpu(uint64_t *ret_usec);
