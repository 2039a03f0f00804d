/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "spawn/helper.h"
#include "spawn/id-map.h"

/*
 * Who descends from us, without a heap: from parent to child where the kernel
 * lists those (walk.c), else the numbers in /proc, and for each the way up by
 * its parents. What was found on a way is remembered for the others, so that
 * one pass reads each process about once.
 */

enum { KNOWN_SIZE = 1024, DENTS_SIZE = 4096, STAT_SIZE = 512, WAY_MAX = 64, DECIMAL = 10 };

typedef struct Known {
        pid_t pid;
        bool ours;
} Known;

static Known known[KNOWN_SIZE];
static char dents[DENTS_SIZE] __attribute__((aligned(8)));

typedef struct Dent { /* linux_dirent64 */
        uint64_t ino;
        int64_t off;
        uint16_t len;
        uint8_t type;
        char name[];
} Dent;

/* 0: no number. */
static pid_t number(const char *s)
{
        int64_t n = 0;
        for (; *s >= '0' && *s <= '9' && n < INT32_MAX; s++)
                n = n * DECIMAL + (*s - '0');
        return *s == '\0' || *s == ' ' ? (pid_t)MIN(n, INT32_MAX) : 0;
}

/* 0: there is no such process. The leader thread of one that lives may have ended: 'Z' is no end. */
static pid_t parent_of(pid_t pid, bool *ret_zombie)
{
        char path[32] = "/proc/", text[STAT_SIZE];
        char *end = number_text(path + sizeof("/proc/") - 1, pid);
        memcpy(end, "/stat", sizeof("/stat"));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        (void)close(fd);
        if (n <= 0)
                return 0;
        text[n] = '\0';
        const char *state = strrchr(text, ')'); /* a name may hold anything */
        if (!state || strlen(state) < sizeof(") S 1") - 1)
                return 0;
        *ret_zombie = state[2] == 'Z';
        return number(state + 4);
}

static bool is_ours(pid_t pid, pid_t self)
{
        pid_t way[WAY_MAX];
        size_t n = 0;
        bool ours = false, zombie;
        for (pid_t at = pid; at > 1 && n < WAY_MAX; at = parent_of(at, &zombie)) {
                const Known *k = &known[at % KNOWN_SIZE];
                if (at == self || (k->pid == at && k->ours)) {
                        ours = true;
                        break;
                }
                if (k->pid == at)
                        break;
                way[n++] = at;
        }
        while (n--)
                known[way[n] % KNOWN_SIZE] = (Known){way[n], ours};
        return ours;
}

/* How many of these live on. */
static int signal_some(const char *bytes, size_t n, int signo, pid_t self)
{
        int count = 0;
        for (size_t at = 0; at < n;) {
                const Dent *d = (const Dent *)(const void *)(bytes + at);
                pid_t pid = number(d->name);
                bool zombie = false;
                at += d->len;
                if (pid > 1 && pid != self && is_ours(pid, self) && kill(pid, signo) == 0)
                        count += parent_of(pid, &zombie) && !zombie;
        }
        return count;
}

bool process_is_zombie(pid_t pid)
{
        bool zombie = false;
        return parent_of(pid, &zombie) == 0 || zombie;
}

/* All processes of the machine: where it runs many, this takes long. */
static int search_signal(int signo)
{
        pid_t self = getpid();
        int count = 0;
        int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        memset(known, 0, sizeof(known));
        for (;;) {
                long n = syscall(SYS_getdents64, fd, dents, sizeof(dents));
                if (n < 0)
                        count = -errno;
                if (n <= 0)
                        break;
                count += signal_some(dents, (size_t)n, signo, self);
        }
        (void)close(fd);
        return count;
}

int descendants_signal(int signo)
{
        int n = walk_signal(signo);
        return n >= 0 ? n : search_signal(signo);
}
