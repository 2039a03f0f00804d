#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions and HTTP as clients of the eras before 2026-07-28 use them: who may speak, what a session is, and
which status and error each mistake gets. docs/protocol.md says which rule each function is about."""

import base64
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

shared = Shared(lambda: Gate({"a": child(), "b": child()}))  # for what changes nothing


def refused(name, answer, status, code=None, ident="absent"):
    """An HTTP status with a JSON-RPC error of that code (None: any body) for that id."""
    got = answer.error()
    text = "%d %s %r" % (answer.status, answer.header("Content-Type"), answer.body[:300])
    if code is None:
        return check(name, answer.status == status, text)
    right = answer.status == status and got is not None and got[0] == code and answer.is_json()
    return check(name, right and answer.json.get("id", "absent") == ident, text)


def plain(method, path, headers, body=None, wire=None):
    """One request by hand on a connection of its own."""
    with wire or shared.gate.wire() as w:
        w.send(head(method, path, headers, body) + (body or b""))
        answer = w.answer(to_head=method == "HEAD")
        if not answer.is_stream():
            answer.body
        return answer


BASE = {"Host": "localhost", "Accept": BOTH, "Content-Type": "application/json"}

# ---- initialize --------------------------------------------------------------


def negotiation():
    """A revision that we have is echoed; any other is answered with our newest one that has sessions."""
    for asked, given in (("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"),
                         ("2024-11-05", "2024-11-05"), ("2026-07-28", LATEST), ("1999-01-01", LATEST), ("", LATEST)):
        for path in ("/mcp", "/mcp/a"):
            s = shared.gate.session(path, version=asked)
            equal("%s: initialize with %r" % (path, asked), s.version, given)
            check("%s: %s: names itself and what it can" % (path, asked),
                  s.result["serverInfo"]["name"] and isinstance(s.result["capabilities"]["tools"], dict), s.result)
            s.close()


def session_ids():
    """Visible ASCII, hard to guess, and never the same."""
    ids = [shared.gate.session().id for _ in range(20)]
    check("ids are visible ASCII", all(i and all(0x21 <= ord(c) <= 0x7E for c in i) for i in ids), ids)
    check("ids are long enough for 128 bits", all(len(i) >= 22 for i in ids), ids)
    equal("ids differ", len(set(ids)), len(ids))


def initialize_carries_the_id():
    """The header stands on the answer to initialize, and on no refusal."""
    bad = plain("POST", "/mcp", BASE, initialize(b"null"))
    refused("initialize with a null id", bad, 400, -32600)
    equal("no session for a refusal", bad.header("Mcp-Session-Id"), None)


def notifications_get_202():
    s = shared.gate.session()
    for body in (notification("notifications/initialized"), notification("notifications/roots/list_changed"),
                 notification("notifications/unheard_of"), b'{"jsonrpc":"2.0","id":99,"result":{}}'):
        answer = s.post(body)
        equal("202 without a body: %s" % body.decode(), (answer.status, answer.body), (202, b""))


def ping():
    s = shared.gate.session("/mcp/a")
    before = s.call("counts").get('ping', 0)
    message = s.request("ping")
    equal("ping is answered", message["result"], {})
    equal("by us, not by the child", s.call("counts").get("ping", 0), before)


def double_initialize():
    s = shared.gate.session()
    refused("a second initialize", s.post(initialize(7)), 400, -32600, 7)
    check("the session lives", "result" in s.request("tools/list").obj)


# ---- which session -----------------------------------------------------------


def session_missing():
    answer = plain("POST", "/mcp", BASE, request(5, "tools/list"))
    check("a request without a session", answer.status == 400 and answer.error(), answer.body)
    equal("a notification without one", plain("POST", "/mcp", BASE, notification("notifications/cancelled")).status, 400)
    equal("GET without one", plain("GET", "/mcp", dict(BASE, Accept="text/event-stream")).status, 400)
    equal("DELETE without one", plain("DELETE", "/mcp", BASE).status, 400)


def session_unknown():
    for name, ident in (("never given", "0" * 32), ("not ours in form", "x"), ("long", "a" * 4000)):
        h = dict(BASE, **{"Mcp-Session-Id": ident})
        refused(name + ": POST", plain("POST", "/mcp", h, request(5, "tools/list")), 404, -32001, 5)
        equal(name + ": GET", plain("GET", "/mcp", dict(h, Accept="text/event-stream")).status, 404)
        equal(name + ": DELETE", plain("DELETE", "/mcp", h).status, 404)


def session_deleted():
    s = shared.gate.session()
    stream = s.listen()
    check("DELETE ends it", s.delete() in (200, 202, 204))
    equal("its stream ends", stream.next_message(), None)
    refused("after DELETE", s.post(request(6, "tools/list")), 404, -32001, 6)
    equal("a second DELETE", s.delete(), 404)
    s.id = None
    s.open()
    check("a new one works", "result" in s.request("tools/list").obj)


def session_of_another_path():
    s = shared.gate.session("/mcp/a")
    for path in ("/mcp", "/mcp/b"):
        s.path = path
        refused("of /mcp/a at " + path, s.post(request(6, "tools/list")), 404, -32001, 6)
    s.path = "/mcp/a"
    check("at its own", "result" in s.request("tools/list").obj)


def session_of_another_principal():
    tokens = {"one": "first-token-of-the-test", "two": "second-token-of-the-test"}
    hashes = [{"name": k, "hash": "sha256:" + hashlib.sha256(v.encode()).hexdigest()} for k, v in tokens.items()]
    d = Gate({"a": child()}, {"auth": {"mode": "token", "tokens": hashes}})
    s = d.session(token=tokens["one"])
    s.token = tokens["two"]
    refused("another principal", s.post(request(6, "tools/list")), 404, -32001, 6)
    s.token = tokens["one"]
    check("its own", "result" in s.request("tools/list").obj)
    d.ends_well("principals")


def session_expires():
    d = Gate({"a": child()}, {"limits": {"session_ttl": "1s"}})
    s = d.session()
    stream = s.listen()
    equal("an open stream does not make it younger: it ends", stream.next_message(), None)
    refused("after its time", s.post(request(6, "tools/list")), 404, -32001, 6)
    d.ends_well("expiry")


def session_evicted():
    """Over the cap the least recently used one goes; one with a call in flight or a stream stays."""
    d = Gate({"a": child()}, {"limits": {"max_sessions": 3}})
    streaming, calling, idle = d.session(), d.session(), d.session()
    stream, call = streaming.listen(), calling.start_call("a__echo", {"ms": 600000})
    check("nothing yet", call.is_pending())
    newer = d.session()
    refused("the quiet one has gone", idle.post(request(6, "tools/list")), 404, -32001, 6)
    check("the new one works", "result" in newer.request("tools/list").obj)
    check("the stream is open", stream.is_silent())
    check("the call is in flight", call.is_pending())
    d.ends_well("eviction")


# ---- headers -----------------------------------------------------------------


def version_header():
    s = shared.gate.session("/mcp/a")
    for bad in ("1999-01-01", "x", "2025-11-25x", ""):
        s.extra = {"MCP-Protocol-Version": bad}
        equal("MCP-Protocol-Version %r" % bad, s.post(request(6, "ping")).status, 400)
    s.extra = {"MCP-Protocol-Version": None}
    equal("without it the session's own holds", s.post(request(6, "ping")).status, 200)
    s.extra = {"MCP-Protocol-Version": None, "mcp-protocol-version": LATEST, "Mcp-Session-Id": None,
               "MCP-SESSION-ID": s.id}
    equal("names of headers have no case", s.post(request(6, "ping")).status, 200)


def modern_header_over_a_body_without_meta():
    s = shared.gate.session("/mcp/a")
    h = dict(BASE, **{"MCP-Protocol-Version": "2026-07-28"})
    refused("without a session", plain("POST", "/mcp/a", h, request(5, "tools/list")), 400, -32602, 5)
    h["Mcp-Session-Id"] = s.id
    refused("with a session", plain("POST", "/mcp/a", h, request(5, "tools/list")), 400, -32602, 5)


def accept():
    s = shared.gate.session("/mcp/a")
    for value, status in ((BOTH, 200), ("application/json", 200), ("text/event-stream", 200), ("*/*", 200),
                          ("application/*", 200), (None, 200), ("text/html", 406), ("application/json;q=0", 406),
                          ("text/html, application/json;q=0.1", 200)):
        s.extra = {"Accept": value}
        answer = s.fetch("POST", request(5, "tools/call", {"name": "progress", "arguments": {"n": 2},
                                                           "_meta": {"progressToken": 1}}))
        equal("Accept: %s" % value, answer.status, status)
        if status == 200:
            named = value is not None and "text/event-stream" in value
            only = value == "text/event-stream"
            check("Accept: %s: a stream only if it is named" % value, answer.is_stream() if only else
                  answer.is_stream() <= named, answer.head)
            if answer.is_stream():
                events = answer.events()
                while events.next():
                    pass
    s.extra = {}
    h = dict(BASE, **{"Mcp-Session-Id": s.id, "Accept": "application/json"})
    equal("GET that wants no stream", plain("GET", "/mcp/a", h).status, 406)


def content_type():
    for value, status in (("application/json", 200), ("application/json; charset=utf-8", 200),
                          ("Application/JSON", 200), ("text/plain", 415), ("application/json-seq", 415),
                          ("application/json; charset=latin-1", 415), (None, 415)):
        answer = plain("POST", "/mcp", dict(BASE, **{"Content-Type": value}), initialize())
        equal("Content-Type: %s" % value, answer.status, status)
    answer = plain("POST", "/mcp", dict(BASE, **{"Content-Encoding": "gzip"}), initialize())
    equal("Content-Encoding: gzip", answer.status, 415)


def methods_and_paths():
    equal("a method that HTTP does not have", plain("FOO", "/mcp", BASE, b"{}").status, 501)
    for method in ("PUT", "PATCH", "TRACE"):
        answer = plain(method, "/mcp", BASE, b"{}")
        equal(method, answer.status, 405)
        check(method + ": Allow names what is", "POST" in (answer.header("Allow") or ""), answer.head)
    for path in ("/", "/mcpx", "/mcp/none", "/mcp/a/b", "/MCP", "/mcp/../mcp/a", "/mcp%2fa"):
        equal("POST " + path, plain("POST", path, BASE, initialize()).status, 404)
    equal("a query is no matter", plain("POST", "/mcp?x=1", BASE, initialize()).status, 200)


# ---- who may speak -----------------------------------------------------------


def host():
    d = Gate({"a": child()}, {"allowed_hosts": ["gateway.example"]})
    for value, good in (("localhost", 1), ("localhost:1", 1), ("127.0.0.1", 1), ("[::1]:7780", 1), ("192.0.2.7", 1),
                        ("x.localhost", 1), ("gateway.example", 1), ("gateway.example:99", 1), ("GATEWAY.example", 1),
                        ("evil.example.com", 0), ("localhost.evil.example.com", 0), ("127.0.0.1.evil.example", 0),
                        ("evil.gateway.example", 0)):
        for path in ("/mcp", "/mcp/none"):
            answer = plain("POST", path, dict(BASE, Host=value), initialize(), wire=d.wire())
            wanted = (200 if path == "/mcp" else 404) if good else 403
            equal("%s with Host %r" % (path, value), answer.status, wanted)
            if not good:
                check("its body is no session", answer.header("Mcp-Session-Id") is None)
    equal("health asks for no Host", plain("GET", "/livez", {"Host": "evil.example.com"}, wire=d.wire()).status, 200)
    d.ends_well("host")


def origin():
    d = Gate({"a": child()}, {"allowed_origins": ["https://app.example"]})
    for value, good in (("http://localhost:3000", 1), ("http://127.0.0.1", 1), ("http://[::1]:9", 1),
                        ("https://app.example", 1), ("http://app.example", 0), ("https://app.example:444", 0),
                        ("http://evil.example.com", 0), ("null", 0), ("http://localhost.evil.example", 0)):
        answer = plain("POST", "/mcp", dict(BASE, Origin=value), initialize(), wire=d.wire())
        equal("Origin %r" % value, answer.status, 200 if good else 403)
        if not good and answer.is_json():
            check("Origin %r: the error has no id" % value, "id" not in answer.json, answer.body)
    with Wire(d.unix) as w:
        w.send(head("POST", "/mcp", dict(BASE, Origin="http://evil.example.com"), initialize()) + initialize())
        equal("on a unix socket too", w.answer().status, 403)
    d.ends_well("origin")


def token():
    d = Gate({"a": child()}, {"auth": {"mode": "token"}})
    with open(os.path.join(d.state, "token"), encoding="utf-8") as f:
        right = f.read().strip()
    for name, value, status in (("none", None, 401), ("wrong", "Bearer wrong", 401), ("empty", "Bearer ", 401),
                                ("not Bearer", "Basic " + base64.b64encode(b"a:b").decode(), 401),
                                ("half of it", "Bearer " + right[:10], 401), ("more", "Bearer " + right + "x", 401),
                                ("the right one", "Bearer " + right, 200), ("in other case", "bearer " + right, 200)):
        answer = plain("POST", "/mcp", dict(BASE, Authorization=value), initialize(), wire=d.wire())
        equal("token: " + name, answer.status, status)
        if status == 401:
            check("token: %s: WWW-Authenticate" % name, (answer.header("WWW-Authenticate") or "").startswith("Bearer"))
            check("token: %s: the right one is not told" % name, right.encode() not in answer.head + answer.body)
    equal("in the query it is none", plain("POST", "/mcp?token=" + right, BASE, initialize(), wire=d.wire()).status, 401)
    equal("an unknown server, without: 401", plain("POST", "/mcp/none", BASE, initialize(), wire=d.wire()).status, 401)
    h = dict(BASE, Authorization="Bearer " + right)
    equal("an unknown server, with: 404", plain("POST", "/mcp/none", h, initialize(), wire=d.wire()).status, 404)
    equal("Host comes before", plain("POST", "/mcp", dict(BASE, Host="evil.example"), initialize(), wire=d.wire()).status, 403)
    equal("the token before the body", plain("POST", "/mcp", BASE, b"no json", wire=d.wire()).status, 401)
    equal("health asks for none", plain("GET", "/livez", BASE, wire=d.wire()).status, 200)
    with Session(d.unix) as s:
        check("a unix socket asks for none", "result" in s.request("tools/list").obj)
        s.id = None
    check("it is in no log", right not in d.log_text())
    d.ends_well("token")


def metrics_address():
    """It has /metrics, with a token or without, and nothing else: not even something that a token would open."""
    d = Gate({"a": child()}, {"auth": {"mode": "token"}, "metrics": {"listen": "127.0.0.2:0"}})
    with open(os.path.join(d.state, "token"), encoding="utf-8") as f:
        right = dict(BASE, Authorization="Bearer " + f.read().strip())
    host, port = d.status()["gateway"]["metrics_listen"][0].rsplit(":", 1)
    ask = lambda *args: plain(*args, wire=Wire((host, int(port)))).status  # noqa: E731
    equal("/metrics", ask("GET", "/metrics", BASE), 200)
    for way in ("/livez", "/readyz", "/health/detailed", "/mcp/a", "/none", "/"):
        equal("%s is not there" % way, [ask("GET", way, h) for h in (BASE, right, dict(BASE, Host="evil.example"))], [404] * 3)
    equal("nor to a POST or OPTIONS", [ask("POST", "/mcp", BASE, initialize()), ask("OPTIONS", "/mcp", BASE)], [404] * 2)
    d.ends_well("metrics address")


# ---- errors ------------------------------------------------------------------


def same_head():
    """What was decided about a head holds for the next one that says the same, and for no other."""
    tokens = {"one": "first-token-of-the-test", "two": "other-token-of-the-test"}
    hashes = {k: {"name": k, "hash": "sha256:" + hashlib.sha256(v.encode()).hexdigest()} for k, v in tokens.items()}
    config = {"auth": {"mode": "token", "tokens": list(hashes.values())}}
    d = Gate({"a": child()}, config)
    s = d.session("/mcp/a", token=tokens["one"])
    good = dict(BASE, Authorization="Bearer " + tokens["one"], **{"Mcp-Session-Id": s.id, "X-Request-Id": "r-1"})
    body = request(7, "ping")
    others = {"another principal": (404, "/mcp/a", {"Authorization": "Bearer " + tokens["two"]}),
              "a wrong token": (401, "/mcp/a", {"Authorization": "Bearer third-token-of-the-test"}),
              "no token": (401, "/mcp/a", {"Authorization": None}),
              "another Host": (403, "/mcp/a", {"Host": "elsewhere"}),
              "an Origin": (403, "/mcp/a", {"Origin": "http://evil.example"}),
              "another Accept": (406, "/mcp/a", {"Accept": "text/html"}),
              "another Content-Type": (415, "/mcp/a", {"Content-Type": "text/plain"}),
              "another path": (404, "/mcp", {}),
              "no such path": (404, "/mcp/b", {}),
              "another session": (404, "/mcp/a", {"Mcp-Session-Id": s.id[:-1] + ("0" if s.id[-1] != "0" else "1")}),
              "no session": (400, "/mcp/a", {"Mcp-Session-Id": None}),
              "another X-Request-Id": (200, "/mcp/a", {"X-Request-Id": "r-234567"})}
    with d.wire() as w:
        def ask(path, headers, what=body):
            w.send(head("POST", path, headers, what) + what)
            answer = w.answer()
            answer.body
            return answer

        for name, (status, path, change) in others.items():
            for turn in range(3):
                answer = ask("/mcp/a", good)
                equal("before %s: %d" % (name, turn), (answer.status, answer.header("X-Request-Id")), (200, "r-1"))
            answer = ask(path, dict(good, **change))
            equal(name, answer.status, status)
            equal(name + ": its own id", answer.header("X-Request-Id"), change.get("X-Request-Id", "r-1"))
        for turn in range(2):
            equal("once more: %d" % turn, ask("/mcp/a", good).status, 200)
        long = request(8, "ping", {"_meta": {"x": "y" * 1000}})
        equal("a longer body", ask("/mcp/a", good, long).json["id"], 8)
        d.write_config({"servers": {"a": child()}, "auth": {"mode": "token", "tokens": [hashes["two"]]}})
        equal("reload", d.ask("reload")["ok"], True)
        equal("not any more, once its token is taken away", ask("/mcp/a", good).status, 401)
    d.ends_well("same head")


def errors_and_ids():
    """What cannot be read has no id in its error, or null where the revision demands one."""
    s = shared.gate.session("/mcp/a")
    old = shared.gate.session("/mcp/a", version="2025-06-18")
    for name, body, code in (("no JSON", b"{", -32700), ("empty", b"", -32700), ("a number", b"1", -32600),
                             ("no method", b'{"jsonrpc":"2.0","id":1}', -32600),
                             ("another jsonrpc", b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
                             ("no jsonrpc", b'{"id":1,"method":"ping"}', -32600),
                             ("a method that is no string", b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
                             ("params that are no object", b'{"jsonrpc":"2.0","id":1,"method":"ping","params":7}', -32600),
                             ("an array", b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600)):
        answer = s.post(body)
        got = answer.error()
        check("%s: 400, %d" % (name, code), answer.status == 400 and got and got[0] == code, answer.body)
        check("%s: never a null id" % name, answer.json.get("id", 1) is not None, answer.body)
        answer = old.post(body)
        check("%s, 2025-06-18: an id, if only null" % name, answer.status == 400 and "id" in answer.json, answer.body)


def unknown_method():
    for path in ("/mcp", "/mcp/a"):
        s = shared.gate.session(path)
        answer = s.post(request("x", "no/such"))
        refused(path + ": a method that nobody knows", answer, 200, -32601, "x")
        refused(path + ": a method of servers", s.post(request("x", "sampling/createMessage", {})), 200, -32601, "x")
        refused(path + ": one of the modern era", s.post(request("x", "server/discover")), 200, -32601, "x")
        refused(path + ": tasks are not offered", s.post(request("x", "tasks/list")), 200, -32601, "x")


alarm(180)
validate_messages()
shared.main(negotiation, session_ids, initialize_carries_the_id, notifications_get_202, ping, double_initialize,
     session_missing, session_unknown, session_deleted, session_of_another_path, session_of_another_principal,
     session_expires, session_evicted, version_header, modern_header_over_a_body_without_meta, accept, content_type,
     methods_and_paths, host, origin, token, metrics_address, same_head, errors_and_ids, unknown_method)
