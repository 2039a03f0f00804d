#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers whose processes do their worst, under each way to end a tree: nothing of
it may be left, whatever it forked, left behind, stopped or killed.
MCPVISOR_SOAK=1: larger."""

import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from attack import *  # noqa: E402,F403


def crowd(many):
    """All the servers of the tests below, in one daemon for each way to end a tree."""
    g = {k: fifo(k + ".%d" % time.monotonic_ns()) for k in
         ("leave", "close-out", "close-in", "close-all", "hold", "zombies", "orphans")}
    servers = {
        "deaf": victim("mcp+ignore-term+ignore-eof"),
        "leaves": victim("mcp+go+leave-grandchild", g["leave"]),
        "demon": victim("mcp+daemonize"),
        "deaf-demon": victim("mcp+ignore-term+daemonize"),
        "bomb": victim("mcp+forkbomb", "400"),
        "holds": victim("mcp+go+hold-stdout", g["hold"]),
        "stops": victim("mcp+stop-self"),
        "group": victim("mcp+kill-group"),
        "thread": victim("mcp+leader-thread-exits"),
        "zombies": victim("mcp+zombies", str(many)),
        "orphans": victim("mcp+go+orphans", g["orphans"], str(many)),
    }
    return servers, g


# ---- trees -------------------------------------------------------------------


def each_tree():
    for tree in trees():
        many = 2000 if SOAK or tree == trees()[0] else 300
        servers, g = crowd(many)
        d = Field(servers, tree=tree)
        for attack in (ignores_term, leader_leaves, daemonizes, fork_bomb, holds_stdout, stops_itself, kills_group,
                       leader_thread, zombies_inside, orphans_at_once):
            attack(d, g, tree + ": ")
        equal(tree + ": TERM ends it with 0", d.stop(), 0)
        d.check_clean(tree)


def ignores_term(d, _, label):
    with Attack(d, "deaf", label + "ignores TERM") as a:
        a.start()
        began = time.monotonic()
        a.stop()
        took = time.monotonic() - began
        check(a.label + ": KILL at its time", 0.75 <= took < 0.8 + 2 * SLOW, took)
        a.went(*STAYED)
        a.ended("planned", "killed by signal 9 (ours)")


def leader_leaves(d, g, label):
    with Attack(d, "leaves", label + "leader leaves, grandchild ignores TERM") as a:
        a.start()
        go(g["leave"])
        a.over()
        a.went(*LEFT)
        a.ended("clean", "exit 0")


def daemonizes(d, _, label):
    for name in ("demon", "deaf-demon"):
        with Attack(d, name, label + "double fork and setsid, " + name) as a:
            a.start()
            until(lambda: len(a.processes()) == 2, what="the daemon")
            a.stop()
            a.went(*STAYED)
            a.ended("planned", "exit 0")


def fork_bomb(d, _, label):
    with Attack(d, "bomb", label + "fork bomb") as a:
        a.start()
        until(lambda: len(a.processes()) >= 300, what="the bomb")
        began = time.monotonic()
        a.stop()
        figure(label + "fork bomb of 400, stopped in", "%.2f s" % (time.monotonic() - began))
        a.went(*STAYED)
        a.ended("planned", "exit 0")


def holds_stdout(d, g, label):
    with Attack(d, "holds", label + "grandchild holds stdout") as a:
        a.start()
        go(g["hold"])
        a.over()
        a.went(*LEFT)
        a.ended("clean", "exit 0")


def stops_itself(d, _, label):
    with Attack(d, "stops", label + "stops itself") as a:
        a.start()
        pid = a.instance()["pid"]
        until(lambda: stat_of(pid)["state"] == "T", what="a stopped child")
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "killed by signal 15 (ours)")


def kills_group(d, _, label):
    with Attack(d, "group", label + "kills its group 0") as a:
        a.start()
        wait_says(d, "group", "SIGTERM 0: done")
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "exit 0")


def leader_thread(d, _, label):
    with Attack(d, "thread", label + "leader thread exits, another lives") as a:
        a.start()
        pid = a.instance()["pid"]
        until(lambda: stat_of(pid)["state"] == "Z", what="the leader thread to end")
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "killed by signal 15 (ours)")
        check(a.label + ": its process is gone", stat_of(pid) is None, stat_of(pid))


def zombies_inside(d, _, label):
    with Attack(d, "zombies", label + "zombies inside") as a:
        a.start()
        pid = a.instance()["pid"]
        until(lambda: "zombies-made" in read(a.child_log()), what="the zombies")
        began = time.monotonic()
        a.stop()
        figure(label + "zombies inside, stopped in", "%.2f s" % (time.monotonic() - began))
        a.went(*STAYED)
        a.ended("planned", "exit 0")
        check(a.label + ": all of them are reaped", not zombies_of(pid) and not stat_of(pid))


def orphans_at_once(d, g, label):
    with Attack(d, "orphans", label + "orphans end at once") as a:
        a.start()
        warden = a.instance()["warden"]
        go(g["orphans"])  # from here on they are made, and end in one moment
        until(lambda: "orphans-made" in read(a.child_log()), what="the orphans")
        until(lambda: len(children_of(warden)) == 1, what="the warden to reap them")
        equal(a.label + ": it stays ready", d.server("orphans")["state"], "ready")
        a.stop()
        a.went(*STAYED)
        a.ended("planned", "exit 0")


# ---- attacks -----------------------------------------------------------------


def attacks_parent():
    """Where the warden is PID 1 of a namespace nobody above can be named; elsewhere another user is not ours
    to signal."""
    open_tmp()
    for tree in trees():
        keys = {"user": "nobody"} if tree == "best-effort" and os.geteuid() == 0 else {}
        d = Field({"parent": victim("mcp+kill-parent", **keys), "steady": mcp("mcp")}, tree=tree)
        d.wait_state("steady", "ready")
        steady = d.server("steady")["pid"]
        with Attack(d, "parent", tree + ": signals and ptraces who is above") as a:
            a.start()
            until(lambda: says(d, "parent", "SIGKILL"), what="the attack")
            figure(a.label, "; ".join(x["text"] for x in says(d, "parent", "child: ")))
            a.stop()
            a.went(*STAYED)
            if tree == "best-effort":
                a.ended("planned", "exit 0")
            else:  # its own warden is held by it until KILL comes, as PID 1 of its namespace
                a.ended("planned", "killed by signal 9 (ours)")
        equal(tree + ": the other server never noticed", d.server("steady")["pid"], steady)
        equal(tree + ": after the attack TERM ends it with 0", d.stop(), 0)
        d.check_clean(tree + ": after the attack")


def kills_all():
    """kill(-1) ends with the namespace."""
    for tree in [t for t in trees() if t != "best-effort"]:
        d = Field({"all": victim("mcp+daemonize+kill-all", "-"), "steady": mcp("mcp")}, tree=tree)
        d.wait_state("steady", "ready")
        steady = d.server("steady")["pid"]
        with Attack(d, "all", tree + ": kills -1") as a:
            a.start()
            wait_says(d, "all", "SIGKILL -1: ")
            until(lambda: len(a.processes()) == 1, what="it to be alone")
            ok(a.label + ": it runs on alone")
            a.stop()
            a.went(*STAYED)
            a.ended("planned", "exit 0")
        equal(tree + ": the other server never noticed", d.server("steady")["pid"], steady)
        equal(tree + ": kills -1: TERM ends it with 0", d.stop(), 0)
        d.check_clean(tree + ": kills -1")


alarm(300)
main(each_tree, attacks_parent, kills_all)
