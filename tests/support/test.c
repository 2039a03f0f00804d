/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <ftw.h>

void test_assert_span_equal(Span got, Span want, const char *file, int line)
{
        if (span_equal(got, want))
                return;
        print_error("got  %zu bytes: '%.*s'\n", got.len, (int)got.len, got.len ? got.ptr : "");
        print_error("want %zu bytes: '%.*s'\n", want.len, (int)want.len, want.len ? want.ptr : "");
        _fail(file, line);
}

void test_random_init(SeededRandom *r)
{
        const char *given = getenv("MCPVISOR_TEST_SEED");
        if (given)
                random_init_seed(r, strtoull(given, NULL, 0));
        else
                random_init(r);
        print_message("MCPVISOR_TEST_SEED=0x%llx\n", (unsigned long long)r->state);
}

void test_random_bytes(Random *random, void *bytes, size_t n)
{
        uint8_t *p = bytes;
        for (size_t i = 0; i < n; i++)
                p[i] = (uint8_t)random_next(random);
}

int test_dir_setup(void **state)
{
        const char *base = getenv("TMPDIR");
        char *path = NULL;
        if (asprintf(&path, "%s/mcpvisor-test-XXXXXX", base ? base : "/tmp") < 0)
                return -1;
        if (!mkdtemp(path)) {
                free(path);
                return -1;
        }
        *state = path;
        return 0;
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *ftw UNUSED)
{
        return remove(path);
}

int test_dir_teardown(void **state)
{
        int r = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
        free(*state);
        return r;
}
