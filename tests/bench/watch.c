/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/parse.h"
#include "bench/watch.h"

int watch_add_pids(Watch *w, const char *list)
{
        Span rest = span_of(list), part;
        uint64_t pid = 0;
        while (span_next(&rest, ',', &part)) {
                if (parse_u64(part, &pid) != 0 || pid == 0 || pid > INT32_MAX)
                        return -EINVAL;
                if (w->n == WATCH_PIDS)
                        return -ENOBUFS;
                w->pids[w->n++] = (int)pid;
        }
        return 0;
}

int watch_map_counters(Watch *w, const char *path)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        void *map = mmap(NULL, sizeof(uint64_t) * WATCH_COUNTERS, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        w->counters = map;
        return 0;
}

/* Nanoseconds on a CPU; the first number of schedstat is exact, unlike the ticks of stat. */
static Nsec task_cpu(int pid, const char *task)
{
        char path[320], text[64] = "";
        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                return 0;
        return strtoull(text, NULL, 10);
}

/* A thread that has ended meanwhile is not counted: servers that are measured keep theirs. */
static Nsec process_cpu(int pid)
{
        char path[64];
        Nsec sum = 0;
        snprintf(path, sizeof(path), "/proc/%d/task", pid);
        DIR *d = opendir(path);
        if (!d)
                return 0;
        const struct dirent *e;
        while ((e = readdir(d)))
                if (e->d_name[0] != '.')
                        sum += task_cpu(pid, e->d_name);
        closedir(d);
        return sum;
}

void watch_begin(Watch *w)
{
        for (size_t i = 0; w->counters && i < WATCH_COUNTERS; i++)
                w->counters_began[i] = w->counters[i];
        for (size_t i = 0; i < w->n; i++)
                w->began[i] = process_cpu(w->pids[i]);
}

void watch_end(Watch *w)
{
        for (size_t i = 0; i < w->n; i++)
                w->used[i] = nsec_sub(process_cpu(w->pids[i]), w->began[i]);
        for (size_t i = 0; w->counters && i < WATCH_COUNTERS; i++)
                w->counted[i] = w->counters[i] - w->counters_began[i];
}
