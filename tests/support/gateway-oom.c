/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mcpvisor as it is, whose allocations fail when a test says so: as the gateway
 * of a daemon. The file MCPVISOR_TEST_OOM holds two numbers of 64 bits that the
 * test writes and reads while we run: how many allocations there were, and
 * which of them is to fail (0: none). Linked with $(OOM_WRAPS); what shared
 * libraries allocate does not count.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct Shared {
        volatile uint64_t seen, fail_at;
} Shared;

static Shared nobodys;
static Shared *shared = &nobodys; /* the wrapped functions have no argument to carry it in */

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

__attribute__((constructor)) static void attach(void)
{
        const char *path = getenv("MCPVISOR_TEST_OOM");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        if (fd < 0)
                return;
        void *map = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map != MAP_FAILED)
                shared = map;
        (void)close(fd);
}

static int fails(void)
{
        if (++shared->seen != shared->fail_at)
                return 0;
        errno = ENOMEM;
        return 1;
}

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
        return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return fails() ? NULL : __real_strndup(s, n);
}

#include "../../src/main.c"
