#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Questions of servers while they wait: whose time stands still, and who is told when one side is gone.
docs/protocol.md says which rule each function is about."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

ELICITATION = {"message": "Your name?", "requestedSchema": {"type": "object", "properties": {}}}
CAN = {"elicitation": {}}
QUESTION = json.dumps({"jsonrpc": "2.0", "id": "q-$ID", "method": "elicitation/create", "params": ELICITATION})


def ask(session):
    """A call that waits for what the client answers, and the question."""
    x = session.start_call("ask", {"method": "elicitation/create", "params": ELICITATION})
    return x, x.next()


def ask_and_hang(session, *more):
    """A call that asks, and never ends."""
    x = session.start_call("raw", {"text": "".join(line + "\n" for line in (QUESTION,) + more)})
    return x, x.next()


def reply_of(message):
    return json.loads(message["result"]["structuredContent"]["reply"])


# Keeps all that it is answered; its tool `ask` asks and hangs.
SCRIBE = """
import json, sys
heard = []
def say(m):
    print(json.dumps(dict(m, jsonrpc="2.0")), flush=True)
for line in sys.stdin:
    m = json.loads(line)
    method = m.get("method")
    if method is None:
        heard.append(m)
    elif method == "initialize":
        say({"id": m["id"], "result": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                                       "serverInfo": {"name": "scribe", "version": "1"}}})
    elif method == "tools/list":
        say({"id": m["id"], "result": {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("ask", "heard")]}})
    elif method == "tools/call" and m["params"]["name"] == "ask":
        say({"id": "q", "method": "elicitation/create", "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {}}}})
    elif "id" in m:
        say({"id": m["id"], "result": {"content": [], "structuredContent": {"heard": heard}}})
"""


# ---- time --------------------------------------------------------------------


def time_stands_still():
    """A call does not run out of time while its client is asked; behind the answer it goes on as before."""
    d = Gate({"own": child(share="session", request_timeout="%dms" % (1000 * SLOW))})
    s = d.session("/mcp/own", capabilities=CAN)
    until(lambda: "result" in s.start_call("echo").finish().obj, what="its server")
    x, asked = ask(s)
    check("asked for longer than request_timeout", x.is_pending(1.4 * SLOW))
    equal("answered", s.respond(asked["id"], {"action": "decline"}), 202)
    equal("the call has its result", reply_of(x.finish())["result"], {"action": "decline"})
    x, asked = ask_and_hang(s)
    equal("answered", s.respond(asked["id"], {"action": "accept"}), 202)
    equal("the server that says no more is late as ever", reason_of(x.finish()), "request_timeout")
    d.ends_well("time")


def nobody_answers():
    """limits.park_time bounds the wait: the server gets an error, and the client need not answer any more."""
    d = Gate({"own": child(share="session")}, {"limits": {"park_time": "1s"}})
    s = d.session("/mcp/own", capabilities=CAN)
    x, asked = ask(s)
    told = x.next()
    equal("the client is told", (told["method"], told["params"]["requestId"]), ("notifications/cancelled", asked["id"]))
    check("the server gets an error", "park_time" in reply_of(x.finish())["error"]["message"])
    equal("an answer comes too late", s.respond(asked["id"], {"action": "accept"}), 202)
    equal("and does no harm", s.call("echo", {"x": 1}), {"x": 1})
    d.ends_well("patience")


def too_many():
    """Over limits.max_parked a question is refused; when another one is over there is room again."""
    d = Gate({"own": child(share="session")}, {"limits": {"max_parked": 1}})
    s, t = (d.session("/mcp/own", capabilities=CAN) for _ in range(2))
    x, asked = ask(s)
    y = t.start_call("ask", {"method": "elicitation/create", "params": ELICITATION})
    check("one more than may be: the server gets an error", "too many" in reply_of(y.finish())["error"]["message"])
    equal("its client hears nothing of it", y.before, [])
    s.respond(asked["id"], {"action": "decline"})
    x.finish()
    y, asked = ask(t)
    t.respond(asked["id"], {"action": "decline"})
    equal("then there is room", reply_of(y.finish())["result"], {"action": "decline"})
    d.ends_well("too many")


# ---- ends --------------------------------------------------------------------


def server_takes_it_back():
    d = Gate({"own": child(share="session")})
    s = d.session("/mcp/own", capabilities=CAN)
    back = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "q-$ID", "reason": "never mind"}}
    x, asked = ask_and_hang(s, json.dumps(back))
    told = x.next()
    equal("under the id that the client knows", (told["method"], told["params"]),
          ("notifications/cancelled", {"requestId": asked["id"], "reason": "never mind"}))
    equal("an answer comes too late", s.respond(asked["id"], {"action": "accept"}), 202)
    d.ends_well("taken back")


def server_dies():
    """The client may put away what it was asked."""
    d = Gate({"own": child(share="session")})
    s = d.session("/mcp/own", capabilities=CAN)
    s.call("echo")
    stream = s.listen()
    x, asked = ask_and_hang(s)
    os.kill(d.server("own")["instances"][0]["pid"], signal.SIGKILL)
    equal("the call", reason_of(x.finish()), "server_died")
    told = stream.next_message()
    while told["method"] != "notifications/cancelled":
        told = stream.next_message()
    equal("the question", told["params"]["requestId"], asked["id"])
    d.ends_well("a server that dies")


def client_goes():
    """A server that others use, too, is told that it will hear no answer."""
    d = Gate({"scribe": {"command": sys.executable, "args": ["-c", SCRIBE], "restart": QUICK, "client": {"elicitation": True}}},
             ready=False)
    d.wait_state("scribe", "ready")
    s, t = d.session("/mcp/scribe", capabilities=CAN), d.session("/mcp/scribe")
    x = s.start_call("ask")
    equal("the only call's client is asked", x.next()["method"], "elicitation/create")
    equal("its session ends", s.delete(), 200)
    until(lambda: t.call("heard")["heard"], what="the server to hear of it")
    heard = t.call("heard")["heard"]
    equal("one answer", [(m["id"], m["error"]["message"]) for m in heard], [("q", "the client has gone")])
    d.ends_well("a client that goes")


alarm(120)
validate_messages()
main(time_stands_still, nobody_answers, too_many, server_takes_it_back, server_dies, client_goes)
