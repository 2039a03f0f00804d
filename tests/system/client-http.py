#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools, call, connect, health and client-config, by an endpoint that behaves as the test says."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403
from endpoint_fake import Endpoint, Reply, answer, event  # noqa: E402

HELLO = {"jsonrpc": "2.0", "id": "hello", "method": "initialize",
         "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def run(e, *words, stdin="", env=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MCPVISOR_")}
    environment.update({"MCPVISOR_SOCKET": e.dir if e else "/nonexistent", **(env or {})})
    p = subprocess.run([MCPVISOR, *words], input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env=environment, timeout=60)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def with_endpoint(test):
    def wrapped():
        e = Endpoint(servers=["demo", "other"])
        try:
            test(e)
        finally:
            e.end()

    wrapped.__name__ = test.__name__
    return wrapped


# ---- call


@with_endpoint
def calls(e):
    equal("call: the text", run(e, "call", "demo", "add", '{"a": 2, "b": 3}'), (0, "5\n", ""))
    equal("call: it has a session of its own server", {x[1] for x in e.requests}, {"/mcp/demo"})
    equal("call: the session is ended", (len(e.asked("DELETE")), e.sessions), (1, set()))
    equal("call: arguments from stdin", run(e, "call", "demo", "echo", "-", stdin='{"message":\n"a\\nb"}'),
          (0, "a\nb\n", ""))
    equal("call: an object is asked for", run(e, "call", "demo", "echo", "[]")[0], 2)
    equal("call: JSON is asked for", run(e, "call", "demo", "echo", "{message: 1}"),
          (2, "", "mcpvisor: call: the arguments are no valid JSON\nTry: mcpvisor call --help\n"))
    equal("call: a result that is an error", run(e, "call", "demo", "fail"), (1, "", "failed, as was asked\n"))
    equal("call: an error", run(e, "call", "demo", "nothing"),
          (1, "", "mcpvisor: call: demo: there is no such tool (-32602)\n"))
    equal("call: as JSON", json.loads(run(e, "call", "--json", "demo", "add", '{"a":1,"b":1}')[1])["structuredContent"],
          {"sum": 2})
    equal("call: a result that is an error as JSON", run(e, "call", "--json", "demo", "fail")[0], 1)
    code, out, err = run(e, "call", "demo", "blob", '{"size": 5, "as": "bytes"}')
    equal("call: what is no text is named", (code, out, err),
          (0, "(resource demo://blob/5, application/octet-stream)\n", ""))
    code, out, err = run(e, "call", "demo", "blob", '{"size": 3000000}')
    equal("call: a long text", (code, len(out), err), (0, 3000001, ""))
    equal("call: a stream", run(e, "call", "demo", "log", '{"message": "x"}'), (0, "logged\n", ""))
    equal("call: odd names", run(e, "call", "a/b", "x")[0], 2)


@with_endpoint
def call_refused(e):
    rows = [
        (Reply(503, {"error": "the gateway is draining"}), "demo: HTTP 503: the gateway is draining"),
        (Reply(500, b"<html>", "text/html"), "demo: the server answers with HTTP status 500"),
        (Reply(200, b"nonsense"), "demo: the answer is no message: "),
        (Reply(200, {"jsonrpc": "2.0", "id": 77, "result": {}}), "demo: what came is no answer"),
        (Reply(events=[b": nothing\n\n"]), "demo: the stream ended before the answer"),
        (Reply(breaks=True), "demo: the connection was closed"),
        (Reply(breaks=True, body=b"SSH-2.0\r\n"), "demo: the answer is no HTTP"),
        (Reply(breaks=True, body=b"HTTP/1.1 200 OK\r\nContent-Le"), "demo: the answer was cut short"),
        (Reply(404, {"error": "no such session"}), "no server and no view has this name"),
    ]
    for reply, text in rows:
        e.hooks["tools/call"] = lambda *_, reply=reply: reply
        code, out, err = run(e, "call", "demo", "x")
        check("call: " + text, (code, out) == (1, "") and err.startswith("mcpvisor: call: " + text), err)
    e.hooks["tools/call"] = lambda *_: threading.Event().wait(30) and None
    code, out, err = run(e, "call", "--timeout", "200ms", "demo", "x")
    equal("call: in time", (code, err), (1, "mcpvisor: call: demo: no answer in time\n"))
    e.hooks["tools/call"] = lambda ep, h, m: Reply(200, answer(m, {"content": [
        {"type": "text", "text": "a"}, {"type": "image", "data": "", "mimeType": "image/png"},
        {"type": "resource_link", "uri": "file:///x"}, {"type": "resource", "resource": {"uri": "u", "text": "b\n"}},
        {"type": "new"}, {"type": "text", "text": ""}]}), chunked=True)
    equal("call: content of every kind", run(e, "call", "demo", "x"),
          (0, "a\n(image, image/png)\n(resource file:///x)\nb\n(other content)\n", ""))
    e.hooks["tools/call"] = lambda ep, h, m: Reply(200, answer(m, {"content": [], "structuredContent": {"a": 1}}))
    equal("call: structured content alone", run(e, "call", "demo", "x"), (0, '{"a": 1}\n', ""))


def no_daemon():
    for command in (["call", "a", "b"], ["tools", "a"], ["tools"]):
        code, out, err = run(None, *command)
        check("no daemon: " + " ".join(command), code == 3 and out == "" and "no daemon answers" in err, err)


# ---- tools


@with_endpoint
def tools(e):
    code, out, err = run(e, "tools", "demo")
    lines = out.splitlines()
    equal("tools: the head", (code, lines[0], err), (0, "NAME  TOOL  DESCRIPTION", ""))
    equal("tools: a row", lines[1], "demo  echo  Gives a text back as it is.")
    code, out, err = run(e, "tools")
    equal("tools: of all servers", (code, [x.split()[0] for x in out.splitlines()[1:]]), (0, ["demo"] * 7 + ["other"] * 7))
    got = json.loads(run(e, "tools", "--json")[1])
    equal("tools: as JSON", [(x["name"], [y["name"] for y in x["tools"]][:2]) for x in got["servers"]],
          [("demo", ["echo", "add"]), ("other", ["echo", "add"])])

    def pages(ep, headers, m):
        at = int(m.get("params", {}).get("cursor", "0"))
        result = {"tools": [{"name": "t%d" % at, "description": "\n one\ntwo \x1b[31m"}]}
        if at < 4:
            result["nextCursor"] = str(at + 1)
        return Reply(200, answer(m, result))

    e.hooks["tools/list"] = pages
    equal("tools: page by page", run(e, "tools", "demo"),
          (0, "NAME  TOOL  DESCRIPTION\n" + "".join("demo  t%d    one\n" % i for i in range(5)), ""))
    e.hooks["tools/list"] = lambda ep, h, m: Reply(200, {"jsonrpc": "2.0", "id": m["id"],
                                                       "error": {"code": -32603, "message": "down"}})
    equal("tools: of a server that is down", run(e, "tools", "demo"),
          (1, "", "mcpvisor: tools: demo: down (-32603)\n"))


# ---- health


@with_endpoint
def health(e):
    equal("health: by the socket", run(e, "health"), (0, "", ""))
    equal("health: what is asked", e.requests[-1][:2], ("GET", "/livez"))
    e.hooks["GET"] = lambda *_: Reply(503, b"fs: starting\nmore", "text/plain")
    equal("health: not ready", run(e, "health", "--ready"),
          (1, "", "mcpvisor: health: not ready (HTTP status 503): fs: starting\n"))
    equal("health: what is asked", e.requests[-1][:2], ("GET", "/readyz"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    empty = Endpoint()
    empty.stop()
    equal("health: nobody", run(empty, "health", env={"MCPVISOR_LISTEN": "127.0.0.1:%d,x" % port}),
          (1, "", "mcpvisor: health: nobody listens at 127.0.0.1:%d\n" % port))
    listener.listen()

    def serve():
        for _ in range(4):
            c, _ = listener.accept()
            with c:
                seen.append(c.recv(1000).split(b"\r\n")[:2])
                c.sendall(b"HTTP/1.0 200 OK\r\n\r\nok")

    seen = []
    threading.Thread(target=serve, daemon=True).start()
    equal("health: by MCPVISOR_LISTEN", run(empty, "health", env={"MCPVISOR_LISTEN": "0.0.0.0:%d,x" % port}), (0, "", ""))
    for url in ("http://127.0.0.1:%d", "http://localhost:%d/", "http://127.0.0.1:%d/x?y"):
        equal("health: by " + url, run(e, "health", "--url", url % port), (0, "", ""))
    equal("health: paths", [x[0] for x in seen], [b"GET /livez HTTP/1.1"] * 3 + [b"GET /x?y HTTP/1.1"])
    equal("health: Host", seen[0][1], b"Host: 127.0.0.1:%d" % port)
    for url, text in (("https://a", "https is not spoken here"), ("a:1", "a URL begins with http://"),
                      ("http://a:0", "host and port"), ("http://u@a/", "a name and password"),
                      ("http://", "host and port"), ("http://a b", "no spaces")):
        code, out, err = run(e, "health", "--url", url)
        check("health: --url " + url, code == 1 and out == "" and text in err and err.count("\n") == 1, err)
    for words in (["--redy"], ["--url"], ["too", "many"], ["--url", "http://a:0", "--ready=x"]):
        code, out, err = run(e, "health", *words)
        check("health: a probe knows 0 and 1 only: " + " ".join(words), code == 1 and out == "" and "Try: " in err, (code, err))
    empty.end()


# ---- connect


class Shim:
    def __init__(self, e, *words):
        self.p = subprocess.Popen([MCPVISOR, "connect", "--socket", e.dir, *words], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def say(self, *messages):
        for m in messages:
            self.p.stdin.write((m if isinstance(m, str) else json.dumps(m)).encode() + b"\n")
        self.p.stdin.flush()

    def hear(self):
        line = self.p.stdout.readline()
        return json.loads(line) if line else None

    def open(self):
        self.say(HELLO)
        return self.hear()

    def close(self):
        self.p.stdin.close()
        rest = self.p.stdout.read()
        return self.p.wait(DEADLINE), rest.decode(), self.p.stderr.read().decode()


def call(id, tool, **arguments):
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def text_of(message):
    return (message["id"], message["result"]["content"][0]["text"])


@with_endpoint
def connects(e):
    s = Shim(e, "demo")
    hello = s.open()
    equal("connect: initialize", (hello["id"], hello["result"]["protocolVersion"]), ("hello", "2025-06-18"))
    s.say(READY, call(1, "add", a=1, b=2))
    equal("connect: a call", text_of(s.hear()), (1, "3"))
    posts = e.asked("POST")
    equal("connect: order", [json.loads(x[3])["method"] for x in posts],
          ["initialize", "notifications/initialized", "tools/call"])
    equal("connect: no session at first", "Mcp-Session-Id" in posts[0][2], False)
    equal("connect: then headers", (posts[2][2]["Mcp-Session-Id"], posts[2][2]["MCP-Protocol-Version"], posts[2][1]),
          ("session-1", "2025-06-18", "/mcp/demo"))
    e.wait(lambda: e.streams, "the stream of the server")
    e.push({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    equal("connect: what the server says by itself", s.hear()["method"], "notifications/tools/list_changed")
    e.push({"jsonrpc": "2.0", "id": 5, "method": "roots/list"})
    equal("connect: what it asks", s.hear()["id"], 5)
    s.say({"jsonrpc": "2.0", "id": 5, "result": {"roots": []}}, call(2, "log", message="m"))
    equal("connect: a stream in order", [s.hear()["method"], text_of(s.hear())], ["notifications/message", (2, "logged")])
    equal("connect: an answer to it", json.loads(e.asked("POST")[-2][3])["result"], {"roots": []})
    s.say("nonsense", "[]", '{"jsonrpc":"2.0","id":{}}')
    equal("connect: what is no message", [s.hear()["error"]["code"] for _ in range(3)], [-32700, -32600, -32600])
    s.say('{"jsonrpc":"2.0","method":"ping","id":12345678901234567890123}')
    line = s.p.stdout.readline()
    check("connect: ids as they were", b'"id": 12345678901234567890123' in line, line)
    equal("connect: the end", s.close(), (0, "", ""))
    equal("connect: says so", (len(e.asked("DELETE")), e.sessions), (1, set()))


@with_endpoint
def connect_at_once(e):
    """Several requests at the same time, and one that lasts holds up nobody."""
    gate = threading.Event()

    def hook(ep, headers, m):
        if m["params"]["name"] == "last":
            gate.wait(DEADLINE)
        return Reply(200, answer(m, {"content": [{"type": "text", "text": m["params"]["name"]}]}))

    e.hooks["tools/call"] = hook
    s = Shim(e)
    s.open()
    s.say(READY, call("slow", "last"))
    for i in range(20):
        s.say(call(i, "x"))
    equal("connect: others go on", sorted(text_of(s.hear())[0] for _ in range(20)), list(range(20)))
    s.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}})
    e.wait(lambda: e.messages("notifications/cancelled"), "the cancellation")
    gate.set()
    equal("connect: then it", text_of(s.hear()), ("slow", "last"))
    equal("connect: the end", s.close(), (0, "", ""))


@with_endpoint
def connect_large(e):
    s = Shim(e)
    s.open()
    s.say(READY, call(1, "blob", size=3000000))
    equal("connect: a long answer", len(text_of(s.hear())[1]), 3000000)
    s.say(call(2, "echo", message="y" * 2000000))
    equal("connect: a long request", len(text_of(s.hear())[1]), 2000000)
    equal("connect: the end", s.close(), (0, "", ""))


@with_endpoint
def connect_restart(e):
    """A daemon that starts anew: the host sees nothing but that lists may have changed."""
    s = Shim(e)
    s.open()
    s.say(READY, call(1, "echo", message="a"))
    equal("restart: before", text_of(s.hear()), (1, "a"))
    e.wait(lambda: e.streams, "the stream of the server")
    e.forget()
    s.say(call(2, "echo", message="b"), call(3, "echo", message="c"))
    got = [s.hear() for _ in range(5)]
    equal("restart: both are answered", sorted(text_of(x) for x in got if "result" in x), [(2, "b"), (3, "c")])
    equal("restart: lists may have changed", sorted(x["method"] for x in got if "method" in x),
          ["notifications/%s/list_changed" % x for x in ("prompts", "resources", "tools")])
    equal("restart: one new session", (e.count, len(e.messages("initialize"))), (2, 2))
    equal("restart: with the host's own words", e.messages("initialize")[1], HELLO)
    e.stop()
    s.say(call(4, "echo", message="d"))
    e.start()
    got = [s.hear() for _ in range(4)]
    equal("restart: a daemon that was away", [text_of(x) for x in got if "result" in x], [(4, "d")])
    e.wait(lambda: e.streams, "the stream of the server")
    e.push({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}})
    equal("restart: the stream is there again", s.hear()["method"], "notifications/message")
    equal("restart: the end", s.close(), (0, "", ""))


def on_wish(e, refused=()):
    """Subscriptions and levels are granted but for those, and noted by session."""
    said = []

    def hook(ep, headers, m):
        what = m["params"].get("uri", m["params"].get("level"))
        said.append((headers["Mcp-Session-Id"], m["method"].split("/")[1], what))
        if what in refused:
            return Reply(200, {"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32002, "message": "not here"}})
        return Reply(200, answer(m, {}))

    for x in ("resources/subscribe", "resources/unsubscribe", "logging/setLevel"):
        e.hooks[x] = hook
    return said


def wish(id, method, **params):
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


@with_endpoint
def connect_wishes(e):
    """What lasts as long as a session is said again to the next one, before anything else."""
    refused = {"x:never"}
    said = on_wish(e, refused)
    s = Shim(e)
    s.open()
    s.say(READY)
    asked = [("resources/subscribe", "uri", "x:a"), ("resources/subscribe", "uri", "x:b"),
             ("resources/subscribe", "uri", "x:never"), ("logging/setLevel", "level", "info"),
             ("resources/unsubscribe", "uri", "x:a"), ("resources/subscribe", "uri", 'x:"\u00e9'),
             ("resources/subscribe", "uri", "x:b"), ("logging/setLevel", "level", "error")]
    for i, (method, key, value) in enumerate(asked):
        s.say(wish(i, method, **{key: value}))
        got = s.hear()
        equal("wishes: the host has its answer", (got["id"], "error" in got), (i, value == "x:never"))
    e.wait(lambda: e.streams, "the stream of the server")
    del said[:]
    e.forget()
    s.say(call(20, "echo", message="x"))
    got = [s.hear() for _ in range(4)]
    equal("wishes: the host sees nothing of it", [x.get("id") for x in got if "method" not in x], [20])
    equal("wishes: said again, once, in their order", said, [("session-2", "subscribe", "x:b"), ("session-2", "subscribe", 'x:"\u00e9'),
                                                    ("session-2", "setLevel", "error")])
    methods = [m["method"] for m in e.messages()]
    equal("wishes: before what waited", methods[-5:], ["notifications/initialized", "resources/subscribe",
                                                       "resources/subscribe", "logging/setLevel", "tools/call"])
    ids = [m["id"] for m in e.messages()[-4:-1]]
    check("wishes: with ids that no host has", len(set(ids)) == 3 and all(x.startswith("mcpvisor-connect-") for x in ids), ids)

    refused.add("x:b")
    e.wait(lambda: e.streams, "the stream of the server")
    del said[:]
    e.stop()
    e.start()
    e.wait(lambda: len(said) == 3 and e.streams, "a daemon that was away hears them without a call")
    equal("wishes: lists may have changed", [s.hear()["method"][-12:] for _ in range(3)], ["list_changed"] * 3)
    refused.clear()
    del said[:]
    e.push({"jsonrpc": "2.0", "method": "notifications/resources/list_changed"})
    equal("wishes: the host hears of it, too", s.hear()["method"], "notifications/resources/list_changed")
    e.wait(lambda: said, "what was refused is asked for again")
    s.say(call(21, "echo", message="y"))
    equal("wishes: and life goes on", text_of(s.hear()), (21, "y"))
    equal("wishes: that alone", said, [("session-3", "subscribe", "x:b")])
    equal("wishes: the end", s.close(), (0, "", ""))


@with_endpoint
def connect_wishes_lost(e):
    """A session that is gone before it was open, and a new one of the host's own."""
    said = on_wish(e)
    s = Shim(e)
    s.open()
    s.say(READY, wish(1, "resources/subscribe", uri="x:a"))
    equal("wishes: granted", s.hear()["id"], 1)
    granted = e.hooks["resources/subscribe"]
    e.wait(lambda: e.streams, "the stream of the server")

    def gone(ep, headers, m):
        ep.forget()
        e.hooks["resources/subscribe"] = granted
        return Reply(404, {})

    e.hooks["resources/subscribe"] = gone
    e.forget()
    del said[:]
    s.say(call(2, "echo", message="x"))
    got = [s.hear() for _ in range(4)]
    equal("wishes: one more session", (said, [x["id"] for x in got if "id" in x]), ([("session-3", "subscribe", "x:a")], [2]))
    s.say(HELLO)
    equal("wishes: the host begins anew", s.hear()["id"], "hello")
    s.say(READY)
    del said[:]
    e.forget()
    s.say(call(3, "echo", message="x"))
    got = [s.hear() for _ in range(4)]
    equal("wishes: and has asked for nothing", (said, [x["id"] for x in got if "id" in x]), ([], [3]))
    e.hooks["notifications/initialized"] = lambda ep, h, m: ep.forget() or Reply(404, {})
    e.forget()
    s.say(call(4, "echo", message="x"))
    got = s.hear()
    equal("wishes: no session lasts", (got["id"], got["error"]["message"]), (4, "mcpvisor forgets each session at once"))
    del e.hooks["notifications/initialized"]
    s.say(call(5, "echo", message="x"))
    got = [s.hear() for _ in range(4)]
    equal("wishes: but the next one", [x["id"] for x in got if "id" in x], [5])
    equal("wishes: the end", s.close(), (0, "", ""))


def batch_of(*messages):
    return json.dumps(messages)


@with_endpoint
def connect_batch(e):
    old = json.loads(json.dumps(HELLO))
    old["params"]["protocolVersion"] = "2025-03-26"
    s = Shim(e)
    s.say("[]", batch_of(call(1, "x")))
    equal("batch: not before the version is known", [s.hear()["error"]["code"] for _ in range(2)], [-32600] * 2)
    s.say(old)
    equal("batch: a version that has them", s.hear()["result"]["protocolVersion"], "2025-03-26")
    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}}
    s.say(READY, batch_of(note, call(1, "add", a=1, b=2), call("b", "echo", message="m")))
    equal("batch: one line back", [text_of(x) for x in s.hear()], [(1, "3"), ("b", "m")])
    equal("batch: as it was said", e.messages("batch")[0], [note, call(1, "add", a=1, b=2), call("b", "echo", message="m")])
    s.say("[]")
    equal("batch: an empty one", s.hear()["error"]["code"], -32600)
    e.hooks["batch"] = lambda ep, h, m: Reply(202, type=None)
    s.say(batch_of(note, note), call(2, "echo", message="z"))
    equal("batch: without a request, none", text_of(s.hear()), (2, "z"))
    equal("batch: but it was sent, before", [isinstance(m, list) for m in e.messages()[-2:]], [True, False])
    tries = []
    e.hooks["batch"] = lambda ep, h, m: tries.append(1) or Reply(breaks=True)
    s.say(batch_of(call(3, "x"), note, wish(4, "ping")))
    equal("batch: each request has its error", [(x["id"], x["error"]["code"]) for x in s.hear()], [(3, -32603), (4, -32603)])
    equal("batch: a call is not made twice", len(tries), 1)
    e.hooks["batch"] = lambda ep, h, m: tries.append(1) or (Reply(breaks=True) if len(tries) < 4 else NotImplemented)
    s.say(batch_of(wish(5, "ping"), wish(6, "tools/list")))
    equal("batch: what is harmless is asked for again", ([x["id"] for x in s.hear()], len(tries)), ([5, 6], 4))
    e.hooks["batch"] = lambda ep, h, m: Reply(400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "too many"}})
    s.say(batch_of(call(7, "x"), call(8, "x")), batch_of({}, 1))
    # Two at once: their answers come as they come.
    all_of, none_of = sorted((s.hear() for _ in range(2)), key=lambda got: not isinstance(got, list))
    equal("batch: a refusal of all is one of each", [(x["id"], x["error"]) for x in all_of],
          [(i, {"code": -32600, "message": "too many"}) for i in (7, 8)])
    equal("batch: of what has no id", none_of, {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "too many"}})

    said = on_wish(e)
    asked = [wish(1, "resources/subscribe", uri="x:a"), wish(2, "resources/subscribe", uri="x:b"),
             wish(3, "logging/setLevel", level="debug")]
    e.hooks["batch"] = lambda ep, h, m: Reply(200, [answer(m[0], {}), {"jsonrpc": "2.0", "id": 2, "error": {"code": 1, "message": "n"}},
                                                    answer(m[2], {})])
    s.say(batch_of(*asked))
    equal("batch: wishes", [x["id"] for x in s.hear()], [1, 2, 3])
    del e.hooks["batch"]
    e.wait(lambda: e.streams, "the stream of the server")
    e.forget()
    s.say(batch_of(call(9, "echo", message="x")))
    got = [s.hear() for _ in range(4)]
    equal("batch: sent again to the next session", [text_of(x[0]) for x in got if isinstance(x, list)], [(9, "x")])
    equal("batch: which has heard what was granted", said, [("session-2", "subscribe", "x:a"), ("session-2", "setLevel", "debug")])
    equal("batch: the end", s.close(), (0, "", ""))
    s = Shim(e)
    s.say(old)
    s.hear()
    s.say(batch_of(READY, wish(1, "ping")))
    equal("batch: the host is ready", [x["id"] for x in s.hear()], [1])
    e.wait(lambda: e.streams, "the stream of the server")
    e.forget()
    count = len(e.messages("notifications/initialized"))
    s.say(call(2, "echo", message="x"))
    equal("batch: and the next session hears so", ([x["id"] for x in [s.hear() for _ in range(4)] if "id" in x],
                                            len(e.messages("notifications/initialized"))), ([2], count + 1))
    equal("batch: the end", s.close(), (0, "", ""))


@with_endpoint
def connect_broken(e):
    """What may have been done is not done twice; what is harmless is."""
    tries = []

    def broken(ep, headers, m):
        tries.append(m["method"])
        return Reply(breaks=True) if len(tries) in (1, 2) else NotImplemented

    s = Shim(e)
    s.open()
    s.say(READY)
    e.hooks["tools/call"] = e.hooks["tools/list"] = broken
    s.say(call(1, "add", a=1, b=1))
    equal("broken: an error says so", s.hear()["error"]["code"], -32603)
    s.say({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    equal("broken: a list is asked for again", len(s.hear()["result"]["tools"]), 7)
    equal("broken: as often as said", tries, ["tools/call", "tools/list", "tools/list"])
    e.hooks["tools/call"] = lambda *_: Reply(400, {"jsonrpc": "2.0", "error": {"code": -32602, "message": "no"}})
    s.say(call(3, "x"))
    equal("broken: an error to nobody is one to this request", s.hear(),
          {"jsonrpc": "2.0", "id": 3, "error": {"code": -32602, "message": "no"}})
    e.hooks["tools/call"] = lambda *_: Reply(413, {"error": "too large"})
    s.say(call(4, "x"))
    equal("broken: a refusal", s.hear()["error"]["message"], "mcpvisor answered with HTTP status 413: too large")
    times = []
    e.hooks["tools/call"] = lambda *_: times.append(1) or (Reply(503, {}) if len(times) < 3 else NotImplemented)
    s.say(call(5, "echo", message="z"))
    equal("broken: busy for a moment", text_of(s.hear()), (5, "z"))
    e.hooks["tools/call"] = lambda ep, h, m: Reply(events=[b"retry: 10\nid: 7\ndata:\n\n"])
    e.hooks["GET"] = lambda ep, h, m: Reply(events=[event(answer({"id": 6}, {"content": []}))]) if h.get(
        "Last-Event-ID") == "7" else NotImplemented
    s.say(call(6, "x"))
    equal("broken: a stream goes on where it ended", s.hear()["id"], 6)
    equal("broken: the end", s.close(), (0, "", ""))


@with_endpoint
def connect_ends(e):
    s = Shim(e)
    s.open()
    s.p.send_signal(signal.SIGTERM)
    equal("ends: by TERM", (s.p.wait(DEADLINE), len(e.asked("DELETE"))), (0, 1))
    s = Shim(e)
    s.open()
    s.say(READY)
    s.p.stdin.write(json.dumps(call(1, "echo", message="last")).encode())
    code, rest, err = s.close()
    equal("ends: the last line needs no end, and is answered", (code, text_of(json.loads(rest)), err), (0, (1, "last"), ""))
    s = Shim(e)
    s.open()
    s.p.stdout.close()
    s.say(READY, call(1, "echo", message="x"))
    equal("ends: a host that reads no more", (s.p.wait(DEADLINE), len(e.asked("DELETE"))), (0, 3))
    s.p.stdin.close()


def own_memory(pid):
    """kB that it has written itself, without what the loader did to files; and with that."""
    own, total, file = 0, 0, False
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            words = line.split()
            if "-" in words[0] and not words[0].endswith(":"):
                file = len(words) > 5 and words[5].startswith("/")
            elif words[0] == "Anonymous:":  # dirty are also pages of an executable that was linked a moment ago
                total += int(words[1])
                own += 0 if file else int(words[1])
    return own, total


@with_endpoint
def connect_memory(e):
    s = Shim(e)
    s.open()
    s.say(READY)
    e.wait(lambda: e.streams, "the stream of the server")
    own, total = own_memory(s.p.pid)
    s.say(call(1, "blob", size=1000000))
    s.hear()
    s.say(call(2, "echo", message="x"))
    s.hear()
    after = own_memory(s.p.pid)[0]
    print("private memory of connect: %d kB, %d kB of it its own; after an answer of 1 MB %d kB" % (total, own, after))
    if SLOW == 1:
        if COVERAGE:
            skip("connect: less than 1 MB with what the loader did: the counters of gcov are that, too")
        else:
            check("connect: less than 1 MB with what the loader did to files", total < 1024, total)
        check("connect: little of it is its own", own < 256, own)
        check("connect: a long answer leaves little behind", after < own + 512, "%d, %d" % (own, after))
    else:
        skip("memory: a sanitizer has its own")
    s.close()


# ---- client-config


def client_config():
    home = path("home")
    env = {"HOME": home, "XDG_CONFIG_HOME": home + "/config", "XDG_STATE_HOME": home + "/state", "MCPVISOR_TOKEN": "t0k"}
    url = "http://127.0.0.1:7780/mcp"
    for d in ("config/Claude", "config/Code/User", "config/zed", ".cursor", ".codex"):
        os.makedirs(os.path.join(home, d))
    wanted = {
        "claude-code": ("mcpServers", {"type": "http", "url": url, "headers": {"Authorization": "Bearer t0k"}}),
        "claude-desktop": ("mcpServers", {"command": os.path.realpath(MCPVISOR), "args": ["connect"]}),
        "cursor": ("mcpServers", {"url": url, "headers": {"Authorization": "Bearer t0k"}}),
        "vscode": ("servers", {"type": "http", "url": url, "headers": {"Authorization": "Bearer t0k"}}),
        "zed": ("context_servers", {"url": url, "headers": {"Authorization": "Bearer t0k"}}),
    }
    for host, (section, entry) in wanted.items():
        code, out, err = run(None, "client-config", host, env=env)
        equal("client-config: " + host, (code, json.loads(out)), (0, {section: {"mcpvisor": entry}}))
    equal("client-config: near words", [run(None, "client-config", x, env=env)[1] for x in ("claude", "code")],
          [run(None, "client-config", x, env=env)[1] for x in ("claude-code", "vscode")])
    equal("client-config: codex", run(None, "client-config", "codex", env=env)[1],
          '[mcp_servers.mcpvisor]\nurl = "%s"\nhttp_headers = { Authorization = "Bearer t0k" }\n' % url)
    code, out, err = run(None, "client-config", "cursro", env=env)
    check("client-config: a host that is not known", code == 2 and "did you mean cursor?" in err, err)
    code, out, err = run(None, "client-config", "cursor", env={**env, "MCPVISOR_TOKEN": ""})
    check("client-config: without a token, the command", code == 0 and json.loads(out)["mcpServers"]["mcpvisor"]["args"]
          == ["connect"] and "token" in err, out + err)
    os.makedirs(home + "/state/mcpvisor")
    if os.geteuid() != 0:
        with open(home + "/state/mcpvisor/token", "w") as f:
            f.write("filed\n")
        out = run(None, "client-config", "cursor", env={**env, "MCPVISOR_TOKEN": ""})[1]
        check("client-config: the token of the state directory", "Bearer filed" in out, out)
    e = Endpoint(servers=["demo"])
    out = run(e, "client-config", "cursor", "--server", "demo", env=env)[1]
    check("client-config: the address of the running daemon", '"http://127.0.0.1:9999/mcp/demo"' in out, out)
    e.end()

    file = home + "/config/Code/User/mcp.json"
    old = '// mine\n{\n    "servers": {\n        "a": {"command": "x"}, // keep\n    },\n    "n": 1e300\n}\n'
    with open(file, "w") as f:
        f.write(old)
    code, out, err = run(None, "client-config", "vscode", "--write", env=env)
    text = open(file).read()
    check("client-config: everything else stays", code == 0 and text.startswith('// mine\n{\n    "servers": {\n        "a": '
          '{"command": "x"},\n        "mcpvisor": {\n          "type": "http",') and text.endswith(', // keep\n    },\n'
          '    "n": 1e300\n}\n'), text + err)
    equal("client-config: and what was", open(file + ".bak").read(), old)
    equal("client-config: nobody else reads the token", os.stat(file).st_mode & 0o777, 0o600)
    code, out, err = run(None, "client-config", "vscode", "--write", env=env)
    equal("client-config: twice is once", (code, open(file).read(), out), (0, text, file + " has it already\n"))
    run(None, "client-config", "vscode", "--write", "--url", "http://[::1]:1/mcp", env=env)
    equal("client-config: anew", open(file).read(), text.replace(url, "http://[::1]:1/mcp"))
    for broken in ('{"servers": [', '[]', '{"servers": []}', "{'servers': {}}"):
        with open(file, "w") as f:
            f.write(broken)
        code, out, err = run(None, "client-config", "vscode", "--write", env=env)
        equal("client-config: left alone: " + broken, (code, open(file).read(), err.count("\n")), (1, broken, 1))
    code, out, err = run(None, "client-config", "cursor", "--write", env=env)
    equal("client-config: a new file", (code, json.load(open(home + "/.cursor/mcp.json"))["mcpServers"]["mcpvisor"]["url"]),
          (0, url))
    toml = home + "/.codex/config.toml"
    with open(toml, "w") as f:
        f.write('model = "x"\n\n[mcp_servers.a]\ncommand = "y"\n\n# z\n[other]\nk = 1\n')
    run(None, "client-config", "codex", "--write", env=env)
    first = open(toml).read()
    run(None, "client-config", "codex", "--write", "--url", "http://h/mcp", env=env)
    equal("client-config: a table of TOML", open(toml).read(), 'model = "x"\n\n[mcp_servers.a]\ncommand = "y"\n\n# z\n[other]'
          '\nk = 1\n\n[mcp_servers.mcpvisor]\nurl = "http://h/mcp"\nhttp_headers = { Authorization = "Bearer t0k" }\n')
    equal("client-config: and its backup", open(toml + ".bak").read(), first)


alarm(300)
main(calls, call_refused, no_daemon, tools, health, connects, connect_at_once, connect_large, connect_restart,
     connect_wishes, connect_wishes_lost, connect_batch, connect_broken, connect_ends, connect_memory, client_config)
