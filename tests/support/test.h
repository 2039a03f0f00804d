#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit test begins with: cmocka with the headers it needs before
 * it, and a few helpers. A random test prints its seed; MCPVISOR_TEST_SEED=0x... in
 * the environment runs the same one again. Knows nothing above base.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "base/span.h"

#define assert_span_equal(got, want) test_assert_span_equal((got), (want), __FILE__, __LINE__)
void test_assert_span_equal(Span got, Span want, const char *file, int line);

/* Fails with the text of a table row, so that one sees which. */
#define assert_row(cond, ...)                            \
        do {                                             \
                if (!(cond)) {                           \
                        print_error("row " __VA_ARGS__); \
                        print_error("\n");               \
                        _fail(__FILE__, __LINE__);       \
                }                                        \
        } while (0)

void test_random_init(SeededRandom *r);
void test_random_bytes(Random *random, void *bytes, size_t n);

/* Setup and teardown of a test: *state is the path of an empty directory, which goes with all that is
 * in it, also when the test fails. */
int test_dir_setup(void **state);
int test_dir_teardown(void **state);
