#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that end while somebody calls them: every call is answered, by what is true, and the session goes on.
docs/protocol.md says which rule each function is about."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403


def fault(message, reason, name=None):
    """An error of ours with that reason; gives its data."""
    equal(name or reason, reason_of(message), reason)
    return (message.get("error") or {}).get("data") or {}


def kill(d, name):
    """By its pid as the supervisor has it: its own may be another one."""
    os.kill(d.server(name)["pid"], signal.SIGKILL)


def killed_in_flight():
    d = Gate({"a": child(), "b": child()})
    s = d.session()
    life = s.call("a__who")["life"]
    calls = [s.start_call("a__hang") for _ in range(10)] + [s.start_call("a__progress", {"n": 10**6, "every": 20}, token=1)]
    other = s.start_call("b__echo", {"ms": 500})
    equal("under way", calls[-1].next()["method"], "notifications/progress")
    check("in flight", calls[0].is_pending(0.05))
    kill(d, "a")
    for x in calls[:3]:
        data = fault(x.finish(), "server_died")
        equal("status 200", x.answer.status, 200)
        equal("how it ended", data["exit"], {"class": "signal", "code": None, "signal": 9})
        equal("whose it is", data["server"], "a")
        check("it can be found in the logs", data["correlation_id"], data)
    equal("each of them, once", [reason_of(x.finish()) for x in calls[3:]], ["server_died"] * 8)
    equal("another server's call goes on", other.finish()["result"]["structuredContent"], {"ms": 500})
    after = s.call("a__who")["life"]
    check("the same session calls the next process", after != life)
    d.ends_well("killed in flight")


def exits_in_flight():
    d = Gate({"a": {"command": "/bin/sh", "args": ["-c", 'echo "last words" >&2; exec "$CHILD" --name a'],
                    "env": {"CHILD": MCP_CHILD}, "restart": QUICK}})
    s = d.session("/mcp/a")
    data = fault(s.request("tools/call", {"name": "die", "arguments": {"code": 3}}), "server_died")
    equal("how it ended", data["exit"], {"class": "error", "code": 3, "signal": None})
    check("its last lines", any("last words" in x for x in data["stderr"]), data["stderr"])
    equal("behind the answer it is no matter", s.call("die", {"after": True}), {})
    # The next call may still find the process that is about to end.
    got = s.request("tools/call", {"name": "echo", "arguments": {}})
    check("the next call works, or its server died", reason_of(got) in (None, "server_died"), got.raw)
    equal("the one after that works", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("exits in flight")


def session_goes_on():
    """After a restart: no new initialize of the client's; level and subscriptions are as they were."""
    d = Gate({"a": child()})
    s = d.session("/mcp/a")
    stream, uri = s.listen(), {"uri": "child://a/a"}
    s.request("logging/setLevel", {"level": "info"})
    s.request("resources/subscribe", uri)
    life = s.call("who")["life"]
    for how in ("restart a", None):
        if how:
            equal(how, d.ask(how)["ok"], True)
        else:
            kill(d, "a")
            until(lambda: (s.request("tools/call", {"name": "who"}).get("result") or {}).get("structuredContent", {})
                  .get("life", life) != life, what="the next process")
        now = s.call("who")["life"]
        check("another process", now != life)
        life = now
        until(lambda: s.call("state")["subscribed"] == ["child://a/a"], what="the subscription")
        equal("its level", s.call("state")["level"], "info")
        s.call("touch", uri)
        equal("and it is told", stream.next_message()["params"], uri)
    d.ends_well("session goes on")


def waits_for_the_start():
    """A call in a backoff that is shorter than queue_timeout waits for it."""
    d = Gate({"a": child(restart=dict(QUICK, backoff_min="300ms", backoff_max="300ms"))})
    s = d.session("/mcp/a")
    fault(s.request("tools/call", {"name": "die", "arguments": {}}), "server_died")
    equal("waits, and is answered", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("waits for the start")


def long_backoff():
    """In one that is longer it fails at once, and says when to come again."""
    d = Gate({"a": child(restart=dict(QUICK, backoff_min="60s", backoff_max="60s"), queue_timeout="1s")})
    s = d.session("/mcp/a")
    fault(s.request("tools/call", {"name": "die", "arguments": {}}), "server_died")
    d.wait_state("a", "backoff")
    start = time.monotonic()
    data = fault(s.request("tools/call", {"name": "echo", "arguments": {}}), "server_backoff")
    check("at once", time.monotonic() - start < 0.5 * SLOW)
    check("when to come again", 1000 < data["retry_after_ms"] <= 90000, data)
    equal("the list is still there", "result" in s.request("tools/list").obj, True)
    d.ends_well("long backoff")


def degraded():
    d = Gate({"a": child(restart=dict(QUICK, burst=1, probe_min="60s"))})
    s = d.session("/mcp/a")
    for _ in range(2):
        s.request("tools/call", {"name": "die", "arguments": {}})
    d.wait_state("a", "degraded")
    data = fault(s.request("tools/call", {"name": "echo", "arguments": {}}), "server_degraded")
    check("when to come again", data["retry_after_ms"] is None or data["retry_after_ms"] > 0, data)
    equal("reset", d.ask("reset a")["ok"], True)
    equal("works again", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("degraded")


def stopped():
    d = Gate({"a": child()})
    s = d.session("/mcp/a")
    x = s.start_call("hang")
    check("in flight", x.is_pending(0.05))
    equal("stop", d.ask("stop a")["ok"], True)
    check("a call in flight is answered", reason_of(x.finish()) in ("server_stopped", "server_died"))
    fault(s.request("tools/call", {"name": "echo", "arguments": {}}), "server_stopped", "a call then")
    equal("start", d.ask("start a")["ok"], True)
    equal("works again", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("stopped")


def never_ready():
    for name, server, reason in (
            ("exits at once", {"command": "/bin/sh", "args": ["-c", "exit 4"]}, ("start_failed", "server_degraded", "server_backoff")),
            ("exits at initialize", child("--die-at-initialize"), ("start_failed", "server_degraded", "server_backoff")),
            ("refuses initialize", child("--refuse-initialize"), ("start_failed", "server_degraded", "server_backoff")),
            ("never answers it", child("--no-initialize", start_timeout="300ms"),
             ("start_timeout", "server_degraded", "server_backoff"))):
        d = Gate({"a": dict(server, start="lazy", restart={"burst": 1, "backoff_min": "10ms", "backoff_max": "10ms"}),
                  "b": child()})
        s = d.session()
        got = s.request("tools/call", {"name": "a__echo", "arguments": {}})
        check("%s: a call of what is not listed, or an error that says why" % name,
              reason_of(got) in reason or got["error"]["code"] == -32602, got.raw)
        own = d.session("/mcp/a").request("tools/call", {"name": "echo", "arguments": {}})
        check(name + ": at /mcp/a", reason_of(own) in reason or own["error"]["code"] == -32602, own.raw)
        equal(name + ": the other one works", s.call("b__echo", {"x": 1}), {"x": 1})
        d.ends_well(name)


def lazy():
    d = Gate({"a": child(start="lazy", idle_stop="1s")})
    s = d.session("/mcp/a")
    equal("the first call starts it", s.call("echo", {"x": 1}), {"x": 1})
    d.wait_state("a", "idle")
    ok("idle, it stops, although a session is there")
    equal("the next call starts it again", s.call("echo", {"x": 2}), {"x": 2})
    d.ends_well("lazy")


def own_servers():
    """share: session: the death of one is no matter to the others."""
    d = Gate({"a": child(share="session")})
    one, two = d.session("/mcp/a"), d.session("/mcp/a")
    first = one.call("who")["life"]
    pid = d.server("a")["instances"][0]["pid"]
    second = two.call("who")["life"]
    check("each has its own", first != second)
    x, y = one.start_call("hang"), two.start_call("echo", {"ms": 300})
    check("in flight", x.is_pending(0.05))
    os.kill(pid, signal.SIGKILL)
    fault(x.finish(), "server_died")
    equal("the other one's call goes on", y.finish()["result"]["structuredContent"], {"ms": 300})
    check("its session gets another process", one.call("who")["life"] not in (first, second))
    equal("the other one keeps its own", two.call("who")["life"], second)
    one.delete()
    until(lambda: len(d.server("a")["instances"]) == 1, what="the process of a deleted session to end")
    ok("DELETE ends its process")
    d.ends_well("own servers")


def busy():
    """No instance is free: the call waits queue_timeout, then says so."""
    d = Gate({"a": child(share="exclusive", max_instances=1, queue_timeout="300ms")})
    one, two = d.session("/mcp/a"), d.session("/mcp/a")
    one.call("who")
    got = two.request("tools/call", {"name": "who", "arguments": {}})
    check("held by another session", reason_of(got) in ("server_busy", "queue_timeout"), got.raw)
    one.delete()
    until(lambda: "result" in two.request("tools/call", {"name": "who", "arguments": {}}).obj, what="a free instance")
    ok("then it is free")
    d.ends_well("busy")


def one_at_a_time():
    """Two that want an exclusive server while it is still to be started: one has it, the other one when that has gone."""
    d = Gate({"a": child(share="exclusive", start="lazy", queue_timeout="30s")})
    sessions = [d.session("/mcp/a") for _ in range(2)]
    calls = [s.start_call("echo", {"n": n}) for n, s in enumerate(sessions)]
    first = 0 if calls[0].wire.sock in readable([x.wire.sock for x in calls], DEADLINE) else 1
    equal("one has it", calls[first].finish()["result"]["structuredContent"], {"n": first})
    check("the other one waits", calls[1 - first].is_pending(0.1))
    equal("until it is free", sessions[first].delete(), 200)
    equal("then it has it", calls[1 - first].finish()["result"]["structuredContent"], {"n": 1 - first})
    d.ends_well("one at a time")


def gateway_killed():
    """Another gateway: a shared server lives on, sessions are gone, and clients begin anew."""
    d = Gate({"a": child()})
    s = d.session("/mcp/a")
    life = s.call("who")["life"]
    x = s.start_call("hang")
    check("in flight", x.is_pending(0.05))
    gateway = d.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    try:
        ended = x.next() is None
    except Closed:
        ended = True
    check("the connection ends", ended)
    d.wait(lambda: d.status()["gateway"]["pid"] not in (None, gateway) and d.status()["gateway"]["state"] == "ready")
    s.close()
    answer = s.post(request(1, "tools/list"))
    equal("the session is gone", (answer.status, answer.error()[0]), (404, -32001))
    s.id = None
    s.open()
    equal("the server is the same", s.call("who")["life"], life)
    equal("and not disturbed", s.call("counts")["initialize"], 1)
    d.ends_well("gateway killed")


def draining():
    d = Gate({"a": child()})
    s = d.session("/mcp/a")
    x = s.start_call("echo", {"ms": 500})
    check("in flight", x.is_pending(0.05))
    if not d.ask("drain").get("ok"):
        skip("drain is not built yet")
        return
    late = d.session("/mcp/a", open=False).post(initialize())
    equal("new requests: 503", late.status, 503)
    check("Retry-After", int(late.header("Retry-After")) > 0)
    check("the reason", b"draining" in late.body, late.body)
    equal("those in flight go on", x.finish()["result"]["structuredContent"], {"ms": 500})
    d.ends_well("draining")


def stop_of_all():
    """TERM while calls are in flight: each one is answered or its connection ends; none hangs."""
    d = Gate({"a": child()})
    s = d.session("/mcp/a")
    quick, hang = s.start_call("echo", {"ms": 300}), s.start_call("hang")
    check("in flight", hang.is_pending(0.05))
    d.signal(signal.SIGTERM)
    equal("one that ends in the time of the drain", quick.finish()["result"]["structuredContent"], {"ms": 300})
    try:
        got = hang.finish()
        check("one that does not: an error", "error" in got.obj, got.raw)
    except Closed:
        ok("one that does not: its connection ends")
    equal("TERM ends it with 0", d.wait_exit(), 0)
    d.check_clean("stop of all")


alarm(240)
validate_messages()
main(killed_in_flight, exits_in_flight, session_goes_on, waits_for_the_start, long_backoff, degraded, stopped, never_ready,
     lazy, own_servers, busy, one_at_a_time, gateway_killed, draining, stop_of_all)
