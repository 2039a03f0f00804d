/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child ACT[+ACT...] [ARGUMENT...]: acts from the table, from left to right;
 * each takes its arguments from the command line in that order. What is left
 * over is ignored, so that a test can mark its own (pgrep -f). Afterwards it
 * goes on serving when `mcp` was among them, and else stays for ever.
 */
#include "support/child.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>

enum { ARGS_MAX = 16, NS_PER_MS = 1000000, MS_PER_S = 1000 };

bool child_serves, child_ignores_eof;

void broken(const char *what)
{
        say(STDERR_FILENO, "child: %s: %s\n", what, strerror(errno));
        _exit(CHILD_EXIT_BROKEN);
}

uint64_t number(const char *text)
{
        char *end;
        errno = 0;
        unsigned long long n = strtoull(text, &end, 10);
        if (errno != 0 || end == text || *end != '\0')
                broken(text);
        return n;
}

void wait_ms(uint64_t ms)
{
        struct timespec t = {(time_t)(ms / MS_PER_S), (long)(ms % MS_PER_S) * NS_PER_MS};
        while (nanosleep(&t, &t) != 0)
                ;
}

void wait_for_ever(void)
{
        for (;;)
                pause();
}

void write_all(int fd, const void *data, size_t n)
{
        for (const char *p = data; n > 0;) {
                ssize_t k = write(fd, p, n);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        _exit(CHILD_EXIT_BROKEN);
                p += k;
                n -= (size_t)k;
        }
}

void say(int fd, const char *format, ...)
{
        char line[512];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        if (n > 0)
                write_all(fd, line, MIN((size_t)n, sizeof(line) - 1));
}

void note_pid(const char *what)
{
        const char *path = getenv("CHILD_LOG");
        int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
        if (fd < 0)
                return;
        say(fd, "%s %d\n", what, (int)getpid());
        close(fd);
}

static void act_exit(const char **args)
{
        _exit((int)number(args[0]));
}

static void act_crash(const char **args)
{
        int signo = (int)number(args[0]);
        struct sigaction fallback = {.sa_handler = SIG_DFL};
        struct rlimit no_core = {0, 0};
        sigset_t none;
        sigemptyset(&none);
        setrlimit(RLIMIT_CORE, &no_core);
        sigaction(signo, &fallback, NULL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        raise(signo);
}

static void act_ignore_term(const char **args UNUSED)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigaction(SIGTERM, &ignore, NULL);
}

static void act_ignore_eof(const char **args UNUSED)
{
        child_ignores_eof = true;
}

static void leave(int signo UNUSED)
{
        _exit(0);
}

static void act_slow_handler(const char **args)
{
        struct sigaction handler = {.sa_handler = leave};
        wait_ms(number(args[0]));
        sigaction(SIGTERM, &handler, NULL);
}

static void act_wait(const char **args)
{
        wait_ms(number(args[0]));
}

static void act_go(const char **args)
{
        char c;
        int fd = open(args[0], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                broken(args[0]);
        while (read(fd, &c, 1) < 0 && errno == EINTR)
                ;
        close(fd);
}

static void act_close_stdin(const char **args UNUSED)
{
        close(STDIN_FILENO);
}

static void act_close_stdout(const char **args UNUSED)
{
        close(STDOUT_FILENO);
}

static void act_close_all(const char **args UNUSED)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                close(fd);
}

static void act_never_read(const char **args UNUSED)
{
        wait_for_ever();
}

static void act_stop_self(const char **args UNUSED)
{
        raise(SIGSTOP);
}

static void act_spin(const char **args UNUSED)
{
        for (volatile unsigned n = 0;; n++)
                ;
}

static void act_eat_memory(const char **args)
{
        uint64_t bytes = number(args[0]);
        char *memory = malloc(bytes);
        if (memory == NULL)
                broken("eat-memory");
        for (uint64_t i = 0; i < bytes; i += 4096)
                ((volatile char *)memory)[i] = 1;
}

const Act child_acts[] = {
        {"mcp", "", IN_TURN, act_mcp,
         "answers initialize, goes on when told `initialized`; in the end serves until EOF"},
        {"ignore-eof", "", BEFORE, act_ignore_eof, "as a server it stays when its stdin ends"},
        {"ignore-term", "", BEFORE, act_ignore_term, "ignores SIGTERM; whatever it forks does so too"},
        {"slow-handler", "MS", BEFORE, act_slow_handler,
         "has a handler for SIGTERM after MS only, which exits 0"},
        {"slow-start", "MS", BEFORE, act_wait, "does nothing at all for MS first"},
        {"wait", "MS", IN_TURN, act_wait, "does nothing for MS, then what follows"},
        {"go", "FIFO", IN_TURN, act_go, "waits until somebody has opened that FIFO to write"},
        {"exit", "STATUS", IN_TURN, act_exit, "exits"},
        {"crash", "SIGNAL", IN_TURN, act_crash, "dies of that signal (a number), without a core"},
        {"leave-grandchild", "", IN_TURN, act_leave_grandchild,
         "exits 0; its child stays and ignores SIGTERM"},
        {"daemonize", "", IN_TURN, act_daemonize, "double fork and setsid: the daemon stays, and so does it"},
        {"hold-stdout", "", IN_TURN, act_hold_stdout,
         "exits 0; its child stays with nothing but stdout open"},
        {"forkbomb", "N", IN_TURN, act_forkbomb,
         "a tree that grows to N processes and mends itself; 0: no bound"},
        {"zombies", "N", IN_TURN, act_zombies, "N children that have exited, and that it never reaps"},
        {"orphans", "N", IN_TURN, act_orphans,
         "N grandchildren without a parent, which then exit all at once"},
        {"leader-thread-exits", "", IN_TURN, act_leader_thread_exits,
         "its first thread ends while another lives on"},
        {"close-stdin", "", IN_TURN, act_close_stdin, "closes its stdin and stays"},
        {"close-stdout", "", IN_TURN, act_close_stdout, "closes its stdout and stays"},
        {"close-all", "", IN_TURN, act_close_all, "closes 0, 1 and 2 and stays"},
        {"never-read", "", IN_TURN, act_never_read, "never again reads its stdin; nothing can follow"},
        {"stop-self", "", IN_TURN, act_stop_self, "stops itself by SIGSTOP"},
        {"spin", "", IN_TURN, act_spin, "burns a CPU; nothing can follow"},
        {"eat-memory", "BYTES", IN_TURN, act_eat_memory, "takes so much memory and touches each page"},
        {"flood-stderr", "BYTES", IN_TURN, act_flood_stderr, "so many bytes of lines to stderr; 0: no end"},
        {"flood-stdout", "BYTES", IN_TURN, act_flood_stdout, "the same to stdout, as JSON-RPC notifications"},
        {"long-line", "BYTES", IN_TURN, act_long_line, "so many bytes without a newline to stdout"},
        {"long-stderr-line", "BYTES", IN_TURN, act_long_stderr_line, "the same to stderr"},
        {"partial-line", "", IN_TURN, act_partial_line, "half a line to stdout and to stderr"},
        {"garbage", "", IN_TURN, act_garbage, "invalid UTF-8, NUL and escapes to stdout and to stderr"},
        {"deep-json", "N", IN_TURN, act_deep_json, "a line of N nested arrays to stdout"},
        {"kill-parent", "", IN_TURN, act_kill_parent,
         "ptraces and signals its parent and that one's parent, and says how each try ended on stderr"},
        {"kill-group", "", IN_TURN, act_kill_group, "kill(0): refuses when its parent is in its group"},
        {"kill-all", "NAME", IN_TURN, act_kill_all,
         "kill(-1): refuses when PID 1 has another name; NAME -: when it is in no pid namespace of its own"},
        {"report", "", IN_TURN, act_report,
         "says on stderr how it was started: ids, signals, descriptors, limits"},
        {0},
};

static const Act *find(const char *name, size_t n)
{
        for (const Act *a = child_acts; a->name; a++)
                if (strlen(a->name) == n && memcmp(a->name, name, n) == 0)
                        return a;
        say(STDERR_FILENO, "child: no such act: %s\n", name);
        _exit(CHILD_EXIT_BROKEN);
}

static void help(void)
{
        for (const Act *a = child_acts; a->name; a++)
                say(STDOUT_FILENO, "%-20s %-7s %s\n", a->name, a->args, a->help);
}

/* Each act of that time, with its own arguments. */
static void run(When when, const char *acts, const char **args)
{
        for (size_t n; *acts; acts += n + (acts[n] == '+')) {
                n = strcspn(acts, "+");
                const Act *a = find(acts, n);
                if (a->args[0] != '\0' && *args == NULL) {
                        say(STDERR_FILENO, "child: %s needs %s\n", a->name, a->args);
                        _exit(CHILD_EXIT_BROKEN);
                }
                if (a->when == when) {
                        note_pid(a->name);
                        a->run(args);
                }
                args += a->args[0] != '\0';
        }
}

int main(int argc, char **argv)
{
        const char *args[ARGS_MAX] = {0};
        if (argc < 2 || strcmp(argv[1], "--help") == 0) {
                help();
                return argc < 2;
        }
        for (int i = 2; i < argc && i < ARGS_MAX + 1; i++)
                args[i - 2] = argv[i];
        run(BEFORE, argv[1], args);
        run(IN_TURN, argv[1], args);
        note_pid("stays");
        if (child_serves)
                mcp_serve();
        wait_for_ever();
}
