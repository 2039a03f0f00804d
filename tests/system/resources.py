#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What runs out: descriptors, disk, readers, patience. The daemon says it, does not spin, and recovers;
an idle one sleeps."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

CONNECTIONS = 64  # LIMIT_CONTROL_CONNECTIONS
PING = 5          # LIMIT_GATEWAY_PING


def limit(pid, soft):
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def spent(pid, seconds):
    before = cpu_of(pid)
    time.sleep(seconds)
    return cpu_of(pid) - before


def descriptors():
    """A limit that is reached later: nothing new, and everything else as before."""
    d = Daemon({"servers": {"a": mcp(), "b": mcp(restart={"backoff_min": "200ms", "burst": 100})}})
    for name in ("a", "b"):
        d.wait_state(name, "ready")
    pid = d.server("a")["pid"]
    hard = resource.prlimit(d.pid, resource.RLIMIT_NOFILE)
    fds = fds_of(d.pid)
    before = d.log_text()
    limit(d.pid, fds)  # the highest number may be larger: then even less is left
    clients = [d.connect() for _ in range(10)]
    check("no descriptor is left: it does not spin", spent(d.pid, 1.5) < 0.3 * SLOW, "CPU time")
    equal("its servers go on", is_alive(pid), True)
    check("and so does its gateway", len(descendants(d.pid)) >= 3, descendants(d.pid))
    for c in clients:
        c.close()
    resource.prlimit(d.pid, resource.RLIMIT_NOFILE, hard)
    until(lambda: answers(d), what="it to answer again")
    ok("with descriptors it answers again")
    limit(d.pid, fds + 1)  # one for the connection that asks: none for a start
    try:
        r = d.ask("restart b")
        check("a start without descriptors fails, and is told", r.get("ok") is False, r)
    except (OSError, ConnectionError) as e:
        fail("a start without descriptors fails, and is told", e)
    resource.prlimit(d.pid, resource.RLIMIT_NOFILE, hard)
    d.wait_state("b", "ready")
    ok("it is retried, and works when there are some")
    classes = [x["class"] for x in d.lines("history b")[:-1]]
    check("what failed was the machine's fault, not the server's", set(classes) <= {"host-transient", "planned"}, classes)
    check("the log says it", "Too many open files" in d.log_text()[len(before):], d.log_text()[len(before):])
    until(lambda: fds_of(d.pid) <= fds + 1, what="descriptors to be as many as before")
    ok("and none is left over")
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after no descriptors")


def answers(d):
    try:
        return d.ask("ping")["ok"]
    except OSError:
        return False


def few_from_the_start():
    """A hard limit: the daemon says what it cannot do, and ends well."""
    for n in (16, 24, 32, 40, 48, 64):
        d = Daemon({"servers": {"a": mcp(), "b": mcp()}}, wait=False, prefix=["prlimit", "--nofile=%d:%d" % (n, n)])
        end = time.monotonic() + 1.0 * SLOW
        while d.proc.poll() is None and time.monotonic() < end and not d.logged("ready after"):
            time.sleep(0.01)
        if d.proc.poll() is None:
            check("%d descriptors: it does not spin" % n, spent(d.pid, 0.3) < 0.25 * SLOW, d.log_tail())
            equal("%d descriptors: TERM ends it with 0" % n, d.stop(), 0)
        else:
            check("%d descriptors: it says why it ends" % n, d.proc.returncode in (1, 70, 125) and
                  ("open files" in d.log_text()), "%d\n%s" % (d.proc.returncode, d.log_text()))
        d.check_clean("%d descriptors" % n)


def full_disk():
    """What cannot be written is counted, and told when it can be again."""
    d = Daemon({"servers": {"a": mcp()}}, stderr=open("/dev/full", "wb"))
    d.wait_state("a", "ready")
    for _ in range(20):
        d.signal(signal.SIGUSR2)
    equal("a full disk: it answers", d.ask("ping"), {"ok": True})
    check("and does not spin", spent(d.pid, 0.5) < 0.2 * SLOW)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("with a full disk")
    if os.geteuid() != 0:
        skip("a disk that is full for a while: only root can make one")
        return
    small = path("small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], check=False, capture_output=True).returncode:
        skip("a disk that is full for a while: no tmpfs may be mounted")
        return
    try:
        with open(small + "/log", "ab") as log:
            d = Daemon({"servers": {"a": mcp()}}, stderr=log)
        d.wait_state("a", "ready")
        filler = os.open(small + "/filler", os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(filler, b"x" * 512):
                pass
        except OSError:
            pass
        os.close(filler)
        for _ in range(30):
            d.signal(signal.SIGUSR2)
            d.ask("ping")
        os.unlink(small + "/filler")

        def text():
            with open(small + "/log", encoding="utf-8", errors="replace") as f:
                return f.read()

        until(lambda: "the log lost" in text(), 12, "the log to go on")
        ok("a disk that has room again: the log goes on, and says what it lost")
        lines = text().splitlines()
        broken = [x for x in lines if not x.startswith("{") or not x.endswith("}")]
        equal("no record is torn", broken, [])
        equal("TERM ends it with 0", d.stop(), 0)
    finally:
        d.end()
        subprocess.run(["umount", "-l", small], check=False)


def slow_reader_of_the_log():
    ours, theirs = os.pipe()
    d = Daemon({"log": {"level": "debug"}, "servers": {"a": mcp()}}, stderr=theirs)
    os.close(theirs)
    d.wait_state("a", "ready")
    for _ in range(400):
        d.signal(signal.SIGUSR2)
        if not d.ask("ping")["ok"]:
            break
    began = time.monotonic()
    equal("a full pipe: it answers", d.ask("ping"), {"ok": True})
    check("at once", time.monotonic() - began < 1 * SLOW)
    got = b""
    os.set_blocking(ours, False)
    d.signal(signal.SIGUSR2)

    def read():
        nonlocal got
        try:
            got += os.read(ours, 1 << 20)
        except BlockingIOError:
            pass
        return b"the log lost" in got

    until(read, what="the log to go on")
    ok("a reader that comes back is told how much it missed")
    equal("TERM ends it with 0", d.stop(), 0)
    os.close(ours)
    d.check_clean("with a slow reader")


def rotated():
    """Who moves the file away and sends USR1 loses nothing: the descriptor is the one that we were given."""
    log = path("rotated.log")
    with open(log, "ab") as f:
        d = Daemon({"servers": {"a": mcp()}}, stderr=f)
    d.wait_state("a", "ready")
    os.rename(log, log + ".1")
    d.signal(signal.SIGUSR1)
    d.signal(signal.SIGUSR2)

    def moved():
        with open(log + ".1", encoding="utf-8") as g:
            return g.read()

    until(lambda: "instance 1 is ready" in moved(), what="the dump")
    ok("a log that was moved goes on")
    os.unlink(log + ".1")
    d.signal(signal.SIGUSR1)
    equal("one that was removed is no reason to end", d.ask("ping"), {"ok": True})
    equal("TERM ends it with 0", d.stop(), 0)


def many_connections():
    d = Daemon({"servers": {"a": mcp()}})
    d.wait_state("a", "ready")
    held = []
    refused = None
    for _ in range(CONNECTIONS + 8):
        s = d.connect()
        s.sendall(b"stat")  # half a line
        held.append(s)
    for s in held:
        s.settimeout(0.3)
        try:
            refused = s.recv(4096) or refused
            if refused:
                break
        except (TimeoutError, socket.timeout):
            break
    last = held[-1]
    last.settimeout(DEADLINE)
    check("one connection too many is told so", b'"code":"busy"' in last.recv(4096))
    check("half lines cost nothing", spent(d.pid, 0.5) < 0.2 * SLOW)
    r = d.client("status")
    equal("its own client, too: 1", r.returncode, 1)
    check("in words", "too many connections" in r.stderr, r.stderr)
    held[0].sendall(b"us a\n")
    held[0].settimeout(DEADLINE)
    check("the rest of a line ends the request", held[0].recv(1 << 16).startswith(b'{"version"'))
    for s in held:
        s.close()
    until(lambda: answers(d), what="it to take connections again")
    ok("when they are gone it takes new ones")
    d.stop()
    d.check_clean("after many connections")


def floods_of_requests():
    d = Daemon({"servers": {"a": mcp()}})
    d.wait_state("a", "ready")
    memory = private_memory(d.pid)
    # One sends without reading; one sends garbage; one sends a line without end.
    floods = [(d.connect(), x) for x in (b"status\n" * 2000, b"\x00\xff nonsense 'x\n" * 2000, b"x" * (1 << 20))]
    for s, data in floods:
        s.setblocking(False)
        sent = 0
        for _ in range(40):
            try:
                n = s.send(data[sent:])
                sent = (sent + n) % len(data)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                break
    began = time.monotonic()
    equal("floods of requests: others are answered", d.ask("ping"), {"ok": True})
    check("soon", time.monotonic() - began < 1 * SLOW)
    check("a reader that does not read is not worked for", spent(d.pid, 0.5) < 0.3 * SLOW)
    for s, _ in floods:
        s.close()
    check("its memory does not grow by more than 4 MiB", private_memory(d.pid) - memory < 4 << 20 or SLOW > 1,
          private_memory(d.pid) - memory)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after floods")


def slow_follower():
    """logs -f of a server that writes without end, by somebody who does not read."""
    d = Daemon({"servers": {"f": mcp("mcp+flood-stderr", "0"), "q": mcp()}})
    d.wait_state("q", "ready")
    d.wait_state("f", "ready", "starting")
    s = d.connect()
    s.sendall(b"logs -f f\n")
    time.sleep(1)
    equal("a follower that does not read: others are answered", d.ask("ping"), {"ok": True})
    s.settimeout(DEADLINE * SLOW)
    f = s.makefile("rb")
    numbers, skipped = [], 0
    end = time.monotonic() + DEADLINE * SLOW
    while not skipped and time.monotonic() < end:
        line = json.loads(f.readline())
        if "skipped" in line:
            skipped = line["skipped"] if numbers else 0  # what was missed before the first one says nothing
        else:
            numbers.append(line["n"])
    check("it is told how many lines it missed, after some that it did not", skipped > 0 and numbers)
    after = json.loads(f.readline())["n"]
    equal("exactly", after, numbers[-1] + 1 + skipped)
    f.close()
    s.close()
    began = time.monotonic()
    equal("TERM ends it with 0", d.stop(), 0)
    check("in its time", time.monotonic() - began < 9 + 2 * SLOW)
    d.check_clean("after a flood")


def servers_may_not_ask():
    """A server that connects to the control socket would stop its own fence."""
    script = write("asks.py", '''import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["CONTROL"])
try:
    s.sendall(b"stop other\\n")
except OSError:
    pass  # it has hung up, and said why before
sys.stderr.write("answer: " + s.recv(4096).decode())
os.execv(sys.argv[1], sys.argv[1:])
''')
    for tree in ("cgroup", "pidns", "best-effort"):
        if tree == "cgroup" and not os.path.exists("/sys/fs/cgroup/unified/cgroup.procs") and not os.path.exists(
                "/sys/fs/cgroup/cgroup.procs"):
            skip("servers may not ask, tree cgroup: there is no cgroup v2 here")
            continue
        runtime = path("ask-" + tree)
        asks = {"command": sys.executable, "args": [script, CHILD, "mcp"], "env": {"CONTROL": runtime + "/control.sock"}}
        d = Daemon({"servers": {"asks": asks, "other": mcp()}}, tree=tree, runtime=runtime)
        for name in ("asks", "other"):
            d.wait_state(name, "ready")
        said = [x["text"] for x in d.lines("logs asks") if "answer: " in x.get("text", "")]
        check(tree + ": a server that asks is refused", said and "forbidden" in said[0], said)
        equal(tree + ": and nothing is done", d.server("other")["state"], "ready")
        d.stop()


def idle():
    """Nobody calls: it sleeps, but for what is due."""
    d = Daemon({"servers": {"a": mcp(), "lazy": mcp(start="lazy")}})
    d.wait_state("a", "ready")
    d.ask("ping")
    gateway = d.status()["gateway"]["pid"]
    time.sleep(2)  # what was begun ends: partial lines, timers of the start
    before = {p: wakeups_of(p) for p in (d.pid, gateway)}
    cpu = cpu_of(d.pid)
    seconds = 60 if SOAK else 10
    time.sleep(seconds)
    pings = seconds // PING + 1
    woken = {p: wakeups_of(p) - before[p] for p in before}
    # A ping is one turn to send it and one to take the answer; each may wait twice.
    check("%d s idle: the supervisor wakes for pings only" % seconds, woken[d.pid] <= 3 * pings, woken)
    check("%d s idle: and so does the gateway" % seconds, woken[gateway] <= 3 * pings, woken)
    check("no CPU time to speak of", cpu_of(d.pid) - cpu <= 0.02 * SLOW, cpu_of(d.pid) - cpu)
    d.stop()


alarm(160 if SOAK else 100)
main(descriptors, few_from_the_start, full_disk, slow_reader_of_the_log, rotated, many_connections, floods_of_requests,
     slow_follower, servers_may_not_ask, idle)
