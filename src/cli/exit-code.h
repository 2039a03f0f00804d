#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program's exit status means, one row each. Scripts depend on the
 * numbers: they never change. Help and the manual page show those that a
 * command of this version can return. `run` gives the status of its command
 * beside these, or 128 + signal.
 */

#include "base/macro.h"

/* clang-format off */
#define EXIT_CODES(E)                                                                                        \
        E(DONE,           0,   "done")                                                                       \
        E(FAILED,         1,   "failed, or the file is invalid, or another copy runs, or a critical server is degraded") \
        E(USAGE,          2,   "wrong usage")                                                                \
        E(NO_DAEMON,      3,   "no daemon answers")                                                          \
        E(NOT_READY,      4,   "not all named servers are ready, or not in the awaited state before the time-out") \
        E(INTERNAL,       70,  "internal fault")                                                             \
        E(REFUSED,        125, "the configuration was refused")                                              \
        E(CANNOT_EXECUTE, 126, "the command could not be executed")                                          \
        E(NOT_FOUND,      127, "the command was not found")
/* clang-format on */

typedef enum ExitCode {
#define E(name, value, doc) EXIT_CODE_##name = (value),
        EXIT_CODES(E)
#undef E
                _EXIT_CODE_INVALID = -EINVAL,
} ExitCode;

typedef struct ExitCodeRow {
        ExitCode code;
        const char *doc; /* a fragment: no capital, no full stop */
} ExitCodeRow;

extern const ExitCodeRow exit_code_table[];
extern const size_t exit_code_table_size;

/* The text of a code; NULL when there is no such row. */
const char *exit_code_doc(int code);
