/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "spawn/helper.h"
#include "spawn/id-map.h"

/*
 * Who descends from us, from parent to child: the kernel lists the children of
 * each thread, so that what else runs on the machine costs nothing. Without a
 * heap; a tree that does not fit is left to those who look at every process.
 */

enum { QUEUE_SIZE = 8192, DENTS_SIZE = 4096, TEXT_SIZE = 4096, PATH_SIZE = 64, DECIMAL = 10 };

static pid_t queue[QUEUE_SIZE];
static char dents[DENTS_SIZE] __attribute__((aligned(8)));
static char text[TEXT_SIZE];

typedef struct Walk {
        int signo;
        size_t known;  /* in the queue: found, in the order in which they were */
        int count;     /* got the signal, and live on */
        bool overflow; /* there are more */
} Walk;

typedef struct Dent { /* linux_dirent64 */
        uint64_t ino;
        int64_t off;
        uint16_t len;
        uint8_t type;
        char name[];
} Dent;

static char *task_path(char *path, pid_t pid)
{
        static const char proc[] = "/proc/", task[] = "/task";
        memcpy(path, proc, sizeof(proc));
        char *end = number_text(path + sizeof(proc) - 1, pid);
        memcpy(end, task, sizeof(task));
        return end + sizeof(task) - 1;
}

static void found(Walk *w, pid_t pid)
{
        if (w->known == QUEUE_SIZE) {
                w->overflow = true;
                return;
        }
        queue[w->known++] = pid;
}

/* "7 8 12 ", which a read may cut anywhere. */
static void take_children(Walk *w, int fd)
{
        int64_t number = 0;
        ssize_t n;
        while ((n = read(fd, text, sizeof(text))) > 0)
                for (ssize_t i = 0; i < n; i++) {
                        bool digit = text[i] >= '0' && text[i] <= '9';
                        if (digit && number < INT32_MAX)
                                number = number * DECIMAL + (text[i] - '0');
                        if (!digit && number > 0 && number <= INT32_MAX)
                                found(w, (pid_t)number);
                        if (!digit)
                                number = 0;
                }
        if (number > 0 && number <= INT32_MAX)
                found(w, (pid_t)number);
}

static void look_at_task(Walk *w, int tasks, const char *name)
{
        static const char children[] = "/children";
        char path[PATH_SIZE];
        size_t n = strlen(name);
        if (name[0] == '.' || n + sizeof(children) > sizeof(path))
                return;
        memcpy(path, name, n);
        memcpy(path + n, children, sizeof(children));
        int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return; /* it has ended */
        take_children(w, fd);
        (void)close(fd);
}

static void look_at(Walk *w, pid_t pid)
{
        char path[PATH_SIZE];
        long n;
        (void)task_path(path, pid);
        int tasks = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (tasks < 0)
                return;
        while ((n = syscall(SYS_getdents64, tasks, dents, sizeof(dents))) > 0)
                for (long at = 0; at < n;) {
                        const Dent *d = (const Dent *)(const void *)(dents + at);
                        look_at_task(w, tasks, d->name);
                        at += d->len;
                }
        (void)close(tasks);
}

/* Do the numbers in /proc mean what they mean to us, and does the kernel list children there? */
static bool can_walk(pid_t self)
{
        static const char children[] = "/children";
        char path[PATH_SIZE], number[24] = "";
        char *end = number_text(number, self);
        ssize_t n = readlink("/proc/self", path, sizeof(path));
        if (n != end - number || memcmp(path, number, (size_t)n) != 0)
                return false;
        end = task_path(path, self);
        *end++ = '/';
        end = number_text(end, self);
        memcpy(end, children, sizeof(children));
        return access(path, R_OK) == 0;
}

/* The first in the queue is us. Whoever is found is looked at before it gets the signal: its end takes its
 * children away from it. */
int walk_signal(int signo)
{
        Walk w = {.signo = signo, .known = 1};
        queue[0] = getpid();
        if (!can_walk(queue[0]))
                return -ENOSYS;
        for (size_t i = 0; i < w.known; i++) {
                look_at(&w, queue[i]);
                if (i > 0 && kill(queue[i], signo) == 0)
                        w.count += !process_is_zombie(queue[i]);
        }
        return w.overflow ? -EOVERFLOW : w.count;
}
