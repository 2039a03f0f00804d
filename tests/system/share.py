#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the gateway asks for, by gateway-fake: sessions, leases, lazy starts, idle stops, failures, the breaker."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

FAST = {"GATEWAY_GOOD": 1, "RELOAD_PAUSE": 1}
ENDS_AT_ONCE = {"command": CHILD, "args": ["exit", "3"]}
QUICK = {"backoff_min": "50ms", "backoff_max": "50ms", "burst": 2, "window": "60s"}


def daemon(*, script="normal", **servers):
    return Daemon({"servers": servers}, script=script, times=FAST)


def instances(d, name, state="ready"):
    return {i["session"]: i["pid"] for i in d.server(name)["instances"] if i["state"] == state}


def number(d, name, session):
    """The number that the gateway knows an instance by."""
    for text in d.say("instances").split():
        row, instance, _, s = text.split("/")
        if int(s) == session:
            return instance
    return None


def refusals(d):
    return d.seen("WANT_REFUSED")


def refused(d, before):
    until(lambda: refusals(d) > before, what="a refusal")
    return refusals(d) - before


def session():
    d = daemon(s=mcp("mcp", share="session", max_instances=3, restart=dict(QUICK, burst=3)))
    equal("session: no process before a call", (d.server("s")["state"], d.server("s")["instances"]), ("idle", []))
    for n in (1, 2, 3):
        d.say("want", "s", n)
    until(lambda: len(instances(d, "s")) == 3, what="three sessions")
    equal("session: one process each", sorted(instances(d, "s")), [1, 2, 3])
    d.say("want", "s", 2)
    equal("session: a further call of one changes nothing", len(d.server("s")["instances"]), 3)
    before = refusals(d)
    d.say("want", "s", 4)
    equal("session: max_instances is the end", refused(d, before), 1)
    equal("session: still three", sorted(instances(d, "s")), [1, 2, 3])
    pid = instances(d, "s")[1]
    d.say("release", "s", number(d, "s", 1), "ended")
    until(lambda: sorted(instances(d, "s")) == [2, 3] and not is_alive(pid), what="session 1 to end")
    ok("session: an ended session ends its process")
    last = until(lambda: d.server("s")["last_exit"], what="its end to be told")
    equal("session: that is planned", last["class"], "planned")
    d.say("release", "s", number(d, "s", 2), "idle", 1)
    equal("session: idle with calls in flight is not idle", sorted(instances(d, "s")), [2, 3])
    d.say("release", "s", number(d, "s", 2), "idle")
    until(lambda: sorted(instances(d, "s")) == [3], what="session 2 to end")
    d.say("want", "s", 4)
    until(lambda: sorted(instances(d, "s")) == [3, 4], what="session 4")
    ok("session: there is room again")
    other = instances(d, "s")[4]
    os.kill(instances(d, "s")[3], signal.SIGKILL)
    until(lambda: 3 not in instances(d, "s") and d.server("s")["budget"]["used"] == 1, what="the death of session 3")
    ok("session: its death charges the server")
    equal("session: and ends no other", instances(d, "s").get(4), other)
    equal("session: nothing is restarted", d.server("s")["restarts"], 0)
    before = d.server("s")["starts"]
    until(lambda: d.server("s")["next_start_s"] is None, what="the backoff to pass")
    d.say("want", "s", 3)
    until(lambda: 3 in instances(d, "s"), what="session 3 again")
    equal("session: it is started when it calls again", d.server("s")["starts"], before + 1)
    equal("session: TERM ends it with 0", d.stop(), 0)
    d.check_clean("session")


def session_breaker():
    d = daemon(s=mcp("mcp", share="session", restart=dict(QUICK, probe_min="1s", probe_max="1s", stable="30s")))
    deaths = 0
    for n in range(1, 8):
        d.say("want", "s", n)
        try:
            pid = until(lambda: instances(d, "s").get(n), 1, "session %d" % n)
        except TimeoutError:
            break
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid) and n not in instances(d, "s"), what="its end")
        deaths += 1
        if d.wait_state("s", "idle", "degraded", "backoff")["state"] == "degraded":
            break
        until(lambda: d.server("s")["state"] != "backoff", what="the backoff to pass")
    s = d.server("s")
    equal("session: deaths open the breaker", (s["state"], s["breaker"], deaths), ("degraded", "open", 3))
    before = refusals(d)
    d.say("want", "s", 50)
    equal("session, degraded: a call is refused", refused(d, before), 1)
    until(lambda: d.server("s")["next_start_s"] is None, what="the time of the probe")
    d.say("want", "s", 51)
    until(lambda: instances(d, "s").get(51), what="the probe")
    s = d.server("s")
    equal("session: the next call is the probe; ready, it is half open", (s["state"], s["breaker"]), ("ready", "half-open"))
    os.kill(instances(d, "s")[51], signal.SIGKILL)
    d.wait_state("s", "degraded")
    equal("session: a death while half open opens it again", d.server("s")["breaker"], "open")
    equal("session: reset", d.ask("reset s")["ok"], True)
    s = d.server("s")
    equal("session: reset closes the breaker", (s["state"], s["breaker"], s["budget"]["used"]), ("idle", "closed", 0))
    d.say("want", "s", 52)
    until(lambda: instances(d, "s").get(52), what="a session")
    equal("session breaker: TERM ends it with 0", d.stop(), 0)
    d.check_clean("session breaker")


def exclusive():
    d = daemon(e=mcp("mcp", share="exclusive", restart=QUICK), l=mcp("mcp", share="exclusive", start="lazy"))
    d.wait_state("e", "ready")
    d.say("want", "e", 1)
    first = until(lambda: instances(d, "e").get(1), what="the lease")
    before = refusals(d)
    d.say("want", "e", 2)
    equal("exclusive: another session is refused", refused(d, before), 1)
    equal("exclusive: and the lease stays", instances(d, "e"), {1: first})
    d.say("release", "e", number(d, "e", 1), "ended")
    second = until(lambda: (lambda i: i.get(None) if i.get(None) != first else None)(instances(d, "e")),
                   what="a fresh instance")
    ok("exclusive: between leases it is restarted")
    equal("exclusive: that is planned", (d.server("e")["last_exit"]["class"], d.server("e")["restarts"]), ("planned", 0))
    d.say("want", "e", 2)
    until(lambda: instances(d, "e") == {2: second}, what="the next lease")
    ok("exclusive: the next session has the fresh one")
    os.kill(second, signal.SIGKILL)
    third = until(lambda: (lambda i: i.get(2) if i.get(2) != second else None)(instances(d, "e")), what="a restart")
    ok("exclusive: a death does not end the lease")
    before = refusals(d)
    d.say("want", "e", 3)
    refused(d, before)
    equal("exclusive: others are refused still", instances(d, "e"), {2: third})
    # A lease of one that is not up: nobody keeps it.
    d.say("release", "e", number(d, "e", 2), "ended")
    until(lambda: instances(d, "e").get(None, third) != third, what="a fresh instance")
    d.ask("stop e")
    before = refusals(d)
    d.say("want", "e", 3)
    refused(d, before)
    d.ask("start e")
    d.say("want", "e", 4)
    until(lambda: 4 in instances(d, "e"), what="a lease")
    ok("exclusive: a call that was refused has no lease")
    # Idle: the lease is over as well.
    d.say("want", "l", 8)
    until(lambda: 8 in instances(d, "l"), what="the lazy one")
    d.say("release", "l", number(d, "l", 8), "idle")
    d.wait_state("l", "idle")
    d.say("want", "l", 9)
    until(lambda: 9 in instances(d, "l"), what="another session")
    ok("exclusive: idle_stop ends the lease")
    equal("exclusive: TERM ends it with 0", d.stop(), 0)
    d.check_clean("exclusive")


def lazy():
    d = daemon(l=mcp("mcp", start="lazy"), slow=mcp("mcp+ignore-eof+ignore-term", start="lazy", stop_timeout="1s"))
    equal("lazy: idle, no process", (d.server("l")["state"], d.server("l")["pid"]), ("idle", None))
    d.say("want", "l")
    pid = d.wait_state("l", "ready")["pid"]
    d.say("release", "l", number(d, "l", 0), "idle", 2)
    equal("lazy: with calls in flight it stays", (d.server("l")["state"], d.server("l")["pid"]), ("ready", pid))
    d.say("release", "l", number(d, "l", 0), "idle")
    d.wait_state("l", "idle")
    equal("lazy: idle stop is planned", d.server("l")["last_exit"]["class"], "planned")
    d.say("want", "l")
    check("lazy: started again", d.wait_state("l", "ready")["pid"] != pid)
    equal("lazy: that is no restart", d.server("l")["restarts"], 0)
    # WANT while it ends.
    d.say("want", "slow")
    old = d.wait_state("slow", "ready")["pid"]
    d.say("release", "slow", next(i.split("/")[1] for i in d.say("instances").split() if
                                  i.split("/")[0] != d.say("instances").split()[0].split("/")[0]), "idle")
    d.wait_state("slow", "stopping", "draining")
    d.say("want", "slow")
    until(lambda: (lambda s: s["state"] == "ready" and s["pid"] != old)(d.server("slow")), what="another one")
    ok("lazy: a call while it ends starts it again when it has ended")
    check("lazy: and not before", not is_alive(old))
    d.ask("stop --no-wait slow")
    d.wait_state("slow", "stopping", "draining")
    before = refusals(d)
    d.say("want", "slow")
    equal("stopped by hand: a call while it ends is refused", refused(d, before), 1)
    d.wait_state("slow", "stopped")
    before = refusals(d)
    d.say("want", "slow")
    equal("stopped by hand: a call does not start it", (refused(d, before), d.server("slow")["state"]), (1, "stopped"))
    equal("lazy: TERM ends it with 0", d.stop(), 0)
    d.check_clean("lazy")


def failures():
    """The gateway says that a server has failed; the class is told."""
    d = daemon(a=mcp("mcp", restart=dict(QUICK, burst=5)))
    d.wait_state("a", "ready")
    for kind, wanted in (("protocol", "protocol"), ("unresponsive", "unresponsive")):
        pid = d.server("a")["pid"]
        d.say("fail", "a", number(d, "a", 0), kind, "because of", kind)
        s = until(lambda: (lambda s: s if s["state"] == "ready" and s["pid"] != pid else None)(d.server("a")),
                  what="a restart")
        equal(kind + ": the class", s["last_exit"]["class"], wanted)
        check(kind + ": the reason holds what the gateway says", "because of" in json.dumps(s["last_exit"]), s["last_exit"])
    equal("each one is an automatic restart", d.server("a")["restarts"], 2)
    d.stop()

    d = daemon(script="fail-handshake it speaks Latin", a=mcp("mcp", restart=QUICK))
    s = d.wait_state("a", "degraded")
    check("handshake: it ends degraded, with the reason", "Latin" in json.dumps(s["last_exit"]), s["last_exit"])
    equal("handshake: burst restarts, so burst + 1 starts", (s["restarts"], s["starts"]), (2, 3))
    d.stop()

    d = daemon(script="never-ready", a=mcp("mcp", start_timeout="200ms", restart=QUICK))
    s = d.wait_state("a", "degraded")
    equal("never ready: the class", s["last_exit"]["class"], "start-timeout")
    equal("never ready: burst + 1 starts", s["starts"], 3)
    equal("failures: TERM ends it with 0", d.stop(), 0)
    d.check_clean("failures")


def degraded():
    """The breaker: opens, probes, half open, closes."""
    flag = path("broken")
    bad = {"command": "/bin/sh", "args": ["-c", 'test -e "$FLAG" && exit 3; exec "$CHILD" mcp'],
           "env": {"FLAG": flag, "CHILD": CHILD},
           "restart": dict(QUICK, probe_min="1s", probe_max="1s", stable="1s")}
    open(flag, "w", encoding="utf-8").close()
    d = daemon(b=bad)
    s = d.wait_state("b", "degraded")
    equal("degraded: the breaker is open", s["breaker"], "open")
    before = refusals(d)
    d.say("want", "b")
    time.sleep(0)
    starts = d.server("b")["starts"]
    check("degraded: a call starts nothing", d.server("b")["state"] in ("degraded", "probing"))
    d.wait(lambda: d.server("b")["starts"] > starts, what="a probe")
    d.wait_state("b", "degraded")
    equal("degraded: a probe that fails is no restart", d.server("b")["restarts"], s["restarts"])
    os.unlink(flag)
    s = d.wait_state("b", "ready")
    equal("degraded: a probe that gets ready: half open", s["breaker"], "half-open")
    until(lambda: d.server("b")["breaker"] == "closed", what="the breaker to close")
    ok("degraded: stable closes it (%d refusals)" % (refusals(d) - before))
    # Open again, and reset by hand.
    open(flag, "w", encoding="utf-8").close()
    os.kill(d.server("b")["pid"], signal.SIGKILL)
    d.wait_state("b", "degraded")
    os.unlink(flag)
    equal("reset: is ok", d.ask("reset b")["ok"], True)
    s = d.server("b")
    equal("reset: ready, breaker closed, nothing charged", (s["state"], s["breaker"], s["budget"]["used"]),
          ("ready", "closed", 0))
    equal("degraded: TERM ends it with 0", d.stop(), 0)

    d = Daemon({"servers": {"k": dict(ENDS_AT_ONCE, critical=True, restart=QUICK), "a": mcp("mcp")}}, script="normal",
               wait=False)
    equal("critical and degraded: exit 1", d.wait_exit(), 1)
    check("critical and degraded: it says so", "critical and degraded" in d.log_text(), d.log_tail())
    d.check_clean("critical")


def policies():
    d = daemon(never=mcp("mcp", restart={"policy": "never"}), fails=mcp("mcp", restart=dict(QUICK, policy="on-failure")),
               clean={"command": CHILD, "args": ["wait+exit", "300", "0"], "restart": {"policy": "on-failure"}})
    for name in ("never", "fails"):
        d.wait_state(name, "ready")
    os.kill(d.server("never")["pid"], signal.SIGKILL)
    s = d.wait_state("never", "stopped")
    equal("never: stopped, and last_exit says why", s["last_exit"]["class"], "signal")
    s = d.wait_state("clean", "stopped")
    equal("on-failure: a clean exit rests", s["last_exit"]["class"], "clean")
    pid = d.server("fails")["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: (lambda s: s["state"] == "ready" and s["pid"] != pid)(d.server("fails")), what="a restart")
    ok("on-failure: a failure is restarted")
    equal("never: start by hand works", d.ask("start never")["ok"], True)
    d.wait_state("never", "ready")
    equal("policies: TERM ends it with 0", d.stop(), 0)
    d.check_clean("policies")


def by_hand():
    d = daemon(a=mcp("mcp"), s=mcp("mcp", share="session"))
    pid = d.wait_state("a", "ready")["pid"]
    equal("stop", (d.ask("stop a")["ok"], d.server("a")["state"], is_alive(pid)), (True, "stopped", False))
    equal("stop again", d.ask("stop a")["ok"], True)
    equal("start", (d.ask("start a")["ok"], d.server("a")["state"]), (True, "ready"))
    pid = d.server("a")["pid"]
    equal("start of one that is up", (d.ask("start a")["ok"], d.server("a")["pid"]), (True, pid))
    equal("restart", (d.ask("restart a")["ok"], d.server("a")["pid"] != pid), (True, True))
    pid = d.server("a")["pid"]
    equal("reset of one that is up", (d.ask("reset a")["ok"], d.server("a")["pid"]), (True, pid))
    equal("nothing of it is charged", (d.server("a")["budget"]["used"], d.server("a")["restarts"]), (0, 0))
    for n in (1, 2):
        d.say("want", "s", n)
    until(lambda: len(instances(d, "s")) == 2, what="two sessions")
    equal("restart of sessions", d.ask("restart s")["ok"], True)
    until(lambda: not d.server("s")["instances"], what="the sessions to end")
    equal("they are idle then", d.server("s")["state"], "idle")
    d.say("want", "s", 3)
    until(lambda: 3 in instances(d, "s"), what="a session")
    equal("stop of sessions", (d.ask("stop s")["ok"], d.server("s")["state"]), (True, "stopped"))
    before = refusals(d)
    d.say("want", "s", 4)
    equal("sessions of a stopped server are refused", (refused(d, before), d.server("s")["instances"]), (1, []))
    equal("start of sessions", (d.ask("start s")["ok"], d.server("s")["state"]), (True, "idle"))
    check("no pair without a row", "no row" not in d.log_text(), d.log_tail())
    equal("by hand: TERM ends it with 0", d.stop(), 0)
    d.check_clean("by hand")


alarm(120)
main(session, session_breaker, exclusive, lazy, failures, degraded, policies, by_hand)
