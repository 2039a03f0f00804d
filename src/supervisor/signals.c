/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "control/signal-table.h"
#include "supervisor/core.h"
#include "supervisor/exit-status.h"

/* ---- what they do ------------------------------------------------------------ */

static void on_stop(Supervisor *s, const SignalRow *row)
{
        char why[64];
        snprintf(why, sizeof(why), "signal %s", row->name);
        Nsec now = loop_now(s->loop);
        if (!s->shutdown.on)
                supervisor_stop(s, EXIT_DONE, why);
        else if (s->stop_asked && nsec_sub(now, s->stop_asked) >= LIMIT_STOP_AGAIN * NSEC_PER_MSEC)
                supervisor_quit(s);
        if (!s->stop_asked)
                s->stop_asked = now;
}

static void on_quit(Supervisor *s, const SignalRow *row UNUSED)
{
        supervisor_quit(s);
}

static void on_power(Supervisor *s, const SignalRow *row UNUSED)
{
        supervisor_stop(s, EXIT_DONE, "the power is failing");
}

static bool has_terminal(void)
{
        CLEANUP_FD int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        return fd >= 0;
}

/* `run` belongs to whoever sits before it, unless nohup was there first. */
static void on_reload(Supervisor *s, const SignalRow *row UNUSED)
{
        if (s->options->mode != DAEMON_RUN)
                reload_ask(&s->reload);
        else if (s->had_terminal && !has_terminal())
                supervisor_stop(s, EXIT_DONE, "the terminal is gone");
        else
                log_info("HUP: nothing to reload, `run` has no configuration file");
}

static void on_child(Supervisor *s, const SignalRow *row UNUSED)
{
        reaper_wake(&s->reaper);
}

static void on_reopen(Supervisor *s, const SignalRow *row UNUSED)
{
        int r = s->config ? supervisor_open_log(s->config) : 0;
        if (r < 0)
                log_error("USR1: the log cannot be opened again: %s", strerror(-r));
        else
                log_info("USR1: log opened again");
}

static void on_dump(Supervisor *s, const SignalRow *row UNUSED)
{
        supervisor_dump(s);
}

static void on_nothing(Supervisor *s UNUSED, const SignalRow *row UNUSED)
{
}

static void (*const acts[_SIGNAL_POLICY_MAX])(Supervisor *s, const SignalRow *row) = {
        [SIGNAL_STOP] = on_stop,     [SIGNAL_QUIT] = on_quit,      [SIGNAL_POWER] = on_power,
        [SIGNAL_RELOAD] = on_reload, [SIGNAL_REOPEN] = on_reopen,  [SIGNAL_DUMP] = on_dump,
        [SIGNAL_CHILD] = on_child,   [SIGNAL_IGNORE] = on_nothing,
};

static int signal_arrived(LoopSignal *signals, int signo)
{
        const SignalRow *row = signal_row(signo);
        if (row)
                acts[row->policy](CONTAINER_OF(signals, Supervisor, signals), row);
        return 0;
}

static const LoopSignalOps signal_ops = {.arrived = signal_arrived};

/* ---- from the start ------------------------------------------------------------ */

void signals_reset(Supervisor *s)
{
        const struct sigaction usual = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};
        struct sigaction before = {.sa_handler = SIG_DFL};
        for (size_t i = 0; i < signal_table_size; i++) {
                struct sigaction *old = signal_table[i].signo == SIGHUP ? &before : NULL;
                (void)sigaction(signal_table[i].signo, &usual, old);
        }
        s->had_terminal = before.sa_handler != SIG_IGN && has_terminal();
        (void)sigaction(SIGPIPE, &ignore, NULL);
        (void)sigaction(SIGTTOU, &ignore, NULL); /* a log line of a background job is no reason to stop */
}

int signals_init(Supervisor *s)
{
        sigset_t set;
        sigemptyset(&set);
        for (size_t i = 0; i < signal_table_size; i++)
                sigaddset(&set, signal_table[i].signo);
        return loop_signal_init(&s->signals, s->loop, &set, &signal_ops);
}
