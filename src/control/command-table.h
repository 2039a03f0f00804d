#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the control socket, one row each. A request is one line of
 * words: the command, its options, names. An answer is JSON lines, the last
 * of which has "ok": true or false; then the next request may come. The
 * supervisor splits words and writes JSON; it never reads any.
 */

#include "base/span.h"

/* clang-format off */
/*        id, word, names, options taken, streams, for the gateway's own end too, what it does */
#define CONTROL_COMMANDS(C)                                                                                  \
        C(STATUS,  "status",  ANY,   "",                       false, true,  "the daemon and its servers, one object") \
        C(LOGS,    "logs",    ONE,   "-f --since= --tail=",    true,  true,  "last lines of a server, one object a line") \
        C(HISTORY, "history", ANY,   "--since=",               false, true,  "exits, one object each") \
        C(EVENTS,  "events",  NONE,  "-f",                     true,  true,  "what happened, one object each") \
        C(CONFIG,  "config",  NONE,  "",                       false, true,  "the configuration in force, secrets hidden") \
        C(START,   "start",   SOME,  "--all --no-wait",        true,  true,  "start servers") \
        C(STOP,    "stop",    SOME,  "--all --no-wait",        true,  true,  "stop servers") \
        C(RESTART, "restart", SOME,  "--all --no-wait",        true,  true,  "stop and start servers") \
        C(RESET,   "reset",   SOME,  "--all --no-wait",        true,  true,  "forget what went wrong, and start") \
        C(RELOAD,  "reload",  NONE,  "--no-wait",              true,  true,  "read the configuration again") \
        C(DRAIN,   "drain",   NONE,  "",                       false, false, "take no new requests") \
        C(PING,    "ping",    NONE,  "",                       false, true,  "nothing: is anybody there?")
/* clang-format on */

typedef enum ControlNames {
        CONTROL_NAMES_NONE,
        CONTROL_NAMES_ONE,
        CONTROL_NAMES_SOME,
        CONTROL_NAMES_ANY
} ControlNames;

typedef enum ControlCommand {
#define C(id, word, names, options, streams, gateway, doc) CONTROL_##id,
        CONTROL_COMMANDS(C)
#undef C
                _CONTROL_COMMAND_MAX,
} ControlCommand;

typedef struct ControlRow {
        const char *word, *options, *doc;
        ControlNames names;
        bool streams, gateway;
} ControlRow;

extern const ControlRow control_table[_CONTROL_COMMAND_MAX];

enum { CONTROL_WORDS_MAX = 1100, CONTROL_LINE_MAX = 80 * 1024 };

/* A request as words; they are borrowed from the line. */
typedef struct ControlRequest {
        ControlCommand command;
        const char **names; /* borrowed from `words` */
        size_t n_names;
        bool follow, all, no_wait; /* -f --all --no-wait */
        bool has_since, has_tail;
        int64_t since_usec; /* --since=USEC since 1970 */
        uint64_t tail;
        const char *words[CONTROL_WORDS_MAX];
        char why[160]; /* what control_parse() found wrong, where it needs more than a constant */
} ControlRequest;

/* Splits `line` in place: words are parted by blanks, '...' and "..." hold them together, a backslash takes
 * the next byte as it is (not within '...'), and after -- nothing is an option. NULL: fine; else what is
 * wrong with it, for a person: a constant, or of `ret`. */
const char *control_parse(char *line, ControlRequest *ret) MUST_CHECK;
