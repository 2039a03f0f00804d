#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each signal means to a running daemon, alone, many at once and in any order."""

import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

STOP_AGAIN = 0.3  # LIMIT_STOP_AGAIN


def deaf(**keys):
    """Stays when its stdin ends, and ignores TERM: only KILL ends it."""
    return mcp("mcp+ignore-term+ignore-eof", **keys)


def many_hangups():
    """One dirty flag: at most four reloads a second, and the last request is never lost."""
    d = Daemon({"servers": {"a": mcp()}})
    d.wait_state("a", "ready")
    pid = d.server("a")["pid"]
    began = time.monotonic()
    n = 0
    while n < 100000 or time.monotonic() < began + 3:
        os.kill(d.pid, signal.SIGHUP)
        n += 1
    d.write_config({"servers": {"a": mcp(), "b": mcp()}})
    d.signal(signal.SIGHUP)
    d.wait_state("b", "ready")
    took = time.monotonic() - began
    d.wait(lambda: d.status()["config"]["last_reload"], what="a reload to be told")
    many = d.status()["config"]["generation"] - 1
    check("%d HUP in %.1f s are at most four reloads a second" % (n, took), 3 <= many <= 4 * took + 2,
          "%d reloads in %.1f s" % (many, took))
    equal("and the server that did not change keeps its process", d.server("a")["pid"], pid)
    equal("after them TERM ends it with 0", d.stop(), 0)
    d.check_clean("after many HUP")


def storm():
    """Whatever of these comes in whatever order: the state is right afterwards."""
    d = Daemon({"servers": {"a": mcp(), "b": mcp("mcp+ignore-term", stop_timeout="1s")}})
    for name in ("a", "b"):
        d.wait_state(name, "ready")
    before = {name: d.server(name)["pid"] for name in ("a", "b")}
    fds = fds_of(d.pid)
    seed = int(os.environ.get("MCPVISOR_TEST_SEED", random.randrange(1 << 30)))
    draw = random.Random(seed)
    kinds = (signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGPIPE,
             signal.SIGTTOU, signal.SIGCONT)
    end = time.monotonic() + (60 if SOAK else 8)
    sent = 0
    while time.monotonic() < end:
        for _ in range(draw.randrange(1, 40)):
            d.signal(draw.choice(kinds))
            sent += 1
        time.sleep(draw.choice((0, 0, 0.001, 0.02)))
    s = d.status()
    equal("storm of %d signals (MCPVISOR_TEST_SEED=%d): it runs" % (sent, seed), s["state"], "running")
    equal("no server was restarted", {x["name"]: x["pid"] for x in s["servers"]}, before)
    equal("the gateway neither", s["gateway"]["restarts"], 0)
    d.write_config({"servers": {"a": mcp(), "c": mcp()}})
    equal("a reload after it works", d.ask("reload").get("ok"), True)
    until(lambda: sorted(x["name"] for x in d.status()["servers"]) == ["a", "c"], what="the other servers")
    ok("with the servers that it names")
    until(lambda: fds_of(d.pid) <= fds, what="descriptors to be as many as before (%d)" % fds)
    ok("no descriptor is left over")
    equal("no zombie", zombies_of(d.pid), [])
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after the storm")


def second_term():
    """A second one that comes soon is the same; one that comes later kills."""
    for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
        d = Daemon({"shutdown": {"drain": "1s", "timeout": "60s"}, "servers": {"a": deaf(stop_timeout="50s")}})
        d.wait_state("a", "ready")
        d.signal(first)
        d.signal(second)
        d.wait_logged("stopping: signal")
        time.sleep(STOP_AGAIN * 1.5)  # what is awaited is that nothing happens
        equal("%s and %s at once are one" % (first.name, second.name), d.logged("everything is killed"), 0)
        equal("and it waits for its server", d.proc.poll(), None)
        began = time.monotonic()
        d.signal(second)
        equal("a later one ends it with 0", d.wait_exit(10), 0)
        check("at once", time.monotonic() - began < 2.5 * SLOW, "%.1f s" % (time.monotonic() - began))
        d.check_clean("after a second stop")


def ends_at_once():
    d = Daemon({"shutdown": {"drain": "1s", "timeout": "60s"}, "servers": {"a": deaf(stop_timeout="50s")}})
    d.wait_state("a", "ready")
    began = time.monotonic()
    d.signal(signal.SIGQUIT)
    equal("QUIT ends it with 0", d.wait_exit(10), 0)
    check("at once", time.monotonic() - began < 2.5 * SLOW, "%.1f s" % (time.monotonic() - began))
    d.check_clean("after QUIT")


def ends():
    for signo in (signal.SIGINT, signal.SIGPWR):
        d = Daemon({"servers": {"a": mcp()}})
        d.wait_state("a", "ready")
        d.signal(signo)
        equal("%s ends it with 0" % signo.name, d.wait_exit(), 0)
        d.check_clean("after " + signo.name)


def total_time():
    """However many do not listen, all of it takes shutdown.timeout at most."""
    servers = {"s%d" % n: deaf(stop_timeout="50s", drain_timeout="40s") for n in range(6)}
    d = Daemon({"shutdown": {"drain": "300ms", "timeout": "2s"}, "governor": {"burst": 10}, "servers": servers})
    for name in servers:
        d.wait_state(name, "ready")
    began = time.monotonic()
    equal("six servers that ignore TERM and EOF: TERM ends it with 0", d.stop(), 0)
    took = time.monotonic() - began
    check("within shutdown.timeout", took < 2 + 1.5 * SLOW, "%.2f s" % took)
    check("and they had their time", took > 0.9, "%.2f s" % took)
    d.check_clean("after a stop that nobody heard")


def while_stopping():
    d = Daemon({"shutdown": {"drain": "200ms", "timeout": "3s"}, "servers": {"a": deaf()}})
    d.wait_state("a", "ready")
    d.signal(signal.SIGTERM)
    d.wait_logged("stopping: signal")
    for signo in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGPWR):
        d.signal(signo)
    d.wait_logged("reload: ignored")
    ok("HUP while it stops is logged and ignored")
    equal("other signals change nothing: it ends with 0", d.wait_exit(), 0)
    d.check_clean("after signals during the stop")


def while_starting():
    """At any moment of the start: it ends, with 0, and leaves nothing."""
    draw = random.Random(7)
    bad = []
    n = 60 if SOAK else 12
    for _ in range(n):
        d = Daemon({"servers": {"a": mcp(), "b": mcp("mcp+slow-handler", "20", stop_timeout="2s")}}, wait=False)
        time.sleep(draw.random() * 0.15 * SLOW)
        d.signal(signal.SIGTERM)
        code = d.wait_exit()
        if code not in (0, -signal.SIGTERM) or d.survivors() or glob.glob(d.runtime + "/*.sock"):
            bad.append("status %r survivors %r\n%s" % (code, d.survivors(), d.log_tail()))
    equal("TERM at %d moments of the start" % n, "\n".join(bad), "")


def while_reloading():
    draw = random.Random(11)
    bad = []
    n = 60 if SOAK else 10
    for _ in range(n):
        d = Daemon({"servers": {"a": mcp(), "b": mcp()}})
        d.write_config({"servers": {"a": mcp("mcp", "changed"), "c": mcp()}})
        d.signal(signal.SIGHUP)
        time.sleep(draw.random() * 0.12 * SLOW)
        code = d.stop()
        if code != 0 or d.survivors() or glob.glob(d.runtime + "/*.sock"):
            bad.append("status %r survivors %r\n%s" % (code, d.survivors(), d.log_tail()))
    equal("TERM at %d moments of a reload" % n, "\n".join(bad), "")


def logs_and_dumps():
    """USR1: the log is opened again, so that whoever rotated a pipe or a file is followed; USR2 tells all."""
    d = Daemon({"servers": {"a": mcp()}})
    d.wait_state("a", "ready")
    d.signal(signal.SIGUSR1)
    d.wait_logged("USR1: log opened again")
    ok("USR1 opens the log again")
    d.signal(signal.SIGUSR2)
    d.wait_logged("instance 1 is ready")
    ok("USR2 tells the state of each instance")
    wanted = ("state: running", "gateway ready", "turns", "a is ready", "leader %d" % d.server("a")["pid"])
    equal("and of the whole", [w for w in wanted if not d.logged(w)], [])
    before = d.log_text()
    d.signal(signal.SIGWINCH)
    equal("WINCH is nothing", d.ask("ping"), {"ok": True})
    equal("not even to the log", d.log_text()[len(before):], "")
    d.stop()


def nobody_reads():
    """A log without a reader is no reason to end."""
    for what in ("pipe", "socket"):
        if what == "pipe":
            ours, theirs = os.pipe()
        else:
            a, b = socket.socketpair()
            ours, theirs = a.detach(), b.detach()
        d = Daemon({"servers": {"a": mcp()}}, stdout=theirs, stderr=theirs)
        d.wait_state("a", "ready")
        os.close(theirs)
        os.close(ours)
        for _ in range(5):
            d.signal(signal.SIGUSR2)
            equal("%s without a reader: it answers" % what, d.ask("ping"), {"ok": True})
        equal("%s: and restarts what it is told to" % what, d.ask("restart a").get("ok"), True)
        equal("%s: TERM ends it with 0" % what, d.stop(), 0)
        d.check_clean("nobody reads the " + what)


def stopped_and_continued():
    """TSTP stops it as anybody else, its servers go on; CONT, and it goes on as if nothing had been."""
    # A process whose group is an orphan ignores TSTP: this one has a parent in another group of its session.
    d = Daemon({"servers": {"a": mcp()}}, preexec_fn=os.setpgrp)
    d.wait_state("a", "ready")
    pid, gateway = d.server("a")["pid"], d.status()["gateway"]["pid"]
    d.signal(signal.SIGTSTP)
    until(lambda: stat_of(d.pid)["state"] == "T", what="the daemon to stop")
    check("the server goes on", stat_of(pid)["state"] in "SR", stat_of(pid))
    d.signal(signal.SIGCONT)
    equal("after CONT it answers", d.ask("ping"), {"ok": True})
    s = d.status()
    equal("the server was not restarted", s["servers"][0]["pid"], pid)
    equal("nor the gateway", (s["gateway"]["pid"], s["gateway"]["restarts"]), (gateway, 0))
    d.signal(signal.SIGTTOU)
    d.signal(signal.SIGSTOP)
    until(lambda: stat_of(d.pid)["state"] == "T", what="the daemon to stop")
    d.signal(signal.SIGTERM)
    d.signal(signal.SIGCONT)
    equal("a TERM that came while it was stopped is not lost", d.wait_exit(), 0)
    d.check_clean("after stop and continue")


def inherited():
    """Whoever starts us may have blocked and ignored anything."""

    def hostile():
        for signo in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
            signal.signal(signo, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})

    d = Daemon({"servers": {"a": mcp("report+mcp")}}, preexec_fn=hostile)
    d.wait_state("a", "ready")
    report = [x.get("text", "") for x in d.lines("logs a")]
    signals = [x for x in report if "sig" in x.lower()]
    check("what was blocked and ignored is neither for the server", signals, report)
    with open("/proc/%d/status" % d.server("a")["pid"], encoding="utf-8") as f:
        text = f.read()
    equal("its mask is empty", re.search(r"SigBlk:\s*(\w+)", text).group(1), "0" * 16)
    equal("and nothing is ignored", re.search(r"SigIgn:\s*(\w+)", text).group(1), "0" * 16)
    os.kill(d.server("a")["pid"], signal.SIGKILL)
    d.wait(lambda: (d.server("a")["last_exit"] or {}).get("signal") == 9, what="the exit of a server")
    ok("exits are seen")
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after hostile signals")


alarm(240 if SOAK else 100)
main(many_hangups, storm, second_term, ends_at_once, ends, total_time, while_stopping, while_starting,
     while_reloading, logs_and_dumps, nobody_reads, stopped_and_continued, inherited)
