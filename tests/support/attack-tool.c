/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps that attempts of several topics take, and the process that they are
 * made against.
 */
#include "support/attacker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>

enum { NAME_MAX_HERE = 64, PATH_HERE = 512 };

void attack_broken(void)
{
        _exit(ATTACK_BROKEN);
}

int attack_result(long r)
{
        return r < 0 ? errno : 0;
}

static Text find(const AttackContext *c, const char *name, size_t n)
{
        char key[NAME_MAX_HERE];
        if (n >= sizeof(key))
                attack_broken();
        memcpy(key, name, n);
        key[n] = '\0';
        Text t = member(c->json, key);
        if (t.n == 0)
                _exit(ATTACK_NO_CONTEXT);
        return t;
}

/* What is returned lives as long as the attempt's process. */
const char *attack_place(const AttackContext *c, const char *text)
{
        if (!text || *text != '@')
                return text;
        size_t n = strcspn(text + 1, "/:"), length;
        Text t = find(c, text + 1, n);
        char *value = *t.at == '"' ? string_of(t, &length) : strndup(t.at, t.n), *path;
        if (!value || asprintf(&path, "%s%s", value, text + 1 + n) < 0)
                attack_broken();
        free(value);
        return path;
}

long attack_number(const AttackContext *c, const char *name)
{
        return (long)number_of(find(c, name, strlen(name)), 0);
}

/* /proc/@NAME/...: the name stands inside. */
static const char *place_of(const AttackContext *c, const char *text)
{
        static char path[PATH_HERE];
        const char *at = strchr(text, '@');
        if (!at || at == text)
                return attack_place(c, text);
        snprintf(path, sizeof(path), "%.*s%s", (int)(at - text), text, attack_place(c, at));
        return path;
}

int attack_open(const AttackContext *c, const Attempt *a)
{
        char byte;
        int fd = open(place_of(c, a->text), (int)a->number | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0)
                return errno;
        if ((a->number & (O_ACCMODE | O_PATH | O_DIRECTORY)) != O_RDONLY)
                return 0;
        ssize_t n = read(fd, &byte, 1);
        return n < 0 ? errno : n == 0 ? ENODATA : 0;
}

int attack_call(const AttackContext *c, const Attempt *a)
{
        uint64_t v[CALL_ARGS];
        for (size_t i = 0; i < CALL_ARGS; i++)
                v[i] = a->args[i] == ZEROS ? c->zeros : a->args[i];
        return attack_result(syscall(a->number, v[0], v[1], v[2], v[3], v[4], v[5]));
}

/* For what the process that does it cannot itself tell, or would not come back from. */
int attack_child(int (*run)(const AttackContext *c, const Attempt *a), const AttackContext *c,
                 const Attempt *a)
{
        int status;
        pid_t pid = fork();
        if (pid < 0)
                return errno;
        if (pid == 0)
                _exit(run(c, a));
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                attack_broken();
        return WEXITSTATUS(status);
}

/* ---- the victim ----------------------------------------------------------------------------- */

static const char secret[] = "the-secret-of-the-victim";

static void tell(int signo UNUSED)
{
        static const char line[] = "signalled\n";
        (void)!write(STDOUT_FILENO, line, sizeof(line) - 1);
}

int attack_victim(bool shut)
{
        struct sigaction urgent = {.sa_handler = tell, .sa_flags = SA_RESTART};
        int pipe_fds[2];
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        key_t key = getpid(); /* in the ipc namespace of the test there are no others */
        if (shut && prctl(PR_SET_DUMPABLE, 0) < 0)
                return ATTACK_BROKEN;
        if (pipe(pipe_fds) < 0 || write(pipe_fds[1], secret, sizeof(secret)) < 0 ||
            sigaction(SIGURG, &urgent, NULL) < 0 || shmget(key, sizeof(secret), IPC_CREAT | 0600) < 0 ||
            semget(key, 1, IPC_CREAT | 0600) < 0 || msgget(key, IPC_CREAT | 0600) < 0)
                return ATTACK_BROKEN;
        printf("{\"pid\":%d,\"fd\":%d,\"ipc\":%d,\"address\":%llu}\n", (int)getpid(), pipe_fds[0], (int)key,
               (unsigned long long)(uintptr_t)secret);
        (void)fflush(stdout);
        while (poll(&p, 1, -1) <= 0)
                ;
        return 0;
}
