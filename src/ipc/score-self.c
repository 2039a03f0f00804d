/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/parse.h"
#include "ipc/score-self.h"

void score_self_open(ScoreSelf *s)
{
        int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        *s = (ScoreSelf){.memory = fd < 0 ? -EBADF : fd, .files = opendir("/proc/self/fd")};
}

void score_self_done(ScoreSelf *s)
{
        fd_close_p(&s->memory);
        if (s->files)
                (void)closedir(s->files);
        s->files = NULL;
}

/* The second number of statm: pages. */
bool score_self_memory(const ScoreSelf *s, uint64_t *ret)
{
        char text[128];
        ssize_t n = s->memory < 0 ? -1 : pread(s->memory, text, sizeof(text), 0);
        Span rest = n > 0 ? span_from(text, (size_t)n) : SPAN_NONE, word;
        uint64_t pages;
        if (!span_next(&rest, ' ', &word) || !span_next(&rest, ' ', &word) || parse_u64(word, &pages) != 0)
                return false;
        *ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
        return true;
}

/* Newer kernels say it as the size of the directory, older ones want it read. */
bool score_self_files(const ScoreSelf *s, uint64_t *ret)
{
        struct stat st;
        if (!s->files || fstat(dirfd(s->files), &st) < 0)
                return false;
        uint64_t n = (uint64_t)st.st_size;
        if (n == 0) {
                rewinddir(s->files);
                for (const struct dirent *e; (e = readdir(s->files));)
                        n += e->d_name[0] != '.';
        }
        *ret = n;
        return true;
}

static uint64_t usec_of(struct timeval t)
{
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

bool score_self_cpu(uint64_t *ret_usec)
{
        struct rusage usage;
        if (getrusage(RUSAGE_SELF, &usage) < 0)
                return false;
        *ret_usec = usec_of(usage.ru_utime) + usec_of(usage.ru_stime);
        return true;
}
