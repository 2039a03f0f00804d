#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a running daemon costs: memory, idle CPU, its end, a reload, a status,
a new gateway. Prints a table, with the goal where there is one. The children
are tests/support/child, the smallest MCP server that we have.
MCPVISOR_BENCH_QUICK=1: fewer servers, and a shorter look at idleness."""

import os
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

QUICK = bool(os.environ.get("MCPVISOR_BENCH_QUICK"))
MANY = 100 if QUICK else 500
LAZY = 200 if QUICK else 1000
IDLE_SECONDS = 10 if QUICK else 60
FLOODERS = 50 if QUICK else 200
RING = 65536  # bytes of log that are kept of a server
RUNS = 5
RELOAD_APART = 0.3  # seconds: one that comes sooner after another waits
KIB = 1024

# The daemon is to start them at once: here its governor is not what is measured.
FAST = {"governor": {"rate": 10000, "burst": 10000, "starting": 10000}, "listen": ["127.0.0.1:0"]}


def row(name, value, unit, goal=None):
    text = "%-74s %9s %-4s" % (name, ("%.0f" if unit == "" or value >= 1000 else "%.1f") % value, unit)
    if goal is not None:
        text += " goal %.0f: %s" % (goal, "met" if value <= goal else "missed")
    print(text.rstrip(), flush=True)


def rows_median(name, samples, unit, goal=None):
    row(name + ", median", statistics.median(samples), unit, goal)
    row(name + ", most", max(samples), unit)


def memory(pid):
    """What it alone has written, and all that it has mapped. Pages of a file that was built a moment ago
    are dirty as well, and nobody's: Private_Dirty would count them."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as f:
        fields = dict(line.split(":", 1) for line in f.read().splitlines()[1:])
    return int(fields["Anonymous"].split()[0]), int(fields["Rss"].split()[0])


def cpu_and_wakes(pid):
    with open("/proc/%d/schedstat" % pid, encoding="utf-8") as f:
        ns = int(f.read().split()[0])
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        wakes = sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return ns / 1e6, wakes


def idle_children(n, **keys):
    return {"servers": {"s%04d" % i: mcp("mcp", **keys) for i in range(n)}, **FAST}


def start(config):
    d = Daemon(config)
    d.wait(lambda: all(s["state"] == "ready" for s in d.status()["servers"]), 120, "all servers to be ready")
    return d


def timed(what):
    begin = time.monotonic()
    what()
    return (time.monotonic() - begin) * 1000


# ---- memory ------------------------------------------------------------------


def supervisor_memory(d, n):
    own, rss = memory(d.pid)
    row("supervisor, %d quiet children: private" % n, own, "KiB", 1.5 * 1000 * 1000 / KIB + n * 20 * 1000 / KIB)
    row("supervisor, %d quiet children: RSS" % n, rss, "KiB")
    return own


def gateway_memory(d, n):
    own, rss = memory(d.status()["gateway"]["pid"])
    row("gateway (stub), %d quiet children: private" % n, own, "KiB")
    row("gateway (stub), %d quiet children: RSS" % n, rss, "KiB")


def warden_memory(d):
    own = [memory(s["instances"][0]["warden"])[0] for s in d.status()["servers"]]
    row("warden: private, most of %d" % len(own), max(own), "KiB", 200 * 1000 / KIB)


def full_rings():
    """Each child fills its ring and then stays; beside as many that say nothing."""
    d = start(idle_children(FLOODERS))
    quiet, _ = memory(d.pid)
    d.stop()
    config = {"servers": {"s%04d" % i: mcp("flood-stderr+mcp", str(4 * RING)) for i in range(FLOODERS)}, **FAST}
    d = start(config)
    own, _ = memory(d.pid)
    row("supervisor, %d children with a full log: more for each" % FLOODERS, (own - quiet) / FLOODERS, "KiB", 64)
    d.stop()


# ---- time ----------------------------------------------------------------------


def idle(d, n):
    """A process that sleeps is woken for as long as it is watched: the two looks are all there is."""
    gateway = d.status()["gateway"]["pid"]
    before = {p: cpu_and_wakes(p) for p in (d.pid, gateway)}
    signal.sigtimedwait([], IDLE_SECONDS)
    for name, pid in (("supervisor", d.pid), ("gateway", gateway)):
        cpu, wakes = (b - a for a, b in zip(before[pid], cpu_and_wakes(pid)))
        row("%s, %d quiet children: CPU in %d s" % (name, n, IDLE_SECONDS), cpu, "ms")
        row("%s, %d quiet children: switches in %d s" % (name, n, IDLE_SECONDS), wakes, "")


def new_gateway(d, n):
    """Killed; until the next one has told that it is ready. One that was ready for less than a second
    counts as broken, and the next one waits: so each is left alone before."""

    def once():
        old = d.status()["gateway"]["pid"]
        with d.events() as stream:
            os.kill(old, signal.SIGKILL)
            while True:
                g = d.status()["gateway"]
                if g["state"] == "ready" and g["pid"] != old:
                    return
                if not stream.next(DEADLINE):
                    raise TimeoutError("a new gateway")

    samples = []
    for _ in range(RUNS):
        signal.sigtimedwait([], 1.5)
        samples.append(timed(once))
    rows_median("gateway killed to the next one ready, %d children" % n, samples, "ms", 1000)


def status(d, what):
    size = len(json.dumps(d.status()))
    before = cpu_and_wakes(d.pid)[0]
    samples = [timed(d.status) for _ in range(RUNS)]
    # The supervisor does nothing else meanwhile: a signal waits for so long.
    row("CPU of the supervisor for a status, %s" % what, (cpu_and_wakes(d.pid)[0] - before) / RUNS, "ms", 50)
    rows_median("status over the control socket, %s" % what, samples, "ms")

    def command():
        subprocess.run([MCPVISOR, "status", "--json", "--socket", d.runtime], stdout=subprocess.DEVNULL, check=True)

    rows_median("mcpvisor status --json, %s" % what, [timed(command) for _ in range(RUNS)], "ms")
    row("its size", size / KIB, "KiB")


def end(d, n):
    row("TERM to nothing left, %d idle children" % n, timed(d.stop), "ms")
    if d.survivors():
        raise AssertionError("something is left")


def term_under_flood():
    """Eight children that write to stderr for ever: until a stop that is asked is under way."""
    config = {"servers": {"s%d" % i: mcp("flood-stderr", "0") for i in range(8)}, **FAST}
    samples = []
    for _ in range(RUNS):
        d = Daemon(config)
        with d.events() as stream:
            while len(d.status()["servers"]) != 8 or any(not s["instances"] for s in d.status()["servers"]):
                stream.next(DEADLINE)

            def stopping():
                d.signal(signal.SIGTERM)
                while True:
                    e = stream.next(DEADLINE)
                    if not e or e.get("type") == "daemon" and e.get("to") == "stopping":
                        return

            samples.append(timed(stopping))
        d.wait_exit()
    rows_median("TERM to `stopping`, 8 children that flood stderr", samples, "ms", 50)


def many_lazy():
    d = Daemon(idle_children(LAZY, start="lazy"))
    d.wait(lambda: all(s["state"] == "idle" for s in d.status()["servers"]), 60, "all servers to be idle")
    own, rss = memory(d.pid)
    row("supervisor, %d servers that are not started: private" % LAZY, own, "KiB")
    row("supervisor, %d servers that are not started: RSS" % LAZY, rss, "KiB")

    def reload():
        if not d.ask("reload").get("ok"):
            raise AssertionError("the reload has failed")

    samples = []
    for _ in range(RUNS):
        signal.sigtimedwait([], RELOAD_APART)
        samples.append(timed(reload))
    rows_median("reload, %d servers, none changed" % LAZY, samples, "ms")
    status(d, "%d servers that are not started" % LAZY)
    grown, _ = memory(d.pid)
    row("supervisor after %d reloads: more private" % RUNS, grown - own, "KiB")
    end(d, 0)


def main_bench():
    d = start(idle_children(0))
    supervisor_memory(d, 0)
    gateway_memory(d, 0)
    d.stop()
    d = start(idle_children(1))
    end(d, 1)
    d = start(idle_children(50))
    supervisor_memory(d, 50)
    warden_memory(d)
    idle(d, 50)
    new_gateway(d, 50)
    end(d, 50)
    full_rings()
    d = start(idle_children(MANY))
    supervisor_memory(d, MANY)
    gateway_memory(d, MANY)
    status(d, "%d children" % MANY)
    end(d, MANY)
    term_under_flood()
    many_lazy()
    return 0


if __name__ == "__main__":
    try:
        main_bench()
    finally:
        for each in daemons:
            each.end()
        shutil.rmtree(tmp, ignore_errors=True)
