#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrays of messages: of sessions of 2025-03-26 only. docs/protocol.md says which rule each function is about."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

shared = Shared(lambda: Gate({"a": child(), "b": child()}, {"limits": {"max_batch": 10}}))


def batch(*messages):
    return b"[" + b",".join(messages) + b"]"


def call(ident, tool="echo", args=None, token=None):
    params = {"name": tool, "arguments": args or {}}
    if token is not None:
        params["_meta"] = {"progressToken": token}
    return request(ident, "tools/call", params)


def old(path="/mcp/a", **keys):
    return shared.gate.session(path, version="2025-03-26", **keys)


def by_id(messages):
    return {m.get("id"): m for m in messages}


def responses(answer):
    """Of an answer in either form."""
    if answer.is_stream():
        got = []
        for m in iter(answer.events().next_message, None):
            got += m.obj if isinstance(m.obj, list) else [m.obj]
        return got
    return answer.json


def answered_together():
    got = responses(old().post(batch(call(1, args={"n": 1}), call("x", args={"n": 2, "ms": 50}), request(3, "ping"))))
    equal("one response for each request", sorted(str(m["id"]) for m in got), ["1", "3", "x"])
    equal("each its own", (by_id(got)[1]["result"]["structuredContent"], by_id(got)["x"]["result"]["structuredContent"],
                           by_id(got)[3]["result"]), ({"n": 1}, {"n": 2, "ms": 50}, {}))


def of_several_servers():
    got = by_id(responses(old("/mcp").post(batch(call(1, "a__who"), call(2, "b__who"), request(3, "tools/list")))))
    equal("each goes to its server", [got[i]["result"]["structuredContent"]["name"] for i in (1, 2)], ["a", "b"])
    check("and what we answer ourselves is there", "tools" in got[3]["result"])


def same_ids():
    got = responses(old().post(batch(call(1, args={"n": 1}), call(1, args={"n": 2}))))
    equal("two with the same id: two responses", sorted(m["result"]["structuredContent"]["n"] for m in got), [1, 2])


def ids_byte_for_byte():
    answer = old().post(batch(call(b'"\\u0041"'), call(b"9007199254740993")))
    check("ids come back as they were", b'"\\u0041"' in answer.body and b"9007199254740993" in answer.body, answer.body)


def without_requests():
    s = old()
    for name, body in (("notifications", batch(notification("notifications/initialized"), notification("x/y"))),
                       ("responses", batch(b'{"jsonrpc":"2.0","id":1,"result":{}}', b'{"jsonrpc":"2.0","id":2,"result":{}}'))):
        answer = s.post(body)
        equal("%s only: 202 without a body" % name, (answer.status, answer.body), (202, b""))


def mixed():
    got = responses(old().post(batch(notification("x/y"), call(1), b'{"jsonrpc":"2.0","id":9,"result":{}}')))
    equal("only the request is answered", [m["id"] for m in got], [1])


def refused():
    s = old()
    for name, body, code in (("an empty one", b"[]", -32600), ("over limits.max_batch", batch(*[call(i) for i in range(11)]), -32600),
                             ("cut off", b'[{"jsonrpc":"2.0","id":1,"method":"ping"},', -32700)):
        answer = s.post(body)
        got = answer.error()
        check("%s: 400, %d" % (name, code), answer.status == 400 and got and got[0] == code, answer.body)
    got = responses(s.post(batch(*[call(i) for i in range(10)])))
    equal("exactly limits.max_batch", len(got), 10)


def with_initialize():
    """It stands alone: in an array it is refused, and opens nothing."""
    for s in (old(), Session(shared.gate.address, "/mcp/a", open=False)):
        answer = s.post(batch(initialize(1), call(2)))
        equal("no session is opened", answer.header("Mcp-Session-Id"), None)
        got = answer.json if isinstance(answer.json, list) else [answer.json]
        check("-32600", by_id(got).get(1, got[0])["error"]["code"] == -32600, answer.body)


def with_bad_members():
    """What is no message gets an error of its own; the others are answered."""
    answer = old().post(batch(b"1", call(5), b'{"jsonrpc":"2.0","id":6}', b"[]"))
    if answer.status == 400:
        check("refused as a whole, with -32600", answer.error()[0] == -32600, answer.body)
        return
    got = responses(answer)
    equal("the good one", [m["id"] for m in got if "result" in m], [5])
    check("the others: -32600", all(m["error"]["code"] == -32600 for m in got if "error" in m), got)


def room_for_all():
    """The first answer may be of any length; the others have what is left of limits.max_line."""
    d = Gate({"a": child()}, {"limits": {"max_line": "64K", "max_body": "64K"}})
    s = d.session("/mcp/a", version="2025-03-26")
    got = responses(s.post(batch(*[call(i, "big", {"bytes": 40000}) for i in range(3)])))
    equal("one fits", sorted("result" in m for m in got), [False, False, True])
    equal("the others are told so", {reason_of(m) for m in got if "error" in m}, {"message_too_large"})
    got = responses(s.post(batch(*[call(i, "big", {"bytes": 20000}) for i in range(3)])))
    equal("three that fit", ["result" in m for m in got], [True] * 3)
    size = lambda n: len(s.post(call(1, "big", {"bytes": n})).body)  # noqa: E731
    most = 65536 - 20 - (size(1000) - 1000)
    ident = "i" * 60
    answer = s.post(batch(call(ident, "big", {"bytes": most})))
    check("longer than that by its id alone, and the first: fits", len(answer.body) > 65536 and "result" in answer.json[0],
          answer.body[:200])
    d.ends_well("room for all")


def progress_inside():
    s = old()
    answer = s.post(batch(call(1, "progress", {"n": 2}, "t"), call(2)))
    got = responses(answer)
    check("both responses", {1, 2} <= set(by_id(got)), got)
    if answer.is_stream():
        equal("its progress", [m["params"]["progress"] for m in got if "params" in m], [1, 2])


def cancel_inside():
    s = old()
    wire = s.send("POST", batch(call("h", "hang"), call(2)))
    check("it waits for all", wire.is_silent(0.1))
    s.notify("notifications/cancelled", {"requestId": "h"})
    got = by_id(responses(wire.answer()))
    equal("the cancelled one is an error, the other one is there", (reason_of(got["h"]), "result" in got[2]), ("cancelled", True))


def of_later_revisions():
    for version in ("2025-06-18", "2025-11-25"):
        s = shared.gate.session("/mcp/a", version=version)
        before = s.call("counts")["tools/call"]
        answer = s.post(batch(call(1), call(2)))
        got = answer.error()
        check(version + ": no arrays", answer.status == 400 and got and got[0] == -32600, answer.body)
        equal(version + ": and nothing of it was done", s.call("counts")["tools/call"], before + 1)
    answer = Session(shared.gate.address, "/mcp", open=False).post(batch(initialize(1)))
    check("before there is a session", answer.status == 400 and answer.error()[0] == -32600, answer.body)


alarm(120)
shared.main(answered_together, of_several_servers, same_ids, ids_byte_for_byte, without_requests, mixed, refused, with_initialize,
            with_bad_members, room_for_all, progress_inside, cancel_inside, of_later_revisions)
