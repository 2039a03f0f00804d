#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real wrappers, and helpers that fork themselves away: nothing of a server is left
after a stop, after a restart, and a second after the supervisor was killed. With
control groups, with a pid namespace alone, and with neither; as root and as an
ordinary user. What cannot be promised with neither is tried, too."""

import shutil
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from attack import *  # noqa: E402,F403

PACKAGE = "@modelcontextprotocol/server-filesystem"
KEYS = {"stop_timeout": "1s", "drain_timeout": "100ms", "restart": {"policy": "never"}}
WRAPPERS = {
    "sleep": dict(KEYS, command="/bin/sh", args=["-c", "sleep 1000; :"]),
    "wrapped": dict(KEYS, command="/bin/sh", args=["-c", CHILD + " mcp+ignore-eof; :"]),
    "deaf": dict(KEYS, command="/bin/sh", args=["-c", "trap '' TERM; " + CHILD + " mcp+ignore-term+ignore-eof; :"]),
    "aside": dict(KEYS, command="/bin/sh", args=["-c", "setsid sh -c 'sleep 1000 & sleep 1000' & exec " + CHILD + " mcp"]),
    "demon": mcp("mcp+daemonize", **KEYS),
    "deaf-demon": mcp("mcp+ignore-term+daemonize", **KEYS),
}
READY = [x for x in WRAPPERS if x != "sleep"]


def processes(d, names):
    return {x: with_mark("MCPVISOR_ATTACK=%s.%s\0" % (d.name, x)) for x in names}


def gone(pids, label, within):
    """Those that were known; looked at by number, since a look at all processes takes long on some machines."""
    began = time.monotonic()
    try:
        until(lambda: not any(is_alive(p) for p in pids), within, "the end of all")
    except TimeoutError:
        pass
    took = time.monotonic() - began
    equal(label + ": alive after %.1f s" % within, [(p, cmdline(p)) for p in pids if is_alive(p)], [])
    return took


def none_left(d, label):
    equal(label + ": survivors", [(p, cmdline(p)) for p in with_mark(d.mark)], [])


def all_run(d, names):
    for x in names:
        if x == "sleep":
            d.wait_state(x, "starting")
            until(lambda: len(processes(d, [x])[x]) >= 2, what="the sleep")
        else:
            d.wait_state(x, "ready", deadline=120)
    return processes(d, names)


def stop_restart_kill(servers, label, **args):
    names = list(servers)
    d = Field({k: dict(v, env=dict(v.get("env", {}))) for k, v in servers.items()}, **args)
    all_run(d, names)
    before = {p for v in processes(d, names).values() for p in v}
    kinds = {s["instances"][0]["tree"] for s in d.status()["servers"]}
    figure(label + ": trees", ", ".join(sorted(kinds)))
    d.ask("restart --no-wait " + " ".join(names))
    d.wait(lambda: all(s["instances"] and s["instances"][0]["generation"] == 2 for s in d.status()["servers"]), 120,
           "the second generation")
    all_run(d, names)
    equal(label + ": of the first life after a restart",
          [(p, cmdline(p)) for p in sorted(before) if is_alive(p)], [])
    answer = d.ask("stop " + " ".join(names))
    check(label + ": all are stopped", answer["ok"], answer)
    none_left(d, label + ": after stop")
    equal(label + ": no zombie", zombies_of(d.pid), [])
    d.ask("start --no-wait " + " ".join(names))
    pids = [p for v in all_run(d, names).values() for p in v]
    pids += [s["instances"][0]["warden"] for s in d.status()["servers"]] + [d.status()["gateway"]["pid"]]
    d.signal(signal.SIGKILL)
    d.wait_exit()
    figure(label + ": after kill -9 all gone in", "%.2f s" % gone(pids, label + ": after kill -9", 1.0))
    none_left(d, label + ": after kill -9")
    again = Field({k: dict(v, env=dict(v.get("env", {}))) for k, v in servers.items()}, runtime=d.runtime, **args)
    all_run(again, names)
    equal(label + ": the next life ends with 0", again.stop(), 0)
    none_left(again, label + ": after TERM")
    again.check_clean(label)
    return kinds


def wrappers():
    for tree in trees():
        kinds = stop_restart_kill(WRAPPERS, tree, tree=tree)
        equal(tree + ": is what status says", kinds, {tree})


# ---- with neither group nor namespace ----------------------------------------


def wardens_killed():
    """Whoever may signal wardens (root, or a server of the same uid) takes the only one that knows its tree. With
    a group or a namespace nothing of it stays. With neither, the leader dies with its warden, and what it has
    started lives on: as our child while we live, and of init afterwards. That is what `best-effort` means."""
    for tree in trees():
        d = Field({"demon": mcp("mcp+daemonize", **KEYS)}, tree=tree)
        d.wait_state("demon", "ready")
        until(lambda: len(processes(d, ["demon"])["demon"]) == 2, what="the daemon")
        s = d.server("demon")
        os.kill(s["instances"][0]["warden"], signal.SIGKILL)
        d.wait_state("demon", "stopped")
        last = d.server("demon")["last_exit"]
        equal(tree + ": warden killed: class and reason", (last["class"], last["reason"]), ("signal", "tree killed"))
        until(lambda pid=s["pid"]: not is_alive(pid), what="the leader to end with it")
        left = processes(d, ["demon"])["demon"]
        if tree == "best-effort":
            equal(tree + ": warden killed: what cannot be promised", len(left), 1)
            equal(tree + ": warden killed: it is ours to reap now", stat_of(left[0])["ppid"], d.pid)
            os.kill(left[0], signal.SIGKILL)
            until(lambda: stat_of(left[0]) is None, what="it to be reaped")
        else:
            none_left(d, tree + ": warden killed")
        equal(tree + ": warden killed: no zombie", zombies_of(d.pid), [])
        equal(tree + ": warden killed: TERM ends it with 0", d.stop(), 0)
        d.check_clean(tree + ": warden killed")


# ---- npx ---------------------------------------------------------------------


def npx_works(cache):
    """None, or why the package cannot be had."""
    for program in ("node", "npx"):
        if not shutil.which(program):
            return "there is no " + program
    try:
        p = subprocess.run(["npx", "-y", PACKAGE, tmp], stdin=subprocess.DEVNULL, capture_output=True, timeout=90,
                           check=False, env=dict(os.environ, npm_config_cache=cache, HOME=tmp))
    except subprocess.TimeoutExpired:
        return "the registry does not answer in time"
    return None if p.returncode == 0 else "npx: " + p.stderr.decode(errors="replace").strip().split("\n")[-1][:100]


def npx():
    cache = path("npm")
    why = npx_works(cache)
    if why:
        skip("npx: " + why)
        return
    servers = {"fs": dict(KEYS, command="npx", args=["-y", PACKAGE, tmp], env={"npm_config_cache": cache})}
    for tree in trees() if SOAK else [trees()[0], "best-effort"]:
        stop_restart_kill(servers, "npx, " + tree, tree=tree)


# ---- an ordinary user --------------------------------------------------------


def ordinary_user():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        skip("an ordinary user: this is one already, or there is no setpriv")
        return
    open_tmp()
    os.mkdir(path("user"))
    os.chown(path("user"), NOBODY, NOBODY)
    prefix = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
    for tree in (None, "best-effort"):
        label = "ordinary user, " + (tree or "what the kernel lets us")
        some = WRAPPERS if SOAK else {x: WRAPPERS[x] for x in ("wrapped", "aside", "deaf-demon")}
        kinds = stop_restart_kill(some, label, tree=tree, prefix=prefix, home=path("user"))
        check(label + ": pid namespace or best effort", kinds <= ({tree} if tree else {"pidns", "best-effort", "cgroup"}),
              kinds)


alarm(600 if SOAK else 200)
main(wrappers, wardens_killed, ordinary_user, npx)
