/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts that leave processes behind or make many of them. Whoever is forked
 * for good is there and set up before the act goes on.
 */
#include "support/child.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { BOMB_PAUSE_MS = 200 }; /* after a fork that was refused: others shall get to run in a VM */

int null_stdio(bool keep_stdout)
{
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
                if (i == STDOUT_FILENO && keep_stdout)
                        continue;
                if (fd < 0)
                        close(i);
                else
                        dup2(fd, i);
        }
        return fd;
}

static pid_t fork_or_break(const char *what)
{
        pid_t pid = fork();
        if (pid < 0)
                broken(what);
        return pid;
}

/* Ends when every holder of the writing end has closed it or died. */
static void wait_for_eof(int fd)
{
        char c;
        while (read(fd, &c, 1) < 0 && errno == EINTR)
                ;
}

static void make_pipe(int *ends)
{
        if (pipe2(ends, O_CLOEXEC) < 0)
                broken("pipe");
}

/* A child that stays; returns in the parent when it is set up. */
static void fork_stayer(const char *what, bool keep_stdout)
{
        int ready[2];
        make_pipe(ready);
        if (fork_or_break(what) == 0) {
                struct sigaction ignore = {.sa_handler = SIG_IGN};
                sigaction(SIGTERM, &ignore, NULL);
                null_stdio(keep_stdout);
                note_pid("left");
                close(ready[0]);
                close(ready[1]);
                wait_for_ever();
        }
        close(ready[1]);
        wait_for_eof(ready[0]);
        close(ready[0]);
}

void act_leave_grandchild(const char **args UNUSED)
{
        fork_stayer("leave-grandchild", false);
        _exit(0);
}

void act_hold_stdout(const char **args UNUSED)
{
        fork_stayer("hold-stdout", true);
        _exit(0);
}

void act_daemonize(const char **args UNUSED)
{
        int ready[2];
        make_pipe(ready);
        pid_t pid = fork_or_break("daemonize");
        if (pid == 0) {
                setsid();
                if (fork_or_break("daemonize") != 0)
                        _exit(0);
                null_stdio(false);
                note_pid("left");
                close(ready[0]);
                close(ready[1]);
                wait_for_ever();
        }
        close(ready[1]);
        waitpid(pid, NULL, 0);
        wait_for_eof(ready[0]);
        close(ready[0]);
}

/*
 * Two children each, while there are fewer than the bound; one that ends is
 * replaced. Who ends counts as alive until its parent has reaped it, and for
 * ever when that is gone too: never more than the bound live at once.
 */
static void bomb(_Atomic int64_t *alive, int64_t bound)
{
        for (unsigned mine = 0;;) {
                while (mine < 2) {
                        if (bound > 0 && (*alive)++ >= bound) {
                                (*alive)--;
                                break;
                        }
                        pid_t pid = fork();
                        if (pid == 0)
                                mine = 0;
                        else if (pid > 0)
                                mine++;
                        else if (bound > 0)
                                (*alive)--;
                        if (pid < 0) {
                                wait_ms(BOMB_PAUSE_MS);
                                break;
                        }
                }
                if (mine > 0 && waitpid(-1, NULL, bound > 0 || mine == 2 ? 0 : WNOHANG) > 0) {
                        (*alive)--;
                        mine--;
                } else if (mine == 0 && bound > 0) {
                        wait_for_ever();
                }
        }
}

void act_forkbomb(const char **args)
{
        int64_t bound = (int64_t)number(args[0]);
        _Atomic int64_t *alive = mmap(NULL, sizeof(*alive), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (alive == MAP_FAILED)
                broken("forkbomb");
        *alive = 1;
        if (fork_or_break("forkbomb") == 0)
                bomb(alive, bound);
}

void act_zombies(const char **args)
{
        for (uint64_t n = number(args[0]); n > 0; n--) {
                siginfo_t info;
                pid_t pid = fork_or_break("zombies");
                if (pid == 0)
                        _exit(0);
                waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
        }
        note_pid("zombies-made");
}

/* They wait for the end of a pipe, which comes when they are orphans already. */
void act_orphans(const char **args)
{
        int go[2];
        make_pipe(go);
        pid_t middle = fork_or_break("orphans");
        if (middle == 0) {
                close(go[1]);
                for (uint64_t n = number(args[0]); n > 0; n--)
                        if (fork_or_break("orphans") == 0) {
                                wait_for_eof(go[0]);
                                _exit(0);
                        }
                _exit(0);
        }
        int status;
        waitpid(middle, &status, 0);
        note_pid(status == 0 ? "orphans-made" : "orphans-failed");
        close(go[1]);
        close(go[0]);
}

static void *stay(void *unused UNUSED)
{
        wait_for_ever();
}

void act_leader_thread_exits(const char **args UNUSED)
{
        pthread_t thread;
        if (pthread_create(&thread, NULL, stay, NULL) != 0)
                broken("leader-thread-exits");
        note_pid("left");
        syscall(SYS_exit, 0);
}
