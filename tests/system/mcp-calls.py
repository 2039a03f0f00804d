#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls, byte for byte: what reaches the server, what comes back, whose it is, and how a call ends that is
cancelled, late, too large, or answered wrongly. docs/protocol.md says which rule each function is about."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

shared = Shared(lambda: Gate({"a": child(), "b": child()}))


def call_params(tool, args=b"{}", meta=None):
    """params of tools/call, with the arguments as they are given."""
    tail = b"" if meta is None else b',"_meta":' + meta
    return b'{"name":' + as_bytes(tool) + b',"arguments":' + args + tail + b"}"


def seen(session, prefix="", params=None):
    """The request as the server had it: raw bytes."""
    message = session.request("tools/call", params or call_params(prefix + "seen"))
    return message["result"]["structuredContent"]["line"].encode()


# ---- bytes -------------------------------------------------------------------

ODD_JSON = (
    b'{"n":1.10}', b'{"n":1e2,"m":-0,"o":1E+400}', b'{"n":123456789012345678901234567890}', b'{"s":"\\/\\u0041\\ud83d\\ude00"}',
    '{"s":"\u00fc\u20ac\U0001f600"}'.encode(), b'{"a":1,"a":2,"\\u0061":3}', b'{ "x" :\t[ 1 , 2,3 ] , "y":{ } }',
    b'{"id":7,"jsonrpc":"9","method":"x","result":1,"error":2,"_meta":{"progressToken":1}}', b'{"z":1,"b":2,"a":3}',
    b'{"s":"\\u0000\\u001f\\"\\\\"}', b'{"":null,"t":true,"f":false}', b'{"s":"\x7f"}',
)


def bytes_are_kept():
    """Arguments and results pass as they are: numbers, escapes, order, white space, names that occur twice."""
    for path, prefix in (("/mcp", "a__"), ("/mcp/a", "")):
        s = shared.gate.session(path)
        for args in ODD_JSON:
            message = s.request("tools/call", call_params(prefix + "echo", args))
            check("%s: %s" % (path, args[:40].decode()),
                  b'"structuredContent":' + args in message.raw_member("result"), message.raw)
            line = seen(s, params=call_params(prefix + "seen", args))
            check("%s: and the server had it so" % path, b'"arguments":' + args in line, line)


def large_arguments():
    for size in (200 * 1000, 4 * 1000 * 1000):
        s = shared.gate.session("/mcp/a")
        args = b'{"text":"' + b"0123456789abcdef" * (size // 16) + b'"}'
        message = s.request("tools/call", call_params("echo", args), deadline=30 * SLOW)
        check("%d bytes there and back" % size, message.raw_member("result") ==
              b'{"content":[],"structuredContent":' + args + b"}", message.raw[:200])


def large_results():
    s = shared.gate.session("/mcp/a")
    for size in (1, 65535, 65536, 300000, 4000000):
        message = s.request("tools/call", call_params("big", b'{"bytes":%d}' % size), deadline=30 * SLOW)
        equal("%d bytes" % size, message["result"]["content"][0]["text"], "x" * size)


def what_the_server_hears():
    """A small positive id of ours, its own name of the tool, and nothing of the client."""
    s = shared.gate.session(headers={"Authorization": "Bearer secret-of-the-client"})
    line = seen(s, "a__", call_params("a__seen", b'{"x":1}'))
    got = json.loads(line)
    check("a positive integer", isinstance(got["id"], int) and 0 < got["id"] < 2**53, line)
    equal("the rest", (got["jsonrpc"], got["method"], got["params"]), ("2.0", "tools/call", {"name": "seen", "arguments": {"x": 1}}))
    check("one line", b"\n" not in line and b"\r" not in line)
    check("no header of the client's", b"secret-of-the-client" not in line)


def arguments_are_added():
    """Servers of the SDK refuse a call without arguments."""
    for body in (b'{"name":"seen"}', b'{"_meta":{},"name":"seen"}'):
        line = seen(shared.gate.session("/mcp/a"), params=body)
        equal(body.decode(), json.loads(line)["params"].get("arguments"), {})


def newlines_are_spaces():
    """White space between tokens may hold line ends; the server gets one line all the same."""
    s = shared.gate.session("/mcp/a")
    body = b'\r\n{\n"jsonrpc":"2.0",\r\n"id"\n:\n1,"method":"tools/call","params":\n{"name":"seen",\n"arguments":{\n"x":1}}}\n'
    answer = Message(s.post(body).body)
    line = answer["result"]["structuredContent"]["line"].encode()
    check("one line", b"\n" not in line and b"\r" not in line and json.loads(line)["params"]["arguments"] == {"x": 1}, line)
    equal("one call", s.call("echo", {"y": 2}), {"y": 2})


# ---- ids ---------------------------------------------------------------------


def ids_come_back():
    s = shared.gate.session("/mcp/a")
    for ident in (b"0", b"1", b"-1", b"9007199254740993", b"18446744073709551616", b'""', b'"x"', b'"\\u0041"', b'"A"',
                  b'"\\/"', '"\u00fc"'.encode(), b'"' + b"i" * 62 + b'"'):
        message = s.request("tools/call", call_params("echo"), ident=ident)
        equal("id %s: result" % ident.decode(), message.raw_member("id"), ident)
        message = s.request("no/such", ident=ident)
        equal("id %s: error of ours" % ident.decode(), message.raw_member("id"), ident)
        message = s.request("tools/call", call_params("error", b'{"code":-5}'), ident=ident)
        equal("id %s: error of the server" % ident.decode(), message.raw_member("id"), ident)


def ids_that_are_none():
    s = shared.gate.session("/mcp/a")
    before = s.call("counts")["tools/call"]
    for ident in (b"null", b"true", b"{}", b"[]", b"1.5", b"1.0", b"1e3", b'"' + b"i" * 200 + b'"', b"1" * 200):
        answer = s.post(request(ident, "tools/call", call_params("echo")))
        got = answer.error()
        check("id %s" % ident[:20].decode(), answer.status == 400 and got and got[0] == -32600, answer.body)
    equal("none of them reached the server", s.call("counts")["tools/call"], before + 1)


def same_id_at_once():
    """Each POST is answered on its own response."""
    s = shared.gate.session("/mcp/a")
    calls = [s.start_call("echo", {"n": n, "ms": 100 - n * 20}, ident=1) for n in range(5)]
    got = [c.finish() for c in calls]
    equal("five with id 1", [m["result"]["structuredContent"]["n"] for m in got], [0, 1, 2, 3, 4])
    equal("and their id", [m["id"] for m in got], [1] * 5)


def same_id_of_two_clients():
    s, t = shared.gate.session("/mcp/a"), shared.gate.session("/mcp/a")
    slow, quick = s.start_call("echo", {"who": "s", "ms": 100}, ident=1), t.start_call("echo", {"who": "t"}, ident=1)
    equal("the quick one", quick.finish()["result"]["structuredContent"]["who"], "t")
    equal("the slow one", slow.finish()["result"]["structuredContent"]["who"], "s")


def concurrent():
    """One slow call holds up no other one."""
    s = shared.gate.session("/mcp/a")
    slow = s.start_call("hang")
    for n in range(20):
        equal("call %d beside one that hangs" % n, s.call("echo", {"n": n}), {"n": n})
    check("it still hangs", slow.is_pending(0.05))
    equal("cancelled", s.notify("notifications/cancelled", {"requestId": s.last - 20}), 202)
    slow.close()


# ---- progress ----------------------------------------------------------------


def progress_tokens():
    """The client's own token comes back, as it was; the server hears another one."""
    s = shared.gate.session("/mcp/a")
    for raw in (b"1", b'"1"', b'"t\\u0041\\/"', b"0", b"-7", b'"' + b"t" * 60 + b'"'):
        x = s.start("tools/call", call_params("progress", b'{"n":3}', b'{"progressToken":' + raw + b"}"))
        message = x.finish()
        equal("token %s: three, then the result" % raw.decode()[:20], [m["params"]["progress"] for m in x.before], [1, 2, 3])
        check("token %s comes back" % raw.decode()[:20],
              all(b'"progressToken":' + raw + b"," in m.raw for m in x.before), [m.raw for m in x.before])
        equal("the result", message["result"]["structuredContent"], {"n": 3})
    line = json.loads(seen(s, params=call_params("seen", b"{}", b'{"progressToken":"mine","k.example/x":1}')))
    check("another token for the server", line["params"]["_meta"]["progressToken"] != "mine", line)
    equal("the rest of _meta stays", line["params"]["_meta"].get("k.example/x"), 1)


def tokens_that_are_none():
    """They would come back on each notification: what is no token, or too long for one, is refused at once."""
    s = shared.gate.session("/mcp/a")
    before = s.call("counts")["tools/call"]
    for raw in (b'"' + b"t" * 67 + b'"', b'"' + b"t" * 3000 + b'"', b"1" * 69, b"null", b"true", b"{}", b"[1]"):
        answer = s.post(request("i", "tools/call", call_params("echo", b"{}", b'{"progressToken":' + raw + b"}")))
        check("token %s: -32602" % raw.decode()[:20], answer.error() and answer.error()[0] == -32602, answer.body)
        equal("and it is the call's", answer.json["id"], "i")
    equal("nothing of it was done", s.call("counts")["tools/call"], before + 1)


def same_token_of_many_clients():
    sessions = [shared.gate.session("/mcp/a") for _ in range(10)]
    calls = [s.start_call("progress", {"n": i + 1, "every": 5}, token=1) for i, s in enumerate(sessions)]
    for i, x in enumerate(calls):
        x.finish()
        equal("client %d hears its own" % i, [(m["params"]["progressToken"], m["params"]["progress"], m["params"]["total"])
                                              for m in x.before], [(1, n + 1, i + 1) for n in range(i + 1)])


def progress_without_a_stream():
    """A client that takes JSON only gets the result alone."""
    s = shared.gate.session("/mcp/a", headers={"Accept": "application/json"})
    answer = s.post(request(3, "tools/call", {"name": "progress", "arguments": {"n": 3}, "_meta": {"progressToken": 1}}))
    check("JSON", answer.is_json() and answer.json["result"]["structuredContent"] == {"n": 3}, answer.body)


def progress_that_is_nobodys():
    """Unknown tokens are dropped, and so is what comes behind the answer."""
    s = shared.gate.session("/mcp/a")
    stream = s.listen()
    line = '{"method":"notifications/progress","params":{"progressToken":%s,"progress":1},"jsonrpc":"2.0"}\n'
    for token in ("424242", '"x"', "$ID"):
        s.call("raw", {"text": line % token, "answer": True})
    x = s.start_call("raw", {"text": '{"result":{},"jsonrpc":"2.0","id":$ID}\n' + line % "$ID"}, token=5)
    equal("the answer", x.finish()["result"], {})
    equal("nothing before it", x.before, [])
    check("nothing on the GET stream", stream.is_silent())


# ---- errors ------------------------------------------------------------------


def errors_pass():
    s = shared.gate.session("/mcp/a")
    raw = b'{"code":-32050,"message":"no \\u0041","data":{"n":1.10}}'
    x = s.request("tools/call", call_params("raw", as_bytes({"text": '{"jsonrpc":"2.0","id":$ID,"error":%s}\n' % raw.decode()})))
    equal("an error byte for byte", x.raw_member("error"), raw)
    answer = s.post(request(4, "tools/call", call_params("error", b'{"code":-32602,"message":"bad"}')))
    equal("rides on 200", (answer.status, answer.error()[0]), (200, -32602))
    equal("isError is a result", s.request("tools/call", call_params("fail"))["result"]["isError"], True)
    equal("unknown resource: the server's code", s.request("resources/read", {"uri": "child://a/x"}).is_response(), True)


# ---- cancellation ------------------------------------------------------------


def heard(session, prefix=""):
    return session.call(prefix + "counts").get("notifications/cancelled", 0)


def cancel():
    s = shared.gate.session("/mcp/a")
    before = heard(s)
    x = s.start_call("hang", ident="mine")
    check("in flight", x.is_pending(0.05))
    equal("202", s.notify("notifications/cancelled", {"requestId": "mine", "reason": "enough"}), 202)
    equal("nothing was sent yet: an error", reason_of(x.finish()), "cancelled")
    until(lambda: heard(s) == before + 1, what="the server to hear of it")
    ok("the server hears of it")


def cancel_an_open_stream():
    s = shared.gate.session("/mcp/a")
    x = s.start_call("progress", {"n": 100000, "every": 20}, token=1, ident=77)
    equal("it is under way", x.next()["method"], "notifications/progress")
    s.notify("notifications/cancelled", {"requestId": 77})
    got = [m for m in iter(x.next, None)]
    check("the stream ends without a response", not any(m.is_response() for m in got), [m.raw for m in got][-1:])


def cancel_of_others():
    """Only of the same session; an id that several calls bear cancels all of them."""
    s, t = shared.gate.session("/mcp/a"), shared.gate.session("/mcp/a")
    mine = s.start_call("echo", {"ms": 300}, ident=5)
    t.notify("notifications/cancelled", {"requestId": 5})
    equal("another session's cancel does nothing", mine.finish()["result"]["structuredContent"], {"ms": 300})
    twins = [s.start_call("hang", ident=6) for _ in range(2)]
    check("in flight", all(x.is_pending(0.05) for x in twins))
    s.notify("notifications/cancelled", {"requestId": 6})
    equal("both of that id", [reason_of(x.finish()) for x in twins], ["cancelled"] * 2)
    for ident in (6, "6", 424242, "none", None):
        equal("of nothing in flight: %r" % ident, s.notify("notifications/cancelled", {"requestId": ident}), 202)


def late_answer():
    """A server that answers what was cancelled: dropped, and the next call is not confused."""
    d = Gate({"a": child("--late-after-cancel")})
    s = d.session("/mcp/a")
    for n in range(10):
        x = s.start_call("echo", {"n": n, "ms": 600000}, ident=n)
        check("in flight", x.is_pending(0.02))
        s.notify("notifications/cancelled", {"requestId": n})
        equal("cancelled", reason_of(x.finish()), "cancelled")
        equal("the next call", s.call("echo", {"after": n}), {"after": n})
    d.ends_well("late answers")


def leaving_is_no_cancel():
    """A client that goes away has not cancelled: the call goes on."""
    s = shared.gate.session("/mcp/a")
    before = heard(s)
    for end in (Wire.close, Wire.reset):
        x = s.start_call("grow", {"ms": 200, "name": "after-" + end.__name__})
        check("in flight", x.is_pending(0.05))
        end(x.wire)
        until(lambda: "after-" + end.__name__ in json.dumps(s.request("tools/list").obj), what="the call to be done")
        ok("done although nobody waits: " + end.__name__)
    equal("no cancel", heard(s), before)


def half_close():
    s = shared.gate.session("/mcp/a")
    x = s.start_call("echo", {"ms": 100})
    x.wire.half_close()
    equal("still gets its answer", x.finish()["result"]["structuredContent"], {"ms": 100})


# ---- time and space ----------------------------------------------------------


def timeout():
    d = Gate({"a": child(request_timeout="300ms")})
    s = d.session("/mcp/a")
    before, start = heard(s), time.monotonic()
    got = s.request("tools/call", call_params("hang"))
    took = time.monotonic() - start
    equal("a call that hangs", reason_of(got), "request_timeout")
    check("not before its time, not a second after", 0.3 <= took <= 1.3 * SLOW, took)
    until(lambda: heard(s) == before + 1, what="the server to hear of it")
    x = s.start_call("progress", {"n": 1000, "every": 20}, token=1)
    equal("progress does not extend it", reason_of(x.finish()), "request_timeout")
    check("there was some", len(x.before) > 1)
    d.ends_well("timeout")


def data_of_errors():
    """Every member of `data` is there, null where it does not apply."""
    d = Gate({"a": child(request_timeout="100ms")})
    answer = d.session("/mcp/a", headers={"X-Request-Id": "my.request-1"}).post(request(1, "tools/call", call_params("hang")))
    data = answer.json["error"]["data"]
    equal("status", answer.status, 200)
    equal("members", sorted(data), ["correlation_id", "exit", "reason", "retry_after_ms", "server", "source", "stderr"])
    equal("values", (data["source"], data["server"], data["reason"], data["exit"], data["correlation_id"]),
          ("mcpvisor", "a", "request_timeout", None, "my.request-1"))
    check("a message for a person", "a" in answer.json["error"]["message"].split(), answer.body)
    d.ends_well("data")


def correlation():
    """An X-Request-Id in good form is the call's name in logs and errors; any other is replaced."""
    d = Gate({"a": child(request_timeout="100ms")})
    ids = []
    for given, kept in (("a.b:c_d-9", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("a\"b", False), ("", False),
                        (None, False)):
        s = d.session("/mcp/a", headers={"X-Request-Id": given})
        ident = s.request("tools/call", call_params("hang"))["error"]["data"]["correlation_id"]
        check("X-Request-Id %r" % (given and given[:12]), ident and (ident == given) == kept, ident)
        ids.append(ident)
    equal("those of ours differ", len(set(ids)), len(ids))
    d.ends_well("correlation")


def queue():
    d = Gate({"a": child(max_inflight=1, max_inflight_session=1, max_queue="1K", queue_timeout="300ms")})
    s = d.session("/mcp/a")
    hang = s.start_call("hang", ident="h")
    check("in flight", hang.is_pending(0.05))
    waits = s.start_call("echo", {"n": 1})
    start = time.monotonic()
    full = s.request("tools/call", call_params("echo", as_bytes({"text": "x" * 2000})))
    equal("over max_queue: at once", reason_of(full), "queue_full")
    check("at once", time.monotonic() - start < 0.25 * SLOW)
    equal("retry_after_ms is a number", type(full["error"]["data"]["retry_after_ms"]), int)
    equal("what waits too long", reason_of(waits.finish()), "queue_timeout")
    waits = s.start_call("echo", {"n": 2})
    check("waits", waits.is_pending(0.05))
    s.notify("notifications/cancelled", {"requestId": "h"})
    equal("what waited goes on", waits.finish()["result"]["structuredContent"], {"n": 2})
    d.ends_well("queue")


def fair_queue():
    """Calls of many sessions wait side by side: one that calls a lot does not hold up another one."""
    d = Gate({"a": child(max_inflight=2, max_inflight_session=2)})
    greedy, modest = d.session("/mcp/a"), d.session("/mcp/a")
    many = [greedy.start_call("echo", {"ms": 30}) for _ in range(30)]
    check("the greedy one waits", many[-1].is_pending(0.02))
    one = modest.start_call("echo", {"who": "modest"})
    one.finish()
    done = [x for x in many if readable([x.wire.sock], 0)]
    check("the modest one comes before most of them", len(done) < 25, len(done))
    for x in many:
        x.finish()
    d.ends_well("fair queue")


def inflight_of_a_session():
    """Exactly so many of one session are with the server; another session has its own."""
    d = Gate({"a": child(max_inflight=10, max_inflight_session=3)})
    s, t = d.session("/mcp/a"), d.session("/mcp/a")
    before = t.call("counts")["tools/call"]
    many = [s.start_call("hang", ident="h%d" % i) for i in range(5)]
    check("they are under way", many[-1].is_pending(0.1))
    equal("three are with the server", t.call("counts")["tools/call"] - before - 1, 3)
    d.ends_well("in flight")


def queued_byte_for_byte():
    """What waits is sent as what does not, wherever its id, its name and its token stand."""
    d = Gate({"a": child(max_inflight=1, max_inflight_session=1)})
    s = d.session()
    hang = s.start_call("a__hang", ident="h")
    check("in flight", hang.is_pending(0.05))
    bodies = (b'{"jsonrpc":"2.0","params":{"name":"a__seen","arguments":{},"_meta":{"progressToken":"t"}},"method":"tools/call","id":"x"}',
              b'{"id":"x","params":{"_meta":{"progressToken":"t"},"arguments":{},"name":"a__seen"},"method":"tools/call","jsonrpc":"2.0"}',
              b'{"jsonrpc":"2.0","params":{"name":"a__seen"},"id":"x","method":"tools/call"}')
    waits = [s.exchange(body, method="tools/call") for body in bodies]
    check("they wait", all(x.is_pending(0.05) for x in waits))
    s.notify("notifications/cancelled", {"requestId": "h"})
    for body, x in zip(bodies, waits):
        message = x.finish()
        line = message["result"]["structuredContent"]["line"].encode()
        own = re.search(rb'"id":\s*(\w+)', line).group(1)
        wanted = body.replace(b'"id":"x"', b'"id":' + own).replace(b'"t"', own).replace(b"a__seen", b"seen")
        wanted = wanted if b"arguments" in wanted else wanted.replace(b'"seen"', b'"seen","arguments":{}')
        equal("as it was written", (message["id"], re.sub(rb"(:%s) *" % own, rb"\1", line)), ("x", wanted))
    d.ends_well("what waited")


# ---- servers that answer wrongly ----------------------------------------------


def answers_that_are_nobodys():
    s = shared.gate.session("/mcp/a")
    for name, text in (("another id", '{"result":{},"jsonrpc":"2.0","id":424242}\n'), ("id 0", '{"result":{},"jsonrpc":"2.0","id":0}\n'),
                       ("a string", '{"result":{},"jsonrpc":"2.0","id":"$ID"}\n'), ("null", '{"result":{},"jsonrpc":"2.0","id":null}\n'),
                       ("a fraction", '{"result":{},"jsonrpc":"2.0","id":$ID.5}\n'), ("negative", '{"result":{},"jsonrpc":"2.0","id":-$ID}\n'),
                       ("no id", '{"result":{},"jsonrpc":"2.0"}\n'), ("a stray line", "warming up\n"), ("half a message", '{"result":{},\n'),
                       ("an empty line", "\n"), ("spaces", "   \r\n"), ("deep", "[" * 2000 + "]" * 2000 + "\n")):
        equal("%s, then the answer" % name, s.call("raw", {"text": text, "answer": True}), {})
    for name, text in (("invalid UTF-8", b'{"result":{"x":"\xff"},"jsonrpc":"2.0","id":424242}\n'), ("NUL", b"\0\n"),
                       ("BOM", b"\xef\xbb\xbf{}\n")):
        equal("%s, then the answer" % name, s.call("raw", {"hex": text.hex(), "answer": True}), {})
    equal("answered twice: the first counts", s.request("tools/call", call_params("raw", as_bytes({
        "text": '{"result":{"n":1},"jsonrpc":"2.0","id":$ID}\n{"result":{"n":2},"jsonrpc":"2.0","id":$ID}\n'})))["result"], {"n": 1})
    equal("the next call", s.call("echo", {"x": 1}), {"x": 1})


def answers_in_other_forms():
    s = shared.gate.session("/mcp/a")
    for name, text in (("id first", '{"jsonrpc":"2.0","id":$ID,"result":{"k":1.10}}\n'),
                       ("id in the middle", '{"result":{"k":1.10},"id":$ID,"jsonrpc":"2.0"}\n'),
                       ("white space", ' \t{ "result" : {"k":1.10} , "id" : $ID , "jsonrpc" : "2.0" } \r\n'),
                       ("an array of one", '[{"result":{"k":1.10},"jsonrpc":"2.0","id":$ID}]\n'),
                       ("an array with a notification", '[{"method":"notifications/message","params":{"level":"debug","data":1},'
                        '"jsonrpc":"2.0"},{"result":{"k":1.10},"jsonrpc":"2.0","id":$ID}]\n')):
        message = s.request("tools/call", call_params("raw", as_bytes({"text": text})))
        equal(name, message.raw_member("result"), b'{"k":1.10}')


def result_that_is_no_json():
    """A broken answer is nobody's: the call ends by its time-out, the server lives."""
    d = Gate({"a": child(request_timeout="300ms")})
    s = d.session("/mcp/a")
    life = s.call("who")["life"]
    for name, text in (("a duplicate id", b'{"result":{},"jsonrpc":"2.0","id":$ID,"id":$ID}\n'),
                       ("result and error", b'{"result":{},"error":{"code":1,"message":""},"jsonrpc":"2.0","id":$ID}\n'),
                       ("invalid UTF-8", b'{"result":{"x":"\xff"},"jsonrpc":"2.0","id":$ID}\n'),
                       ("a control character", b'{"result":{"x":"\x01"},"jsonrpc":"2.0","id":$ID}\n')):
        got = s.request("tools/call", call_params("raw", as_bytes({"hex": text.hex()})))
        check("%s: an error, no result" % name, reason_of(got) in ("request_timeout", "protocol_error"), got.raw)
    equal("the same process", s.call("who")["life"], life)
    d.ends_well("no JSON")


def long_lines():
    d = Gate({"a": child()}, {"limits": {"max_line": "64K"}})
    s = d.session("/mcp/a")
    life = s.call("who")["life"]
    equal("under max_line", len(s.request("tools/call", call_params("big", b'{"bytes":60000}')).raw) > 60000, True)
    beside = s.start_call("echo", {"ms": 300})
    text = '{"jsonrpc":"2.0","id":$ID,"result":{"x":"%s"}}\n' % ("y" * 100000)
    got = s.request("tools/call", call_params("raw", as_bytes({"text": text})))
    equal("over it, the id known: that call", reason_of(got), "message_too_large")
    equal("another one is not touched", beside.finish()["result"]["structuredContent"], {"ms": 300})
    equal("the same process", s.call("who")["life"], life)
    beside = s.start_call("hang")
    check("in flight", beside.is_pending(0.05))
    got = s.request("tools/call", call_params("big", b'{"bytes":200000}'))
    equal("over it, the id not seen: all in flight", (reason_of(got), reason_of(beside.finish())), ("protocol_error",) * 2)
    check("and a new process", s.call("who")["life"] != life)
    d.ends_well("long lines")


def floods_of_stray_lines():
    d = Gate({"a": child()}, {"limits": {"max_stray": 100}})
    s = d.session("/mcp/a")
    life = s.call("who")["life"]
    equal("a few", s.call("stray", {"times": 50}), {})
    equal("the same process", s.call("who")["life"], life)
    s.start_call("stray", {"times": 1000}).finish()
    until(lambda: d.server("a")["last_exit"], what="its end")
    equal("too many: class protocol", d.server("a")["last_exit"]["class"], "protocol")
    check("and a new process", s.call("who")["life"] != life)
    d.ends_well("stray lines")


# ---- questions of servers -----------------------------------------------------


def questions_of_a_shared_server():
    """Nobody is told of clients that were not declared: the server gets an error, and its call goes on."""
    s = shared.gate.session("/mcp/a", capabilities={"sampling": {}, "elicitation": {}, "roots": {}})
    equal("a shared server is told of no capability", s.call("hello")["capabilities"], {})
    for method in ("sampling/createMessage", "elicitation/create", "roots/list", "no/such"):
        reply = json.loads(s.call("ask", {"method": method, "params": {}})["reply"])
        check(method + " is answered by an error", "error" in reply and reply["id"] > 0, reply)
    reply = json.loads(s.call("ask", {"method": "ping"})["reply"])
    equal("ping is answered", reply["result"], {})


def roots_at_start():
    d = Gate({"a": child("--at-start", "roots"), "b": child(client={"roots": ["file:///srv/data"]})})
    equal("a question before the first call does not stop it", d.session("/mcp/a").call("echo", {"x": 1}), {"x": 1})
    s = d.session("/mcp/b")
    equal("declared roots", "roots" in s.call("hello")["capabilities"], True)
    reply = json.loads(s.call("ask", {"method": "roots/list"})["reply"])
    equal("are given", [r["uri"] for r in reply["result"]["roots"]], ["file:///srv/data"])
    d.ends_well("roots")


alarm(240)
validate_messages()
shared.main(bytes_are_kept, large_arguments, large_results, what_the_server_hears, arguments_are_added, newlines_are_spaces,
            ids_come_back, ids_that_are_none, same_id_at_once, same_id_of_two_clients, concurrent, progress_tokens, tokens_that_are_none,
            same_token_of_many_clients, progress_without_a_stream, progress_that_is_nobodys, errors_pass, cancel,
            cancel_an_open_stream, cancel_of_others, late_answer, leaving_is_no_cancel, half_close, timeout, data_of_errors,
            correlation, queue, fair_queue, inflight_of_a_session, queued_byte_for_byte, answers_that_are_nobodys, answers_in_other_forms, result_that_is_no_json, long_lines,
            floods_of_stray_lines, questions_of_a_shared_server, roots_at_start)
