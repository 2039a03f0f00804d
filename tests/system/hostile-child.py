#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that do their worst, each with what must be true afterwards: nothing of
its tree, no zombie, no descriptor, no control group, bounded memory, the exact
states, and an end that is told as what it was. MCPVISOR_SOAK=1: larger."""

import sys
import datetime
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from attack import *  # noqa: E402,F403

FLOOD = (1000 if SOAK else 200) * 1000 * 1000


# ---- ends --------------------------------------------------------------------


def exits_at_once():
    """A hundred times: each end is told, and the breaker opens exactly where it should."""
    often = {"policy": "always", "burst": 99, "window": "1h", "long_burst": 10000, "backoff_min": "1ms",
             "backoff_max": "1ms"}
    d = Field({"quick": victim("exit", "0", restart=often)})
    with Attack(d, "quick", "exits 0 at once, 100 times") as a:
        a.start("degraded")
        a.went(*(["starting", "stopping", "backoff"] * 99 + ["starting", "stopping", "degraded"]))
        ends = [x for x in d.lines("history quick") if "class" in x]
        equal(a.label + ": ends in the history", len(ends), 100)
        equal(a.label + ": each is told as what it was", {(x["class"], x["reason"]) for x in ends},
              {("clean", "exit 0")})
        equal(a.label + ": starts", d.server("quick")["starts"], 100)
        equal(a.label + ": restarts", d.server("quick")["restarts"], 99)
        a.stop()
    equal("exits at once: TERM ends it with 0", d.stop(), 0)
    d.check_clean("exits at once")


def die_at_once():
    """Many servers are killed in one moment: each end is told once, and nothing else happens."""
    n = 2000 if SOAK else 200
    names = ["s%04d" % i for i in range(n)]
    d = Field({x: mcp("mcp", restart={"policy": "never"}) for x in names}, keys={"limits": {"max_servers": 2500}})
    d.wait(lambda: all(s["state"] == "ready" for s in d.status()["servers"]), 60, "all to be ready")
    pids = [s["pid"] for s in d.status()["servers"]]
    before = d.pid_of_daemon()
    stamp = time.monotonic()
    for p in pids:
        os.kill(p, signal.SIGKILL)
    figure("kill of %d servers took" % n, "%.1f ms" % ((time.monotonic() - stamp) * 1000))
    d.wait(lambda: all(s["state"] == "stopped" for s in d.status()["servers"]), 60, "all to be stopped")
    figure("%d deaths at once, all told after" % n, "%.2f s" % (time.monotonic() - stamp))
    equal("many die at once: all are told as what they were",
          {(s["last_exit"]["class"], s["last_exit"]["reason"], s["last_exit"]["number"])
           for s in d.status()["servers"]}, {("signal", "killed by signal 9 (not ours)", 1)})
    equal("many die at once: no zombie", zombies_of(before), [])
    equal("many die at once: no child but the gateway", len(children_of(before)), 1)
    equal("many die at once: TERM ends it with 0", d.stop(), 0)
    d.check_clean("many die at once")


def die_together():
    """Fifty servers that die in one moment do not start each other to death: the governor spreads them."""
    names = ["s%02d" % i for i in range(50)]
    d = Daemon({"servers": {x: mcp("mcp") for x in names}})
    d.wait(lambda: all(s["state"] == "ready" for s in d.status()["servers"]), 60, "all to be ready")
    told = len(d.log_records())
    for s in d.status()["servers"]:
        os.kill(s["pid"], signal.SIGKILL)
    d.wait(lambda: all(s["state"] == "ready" and s["starts"] == 2 for s in d.status()["servers"]), 60,
           "all to be ready again")
    at = sorted(datetime.datetime.fromisoformat(r["ts"].replace("Z", "+00:00")).timestamp()
                for r in d.log_records()[told:] if "started, pid" in r["msg"])
    equal("die together: each is started once", len(at), 50)
    # What the log dates is the exec: two milliseconds are granted for the way there.
    most = max(sum(t <= x < t + 0.098 for x in at) for t in at)
    figure("starts within 100 ms after 50 died together", "%d at most, all in %.1f s" % (most, at[-1] - at[0]))
    check("die together: at most 5 starts in 100 ms", most <= 5, at)
    equal("die together: TERM ends it with 0", d.stop(), 0)
    d.check_clean("die together")


# ---- pipes -------------------------------------------------------------------


def closes_pipes():
    g = {k: fifo("pipes-" + k) for k in ("out", "in", "all")}
    early = "handshake failed: closed its stdout before it answered initialize"
    d = Field({
        "out": victim("mcp+go+close-stdout", g["out"]),
        "in": victim("mcp+go+close-stdin", g["in"]),
        "all": victim("mcp+go+close-all", g["all"]),
        "early-out": victim("close-stdout"),
        "early-in": victim("close-stdin+mcp", start_timeout="500ms"),
        "early-all": victim("close-all"),
        "deaf": victim("mcp+never-read"),
    })
    for name in ("out", "all"):
        with Attack(d, name, "closes " + name) as a:
            a.start()
            go(g[name])
            a.over()
            a.went(*LEFT)
            a.ended("protocol", "protocol error: closed its stdout")
    for name in ("early-out", "early-all"):
        with Attack(d, name, "closes " + name) as a:
            a.start("idle")
            a.went("starting", "stopping", "idle")
            a.ended("protocol", early)
    with Attack(d, "in", "closes stdin") as a:
        a.start()
        go(g["in"])
        until(lambda: fds_of(a.instance()["pid"]) == 2, what="a closed stdin")
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "killed by signal 15 (ours)")
    with Attack(d, "early-in", "closes stdin early") as a:
        a.start("idle")
        a.went("starting", "stopping", "idle")
        a.ended("start-timeout", "not ready within 500 ms")
    with Attack(d, "deaf", "never reads stdin") as a:
        a.start()
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "killed by signal 15 (ours)")
    equal("pipes: TERM ends it with 0", d.stop(), 0)
    d.check_clean("pipes")


# ---- output ------------------------------------------------------------------


def watched(a, finished, what):
    """Looks at the memory until it is over."""
    def look():
        a.watch_memory()
        return finished()

    got = until(look, 60, what)
    figure("memory, " + a.label, ", ".join("%s %+.1f MiB" % (k, v / MIB) for k, v in sorted(a.growth.items())))
    return got


def floods():
    n = str(FLOOD)
    g = {k: fifo("flood-" + k) for k in ("err", "out", "line", "err-line")}
    d = Field({
        "err": victim("mcp+flood-stderr+go", n, g["err"]),
        "out": victim("mcp+flood-stdout+go", n, g["out"]),
        "line": victim("mcp+go+long-line", g["line"], n),
        "err-line": victim("mcp+long-stderr-line+go", n, g["err-line"]),
        "early-line": victim("long-line+mcp", n),
        "deep": victim("deep-json+mcp", "100000"),
    }, keys={"limits": {"max_line": "1M"}})  # so much of a line is kept
    with Attack(d, "line", "flood: line") as a:
        a.start()
        go(g["line"])
        a.over()
        a.went(*LEFT)
        a.ended("protocol", "protocol error: a line on its stdout is longer than limits.max_line")
    for name in ("err", "out", "err-line"):
        with Attack(d, name, "flood: " + name) as a:
            a.start()
            pid = a.instance()["pid"]
            watched(a, lambda: in_go(pid, g[name]), "the end of the flood")
            s = d.server(name)
            written = s["log_lines"] + s["log_lines_suppressed"]
            if name.startswith("err"):
                wait_says(d, name, "suppressed ")
                ok(a.label + ": what was left out is told")
            if name == "err":  # lines of 78 bytes, and some of ours
                check(a.label + ": every line is told or counted", -2 <= written - FLOOD // 78 <= 1000,
                      (written, FLOOD // 78))
            a.stop()
            a.went(*STAYED)
            a.ended("planned", "killed by signal 15 (ours)")
    with Attack(d, "early-line", "a line without an end instead of an answer") as a:
        a.start("idle")
        a.went("starting", "stopping", "idle")
        a.ended("protocol", "protocol error: a line on its stdout is longer than limits.max_line")
    with Attack(d, "deep", "100,000 nested arrays before the answer") as a:
        a.start()
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "exit 0")
    log = os.path.getsize(d.log)
    check("floods: the log is bounded", log < 64 * MIB, log)
    figure("log of all floods", "%.1f MiB" % (log / MIB))
    equal("floods: TERM ends it with 0", d.stop(), 0)
    d.check_clean("floods")


def in_go(pid, p):
    """Does the child wait in open() of this FIFO?"""
    try:
        with open("/proc/%d/wchan" % pid, encoding="utf-8") as f:
            where = f.read()
        with open("/proc/%d/syscall" % pid, encoding="utf-8") as f:
            call = f.read().split()[0]
    except OSError:
        return False
    return "fifo" in where or "wait_for_partner" in where or call == "257"


def term_under_flood():
    """TERM is acted on within 50 ms, whatever is written meanwhile; so is what the control socket asks."""
    bound = 0.05 * SLOW
    took = []
    for i in range(3):
        d = Field({"err": mcp("mcp+flood-stderr", "0"), "out": mcp("mcp+flood-stdout", "0"),
                   "line": mcp("mcp+long-stderr-line", "0")})
        d.wait(lambda: all(s["state"] == "ready" for s in d.status()["servers"]))
        until(lambda: d.server("err")["log_lines_suppressed"] > 100000, what="the flood")
        with d.events() as stream:
            while True:
                e = stream.next(DEADLINE)
                if e and e.get("server") == "line" and e["to"] == "ready":
                    break
            began = time.monotonic()
            d.signal(signal.SIGTERM)
            while True:
                e = stream.next(DEADLINE)
                if e is None or e.get("type") == "daemon":
                    break
            took.append(time.monotonic() - began)
        equal("TERM under flood %d: ends with 0" % i, d.wait_exit(), 0)
        d.check_clean("TERM under flood %d" % i)
    figure("TERM to `stopping` under three floods", ", ".join("%.1f ms" % (t * 1000) for t in took))
    check("TERM is acted on within %d ms under a flood" % (bound * 1000), sorted(took)[1] <= bound, took)


def odd_output():
    d = Field({
        "partial": victim("mcp+go+partial-line+exit", fifo("partial"), "3"),
        "garbage": victim("mcp+garbage"),
        "early-garbage": victim("garbage+mcp"),
    })
    with Attack(d, "partial", "half a line, then its end") as a:
        a.start()
        go(path("partial"))
        a.over()
        a.went(*LEFT)
        a.ended("error", "exit 3")
        lines = [x for x in d.lines("logs partial") if x.get("stream") == "stderr"]
        equal(a.label + ": what was said is there, and marked", [(x["text"], x["partial"]) for x in lines],
              [("child: half a line", True)])
        equal(a.label + ": its last words are in the history", a.last_exit()["stderr"], ["child: half a line"])
    shown = ("\\xff\\xfe\\xc0\\xaf\\xed\\xa0\\x80 nul:\\x00 bell:\\x07 escape:\\x1b[2J\\x1b]0;title\\x07 "
             "return:\\x0d bidi:")
    for name in ("garbage", "early-garbage"):
        with Attack(d, name, name) as a:
            a.start()
            until(lambda: says(d, name, "nul:"), what="the line")
            line = says(d, name, "nul:")[0]
            check(a.label + ": escaped for the socket", line["text"].startswith(shown) and line["text"].endswith(" end"),
                  repr(line))
            for flags in ([], ["--json"]):
                out = subprocess.run([MCPVISOR, "logs", name, "--socket=" + d.runtime] + flags,
                                     capture_output=True, check=False)
                equal("%s: logs %s" % (a.label, " ".join(flags)), out.returncode, 0)
                odd = [c for c in out.stdout.decode("utf-8") if c != "\n" and not c.isprintable()]
                check("%s: logs %s prints nothing that a terminal obeys" % (a.label, " ".join(flags)),
                      not odd and b"nul:" in out.stdout, repr(out.stdout[:600]))
            a.stop()
            a.went(*STAYED)
            a.ended("planned", "exit 0")
    with open(d.log, "rb") as f:
        text = f.read().decode("utf-8")  # raises where it is none
    check("the daemon's own log holds nothing that a terminal obeys",
          not [c for c in text if c != "\n" and not c.isprintable()])
    equal("odd output: TERM ends it with 0", d.stop(), 0)
    d.check_clean("odd output")


alarm(300)
main(exits_at_once, die_at_once, die_together, closes_pipes, floods, term_under_flood, odd_output)
