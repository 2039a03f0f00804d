#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a hostile server or a hostile client can say to the gateway is the loss of that server, that client or that one
request, and of nobody else: the gateway lives on, and so do all other sessions."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403


def gateway_pid(d):
    return d.status()["gateway"]["pid"]


class Alive:
    """Around what must not end the gateway; `witness` is a session that must live on."""

    def __init__(self, gate, name, path="/mcp/good"):
        self.gate, self.name, self.path = gate, name, path

    def __enter__(self):
        self.pid = gateway_pid(self.gate)
        self.witness = self.gate.session(self.path)

    def __exit__(self, kind, *_):
        if kind is None:
            try:
                got = self.witness.call("echo", {"x": 1})
            except OSError as e:
                got = e
            same = check(self.name + ": the gateway and another session live on",
                         got == {"x": 1} and gateway_pid(self.gate) == self.pid, got)
            if not same:
                print(self.gate.log_tail(), flush=True)
        self.witness.close()


# ---- clients -----------------------------------------------------------------


def long_uri():
    d = Gate({"good": child()})
    with Alive(d, "a URI that is too long"):
        s = d.session("/mcp/good")
        for method in ("resources/subscribe", "resources/unsubscribe", "resources/read"):
            m = s.request(method, {"uri": "child://good/" + "\n" * 70000})
            equal(method + " with a long URI is refused", m.get("error", {}).get("code"), -32602)
            m = s.request(method, {"uri": 5})
            equal(method + " with a URI that is none is refused", m.get("error", {}).get("code"), -32602)


def batch_with_a_bad_token():
    d = Gate({"good": child()})
    with Alive(d, "a bad progressToken in a batch"):
        s = d.session("/mcp/good", version="2025-03-26")
        bad = request(2, "tools/call", {"name": "echo", "arguments": {}, "_meta": {"progressToken": True}})
        slow = request(1, "tools/call", {"name": "echo", "arguments": {"ms": 200}})
        a = s.post(b"[" + slow + b"," + bad + b"]")
        equal("the batch is answered once, for both", sorted((m["id"], "error" in m) for m in a.json), [(1, False), (2, True)])
        equal("and the next request on that connection by its own answer", s.request("ping")["result"], {})


# ---- servers -----------------------------------------------------------------


def hello_that_means_two_things():
    """What initialize answers is read by more than one part of us."""
    bad = child("--capabilities", '{"tools":{}},"protocolVersion":5')
    d = Gate({"good": child(), "bad": bad}, ready=False)
    d.wait_state("good", "ready")
    with Alive(d, "two protocol versions in one hello"):
        d.wait_state("bad", "ready", "backoff", "degraded")


def resident(pid):
    with open("/proc/%d/statm" % pid, encoding="utf-8") as f:
        return int(f.read().split()[1]) * 4096


# Writes requests without end, and reads nothing but the handshake.
DEAF = """
import sys
line = sys.stdin.readline()
import json
print(json.dumps({"jsonrpc": "2.0", "id": json.loads(line)["id"], "result": {"protocolVersion": "2025-11-25",
      "capabilities": {"tools": {}}, "serverInfo": {"name": "deaf", "version": "1"}}}), flush=True)
ping = '{"jsonrpc":"2.0","id":"%s","method":"%s"}' % ("x" * 20000, sys.argv[1])
while True:
    print(ping)
"""


def deaf_server():
    """It asks and asks, and does not read what it is answered: that must not pile up here."""
    for method in ("ping", "sampling/createMessage", "no/such"):
        deaf = {"command": sys.executable, "args": ["-c", DEAF, method], "restart": dict(QUICK, policy="never")}
        d = Gate({"good": child(), "deaf": deaf}, {"limits": {"max_body": "1M"}}, ready=False)
        d.wait_state("good", "ready")
        with Alive(d, "a server that reads nothing, %s" % method):
            s = d.wait_state("deaf", "stopped", "degraded", "backoff")
            equal(method + ": it is ended for that", s["last_exit"]["class"], "unresponsive")
            check(method + ": and little has piled up", resident(gateway_pid(d)) < (60 << 20) * SLOW)


def death_before_ready():
    """Of a session's own server: the call is told, and the next one starts another."""
    flag = path("die-once-%d" % time.monotonic_ns())
    write(os.path.basename(flag), "")
    own = {"command": "/bin/sh", "args": ["-c", "if [ -e %s ]; then exit 7; fi; exec %s --name own" % (flag, MCP_CHILD)],
           "share": "session", "restart": QUICK, "sandbox": {"profile": "none"}, "start_timeout": "30s"}
    d = Gate({"good": child(), "own": own}, ready=False)
    d.wait_state("good", "ready")
    with Alive(d, "a session's server that dies at its start"):
        s = d.session("/mcp/own")
        began = time.monotonic()
        m = s.request("tools/call", {"name": "who", "arguments": {}})
        check("the call fails for that", reason_of(m) in ("start_failed", "server_backoff"), m.raw)
        check("and soon", time.monotonic() - began < 10 * SLOW)
        os.unlink(flag)
        got = until(lambda: s.request("tools/call", {"name": "who", "arguments": {}}).get("result"), what="a call that works")
        equal("the next one is served", got["structuredContent"]["name"], "own")


def exclusive_goes_on():
    """Whoever had an exclusive server and lost it to a crash does not keep it from the others when it ends."""
    d = Gate({"good": child(), "ex": child(share="exclusive", queue_timeout="8s")})
    with Alive(d, "an exclusive server"):
        first, second = d.session("/mcp/ex"), d.session("/mcp/ex")
        equal("the first has it", first.call("echo", {"x": 1}), {"x": 1})
        x = second.start_call("echo", {"x": 2})
        check("the second waits", x.is_pending())
        life = d.server("ex")["pid"]
        os.kill(life, signal.SIGKILL)
        equal("whose turn comes by that", x.finish()["result"]["structuredContent"], {"x": 2})
        second.delete()
        equal("and then the first's again", first.call("echo", {"x": 3}), {"x": 3})


def least_used_gives_way():
    """Over max_instances the session that has been quiet for longest loses its instance, not the one that asks."""
    d = Gate({"good": child(), "own": child(share="session", max_instances=2, stop_timeout="1s", drain_timeout="100ms")})
    with Alive(d, "max_instances"):
        sessions = [d.session("/mcp/own") for _ in range(3)]
        lives = [s.call("who")["life"] for s in sessions]
        equal("each has one of its own", len(set(lives)), 3)
        equal("the second still has the same", sessions[1].call("who")["life"], lives[1])
        check("the first another one", sessions[0].call("who")["life"] not in lives)
        for s in sessions:
            s.delete()


def question_without_answer():
    """park_time bounds it, the time of the call does not run meanwhile, and the client is told that it is over."""
    own = child(share="session", request_timeout="1s")
    d = Gate({"good": child(), "own": own}, {"limits": {"park_time": "2s"}})
    with Alive(d, "a question that nobody answers"):
        s = d.session("/mcp/own", capabilities={"elicitation": {}})
        x = s.start_call("ask", {"method": "elicitation/create", "params": {"message": "?"}})
        asked = x.next()
        began = time.monotonic()
        over = x.next()
        check("longer than request_timeout", time.monotonic() - began > 1.5)
        equal("the client is told that it is over", (over["method"], over["params"]["requestId"]),
              ("notifications/cancelled", asked["id"]))
        reply = json.loads(x.finish()["result"]["structuredContent"]["reply"])
        check("and the server got an error", "error" in reply, reply)
        equal("an answer that comes too late is taken for nothing", s.respond(asked["id"], {}), 202)


def view_of_unknown():
    """Before a server's lists are known, too, a view's filter holds."""
    lazy = child("--no-initialize", start_timeout="20s")
    d = Gate({"good": child(), "slow": lazy}, {"views": {"v": {"servers": ["slow"], "tools": {"allow": ["*echo"]}}}}, ready=False)
    d.wait_state("good", "ready")
    with Alive(d, "a view"):
        s = d.session("/mcp/v")
        m = s.request("tools/call", {"name": "slow__die", "arguments": {}}, deadline=5)
        equal("a tool that it does not have is unknown", (m.get("error") or {}).get("code"), -32602)
        x = s.start_call("slow__echo")
        check("one that it may have waits for the server", x.is_pending())
        x.close()


def two_names_in_a_ref():
    d = Gate({"good": child(prompts={"deny": ["secret"]})})
    with Alive(d, "a ref that means two things"):
        s = d.session("/mcp/good")
        for ref in (b'{"type":"ref/prompt","name":"greet","name":"secret"}', b'{"type":"ref/prompt","name":"greet","na\\u006de":"secret"}'):
            m = s.request("completion/complete", b'{"ref":' + ref + b',"argument":{"name":"who","value":"x"}}')
            equal("%r is refused" % ref, (m.get("error") or {}).get("code"), -32602)


def long_ids():
    d = Gate({"good": child()}, {"limits": {"max_id": 256}})
    with Alive(d, "ids of 256 bytes"):
        s = d.session("/mcp/good")
        for n in (62, 63, 100, 254):
            equal("%d: comes back whole" % n, s.request("tools/call", {"name": "echo", "arguments": {}}, ident="i" * n)["id"], "i" * n)


def late_answer_to_the_next_gateway():
    """What is answered to a gateway that has gone is nobody's answer."""
    d = Gate({"good": child()})
    s = d.session("/mcp/good")
    x = s.start_call("echo", {"ms": 1500, "mark": "old"})
    check("it is in flight", x.is_pending())
    pid = gateway_pid(d)
    os.kill(pid, signal.SIGKILL)
    until(lambda: d.status()["gateway"]["state"] == "ready" and gateway_pid(d) != pid, what="the next gateway")
    s = d.session("/mcp/good")
    calls = [s.start_call("echo", {"ms": 3000, "mark": n}) for n in range(8)]
    for n, x in enumerate(calls):
        equal("call %d has its own answer" % n, x.finish()["result"]["structuredContent"]["mark"], n)


if __name__ == "__main__":
    alarm(400)
    main(long_uri, batch_with_a_bad_token, hello_that_means_two_things, deaf_server, death_before_ready, exclusive_goes_on,
         least_used_gives_way, question_without_answer, view_of_unknown, two_names_in_a_ref, long_ids,
         late_answer_to_the_next_gateway)
