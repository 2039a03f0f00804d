# SPDX-License-Identifier: Apache-2.0
"""Whether a message is one of the protocol: against the JSON schema of its
revision in tests/data/mcp-schema, first as a JSON-RPC message, then as the very
request, notification or result that it is.

    check(line, "2025-11-25", SERVER, method="tools/list")

gives the message as Python has it, or raises SchemaError with the reason.
Needs the package jsonschema."""

import functools
import json
import os

import jsonschema

SRC = os.environ.get("top_srcdir", os.path.realpath(os.path.join(os.path.dirname(__file__), "../..")))
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
BATCHES = ("2025-03-26",)
MODERN = ("2026-07-28",)
CLIENT, SERVER = "Client", "Server"  # who has sent it

# Answers whose type has another name than the request; None: one without content.
RESULTS = {
    "ping": None,
    "logging/setLevel": None,
    "resources/subscribe": None,
    "resources/unsubscribe": None,
}
# Where a modern server may ask back before it answers.
ASKS_BACK = ("tools/call", "prompts/get", "resources/read")
# Codes of the legacy revisions that a modern message must not have.
NO_MODERN_CODES = (-32002, -32042)


class SchemaError(Exception):
    pass


def unique(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise SchemaError("the member %r is there twice" % name)
    return dict(pairs)


def parse(message):
    """As strict as JSON is, unlike Python."""
    try:
        text = message.decode("utf-8") if isinstance(message, bytes) else message
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as e:
        raise SchemaError("no JSON: %s in %.200r" % (e, message)) from None


def refuse_constant(word):
    raise SchemaError("no JSON: " + word)


@functools.lru_cache(maxsize=None)
def load(revision):
    with open(os.path.join(SRC, "tests/data/mcp-schema", revision + ".json"), encoding="utf-8") as f:
        return json.load(f)


def definitions(revision):
    schema = load(revision)
    return schema.get("$defs") or schema["definitions"]


@functools.lru_cache(maxsize=None)
def validator(revision, name):
    schema = load(revision)
    where = "$defs" if "$defs" in schema else "definitions"
    kind = jsonschema.validators.validator_for(schema)
    return kind({"$schema": schema["$schema"], "$ref": "#/%s/%s" % (where, name), where: schema[where]})


def must_be(value, revision, name):
    wrong = jsonschema.exceptions.best_match(validator(revision, name).iter_errors(value))
    if wrong is not None:
        place = "/".join(str(part) for part in wrong.absolute_path)
        raise SchemaError("no %s of %s: %s: %.300s in %.300s" % (
            name, revision, place or "the message", wrong.message, json.dumps(value)))


def methods(revision, union):
    """The methods of ClientRequest and the like: method -> name of its definition."""
    known = definitions(revision)
    names = [row["$ref"].rsplit("/", 1)[1] for row in known.get(union, {}).get("anyOf", [])]
    if union in known and not names:
        names = [union]  # a union of one
    return {known[name]["properties"]["method"]["const"]: name for name in names}


def check_named(message, revision, direction, kind):
    rows = methods(revision, direction + kind)
    method = message["method"]
    if method not in rows:
        raise SchemaError("in %s, a %s sends no %s %r" % (revision, direction.lower(), kind.lower(), method))
    must_be(message, revision, rows[method])


def result_type(method, revision, answerer):
    """The definition of the answer to a method that the other side has asked."""
    asker = SERVER if answerer == CLIENT else CLIENT
    rows = methods(revision, asker + "Request")
    if method not in rows:
        raise SchemaError("in %s, a %s asks no %r" % (revision, asker.lower(), method))
    if method in RESULTS:
        return RESULTS[method] or "EmptyResult"
    return rows[method][:-len("Request")] + "Result"


def check_result(message, revision, direction, method):
    if method is None:
        raise ValueError("a result says nothing about the method that it answers")
    result, name = message["result"], result_type(method, revision, direction)
    if revision in MODERN:
        kind = result.get("resultType")
        if kind == "input_required" and method in ASKS_BACK:
            name = "InputRequiredResult"
        elif kind != "complete":
            raise SchemaError("a result of %r with resultType %r" % (method, kind))
    must_be(result, revision, name)


@functools.lru_cache(maxsize=None)
def error_types(revision):
    """Codes that have a definition of their own: code -> (name, whether it is of the error alone)."""
    rows = {}
    for name, definition in definitions(revision).items():
        if not name.endswith("Error"):
            continue
        own = definition.get("properties", {})
        for part in own.get("error", {}).get("allOf", []):
            if "const" in part.get("properties", {}).get("code", {}):
                rows[part["properties"]["code"]["const"]] = (name, False)
        if "const" in own.get("code", {}):
            rows[own["code"]["const"]] = (name, True)
    return rows


def check_error(message, revision):
    code = message["error"]["code"]
    if revision in MODERN and code in NO_MODERN_CODES:
        raise SchemaError("the code %d is none of %s" % (code, revision))
    if code in error_types(revision):
        name, alone = error_types(revision)[code]
        must_be(message["error"] if alone else message, revision, name)


def method_of(answered, message):
    return answered.get(message.get("id")) if isinstance(answered, dict) else answered


def envelope_type(message, revision):
    """The definition of what it is by its members: the union would take a request with a wrong id for a
    notification that has a member more."""
    kinds = [name for name in ("method", "result", "error") if isinstance(message, dict) and name in message]
    if len(kinds) != 1:
        raise SchemaError("not one of method, result and error: %.300s" % json.dumps(message))
    names = {"method": ("JSONRPCRequest",) if "id" in message else ("JSONRPCNotification",),
             "result": ("JSONRPCResultResponse", "JSONRPCResponse"),
             "error": ("JSONRPCErrorResponse", "JSONRPCError")}[kinds[0]]
    return next(name for name in names if name in definitions(revision))


def check_one(message, revision, direction, method):
    must_be(message, revision, envelope_type(message, revision))
    must_be(message, revision, "JSONRPCMessage")
    if "method" in message:
        check_named(message, revision, direction, "Request" if "id" in message else "Notification")
    elif "result" in message:
        check_result(message, revision, direction, method_of(method, message))
    else:
        check_error(message, revision)


def check(message, revision, direction, method=None):
    """`message`: bytes or text. `direction`: CLIENT or SERVER, who has sent it. `method`: what a result
    answers; for several, a dict from id to method."""
    assert revision in REVISIONS and direction in (CLIENT, SERVER)
    value = parse(message)
    if not isinstance(value, list):
        check_one(value, revision, direction, method)
    elif revision not in BATCHES:
        raise SchemaError("an array of messages, which %s does not have" % revision)
    elif not value:
        raise SchemaError("an array of no messages")
    else:
        for one in value:
            check_one(one, revision, direction, method)
    return value
