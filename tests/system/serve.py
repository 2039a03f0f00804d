#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mcpvisor serve: from a file to servers that are ready, and to nothing left."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403


def starts_and_stops():
    d = Daemon({"servers": {"a": mcp("mcp"), "demo": {"command": "builtin:demo"}}})
    for name in ("a", "demo"):
        d.wait_state(name, "ready")
    s = d.status()
    equal("the daemon runs", s["state"], "running")
    equal("what is listed", [x["name"] for x in s["servers"]], ["a", "demo"])
    equal("the protocol of the handshake is told", d.server("demo")["instances"][0]["protocol"], "2025-11-25")
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after TERM")


def each_tree():
    for tree in ("cgroup", "pidns", "best-effort"):
        if tree == "cgroup" and not os.path.exists("/sys/fs/cgroup/unified/cgroup.procs") and not os.path.exists(
                "/sys/fs/cgroup/cgroup.procs"):
            skip("tree cgroup: there is no cgroup v2 here")
            continue
        d = Daemon({"servers": {"a": mcp("mcp"), "deaf": mcp("mcp+ignore-term", stop_timeout="1s")}}, tree=tree)
        for name in ("a", "deaf"):
            d.wait_state(name, "ready")
        equal("the tree is " + tree, d.server("a")["instances"][0]["tree"], tree)
        equal(tree + ": TERM ends it with 0", d.stop(), 0)
        d.check_clean(tree)


def refuses():
    for name, text, wanted, word in (
            ("a file that is not valid", "servers: {a: {comand: x}}", 125, "comand"),
            ("a command that is not there", "servers: {a: {command: no-such-program-here}}", 125, "no-such-program-here"),
    ):
        d = Daemon(text, wait=False)
        equal(name + " is refused with 125", d.wait_exit(), wanted)
        check(name + ": the message names it", word in d.log_text(), d.log_text())
        d.check_clean(name)


def keeps_going():
    d = Daemon({"servers": {"a": mcp("mcp"), "b": {"command": "no-such-program-here"}}}, flags=["--keep-going"])
    d.wait_state("a", "ready")
    d.wait_state("b", "degraded")
    equal("--keep-going: TERM ends it with 0", d.stop(), 0)


def second_copy():
    d = Daemon({"servers": {"a": mcp("mcp")}})
    other = Daemon({"servers": {}}, wait=False, runtime=d.runtime)
    equal("a second copy is refused with 1", other.wait_exit(), 1)
    check("and told which process holds the directory", str(d.pid) in other.log_text(), other.log_text())
    equal("the first one is not disturbed", d.status()["state"], "running")
    d.stop()


def killed():
    """kill -9: the wardens end what is left, and the next start removes the rest."""
    config = {"servers": {"a": mcp("mcp"), "b": mcp("mcp+leave-grandchild")}}
    for tree in ("cgroup", "pidns", "best-effort"):
        d = Daemon(config, tree=tree)
        d.wait_state("a", "ready")
        d.signal(signal.SIGKILL)
        d.wait_exit()
        until(lambda: not d.survivors(), 2, "the servers of a killed supervisor to end")
        ok(tree + ": no process of a killed supervisor is left")
        again = Daemon(config, tree=tree, runtime=d.runtime)
        again.wait_state("a", "ready")
        equal(tree + ": the next life starts each server once", again.server("a")["starts"], 1)
        equal(tree + ": and ends well", again.stop(), 0)
        d.check_clean(tree + " after two lives")


alarm(300)
main(starts_and_stops, each_tree, refuses, keeps_going, second_copy, killed)
