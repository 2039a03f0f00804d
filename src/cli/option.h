#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a command line as a table: one row says how an option is
 * written, what its value is, where it goes in the command's options struct
 * and what help and completions tell about it. The parser knows no command;
 * it fills structs that the caller owns. Strings in them are borrowed from
 * argv, lists are from the caller's arena.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

typedef enum OptionKind {
        OPTION_FLAG,     /* bool */
        OPTION_STRING,   /* const char *; the last one given wins */
        OPTION_LIST,     /* OptionList; each use adds one */
        OPTION_WORD,     /* int, an index into the row's words */
        OPTION_DURATION, /* Nsec */
        OPTION_SIZE,     /* uint64_t, bytes */
        OPTION_NUMBER,   /* uint64_t, min to max of the row */
        _OPTION_KIND_MAX,
} OptionKind;

/* What a shell may offer for a value or a positional argument. */
typedef enum Complete {
        COMPLETE_NONE,
        COMPLETE_FILE,
        COMPLETE_DIR,
        COMPLETE_WORDS,    /* those that stand beside it */
        COMPLETE_COMMANDS, /* names of commands */
        _COMPLETE_MAX,
} Complete;

typedef struct OptionList {
        const char **items;
        size_t n;
} OptionList;

typedef struct Option {
        const char *name; /* without the dashes */
        char letter;      /* 0: none */
        const char *arg;  /* what help calls the value; NULL for flags */
        const char *doc;  /* a fragment: no capital, no full stop */
        OptionKind kind;
        size_t offset;
        const char *const *words; /* OPTION_WORD; ends with NULL */
        uint64_t min, max;        /* OPTION_NUMBER; the others when max is not 0 */
        Complete complete;        /* of the value; words are offered without it */
} Option;

/* The offset of a member that must have the type `want`. */
#define OPTION_FIELD(type, member, want) \
        (offsetof(type, member) +        \
         0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)0)->member), want) ? 1 : -1]))

/* Kind and place of a row together, so that they cannot disagree. */
#define OPTION_IS_FLAG(type, member) .kind = OPTION_FLAG, .offset = OPTION_FIELD(type, member, bool)
#define OPTION_IS_STRING(type, member) \
        .kind = OPTION_STRING, .offset = OPTION_FIELD(type, member, const char *)
#define OPTION_IS_LIST(type, member)     .kind = OPTION_LIST, .offset = OPTION_FIELD(type, member, OptionList)
#define OPTION_IS_WORD(type, member)     .kind = OPTION_WORD, .offset = OPTION_FIELD(type, member, int)
#define OPTION_IS_DURATION(type, member) .kind = OPTION_DURATION, .offset = OPTION_FIELD(type, member, Nsec)
#define OPTION_IS_SIZE(type, member)     .kind = OPTION_SIZE, .offset = OPTION_FIELD(type, member, uint64_t)
#define OPTION_IS_NUMBER(type, member)   .kind = OPTION_NUMBER, .offset = OPTION_FIELD(type, member, uint64_t)

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A table together with the struct that it fills. */
typedef struct OptionSet {
        const Option *rows; /* borrowed */
        size_t n;
        void *values; /* borrowed */
} OptionSet;

typedef struct OptionParse {
        const OptionSet *sets; /* searched in this order */
        size_t n_sets;
        bool stop_at_positional; /* all from the first positional on are positionals */
        Arena *arena;
        Buf *why; /* gets the text that goes with OPTION_E_USAGE */
} OptionParse;

typedef struct OptionArgs {
        char **items; /* of the arena; borrowed from argv */
        size_t n;
} OptionArgs;

enum { _OPTION_E_SUCCESS, OPTION_E_USAGE };

/* Parses argv[0] to argv[argc - 1], none of which is a program's name. On an error
 * the structs may hold what came before it. */
int option_parse(const OptionParse *p, int argc, char **argv, OptionArgs *ret) MUST_CHECK;

bool option_takes_value(const Option *o) PURE;
/* What values it takes, for a message: "text or json", "a number from 1 to 9". */
int option_expects(const Option *o, Buf *b) MUST_CHECK;
