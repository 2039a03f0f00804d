/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "support/oom.h"

enum { OOM_ENDLESS = 1000000 };

/* The wrapped functions have no argument to carry this in. */
static struct {
        unsigned fail_at, seen, held;
        bool failed;
} oom;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static bool fails(void)
{
        if (oom.held)
                return false;
        if (++oom.seen != oom.fail_at)
                return false;
        oom.failed = true;
        errno = ENOMEM;
        return true;
}

/* What malloc refuses, and AddressSanitizer would abort at. */
static bool too_large(size_t size)
{
        if (size <= PTRDIFF_MAX)
                return false;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t size)
{
        return fails() || too_large(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return fails() || too_large(size) ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
        return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return fails() ? NULL : __real_strndup(s, n);
}

void oom_arm(unsigned n)
{
        oom.fail_at = n;
        oom.seen = 0;
        oom.held = 0;
        oom.failed = false;
}

bool oom_disarm(void)
{
        oom.fail_at = 0;
        return oom.failed;
}

unsigned oom_allocations(void)
{
        return oom.seen;
}

void oom_hold(void)
{
        oom.held++;
}

void oom_release(void)
{
        assert_true(oom.held > 0);
        oom.held--;
}

unsigned oom_each(int (*op)(void *arg), void *arg)
{
        for (unsigned n = 1; n < OOM_ENDLESS; n++) {
                oom_arm(n);
                int r = op(arg);
                if (!oom_disarm()) {
                        assert_int_equal(r, 0);
                        assert_true(n > 1); /* else it does not allocate, or is not linked with the wraps */
                        return n - 1;
                }
                if (r != -ENOMEM)
                        fail_msg("allocation %u failed, the result is %d", n, r);
        }
        fail_msg("the operation does not come to an end");
        return 0;
}
