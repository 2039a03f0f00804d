/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early ROUNDS PARALLEL HELPER CHILD [TREE]: starts servers that take 0 to 20
 * ms to have a handler for SIGTERM, and asks the warden of each to pass TERM
 * on at a random moment of its first 5 ms. What has not ended a second later
 * has lost it. Prints "rounds N lost N handled N plain N"; exits 1 if one was
 * lost. It looks like a supervisor to the helper, and decides nothing.
 */
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/random.h"
#include "spawn/spawn.h"

enum {
        SLOTS_MAX = 256,
        HANDLER_MS = 20,
        MOMENT_USEC = 5000,
        USEC = 1000, /* nanoseconds */
        PATIENCE_MS = 1000,
};

typedef struct Slot {
        bool used, told;
        Spawned s;
        Nsec signal_at, lost_at;
} Slot;

typedef struct Early {
        Spawner spawner;
        Nsec patience;
        const char *child;
        SeededRandom random;
        Slot slots[SLOTS_MAX];
        unsigned long started, rounds, lost, handled, plain;
} Early;

static _Noreturn void die(const char *what, int error)
{
        fprintf(stderr, "early: %s: %s\n", what, strerror(error));
        exit(2);
}

static Nsec now(void)
{
        return clock_now(&clock_monotonic);
}

static uint64_t chance(Early *e, uint64_t most)
{
        return random_below(&e->random.random, most + 1);
}

static void begin(Early *e, Slot *slot)
{
        char ms[24];
        (void)snprintf(ms, sizeof(ms), "%u", (unsigned)chance(e, HANDLER_MS));
        const char *argv[] = {"child", "slow-handler", ms, NULL};
        const char *envp[] = {"PATH=/usr/bin:/bin", NULL};
        const SpawnArgs args = {.exe = e->child,
                                .argv = argv,
                                .envp = envp,
                                .uid = UINT64_MAX,
                                .gid = UINT64_MAX,
                                .cgroup_fd = -1};
        StepError error;
        int r = spawn_server(&e->spawner, &args, &slot->s, &error);
        if (r < 0)
                die("spawn", -r);
        slot->used = true;
        slot->told = false;
        slot->signal_at = now() + chance(e, MOMENT_USEC) * USEC;
        slot->lost_at = NSEC_NEVER;
        e->started++;
}

static void count(Early *e, const Slot *slot)
{
        SpawnReport report;
        bool seen = false;
        while (spawn_report_read(slot->s.status_fd, &report) == 0)
                if (report.kind == SPAWN_REPORT_EXITED) {
                        seen = true;
                        if (report.code == CLD_EXITED && report.status == 0)
                                e->handled++;
                        else if (report.code == CLD_KILLED && report.status == SIGTERM)
                                e->plain++;
                        else
                                seen = false;
                }
        e->lost += !seen; /* it ended in another way than by its TERM */
}

static void finish(Early *e, Slot *slot, bool lost)
{
        if (lost) {
                (void)syscall(SYS_pidfd_send_signal, slot->s.pidfd, SIGKILL, NULL, 0);
                e->lost++;
        }
        while (waitpid(slot->s.pid, NULL, 0) < 0 && errno == EINTR)
                ;
        if (!lost)
                count(e, slot);
        fd_close_p(&slot->s.pidfd);
        fd_close_p(&slot->s.stdin_fd);
        fd_close_p(&slot->s.stdout_fd);
        fd_close_p(&slot->s.stderr_fd);
        fd_close_p(&slot->s.status_fd);
        slot->used = false;
        e->rounds++;
}

/* When this slot wants to be looked at again. */
static Nsec look(Early *e, Slot *slot)
{
        Nsec t = now();
        if (!slot->told && t >= slot->signal_at) {
                if (syscall(SYS_pidfd_send_signal, slot->s.pidfd, WARDEN_TERM, NULL, 0) < 0)
                        die("signal", errno);
                slot->told = true;
                slot->lost_at = t + e->patience;
        }
        if (slot->told && t >= slot->lost_at)
                finish(e, slot, true);
        return slot->told ? slot->lost_at : slot->signal_at;
}

static void turn(Early *e, unsigned parallel)
{
        struct pollfd p[SLOTS_MAX];
        Nsec next = NSEC_NEVER;
        for (unsigned i = 0; i < parallel; i++) {
                Slot *slot = &e->slots[i];
                Nsec again = slot->used ? look(e, slot) : NSEC_NEVER;
                next = MIN(next, again);
                p[i] = (struct pollfd){.fd = slot->used ? slot->s.pidfd : -1, .events = POLLIN};
        }
        if (next == NSEC_NEVER)
                return;
        Nsec wait = nsec_sub(next, now());
        const struct timespec t = {(time_t)(wait / NSEC_PER_SEC), (long)(wait % NSEC_PER_SEC)};
        if (ppoll(p, parallel, &t, NULL) < 0 && errno != EINTR)
                die("poll", errno);
        for (unsigned i = 0; i < parallel; i++)
                if (e->slots[i].used && p[i].fd >= 0 && p[i].revents)
                        finish(e, &e->slots[i], false);
}

int main(int argc, char **argv)
{
        static Early e = {.patience = PATIENCE_MS * NSEC_PER_MSEC};
        if (argc < 5 || argc > 6)
                return 2;
        unsigned long rounds = strtoul(argv[1], NULL, 10);
        unsigned parallel = (unsigned)MIN(strtoul(argv[2], NULL, 10), (unsigned long)SLOTS_MAX);
        const char *slow = getenv("EARLY_SLOW"); /* how much more time the machine needs */
        int r = spawner_init(&e.spawner, argv[3]);
        if (r < 0)
                die("helper", -r);
        if (slow)
                e.patience *= strtoul(slow, NULL, 10);
        e.child = argv[4];
        e.spawner.no_pidns = argc == 6 && strcmp(argv[5], "best-effort") == 0;
        random_init(&e.random);
        while (e.rounds < rounds) {
                /* One at a time: what was begun is looked at before its moment is over. */
                for (unsigned i = 0; i < parallel; i++)
                        if (!e.slots[i].used && e.started < rounds) {
                                begin(&e, &e.slots[i]);
                                break;
                        }
                turn(&e, parallel);
        }
        spawner_done(&e.spawner);
        printf("rounds %lu lost %lu handled %lu plain %lu\n", e.rounds, e.lost, e.handled, e.plain);
        return e.lost > 0;
}
