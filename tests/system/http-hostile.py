#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP and JSON as somebody sends them who means harm: each gets the right status and a clear error, costs little,
and touches nobody else. docs/protocol.md says which rule each function is about."""

import errno
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

QUICK_LIMITS = {"header_timeout": "400ms", "body_timeout": "400ms", "idle_timeout": "60s", "max_body": "8M"}
shared = Shared(lambda: Gate({"a": child(max_queue="64M")}, {"limits": QUICK_LIMITS}))

BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
SECOND = b'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n'
LINES = ["Host: localhost", "Content-Type: application/json", "Accept: application/json, text/event-stream"]


def raw_post(*lines, target=b"/mcp/a", version=b"HTTP/1.1", body=BODY, ends=b"\r\n"):
    """A request of these header lines alone."""
    rows = [b"POST " + target + b" " + version] + [x if isinstance(x, bytes) else x.encode("latin-1") for x in lines]
    return ends.join(rows) + ends + ends + body


def sends(data, gate=None):
    """The answers to these bytes, and whether the connection was closed behind them."""
    with (gate or shared.gate).wire() as w:
        w.send_what_it_takes(data)
        got = []
        try:
            while True:
                got.append(w.answer())
                got[-1].body
        except Closed:
            return got, True
        except Timeout:
            return got, False


def alive():
    """The daemon goes on as if nothing had been."""
    s = shared.gate.session("/mcp/a")
    good = s.call("echo", {"x": 1}) == {"x": 1}
    s.delete()
    s.close()
    return good


def session_lines(session):
    return LINES + ["Mcp-Session-Id: " + session.id]


# ---- requests that two readers read differently --------------------------------


def smuggling():
    n = len(BODY)
    with_te = [*LINES, "Transfer-Encoding: chunked"]
    chunks = chunked(BODY)
    for name, data in (
            ("Content-Length and Transfer-Encoding", raw_post(*with_te, "Content-Length: %d" % n, body=chunks)),
            ("the same in the other order", raw_post(*LINES, "Content-Length: 4", "Transfer-Encoding: chunked", body=chunks)),
            ("two Content-Length", raw_post(*LINES, "Content-Length: %d" % n, "Content-Length: %d" % n)),
            ("two that differ", raw_post(*LINES, "Content-Length: %d" % n, "Content-Length: 0")),
            ("a list", raw_post(*LINES, "Content-Length: %d, %d" % (n, n))),
            ("a plus", raw_post(*LINES, "Content-Length: +%d" % n)),
            ("a minus", raw_post(*LINES, "Content-Length: -1")),
            ("hexadecimal", raw_post(*LINES, "Content-Length: 0x28")),
            ("empty", raw_post(*LINES, "Content-Length: ")),
            ("over 64 bits", raw_post(*LINES, "Content-Length: 18446744073709551656")),
            ("another encoding", raw_post(*LINES, "Transfer-Encoding: xchunked", body=chunks)),
            ("chunked, then another", raw_post(*LINES, "Transfer-Encoding: chunked, identity", body=chunks)),
            ("twice chunked", raw_post(*with_te, "Transfer-Encoding: chunked", body=chunks)),
            ("identity", raw_post(*LINES, "Transfer-Encoding: identity", body=chunks)),
            ("with a vertical tab", raw_post(*LINES, "Transfer-Encoding: \x0bchunked", body=chunks)),
            ("white space before the colon", raw_post(*LINES, "Content-Length : %d" % n)),
            ("a folded line", raw_post(*LINES, "X: 1", " Content-Length: 0", "Content-Length: %d" % n)),
            ("a folded line with a tab", raw_post(*LINES, "X: 1", "\tContent-Length: 0", "Content-Length: %d" % n)),
            ("a first line that is folded", raw_post(" Host: localhost", *LINES, "Content-Length: %d" % n)),
            ("bare line feeds", raw_post(*LINES, "Content-Length: %d" % n, ends=b"\n")),
            ("a bare carriage return", raw_post(*LINES, "X: a\rContent-Length: 0", "Content-Length: %d" % n)),
            ("NUL in a header", raw_post(*LINES, "X: a\0b", "Content-Length: %d" % n)),
            ("NUL in a name", raw_post(*LINES, "X\0: a", "Content-Length: %d" % n)),
            ("a name that is empty", raw_post(*LINES, ": a", "Content-Length: %d" % n)),
            ("a line without a colon", raw_post(*LINES, "X", "Content-Length: %d" % n)),
            ("two Host", raw_post(*LINES, "Host: localhost", "Content-Length: %d" % n)),
            ("no Host", raw_post(*LINES[1:], "Content-Length: %d" % n)),
            ("two Mcp-Session-Id", raw_post(*LINES, "Mcp-Session-Id: a", "Mcp-Session-Id: b", "Content-Length: %d" % n)),
            ("two Authorization", raw_post(*LINES, "Authorization: Bearer a", "Authorization: Bearer b", "Content-Length: %d" % n)),
            ("a target with bytes over 127", raw_post(*LINES, "Content-Length: %d" % n, target=b"/mcp/\xc3\xbc")),
            ("a target with a space", raw_post(*LINES, "Content-Length: %d" % n, target=b"/mcp a")),
            ("a version in lower case", raw_post(*LINES, "Content-Length: %d" % n, version=b"http/1.1")),
            ("a chunk size that is none", raw_post(*with_te, body=b"zz\r\n" + BODY + b"\r\n0\r\n\r\n")),
            ("a chunk size with a sign", raw_post(*with_te, body=b"+28\r\n" + BODY + b"\r\n0\r\n\r\n")),
            ("a chunk size over 64 bits", raw_post(*with_te, body=b"fffffffffffffffff\r\n")),
            ("a chunk that is longer than it says", raw_post(*with_te, body=b"2\r\n" + BODY + b"\r\n0\r\n\r\n")),
            ("a chunk that ends by a line feed", raw_post(*with_te, body=b"28\n" + BODY + b"\n0\n\n")),
            ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
            ("HTTP/2 by its preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ):
        got, closed = sends(data + SECOND)
        what = [(a.status, a.body[:80]) for a in got]
        check("%s: one refusal" % name, len(got) == 1 and got[0].status in (400, 413, 501, 505), what)
        check("%s: and the connection ends" % name, closed, what)
    check("after all of them", alive())


def odd_but_right():
    """What the rules of HTTP allow is served."""
    s = shared.gate.session("/mcp/a")
    n = len(BODY)
    base = session_lines(s)
    for name, data, status in (
            ("chunked in pieces", raw_post(*base, "Transfer-Encoding: chunked", body=chunked(*[BODY[i:i + 1] for i in range(n)])), 200),
            ("chunk extensions", raw_post(*base, "Transfer-Encoding: chunked", body=b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (n, BODY)), 200),
            ("trailers", raw_post(*base, "Transfer-Encoding: chunked", body=b"%x\r\n%s\r\n0\r\nX: 1\r\n\r\n" % (n, BODY)), 200),
            ("empty lines before", b"\r\n\r\n" + raw_post(*base, "Content-Length: %d" % n), 200),
            ("names in capitals", raw_post(*[x.split(":")[0].upper() + ":" + x.split(":", 1)[1] for x in base], "CONTENT-LENGTH: %d" % n), 200),
            ("no space behind the colon", raw_post(*[x.replace(": ", ":", 1) for x in base], "Content-Length:%d" % n), 200),
            ("HTTP/1.0", raw_post(*base, "Content-Length: %d" % n, version=b"HTTP/1.0"), 200),
            ("an absolute target", raw_post(*base, "Content-Length: %d" % n, target=b"http://localhost/mcp/a"), (200, 400)),
            ("Upgrade is not followed", raw_post(*base, "Content-Length: %d" % n, "Connection: upgrade", "Upgrade: h2c"), (200, 501)),
            ("another expectation", raw_post(*base, "Content-Length: %d" % n, "Expect: magic"), 417),
    ):
        with shared.gate.wire() as w:
            w.send(data)
            answer = w.answer()
            check(name, answer.status in (status if isinstance(status, tuple) else (status,)), (answer.head, answer.body))
            if answer.status == 200:
                equal(name + ": the answer", answer.json["result"], {})
    with shared.gate.wire() as w:
        data = raw_post(*base, "Content-Length: %d" % n)
        for i in range(len(data)):
            w.send(data[i:i + 1])
        equal("byte by byte", w.answer().json["result"], {})
    with shared.gate.wire() as w:
        w.send(raw_post(*base, "Content-Length: %d" % n, "Expect: 100-continue", body=b""))
        equal("100 before the body", w.until(b"\r\n\r\n", time.monotonic() + DEADLINE)[:12], b"HTTP/1.1 100")
        w.send(BODY)
        equal("then the answer", w.answer().json["result"], {})
    with shared.gate.wire() as w:
        w.send(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check("CONNECT is refused", w.answer().status in (400, 405, 501))


def pipelining():
    s = shared.gate.session("/mcp/a")
    with shared.gate.wire() as w:
        w.send(b"".join(raw_post(*session_lines(s), "Content-Length: %d" % len(b), body=b) for b in (
            request(n, "tools/call", {"name": "echo", "arguments": {"n": n, "ms": (n * 7) % 5}}) for n in range(100))))
        got = [w.answer().json for _ in range(100)]
        equal("a hundred at once, answered in order", [(m["id"], m["result"]["structuredContent"]["n"]) for m in got],
              [(n, n) for n in range(100)])
    with shared.gate.wire() as w:
        long = request("h", "tools/call", {"name": "hang", "arguments": {}})
        w.send(raw_post(*session_lines(s), "Content-Length: %d" % len(long), body=long))
        w.sock.setblocking(False)
        sent, more = 0, raw_post(*session_lines(s), "Content-Length: %d" % len(BODY))
        try:
            while sent < 64 * 1024 * 1024:
                sent += w.sock.send(more * 100)
                if not select.select([], [w.sock], [], SILENCE)[1]:
                    break
        except BlockingIOError:
            pass
        check("behind one that waits the next are not read without end", sent < 32 * 1024 * 1024, sent)
    s.notify("notifications/cancelled", {"requestId": "h"})
    check("afterwards", alive())


# ---- too much, too slow ---------------------------------------------------------


def too_large():
    s = shared.gate.session("/mcp/a")
    limit = 8 * 1024 * 1024
    for name, data in (("announced", raw_post(*session_lines(s), "Content-Length: %d" % (limit + 1), body=b"")),
                       ("announced and sent", raw_post(*session_lines(s), "Content-Length: %d" % (limit + 1), body=b" " * (limit + 1))),
                       ("in chunks", raw_post(*session_lines(s), "Transfer-Encoding: chunked", body=chunked(*[b" " * 65536] * 130)))):
        got, closed = sends(data)
        equal("over max_body, %s: 413" % name, [a.status for a in got], [413])
        check("over max_body, %s: says which limit" % name, got and b"max_body" in got[0].body, got and got[0].body)
        check("over max_body, %s: closed" % name, closed)
    exact = b'{"jsonrpc":"2.0","id":1,"method":"ping"' + b" " * (limit - len(BODY)) + b"}"
    equal("exactly max_body", s.post(exact).json["result"], {})
    for name, data, status in (
            ("many headers", raw_post(*LINES, *["X-%d: 1" % i for i in range(200)], "Content-Length: 0", body=b""), 431),
            ("a long header", raw_post(*LINES, "X: " + "x" * 40000, "Content-Length: 0", body=b""), 431),
            ("a header without end", raw_post(*LINES)[:-len(BODY) - 4] + b"\r\nX: " + b"x" * 200000, 431),
            ("a long target", raw_post(*LINES, "Content-Length: 0", target=b"/mcp/" + b"x" * 40000, body=b""), (414, 431)),
            ("a target without end", b"GET /" + b"x" * 200000, (414, 431)),
    ):
        got, closed = sends(data)
        check(name, len(got) == 1 and got[0].status in (status if isinstance(status, tuple) else (status,)) and closed,
              [(a.status, a.body) for a in got])
    check("afterwards", alive())


def too_slow():
    s = shared.gate.session("/mcp/a")
    lines = session_lines(s)
    for name, data in (("a head that stops", b"POST /mcp/a HTTP/1.1\r\nHost: loc"),
                       ("a body that stops", raw_post(*lines, "Content-Length: 1000", body=b"{")),
                       ("a chunk that stops", raw_post(*lines, "Transfer-Encoding: chunked", body=b"ff\r\n{"))):
        start = time.monotonic()
        got, closed = sends(data)
        took = time.monotonic() - start
        equal(name + ": 408", [a.status for a in got], [408])
        check(name + ": closed, in its time", closed and 0.3 <= took <= 4 * SLOW, took)
    with shared.gate.wire() as w:
        start, sent = time.monotonic(), 0
        try:
            for byte in raw_post(*LINES):
                w.send(bytes([byte]))
                sent += 1
                if readable([w.sock], 0.05):
                    break
        except OSError:
            pass
        check("a head that comes by drops is cut off by its whole time", time.monotonic() - start < 4 * SLOW, sent)
        check("and is told why", w.answer().status == 408)
    with shared.gate.wire() as w:
        check("a connection that says nothing is left alone for a while", w.is_silent(0.6))
    check("afterwards", alive())


def idle_is_closed():
    d = Gate({"a": child()}, {"limits": {"idle_timeout": "1s"}})
    with d.wire() as w:
        check("one that never says anything is closed without a word", w.is_closed())
    s = d.session("/mcp/a")
    wire = s.idle[-1]
    check("one that has had its answer, too", wire.is_closed())
    d.ends_well("idle")


def many_connections():
    """10,000 that say nothing: little memory, no time, and everybody is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10000
    if hard < wanted + 500:
        skip("%d connections: at most %d descriptors here" % (wanted, hard))
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    d = Gate({"a": child()}, {"limits": {"max_connections": wanted + 100, "idle_timeout": "10m", "header_timeout": "10m"}})
    gateway = d.status()["gateway"]["pid"]
    before = private_memory(gateway)
    wires = []
    try:
        for i in range(wanted):
            wires.append(Wire(d.address))
            if i % 2:
                wires[-1].send(b"POST /mcp HTTP/1.1\r\nHost: l")
        s = d.session("/mcp/a")
        equal("beside %d connections" % wanted, s.call("echo", {"x": 1}), {"x": 1})
        each = (private_memory(gateway) - before) / wanted
        check("little memory for each: %d bytes" % each, each < 16384, each)
        check("none was closed", not readable([w.sock for w in wires], 0))
        start = cpu_of(gateway)
        check("quiet", wires[0].is_silent(0.5))
        check("and no time", cpu_of(gateway) - start < 0.2, cpu_of(gateway) - start)
    finally:
        for w in wires:
            w.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    until(lambda: fds_of(gateway) < 100, what="their descriptors to be free")
    ok("all descriptors are free again")
    d.ends_well("many connections")


def over_max_connections():
    """One more than may be: the longest idle one makes room, or the new one waits; nobody is answered wrongly."""
    d = Gate({"a": child()}, {"limits": {"max_connections": 20}})
    s = d.session("/mcp/a")
    idle = [d.wire() for _ in range(40)]
    equal("a client is served all the same", d.session("/mcp/a").call("echo", {"x": 1}), {"x": 1})
    for w in idle:
        w.close()
    equal("and afterwards", s.call("echo", {"x": 2}), {"x": 2})
    d.ends_well("over max_connections")


def few_descriptors():
    """Clients get what the limit of open files leaves, and never a descriptor that a server's pipe needs."""
    d = Gate({"a": child(), "b": child()}, {"limits": {"header_timeout": "10m"}}, prefix=["prlimit", "--nofile=160:160"])
    before = d.status()["gateway"]
    most = before["max_connections"]
    check("fewer than the 10000 that are configured", 30 < most < 130, most)
    check("that is told at the start", d.logged("10000 connections are no more than %d where" % most) > 0, d.log_tail())
    wires = [d.wire() for _ in range(300)]
    for w in wires:
        w.send(b"POST /mcp HTTP/1.1\r\nHost: l")
    until(lambda: fds_of(before["pid"]) > most, what="all that may be to be connected")
    start = cpu_of(before["pid"])
    check("the others wait", wires[-1].is_silent(0.5))
    check("which takes no time", cpu_of(before["pid"]) - start < 0.2 * SLOW, cpu_of(before["pid"]) - start)
    for name in "ab":
        pid = d.server(name)["pid"]
        equal("a new instance of %s gets its pipes" % name, d.ask("restart " + name)["ok"], True)
        d.wait(lambda: d.server(name)["state"] == "ready" and d.server(name)["pid"] != pid)
    for w in wires:
        w.close()
    equal("everybody is served again", d.session("/mcp/a").call("echo", {"x": 1}), {"x": 1})

    hard = resource.prlimit(before["pid"], resource.RLIMIT_NOFILE)
    s = d.session("/mcp/a")
    s.call("echo")
    until(lambda: fds_of(before["pid"]) < most, what="connections to be closed")
    resource.prlimit(before["pid"], resource.RLIMIT_NOFILE, (fds_of(before["pid"]), hard[1]))
    wires = [d.wire() for _ in range(10)]
    start = cpu_of(before["pid"])
    check("without any descriptor left they wait, too", wires[-1].is_silent(0.5))
    check("which takes no time either", cpu_of(before["pid"]) - start < 0.2 * SLOW, cpu_of(before["pid"]) - start)
    equal("who is connected is served", s.call("echo", {"x": 2}), {"x": 2})
    resource.prlimit(before["pid"], resource.RLIMIT_NOFILE, hard)
    equal("and all are as soon as there are some", d.session("/mcp/a").call("echo", {"x": 3}), {"x": 3})
    after = d.status()["gateway"]
    equal("it is the same gateway", (after["pid"], after["restarts"]), (before["pid"], 0))
    for w in wires:
        w.close()
    d.ends_well("few descriptors")


# ---- peers that go -----------------------------------------------------------


def half_closed_peers():
    s = shared.gate.session("/mcp/a")
    body = request(1, "tools/call", {"name": "echo", "arguments": {"ms": 100}})
    with shared.gate.wire() as w:
        w.send(raw_post(*session_lines(s), "Content-Length: %d" % len(body), body=body))
        w.half_close()
        equal("a whole request is answered", w.answer().json["result"]["structuredContent"], {"ms": 100})
        check("and the connection ends", w.is_closed())
    with shared.gate.wire() as w:
        w.send(raw_post(*session_lines(s), "Content-Length: 1000", body=b"{"))
        w.half_close()
        got = w.rest()
        check("half a request is not", b" 200 " not in got[:20], got[:80])
    with shared.gate.wire() as w:
        w.half_close()
        check("nothing gets nothing", w.is_closed())


TCP_REPAIR = 19


def vanished_peers():
    """A peer that is gone without a word, as when its machine lost power: found out, and its place is free."""
    d = Gate({"a": child()}, {"limits": {"sse_keepalive": "1s", "write_timeout": "1s"}})
    gateway = d.status()["gateway"]["pid"]
    s = d.session("/mcp/a")
    before = fds_of(gateway)
    streams = [s.listen() for _ in range(5)]
    equal("five streams", fds_of(gateway) >= before + 4, True)
    for e in streams:
        try:
            e.answer.wire.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except OSError as error:
            skip("peers that vanish: TCP_REPAIR is not allowed here (%s)" % errno.errorcode[error.errno])
            return
        e.answer.wire.sock.close()
    until(lambda: fds_of(gateway) <= before + 1, what="their descriptors to be free")
    ok("nobody holds a place for them")
    equal("the session lives", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("vanished peers")


def gone_in_the_middle():
    s = shared.gate.session("/mcp/a")
    data = raw_post(*session_lines(s), "Content-Length: %d" % len(BODY))
    for end in (Wire.close, Wire.reset):
        for cut in range(1, len(data), 7):
            w = shared.gate.wire()
            w.send(data[:cut])
            end(w)
    check("afterwards", alive())


# ---- JSON --------------------------------------------------------------------


def broken_json():
    """Refused before anything of it is done; -32700 and why."""
    s = shared.gate.session("/mcp/a")
    before = s.call("counts")["tools/call"]
    call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":%s}}}'
    for name, body in (
            ("100,000 deep arrays", (call % ("[" * 100000 + "]" * 100000)).encode()),
            ("100,000 deep objects", (call % ('{"a":' * 100000 + "1" + "}" * 100000)).encode()),
            ("100,000 deep and never closed", b"[" * 100000),
            ("600 deep", (call % ("[" * 600 + "]" * 600)).encode()),
            ("invalid UTF-8", (call % '"@"').encode().replace(b"@", b"\xff")),
            ("an overlong form", (call % '"@"').encode().replace(b"@", b"\xc0\xaf")),
            ("a surrogate in UTF-8", (call % '"@"').encode().replace(b"@", b"\xed\xa0\x80")),
            ("half a character", (call % '"@"').encode().replace(b"@", b"\xe2\x82")),
            ("a lone surrogate", (call % '"\\ud800"').encode()),
            ("a lone low one", (call % '"\\udc00x"').encode()),
            ("a control character", (call % '"\x01"').encode()),
            ("a line end in a string", (call % '"a\nb"').encode()),
            ("NUL", (call % '"\0"').encode()),
            ("NUL behind it", (call % "1").encode() + b"\0"),
            ("something behind it", (call % "1").encode() + b"{}"),
            ("a second message behind it", (call % "1").encode() + b"\n" + (call % "2").encode()),
            ("a byte order mark", b"\xef\xbb\xbf" + (call % "1").encode()),
            ("UTF-16", (call % "1").encode("utf-16")),
            ("a comma too many", (call % "[1,]").encode()),
            ("no quotes", (call % "{a:1}").encode()),
            ("single quotes", (call % "'a'").encode()),
            ("a comment", (call % "1/**/").encode()),
            ("NaN", (call % "NaN").encode()),
            ("a number with a zero before it", (call % "01").encode()),
            ("a number with a plus", (call % "+1").encode()),
            ("a number that ends by a point", (call % "1.").encode()),
            ("a wrong escape", (call % '"\\x41"').encode()),
            ("cut off", (call % "1").encode()[:-1]),
    ):
        answer = s.post(body)
        got = answer.error()
        check(name, answer.status == 400 and got and got[0] == -32700, (answer.status, answer.body[:200]))
    equal("500 deep is not too deep", s.request("tools/call", (b'{"name":"echo","arguments":{"x":' + b"[" * 500 + b"]" * 500
                                                             + b"}}"))["result"]["content"], [])
    equal("nothing of it reached the server", s.call("counts")["tools/call"], before + 2)


def members_twice():
    """In the envelope, in params and in its _meta a name may stand once; its escaped form is the same name."""
    s = shared.gate.session("/mcp/a")
    before = s.call("counts")["tools/call"]
    good = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"k":1}}}'
    for name, old, new in (
            ("id", '"id":1', '"id":1,"id":2'), ("method", '"id":1', '"id":1,"method":"ping"'),
            ("jsonrpc", '"id":1', '"id":1,"jsonrpc":"2.0"'), ("params", '"id":1', '"params":{},"id":1'),
            ("an unknown one", '"id":1', '"z":1,"id":1,"z":2'),
            ("id in another form", '"id":1', '"id":1,"\\u0069d":2'), ("method in another form", '"id":1', '"\\u006dethod":"ping","id":1'),
            ("params in another form", '"id":1', '"para\\u006ds":{},"id":1'),
            ("params.name", '"name":"echo"', '"name":"echo","name":"die"'),
            ("params.name in another form", '"name":"echo"', '"name":"echo","n\\u0061me":"die"'),
            ("params.arguments", '"arguments":{}', '"arguments":{},"arguments":{}'),
            ("params._meta", '"_meta":{"k":1}', '"_meta":{},"_meta":{}'),
            ("params._meta.progressToken", '"k":1', '"progressToken":1,"progressToken":2'),
            ("an era in another form", '"k":1', '"io.modelcontextprotocol\\/protocolVersion":"2026-07-28",'
             '"io.modelcontextprotocol/protocolVersion":"2025-11-25"'),
    ):
        answer = s.post(good.replace(old, new, 1).encode())
        got = answer.error()
        check(name, answer.status == 400 and got and got[0] in (-32700, -32600), (answer.status, answer.body))
        check(name + ": says what is wrong", got and len(answer.json["error"]["message"]) > 12, answer.body)
    equal("nothing of it reached the server", s.call("counts")["tools/call"], before + 1)
    equal("inside arguments it is the server's affair", s.request("tools/call", b'{"name":"echo","arguments":{"a":1,"a":2}}')
          .raw_member("result").count(b'"a"'), 2)


def escaped_names():
    """An escaped name of the envelope alone is either the same name, or refused; never overlooked."""
    s = shared.gate.session("/mcp/a")
    for body in (b'{"jsonrpc":"2.0","\\u0069d":5,"method":"ping"}', b'{"jsonrpc":"2.0","id":5,"m\\u0065thod":"ping"}',
                 b'{"\\u006asonrpc":"2.0","id":5,"method":"ping"}', b'{"jsonrpc":"2.0","id":5,"method":"p\\u0069ng"}'):
        answer = s.post(body)
        served = answer.status == 200 and answer.json.get("id") == 5 and answer.json.get("result") == {}
        refused = answer.status == 400 and answer.error()[0] in (-32700, -32600)
        check(body.decode(), served or refused, (answer.status, answer.body))


def mixed_eras():
    """A body of one era under the header of the other; _meta of the modern era inside a session."""
    s = shared.gate.session("/mcp/a")
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    answer = s.post(request(5, "tools/list", {}), MCP_Protocol_Version="2026-07-28")
    equal("a modern header over a body without _meta", (answer.status, answer.error()[0], answer.json["id"]), (400, -32602, 5))
    modern = {"Mcp-Method": "initialize", "MCP-Protocol-Version": "2026-07-28"}
    for name, headers in (("under modern headers", modern), ("without them", {"MCP-Protocol-Version": None})):
        s.extra = headers
        answer = s.post(request(5, "initialize", {"protocolVersion": LATEST, "capabilities": {}, "clientInfo": {
            "name": "x", "version": "1"}, "_meta": meta}))
        check("initialize with modern _meta %s: no session" % name,
              answer.status in (400, 404) and answer.header("Mcp-Session-Id") is None, (answer.head, answer.body))
    s.extra = {}
    answer = s.post(request(5, "ping", {"_meta": meta}))
    check("a modern body under a header of a session", answer.status in (400, 404) and answer.error(), (answer.status, answer.body))
    hidden = request(5, "tools/list", b'{"_meta":{"io.modelcontextprotocol\\/protocolVersion":"2026-07-28"}}')
    answer = s.post(hidden)
    check("an escaped name does not hide an era", answer.status == 400, (answer.status, answer.body))
    equal("the session lives", s.call("echo", {"x": 1}), {"x": 1})


def big_arguments():
    """Many large ones at once: none is lost, nobody else waits for them."""
    s = shared.gate.session("/mcp/a")
    for size in (200 * 1000, 4 * 1000 * 1000):
        text = "0123456789abcdef" * (size // 16)
        calls = [s.start_call("echo", {"n": n, "text": text}) for n in range(4)]
        other = shared.gate.session("/mcp/a")
        equal("a small one beside them", other.call("echo", {"x": 1}, deadline=30 * SLOW), {"x": 1})
        for n, x in enumerate(calls):
            got = x.finish(60 * SLOW)["result"]["structuredContent"]
            check("%d bytes, call %d" % (size, n), got == {"n": n, "text": text})
        other.close()


alarm(300)
shared.main(smuggling, odd_but_right, pipelining, too_large, too_slow, idle_is_closed, many_connections, over_max_connections, few_descriptors,
            half_closed_peers, vanished_peers, gone_in_the_middle, broken_json, members_twice, escaped_names, mixed_eras,
            big_arguments)
