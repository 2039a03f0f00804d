#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools, call, connect and health with the real daemon."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

SERVERS = {"servers": {"a": {"command": "builtin:demo"}, "b": {"command": "builtin:demo"}}}
HELLO = {"jsonrpc": "2.0", "id": 0, "method": "initialize",
         "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def run(d, *words, stdin=""):
    p = subprocess.run([MCPVISOR, *words, "--socket", d.runtime], input=stdin.encode(), stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=60)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


class Host:
    """A host that starts `mcpvisor connect`."""

    def __init__(self, d, *words):
        self.p = subprocess.Popen([MCPVISOR, "connect", "--socket", d.runtime, *words], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.say(HELLO)
        self.hello = self.hear()
        self.say(READY)

    def say(self, *messages):
        for m in messages:
            self.p.stdin.write(json.dumps(m).encode() + b"\n")
        self.p.stdin.flush()

    def hear(self):
        line = self.p.stdout.readline()
        return json.loads(line) if line else None

    def answer(self, id):
        """What comes before it is kept in `before`."""
        self.before = []
        while True:
            m = self.hear()
            if m is None or ("method" not in m and m.get("id") == id):
                return m
            self.before.append(m)

    def call(self, id, tool, meta=None, **arguments):
        params = {"name": tool, "arguments": arguments}
        if meta:
            params["_meta"] = meta
        self.say({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})

    def text(self, id):
        m = self.answer(id)
        return m["result"]["content"][0]["text"] if "result" in m else m

    def close(self):
        self.p.stdin.close()
        self.p.stdout.read()
        return self.p.wait(DEADLINE)


def daemon():
    d = Daemon(json.loads(json.dumps(SERVERS)), look=True)
    for name in SERVERS["servers"]:
        d.wait_state(name, "ready")
    return d


def commands():
    d = daemon()
    code, out, err = run(d, "tools")
    equal("tools: of both", (code, [x.split()[:2] for x in out.splitlines()[1:3]], len(out.splitlines()), err),
          (0, [["a", "echo"], ["a", "add"]], 15, ""))
    equal("tools: of one", len(json.loads(run(d, "tools", "--json", "b")[1])["servers"][0]["tools"]), 7)
    equal("tools: of none", run(d, "tools", "c"), (1, "", "mcpvisor: tools: no server and no view has this name\n"))
    equal("call", run(d, "call", "a", "add", '{"a": 40, "b": 2}'), (0, "42\n", ""))
    equal("call: by stdin", run(d, "call", "a", "echo", "-", stdin='{"message": "x"}'), (0, "x\n", ""))
    equal("call: isError", run(d, "call", "a", "fail"), (1, "", "failed, as was asked\n"))
    code, out, err = run(d, "call", "a", "nothing")
    check("call: no such tool", code == 1 and out == "" and "-32602" in err, err)
    code, out, err = run(d, "call", "--timeout", "300ms", "a", "fail", '{"mode": "hang"}')
    equal("call: no answer in time", (code, err), (1, "mcpvisor: call: a: no answer in time\n"))
    code, out, err = run(d, "call", "b", "fail", '{"mode": "exit"}')
    check("call: a server that dies", code == 1 and out == "" and err.count("\n") == 1 and "b" in err, err)
    d.wait_state("b", "ready")
    equal("call: its next life", run(d, "call", "b", "add", '{"a": 1, "b": 1}'), (0, "2\n", ""))
    equal("call: a long text", len(run(d, "call", "a", "blob", '{"size": 5000000}')[1]), 5000001)
    equal("health", run(d, "health"), (0, "", ""))
    equal("health --ready", run(d, "health", "--ready"), (0, "", ""))
    equal("TERM ends it with 0", d.stop(), 0)
    equal("health: of nobody", run(d, "health")[0], 1)
    d.check_clean("after TERM")


def two_hosts():
    """Two hosts, and each server runs once."""
    d = daemon()
    one, two = Host(d), Host(d, "a")
    pid = d.server("a")["pid"]
    one.call("x", "a__add", a=1, b=2)
    two.call("x", "add", a=3, b=4)
    equal("hosts: the same id", (one.text("x"), two.text("x")), ("3", "7"))
    one.call(1, "b__slow", {"progressToken": 5}, seconds=0.2, steps=2)
    one.call(2, "a__echo", message="y")
    equal("hosts: one that lasts holds up nobody", one.text(2), "y")
    equal("hosts: and ends", one.text(1), "done after 0.200 s")
    equal("hosts: it told of its progress", [x["params"]["progress"] for x in one.before if "progress" in x["method"]], [1, 2])
    two.say({"jsonrpc": "2.0", "id": 3, "method": "resources/subscribe", "params": {"uri": "demo://counter"}})
    two.answer(3)
    one.call(4, "a__add", a=0, b=0)
    one.text(4)
    m = two.hear()
    equal("hosts: a change that the other one made", m["method"], "notifications/resources/updated")
    equal("hosts: one process", d.server("a")["pid"], pid)
    equal("hosts: their ends", (one.close(), two.close()), (0, 0))
    equal("TERM ends it with 0", d.stop(), 0)


def cancels():
    d = daemon()
    h = Host(d, "a")
    h.call(1, "slow", seconds=3600)
    h.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
    h.call(2, "echo", message="z")
    equal("cancelled: others go on", h.text(2), "z")
    equal("cancelled: the end", h.close(), 0)
    d.stop()


def gateway_dies():
    """The gateway is killed: the host's session is opened again without a word."""
    d = daemon()
    h = Host(d, "a")
    h.say({"jsonrpc": "2.0", "id": "s", "method": "resources/subscribe", "params": {"uri": "demo://counter"}},
          {"jsonrpc": "2.0", "id": "l", "method": "logging/setLevel", "params": {"level": "error"}})
    h.call(1, "log", level="info", message="quiet")
    check("gateway: before", "left out" in h.text(1) and sorted(x["id"] for x in h.before) == ["l", "s"], h.before)
    pid = d.status()["gateway"]["pid"]
    os.kill(pid, signal.SIGKILL)
    d.wait(lambda: d.status()["gateway"]["pid"] not in (None, pid) and d.status()["gateway"]["state"] == "ready")
    h.call(2, "echo", message="after")
    equal("gateway: after", h.text(2), "after")
    h.call(3, "log", level="error", message="loud")
    h.text(3)
    equal("gateway: the level is what it was", [x["params"]["data"] for x in h.before if x["method"] == "notifications/message"],
          ["loud"])
    updated = []
    while not updated:  # the stream of the server may open behind the first
        h.call(5, "add", a=1, b=1)
        h.answer(5)
        updated = [x["params"] for x in h.before if x["method"] == "notifications/resources/updated"]
    equal("gateway: and so is a subscription", updated[0], {"uri": "demo://counter"})
    equal("gateway: the end", h.close(), 0)
    d.stop()


def daemon_restarts():
    d = daemon()
    h = Host(d, "a")
    h.call(1, "echo", message="before")
    equal("restart: before", h.text(1), "before")
    equal("restart: TERM ends it with 0", d.stop(), 0)
    h.call(2, "echo", message="after")
    e = Daemon(json.loads(json.dumps(SERVERS)), runtime=d.runtime, look=True)
    equal("restart: it waits for the next one", h.text(2), "after")
    equal("restart: the end", h.close(), 0)
    e.stop()


alarm(300)
main(commands, two_hosts, cancels, gateway_dies, daemon_restarts)
