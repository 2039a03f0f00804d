#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the gateway tells about its work: limits that refused something, names that tracing gives to requests; and what it
does on its own for a server: the first calls of `warmup`, and a larger pipe for long lines."""

import fcntl
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403


def hits(d):
    text = Session(d.unix, "/metrics", open=False).fetch("GET").body.decode()
    return {m.group(1): float(m.group(2)) for m in re.finditer(r'mcpvisor_limit_hits_total\{limit="(\w+)"\} (\S+)', text)}


def metric(d, sample):
    text = Session(d.unix, "/metrics", open=False).fetch("GET").body.decode()
    return float(re.search(r"^mcpvisor_%s (\S+)$" % re.escape(sample), text, re.M).group(1))


def limits():
    """Each is counted where it refuses, once."""
    a = child(request_timeout="300ms", queue_timeout="100ms", max_inflight=1, max_queue="1K")
    d = Gate({"a": a}, {"limits": {"max_body": "64K", "max_batch": 2, "max_depth": 16, "max_line": "100K", "max_header": "4K"}})
    s = d.session("/mcp/a", version="2025-03-26")

    def body(text):
        return lambda: s.post(text)

    def fill():
        calls = [s.start_call("hang", {"pad": "x" * 700}) for _ in range(3)]
        got = [reason_of(x.finish()) for x in calls]
        check("one has its time, one waits too long, one has no room: %s" % got,
              sorted(got) == ["queue_full", "queue_timeout", "request_timeout"], got)

    deep = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 20 + b"]" * 20 + b"}}"
    cases = (
        (body(b" " * 70000 + request(1, "ping")), {"max_body"}),
        (body(b"[" + b",".join([request(1, "ping")] * 3) + b"]"), {"max_batch"}),
        (body(deep), {"max_depth"}),
        (body(request("i" * 100, "ping")), {"max_id"}),
        (lambda: s.post(request(1, "ping"), X_Long="y" * 5000), {"max_header"}),
        (fill, {"request_timeout", "queue_timeout", "max_queue"}),
        (lambda: s.request("tools/call", {"name": "big", "arguments": {"bytes": 200000}}), {"max_line"}),
    )
    for do, wanted in cases:
        before = hits(d)
        do()
        after = hits(d)
        equal("%s is counted, and nothing else" % "/".join(sorted(wanted)), {k for k in after if after[k] != before.get(k, 0)},
              wanted)
    d.ends_well("limits")


def queue():
    """How long the oldest of those that wait has waited: for its turn at an instance, or for an instance."""
    silent = {"command": "/bin/sleep", "args": ["1000"], "start": "lazy", "start_timeout": "60s"}
    d = Gate({"a": child(max_inflight=1, queue_timeout="60s"), "b": silent})

    def waited(name):
        return metric(d, 'queue_seconds{server="%s"}' % name)

    s = d.session("/mcp/a")
    equal("nobody waits", (waited("a"), waited("b")), (0, 0))
    calls = [s.start_call("hang", ident="first")]
    until(lambda: metric(d, 'requests_in_flight{server="a"}') == 1, what="the first call to be there")
    equal("who is with the server does not wait", waited("a"), 0)
    began = time.monotonic()
    calls.append(s.start_call("hang", ident="second"))
    until(lambda: waited("a") >= 0.3, what="the second to have waited so long")
    late = time.monotonic()
    calls.append(s.start_call("echo", {"n": 3}, ident="third"))
    until(lambda: metric(d, 'queue_depth{server="a"}') == 2, what="two to wait")
    got, now = waited("a"), time.monotonic()
    check("the oldest counts", 0.3 <= got <= now - began, got)
    s.notify("notifications/cancelled", {"requestId": "first"})
    until(lambda: metric(d, 'queue_depth{server="a"}') == 1, what="one to wait")
    got, now = waited("a"), time.monotonic()
    check("then the next one", 0 < got <= now - late, got)
    s.notify("notifications/cancelled", {"requestId": "second"})
    equal("it has its turn", calls[2].finish()["result"]["structuredContent"], {"n": 3})
    equal("nobody waits any more", waited("a"), 0)

    s = d.session("/mcp/b")
    call = s.start_call("echo", ident="fourth")
    until(lambda: waited("b") >= 0.1, what="a call to wait for an instance")
    s.notify("notifications/cancelled", {"requestId": "fourth"})
    equal("until it does so no more", (reason_of(call.finish()), waited("b")), ("cancelled", 0))
    d.ends_well("queue")


def tool_series():
    """A tool that has a series is no hit; each call of one that has none is."""
    d = Gate({"a": child()}, {"limits": {"max_tool_series": 1}})
    s = d.session("/mcp/a")
    got = []
    for tool in ("echo", "echo", "who", "state", "echo"):
        s.call(tool)
        got.append(hits(d).get("max_tool_series"))
    equal("calls beyond limits.max_tool_series", got, [0, 0, 1, 2, 2])
    equal("at the first configuration nothing is a change", d.logged("takes effect only after a restart"), 0)
    d.ends_well("tool series")


def traces():
    """They stand in the line of the request, and the server sees nothing of them."""
    d = Gate({"a": child()}, {"log": {"requests": "all"}})
    s = d.session("/mcp/a")
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    keys = {"traceparent": parent, "tracestate": "congo=t61", "baggage": "k=v1", "X_Request_Id": "order-66"}
    line = s.request("tools/call", {"name": "seen", "arguments": {}}, **keys)["result"]["structuredContent"]["line"]
    check("nothing of it reaches the server", "4bf92f" not in line and "congo" not in line and "order-66" not in line, line)
    got = [r for r in d.log_records() if r.get("correlation_id") == "order-66"]
    equal("the log has one line of it", len(got), 1)
    equal("with all of its names", {k: got[0].get(k) for k in ("traceparent", "tracestate", "baggage")},
          {"traceparent": parent, "tracestate": "congo=t61", "baggage": "k=v1"})
    s.request("ping", X_Request_Id="order-67")
    got = [r for r in d.log_records() if r.get("correlation_id") == "order-67"]
    check("the next request of the connection has none", got and "traceparent" not in got[0], got)
    d.ends_well("traces")


def payloads():
    """log.payloads: what is asked and answered, at level debug, cut; and nothing of it when it is not wanted."""
    config = {"log": {"level": "debug", "payloads": True}}
    d = Gate({"a": child()}, config)
    s = d.session("/mcp/a")

    def records(word):
        return [r for r in d.log_records() if word in json.dumps(r)]

    s.start_call("echo", {"fruit": "pear \u00fc"}, X_Request_Id="order-1").finish()
    got = [r for r in records("order-1") if r["level"] == "debug"]
    equal("what is asked, and what is answered", [json.loads(r.get("params") or r.get("result")) for r in got],
          [{"name": "echo", "arguments": {"fruit": "pear \u00fc"}}, {"content": [], "structuredContent": {"fruit": "pear \u00fc"}}])
    equal("as what it was", {(r["server"], r["method"], r["tool"]) for r in got}, {("a", "tools/call", "echo")})
    s.start_call("error", {"message": "plum"}, X_Request_Id="order-2").finish()
    equal("an error, too", [json.loads(r["error"])["message"] for r in records("order-2") if "error" in r], ["plum"])
    s.start_call("big", {"bytes": 100000}, X_Request_Id="order-3").finish()
    got = [len(r["result"]) for r in records("order-3") if "result" in r]
    check("a long one is cut", len(got) == 1 and 4000 < got[0] <= 4200, got)

    def after(log, word):
        d.write_config({"auth": {"mode": "none"}, "servers": {"a": child("--name", "a")}, "log": log})
        equal("a reload: %s" % log, d.ask("reload")["ok"], True)
        equal("it is answered as before", d.session("/mcp/a").call("echo", {"fruit": word}), {"fruit": word})
        return len(records(word))

    equal("not wanted any more: nothing", after({"level": "debug"}, "apple"), 0)
    equal("wanted, but at another level: nothing", after({"level": "info", "payloads": True}, "grape"), 0)
    equal("and again: both", after({"level": "debug", "payloads": True}, "peach"), 2)
    d.ends_well("payloads")


def warmup():
    """Made of each new instance; one that fails is logged and keeps nothing from anybody."""
    log = path("warmup-log")
    calls = [{"tool": "echo", "arguments": {"n": 1}}, {"tool": "fail"}, {"tool": "echo", "arguments": {"n": 2}}]
    d = Gate({"a": child("--log", log, warmup=calls, sandbox={"profile": "none"})})

    def made():
        with open(log, encoding="utf-8") as f:
            return [json.loads(x.split(" ", 1)[1])["params"] for x in f if '"tools/call"' in x]

    wanted = [{"name": "echo", "arguments": {"n": 1}}, {"name": "fail", "arguments": {}}, {"name": "echo", "arguments": {"n": 2}}]
    until(lambda: len(made()) == 3, what="three calls")
    equal("in their order", made(), wanted)
    equal("the one that failed is told", d.logged("warmup: fail: the tool failed"), 1)
    pid = d.server("a")["pid"]
    d.ask("restart a")
    d.wait(lambda: d.server("a")["state"] == "ready" and d.server("a")["pid"] != pid)
    until(lambda: len(made()) == 6, what="three more")
    equal("again for the next instance", made()[3:], wanted)
    equal("clients are served meanwhile", d.session("/mcp/a").call("echo", {"x": 1}), {"x": 1})
    d.ends_well("warmup")


def pipe_size(pid):
    fd = os.open("/proc/%d/fd/1" % pid, os.O_WRONLY | os.O_NONBLOCK)
    try:
        return fcntl.fcntl(fd, 1032)  # F_GETPIPE_SZ
    finally:
        os.close(fd)


def pipes():
    """The stdout of a server with long lines gets larger, as far as the budget of all goes."""
    d = Gate({n: child(sandbox={"profile": "none"}) for n in "abc"}, {"limits": {"pipe_budget": "1280K"}})
    sizes = lambda: [pipe_size(d.server(n)["pid"]) for n in "abc"]  # noqa: E731
    try:
        usual = sizes()
    except PermissionError:
        skip("another user's descriptors cannot be looked at here")
        return
    equal("as the kernel makes them", usual, [65536] * 3)
    d.session("/mcp/a").request("tools/call", {"name": "big", "arguments": {"bytes": 30000}})
    equal("a short line changes nothing", sizes(), [65536] * 3)
    for n, size in (("a", 100000), ("b", 300000), ("c", 100000)):
        d.session("/mcp/" + n).request("tools/call", {"name": "big", "arguments": {"bytes": size}})
    equal("then by the length of the line, and not past the budget", sizes(), [262144, 1048576, 65536])
    d.ends_well("pipes")


def memory(d):
    return metric(d, 'process_resident_memory_bytes{role="gateway"}')


def quiet():
    """What long lines have made larger is given back when there was none for a while: the pipe, and the memory."""
    d = Gate({"a": child(sandbox={"profile": "none"})}, {"limits": {"max_line": "32M", "pipe_budget": "16M"}},
             times={"PIPE_QUIET": 1500 * SLOW, "PING": 100})
    size = lambda: pipe_size(d.server("a")["pid"])  # noqa: E731
    s = d.session("/mcp/a")
    try:
        size()
    except PermissionError:
        skip("another user's descriptors cannot be looked at here")
        return
    s.request("tools/call", {"name": "big", "arguments": {"bytes": 100000}})
    before = memory(d)
    for n in (24, 1):
        began = time.monotonic()
        s.request("tools/call", {"name": "big", "arguments": {"bytes": n << 20}})
        equal("a line of %d MiB: the pipe is large" % n, size(), 1 << 20)
        if n > 1:
            until(lambda: memory(d) > before + (n << 20), what="the gateway to be larger")
        until(lambda: size() == 65536, what="the pipe to be small again")
        check("not before it was quiet", time.monotonic() - began >= 1.5 * SLOW, time.monotonic() - began)
    if SLOW > 1:
        skip("what is freed is kept for a while by a sanitizer")
    else:
        until(lambda: memory(d) < before + (4 << 20), what="the memory to be given back")
        ok("the memory goes back too")
    d.ends_well("quiet")


if __name__ == "__main__":
    alarm(200)
    main(limits, queue, tool_series, traces, payloads, warmup, pipes, quiet)
