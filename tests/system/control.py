#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every client command against a daemon that runs, its exit statuses, and the directories of both."""

import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

DONE, FAILED, USAGE, NO_DAEMON, NOT_READY = 0, 1, 2, 3, 4

# What scripts and dashboards may rely on: a list, "[]" of one kind of element, {} of keys, or any value.
STATUS = {
    "version": str, "pid": int, "uptime_s": float, "state": str,
    "config": {"path": str, "generation": int,
               "last_reload": {"ok": bool, "partial": list, "at": str, "error": (str, type(None))}},
    "gateway": {"pid": int, "state": str, "restarts": int, "listen": list},
    "servers": [{
        "name": str, "state": str, "pid": int, "uptime_s": float, "restarts": int, "breaker": str,
        "budget": {"used": int, "burst": int, "window_s": int, "long_used": int, "long_burst": int,
                   "long_window_s": int},
        "next_start_s": (float, type(None)),
        "last_exit": {"class": str, "code": (int, type(None)), "signal": (int, type(None)), "reason": str, "at": str,
                      "stderr": list},
        "instances": [{"pid": int, "generation": int, "state": str, "era": str, "protocol": str,
                       "session": (str, int, type(None)), "inflight": int, "tree": str}],
        "memory_bytes": (int, type(None)), "tools": (int, type(None)), "calls": int, "errors": int,
        "p95_ms": (float, type(None)),
        "sandbox": {"profile": str, "effective": str, "missing": list}}],
}


def differences(got, wanted, where=""):
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return [where + " is no object"]
        found = []
        for key, kind in wanted.items():
            found += differences(got[key], kind, where + "." + key) if key in got else [where + "." + key + " is left out"]
        return found
    if isinstance(wanted, list):
        if not isinstance(got, list) or not got:
            return [where + " is no list, or an empty one"]
        return [d for x in got for d in differences(x, wanted[0], where + "[]")]
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    kinds += (int,) if float in kinds else ()
    return [] if isinstance(got, kinds) else ["%s is %r" % (where, got)]


def two():
    d = Daemon({"servers": {"fs": mcp(), "gh": mcp()}})
    for name in ("fs", "gh"):
        d.wait_state(name, "ready")
    return d


def status():
    d = two()
    os.kill(d.server("gh")["pid"], signal.SIGKILL)
    d.wait(lambda: d.server("gh")["restarts"] == 1, what="a restart")
    d.wait_state("gh", "ready")
    d.ask("reload")
    r = d.client("status")
    equal("status: 0", (r.returncode, r.stderr), (DONE, ""))
    lines = r.stdout.splitlines()
    equal("its table has a title and a line for each server", [x.split()[:2] for x in lines],
          [["NAME", "STATE"], ["fs", "ready"], ["gh", "ready"]])
    check("with what went wrong last", "killed by signal 9" in lines[2], r.stdout)
    for alias in ("ps", "ls"):
        equal(alias + " is another word for it", d.client(alias).stdout.split()[:2], ["NAME", "STATE"])
    r = d.client("status", "--json")
    s = json.loads(r.stdout)
    gh = [x for x in s["servers"] if x["name"] == "gh"]
    equal("--json has every field of the contract", differences(dict(s, servers=gh), STATUS), [])
    equal("of every server", sorted(set(STATUS["servers"][0]) - set(s["servers"][0])), [])
    equal("what is not known is null", (s["servers"][0]["next_start_s"], s["servers"][0]["last_exit"]), (None, None))
    equal("one line", r.stdout.count("\n"), 1)
    equal("with names: only these", [x["name"] for x in json.loads(d.client("status", "--json", "gh").stdout)["servers"]],
          ["gh"])
    equal("all of them ready: 0", d.client("status", "fs", "gh").returncode, DONE)
    equal("stop: 0", d.client("stop", "fs").returncode, DONE)
    equal("one of them is not ready: 4", d.client("status", "fs", "gh").returncode, NOT_READY)
    equal("without names: 0", d.client("status").returncode, DONE)
    r = d.client("status", "--wait", "ready", "--timeout", "200ms", "fs")
    equal("--wait in vain: 4", r.returncode, NOT_READY)
    equal("--wait for what is: 0", d.client("status", "--wait", "stopped", "fs").returncode, DONE)
    waiting = subprocess.Popen([MCPVISOR, "status", "--socket", d.runtime, "--wait", "ready", "--timeout", "1m", "fs"],
                               stdout=subprocess.PIPE)
    d.client("start", "fs")
    equal("--wait ends when it is: 0", waiting.wait(DEADLINE), DONE)
    waiting.stdout.close()
    r = d.client("status", "fx")
    equal("an unknown name: 1", r.returncode, FAILED)
    check("with the one that was meant", "did you mean fs?" in r.stderr, r.stderr)
    d.stop()


def watch():
    d = two()
    w = subprocess.Popen([MCPVISOR, "status", "--socket", d.runtime, "--watch", "--json"], stdout=subprocess.PIPE)

    def state_of(name):
        s = json.loads(w.stdout.readline())
        return [x["state"] for x in s["servers"] if x["name"] == name][0]

    equal("--watch shows what is", state_of("fs"), "ready")
    d.client("stop", "fs")
    until(lambda: state_of("fs") == "stopped", what="--watch to show the stop")
    ok("and what changes, by events")
    d.stop()
    w.stdout.close()
    equal("it ends with the daemon: 3", w.wait(DEADLINE), NO_DAEMON)


def changes():
    d = two()
    pid = d.server("fs")["pid"]
    for command, state in (("stop", "stopped"), ("start", "ready"), ("restart", "ready"), ("stop", "stopped"),
                           ("restart", "ready"), ("reset", "ready")):
        r = d.client(command, "fs")
        equal("%s: 0" % command, (r.returncode, r.stderr), (DONE, ""))
        equal("%s: it is %s when the command returns" % (command, state), d.server("fs")["state"], state)
    check("another process than at first", d.server("fs")["pid"] != pid)
    equal("planned ends are no restarts", (d.server("fs")["restarts"], d.server("fs")["budget"]["used"]), (0, 0))
    equal("stop --all", d.client("stop", "--all").returncode, DONE)
    equal("is all", [x["state"] for x in d.status()["servers"]], ["stopped"] * 2)
    equal("start --no-wait --all", d.client("start", "--no-wait", "--all").returncode, DONE)
    for name in ("fs", "gh"):
        d.wait_state(name, "ready")
    ok("start --no-wait does it later")
    for command in ("start", "stop", "restart", "reset"):
        r = d.client(command, "gg")
        equal("%s of an unknown one: 1" % command, r.returncode, FAILED)
        check("%s: with the one that was meant" % command, "did you mean gh?" in r.stderr, r.stderr)
        equal("%s without a name: 2" % command, d.client(command).returncode, USAGE)
        equal("%s with both: 2" % command, d.client(command, "--all", "fs").returncode, USAGE)
    r = d.client("stop", "fs", "nobody")
    equal("one unknown name of two: 1", r.returncode, FAILED)
    equal("and nothing is done", d.server("fs")["state"], "ready")
    d.stop()


def changes_that_fail():
    d = Daemon({"servers": {"bad": mcp("exit", "3", restart={"burst": 1}), "fs": mcp()}})
    d.wait_state("bad", "degraded")
    r = d.client("restart", "bad")
    equal("a restart of what does not start: 1", r.returncode, FAILED)
    check("with the reason", "exit" in r.stderr and "3" in r.stderr, r.stderr)
    d.wait_state("bad", "degraded")  # it was told of the first end; others follow
    r = d.client("history", "--json", "bad")
    records = [json.loads(x) for x in r.stdout.splitlines()]
    check("history has each exit", r.returncode == DONE and len(records) >= 3, r.stdout)
    equal("with class and code", {(x["class"], x["code"]) for x in records}, {("error", 3)})
    check("oldest first", [x["at"] for x in records] == sorted(x["at"] for x in records), r.stdout)
    r = d.client("history", "bad")
    check("history for people", r.returncode == DONE and " bad error " in r.stdout, r.stdout)
    equal("history --since leaves out what is older", d.client("history", "--since", "0s", "bad").stdout, "")
    equal("history of all has them, too", len(d.client("history", "--json").stdout.splitlines()), len(records))
    equal("history of an unknown one: 1", d.client("history", "baf").returncode, FAILED)
    d.stop()


def logs():
    d = Daemon({"servers": {"fs": mcp("garbage+flood-stderr+mcp", "400"), "gh": mcp()}})
    d.wait_state("fs", "ready")
    r = d.client("logs", "--json", "fs")
    lines = [json.loads(x) for x in r.stdout.splitlines()]
    check("logs --json", r.returncode == DONE and len(lines) > 5, r.stdout + r.stderr)
    equal("each with its number", [x["n"] for x in lines], list(range(len(lines))))
    check("stderr and what we did in one stream", {"stderr", "mcpvisor"} <= {x["stream"] for x in lines},
          {x["stream"] for x in lines})
    text = d.client("logs", "fs").stdout
    check("nothing that a terminal would obey", not any(c < " " and c not in "\n\t" for c in text), repr(text[:500]))
    equal("--tail", [json.loads(x)["n"] for x in d.client("logs", "--json", "--tail", "2", "fs").stdout.splitlines()],
          [len(lines) - 2, len(lines) - 1])
    equal("--tail 0", d.client("logs", "--tail", "0", "fs").stdout, "")
    equal("--since leaves out what is older", d.client("logs", "--since", "0s", "fs").stdout, "")
    equal("--since takes what is newer", len(d.client("logs", "--since", "1h", "fs").stdout.splitlines()), len(lines))
    follower = subprocess.Popen([MCPVISOR, "logs", "--socket", d.runtime, "-f", "--tail", "0", "--json", "gh"],
                                stdout=subprocess.PIPE, text=True)
    # Nobody tells when it has asked: so again, until it sees something.
    until(lambda: d.client("restart", "gh").returncode == DONE and select.select([follower.stdout], [], [], 0.1)[0],
          what="a line for the follower")
    got = json.loads(follower.stdout.readline())
    equal("-f goes on with what comes", got["server"], "gh")
    d.stop()
    equal("-f ends with the daemon: 0", follower.wait(DEADLINE), DONE)
    follower.stdout.close()


def events():
    d = two()
    r = d.client("events", "--json")
    got = [json.loads(x) for x in r.stdout.splitlines()]
    equal("events: 0", r.returncode, DONE)
    check("of servers and of the daemon", {"server_state", "daemon"} <= {x["type"] for x in got}, got)
    f = subprocess.Popen([MCPVISOR, "events", "--socket", d.runtime, "-f", "--json"], stdout=subprocess.PIPE, text=True)
    for _ in got:
        f.stdout.readline()
    d.client("stop", "gh")
    seen = []
    while not seen or seen[-1]["to"] != "stopped":
        seen.append(json.loads(f.stdout.readline()))
    equal("-f tells each state on the way", [(x["server"], x["from"], x["to"]) for x in seen],
          [("gh", "ready", "draining"), ("gh", "draining", "stopping"), ("gh", "stopping", "stopped")])
    d.stop()
    f.stdout.read()
    equal("-f ends with the daemon: 0", f.wait(DEADLINE), DONE)
    f.stdout.close()


def reloads():
    d = two()
    d.write_config({"servers": {"fs": mcp(), "new": mcp()}})
    r = d.client("reload")
    equal("reload: 0", (r.returncode, r.stderr), (DONE, ""))
    check("it says what came and went", "new" in r.stdout and "gh" in r.stdout, r.stdout)
    d.write_config("servers: {fs: {comand: x}}")
    r = d.client("reload")
    equal("reload of a file that is not valid: 1", r.returncode, FAILED)
    check("with the place and the reason", "mcpvisor.yaml:1:" in r.stderr and "command" in r.stderr, r.stderr)
    equal("nothing has changed", [x["name"] for x in d.status()["servers"]], ["fs", "new"])
    check("status says so", "The last reload failed" in d.client("status").stdout)
    text = d.ask("config") and d.lines("config")[0]["text"]
    check("config over the socket is the one in force", "new" in text and "comand" not in text, text)
    d.stop()


def drain():
    d = two()
    equal("drain: 0", d.client("drain").returncode, DONE)
    s = d.status()
    equal("it drains, and is not ready any more", (s["state"], s["ready"]), ("draining", False))
    equal("its servers stay", [x["state"] for x in s["servers"]], ["ready"] * 2)
    equal("again: 0", d.client("drain").returncode, DONE)
    check("status says so", "The daemon is draining." in d.client("status").stdout)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after drain")


def no_daemon():
    empty = path("empty")
    os.mkdir(empty, 0o700)
    for argv in (["status"], ["status", "--json"], ["logs", "a"], ["events"], ["history"], ["reload"], ["drain"],
                 ["stop", "a"], ["start", "--all"], ["status", "--wait", "ready"]):
        r = subprocess.run([MCPVISOR] + argv + ["--socket", empty], capture_output=True, text=True, check=False)
        equal("%s without a daemon: 3" % " ".join(argv), r.returncode, NO_DAEMON)
    check("it says how to start one", "mcpvisor serve" in r.stderr, r.stderr)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(os.path.join(empty, "control.sock"))
    dead.close()
    r = subprocess.run([MCPVISOR, "status", "--socket", empty], capture_output=True, text=True, check=False)
    equal("a socket that nobody listens on: 3", r.returncode, NO_DAEMON)
    d = Daemon({"servers": {"a": mcp()}}, runtime=empty)
    equal("a start takes its place", d.client("status").returncode, DONE)
    d.stop()
    equal("and leaves none", os.listdir(empty), [])


def two_daemons():
    one, other = two(), Daemon({"servers": {"fs": mcp()}})
    other.wait_state("fs", "ready")
    one.client("stop", "fs")
    equal("each answers for itself", (one.server("fs")["state"], other.server("fs")["state"]), ("stopped", "ready"))
    one.stop()
    one.check_clean("the first one's end")
    equal("the other does not notice", other.server("fs")["state"], "ready")
    equal("nor its client", other.client("status", "fs").returncode, DONE)
    other.stop()
    other.check_clean("the other one's end")


def who_may_ask():
    d = Daemon({"control": {"group": "0" if os.geteuid() == 0 else str(os.getegid())}, "servers": {"a": mcp()}})
    st = os.stat(d.runtime + "/control.sock")
    equal("control.group: its socket is 0660", stat.S_IMODE(st.st_mode), 0o660)
    d.stop()
    d = Daemon({"servers": {"a": mcp()}})
    equal("without: 0600", stat.S_IMODE(os.stat(d.runtime + "/control.sock").st_mode), 0o600)
    equal("in a directory that is ours alone", stat.S_IMODE(os.stat(d.runtime).st_mode), 0o700)
    d.stop()
    d = Daemon({"control": {"group": "no-such-group-here"}, "servers": {}}, wait=False)
    equal("an unknown group is refused", d.wait_exit() in (1, 125), True)
    check("and named", "no-such-group-here" in d.log_text() or "control.group" in d.log_text(), d.log_text())


def directories():
    """Whoever may write to the runtime directory could answer for us."""
    for mode, name in ((0o777, "world"), (0o770, "group")):
        bad = path("bad-" + name)
        os.mkdir(bad)
        os.chmod(bad, mode)
        d = Daemon({"servers": {}}, runtime=bad, wait=False)
        equal("a runtime directory that the %s may write to: 1" % name, d.wait_exit(), 1)
        check("it is named", bad in d.log_text(), d.log_text())
    link = path("link")
    os.symlink(tmp, link)
    d = Daemon({"servers": {}}, runtime=link, wait=False)
    equal("one that is a symbolic link: 1", d.wait_exit(), 1)
    long = path("x" * 100)
    d = Daemon({"servers": {}}, runtime=long, wait=False)
    equal("one that is too long for sockets: 1", d.wait_exit(), 1)
    check("it says so", "too long" in d.log_text(), d.log_text())
    if os.geteuid() != 0:
        skip("a runtime directory of somebody else: only root can make one")
        return
    foreign = path("foreign")
    os.mkdir(foreign, 0o700)
    os.chown(foreign, 65534, 65534)
    d = Daemon({"servers": {}}, runtime=foreign, wait=False)
    equal("one of somebody else: 1", d.wait_exit(), 1)
    check("and told whose", "65534" in d.log_text(), d.log_text())


def takes_connections(path):
    """A socket is there before anybody listens at it."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def default_directories():
    """$XDG_RUNTIME_DIR, else /tmp/mcpvisor-UID, for whoever is not root."""
    if os.geteuid() != 0:
        skip("default directories: only root can be somebody else")
        return
    uid = 54321
    home = path("home")
    for name in ("home", "xdg"):
        os.mkdir(path(name), 0o700)
        os.chown(path(name), uid, uid)
    os.chmod(tmp, 0o755)
    fallback = "/tmp/mcpvisor-%d" % uid
    if os.path.exists(fallback):
        skip("default directories: %s is there" % fallback)
        return
    config = write("default.yaml", "listen: [\"127.0.0.1:0\"]\nservers: {demo: {command: 'builtin:demo'}}\n")
    os.chmod(config, 0o644)
    for xdg, wanted in ((path("xdg"), path("xdg") + "/mcpvisor"), (None, fallback)):
        env = {"HOME": home, "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        if xdg:
            env["XDG_RUNTIME_DIR"] = xdg
        p = subprocess.Popen([MCPVISOR, "serve", "-c", config], env=env, user=uid, group=uid, extra_groups=[],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: takes_connections(wanted + "/control.sock") or p.poll() is not None, what=wanted)
            r = subprocess.run([MCPVISOR, "status", "--wait", "ready", "--timeout", "20s"], env=env, user=uid, group=uid,
                               extra_groups=[], capture_output=True, text=True, check=False)
            # A build that counts coverage says that this user may not write its counters.
            said = [x for x in r.stderr.splitlines() if not x.startswith("profiling:")]
            equal("%s: daemon and client agree" % wanted.replace(tmp, ""), (r.returncode, said), (0, []))
            equal("it is 0700", stat.S_IMODE(os.stat(wanted).st_mode), 0o700)
            p.terminate()
            equal("TERM ends it with 0", p.wait(DEADLINE), 0)
        finally:
            p.kill()
            p.wait()
            if wanted == fallback:
                shutil.rmtree(fallback, ignore_errors=True)
    os.mkdir(fallback, 0o700)
    try:
        p = subprocess.run([MCPVISOR, "serve", "-c", config], env={"HOME": home, "PATH": os.environ["PATH"]}, user=uid,
                           group=uid, extra_groups=[], capture_output=True, text=True, timeout=DEADLINE * SLOW, check=False)
        equal("a /tmp/mcpvisor-UID of somebody else is refused", p.returncode, 1)
    finally:
        os.rmdir(fallback)


alarm(120)
main(status, watch, changes, changes_that_fail, logs, events, reloads, drain, no_daemon, two_daemons, who_may_ask,
     directories, default_directories)
