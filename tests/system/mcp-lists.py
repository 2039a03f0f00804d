#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists of many servers put together: names, order, filters, pages, and what a client is told of changes.
docs/protocol.md says which rule each function is about."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403

OWN = ["echo", "who", "seen", "hello", "counts", "state", "fail", "error", "big", "progress", "log", "touch", "grow",
       "shrink", "ask", "die", "hang", "raw", "stray", "long_line"]  # the tools of mcp-child, in its order

shared = Shared(lambda: Gate({"a": child(), "b": child()}, {"views": {"v": {"servers": ["b"], "tools": {
    "allow": ["b__echo", "w*"], "deny": ["progress"]}}}}))


def names(session, method="tools/list", key="tools"):
    """All pages."""
    got, params = [], {}
    while True:
        result = session.request(method, params)["result"]
        got += [x[{"resources": "uri", "resourceTemplates": "uriTemplate"}.get(key, "name")] for x in result[key]]
        if "nextCursor" not in result:
            return got
        params = {"cursor": result["nextCursor"]}


def prefixed(*servers, tools=OWN):
    return ["%s__%s" % (s, t) for s in servers for t in tools]


# ---- names -------------------------------------------------------------------


def merged_and_prefixed():
    equal("/mcp: in the order of the configuration, then of the server", names(shared.gate.session()), prefixed("a", "b"))
    equal("again the same", names(shared.gate.session()), prefixed("a", "b"))


def one_server_as_it_is():
    s = shared.gate.session("/mcp/a")
    message = s.request("tools/list")
    equal("/mcp/a: no prefix", [t["name"] for t in message["result"]["tools"]], OWN)
    check("each tool byte for byte", b'{"name":"echo","inputSchema":{"type":"object"}}' in message.raw, message.raw[:300])


def calls_by_name():
    s = shared.gate.session()
    for name in ("a", "b"):
        equal("%s__who is called at %s" % (name, name), s.call(name + "__who")["name"], name)
    seen = json.loads(s.call("b__seen")["line"])
    equal("the server hears its own name of the tool", seen["params"]["name"], "seen")
    for path, name in (("/mcp", "who"), ("/mcp", "c__who"), ("/mcp", "a__none"), ("/mcp/a", "a__who"), ("/mcp/a", "none")):
        message = shared.gate.session(path).request("tools/call", {"name": name, "arguments": {}})
        equal("%s: %s is an unknown tool" % (path, name), (message.get("error") or {}).get("code"), -32602)


def views():
    s = shared.gate.session("/mcp/v")
    equal("a view has what it allows, but for what it denies", names(s), ["b__echo", "b__who"])
    equal("and can call it", s.call("b__who")["name"], "b")
    message = s.request("tools/call", {"name": "b__state", "arguments": {}})
    equal("and nothing else", (message.get("error") or {}).get("code"), -32602)


def filters():
    d = Gate({"a": child(tools={"allow": ["e*", "who", "seen"], "deny": ["error"], "rename": {"who": "myself"},
                                "describe": {"echo": "Says it \"again\""}}),
              "b": child(prefix="", tools={"allow": ["who", "echo"]}),
              "c": child(prefix="", tools={"allow": ["echo", "state"]})})
    equal("/mcp: allowed, not denied, renamed; the first of a name wins", names(d.session()),
          ["a__echo", "a__myself", "a__seen", "echo", "who", "state"])
    s = d.session("/mcp/a")
    equal("/mcp/a: the same but for the prefix", names(s), ["echo", "myself", "seen"])
    equal("the new name works", s.call("myself")["name"], "a")
    for name in ("who", "error", "state"):
        message = s.request("tools/call", {"name": name, "arguments": {}})
        equal("%s cannot be called" % name, (message.get("error") or {}).get("code"), -32602)
    equal("a description of ours", s.request("tools/list")["result"]["tools"][0]["description"], 'Says it "again"')
    equal("the collision goes to the first", d.session().call("echo", {"x": 1}), {"x": 1})
    check("and is told", d.logged("echo") > 0, d.log_tail())
    nothing = {"allow": []}
    d.write_config({"auth": {"mode": "none"}, "views": {"v": {"servers": ["b"], "tools": nothing}},
                    "servers": {"a": child(tools=nothing, prompts=nothing, resources=nothing), "b": child()}})
    d.ask("reload")
    s = d.session("/mcp/a")
    equal("an empty list shows nothing, of all lists", [names(s), names(s, "prompts/list", "prompts"),
          names(s, "resources/list", "resources")], [[], [], []])
    message = s.request("tools/call", {"name": "echo", "arguments": {}})
    equal("and lets nothing be called", (message.get("error") or {}).get("code"), -32602)
    message = s.request("resources/read", {"uri": "child://b/a"})
    check("nor be read", "error" in message.obj, message.raw)
    equal("in a view too", names(d.session("/mcp/v")), [])
    d.ends_well("filters")


def another_program():
    """Under the same name: what the one before could is in no list, after a reload or a new start of everything."""
    demo, ours = {"command": "builtin:demo", "start": "lazy"}, child(start="lazy")
    d = Gate({"a": ours, "b": child()})
    s = d.session()
    until(lambda: "a__seen" in names(s), what="the lists of a")
    config = {"auth": {"mode": "none"}, "servers": {"a": demo, "b": child(request_timeout="100s")}}
    d.write_config(config)
    d.ask("reload")
    got = names(s)
    check("after a reload", "a__blob" in got and "a__seen" not in got and "b__seen" in got, got)
    equal("TERM ends it", d.stop(), 0)
    config["servers"]["a"] = dict(ours)
    d.write_config(config)
    with open(d.log, "ab") as log:
        d.proc = subprocess.Popen(d.argv, stdout=log, stderr=log, env=dict(os.environ, MCPVISOR_TEST_HELPER=HELPER))
    d.pid = d.proc.pid
    d.wait_ready()
    got = names(d.session())
    check("after a new start", "a__seen" in got and "a__blob" not in got, got)
    d.wait_state("a", "idle", "ready")
    d.ends_well("another program")


def odd_names():
    """In /mcp a name has 64 characters of [A-Za-z0-9_-], and is the same in each life; /mcp/NAME has it as it is."""
    d = Gate({"a": child()})
    own, s = d.session("/mcp/a"), d.session()
    odd = ["with.dot", "with space", "ü", "x" * 100, "x" * 99 + "y", "a__b"]
    for name in odd:
        check("a tool %r" % name[:12], own.call("grow", {"name": name, "quiet": True})["done"])
    own.call("grow", {"name": "told"})
    until(lambda: "told" in names(own), what="the new list")
    equal("/mcp/a has them as they are", names(own)[len(OWN):], odd + ["told"])
    got = names(s)[len(OWN):]
    check("/mcp: only what is allowed there", all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", n) for n in got), got)
    equal("/mcp: each is there, and different", (len(got), len(set(got))), (len(odd) + 1, len(odd) + 1))
    for ours, theirs in zip(got, odd):
        seen = s.request("tools/call", {"name": ours, "arguments": {"n": theirs}})
        equal("%r is called by its name in /mcp" % theirs[:12], seen["result"]["structuredContent"], {"n": theirs})
    d.ends_well("odd names")


# ---- the other lists ---------------------------------------------------------


def resources():
    s = shared.gate.session()
    equal("URIs are not prefixed, and of equal ones the first counts", names(s, "resources/list", "resources"),
          ["child://a/a", "child://a/b", "child://common", "child://b/a", "child://b/b"])
    equal("templates", names(s, "resources/templates/list", "resourceTemplates"),
          ["child://a/item/{id}", "child://b/item/{id}"])
    for uri, who in (("child://a/b", "a"), ("child://b/a", "b"), ("child://common", "a"), ("child://b/item/7", "b"),
                     ("child://b/hidden", "b")):
        contents = s.request("resources/read", {"uri": uri})["result"]["contents"]
        equal("%s is read at %s" % (uri, who), contents, [{"uri": uri, "text": "read by " + who}])
    message = s.request("resources/read", {"uri": "child://nobody/has"})
    check("a URI that nobody has", message["error"]["code"] in (-32002, -32602), message.raw)
    only = shared.gate.session("/mcp/b").request("resources/read", {"uri": "child://a/a"})
    check("/mcp/b does not ask a", only["error"]["code"] in (-32002, -32602), only.raw)


def prompts():
    s = shared.gate.session()
    equal("prompts are prefixed", names(s, "prompts/list", "prompts"), ["a__greet", "b__greet"])
    got = s.request("prompts/get", {"name": "b__greet", "arguments": {"who": "you \\u0041"}})
    equal("and gotten", got["result"]["messages"][0]["content"]["text"], "you \\u0041")
    equal("an unknown one", s.request("prompts/get", {"name": "greet"})["error"]["code"], -32602)
    equal("/mcp/a: as it is", names(shared.gate.session("/mcp/a"), "prompts/list", "prompts"), ["greet"])


def prompt_and_resource_filters():
    d = Gate({"a": child(prompts={"deny": ["gr*"]}, resources={"allow": ["child://a/*"], "deny": ["*/b"]})})
    s = d.session("/mcp/a")
    equal("prompts: denied", names(s, "prompts/list", "prompts"), [])
    equal("prompts: not to be had", s.request("prompts/get", {"name": "greet"})["error"]["code"], -32602)
    equal("resources: allowed, not denied", names(s, "resources/list", "resources"), ["child://a/a"])
    for uri in ("child://a/b", "child://common"):
        check("%s cannot be read" % uri, "error" in s.request("resources/read", {"uri": uri}).obj)
    check("child://a/a can", "result" in s.request("resources/read", {"uri": "child://a/a"}).obj)
    d.ends_well("more filters")


def completion():
    for path, name in (("/mcp", "b__greet"), ("/mcp/b", "greet")):
        got = shared.gate.session(path).request("completion/complete", {
            "ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "who", "value": "wor"}})
        equal(path + ": of a prompt, by the server's own name of it", got["result"]["completion"]["values"], ["greet", "wor"])
    got = shared.gate.session().request("completion/complete", {
        "ref": {"type": "ref/resource", "uri": "child://b/item/{id}"}, "argument": {"name": "id", "value": "7"}})
    equal("of a template", got["result"]["completion"]["values"], ["child://b/item/{id}", "7"])


def capabilities():
    d = Gate({"bare": child("--capabilities", '{"tools":{}}'), "full": child()},
             {"views": {"v": {"servers": ["bare"]}}})
    can = lambda path: d.session(path).result["capabilities"]  # noqa: E731
    got = can("/mcp/bare")
    equal("/mcp/bare: what the server can", sorted(got), ["tools"])
    equal("/mcp/bare: and changes of it are told", got["tools"].get("listChanged"), True)
    equal("/mcp/full", sorted(can("/mcp/full")), ["completions", "logging", "prompts", "resources", "tools"])
    equal("/mcp/full: subscriptions", can("/mcp/full")["resources"].get("subscribe"), True)
    equal("/mcp: logging and completions since one has them", sorted(can("/mcp")),
          ["completions", "logging", "prompts", "resources", "tools"])
    equal("a view: always these three", sorted(can("/mcp/v")), ["prompts", "resources", "tools"])
    check("tasks are never offered", "tasks" not in can("/mcp"))
    view = d.session("/mcp/v")
    equal("a view: empty lists where there is nothing", view.request("prompts/list")["result"]["prompts"], [])
    bare = d.session("/mcp/bare")
    for method in ("prompts/list", "resources/list", "resources/templates/list"):
        answer = bare.post(request(1, method))
        equal("/mcp/bare: %s" % method, (answer.status, answer.error() and answer.error()[0]), (200, -32601))
    equal("no server was asked for what it cannot", sorted(k for k in bare.call("counts") if k.endswith("/list")),
          ["tools/list"])
    d.ends_well("capabilities")


def instructions():
    d = Gate({"a": child("--instructions", "Ask a first."), "b": child("--instructions", "Then b.")})
    text = d.session().result.get("instructions", "")
    check("/mcp: all of them, with whose they are", all(x in text for x in ("Ask a first.", "Then b.", "a", "b")), text)
    equal("/mcp/a: its own", d.session("/mcp/a").result.get("instructions"), "Ask a first.")
    d.ends_well("instructions")


# ---- pages -------------------------------------------------------------------


def pages():
    d = Gate({"a": child("--tools", "300", "--page", "7"), "b": child("--page", "19")})
    own = OWN + ["t%d" % i for i in range(300)]
    equal("all pages of a server", names(d.session("/mcp/a")), own)
    equal("all of all", names(d.session()), prefixed("a", tools=own) + prefixed("b"))
    s = d.session()
    for name, cursor in (("no cursor of ours", "x"), ("a server's", "7"), ("long", "a" * 3000), ("a number", 7)):
        message = s.request("tools/list", {"cursor": cursor})
        equal("%s: -32602" % name, (message.get("error") or {}).get("code"), -32602)
    equal("the empty one is as good as none", "result" in s.request("tools/list", {"cursor": ""}).obj
          or s.request("tools/list", {"cursor": ""})["error"]["code"] == -32602, True)
    d.ends_well("pages")


def page_of_another_list():
    """A list that changes between two pages is asked for from its beginning: nothing is left out without a word."""
    d = Gate({"a": child("--tools", "1500")})
    s = d.session("/mcp/a")
    stream = s.listen()
    cursor = s.request("tools/list")["result"]["nextCursor"]
    check("a second page", "tools" in s.request("tools/list", {"cursor": cursor})["result"])
    s.call("grow", {"name": "new"})
    equal("told", stream.next_message()["method"], "notifications/tools/list_changed")
    equal("the second page of the list before", s.request("tools/list", {"cursor": cursor})["error"]["code"], -32602)
    check("from the beginning: all", "new" in names(s))
    d.ends_well("another list")


def lists_are_not_asked_again():
    s = shared.gate.session("/mcp/a")
    before = s.call("counts")["tools/list"]
    for _ in range(20):
        shared.gate.session("/mcp/a").request("tools/list")
    equal("twenty clients, no question more", s.call("counts")["tools/list"], before)


# ---- changes -----------------------------------------------------------------


def change_is_told_once():
    d = Gate({"a": child()})
    s, other = d.session(), d.session("/mcp/a")
    streams = [s.listen(), s.listen()]
    own = other.listen()
    other.call("grow", {"name": "new"})
    first, message = first_to_hear(streams)
    equal("it is told", (message["method"], "id" in message.obj), ("notifications/tools/list_changed", False))
    check("neither stream hears anything more", all(e.is_silent() for e in streams))
    equal("each session is told", own.next_message()["method"], "notifications/tools/list_changed")
    check("and has the new one", "a__new" in names(s))
    d.ends_well("a change")


def no_change_is_not_told():
    d = Gate({"a": child("--at-start", "changed")})
    s = d.session("/mcp/a")
    stream = s.listen()
    before = s.call("who")["life"]
    s.call("raw", {"text": '{"method":"notifications/tools/list_changed","jsonrpc":"2.0"}\n', "answer": True})
    check("a list that is as before", stream.is_silent())
    equal("restart", d.ask("restart a")["ok"], True)
    check("a new process", s.call("who")["life"] != before)
    check("a new process with the same list", stream.is_silent())
    d.ends_well("no change")


def lists_outlive_their_server():
    d = Gate({"a": child()})
    s = d.session()
    stream, before = s.listen(), names(s)
    equal("stop", d.ask("stop a")["ok"], True)
    equal("the list of a stopped server stays", names(s), before)
    check("and nothing is told", stream.is_silent())
    equal("start", d.ask("start a")["ok"], True)
    equal("and it works again", s.call("a__who")["name"], "a")
    d.ends_well("a stopped server")


def first_contact():
    """A server that was never seen and is still starting: an answer at once, and news when it is ready."""
    go = path("go-%d" % time.monotonic_ns())
    os.mkfifo(go)
    slow = {"command": "/bin/sh", "args": ["-c", ': <"$GO"; exec "$CHILD" --name a'], "env": {"GO": go, "CHILD": MCP_CHILD}}
    d = Gate({"a": slow}, ready=False)
    s = d.session("/mcp/a")
    equal("it may get tools, prompts and resources", s.result["capabilities"]["tools"].get("listChanged"), True)
    stream = s.listen()
    equal("there are none yet", names(s), [])
    open(go, "w", encoding="utf-8").close()
    told = stream.next_message()
    check("it is told", told["method"].endswith("/list_changed"), told.raw)
    until(lambda: names(s) == OWN, what="the tools")
    ok("and there they are")
    d.ends_well("first contact")


def waits_for_all():
    """A list of several servers is held back for those that start, whatever the others do meanwhile."""
    go = path("go-%d" % time.monotonic_ns())
    os.mkfifo(go)
    slow = {"command": "/bin/sh", "args": ["-c", ': <"$GO"; exec "$CHILD" --name a'], "env": {"GO": go, "CHILD": MCP_CHILD}}
    d = Gate({"a": slow, "b": child()}, ready=False)
    d.wait_state("b", "ready")
    b = d.session("/mcp/b")
    until(lambda: names(b), what="the lists of b")
    stream, s, start = b.listen(), d.session(), time.monotonic()
    x = s.start("tools/list")
    b.call("grow", {"name": "new"})
    equal("the other one has changed", stream.next_message()["method"], "notifications/tools/list_changed")
    waits = x.is_pending(0.05)
    if time.monotonic() - start < 1.8:  # LIMIT_LIST_WAIT, a little less
        check("nothing is answered yet", waits)
    else:
        skip("this machine is too slow to see a list wait")
    open(go, "w", encoding="utf-8").close()
    x.finish()
    until(lambda: names(s) == prefixed("a") + prefixed("b", tools=OWN + ["new"]), what="the tools of both")
    ok("both are there in the end")
    d.ends_well("waiting for all")


def reloaded():
    """A server more, and one less: told in the sessions of /mcp, which go on; a path that is gone ends its own."""
    config = lambda *names: {"auth": {"mode": "none"}, "servers": {n: child("--name", n) for n in names}}  # noqa: E731
    d = Gate(config("a", "b")["servers"])
    s, gone = d.session(), d.session("/mcp/b")
    stream, pid = s.listen(), s.call("a__who")["life"]
    d.write_config(config("a", "c"))
    equal("reload", d.ask("reload")["ok"], True)
    equal("it is told", stream.next_message()["method"].endswith("/list_changed"), True)
    until(lambda: names(s) == prefixed("a", "c"), what="the new list")
    equal("the new server is called in the old session", s.call("c__who")["name"], "c")
    equal("the one that stays is not disturbed", s.call("a__who")["life"], pid)
    message = s.request("tools/call", {"name": "b__who", "arguments": {}})
    equal("the old one is unknown", (message.get("error") or {}).get("code"), -32602)
    equal("its path is gone", gone.post(request(1, "tools/list")).status, 404)
    d.ends_well("reload")


alarm(180)
validate_messages()
shared.main(merged_and_prefixed, one_server_as_it_is, calls_by_name, views, filters, another_program, odd_names, resources, prompts,
            prompt_and_resource_filters, completion, capabilities, instructions, pages, page_of_another_list, lists_are_not_asked_again,
            change_is_told_once, no_change_is_not_told, lists_outlive_their_server, first_contact, waits_for_all, reloaded)
