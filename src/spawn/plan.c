/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/fd.h"
#include "base/limit-table.h"
#include "build-id.h"
#include "spawn/plan.h"

static_assert(sizeof(MCPVISOR_BUILD_ID) <= sizeof(((Plan *)NULL)->build), "a build id fits");

typedef struct Measure {
        size_t n, bytes;
} Measure;

static Measure measure(const char *const *list)
{
        Measure m = {0};
        for (; list && list[m.n]; m.n++)
                m.bytes += strlen(list[m.n]) + 1;
        return m;
}

static uint64_t put(char *plan, size_t *at, const char *s)
{
        uint64_t here = *at;
        if (!s)
                return 0;
        size_t n = strlen(s) + 1;
        memcpy(plan + here, s, n);
        *at += n;
        return here;
}

static void put_list(char *plan, size_t *at, const char *const *list, size_t slots)
{
        for (size_t i = 0; list && list[i]; i++) {
                uintptr_t place = put(plan, at, list[i]);
                memcpy(plan + slots + i * sizeof(place), &place, sizeof(place));
        }
}

enum { PROGRAM_ALIGN = 8 };

static size_t align(size_t n)
{
        return (n + PROGRAM_ALIGN - 1) & ~(size_t)(PROGRAM_ALIGN - 1);
}

static void fill(char *plan, size_t size, const PlanArgs *args, Measure argv, Measure envp)
{
        Plan head = args->head;
        size_t at = sizeof(Plan);
        memcpy(head.magic, PLAN_MAGIC, sizeof(head.magic));
        memcpy(head.build, MCPVISOR_BUILD_ID, sizeof(MCPVISOR_BUILD_ID));
        head.size = size;
        head.n_argv = (uint32_t)argv.n;
        head.n_envp = (uint32_t)envp.n;
        head.argv = at;
        at += (argv.n + 1) * sizeof(uintptr_t);
        head.envp = at;
        at += (envp.n + 1) * sizeof(uintptr_t);
        head.exe = put(plan, &at, args->exe);
        head.cwd = put(plan, &at, args->cwd);
        put_list(plan, &at, args->argv, head.argv);
        put_list(plan, &at, args->envp, head.envp);
        if (args->sandbox.len) {
                head.sandbox = align(at);
                head.sandbox_size = args->sandbox.len;
                memcpy(plan + head.sandbox, args->sandbox.ptr, args->sandbox.len);
        }
        memcpy(plan, &head, sizeof(head));
}

int plan_make(const PlanArgs *args, int *ret_fd)
{
        Measure argv = measure(args->argv), envp = measure(args->envp);
        if (argv.n == 0)
                return -EINVAL;
        size_t size = sizeof(Plan) + (argv.n + envp.n + 2) * sizeof(uintptr_t) + argv.bytes + envp.bytes +
                      (args->exe ? strlen(args->exe) + 1 : 0) + (args->cwd ? strlen(args->cwd) + 1 : 0);
        if (args->sandbox.len > LIMIT_SPAWN_PLAN)
                return -E2BIG;
        if (args->sandbox.len)
                size = align(size) + args->sandbox.len;
        if (size > LIMIT_SPAWN_PLAN)
                return -E2BIG;
        CLEANUP_FREE char *plan = calloc(1, size);
        if (!plan)
                return -ENOMEM;
        fill(plan, size, args, argv, envp);
        CLEANUP_FD int fd = -EBADF;
        int r = fd_memfd_new("mcpvisor-plan", &fd);
        if (r == 0)
                r = fd_write_all(fd, span_from(plan, size));
        explicit_bzero(plan, size); /* secrets may be among the variables */
        if (r == 0)
                r = fd_memfd_seal(fd);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
