#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that does not even end by KILL: told, kept apart, and never in the way.
A process in a frozen group of the old freezer takes no signal at all, as one that
sleeps in the kernel without end."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

FREEZER = "/sys/fs/cgroup/freezer"


class Ice:
    """A freezer group of ours; whatever is in it when the block ends, is thawed."""

    def __enter__(self):
        self.dir = os.path.join(FREEZER, os.path.basename(tmp) + ".%d" % time.monotonic_ns())
        os.mkdir(self.dir)
        return self

    def __exit__(self, *_):
        self.set("THAWED")
        until(self.empty, what="the frozen processes to end")

    def empty(self):
        with open(self.dir + "/cgroup.procs", encoding="utf-8") as f:
            if f.read():
                return False
        os.rmdir(self.dir)
        return True

    def set(self, state):
        with open(self.dir + "/freezer.state", "w", encoding="utf-8") as f:
            f.write(state)

    def freeze(self, pid):
        with open(self.dir + "/cgroup.procs", "w", encoding="utf-8") as f:
            f.write(str(pid))
        self.set("FROZEN")

        def frozen():
            with open(self.dir + "/freezer.state", encoding="utf-8") as f:
                return f.read().strip() == "FROZEN"

        until(frozen, what="the process to be frozen")


def server():
    return mcp("mcp", drain_timeout="0ms", stop_timeout="200ms")


def is_told_and_replaced():
    for tree in ("cgroup", "pidns", "best-effort"):
        d = Daemon({"servers": {"a": server(), "other": mcp("mcp")}}, tree=tree)
        for name in ("a", "other"):
            d.wait_state(name, "ready")
        other = d.server("other")["pid"]
        with Ice() as ice:
            old = d.server("a")["pid"]
            ice.freeze(old)
            answer = d.lines("stop a")
            equal(tree + ": stop fails", (answer[-1]["ok"], answer[-1].get("code")), (False, "failed"))
            check(tree + ": and says why", any("even after KILL" in (x.get("error") or "") for x in answer), answer)
            equal(tree + ": its state is told", d.server("a")["state"], "stuck")
            check(tree + ": the log names the process", d.logged("does not end, even after KILL") == 1, d.log_tail())
            equal(tree + ": start makes another one", d.ask("start a")["ok"], True)
            s = d.server("a")
            equal(tree + ": both are on status", sorted(i["state"] for i in s["instances"]), ["ready", "stuck"])
            equal(tree + ": and the newer one is the server", (s["state"], s["pid"] != old), ("ready", True))
            new = s["pid"]
        until(lambda: len(d.server("a")["instances"]) == 1, what="the stuck one to be gone")  # no event tells it
        equal(tree + ": the newer one lives on", d.server("a")["pid"], new)
        equal(tree + ": the other server was not disturbed", d.server("other")["pid"], other)
        equal(tree + ": no zombie", zombies_of(d.pid), [])
        equal(tree + ": TERM ends it with 0", d.stop(), 0)
        d.check_clean(tree)


def does_not_hold_up_the_end():
    config = {"shutdown": {"drain": "0ms", "timeout": "2s"}, "servers": {"a": server(), "other": mcp("mcp")}}
    d = Daemon(config)
    for name in ("a", "other"):
        d.wait_state(name, "ready")
    with Ice() as ice:
        ice.freeze(d.server("a")["pid"])
        began = time.monotonic()
        equal("stuck: the daemon ends all the same", d.stop(), 0)
        took = time.monotonic() - began
        check("stuck: at shutdown.timeout", 1.9 <= took < 2 + 2 * SLOW, took)
        check("stuck: and names what it leaves", d.logged("a: left behind") == 1, d.log_tail())
    until(lambda: not d.survivors(), what="what was thawed to end")
    again = Daemon(config, runtime=d.runtime)  # finds the group, and removes it
    again.wait_state("a", "ready")
    equal("stuck: the next life ends with 0", again.stop(), 0)
    again.check_clean("stuck, after two lives")


def removed():
    """A reload takes it out while it is stuck: it goes when it can."""
    d = Daemon({"servers": {"a": server(), "other": mcp("mcp")}})
    d.wait_state("a", "ready")
    with Ice() as ice:
        ice.freeze(d.server("a")["pid"])
        d.ask("stop a")
        equal("removed: it is stuck", d.server("a")["state"], "stuck")
        d.write_config({"servers": {"other": mcp("mcp")}})
        equal("removed: the reload is done", d.ask("reload")["ok"], True)
        equal("removed: it stays on status", d.server("a")["state"], "stuck")
    d.wait(lambda: d.server("a") is None, what="it to be gone")
    ok("removed: gone when it has ended")
    equal("removed: TERM ends it with 0", d.stop(), 0)
    d.check_clean("removed")


alarm(200)
if os.geteuid() != 0 or not os.path.exists(FREEZER + "/cgroup.procs"):
    skip("no process can be made that takes no signal: needs root and the freezer of cgroup v1")
    finish()
main(is_told_and_replaced, does_not_hold_up_the_end, removed)
