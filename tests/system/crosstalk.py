#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody gets what is another one's: 200 clients with the same ids and the same progress tokens share servers that
answer after random times and are killed at random. Each call is answered exactly once, to whoever asked, by its own
result or by an error that says that the server died. MCPVISOR_SOAK=1: a million calls; MCPVISOR_TEST_SEED: the seed."""

import os
import random
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

CLIENTS = 200
CALLS = 1000000 if SOAK else 6000
KILL_EVERY = 400  # calls
SEED = int(os.environ.get("MCPVISOR_TEST_SEED") or int.from_bytes(os.urandom(4), "big"))
REASONS = {"server_died", "server_backoff", "start_failed", "queue_timeout", "server_degraded"}


class Caller:
    """One client: a connection, a session, one call at a time, and what it expects of it."""

    def __init__(self, number, gate, address, rng):
        self.number, self.rng = number, rng
        self.path = ("/mcp", "/mcp/a", "/mcp/b")[number % 3]
        self.session = Session(address, self.path)
        self.session.close()
        self.wire = Wire(address)
        self.calls = 0

    def start(self):
        """The same ids at all clients: 1, 2, 1, 2, ...; the same token; what is asked is its own."""
        self.ident, self.calls = 1 + self.calls % 2, self.calls + 1
        self.n = self.rng.randrange(1, 4) if self.rng.random() < 0.3 else 0
        self.mark = "%d/%d" % (self.number, self.calls)
        args = {"mark": self.mark, "ms": self.rng.choice((0, 0, 1, 2, 5, 10))}
        params = {"name": "echo", "arguments": args}
        if self.n:
            params = {"name": "progress", "arguments": dict(args, n=self.n), "_meta": {"progressToken": 1}}
        if self.path == "/mcp":
            params["name"] = self.rng.choice("ab") + "__" + params["name"]
        self.wanted = {"n": self.n} if self.n else args
        body = request(self.ident, "tools/call", params)
        self.wire.send(head("POST", self.path, self.session.headers(), body) + body)

    def finish(self):
        """What is wrong with the answer, or None; and whether the server had died."""
        answer = self.wire.answer(30 * SLOW)
        messages = [Message(answer.body)] if not answer.is_stream() else list(iter(answer.events().next_message, None))
        if not answer.keeps_alive():
            return "the connection ends: %r" % answer.head, False
        if self.wire.kept or answer.status != 200:
            return "status %d, and behind it %r" % (answer.status, self.wire.kept[:200]), False
        if sum(m.is_response() for m in messages) != 1 or not messages[-1].is_response():
            return "not one response at the end: %r" % [m.raw for m in messages], False
        told = [(m["params"]["progressToken"], m["params"]["progress"], m["params"]["total"]) for m in messages[:-1]]
        if told != [(1, i + 1, self.n) for i in range(len(told))]:
            return "progress of somebody else: %r" % told, False
        last = messages[-1]
        if last["id"] != self.ident:
            return "id %r for %r" % (last["id"], self.ident), False
        if "error" in last.obj:
            return (None if reason_of(last) in REASONS else last.raw), True
        got = last["result"]["structuredContent"]
        if got != self.wanted or len(told) != self.n:
            return "%r for %r" % (got, self.wanted), False
        return None, False


def run(gate, callers, rng):
    """Until all calls are done: (wrong answers, calls, deaths told)."""
    wrong, started, done, died = [], 0, 0, 0
    busy = {}
    for c in callers:
        c.start()
        busy[c.wire.sock] = c
        started += 1
    while busy and len(wrong) < 10:
        ready = readable(busy, DEADLINE)
        if not ready:
            wrong.append("%d calls are never answered" % len(busy))
            break
        for sock in ready:
            c = busy.pop(sock)
            error, dead = c.finish()
            done, died = done + 1, died + dead
            if error:
                wrong.append("client %d: %s" % (c.number, error))
            elif started < CALLS:
                c.start()
                busy[sock] = c
                started += 1
            if done % KILL_EVERY == 0:
                kill_one(gate, rng)
    return wrong, done, died


def kill_one(gate, rng):
    pid = gate.server(rng.choice("ab"))["pid"]
    if pid:
        os.kill(pid, signal.SIGKILL)


def each_its_own():
    print("seed %d" % SEED, flush=True)
    rng = random.Random(SEED)
    quick = dict(QUICK, burst=1000, long_burst=1000)
    d = Gate({n: child(restart=quick, max_inflight=32) for n in "ab"}, {"governor": {"rate": 1000, "burst": 1000}})
    callers = [Caller(i, d, d.address, random.Random(rng.random())) for i in range(CLIENTS)]
    wrong, done, died = run(d, callers, rng)
    check("%d clients, %d calls: each answer is its own, and there is one" % (CLIENTS, done), not wrong, "\n".join(wrong))
    equal("all calls were made", done, CALLS)
    check("servers were killed under them: %d calls were told" % died, 0 < died < done / 2, died)
    check("nothing comes behind", not readable([c.wire.sock for c in callers], SILENCE))
    for c in callers:
        c.wire.close()
    d.ends_well("each its own")


alarm(7200 if SOAK else 180)
main(each_its_own)
