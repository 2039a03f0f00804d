#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything at once, at random: clients that call, cancel, ask twice under one id, hang up, come back, delete their
sessions and answer questions or do not; servers that die, hang, babble and change their lists, are killed from outside
and taken out of the configuration and put back. Meanwhile each request whose client waits for it gets exactly one
answer, its own; afterwards nothing is left of it all. MCPVISOR_TEST_SEED: the seed; MCPVISOR_SOAK=1: ten minutes."""

import os
import random
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

SEED = int(os.environ.get("MCPVISOR_TEST_SEED") or int.from_bytes(os.urandom(4), "big"))
SECONDS = 600 if SOAK else 20
CLIENTS = 24
PATIENCE = 12 * SLOW  # over request_timeout, queue_timeout and start_timeout
PATHS = ("/mcp", "/mcp/a", "/mcp/b", "/mcp/own", "/mcp/ex", "/mcp/gone", "/mcp/view")


def servers(rng, with_gone):
    quick = dict(QUICK, burst=1000, long_burst=10000, backoff_max="20ms")
    keys = {"restart": quick, "request_timeout": "4s", "queue_timeout": "2s", "start_timeout": "3s", "stop_timeout": "500ms",
            "drain_timeout": "100ms"}
    got = {
        "a": child(max_inflight=rng.choice((2, 8)), max_inflight_session=2, max_queue="64K", **keys),
        "b": child("--page", "5", client={"elicitation": True, "sampling": True}, **keys),
        "own": child(share="session", max_instances=4, **keys),
        "ex": child(share="exclusive", **keys),
    }
    if with_gone:
        got["gone"] = child(**keys)
    return got


def config(rng, with_gone):
    names = ["a", "b", "own"] + (["gone"] if with_gone else [])
    return {
        "auth": {"mode": "none"},
        "governor": {"rate": 1000, "burst": 1000, "starting": 100},
        "limits": {"max_sessions": 60, "session_ttl": "20s", "park_time": "1s", "replay": "16K", "max_parked": 8,
                   "max_stray": 100000},
        "views": {"view": {"servers": rng.sample(names, 2)}},
        "servers": servers(rng, with_gone),
    }


class Wrong(Exception):
    pass


class Client(threading.Thread):
    def __init__(self, number, address, until):
        super().__init__(daemon=True)
        self.rng = random.Random(SEED * 1000 + number)
        self.address, self.until = address, until
        self.session, self.streams, self.last = None, [], 0
        self.done, self.lost, self.wrong = 0, 0, []

    def run(self):
        while time.monotonic() < self.until and len(self.wrong) < 3:
            try:
                self.step()
            except Wrong as e:
                self.wrong.append("%s: %s" % (self.what, e))
            except (OSError, KeyError, ValueError) as e:  # ended under us: only then
                if isinstance(e, Timeout):
                    self.wrong.append("%s: %s" % (self.what, e))
                self.lost += 1
                self.drop()
        self.drop()

    def drop(self):
        for e in self.streams:
            e.close()
        self.streams = []
        if self.session:
            self.session.close()
        self.session = None

    def step(self):
        self.what = "open"
        if not self.session:
            path = self.rng.choice(PATHS)
            capabilities = self.rng.choice(({}, {"elicitation": {}, "sampling": {}, "roots": {}}))
            self.session = Session(self.address, path, version=self.rng.choice(("2025-03-26", "2025-06-18", LATEST)),
                                   capabilities=capabilities)
            self.path = path
        action = self.rng.choice(self.actions)
        self.what = "%s at %s" % (action.__name__, self.path)
        action(self)

    # -- one request, and what is right of its answer

    def tool(self, name):
        return name if self.path not in ("/mcp", "/mcp/view") else self.rng.choice(("a", "b", "own", "gone")) + "__" + name

    def call(self, name, args=None, token=None, ident=None):
        self.last += 1
        return self.session.start_call(self.tool(name), args or {}, token, ident=ident or self.last), ident or self.last

    def session_has_ended(self):
        """Its server or it may have been taken out of the configuration, or it gave way to another one."""
        return self.session.post(request(0, "ping")).status == 404

    def finish(self, exchange, ident, answer=True, cancelled=False):
        """Reads to the end; what comes is judged. `answer`: questions are answered."""
        x, responses = exchange, []
        try:
            first = x.began(PATIENCE)
        except Closed:
            raise Wrong("the connection ends without an answer") from None
        if first.status in (404, 503):
            x.wire.close()
            return None
        if first.status != 200:
            raise Wrong("status %d: %r" % (first.status, first.body[:200]))
        while True:
            try:
                m = x.next(PATIENCE)
            except Closed:
                x.wire.close()
                raise Wrong("cut off inside an answer")
            if m is None:
                break
            if m.is_response():
                responses.append(m)
            elif "id" in m.obj and answer:
                self.session.respond(m["id"], {"action": "decline"})
        if len(responses) > 1 or any(m["id"] != ident for m in responses):
            raise Wrong("not one answer of its own to %r: %r" % (ident, [m.raw[:200] for m in responses]))
        if not responses and not cancelled and not self.session_has_ended():
            raise Wrong("no answer, and the session lives")
        self.done += 1
        return responses[0] if responses else None

    def expect(self, name, args, wanted=None):
        x, ident = self.call(name, args)
        m = self.finish(x, ident)
        got = m and (m.get("result") or {}).get("structuredContent")
        if wanted is not None and got is not None and got != wanted:
            raise Wrong("%r instead of %r" % (got, wanted))

    # -- what clients do

    def echo(self):
        mark = {"mark": self.rng.random(), "ms": self.rng.choice((0, 0, 0, 1, 5, 50))}
        self.expect("echo", mark, mark)

    def progress(self):
        x, ident = self.call("progress", {"n": 4, "every": self.rng.choice((0, 3))}, token=1)
        self.finish(x, ident)

    def ask(self):
        x, ident = self.call("ask", {"method": self.rng.choice(("elicitation/create", "roots/list", "no/such")), "params": {}})
        self.finish(x, ident, answer=self.rng.random() < 0.7)

    def noise(self):
        name, args = self.rng.choice((
            ("die", {"code": 3}), ("die", {"after": True}), ("stray", {"times": 20}), ("raw", {"text": "{\"x\":"}),
            ("raw", {"text": "[]\n{\"id\":$ID,\"jsonrpc\":\"2.0\",\"result\":{}}\n{\"id\":$ID,\"jsonrpc\":\"2.0\",\"result\":{}}\n"}),
            ("raw", {"text": "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n", "answer": True}),
            ("raw", {"text": "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n" * 50, "answer": True}),
            ("big", {"bytes": 300000}), ("error", {"code": -32002}), ("log", {"level": "error", "data": 1})))
        x, ident = self.call(name, args)
        self.finish(x, ident)

    def lists(self):
        for method in ("tools/list", "resources/list", "prompts/list"):
            self.last += 1
            self.finish(self.session.start(method, None, self.last), self.last)

    def change(self):
        self.expect(self.rng.choice(("grow", "shrink")), {"name": "n%d" % self.rng.randrange(5)})

    def read(self):
        self.last += 1
        uri = self.rng.choice(("child://a/a", "child://b/q", "child://common", "child://nobody/x"))
        method = self.rng.choice(("resources/read", "resources/subscribe", "resources/unsubscribe"))
        self.finish(self.session.start(method, {"uri": uri}, self.last), self.last)

    def level(self):
        self.last += 1
        self.finish(self.session.start("logging/setLevel", {"level": self.rng.choice(("debug", "error"))}, self.last), self.last)

    def twice(self):
        """One id, two calls in flight; perhaps both are cancelled."""
        calls = [self.call("echo", {"ms": 20}, ident=7)[0] for _ in range(2)]
        cancelled = self.rng.random() < 0.5
        if cancelled:
            self.session.notify("notifications/cancelled", {"requestId": 7})
        for x in calls:
            self.finish(x, 7, cancelled=cancelled)

    def cancelled(self):
        x, ident = self.call(self.rng.choice(("hang", "progress")), {"n": 1000, "every": 5}, token=2)
        self.session.notify("notifications/cancelled", {"requestId": ident})
        self.finish(x, ident, cancelled=True)

    def hang_up(self):
        x, _ = self.call(self.rng.choice(("echo", "hang", "progress")), {"ms": 10, "n": 20, "every": 2}, token=3)
        if self.rng.random() < 0.5:
            x.wire.reset()
        else:
            x.close()

    def batch(self):
        if self.session.version != "2025-03-26":
            return
        ids = [self.rng.randrange(3) for _ in range(self.rng.randrange(1, 6))]
        items = [request(i, "tools/call", {"name": self.tool(self.rng.choice(("echo", "die", "error", "none"))),
                                           "arguments": {"ms": 3}}) for i in ids]
        items.append(notification("notifications/cancelled", {"requestId": 1}))
        a = self.session.post(b"[" + b",".join(items) + b"]", PATIENCE)
        if a.status == 200 and sorted(m["id"] for m in a.json) != sorted(ids):
            raise Wrong("answers %r to %r" % (a.body[:400], ids))
        self.done += 1

    def listen(self):
        if len(self.streams) > 2:
            self.streams.pop(0).close()
        self.streams.append(self.session.listen(self.rng.choice((None, None, "0-0", "1-0", "2-3"))))

    def resume(self):
        """A stream that breaks off, and goes on with what was missed and the answer."""
        x, ident = self.call("progress", {"n": 10, "every": 5}, token=4)
        if not x.began(PATIENCE).is_stream():
            self.finish(x, ident)
            return
        event = x.events.next(PATIENCE)
        x.wire.close()
        if not event or event.id is None or event.data and Message(event.data).is_response():
            return
        again, responses = self.session.listen(event.id), []
        while (m := again.next_message(PATIENCE)) is not None:
            responses += [m["id"]] if m.is_response() else []
        again.close()
        if len(responses) > 1 or any(i != ident for i in responses):
            raise Wrong("the stream ends with %r" % responses)

    def delete(self):
        pending = [self.call("echo", {"ms": 100})[0] for _ in range(self.rng.randrange(3))]
        self.session.delete()
        for x in pending:
            x.close()
        self.drop()

    actions = [echo] * 12 + [progress] * 3 + [noise] * 3 + [ask] * 2 + [lists, change, read, read, level, twice, cancelled,
                                                                      hang_up, batch, batch, listen, resume, delete]


def disturb(d, rng, until):
    """What comes from outside."""
    n = 0
    while time.monotonic() < until:
        d.proc.poll()
        select.select([], [], [], rng.choice((0.05, 0.2)))  # no event to wait for: a storm has its own time
        n += 1
        if n % 10 == 0:
            d.write_config(config(rng, rng.random() < 0.5))
            d.ask("reload")
        elif n % 17 == 0:
            d.ask("restart --no-wait " + rng.choice(("a", "own", "ex")))
        else:
            pids = [i["pid"] for s in d.status()["servers"] for i in s["instances"] if i["pid"]]
            if pids:
                try:
                    os.kill(rng.choice(pids), rng.choice((signal.SIGKILL, signal.SIGTERM)))
                except ProcessLookupError:
                    pass


def figure(d, name):
    text = Session(d.unix, "/metrics", open=False).fetch("GET").body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)


def resident(pid):
    with open("/proc/%d/statm" % pid, encoding="utf-8") as f:
        return int(f.read().split()[1]) * 4096


def blow(d, rng, seconds):
    until = time.monotonic() + seconds
    clients = [Client(rng.randrange(1 << 30), d.address, until) for _ in range(CLIENTS)]
    for c in clients:
        c.start()
    disturb(d, rng, until)
    for c in clients:
        c.join(PATIENCE * 3)
    stuck = sum(c.is_alive() for c in clients)
    wrong = [w for c in clients for w in c.wrong]
    return sum(c.done for c in clients), sum(c.lost for c in clients), wrong, stuck


def is_calm(d):
    return all(figure(d, "mcpvisor_" + n) == 0 for n in ("requests_in_flight", "queue_depth", "streams", "sessions"))


def storm():
    print("seed %d" % SEED, flush=True)
    rng = random.Random(SEED)
    d = Gate({}, config(rng, True), ready=False)
    pid = d.status()["gateway"]["pid"]
    sizes = []
    for n in range(2):
        done, lost, wrong, stuck = blow(d, rng, SECONDS / 2)
        check("storm %d: %d requests, each answer is its own and there is one; %d clients lost their session" % (n, done, lost),
              not wrong and done > 100, "\n".join(wrong[:10]))
        equal("storm %d: no client waits for ever" % n, stuck, 0)
        equal("storm %d: the gateway lives" % n, d.status()["gateway"]["pid"], pid)
        until(lambda: is_calm(d), 60, "figures of nothing: " + " ".join(
            "%s %g" % (n, figure(d, "mcpvisor_" + n)) for n in ("requests_in_flight", "queue_depth", "streams", "sessions")))
        ok("storm %d: nothing is in flight, queued or open any more" % n)
        sizes.append((fds_of(pid), resident(pid)))
    check("as many descriptors after the second as after the first", sizes[1][0] <= sizes[0][0] + 20, sizes)
    if SLOW == 1:
        check("and hardly more memory", sizes[1][1] < sizes[0][1] * 1.3 + 4e6, sizes)
    d.ends_well("storm")


if __name__ == "__main__":
    alarm(SECONDS + 180)
    main(storm)
