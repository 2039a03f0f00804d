/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of `guest`: what a shell script cannot do, or not without asking
 * again and again. Each waits for an event where the kernel has one.
 */
#include "vm/guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { EXIT_PORT = 0xf4, TRIES_PER_S = 1000, NS_PER_MS = 1000000, MS_PER_S = 1000 };

/* Processes with such a name, their zombies apart. */
typedef struct Count {
        unsigned live, zombies, stopped; /* who is stopped lives */
        pid_t first;                     /* of those that live */
} Count;

void broken(const char *what)
{
        fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
        _exit(GUEST_BROKEN);
}

static int64_t now_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / NS_PER_MS;
}

/* For what the kernel has no event. */
static void breathe(void)
{
        nanosleep(&(struct timespec){.tv_nsec = MS_PER_S * NS_PER_MS / TRIES_PER_S}, NULL);
}

static int64_t deadline_of(const char *seconds)
{
        return now_ms() + strtol(seconds, NULL, 10) * MS_PER_S;
}

static int left_of(int64_t deadline)
{
        return (int)MAX(deadline - now_ms(), 0);
}

/* exit CODE: the machine is off; its result is the code. */
static int duty_exit(char **args)
{
        sync();
        if (ioperm(EXIT_PORT, 1, 1) < 0)
                broken("ioperm");
        outb((unsigned char)strtol(args[0], NULL, 10), EXIT_PORT);
        return GUEST_BROKEN;
}

/* await PATH SECONDS: until it exists; its directory exists already. */
static int duty_await(char **args)
{
        int64_t deadline = deadline_of(args[1]);
        char *dir = strdup(args[0]), event[4096];
        int watch = inotify_init1(IN_CLOEXEC);
        if (dir == NULL || watch < 0)
                broken("await");
        *strrchr(dir, '/') = '\0';
        if (inotify_add_watch(watch, dir[0] ? dir : "/", IN_CREATE | IN_MOVED_TO) < 0)
                broken(dir);
        while (access(args[0], F_OK) != 0) {
                struct pollfd p = {.fd = watch, .events = POLLIN};
                if (poll(&p, 1, left_of(deadline)) <= 0)
                        return 1;
                if (read(watch, event, sizeof(event)) < 0)
                        broken("read");
        }
        free(dir);
        close(watch);
        return 0;
}

static int open_events(const char *cgroup)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/cgroup.events", cgroup);
        return open(path, O_RDONLY | O_CLOEXEC);
}

static bool says(int events, const char *what)
{
        char text[256];
        ssize_t n = pread(events, text, sizeof(text) - 1, 0);
        text[MAX(n, 0)] = '\0';
        return n > 0 && strstr(text, what) != NULL;
}

/* empty CGROUP SECONDS: until no process is in it; one that is gone is empty. */
static int duty_empty(char **args)
{
        int64_t deadline = deadline_of(args[1]);
        struct pollfd p = {.fd = open_events(args[0]), .events = POLLPRI};
        while (p.fd >= 0 && says(p.fd, "populated 1"))
                if (poll(&p, 1, left_of(deadline)) <= 0)
                        return 1;
        if (p.fd >= 0)
                close(p.fd);
        return 0;
}

/* frozen CGROUP SECONDS: until all of it is. */
static int duty_frozen(char **args)
{
        int64_t deadline = deadline_of(args[1]);
        struct pollfd p = {.fd = open_events(args[0]), .events = POLLPRI};
        while (p.fd >= 0 && !says(p.fd, "frozen 1"))
                if (poll(&p, 1, left_of(deadline)) <= 0)
                        return 1;
        return p.fd < 0;
}

static pid_t parent_by_proc(void)
{
        char text[512] = "";
        int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
                broken("/proc/self/stat");
        close(fd);
        const char *end = strrchr(text, ')');
        return end ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

/* Who gets our orphans, by its number in this /proc, which may be that of another pid namespace. */
static pid_t reaper_of_orphans(void)
{
        int told[2];
        pid_t reaper = 0, pid;
        if (pipe2(told, O_CLOEXEC) < 0 || (pid = fork()) < 0)
                broken("fork");
        if (pid == 0) {
                pid_t middle = getpid();
                if (fork() != 0)
                        _exit(0);
                while (getppid() == middle)
                        breathe();
                reaper = parent_by_proc();
                _exit(write(told[1], &reaper, sizeof(reaper)) < 0);
        }
        waitpid(pid, NULL, 0);
        if (read(told[0], &reaper, sizeof(reaper)) != sizeof(reaper) || reaper <= 0)
                broken("no reaper");
        close(told[0]);
        close(told[1]);
        return reaper;
}

/* Its children, zombies too. */
static unsigned orphans(pid_t reaper)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)reaper, (int)reaper);
        FILE *file = fopen(path, "re");
        unsigned n = 0;
        if (file == NULL)
                broken(path);
        for (int c; (c = getc(file)) != EOF;)
                n += c == ' ';
        fclose(file);
        return n;
}

/* N children of a process that then waits: zombies already, or (live) such as die when it does. */
static void make_children(unsigned n, bool live, int ready, int go)
{
        char c;
        for (; n > 0; n--) {
                siginfo_t info;
                pid_t pid = fork();
                if (pid < 0)
                        broken("fork");
                if (pid == 0 && live && (close(ready) < 0 || read(go, &c, 1) < 0))
                        broken("read");
                if (pid == 0)
                        _exit(0);
                if (!live)
                        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
        }
        close(ready);
        if (read(go, &c, 1) < 0)
                broken("read");
        _exit(0);
}

/*
 * orphans live|zombies N MS: that many lose their parent at once; how many ms
 * until whoever gets them has reaped them, and how many are left.
 */
static int duty_orphans(char **args)
{
        pid_t reaper = reaper_of_orphans();
        unsigned n = (unsigned)strtoul(args[1], NULL, 10), before = orphans(reaper), left;
        int ready[2], go[2];
        char c;
        if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
                broken("pipe");
        pid_t pid = fork();
        if (pid < 0)
                broken("fork");
        if (pid == 0) {
                close(go[1]);
                make_children(n, strcmp(args[0], "live") == 0, ready[1], go[0]);
        }
        close(ready[1]);
        if (read(ready[0], &c, 1) < 0)
                broken("read");
        int64_t start = now_ms(), limit = strtol(args[2], NULL, 10);
        close(go[1]);
        waitpid(pid, NULL, 0);
        while ((left = orphans(reaper)) > before && now_ms() - start <= limit)
                breathe();
        printf("%lld %u\n", (long long)(now_ms() - start), left > before ? left - before : 0);
        return left > before;
}

/* Whether it has that name; its state. */
static bool is_named(const char *pid, const char *name, char *ret_state)
{
        char path[300], line[512] = "";
        snprintf(path, sizeof(path), "/proc/%s/stat", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
        if (fd >= 0)
                close(fd);
        char *comm = strchr(line, '('), *end = strrchr(line, ')');
        if (n <= 0 || comm == NULL || end == NULL)
                return false;
        *ret_state = end[2];
        return strlen(name) == (size_t)(end - comm - 1) && memcmp(comm + 1, name, strlen(name)) == 0;
}

/* With a pidfd of the first that lives, if there is one. */
static Count count_named(const char *name, int *ret_pidfd)
{
        Count count = {0};
        DIR *proc = opendir("/proc");
        char state;
        if (proc == NULL)
                broken("/proc");
        for (struct dirent *e; (e = readdir(proc)) != NULL;) {
                if (e->d_name[0] < '1' || e->d_name[0] > '9' || !is_named(e->d_name, name, &state))
                        continue;
                if (state == 'Z' || state == 'X')
                        count.zombies++;
                else if (count.live++ == 0)
                        count.first = (pid_t)strtol(e->d_name, NULL, 10);
                count.stopped += state == 'T';
        }
        closedir(proc);
        if (ret_pidfd && count.first > 0)
                *ret_pidfd = (int)syscall(SYS_pidfd_open, count.first, 0);
        return count;
}

/* count NAME: how many live, how many are zombies. */
static int duty_count(char **args)
{
        Count count = count_named(args[0], NULL);
        printf("%u %u\n", count.live, count.zombies);
        return 0;
}

/* pid NAME: of one that lives. */
static int duty_pid(char **args)
{
        Count count = count_named(args[0], NULL);
        printf("%d\n", (int)count.first);
        return count.live == 0;
}

/* reach NAME N SECONDS: until so many live. */
static int duty_reach(char **args)
{
        unsigned n = (unsigned)strtoul(args[1], NULL, 10);
        int64_t deadline = deadline_of(args[2]);
        while (count_named(args[0], NULL).live < n && now_ms() < deadline)
                breathe();
        return count_named(args[0], NULL).live < n;
}

/* stopped NAME SECONDS: until one has stopped. */
static int duty_stopped(char **args)
{
        int64_t deadline = deadline_of(args[1]);
        while (count_named(args[0], NULL).stopped == 0 && now_ms() < deadline)
                breathe();
        return count_named(args[0], NULL).stopped == 0;
}

/* gone NAME MS: until nobody of that name is left, not even a zombie; says how many ms that took. */
static int duty_gone(char **args)
{
        int64_t start = now_ms(), limit = strtol(args[1], NULL, 10);
        for (;;) {
                int pidfd = -1;
                Count count = count_named(args[0], &pidfd);
                int64_t taken = now_ms() - start;
                if (count.live + count.zombies == 0 || taken > limit) {
                        printf("%lld\n", (long long)taken);
                        return count.live + count.zombies > 0;
                }
                struct pollfd p = {.fd = pidfd, .events = POLLIN};
                if (pidfd < 0)
                        breathe();
                else
                        poll(&p, 1, (int)MAX(limit - taken, 0));
                if (pidfd >= 0)
                        close(pidfd);
        }
}

/* over PID MS: until that process has ended. */
static int duty_over(char **args)
{
        struct pollfd p = {.events = POLLIN};
        p.fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(args[0], NULL, 10), 0);
        return p.fd >= 0 && poll(&p, 1, (int)strtol(args[1], NULL, 10)) <= 0;
}

/* reap: as PID 1, of whatever others leave. */
static int duty_reap(char **args UNUSED)
{
        while (wait(NULL) > 0)
                ;
        return 0;
}

/* stay: for ever. */
static int duty_stay(char **args UNUSED)
{
        while (pause() < 0)
                ;
        return 0;
}

static const struct {
        const char *name;
        int n_args;
        int (*run)(char **args);
} duties[] = {
        {"exit", 1, duty_exit},       {"await", 2, duty_await},     {"empty", 2, duty_empty},
        {"count", 1, duty_count},     {"orphans", 3, duty_orphans}, {"over", 2, duty_over},
        {"gone", 2, duty_gone},       {"frozen", 2, duty_frozen},   {"pid", 1, duty_pid},
        {"reach", 3, duty_reach},     {"reap", 0, duty_reap},       {"stay", 0, duty_stay},
        {"stopped", 2, duty_stopped},
};

int main(int argc, char **argv)
{
        if (getpid() == 1 && argc > 1 && argv[1][0] == '/')
                guest_init(argv + 1);
        for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(duties); i++)
                if (strcmp(argv[1], duties[i].name) == 0 && argc - 2 == duties[i].n_args)
                        return duties[i].run(argv + 2);
        fprintf(stderr, "guest: no such duty, or not with so many arguments: %s\n", argc > 1 ? argv[1] : "");
        return GUEST_BROKEN;
}
