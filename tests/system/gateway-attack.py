#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a hostile server or a hostile client can say to the gateway is the loss of that server, that client or that one
request, and of nobody else: the gateway lives on, and so do all other sessions."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403


def gateway_pid(d):
    return d.status()["gateway"]["pid"]


class Alive:
    """Around what must not end the gateway; `witness` is a session that must live on."""

    def __init__(self, gate, name, path="/mcp/good"):
        self.gate, self.name, self.path = gate, name, path

    def __enter__(self):
        self.pid = gateway_pid(self.gate)
        self.witness = self.gate.session(self.path)

    def __exit__(self, kind, *_):
        if kind is None:
            try:
                got = self.witness.call("echo", {"x": 1})
            except OSError as e:
                got = e
            same = check(self.name + ": the gateway and another session live on",
                         got == {"x": 1} and gateway_pid(self.gate) == self.pid, got)
            if not same:
                print(self.gate.log_tail(), flush=True)
        self.witness.close()


# ---- clients -----------------------------------------------------------------


def long_uri():
    d = Gate({"good": child()})
    with Alive(d, "a URI that is too long"):
        s = d.session("/mcp/good")
        for method in ("resources/subscribe", "resources/unsubscribe", "resources/read"):
            m = s.request(method, {"uri": "child://good/" + "\n" * 70000})
            equal(method + " with a long URI is refused", m.get("error", {}).get("code"), -32602)
            m = s.request(method, {"uri": 5})
            equal(method + " with a URI that is none is refused", m.get("error", {}).get("code"), -32602)


def batch_with_a_bad_token():
    d = Gate({"good": child()})
    with Alive(d, "a bad progressToken in a batch"):
        s = d.session("/mcp/good", version="2025-03-26")
        bad = request(2, "tools/call", {"name": "echo", "arguments": {}, "_meta": {"progressToken": True}})
        slow = request(1, "tools/call", {"name": "echo", "arguments": {"ms": 200}})
        a = s.post(b"[" + slow + b"," + bad + b"]")
        equal("the batch is answered once, for both", sorted((m["id"], "error" in m) for m in a.json), [(1, False), (2, True)])
        equal("and the next request on that connection by its own answer", s.request("ping")["result"], {})


# ---- servers -----------------------------------------------------------------


def hello_that_means_two_things():
    """What initialize answers is read by more than one part of us."""
    bad = child("--capabilities", '{"tools":{}},"protocolVersion":5')
    d = Gate({"good": child(), "bad": bad}, ready=False)
    d.wait_state("good", "ready")
    with Alive(d, "two protocol versions in one hello"):
        d.wait_state("bad", "ready", "backoff", "degraded")


if __name__ == "__main__":
    alarm(300)
    main(long_uri, batch_with_a_bad_token, hello_that_means_two_things)
