/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/exit-class.h"

enum {
        EXIT_CANNOT_RUN = 126, /* as shells and env say it */
        EXIT_NOT_FOUND = 127,
};

/* A shortage of the host's, which may be over the next time. Every other error of a start is for good. */
static const int host_errors[] = {EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY, ENOSPC};

static bool is_host_error(int error)
{
        for (size_t i = 0; i < ARRAY_SIZE(host_errors); i++)
                if (host_errors[i] == error)
                        return true;
        return false;
}

#define SAY(v, ...) ((void)snprintf((v)->reason, sizeof((v)->reason), __VA_ARGS__))

static void by_status(const ExitFacts *f, ExitVerdict *v)
{
        if (v->code == 0) {
                v->exit_class = EXIT_CLASS_CLEAN;
                SAY(v, "exit 0");
        } else if (!f->handshake && v->code == EXIT_CANNOT_RUN) {
                v->exit_class = EXIT_CLASS_EXEC_PERMANENT;
                SAY(v, "exit %d: a command could not be executed", v->code);
        } else if (!f->handshake && v->code == EXIT_NOT_FOUND) {
                v->exit_class = EXIT_CLASS_EXEC_PERMANENT;
                SAY(v, "exit %d: a command was not found", v->code);
        } else {
                v->exit_class = EXIT_CLASS_ERROR;
                SAY(v, "exit %d", v->code);
        }
}

static bool by_oom(const ExitFacts *f, int signal)
{
        return signal == SIGKILL && !f->our_kill && f->oom_kills > 0;
}

static void by_signal(const ExitFacts *f, ExitVerdict *v)
{
        bool ours = v->signal == SIGKILL ? f->our_kill : v->signal == SIGTERM && f->planned;

        if (by_oom(f, v->signal)) {
                v->exit_class = EXIT_CLASS_OOM;
                SAY(v, "out of memory: own limit");
                return;
        }
        v->exit_class = EXIT_CLASS_SIGNAL;
        SAY(v, "killed by signal %d (%s)%s", v->signal, ours ? "ours" : "not ours",
            f->code == CLD_DUMPED ? ", core dumped" : "");
}

static void leader(const ExitFacts *f, ExitVerdict *v)
{
        if (v->signal)
                by_signal(f, v);
        else
                by_status(f, v);
}

/* Where the group dies as one, the warden dies with it and has no time to tell of its leader. */
static void warden(const ExitFacts *f, ExitVerdict *v)
{
        v->exit_class = by_oom(f, SIGKILL) ? EXIT_CLASS_OOM : EXIT_CLASS_SIGNAL;
        if (v->code < 0 && !v->signal)
                v->signal = SIGKILL;
        SAY(v, "%s", v->exit_class == EXIT_CLASS_OOM ? "out of memory: own limit" : "tree killed");
}

/* "exec: No such file or directory: /usr/bin/x" */
static void spawn(const ExitFacts *f, ExitVerdict *v)
{
        const StepError *e = &f->error;
        const char *stage = spawn_stage_name(e->stage), *error = strerrordesc_np(e->error);
        size_t n = strnlen(e->detail, sizeof(e->detail));

        v->exit_class = is_host_error(e->error) ? EXIT_CLASS_HOST_TRANSIENT : EXIT_CLASS_EXEC_PERMANENT;
        SAY(v, "%s: %s%s%.*s", stage ? stage : "start", error ? error : "unknown error", n ? ": " : "",
            (int)n, e->detail);
}

static void start_timeout(const ExitFacts *f, ExitVerdict *v)
{
        unsigned long long seconds = f->start_timeout / NSEC_PER_SEC, msec = f->start_timeout / NSEC_PER_MSEC;

        v->exit_class = EXIT_CLASS_START_TIMEOUT;
        if (f->start_timeout == 0)
                SAY(v, "not ready in time");
        else if (f->start_timeout % NSEC_PER_SEC)
                SAY(v, "not ready within %llu ms", msec);
        else
                SAY(v, "not ready within %llu s", seconds);
}

static void with_text(ExitVerdict *v, ExitClass c, const char *what, const char *text)
{
        bool more = text && *text;

        v->exit_class = c;
        SAY(v, "%s%s%s", what, more ? ": " : "", more ? text : "");
}

static void handshake(const ExitFacts *f, ExitVerdict *v)
{
        with_text(v, EXIT_CLASS_PROTOCOL, "handshake failed", f->text);
}

static void protocol(const ExitFacts *f, ExitVerdict *v)
{
        with_text(v, EXIT_CLASS_PROTOCOL, "protocol error", f->text);
}

static void unresponsive(const ExitFacts *f, ExitVerdict *v)
{
        with_text(v, EXIT_CLASS_UNRESPONSIVE, "does not answer", f->text);
}

static void (*const causes[_EXIT_CAUSE_MAX])(const ExitFacts *f, ExitVerdict *v) = {
        [EXIT_CAUSE_LEADER] = leader,
        [EXIT_CAUSE_WARDEN] = warden,
        [EXIT_CAUSE_SPAWN] = spawn,
        [EXIT_CAUSE_START_TIMEOUT] = start_timeout,
        [EXIT_CAUSE_HANDSHAKE] = handshake,
        [EXIT_CAUSE_PROTOCOL] = protocol,
        [EXIT_CAUSE_UNRESPONSIVE] = unresponsive,
};

/* The class says why it ended, code and signal how: a server that was not ready in time has them, too. */
void exit_classify(const ExitFacts *f, ExitVerdict *ret)
{
        assert(f->cause < _EXIT_CAUSE_MAX);
        bool killed = f->code == CLD_KILLED || f->code == CLD_DUMPED;
        ExitVerdict v = {
                .code = f->code == CLD_EXITED ? f->status : -1,
                .signal = killed ? f->status : 0,
        };
        causes[f->cause](f, &v);
        if (f->planned)
                v.exit_class = EXIT_CLASS_PLANNED;
        *ret = v;
}

static const char *const consequences[_EXIT_CLASS_MAX] = {
        [EXIT_CLASS_PLANNED] = "as asked",
        [EXIT_CLASS_CLEAN] = "retried with backoff where the policy is always",
        [EXIT_CLASS_ERROR] = "retried with backoff",
        [EXIT_CLASS_SIGNAL] = "retried with backoff",
        [EXIT_CLASS_OOM] = "retried with backoff",
        [EXIT_CLASS_EXEC_PERMANENT] = "retried once, then degraded",
        [EXIT_CLASS_HOST_TRANSIENT] = "retried with backoff, as often as needed",
        [EXIT_CLASS_START_TIMEOUT] = "retried with backoff",
        [EXIT_CLASS_PROTOCOL] = "retried with backoff",
        [EXIT_CLASS_UNRESPONSIVE] = "retried with backoff",
};

const char *exit_class_consequence(ExitClass c)
{
        assert(c < _EXIT_CLASS_MAX);
        return consequences[c];
}
