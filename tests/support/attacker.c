/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attacker list: every attempt as a line of JSON. attacker run [--only NAME]
 * [--context JSON]: tries them, each in a process of its own with a deadline,
 * and says what each came to. Without a fence it does what it says: run it as
 * root only in namespaces of its own, as tests/system/escape.py does.
 */
#include "support/attacker.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { DEADLINE_S = 5, EXIT_USAGE = 2, OWN_MAX = 64, FD_LOOK = 1024 };

const AttackTopic attack_topics[] = {
        {"read", attack_read},
        {"write", attack_write},
        {"proc", attack_proc},
        {"device", attack_device},
        {"process", attack_process},
        {"signal", attack_signal},
        {"namespace", attack_namespace},
        {"mount", attack_mount},
        {"kernel", attack_kernel},
        {"socket", attack_socket},
        {"reach", attack_reach},
        {"self", attack_self},
        {"abi", attack_abi},
        {"allowed", attack_allowed},
        {0},
};

static const char *or_else(const char *text, const char *otherwise)
{
        return text ? text : otherwise;
}

static int list(void)
{
        for (const AttackTopic *t = attack_topics; t->name; t++)
                for (const Attempt *a = t->attempts; a->name; a++) {
                        const char *standard = or_else(a->standard, "EPERM");
                        printf("{\"name\":\"%s\",\"topic\":\"%s\",\"as\":\"%s\",\"unfenced\":\"%s\","
                               "\"standard\":\"%s\","
                               "\"strict\":\"%s\",\"rootless\":\"%s\",\"plain\":\"%s\",\"needs\":\"%s\","
                               "\"note\":\"%s\"}\n",
                               a->name, t->name, a->as == AS_ROOT ? "root" : "uid",
                               or_else(a->unfenced, "done"), standard, or_else(a->strict, standard),
                               or_else(a->rootless, standard), or_else(a->plain, standard),
                               or_else(a->needs, ""), or_else(a->note, ""));
                }
        return 0;
}

/* ---- one attempt ---------------------------------------------------------------------------- */

/* What it inherits may be anything, and must not decide: signals, the session, a core in its directory. */
static void begin(void)
{
        struct sigaction fallback = {.sa_handler = SIG_DFL};
        struct rlimit no_core = {0, 0};
        sigset_t none;
        sigemptyset(&none);
        for (int signo = 1; signo < SIGRTMIN; signo++)
                (void)sigaction(signo, &fallback, NULL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)setsid();
        (void)alarm(DEADLINE_S);
}

static const char *word_of(int status, char *buf, size_t size)
{
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
                return "timeout";
        if (WIFSIGNALED(status)) {
                snprintf(buf, size, "SIG%s", or_else(sigabbrev_np(WTERMSIG(status)), "?"));
                return buf;
        }
        int error = WEXITSTATUS(status);
        if (error == ATTACK_NO_CONTEXT)
                return "no-context";
        if (error == ATTACK_BROKEN)
                return "broken";
        return error == 0 ? "done" : or_else(strerrorname_np(error), "unknown-errno");
}

static int try(const AttackContext *c, const Attempt *a)
{
        char word[32];
        int status;
        (void)fflush(stdout);
        pid_t pid = fork();
        if (pid < 0)
                return errno;
        if (pid == 0) {
                begin();
                _exit(a->run(c, a));
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return errno;
        printf("{\"name\":\"%s\",\"outcome\":\"%s\"}\n", a->name, word_of(status, word, sizeof(word)));
        return 0;
}

/* ---- the command line ----------------------------------------------------------------------- */

typedef struct Options {
        const char *only, *context;
} Options;

static void note_own(int *own)
{
        size_t n = 0;
        for (int fd = STDERR_FILENO + 1; fd < FD_LOOK && n < OWN_MAX - 1; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        own[n++] = fd;
        own[n] = -1;
}

static int run(const char *self, const Options *o)
{
        static char zeros[4096];
        int own[OWN_MAX], r = 0;
        bool found = false;
        note_own(own);
        AttackContext c = {
                .json = {o->context, strlen(o->context)},
                .self = self,
                .own = own,
                .parent = getppid(),
                .zeros = (uintptr_t)zeros,
        };
        for (const AttackTopic *t = attack_topics; t->name; t++)
                for (const Attempt *a = t->attempts; a->name && r == 0; a++) {
                        if (o->only && strcmp(o->only, a->name) != 0)
                                continue;
                        found = true;
                        c.label = a->name;
                        memset(zeros, 0, sizeof(zeros));
                        r = try(&c, a);
                }
        if (!found)
                (void)fprintf(stderr, "attacker: no such attempt: %s\n", o->only);
        if (r != 0)
                (void)fprintf(stderr, "attacker: %s\n", strerror(r));
        return !found || r != 0 ? EXIT_USAGE : 0;
}

static int usage(void)
{
        (void)fprintf(stderr, "usage: attacker list | run [--only NAME] [--context JSON] | victim [shut]\n");
        return EXIT_USAGE;
}

int main(int argc, char **argv)
{
        Options o = {.context = "{}"};
        const char *mode = argc > 1 ? argv[1] : "";
        if (strcmp(mode, "list") == 0)
                return list();
        if (strcmp(mode, "victim") == 0)
                return attack_victim(argc > 2 && strcmp(argv[2], "shut") == 0);
        if (strcmp(mode, "euid") == 0) /* what attempts execute: are we root by it? */
                return geteuid() == 0 ? 0 : EPERM;
        if (strcmp(mode, "unshare") == 0) /* has the fence gone with the old program? */
                return attack_result(syscall(SYS_unshare, 0x20000L /* CLONE_NEWNS */));
        if (strcmp(mode, "raw") == 0) /* has the program brought a capability? */
                return attack_result(syscall(SYS_socket, 2L /* AF_INET */, 3L /* SOCK_RAW */, 1L));
        for (int i = 2; i < argc; i += 2) {
                const char **at = strcmp(argv[i], "--only") == 0      ? &o.only
                                  : strcmp(argv[i], "--context") == 0 ? &o.context
                                                                      : NULL;
                if (!at || i + 1 == argc)
                        return usage();
                *at = argv[i + 1];
        }
        return strcmp(mode, "run") == 0 ? run(argv[0], &o) : usage();
}
