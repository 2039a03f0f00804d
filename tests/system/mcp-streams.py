#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Event streams: when an answer is one, what stands on it, how a client that lost one goes on, and what servers
ask and tell their clients there. docs/protocol.md says which rule each function is about."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

shared = Shared(lambda: Gate({"a": child(), "own": child(share="session", max_instances=64)}))
ELICITATION = {"message": "Your name?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}


def events_of(exchange):
    """All events of the answer, with those that have no data."""
    exchange.began()
    check("it is a stream", exchange.answer.is_stream(), exchange.answer.head)
    return list(iter(exchange.events.next, None)) if exchange.events else []


# ---- when, and how -----------------------------------------------------------


def lazily():
    """One JSON object when nothing comes before the response, a stream when something does."""
    s = shared.gate.session("/mcp/a")
    x = s.start_call("echo", {"ms": 50})
    x.finish()
    check("nothing before it: JSON", x.answer.is_json(), x.answer.head)
    x = s.start_call("progress", {"n": 1}, token=1)
    x.finish()
    check("something before it: a stream", x.answer.is_stream(), x.answer.head)
    s.extra = {"Accept": "text/event-stream"}
    x = s.start_call("echo", {"x": 1})
    equal("nothing else is taken: a stream", (x.finish()["result"]["structuredContent"], x.answer.is_stream()), ({"x": 1}, True))


def head_of_streams():
    s = shared.gate.session("/mcp/a")
    x = s.start_call("progress", {"n": 1}, token=1)
    x.finish()
    for answer in (x.answer, s.listen().answer):
        equal("Content-Type", answer.header("Content-Type").split(";")[0], "text/event-stream")
        check("no cache keeps it", "no-" in (answer.header("Cache-Control") or ""), answer.head)
        equal("no proxy holds it back", answer.header("X-Accel-Buffering"), "no")


def priming():
    """A client of 2025-11-25 first gets an event without data, with an id; older ones never do."""
    for version, primed in (("2025-11-25", True), ("2025-06-18", False), ("2025-03-26", False)):
        s = shared.gate.session("/mcp/a", version=version)
        events = events_of(s.start_call("progress", {"n": 2}, token=1))
        equal(version + ": the first event has no data", events[0].data in (None, b""), primed)
        check(version + ": nor has any other", all(e.data for e in events[1:]))
        if primed:
            check("it has an id, and says when to come again", events[0].id and events[0].retry is not None, events[0].raw)


def keepalive():
    d = Gate({"a": child()}, {"limits": {"sse_keepalive": "1s"}})
    s = d.session("/mcp/a", version="2025-06-18")
    stream = s.listen()
    raw = b""
    end = time.monotonic() + DEADLINE
    while raw.count(b"\n:") + raw.startswith(b":") < 2:
        raw += stream.answer.piece(end)
    check("comments in silence", b"data:" not in raw, raw)
    d.ends_well("keepalive")


# ---- resumption --------------------------------------------------------------


def ids_are_unique():
    s = shared.gate.session("/mcp/a")
    get = s.listen()
    ids = []
    for _ in range(3):
        ids += [e.id for e in events_of(s.start_call("progress", {"n": 3}, token=1))]
    s.call("grow", {"name": "one-more"})
    event = get.next()
    ids.append(event.id)
    while not event.data:
        event = get.next()
        ids.append(event.id)
    given = [i for i in ids if i is not None]
    check("each event has an id", len(given) == len(ids), ids)
    equal("no two are the same in a session", len(set(given)), len(given))


def resume_a_post():
    """The connection breaks; GET with the last id brings the rest and the response, once."""
    s = shared.gate.session("/mcp/a")
    x = s.start_call("progress", {"n": 6, "every": 60}, token="t", ident="r")
    first = x.next()
    last = x.events.last_id
    x.wire.reset()
    rest = s.listen(last)
    got = [rest.next_message() for _ in range(6)]
    equal("the rest, in order", [first["params"]["progress"]] + [m["params"]["progress"] for m in got[:5]], [1, 2, 3, 4, 5, 6])
    equal("the response", (got[5]["id"], got[5]["result"]["structuredContent"]), ("r", {"n": 6}))
    equal("and its end", rest.next_message(), None)
    again = s.listen(last)
    equal("it may be asked for again", [m.raw for m in iter(again.next_message, None)], [m.raw for m in got])


def resume_before_the_first_message():
    """From the priming event alone."""
    s = shared.gate.session("/mcp/a")
    x = s.start_call("progress", {"n": 1, "ms": 100}, token="t", ident="r", Accept="text/event-stream")
    x.began()
    prime = x.events.next()
    x.wire.close()
    rest = s.listen(prime.id)
    got = [m for m in iter(rest.next_message, None)]
    equal("everything", [m.is_response() for m in got], [False, True])


def resume_only_that_stream():
    s = shared.gate.session("/mcp/a")
    x, y = s.start_call("progress", {"n": 2, "every": 50}, token="x"), s.start_call("progress", {"n": 2, "every": 50}, token="y")
    x.next()
    last = x.events.last_id
    x.wire.reset()
    y.finish()
    rest = s.listen(last)
    got = [m for m in iter(rest.next_message, None)]
    equal("nothing of the other", [m["params"]["progressToken"] for m in got if "params" in m.obj], ["x"])


def resumed_elsewhere():
    """A client that comes back is in one place: what it had before ends, also when it did not break."""
    s = shared.gate.session("/mcp/a")
    uri = {"uri": "child://a/a"}
    s.request("resources/subscribe", uri)
    old = s.listen()
    s.call("touch", uri)
    equal("told", old.next_message()["method"], "notifications/resources/updated")
    new = s.listen(old.last_id)
    equal("the older one of two ends", old.next_message(), None)
    s.call("touch", uri)
    equal("and the newer one hears", new.next_message()["method"], "notifications/resources/updated")
    x = s.start_call("progress", {"n": 2, "every": 300}, token="t", ident="r")
    x.next()
    rest = s.listen(x.events.last_id)
    equal("so does that of a call", x.events.next_message(), None)
    equal("whose response comes once", [m.is_response() for m in iter(rest.next_message, None)], [False, True])


def resume_nonsense():
    s, t = shared.gate.session("/mcp/a"), shared.gate.session("/mcp/a")
    x = s.start_call("progress", {"n": 2}, token="x")
    foreign = [e.id for e in events_of(x)][0]
    for name, value in (("never given", "x"), ("of another session", foreign), ("long", "9" * 3000), ("empty", "")):
        answer = t.fetch("GET", None, {"Accept": "text/event-stream", "Last-Event-ID": value})
        if answer.is_stream():
            check("%s: a stream without foreign events" % name, answer.events().is_silent())
            answer.wire.close()
        else:
            check("%s: a clear refusal" % name, answer.status in (400, 404), answer.body)


def resume_too_late():
    """What is over limits.replay is gone; the client is told, or gets what there is, but never a gap without a word."""
    d = Gate({"a": child()}, {"limits": {"replay": "4K"}})
    s = d.session("/mcp/a")
    x = s.start_call("progress", {"n": 500}, token="x" * 60)
    ids = [e.id for e in events_of(x)]
    answer = s.fetch("GET", None, {"Accept": "text/event-stream", "Last-Event-ID": ids[1]})
    got = []
    if answer.is_stream():
        try:
            got = [m["params"]["progress"] for m in iter(answer.events().next_message, None) if "params" in m.obj]
        except Timeout:
            pass
    check("no gap", not got or got[0] == 2 or got == list(range(got[0], 501)), (answer.status, got[:5]))
    d.ends_well("replay")


def answer_larger_than_replay():
    """To a client that is away: it is kept whatever its size, and whatever is older goes for it."""
    d = Gate({"a": child()}, {"limits": {"replay": "4K"}})
    s, other = d.session("/mcp/a"), d.session("/mcp/a")
    told = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$ID,"progress":1,"message":"$ID"}}\n'
    x = s.start_call("raw", {"text": told}, token="t", ident="mine")
    ours, last = x.next()["params"]["message"], x.events.last_id
    x.wire.reset()
    pad = "x" * 20000
    other.call("raw", {"text": '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"structuredContent":{"pad":"%s"}}}\n' % (ours, pad),
                       "answer": True})
    for time_ in ("once", "again"):
        got = [m for m in iter(s.listen(last).next_message, None)]
        equal("the answer comes, %s" % time_, [(m["id"], m["result"]["structuredContent"]) for m in got], [("mine", {"pad": pad})])
    d.ends_well("a large answer")


# ---- what servers ask ---------------------------------------------------------


def elicitation():
    """A server of the session's own may ask: on the stream of the call; the answer comes by POST."""
    s = shared.gate.session("/mcp/own", capabilities={"elicitation": {}, "sampling": {}, "roots": {"listChanged": True}})
    equal("it is told what the client can", s.call("hello")["capabilities"],
          {"elicitation": {}, "sampling": {}, "roots": {"listChanged": True}})
    for method, params, result in (("elicitation/create", ELICITATION, {"action": "accept", "content": {"name": "\u00fc 1.10"}}),
                                   ("sampling/createMessage", {"messages": [], "maxTokens": 1}, {
                                       "role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"}),
                                   ("roots/list", {}, {"roots": [{"uri": "file:///x"}]})):
        x = s.start_call("ask", {"method": method, "params": params})
        asked = x.next()
        equal(method + ": as the server asked it", (asked["method"], asked["params"]), (method, params))
        equal(method + ": the answer is taken", s.respond(asked["id"], result), 202)
        reply = json.loads(x.finish()["result"]["structuredContent"]["reply"])
        equal(method + ": and reaches the server", reply["result"], result)


def questions_of_two_sessions():
    """Both servers number their questions from 1: each answer goes to its own."""
    sessions = [shared.gate.session("/mcp/own", capabilities={"elicitation": {}}) for _ in range(4)]
    calls = [s.start_call("ask", {"method": "elicitation/create", "params": ELICITATION}) for s in sessions]
    asked = [x.next() for x in calls]
    for i in (2, 0, 3, 1):
        equal("session %d" % i, sessions[i].respond(asked[i]["id"], {"action": "accept", "content": {"i": i}}), 202)
    for i, x in enumerate(calls):
        equal("its own answer", json.loads(x.finish()["result"]["structuredContent"]["reply"])["result"]["content"], {"i": i})


def answers_of_others():
    """An answer from another session, a second one, or one to nothing: taken, and dropped."""
    s, t = (shared.gate.session("/mcp/own", capabilities={"elicitation": {}}) for _ in range(2))
    x = s.start_call("ask", {"method": "elicitation/create", "params": ELICITATION})
    asked = x.next()
    equal("another session's", t.respond(asked["id"], {"action": "decline"}), 202)
    check("is none", x.is_pending())
    for ident in (424242, "x", -1):
        equal("to nothing: %r" % ident, s.respond(ident, {}), 202)
    check("are none", x.is_pending(0.05))
    equal("its own", s.respond(asked["id"], {"action": "cancel"}), 202)
    equal("counts", json.loads(x.finish()["result"]["structuredContent"]["reply"])["result"], {"action": "cancel"})
    equal("a second one", s.respond(asked["id"], {"action": "accept"}), 202)
    equal("changes nothing", s.call("echo", {"x": 1}), {"x": 1})


def error_as_an_answer():
    s = shared.gate.session("/mcp/own", capabilities={"elicitation": {}})
    x = s.start_call("ask", {"method": "elicitation/create", "params": ELICITATION})
    asked = x.next()
    body = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -1, "message": "no", "data": [1]}}
    equal("taken", s.post(body).status, 202)
    reply = json.loads(x.finish()["result"]["structuredContent"]["reply"])
    equal("reaches the server", reply["error"], body["error"])


def undeclared():
    """What the client did not declare is not asked of it."""
    s = shared.gate.session("/mcp/own")
    x = s.start_call("ask", {"method": "elicitation/create", "params": ELICITATION})
    message = x.finish()
    equal("nothing is asked", x.before, [])
    check("the server gets an error", "error" in json.loads(message["result"]["structuredContent"]["reply"]))


# ---- what servers tell --------------------------------------------------------


def subscriptions():
    """Told to those who have subscribed; the server sees one subscription however many there are."""
    d = Gate({"a": child()})
    sessions = [d.session("/mcp/a") for _ in range(3)]
    streams = [s.listen() for s in sessions]
    uri = {"uri": "child://a/a"}
    for s in sessions[:2]:
        equal("subscribe", s.request("resources/subscribe", uri)["result"], {})
    equal("the server sees one", sessions[2].call("counts").get("resources/subscribe"), 1)
    sessions[2].call("touch", uri)
    for e in streams[:2]:
        message = e.next_message()
        equal("told", (message["method"], message["params"]), ("notifications/resources/updated", uri))
    check("the third is not", streams[2].is_silent())
    equal("unsubscribe", sessions[0].request("resources/unsubscribe", uri)["result"], {})
    equal("the server is not told yet", sessions[2].call("counts").get("resources/unsubscribe"), None)
    sessions[2].call("touch", uri)
    equal("the other one still hears", streams[1].next_message()["method"], "notifications/resources/updated")
    check("the first does not", streams[0].is_silent())
    sessions[1].delete()
    until(lambda: sessions[2].call("state")["subscribed"] == [], what="the end of the subscription")
    ok("the end of the last session ends it")
    d.ends_well("subscriptions")


def own_subscriptions():
    """Where each session has a server of its own, that one hears of its subscriptions, and tells its session alone."""
    s, t = (shared.gate.session("/mcp/own") for _ in range(2))
    uri = {"uri": "child://own/a"}
    for x in (s, t):
        x.call("echo")  # or it would be told at its start
        until(lambda: "result" in x.request("resources/subscribe", uri).obj, what="what the server can")
        equal("its server has it", x.call("state")["subscribed"], [uri["uri"]])
    streams = [s.listen(), t.listen()]
    s.call("touch", uri)
    equal("its session is told", streams[0].next_message()["method"], "notifications/resources/updated")
    check("and no other", streams[1].is_silent())


def log_levels():
    """Each session hears what is as grave as it asked for; in /mcp it is said whose it is."""
    d = Gate({"a": child()})
    all_of, grave, silent, merged = d.session("/mcp/a"), d.session("/mcp/a"), d.session("/mcp/a"), d.session()
    streams = [s.listen() for s in (all_of, grave, merged)]
    for s, level in ((all_of, "debug"), (grave, "error"), (merged, "info")):
        equal("setLevel " + level, s.request("logging/setLevel", {"level": level})["result"], {})
    equal("a level that is none", all_of.request("logging/setLevel", {"level": "loud"})["error"]["code"], -32602)
    until(lambda: silent.call("state")["level"] == "debug", what="the server to hear the most verbose one")
    for level in ("debug", "info", "error"):
        silent.call("log", {"level": level, "logger": "x", "data": {"n": 1}})
    got = lambda e, n: [(m["params"]["level"], m["params"].get("logger")) for m in (e.next_message() for _ in range(n))]  # noqa: E731
    equal("debug: all", got(streams[0], 3), [("debug", "x"), ("info", "x"), ("error", "x")])
    equal("error: one", got(streams[1], 1), [("error", "x")])
    heard = got(streams[2], 2)
    equal("info: two", [level for level, _ in heard], ["info", "error"])
    check("/mcp says whose they are", all("a" in name and "x" in name for _, name in heard), heard)
    check("and no more", all(e.is_silent(0.1) for e in streams))
    d.ends_well("log levels")


def log_of_a_call():
    """While exactly one call is in flight its stream is the place."""
    s = shared.gate.session("/mcp/own")
    s.request("logging/setLevel", {"level": "info"})
    x = s.start_call("log", {"level": "info", "data": "here"})
    x.finish()
    equal("before the result", [m["params"]["data"] for m in x.before], ["here"])


def kept_until_someone_listens():
    """A change of a list that finds no stream is there when the client opens one."""
    s, witness = shared.gate.session("/mcp/a"), shared.gate.session("/mcp/a")
    stream = witness.listen()
    s.call("grow", {"name": "later"})
    equal("whoever listens is told", stream.next_message()["method"], "notifications/tools/list_changed")
    late = s.listen()
    equal("whoever listens later is told then", late.next_message()["method"], "notifications/tools/list_changed")
    late.close()
    check("and once", s.listen().is_silent())


def two_get_streams():
    s = shared.gate.session("/mcp/a")
    streams = [s.listen() for _ in range(3)]
    s.call("grow", {"name": "again"})
    heard, message = first_to_hear(streams)
    equal("it is told", message["method"], "notifications/tools/list_changed")
    check("on one stream only", all(e.is_silent() for e in streams))
    heard.answer.wire.reset()
    s.call("grow", {"name": "and-again"})
    left = [e for e in streams if e is not heard]
    equal("with one gone, another one has it", first_to_hear(left)[1]["method"], "notifications/tools/list_changed")


def slow_reader():
    """A client that does not read is dropped; the server and the others are not held up."""
    d = Gate({"a": child()}, {"limits": {"write_timeout": "1s"}})
    s, other = d.session("/mcp/a"), d.session("/mcp/a")
    gateway = d.status()["gateway"]["pid"]
    body = request(1, "tools/call", {"name": "big", "arguments": {"bytes": 8000000}})
    with Wire(d.address, room=4096) as w:
        w.send(head("POST", "/mcp/a", s.headers(), body) + body)
        for n in range(20):
            equal("call %d of another client" % n, other.call("echo", {"n": n}), {"n": n})
        before = fds_of(gateway)
        until(lambda: fds_of(gateway) < before, what="its connection to be closed")
        try:
            got = len(w.rest())
        except ConnectionError:
            got = 0
    check("it is dropped, without all of it", got < 8000000, got)
    equal("its session lives", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("slow reader")


alarm(240)
validate_messages()
shared.main(lazily, head_of_streams, priming, keepalive, ids_are_unique, resume_a_post, resume_before_the_first_message,
            resume_only_that_stream, resumed_elsewhere, resume_nonsense, resume_too_late, answer_larger_than_replay, elicitation, questions_of_two_sessions,
            answers_of_others, error_as_an_answer, undeclared, subscriptions, own_subscriptions, log_levels, log_of_a_call,
            kept_until_someone_listens, two_get_streams, slow_reader)
