#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound that is not a configuration key, one row each: name, value,
 * unit, and why it is what it is. `docs/limits.md` is written from these rows
 * and a test compares it with them. What users tune is a key of the schema
 * table instead.
 */

#include "base/macro.h"

/* clang-format off */
#define LIMITS(L)                                                                                            \
        L(CONFIG_FILE,      1024 * 1024,     "bytes",  "A configuration file; larger ones are refused before they are parsed.") \
        L(CONFIG_DEPTH,     16,              "levels", "Nesting of maps and lists in a configuration file.") \
        L(CONFIG_NODES,     200000,          "nodes",  "Scalars, maps and lists in a configuration file.") \
        L(CONFIG_KEY,       500,             "bytes",  "A key in a configuration file.") \
        L(CONFIG_ARENA,     64 * 1024 * 1024,"bytes",  "Memory of one configuration snapshot.") \
        L(CONFIG_BLOB,      8 * 1024 * 1024, "bytes",  "A resolved configuration as it travels between processes.") \
        L(CONFIG_VALUE,     64 * 1024,       "bytes",  "One value after its references are replaced, and a file that one names.") \
        L(CONFIG_LIST,      10000,           "items",  "Entries of one list or map.") \
        L(CONFIG_ENV_FILE,  256 * 1024,      "bytes",  "An environment file that a server names.") \
        L(KEY_PATH,         1024,            "bytes",  "The path of a configuration key inside its server or view.") \
        L(VALIDATOR_TIME,   30,              "seconds","How long the validator process may take; then it is ended.") \
        L(VALIDATOR_CPU,    20,              "seconds","CPU time of the validator process.") \
        L(VALIDATOR_MEMORY, 512 * 1024 * 1024,"bytes", "Address space of the validator process (not in sanitizer builds).") \
        L(LOG_FIELDS,       32,              "fields", "Fields of one record of our own log; more are left out.") \
        L(LOG_KEYS,         64,              "keys",   "Call keys of our own log whose rate is kept apart.") \
        L(LOG_KEY_BURST,    10,              "records","Records of one call key that our own log takes at once.") \
        L(LOG_KEY_TIME,     5,               "seconds","How often one more record of such a key is taken.") \
        L(LOG_LINE,         8 * 1024,        "bytes",  "A line of a child's stderr; longer ones are split and marked partial.") \
        L(LOG_MESSAGE,      16 * 1024,       "bytes",  "The message of one record of our own log; the rest is cut off.") \
        L(LOG_PARTIAL_TIME, 2,               "seconds","How long the start of a line waits for its end.") \
        L(LOG_RECORD,       1024 * 1024,     "bytes",  "One record of our own log as it is written, and before it is cut.") \
        L(LOG_RETRY_TIME,   5,               "seconds","How long a log that could not be written is left alone.") \
        L(LOG_RING,         64 * 1024,       "bytes",  "The last lines of one server, kept in memory.") \
        L(LOG_VALUE,        4 * 1024,        "bytes",  "One field of a record of our own log; the rest is cut off.") \
        L(SECRET_SHORTEST,  6,               "bytes",  "Shorter secrets are not redacted: they would turn up in innocent words.") \
        L(SECRET_LONGEST,   64 * 1024,       "bytes",  "A secret that is redacted; as long as a value may be.") \
        L(LOOP_BYTES,       64 * 1024,       "bytes",  "What one source of an event loop moves before the others have their turn.") \
        L(LOOP_ITEMS,       256,             "items",  "The same for what is counted: exits, messages, timers that fire.") \
        L(LOOP_LOOK,        5,               "milliseconds", "How long a turn of the event loop lasts before it looks for signals.") \
        L(IPC_STALL,        5,               "seconds","How long messages to another of our processes wait for it to read one; then it is replaced.") \
        L(CATALOGUE,        16 * 1024 * 1024,"bytes",  "The file that keeps the lists of one server over a restart.") \
        L(GATEWAY_REFUSALS, 1000,            "connections", "Connections that a gateway without a data path answers at once; more wait to be accepted.") \
        L(GATEWAY_LINGER,   2,               "seconds","How long a connection that was answered may take to close.") \
        L(GATEWAY_ACCEPT_PAUSE, 200,         "milliseconds", "How long no connection is accepted after the machine had no descriptor for one.") \
        L(GATEWAY_GONE,     500,             "milliseconds", "How long a server that closed its stdout has to end before that counts as a failure of its own.") \
        L(GATEWAY_REQUEST,  64 * 1024,       "bytes",  "What is read of a connection that was answered already.") \
        L(GATEWAY_IPC,      4096,            "messages", "What waits in a gateway for the supervisor to read.") \
        L(GATEWAY_STDIN,    256 * 1024,      "bytes",  "What waits for a server to read its stdin.") \
        L(IMPORT_FILE,      64 * 1024 * 1024,"bytes",  "A settings file of a host application that `import` reads.")
/* clang-format on */

enum {
#define L(name, value, unit, doc) LIMIT_##name = (value),
        LIMITS(L)
#undef L
};

typedef struct LimitRow {
        const char *name, *unit, *doc;
        long long value;
} LimitRow;

extern const LimitRow limit_table[];
extern const unsigned limit_table_size;
