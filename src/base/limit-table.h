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
        L(CONFIG_ARENA,     64 * 1024 * 1024,"bytes",  "Memory of one configuration snapshot.") \
        L(CONFIG_BLOB,      8 * 1024 * 1024, "bytes",  "A resolved configuration as it travels between processes.") \
        L(CONFIG_VALUE,     64 * 1024,       "bytes",  "One value after its references are replaced, and a file that one names.") \
        L(CONFIG_LIST,      10000,           "items",  "Entries of one list or map.") \
        L(CONFIG_ENV_FILE,  256 * 1024,      "bytes",  "An environment file that a server names.") \
        L(VALIDATOR_TIME,   30,              "seconds","How long the validator process may take; then it is ended.") \
        L(VALIDATOR_CPU,    20,              "seconds","CPU time of the validator process.") \
        L(VALIDATOR_MEMORY, 512 * 1024 * 1024,"bytes", "Address space of the validator process (not in sanitizer builds).") \
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
