#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share: a world for references that is the same on
 * every machine (a few variables and files, some of them broken), and a check
 * that ends the program. A target is one file with LLVMFuzzerTestOneInput();
 * libFuzzer or replay-main.c calls it.
 */

#include "config/config.h"
#include "config/expand.h"

/* The contents of the files in the world that are secrets of some length. */
#define FUZZ_SECRET "open-sesame-4711"

extern const ExpandEnv fuzz_world;
extern const ExpandEnv fuzz_bare_world; /* without variables */

#define FUZZ_CHECK(condition)                                                             \
        do {                                                                              \
                if (!(condition))                                                         \
                        fuzz_fail(__FILE__ ":" STRINGIFY(__LINE__) ": " #condition "\n"); \
        } while (0)

/* What a text means in that world, or NULL; without --planned when it begins with #. Checks that no
 * finding shows a secret that came from a file. */
Config *fuzz_load(Span text);

_Noreturn void fuzz_fail(const char *what);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
