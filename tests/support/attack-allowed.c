/* SPDX-License-Identifier: Apache-2.0 */
/* What a fence must leave, so that one which refuses everything is no success. */
#include "support/attacker.h"

#include <sys/mman.h>
#include <sys/wait.h>

static int signal_itself(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        return attack_result(kill(getpid(), SIGURG));
}

static int use_own_place(const AttackContext *c, const Attempt *a UNUSED)
{
        char path[512];
        snprintf(path, sizeof(path), "%s/fine-%d", attack_place(c, "@own"), (int)getpid());
        FILE *f = fopen(path, "we");
        if (!f || fputs("x", f) < 0 || fclose(f) != 0)
                return errno;
        return attack_result(unlink(path));
}

static int have_children(const AttackContext *c UNUSED, const Attempt *a UNUSED)
{
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        return pid < 0 ? errno : attack_result(waitpid(pid, NULL, 0));
}

static int run_itself(const AttackContext *c, const Attempt *a UNUSED)
{
        int status;
        pid_t pid = fork();
        if (pid == 0) {
                execl(c->self, c->self, "list", (char *)NULL);
                _exit(errno);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                attack_broken();
        return WEXITSTATUS(status);
}

/* clang-format off */
#define ALLOWED .standard = "done"
const Attempt attack_allowed[] = {
        {"may-write-own", use_own_place, ALLOWED},
        {"may-fork", have_children, ALLOWED},
        {"may-signal-itself", signal_itself, ALLOWED},
        {"may-run-programs", run_itself, ALLOWED},
        {"may-read-system", attack_open, "/etc/passwd", ALLOWED},
        {"may-read-null", attack_open, "/dev/null", .number = 2 /* O_RDWR */, ALLOWED},
        {"may-read-itself", attack_open, "/proc/self/status", ALLOWED},
        {"may-map-memory", attack_call, .number = SYS_mmap, .args = {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0}, ALLOWED},
        {"may-ask-personality", attack_call, .number = SYS_personality, .args = {UINT32_MAX}, ALLOWED},
        {"may-lower-priority", attack_call, .number = SYS_setpriority, .args = {0, 0, 19}, ALLOWED},
        {"may-have-a-pair", attack_call, .number = SYS_socketpair, .args = {1, 1, 0, ZEROS}, ALLOWED},
        {0},
};
/* clang-format on */
