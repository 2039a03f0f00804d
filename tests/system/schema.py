#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The validator that other tests use takes what is right and says what is
wrong: one row each, for every revision that differs in it."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", "."), "tests/support"))
from daemon import check as holds, finish, main, ok, skip  # noqa: E402

try:
    from schema import BATCHES, CLIENT, MODERN, REVISIONS, SERVER, SchemaError, check, definitions, load, methods, \
        result_type
except ImportError as e:
    skip("schemas: %s" % e)
    finish()

LEGACY = [r for r in REVISIONS if r not in MODERN]
NEW = MODERN[0]
META = {"io.modelcontextprotocol/protocolVersion": NEW, "io.modelcontextprotocol/clientCapabilities": {}}


def text(**members):
    return json.dumps(dict({"jsonrpc": "2.0"}, **members))


def good(name, message, revisions, direction, method=None):
    for revision in revisions:
        try:
            check(message, revision, direction, method)
            ok("%s: %s" % (revision, name))
        except SchemaError as e:
            holds("%s: %s" % (revision, name), False, e)


def bad(name, message, revisions, direction, method=None, why=""):
    for revision in revisions:
        try:
            check(message, revision, direction, method)
            holds("%s: %s is refused" % (revision, name), False, message)
        except SchemaError as e:
            holds("%s: %s is refused" % (revision, name), why in str(e), "%r is not in: %s" % (why, e))


def files():
    for revision in REVISIONS:
        holds(revision + ": is a schema of JSON", "json-schema.org" in load(revision)["$schema"])
        holds(revision + ": has definitions", len(definitions(revision)) > 50)


def answers_have_types():
    for revision in REVISIONS:
        for asker, answerer in ((CLIENT, SERVER), (SERVER, CLIENT)):
            for method in methods(revision, asker + "Request"):
                name = result_type(method, revision, answerer)
                holds("%s: %s answers %s" % (revision, name, method), name in definitions(revision))


def requests():
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    good("initialize", text(id=1, method="initialize", params=hello), LEGACY, CLIENT)
    bad("initialize", text(id=1, method="initialize", params=hello), MODERN, CLIENT, why="sends no request")
    bad("initialize of a server", text(id=1, method="initialize", params=hello), LEGACY, SERVER, why="sends no")
    bad("initialize without a name", text(id=1, method="initialize", params=dict(hello, clientInfo={})), LEGACY, CLIENT,
        why="'name'")
    bad("initialize without params", text(id=1, method="initialize"), LEGACY, CLIENT, why="'params'")
    good("ping of both", text(id="a", method="ping"), LEGACY, CLIENT)
    good("ping of both", text(id=0, method="ping"), LEGACY, SERVER)
    bad("an id of null", text(id=None, method="ping"), REVISIONS, CLIENT)
    bad("an id with a fraction", text(id=1.5, method="ping"), REVISIONS, CLIENT)
    bad("an id of a boolean", text(id=True, method="ping"), REVISIONS, CLIENT)
    bad("an unknown method", text(id=1, method="tools/eat"), REVISIONS, CLIENT)
    good("tools/call", text(id=1, method="tools/call", params={"name": "a", "arguments": {}, "_meta": META}), REVISIONS,
         CLIENT)
    bad("tools/call without _meta", text(id=1, method="tools/call", params={"name": "a"}), MODERN, CLIENT, why="_meta")
    bad("tools/call without a name", text(id=1, method="tools/call", params={"_meta": META}), REVISIONS, CLIENT,
        why="'name'")
    good("elicitation", text(id=1, method="elicitation/create",
                             params={"message": "?", "requestedSchema": {"type": "object", "properties": {}}}),
         ("2025-06-18", "2025-11-25"), SERVER)
    bad("elicitation", text(id=1, method="elicitation/create", params={"message": "?"}), ("2025-03-26", NEW), SERVER,
        why="sends no request")


def notifications():
    good("initialized", text(method="notifications/initialized"), LEGACY, CLIENT)
    bad("initialized of a server", text(method="notifications/initialized"), LEGACY, SERVER, why="sends no")
    good("cancelled", text(method="notifications/cancelled", params={"requestId": 1}), REVISIONS, CLIENT)
    bad("cancelled without what", text(method="notifications/cancelled", params={}), LEGACY[:3] + [NEW], CLIENT,
        why="requestId")
    good("progress", text(method="notifications/progress", params={"progressToken": 1, "progress": 0.5}), REVISIONS, SERVER)
    bad("progress of words", text(method="notifications/progress", params={"progressToken": 1, "progress": "half"}),
        REVISIONS, SERVER, why="number")
    good("a log message", text(method="notifications/message", params={"level": "info", "data": 1}), REVISIONS, SERVER)
    bad("a log message of another level", text(method="notifications/message", params={"level": "loud", "data": 1}),
        REVISIONS, SERVER, why="loud")


def results():
    tools = {"tools": [{"name": "a", "inputSchema": {"type": "object"}}]}
    modern = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    good("tools/list", text(id=1, result=tools), LEGACY, SERVER, "tools/list")
    good("tools/list", text(id=1, result=dict(tools, **modern)), MODERN, SERVER, "tools/list")
    bad("a legacy tools/list", text(id=1, result=tools), MODERN, SERVER, "tools/list", why="resultType")
    for missing in ("ttlMs", "cacheScope"):
        part = {k: v for k, v in modern.items() if k != missing}
        bad("tools/list without " + missing, text(id=1, result=dict(tools, **part)), MODERN, SERVER, "tools/list",
            why=missing)
    bad("a tool without a schema", text(id=1, result=dict(modern, tools=[{"name": "a"}])), REVISIONS, SERVER,
        "tools/list", why="inputSchema")
    bad("tools of prompts/list", text(id=1, result=dict(tools, **modern)), REVISIONS, SERVER, "prompts/list",
        why="'prompts'")
    bad("a result of the client", text(id=1, result=dict(tools, **modern)), REVISIONS, CLIENT, "tools/list", why="asks no")
    good("an empty result", text(id=1, result={}), LEGACY, SERVER, "ping")
    good("an empty result", text(id=1, result={}), LEGACY, CLIENT, "ping")
    bad("a result without id", text(result={}), REVISIONS, SERVER, "ping")
    call = {"content": [{"type": "text", "text": "x"}], "resultType": "complete"}
    good("tools/call", text(id=1, result=call), REVISIONS, SERVER, "tools/call")
    bad("content of no type", text(id=1, result=dict(call, content=[{"text": "x"}])), REVISIONS, SERVER, "tools/call")
    good("input_required", text(id=1, result={"resultType": "input_required", "requestState": "s"}), MODERN, SERVER,
         "tools/call")
    bad("input_required of a list", text(id=1, result={"resultType": "input_required"}), MODERN, SERVER, "tools/list",
        why="input_required")
    good("roots", text(id=1, result={"roots": [{"uri": "file:///"}]}), LEGACY, CLIENT, "roots/list")
    try:
        check(text(id=1, result={"resultType": "complete"}), NEW, SERVER)
        holds("a result needs its method", False)
    except ValueError:
        ok("a result needs its method")


def errors():
    good("an error", text(id=1, error={"code": -32601, "message": "m"}), REVISIONS, SERVER)
    bad("an error without text", text(id=1, error={"code": -32601}), REVISIONS, SERVER, why="")
    bad("a code of words", text(id=1, error={"code": "x", "message": "m"}), REVISIONS, SERVER, why="")
    nobody = text(error={"code": -32600, "message": "m"})
    good("an error to nobody", nobody, ("2025-11-25", NEW), SERVER)
    bad("an error to nobody", nobody, LEGACY[:3], SERVER)
    bad("an error to null", text(id=None, error={"code": -32600, "message": "m"}), REVISIONS[3:], SERVER)
    version = {"code": -32022, "message": "m", "data": {"supported": [NEW], "requested": "x"}}
    good("an unsupported version", text(id=1, error=version), MODERN, SERVER)
    bad("an unsupported version without data", text(id=1, error=dict(version, data={})), MODERN, SERVER, why="requested")
    bad("a legacy code", text(id=1, error={"code": -32002, "message": "m"}), MODERN, SERVER, why="-32002")
    good("a legacy code", text(id=1, error={"code": -32002, "message": "m"}), LEGACY, SERVER)
    bad("a missing capability without which", text(id=1, error={"code": -32021, "message": "m"}), MODERN, SERVER, why="data")


def forms():
    pair = "[%s,%s]" % (text(id=1, result={}), text(method="notifications/message", params={"level": "info", "data": 1}))
    good("a batch", pair, BATCHES, SERVER, {1: "ping"})
    bad("a batch", pair, [r for r in REVISIONS if r not in BATCHES], SERVER, {1: "ping"}, why="array")
    bad("an empty batch", "[]", BATCHES, SERVER, why="no messages")
    bad("a batch with one that is wrong", "[%s,{}]" % text(id=1, result={}), BATCHES, SERVER, {1: "ping"})
    good("bytes", text(id="\xe9", method="ping").encode(), LEGACY, CLIENT)
    bad("no UTF-8", b'{"jsonrpc":"2.0","id":"\xff","method":"ping"}', REVISIONS, CLIENT, why="no JSON")
    bad("no JSON", '{"jsonrpc":"2.0",', REVISIONS, CLIENT, why="no JSON")
    bad("a number that JSON has not", '{"jsonrpc":"2.0","id":1,"result":{"x":NaN}}', REVISIONS, SERVER, "ping", why="NaN")
    bad("what follows", text(id=1, method="ping") + "{}", REVISIONS, CLIENT, why="no JSON")
    bad("a member that is there twice", '{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}', REVISIONS, CLIENT, why="twice")
    bad("no version", '{"id":1,"method":"ping"}', REVISIONS, CLIENT)
    bad("another version", '{"jsonrpc":"1.0","id":1,"method":"ping"}', REVISIONS, CLIENT)
    bad("result and error", text(id=1, result={}, error={"code": 1, "message": ""}), REVISIONS, SERVER, "ping")
    bad("neither", text(id=1), REVISIONS, SERVER, "ping")


main(files, answers_have_types, requests, notifications, results, errors, forms)
