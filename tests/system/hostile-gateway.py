#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway that was taken over may say anything: it is replaced, or what it says is dropped and counted. The
supervisor lives, and so do the servers."""

import os
import random
import re
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

FAST = {"GATEWAY_GOOD": 1, "PING": 100}
SERVERS = ("a", "b")


def servers(**more):
    return {"servers": dict({name: mcp("mcp") for name in SERVERS}, s=mcp("mcp", share="session", max_instances=4),
                            down=mcp("mcp", start="lazy"), **more)}


def start(script, times=None):
    d = Daemon(servers(), script=script, times=times or FAST)
    for name in SERVERS:
        d.wait_state(name, "ready")
    d.ask("stop down")
    return d


def pids(d):
    return [d.server(name)["pid"] for name in SERVERS]


def next_life(d):
    """Ends this gateway and waits for one that stays."""
    gateway, n = d.status()["gateway"]["pid"], len(d.lives())
    os.kill(gateway, signal.SIGKILL)
    until(lambda: len(d.lives()) > n, what="another gateway")


def is_well(d, name, before, memory=None):
    """Servers are as before, and a normal gateway works."""
    equal(name + ": servers keep their processes", pids(d), before)
    d.say("want", "s", 77)
    until(lambda: 77 in [i["session"] for i in d.server("s")["instances"] if i["state"] == "ready"],
          what="a session by way of the next gateway")
    text = d.log_text()
    check(name + ": no bug of ours is logged", not re.search("no row in the table|came too early|Sanitizer", text),
          d.log_tail())
    if memory is not None and SLOW == 1:
        grown = private_memory(d.pid) - memory
        check(name + ": memory is flat", grown < 1 << 20, "%+d KiB" % (grown // 1024))
    equal(name + ": no zombie", zombies_of(d.pid), [])


# What is said, and the word that the log has for it; None: it may stay.
MODES = (
    ("wrong-sizes 3", "ended by us"), ("wrong-sizes 7", "ended by us"), ("wrong-sizes", "ended by us"),
    ("wrong-fds 1", "ended by us"), ("wrong-fds 16", "ended by us"), ("wrong-words", "ended by us"),
    ("wrong-direction", "ended by us"), ("flood-garbage 1", "ended by us"), ("flood-garbage 2", "ended by us"),
    ("flood-valid 3", "ended by us"), ("wrong-build", "another build"), ("wrong-pong", "nobody sent"),
    ("no-pong", "does not answer"), ("hang-after 3", "does not answer"), ("silent", None), ("crash-after 1", None),
    ("crash-after 4", None), ("crash-after 9", None), ("crash-on COMMIT", None), ("crash-on INSTANCE_UP", None),
    ("exit 0", None), ("exit 1", None),
)
# What it may say without being replaced.
DROPPED = ("wrong-row", "late-messages", "truncate-scoreboard", "scribble-scoreboard 5", "scribble-notebooks 6",
           "never-drained", "never-ready")


def replaced():
    script = "normal\n" + "".join("%s\nnormal\n" % mode for mode, _ in MODES)
    d = start(script)
    before, memory = pids(d), 0
    for i, (mode, word) in enumerate(MODES):
        if i == 3:
            memory, fds = private_memory(d.pid), fds_of(d.pid)
        seen = len(d.log_text())
        next_life(d)
        if mode != "silent":
            wanted = 2 * i + 3
            until(lambda: len(d.lives()) >= wanted, 10, "the gateway after %s" % mode)
        else:  # it gets ready never, and is asked
            until(lambda: len(d.lives()) >= 2 * i + 3, 10, "the gateway after %s" % mode)
        until(lambda: d.status()["gateway"]["state"] == "ready", what="a gateway after " + mode)
        check(mode + ": replaced%s" % (", and the log says why" if word else ""),
              not word or word in d.log_text()[seen:], d.log_tail())
        if pids(d) != before:
            fail(mode + ": a server was restarted", d.log_tail())
            before = pids(d)
    is_well(d, "replaced", before, memory)
    d.ask("stop s")
    until(lambda: fds_of(d.pid) <= fds + 3, 5, "descriptors: %d, there are %d" % (fds, fds_of(d.pid)))
    ok("replaced: no descriptor is lost")
    equal("replaced: TERM ends it with 0", d.stop(), 0)
    d.check_clean("replaced")


def dropped():
    for mode in DROPPED:
        d = start("normal\n%s\nnormal" % mode)
        before = pids(d)
        next_life(d)
        until(lambda: d.status()["gateway"]["state"] == "ready", what="the gateway")
        for n in (1, 2, 3):
            d.say("want", "s", n)
        d.ask("start --no-wait down")
        until(lambda: len(d.server("s")["instances"]) == 3, what="sessions with a gateway that says " + mode)
        d.ask("stop down", 30)
        equal(mode + ": servers keep their processes", pids(d), before)
        next_life(d)
        until(lambda: d.status()["gateway"]["state"] == "ready", what="the gateway")
        if mode.startswith("scribble-notebooks"):  # one that seems not initialized is started anew, by the design
            for name in SERVERS:
                d.wait_state(name, "ready")
            before = pids(d)
        is_well(d, mode, before)
        equal(mode + ": TERM ends it with 0", d.stop(), 0)
        d.check_clean(mode)


def storms():
    n = 100000 if SOAK else 4000 // SLOW
    d = start("normal", {"GATEWAY_GOOD": 1})  # pings wait while it talks
    gateway, before = d.status()["gateway"]["pid"], pids(d)
    d.say_all("want down" for _ in range(200))
    memory = private_memory(d.pid)
    equal("WANT of a stopped server: all said", d.say_all("want down" for _ in range(n)), n)
    until(lambda: d.seen("WANT_REFUSED") >= n + 200, what="all of the answers")
    ok("WANT of a stopped server: each is refused")
    equal("WANT of many sessions: all said", d.say_all("want s %d" % (k + 1) for k in range(n)), n)
    until(lambda: len([i for i in d.server("s")["instances"] if i["state"] == "ready"]) == 4, what="four of them")
    ok("WANT of many sessions: max_instances of them get one")
    d.say_all("want a" for _ in range(n // 4))
    numbers = [t.split("/") for t in d.say("instances").split()]
    for how in ("idle 1", "ended", "idle"):
        d.say_all("release a %s %s" % (numbers[0][1], how) for _ in range(n // 8))
    d.ask("start a")
    d.wait_state("a", "ready", "idle")
    unknown = ["raw " + struct.pack("<IIIIQQ", TYPES["WANT"], 32, random.randrange(1 << 32), 0, 5, 6).hex()
               for _ in range(n // 4)]
    count = d.status()["gateway"]["dropped_messages"]
    d.say_all(unknown)
    until(lambda: d.status()["gateway"]["dropped_messages"] >= count + len(unknown), what="them to be dropped")
    ok("WANT of rows that there are not: dropped and counted")
    stale = ["raw " + struct.pack("<IIIIQII", TYPES["RELEASE"], 32, int(r), int(i), 999, 1, 0).hex()
             for r, i, _, _ in numbers for _ in range(n // 16)]
    count = d.status()["gateway"]["dropped_messages"]
    d.say_all(stale)
    until(lambda: d.status()["gateway"]["dropped_messages"] >= count + len(stale), what="them to be dropped")
    ok("RELEASE of another generation: dropped and counted")
    equal("storms: it is not replaced for that", d.status()["gateway"]["pid"], gateway)
    equal("storms: the other server keeps its process", pids(d)[1], before[1])
    grown = private_memory(d.pid) - memory
    print("private memory of the supervisor: %+d KiB after %d messages" % (grown // 1024, 4 * n), flush=True)
    if SLOW == 1:
        check("storms: memory is flat", grown < 1 << 20, grown)
    equal("storms: TERM ends it with 0", d.stop(), 0)
    d.check_clean("storms")


def reads_nothing():
    """What it is told piles up, to a bound."""
    d = Daemon({"servers": {name: mcp("mcp") for name in SERVERS}, "limits": {"max_servers": 4}}, script="normal",
               times={"GATEWAY_GOOD": 1})
    for name in SERVERS:
        d.wait_state(name, "ready")
    gateway, b = d.status()["gateway"]["pid"], d.server("b")["pid"]
    os.kill(gateway, signal.SIGSTOP)
    cycles = 0
    memory = private_memory(d.pid)
    while d.status()["gateway"]["pid"] == gateway and cycles < 2000:
        d.ask("stop --no-wait a")
        d.wait_state("a", "stopped")
        d.ask("start --no-wait a")
        until(lambda: d.server("a")["pid"], what="a")
        cycles += 1
    until(lambda: d.status()["gateway"]["state"] == "ready", what="another one")
    text = d.log_text()
    check("reads nothing: replaced after %d restarts" % cycles, "cannot be told" in text or "does not answer" in text,
          d.log_tail())
    equal("reads nothing: the other server keeps its process", d.server("b")["pid"], b)
    if SLOW == 1:
        check("reads nothing: memory is bounded", private_memory(d.pid) - memory < 1 << 20)
    equal("reads nothing: TERM ends it with 0", d.stop(), 0)
    d.check_clean("reads nothing")


def message_types():
    """Numbers of the types, as src/ipc/message.h has them."""
    with open(os.path.join(SRC, "src/ipc/message.h"), encoding="utf-8") as f:
        text = f.read()
    names = re.findall(r"^\s+M\((\w+),", text, re.M)
    return {name: 1 + i for i, name in enumerate(names)}


TYPES = message_types()


def random_messages():
    """Heads that are right, and bodies that are not; and the other way round."""
    seed = int.from_bytes(os.urandom(4), "little")
    print("seed %d" % seed, flush=True)
    r = random.Random(seed)
    n = 3000 if SOAK else 120 // SLOW
    d = start("normal")
    before, memory = pids(d), private_memory(d.pid)
    for _ in range(n):
        until(lambda: d.status()["gateway"]["state"] == "ready", what="a gateway")
        size = r.choice((8, 16, 24, 32, 40, 48, r.randrange(8, 200)))
        kind = r.choice(list(TYPES.values()) + [0, 99, 1 << 31])
        body = bytes(r.choice((0, 0, 0, 1, 255, r.randrange(256))) for _ in range(size - 8))
        head = struct.pack("<II", kind, size if r.random() < 0.9 else r.randrange(1 << 32))
        try:
            d.say("raw", (head + body).hex())
        except (OSError, TimeoutError):
            pass  # it was ended for what it had said before
    until(lambda: d.status()["gateway"]["state"] == "ready", what="a gateway")
    restarts = d.status()["gateway"]["restarts"]
    check("random messages: %d of %d ended the gateway" % (restarts, n), restarts > 0)
    now = pids(d)
    check("random messages: servers are up", all(now), now)
    text = d.log_text()
    check("random messages: no bug of ours is logged", not re.search("no row in the table|Sanitizer", text), d.log_tail())
    equal("random messages: b keeps its process, unless it was named", now[1] == before[1] or "b: " in text, True)
    if SLOW == 1:
        check("random messages: memory is flat", private_memory(d.pid) - memory < 1 << 20)
    equal("random messages: TERM ends it with 0", d.stop(), 0)
    d.check_clean("random messages")


alarm(1800 if SOAK else 150)
main(replaced, dropped, storms, reads_nothing, random_messages)
