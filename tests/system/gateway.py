#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway dies, hangs, never gets ready, or says no: servers do not notice."""

import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403
from mcp import Session  # noqa: E402


class Clients(threading.Thread):
    """Connects again and again, to each address in turn. A connection that was taken by a gateway which then
    died is made anew; one that nobody listens for is an error."""

    def __init__(self, addresses):
        super().__init__(daemon=True)
        self.addresses, self.ends = addresses, False
        self.answered, self.again, self.wrong, self.refused, self.slowest = 0, 0, [], [], 0.0
        self.start()

    def connect(self, address):
        if address.startswith("/") or address.startswith("unix:"):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.settimeout(DEADLINE * SLOW)
            s.connect(address[address.index("/") :])
            return s
        host, _, port = address.replace("http://", "").rpartition(":")
        return socket.create_connection((host, int(port)), DEADLINE * SLOW)

    def ask(self, address):
        """True when it was answered."""
        try:
            s = self.connect(address)
        except OSError as e:
            self.refused.append("%s: %s" % (address, e))
            return True
        with s:
            try:
                s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                got = s.recv(4096)
            except OSError:
                got = b""
        if got.startswith(b"HTTP/1.1 200"):
            self.answered += 1
            return True
        if got:
            self.wrong.append(got)
            return True
        self.again += 1
        return False

    def run(self):
        n = 0
        while not self.ends:
            start = time.monotonic()
            while not self.ask(self.addresses[n % len(self.addresses)]) and not self.ends:
                pass
            self.slowest = max(self.slowest, time.monotonic() - start)
            n += 1
            time.sleep(0.002)  # a client, not a flood

    def end(self):
        self.ends = True
        self.join(DEADLINE * SLOW)


def replaced(d, pid, deadline=DEADLINE):
    """Until another gateway is ready; how long that took."""
    start = time.monotonic()

    def ready():
        g = d.status()["gateway"]
        return g["state"] == "ready" and g["pid"] != pid

    until(ready, deadline, "another gateway")
    return time.monotonic() - start


def pids(d):
    return {s["name"]: [i["pid"] for i in s["instances"]] for s in d.status()["servers"]}


def count_in(path_, word):
    try:
        with open(path_, encoding="utf-8") as f:
            return f.read().split("\n").count(word) if " " in word else sum(x.startswith(word) for x in f)
    except FileNotFoundError:
        return 0


def pid_by_call(d, name):
    """What a client hears of the server itself: its number where it lives, maybe in a namespace of its own."""
    with Session(os.path.join(d.runtime, "http.sock"), "/mcp/" + name) as s:
        return int(s.request("tools/call", {"name": "pid"})["result"]["content"][0]["text"])


def killed():
    n = 1000 if SOAK else 60 if SLOW > 1 else 200
    log = path("handshakes")
    servers = {name: mcp("mcp", env={"CHILD_LOG": log}) for name in "abc"}
    d = Daemon({"servers": servers}, times={"GATEWAY_GOOD": 1})
    for name in servers:
        d.wait_state(name, "ready")
    before, listen = pids(d), d.status()["gateway"]["listen"]
    heard = {name: pid_by_call(d, name) for name in servers}
    check("it listens on TCP and on a unix socket", len(listen) == 2, listen)
    clients = Clients(listen)
    took, fds, dirty = [], 0, 0
    for i in range(n):
        if i == 20:
            fds, dirty = fds_of(d.pid), private_memory(d.pid)
        pid = d.status()["gateway"]["pid"]
        os.kill(pid, signal.SIGKILL)
        took.append(replaced(d, pid))
    clients.end()
    took.sort()
    print("gateway killed %d times: back after %.0f ms (median), %.0f ms (99 %%), %.0f ms (longest); %d answers, "
          "%d connections made anew, slowest %.0f ms" % (n, took[n // 2] * 1e3, took[n * 99 // 100] * 1e3,
          took[-1] * 1e3, clients.answered, clients.again, clients.slowest * 1e3), flush=True)
    equal("killed: servers keep their processes", pids(d), before)
    equal("killed: no handshake is repeated", count_in(log, "initialize"), len(servers))
    equal("killed: no server was restarted", [s["starts"] for s in d.status()["servers"]], [1] * len(servers))
    check("killed: service is back within 1 s", took[-1] < 1 * SLOW, took[-5:])
    equal("killed: each restart is counted", d.status()["gateway"]["restarts"], n)
    equal("killed: listeners are the same", d.status()["gateway"]["listen"], listen)
    equal("killed: no connection was refused", clients.refused[:3], [])
    equal("killed: nothing but 200 was answered", clients.wrong[:3], [])
    check("killed: clients were answered", clients.answered > n / 2, clients.answered)
    equal("killed: they answer calls as before", {name: pid_by_call(d, name) for name in servers}, heard)
    equal("killed: no zombie", zombies_of(d.pid), [])
    until(lambda: fds_of(d.pid) <= fds, 5, "%d descriptors, there are %d" % (fds, fds_of(d.pid)))
    ok("killed: no descriptor is lost")
    grown = private_memory(d.pid) - dirty
    print("private memory of the supervisor: %+d KiB after %d gateways" % (grown // 1024, n), flush=True)
    if SLOW == 1:
        check("killed: memory is flat", grown < 300 * 1024, grown)
    equal("killed: TERM ends it with 0", d.stop(), 0)
    d.check_clean("killed")


def hung():
    n = 20 if SOAK else 8
    d = Daemon({"servers": {"a": mcp("mcp")}}, times={"GATEWAY_GOOD": 1, "PING": 50})
    d.wait_state("a", "ready")
    before = pids(d)
    longest = 0
    for _ in range(n):
        pid = d.status()["gateway"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        longest = max(longest, replaced(d, pid))
    print("gateway stopped %d times, asked each 50 ms: replaced after %.0f ms at most" % (n, longest * 1e3))
    equal("hung: servers keep their processes", pids(d), before)
    equal("hung: each one is counted", d.status()["gateway"]["restarts"], n)
    check("hung: the log says why", "it does not answer" in d.log_text(), d.log_tail())
    check("hung: replaced in time", longest < 1.5 * SLOW, longest)
    equal("hung: TERM ends it with 0", d.stop(), 0)


def instances_end_with_it():
    d = Daemon({"servers": {"sh": mcp("mcp"), "se": mcp("mcp", share="session"),
                            "ex": mcp("mcp", share="exclusive")}}, script="normal", times={"GATEWAY_GOOD": 1})
    d.wait_state("sh", "ready")
    d.wait_state("ex", "ready")
    d.say("want", "se", 7)
    d.say("want", "se", 8)
    d.say("want", "ex", 9)
    until(lambda: len([i for i in d.server("se")["instances"] if i["state"] == "ready"]) == 2, what="two sessions")
    equal("the sessions are told", sorted(i["session"] for i in d.server("se")["instances"]), [7, 8])
    equal("exclusive: the lease is told", d.server("ex")["instances"][0]["session"], 9)
    before = pids(d)
    gateway = d.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    replaced(d, gateway)
    until(lambda: not d.server("se")["instances"], what="the sessions to end")
    until(lambda: (lambda s: s["state"] == "ready" and s["pid"] != before["ex"][0])(d.server("ex")),
           what="a fresh exclusive instance")
    equal("shared: it keeps its process", pids(d)["sh"], before["sh"])
    equal("shared: the new gateway was told of it", d.say("instances").count("/"), 3 * 2)
    equal("exclusive: the lease ends with the gateway", d.server("ex")["instances"][0]["session"], None)
    for name in ("se", "ex"):
        s = d.server(name)
        equal(name + ": that is planned", s["last_exit"]["class"], "planned")
        equal(name + ": and charges nothing", (s["budget"]["used"], s["restarts"]), (0, 0))
    equal("session: the server is idle", d.server("se")["state"], "idle")
    d.say("want", "se", 1)
    d.wait_state("se", "ready")
    d.say("want", "ex", 5)
    until(lambda: d.server("ex")["instances"][0]["session"] == 5, what="the new lease")
    ok("exclusive: a session of the next gateway may have it")
    equal("instances: TERM ends it with 0", d.stop(), 0)
    d.check_clean("instances")


def sessions_that_wait():
    """The gateway dies while sessions wait for the governor: nobody is left who would end them."""
    d = Daemon({"servers": {"s": mcp("mcp", share="session")}, "governor": {"rate": 1, "burst": 1}}, script="normal",
               times={"GATEWAY_GOOD": 1})
    for n in (1, 2, 3):
        d.say("want", "s", n)
    until(lambda: d.server("s")["pid"], what="the first")
    gateway = d.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    replaced(d, gateway)
    until(lambda: d.server("s")["state"] == "idle" and not d.server("s")["instances"], what="all of them to end")
    starts = d.server("s")["starts"]
    d.say("want", "s", 9)
    until(lambda: d.server("s")["pid"], what="the next gateway's")
    equal("sessions that waited are not started", d.server("s")["starts"], starts + 1)
    equal("waiting sessions: TERM ends it with 0", d.stop(), 0)
    d.check_clean("waiting sessions")


def not_initialized():
    d = Daemon({"servers": {"a": mcp("mcp"), "t": mcp("mcp", start="lazy")}}, script="never-ready\nnormal",
               times={"GATEWAY_GOOD": 1})
    before = d.wait_state("a", "starting")
    until(lambda: d.server("a")["pid"], what="its process")
    before = d.server("a")["pid"]
    # The notebook is written with the answer to INSTANCE_UP, so the gateway has to die before.
    gateway = d.status()["gateway"]["pid"]
    until(lambda: d.seen("INSTANCE_UP") == 1, what="the gateway to know of it")
    os.kill(gateway, signal.SIGKILL)
    replaced(d, gateway)
    s = d.wait_state("a", "ready")
    equal("initialized, but not ready: it keeps its process", s["pid"], before)
    d.stop()

    d = Daemon({"servers": {"a": mcp("mcp")}}, script="swallow INSTANCE_UP\nnormal", times={"GATEWAY_GOOD": 1})
    until(lambda: d.seen("INSTANCE_UP") == 1, what="the gateway to know of it")
    before = d.server("a")["pid"]
    gateway = d.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    s = d.wait_state("a", "ready")
    check("not initialized: it is started anew", s["pid"] != before, s)
    equal("not initialized: twice in all", s["starts"], 2)
    equal("not initialized: that charges nothing", (s["budget"]["used"], s["restarts"]), (0, 0))
    equal("not initialized: it was planned", s["last_exit"]["class"], "planned")
    d.stop()
    d.check_clean("not initialized")


def never_ready():
    last = 6400 if SOAK else 800
    d = Daemon({"servers": {"a": mcp("mcp")}}, script="exit 3", wait=False)
    seen, at, gaps = 0, 0.0, []
    wanted = 1 + (8 if SOAK else 5)
    while seen < wanted:
        until(lambda: len(d.lives()) > seen, 30, "life %d of the gateway" % (seen + 1))
        now = time.monotonic()
        if at:
            gaps.append(now - at)
        at, seen = now, len(d.lives())
    print("a gateway that never gets ready is started after", " ".join("%.0f ms" % (g * 1e3) for g in gaps))
    for k, gap in enumerate(gaps[:-1]):
        base = min(0.1 * 2**k, 30)
        check("pause %d is %.0f ms or so" % (k + 1, base * 1e3), base * 0.45 <= gap <= base * 1.6 + 0.5 * SLOW, gap)
    equal("no gateway: servers run", d.server("a")["state"], "starting")
    d.set_script("normal")
    d.wait_state("a", "ready", deadline=40)
    ok("no gateway: as soon as there is one, all is well (last pause %d ms)" % last)
    equal("no gateway: TERM ends it with 0", d.stop(), 0)
    d.check_clean("never ready")


def other_builds():
    """Answers that are not those of a gateway of ours."""
    for mode, why in (("wrong-build", "another build"), ("refuse-prepare not me", "refuses the configuration")):
        d = Daemon({"servers": {"a": mcp("mcp")}}, script=mode + "\nnormal")
        d.wait_state("a", "ready")
        check(mode + ": it is replaced, and the log says why", why in d.log_text(), d.log_tail())
        equal(mode + ": once", len(d.lives()), 2)
        equal(mode + ": TERM ends it with 0", d.stop(), 0)


def critical():
    d = Daemon({"servers": {"a": mcp("mcp", critical=True)}}, script="exit 3", times={"CRITICAL": 700}, wait=False)
    equal("critical and no gateway: exit 1", d.wait_exit(), 1)
    check("critical and no gateway: the log says so", "no gateway gets ready" in d.log_text(), d.log_tail())
    d.check_clean("critical and no gateway")
    d = Daemon({"servers": {"a": mcp("mcp", critical=True)}}, script="normal\nexit 3", times={"CRITICAL": 700})
    d.wait_state("a", "ready")
    os.kill(d.status()["gateway"]["pid"], signal.SIGKILL)
    equal("critical, and the gateway is lost for good: exit 1", d.wait_exit(), 1)
    d = Daemon({"servers": {"a": mcp("mcp", critical=True)}}, script="normal\nexit 3\nexit 3\nnormal",
               times={"CRITICAL": 15000 * SLOW})
    d.wait_state("a", "ready")
    gateway = d.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    replaced(d, gateway)
    equal("critical, and the gateway is back in time: it stays", d.status()["state"], "running")
    equal("critical: TERM ends it with 0", d.stop(), 0)


def stop_without_it():
    """TERM while the gateway is dead, hung, or deaf to it."""
    for script, wait in (("exit 3", False), ("ignore-stop", True), ("never-drained", True), ("silent", False)):
        d = Daemon({"servers": {"a": mcp("mcp")}}, script=script, wait=wait)
        until(lambda: d.proc.poll() is None and os.path.exists(d.runtime + "/control.sock") and d.server("a")["pid"],
              what="the server to run")
        start = time.monotonic()
        equal(script + ": TERM ends it with 0", d.stop(), 0)
        check(script + ": in time", time.monotonic() - start < 4 * SLOW, time.monotonic() - start)
        d.check_clean(script)


alarm(600 if SOAK else 120)
main(killed, hung, instances_end_with_it, sessions_that_wait, not_initialized, never_ready, other_builds, critical, stop_without_it)
