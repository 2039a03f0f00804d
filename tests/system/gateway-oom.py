#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway has no memory for something: each allocation of what it does for a client or a server fails once. Who asked
gets an answer, an error, or the end of the connection, and in time; the gateway goes on, and everything works again."""

import math
import mmap
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

GATEWAY = os.path.join(BUILD, "tests/support/gateway-oom")
SECONDS = 600 if SOAK else 20 * SLOW  # for all scenarios together
RESTART = dict(QUICK, burst=1000, long_burst=10000)


class Memory:
    """The file that gateway-oom looks at."""

    def __init__(self):
        self.path = write("oom", "\0" * 16)
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 16)

    def arm(self, n):
        """The n-th allocation from now fails; 0: none."""
        self.map[:16] = struct.pack("=QQ", 0, n)

    def seen(self):
        return struct.unpack("=Q", self.map[:8])[0]


class World:
    def __init__(self):
        self.memory = Memory()
        self.d = Gate(self.servers(), gateway=GATEWAY, env={"MCPVISOR_TEST_OOM": self.memory.path},
                      times={"RELOAD_PAUSE": 1, "GATEWAY_GOOD": 1})
        self.pid = self.d.status()["gateway"]["pid"]
        self.serial = 0

    @staticmethod
    def servers(**keys):
        return {"a": child("--name", "a", restart=RESTART, **keys), "b": child("--name", "b", restart=RESTART, max_inflight=1),
                "c": child("--name", "c", restart=RESTART, share="session")}

    def config(self, **keys):
        return {"auth": {"mode": "none"}, "servers": self.servers(**keys)}

    def number(self):
        self.serial += 1
        return self.serial

    def session(self, way="/mcp/a", **keys):
        return Session(self.d.unix, way, **keys)

    def heals(self):
        """Until all is as before: a server that was given up is started again."""
        for name in "ab":
            self.d.wait_state(name, "ready")

    def lives(self):
        gateway = self.d.status()["gateway"]
        return gateway["pid"] == self.pid and gateway["state"] == "ready"


def outcome(act, *args):
    """What became of it: what it returned, or that the connection has ended."""
    try:
        return act(*args)
    except Timeout as e:
        return "NOTHING CAME: %s" % e
    except (Closed, ConnectionError, OSError, json.JSONDecodeError) as e:
        return "ended: %r" % e


# ---- what is done: True when all was right, False when an error was told, a text when it was wrong -----------


def right(message, wanted):
    if "error" in message.obj:
        return False
    got = message["result"].get("structuredContent")
    return got == wanted or "another's: %s" % message.raw[:200]


def a_session(w):
    """From its first byte to its last."""
    n = w.number()
    with w.session("/mcp") as s:
        s.request("tools/list")
        return right(s.start_call("a__echo", {"n": n}).finish(), {"n": n})


def a_stream(w):
    """It breaks, and is taken up again."""
    with w.session() as s:
        n = w.number()
        x = s.start_call("progress", {"n": 2, "n2": n}, token="t", ident=n)
        x.next()
        x.wire.reset()
        if x.events is None or not x.events.last_id:
            return False
        got = [m for m in iter(s.listen(x.events.last_id).next_message, None) if m.is_response()]
        return bool(got) and got[0]["id"] == n


def a_batch(w):
    with w.session(version="2025-03-26") as s:
        n = w.number()
        many = [request(n + i, "tools/call", {"name": "echo", "arguments": {"n": n + i}}) for i in range(3)]
        answer = s.post(b"[" + b",".join(many) + b"]")
        if answer.status != 200 or not isinstance(answer.json, list):
            return False
        got = {m["id"]: (m.get("result") or {}).get("structuredContent") for m in answer.json}
        wrong = [i for i in got if i not in range(n, n + 3) or got[i] not in (None, {"n": i})]
        return "wrong: %r" % got if wrong else len(got) == 3 and None not in got.values()


def pages(w):
    got = [Session(w.d.unix, p, open=False).fetch("GET").status for p in ("/metrics", "/livez", "/readyz", "/health/detailed")]
    return got == [200] * 4


def changed_lists(w):
    """The server's lists change, and a stream hears of it."""
    with w.session() as s:
        stream = s.listen()
        name = "t%d" % w.number()
        if not right(s.start_call("grow", {"name": name}).finish(), {"done": True}):
            return False
        try:
            stream.next_message(0.5)
        except Timeout:
            return False
        return right(s.start_call("shrink", {"name": name}).finish(), {})


def resources(w):
    with w.session() as s:
        uri = {"uri": "child://a/a"}
        got = [s.request(m, uri).obj for m in ("resources/subscribe", "resources/read", "resources/unsubscribe")]
        s.request("completion/complete", {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": ""}})
        return all("result" in m for m in got)


def a_queue(w):
    """One call waits for another one's end; a third is cancelled."""
    with w.session("/mcp/b") as s:
        n = w.number()
        calls = [s.start_call("echo", {"n": n + i, "ms": 5}, ident=n + i) for i in range(3)]
        s.notify("notifications/cancelled", {"requestId": n + 2})
        got = [right(c.finish(), {"n": n + i, "ms": 5}) for i, c in enumerate(calls[:2])]
        return next((x for x in got if isinstance(x, str)), all(got))


def a_question(w):
    """The server asks the client something."""
    with w.session("/mcp/c", capabilities={"elicitation": {}}) as s:
        x = s.start_call("ask", {"method": "elicitation/create", "params": {"message": "?", "requestedSchema": {}}})
        asked = x.next()
        if asked is None or asked.is_response():
            return False
        s.respond(asked["id"], {"action": "decline"})
        answer = x.finish()
        s.delete()
        return "result" in answer.obj


def large_messages(w):
    with w.session() as s:
        pad, n = "x" * 100000, w.number()
        return right(s.start_call("echo", {"n": n, "pad": pad}).finish(), {"n": n, "pad": pad})


def a_new_instance(w):
    """A server is started again: its pipes, its handshake, its lists."""
    w.d.ask("restart a")
    w.heals()
    return a_session(w)


SCENARIOS = (a_session, a_stream, a_batch, pages, changed_lists, resources, a_queue, a_question, large_messages, a_new_instance)


def spread(total):
    """1 to total, so that those that there is time for lie everywhere."""
    step = next(k for k in range(max(1, int(total * 0.618)), total + 2) if math.gcd(k, total) == 1)
    return [1 + k * step % total for k in range(total)]


def allocations(w, act):
    """Of one time in which all is right: a server that was given up may still be on its way."""

    def once():
        w.memory.arm(0)
        return outcome(act, w) is True and w.memory.seen()

    return until(once, what="%s to work" % act.__name__)


def every_allocation():
    w = World()
    end = time.monotonic() + SECONDS
    for k, act in enumerate(SCENARIOS):
        name = act.__name__
        allocations(w, act)  # what is made once is there
        total = allocations(w, act)
        share = (end - time.monotonic()) / (len(SCENARIOS) - k)
        until_ = time.monotonic() + share
        tried, wrong = 0, []
        for n in spread(total):
            if (tried >= 5 and time.monotonic() > until_) or len(wrong) >= 5:
                break
            w.memory.arm(n)
            got = outcome(act, w)
            hit = w.memory.seen() >= n
            w.memory.arm(0)
            tried += hit
            if isinstance(got, str) and not got.startswith("ended"):
                wrong.append((n, got))
            if not w.lives():
                wrong.append((n, "the gateway has gone"))
                break
            w.heals()
        check("%s: %d of %d allocations failed, and it answered or hung up" % (name, tried, total), not wrong and tried > 0,
              "%r\n%s" % (wrong, w.d.log_tail()))
        check("%s: works again" % name, allocations(w, act) > 0)
    equal("it is one gateway all the time", (w.d.status()["gateway"]["pid"], w.d.status()["gateway"]["restarts"]), (w.pid, 0))
    w.d.ends_well("out of memory")
    check("nothing was lost on the way", "Sanitizer" not in w.d.log_text(), w.d.log_tail())


def reloads():
    """A configuration that there is no memory for is refused while that is possible. After that only a gateway that begins
    anew has it whole: one follows, and what is in force is one or the other."""
    w, refused, replaced = World(), 0, 0
    end = time.monotonic() + SECONDS / 3

    def reload(n):
        w.d.write_config(w.config(request_timeout="%ds" % (100 + n)))
        return w.d.ask("reload").get("ok")

    reload(0)
    w.memory.arm(0)
    equal("a reload works", reload(1), True)
    total = w.memory.seen()
    for n in spread(total):
        if refused + replaced > 5 and time.monotonic() > end:
            break
        w.memory.arm(n)
        took = reload(n + 1)
        w.memory.arm(0)
        w.d.wait(lambda: w.d.status()["gateway"]["state"] == "ready")
        gone = w.d.status()["gateway"]["pid"] != w.pid
        w.pid = w.d.status()["gateway"]["pid"]
        refused, replaced = refused + (not took and not gone), replaced + gone
        w.heals()
        until(lambda: outcome(a_session, w) is True, what="everything to work again")
    check("%d allocations: %d times refused, %d times another gateway" % (total, refused, replaced),
          refused > 0 and not re.search(r"gateway: ended with signal (?!9\b)", w.d.log_text()),
          w.d.log_tail())
    check("why it was refused is told", w.d.logged("the gateway has no memory for it") > 0, w.d.log_tail())
    w.d.ends_well("reloads")


if __name__ == "__main__":
    alarm(900 if SOAK else 90)
    main(every_allocation, reloads)
