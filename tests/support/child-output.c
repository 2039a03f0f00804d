/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts that write: too much, too long, too deep, or what is no text. And
 * `report`, which says how the child was started.
 */
#include "support/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { CHUNK = 65536 };

static void flood(int fd, const char *line, uint64_t bytes)
{
        static char chunk[CHUNK];
        size_t n = strlen(line), used = 0;
        while (used + n <= sizeof(chunk)) {
                memcpy(chunk + used, line, n);
                used += n;
        }
        for (uint64_t left = bytes; bytes == 0 || left > 0;) {
                size_t k = bytes == 0 ? used : MIN(used, left);
                write_all(fd, chunk, k);
                left -= k;
        }
}

void act_flood_stderr(const char **args)
{
        flood(STDERR_FILENO,
              "child: one line of a flood, as long as lines of a log are, and then some more\n",
              number(args[0]));
}

void act_flood_stdout(const char **args)
{
        flood(STDOUT_FILENO,
              "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
              "\"params\":{\"level\":\"info\",\"data\":\"one line of a flood\"}}\n",
              number(args[0]));
}

void act_long_line(const char **args)
{
        flood(STDOUT_FILENO, "x", number(args[0]));
}

void act_long_stderr_line(const char **args)
{
        flood(STDERR_FILENO, "x", number(args[0]));
}

void act_partial_line(const char **args UNUSED)
{
        say(STDOUT_FILENO, "{\"jsonrpc\":\"2.0\",");
        say(STDERR_FILENO, "child: half a line");
}

void act_garbage(const char **args UNUSED)
{
        static const char bytes[] =
                "\xff\xfe\xc0\xaf\xed\xa0\x80 nul:\0 bell:\a escape:\x1b[2J\x1b]0;title\a "
                "return:\r bidi:\xe2\x80\xae end\n";
        write_all(STDOUT_FILENO, bytes, sizeof(bytes) - 1);
        write_all(STDERR_FILENO, bytes, sizeof(bytes) - 1);
}

void act_deep_json(const char **args)
{
        uint64_t n = number(args[0]);
        for (uint64_t i = 0; i < n; i++)
                write_all(STDOUT_FILENO, "[", 1);
        for (uint64_t i = 0; i < n; i++)
                write_all(STDOUT_FILENO, "]", 1);
        write_all(STDOUT_FILENO, "\n", 1);
}

static void report_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        if (dir == NULL) {
                say(STDERR_FILENO, "child: fds unknown\n");
                return;
        }
        for (struct dirent *e; (e = readdir(dir)) != NULL;)
                if (e->d_name[0] != '.' && number(e->d_name) != (uint64_t)dirfd(dir)) {
                        char to[256] = "";
                        if (readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1) >= 0)
                                say(STDERR_FILENO, "child: fd %s %s\n", e->d_name, to);
                }
        closedir(dir);
}

/* The lines of a file of /proc/self that begin with one of these words. */
static void report_lines(const char *path, const char *const *words)
{
        FILE *file = fopen(path, "re");
        char line[512];
        while (file && fgets(line, sizeof(line), file))
                for (const char *const *w = words; *w; w++)
                        if (strncmp(line, *w, strlen(*w)) == 0)
                                say(STDERR_FILENO, "child: %s", line);
        if (file)
                fclose(file);
}

void act_report(const char **args UNUSED)
{
        static const char *const status[] = {
                "Uid:",    "Gid:",    "Groups:", "SigBlk:", "SigIgn:",     "SigCgt:",
                "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "NoNewPrivs:", NULL};
        static const char *const any[] = {"", NULL};
        struct rlimit nofile = {0}, core = {0};
        char cwd[256] = "?";
        mode_t mask = umask(0);
        umask(mask);
        getrlimit(RLIMIT_NOFILE, &nofile);
        getrlimit(RLIMIT_CORE, &core);
        say(STDERR_FILENO, "child: pid %d ppid %d pgrp %d sid %d umask %03o\n", (int)getpid(), (int)getppid(),
            (int)getpgrp(), (int)getsid(0), (unsigned)mask);
        say(STDERR_FILENO, "child: nofile %llu %llu core %llu %llu\n", (unsigned long long)nofile.rlim_cur,
            (unsigned long long)nofile.rlim_max, (unsigned long long)core.rlim_cur,
            (unsigned long long)core.rlim_max);
        say(STDERR_FILENO, "child: cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
        report_lines("/proc/self/status", status);
        report_lines("/proc/self/cgroup", any);
        report_fds();
        for (char **e = environ; *e; e++)
                say(STDERR_FILENO, "child: env %s\n", *e);
        say(STDERR_FILENO, "child: end of report\n");
}
