#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A new configuration comes into force as a whole, or not at all."""

import copy
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

FAST = {"RELOAD_PAUSE": 1}
with open(os.path.join(SRC, "src/ipc/message.h"), encoding="utf-8") as f:
    PREPARED = 1 + re.findall(r"^\s+M\((\w+),", f.read(), re.M).index("PREPARED")


def last(d):
    return d.status()["config"]["last_reload"]


def generation(d):
    return d.status()["config"]["generation"]


def pids(d):
    return {s["name"]: s["pid"] for s in d.status()["servers"]}


def frozen(d):
    """The status without what changes by itself, or because a reload was tried."""
    s = copy.deepcopy(d.status())
    del s["config"]["last_reload"], s["uptime_s"], s["orphans_reaped"]
    for server in s["servers"]:
        for key in ("uptime_s", "memory_bytes", "next_start_s", "log_lines"):
            server.pop(key, None)
    return s


def reload(d, config=None, deadline=DEADLINE):
    """By the control socket; the last line of the answer."""
    if config is not None:
        d.write_config(config)
    return d.ask("reload", deadline)


def cli_reload(d):
    return subprocess.run([MCPVISOR, "reload", "--socket", d.runtime + "/control.sock"], capture_output=True, text=True,
                          timeout=DEADLINE * SLOW, check=False)


def servers(**more):
    return {"servers": dict({"a": mcp("mcp"), "b": mcp("mcp")}, **more)}


def three_ways():
    """SIGHUP, the command and the watcher."""
    d = Daemon(servers())
    for name in "ab":
        d.wait_state(name, "ready")
    equal("before the first reload there is none", last(d), None)
    before = pids(d)
    with d.events() as stream:
        d.write_config(servers(c=mcp("mcp")))
        d.signal(signal.SIGHUP)
        d.wait(lambda: (last(d) or {}).get("ok"), what="the reload")
        seen = []
        while not seen or seen[-1]["type"] != "reload":
            seen.append(stream.next(DEADLINE * SLOW))
        equal("HUP: an event tells of it", seen[-1].get("to"), "ok")
    equal("HUP: the generation is the next", generation(d), 2)
    d.wait_state("c", "ready")
    d.write_config(servers(c=mcp("mcp", env={"X": "1"})))
    done = cli_reload(d)
    equal("the command: exit status 0", (done.returncode, done.stderr), (0, ""))
    check("the command says what was done", "restarted c" in done.stdout and "generation 3" in done.stdout, done.stdout)
    d.write_config("servers: {a: {command: x, comand: x}}\n")
    done = cli_reload(d)
    equal("the command: exit status 1 for a file that is not valid", done.returncode, 1)
    check("the command says what is not", "comand" in done.stderr, done.stderr)
    check("so does status", "comand" in last(d)["error"] and last(d)["ok"] is False, last(d))
    equal("servers that were not changed keep their processes", {k: v for k, v in pids(d).items() if k in before}, before)
    d.write_config(dict(servers(), reload="watch"))
    equal("the key `reload` itself comes into force", reload(d)["ok"], True)
    until(lambda: sorted(pids(d)) == ["a", "b"], what="what was removed to be gone")
    d.write_config(dict(servers(n=mcp("mcp")), reload="watch"))
    d.wait(lambda: "n" in pids(d), what="the watcher to see another file under that name")
    ok("watch: an editor's rename is seen")
    with open(d.path, "r+", encoding="utf-8") as f:
        text = f.read().replace('"n"', '"m"')
        f.seek(0)
        f.write(text)
        f.truncate()
    d.wait(lambda: "m" in pids(d), what="the watcher to see the file written")
    ok("watch: a file written in place is seen")
    reload(d, servers())
    reload(d)  # what the watcher had seen before it was turned off has had its turn by then
    g = generation(d)
    d.write_config(servers(late=mcp("mcp")))
    time.sleep(0.6)  # nothing must come, so there is nothing to wait for
    equal("watch: nobody looks any more when it is turned off", generation(d), g)
    equal("three ways: TERM ends it with 0", d.stop(), 0)
    d.check_clean("three ways")


def config_map():
    """A mounted ConfigMap: FILE -> ..data/FILE, ..data -> ..N, and ..data is renamed over."""
    base = path("configmap")

    def version(n, config):
        os.makedirs("%s/..%d" % (base, n))
        with open("%s/..%d/mcpvisor.yaml" % (base, n), "w", encoding="utf-8") as f:
            f.write(json.dumps(config))
        os.symlink("..%d" % n, base + "/..new")
        os.rename(base + "/..new", base + "/..data")

    os.mkdir(base)
    version(1, dict(servers(), reload="watch", listen=[OWN_PORT]))
    os.symlink("..data/mcpvisor.yaml", base + "/mcpvisor.yaml")
    d = Daemon(path=base + "/mcpvisor.yaml")
    before = until(lambda: (lambda all: all if None not in all.values() else None)(pids(d)), what="its servers")
    for n in range(2, 5):
        version(n, dict(servers(**{"v%d" % n: mcp("mcp")}), reload="watch", listen=[OWN_PORT]))
        d.wait(lambda n=n: "v%d" % n in pids(d), what="version %d of the ConfigMap" % n)
        shutil.rmtree("%s/..%d" % (base, n - 1))
    ok("watch: each exchange of a ConfigMap is seen")
    equal("watch: the generation", generation(d), 4)
    equal("ConfigMap: unchanged servers keep their processes", [pids(d)[k] for k in "ab"], [before[k] for k in "ab"])
    d.stop()


def storm():
    """Valid, not valid, a command that is not there, a changed server: again and again."""
    n = 10000 if SOAK else 60
    d = Daemon(servers(c=mcp("mcp"), s=mcp("mcp", share="session")), times=FAST)
    for name in "abc":
        d.wait_state(name, "ready")
    keep = {k: pids(d)[k] for k in "ab"}
    fds = dirty = 0
    wrong = []
    took, results = [], {}
    for i in range(n):
        if i == n // 4 - n // 4 % 4:
            fds, dirty = fds_of(d.pid), private_memory(d.pid)
        kind = ("valid", "invalid", "missing", "changed")[i % 4]
        # What the reload before this one has begun changes the status, too.
        until(lambda: all(s["state"] == "idle" or (s["state"] == "ready" and s["tools"] is not None)
                          for s in d.status()["servers"]), what="the servers at rest, their lists told")
        before = frozen(d)
        if kind == "valid":
            d.write_config(servers(c=mcp("mcp", env={"N": str(i // 4)}, stop_timeout="%ds" % (2 + i % 3)),
                                   s=mcp("mcp", share="session")))
        elif kind == "changed":
            d.write_config(servers(c=mcp("mcp", env={"N": str(i // 4 + 1)}), s=mcp("mcp", share="session")))
        elif kind == "invalid":
            d.write_config('{"servers": {"a": {"command": "x", "nonsense": %d}}}' % i)
        else:
            d.write_config(servers(x={"command": "no-such-program-here"}))
        start = time.monotonic()
        answer = reload(d)
        took.append(time.monotonic() - start)
        results.setdefault(kind, set()).add(answer["ok"])
        if kind in ("invalid", "missing") and frozen(d) != before:
            wrong.append((kind, before, frozen(d)))
        if kind in ("valid", "changed") and not answer["ok"]:
            fail("reload %d" % i, answer)
    took.sort()
    print("%d reloads: %.0f ms (median), %.0f ms (longest)" % (n, took[n // 2] * 1e3, took[-1] * 1e3), flush=True)
    equal("storm: results", results, {"valid": {True}, "changed": {True}, "invalid": {False}, "missing": {False}})
    check("storm: a refused file changes nothing at all", not wrong, wrong[:1])
    equal("storm: unchanged servers keep their processes", {k: pids(d)[k] for k in "ab"}, keep)
    equal("storm: no zombie", zombies_of(d.pid), [])
    until(lambda: fds_of(d.pid) <= fds, 5, "%d descriptors, there are %d" % (fds, fds_of(d.pid)))
    ok("storm: no descriptor is lost")
    grown = private_memory(d.pid) - dirty
    print("private memory of the supervisor: %+d KiB in the last three quarters" % (grown // 1024), flush=True)
    if SLOW == 1:
        check("storm: memory is flat", grown < 500 * 1024, grown)
    equal("storm: TERM ends it with 0", d.stop(), 0)
    d.check_clean("storm")


def hangups():
    """Any number of HUPs is at most four reloads per second."""
    d = Daemon(servers())
    start = time.monotonic()
    with d.events() as stream:
        for _ in range(20000):
            d.signal(signal.SIGHUP)
        spent = time.monotonic() - start
        seen = 0
        while stream_has(stream, 1.0 * SLOW, "reload"):
            seen += 1
    check("20,000 HUPs in %.2f s are %d reloads" % (spent, seen), 1 <= seen <= 4 * spent + 3, seen)
    equal("hangups: the daemon runs", d.status()["state"], "running")
    equal("hangups: TERM ends it with 0", d.stop(), 0)


def stream_has(stream, timeout, kind):
    end = time.monotonic() + timeout
    while True:
        e = stream.next(end - time.monotonic())
        if e is None or e["type"] == kind:
            return e


def remove_and_add():
    """A server comes back while its former life is still ending: never two of them at a time."""
    slow = mcp("mcp+ignore-term+ignore-eof", stop_timeout="800ms", env={"CHILD_LOG": path("remove")})
    for kind in ("eager", "lazy"):
        d = Daemon(servers(z=dict(slow, start="eager")), times=FAST)
        old = d.wait_state("z", "ready")["pid"]
        equal(kind + ": it is removed", reload(d, servers())["removed"], ["z"])
        check(kind + ": its process still ends", is_alive(old))
        d.write_config(servers(z=dict(slow, start=kind)))
        answer = d.ask("reload --no-wait")
        until(lambda: generation(d) == 3, what="the reload")
        equal(kind + ": it is added again while it ends", (answer["ok"], is_alive(old)), (True, True))
        if kind == "lazy":
            d.ask("start --no-wait z")

        def second():
            new = [s["pid"] for s in d.status()["servers"] if s["name"] == "z" and s["pid"] not in (None, old)]
            return new and (new[0], is_alive(old))

        equal(kind + ": the new one starts when the old one has ended", until(second)[1], False)
        until(lambda: [s["state"] for s in d.status()["servers"] if s["name"] == "z"] == ["ready"], what="z")
        ok(kind + ": and it gets ready")
        # Removed again before it could start.
        reload(d, servers())
        d.write_config(servers(z=dict(slow, start="eager")))
        d.ask("reload --no-wait")
        until(lambda: generation(d) == 5, what="the reload")
        reload(d, servers())
        until(lambda: sorted(pids(d)) == ["a", "b"], what="both lives to be over")
        ok(kind + ": a life that never began ends as well")
        equal(kind + ": TERM ends it with 0", d.stop(), 0)
        d.check_clean("remove and add, " + kind)


def overlap():
    good = mcp("mcp", overlap=True)
    d = Daemon(servers(o=good), times=FAST)
    old = d.wait_state("o", "ready")["pid"]
    for name in "ab":
        d.wait_state(name, "ready")
    for what, new in (("never ready", mcp("never-read", overlap=True, start_timeout="300ms")),
                      ("ends", mcp("exit", "3", overlap=True))):
        if what == "ends":
            new["args"] = ["exit", "3"]
        done_before = d.server("o")["budget"]
        d.write_config(servers(o=new))
        done = cli_reload(d)
        equal(what + ": the command exits with 1", done.returncode, 1)
        check(what + ": and names it", "o" in done.stderr, done.stderr)
        equal(what + ": status says partial", (last(d)["ok"], last(d)["partial"]), (False, ["o"]))
        check(what + ": the old one stays: status says so", "kept its old instance" in last(d)["error"], last(d))
        s = d.server("o")
        equal(what + ": the old process serves", (s["state"], s["pid"]), ("ready", old))
        equal(what + ": nothing is charged", s["budget"], done_before)
        until(lambda: len(d.server("o")["instances"]) == 1, what="the second one to be gone")
    with d.events() as stream:
        while stream.next(0.2):  # those from before
            pass
        answer = reload(d, servers(o=mcp("mcp", overlap=True, env={"X": "2"})))
        equal("overlap: the reload is ok", answer["ok"], True)
        until(lambda: [i["pid"] for i in d.server("o")["instances"]] not in ([], [old]) and not is_alive(old),
              what="the old one to end")
        check("overlap: another process serves", d.server("o")["pid"] != old)
        gaps = []
        while True:
            e = stream.next(0.3)
            if e is None:
                break
            if e["type"] == "server_state" and e.get("server") == "o" and e["to"] not in ("ready",):
                gaps.append(e)
        equal("overlap: it was ready all the time", gaps, [])
    # Something else is asked for while both are there.
    for command, state in (("stop o", "stopped"), ("restart o", "ready"), ("reload", "ready")):
        reload(d, servers(o=mcp("mcp", overlap=True)))
        d.ask("start o")
        d.wait_state("o", "ready")
        until(lambda: len(d.server("o")["instances"]) == 1, what="the end of what was before")
        d.write_config(servers(o=mcp("never-read", overlap=True, env={"Y": command})))
        d.ask("reload --no-wait")
        until(lambda: len(d.server("o")["instances"]) == 2, what="both")
        if command == "reload":
            d.write_config(servers(o=mcp("mcp", overlap=True, env={"Y": "3"})))
        else:
            d.write_config(servers(o=mcp("mcp", overlap=True, env={"Y": "4"})))
        if command == "restart o":  # what it is restarted with is the newest configuration
            d.ask("restart --no-wait o")
            until(lambda: len(d.server("o")["instances"]) == 1, what="one of them")
            reload(d)
        else:
            d.ask(command)
        until(lambda: d.server("o")["state"] == state and len(d.server("o")["instances"]) <= 1, 30, "the end of it")
        ok("overlap, then %s: %s" % (command, state))
    equal("overlap: TERM ends it with 0", d.stop(), 0)
    d.check_clean("overlap")


def overtaken_stop():
    """Who stops a server that a reload then starts again is told so, and does not wait for ever."""
    slow = {"stop_timeout": "500ms", "drain_timeout": "0s"}
    d = Daemon(servers(o=mcp("mcp+ignore-term+ignore-eof", **slow)), times=FAST)
    d.wait_state("o", "ready")
    with d.connect() as s:
        s.sendall(b"stop o\n")
        d.wait_state("o", "stopping")
        reload(d, servers(o=mcp("mcp", **slow)))
        said = []
        for line in s.makefile("r", encoding="utf-8"):
            said.append(json.loads(line))
            if "ok" in said[-1]:
                break
    equal("overtaken stop: says that it failed", (said[-1]["ok"], said[-2].get("error")),
          (False, "it was started again meanwhile"))
    d.wait_state("o", "ready")
    equal("overtaken stop: TERM ends it with 0", d.stop(), 0)
    d.check_clean("overtaken stop")


def listeners():
    d = Daemon(dict(servers(), listen=["127.0.0.1:0"]), times=FAST)
    first = d.status()["gateway"]["listen"]
    port = int(first[0].rpartition(":")[2])
    same = dict(servers(), listen=["127.0.0.1:%d" % port])
    answer = reload(d, same)
    if answer["ok"]:
        reload(d, dict(servers(), listen=["127.0.0.1:%d" % port, "127.0.0.1:0"]))
        now = d.status()["gateway"]["listen"]
        equal("listen: the first address stays", now[0], first[0])
        check("listen: there is one more", len(now) == len(first) + 1, now)
        for address in (a for a in now if a.startswith("127")):
            with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), DEADLINE) as s:
                s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                check("listen: %s answers" % address, s.recv(100).startswith(b"HTTP/1.1 200"))
        reload(d, same)
        second = int(now[1].rpartition(":")[2])
        until(lambda: refused(second), what="the second address to be closed")
        ok("listen: what is removed is closed")
    else:
        fail("listen: the same port, written out", answer)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        before = frozen(d)
        answer = reload(d, dict(servers(c=mcp("mcp")), listen=["127.0.0.1:%d" % taken.getsockname()[1]]))
        equal("listen: an address that is taken is refused", (answer["ok"], answer.get("code")), (False, "refused"))
        equal("listen: and changes nothing", frozen(d), before)
    equal("listeners: TERM ends it with 0", d.stop(), 0)
    d.check_clean("listeners")


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except ConnectionRefusedError:
        return True


def live_keys():
    """The log level, and a secret that changes behind its reference."""
    secret = write("secret", "first-secret-value")
    os.chmod(secret, 0o600)

    def config(level):
        c = mcp("report+mcp", env={"TOKEN": "${file:%s}" % secret})
        return {"servers": {"a": mcp("mcp"), "t": c}, "log": {"level": level}}

    d = Daemon(config("info"), times=FAST)
    d.wait_state("t", "ready")
    d.wait_state("a", "ready")
    before = pids(d)
    check("log level info: nothing of debug", '"debug"' not in d.log_text())
    equal("log level: changed live", reload(d, config("debug"))["ok"], True)
    equal("log level: no server is restarted for it", pids(d), before)
    d.ask("restart a")
    check("log level debug: there it is", '"debug"' in d.log_text())
    before = pids(d)
    equal("an unchanged secret changes nothing", reload(d)["restarted"], [])
    write("secret", "second-secret-value")
    equal("a changed secret restarts its server", reload(d)["restarted"], ["t"])
    equal("and no other", pids(d)["a"], before["a"])
    check("and that one is new", pids(d)["t"] != before["t"])
    text = d.log_text() + json.dumps(d.lines("logs t"))
    check("neither is in a log", "first-secret" not in text and "second-secret" not in text)
    d.stop()


def replaced_meanwhile():
    """The file is exchanged all the time: each reload sees one of both, whole."""
    one, two = servers(x=mcp("mcp", share="session")), servers(y=mcp("mcp", share="session"))
    d = Daemon(one, times=FAST)
    ends = threading.Event()

    def exchange():
        while not ends.is_set():
            for c in (one, two):
                d.write_config(c)

    t = threading.Thread(target=exchange, daemon=True)
    t.start()
    bad, seen = [], set()
    for _ in range(25):
        answer = reload(d)
        names = tuple(sorted(pids(d)))
        seen.add(names)
        if not answer["ok"] or names not in (("a", "b", "x"), ("a", "b", "y")):
            bad.append((answer, names))
    ends.set()
    t.join()
    equal("replaced during read: always one of both", bad, [])
    d.stop()


def next_gateway(d, restarts):
    def ready():
        g = d.status()["gateway"]
        return g if g["state"] == "ready" and g["restarts"] == restarts else None

    return until(ready, what="another gateway")


def gateway_says_no():
    d = Daemon(servers(), script="normal", times=dict(FAST, GATEWAY_GOOD=1))
    for name in "ab":
        d.wait_state(name, "ready")
    new = servers(c=mcp("mcp"))
    before = frozen(d)
    d.say("mode", "refuse-prepare", "not with me")
    answer = reload(d, new)
    equal("refused by the gateway", (answer["ok"], answer.get("code")), (False, "refused"))
    check("with its reason", "not with me" in last(d)["error"], last(d))
    equal("and nothing has changed", frozen(d), before)
    d.say("normal")

    # It dies without an answer; after one, the reload would be committed.
    d.say("mode", "crash-on", "PREPARE")
    answer = reload(d)
    equal("the gateway dies: aborted", (answer["ok"], answer.get("code")), (False, "aborted"))
    check("it dies: that is the reason", "gateway restarted during reload" in last(d)["error"], last(d))
    before["gateway"] = next_gateway(d, 1)
    equal("it dies: nothing else has changed", frozen(d), before)

    d.say("mode", "never-prepared")
    start = time.monotonic()
    answer = reload(d)
    took = time.monotonic() - start
    equal("no answer: aborted", (answer["ok"], answer.get("code")), (False, "aborted"))
    check("no answer: after 5 s", 4.9 < took < 5 + 2 * SLOW, took)
    before["gateway"] = next_gateway(d, 2)
    equal("no answer: nothing else has changed", frozen(d), before)
    equal("the next one is ok", reload(d)["ok"], True)
    d.wait_state("c", "ready")

    # While there is none it is waited for.
    d.set_script("exit 3\nnormal")
    gone = d.status()["gateway"]["pid"]
    os.kill(gone, signal.SIGKILL)
    until(lambda: d.status()["gateway"]["pid"] != gone or d.status()["gateway"]["state"] != "ready", what="its end")
    equal("no gateway at the moment: waited for", reload(d, servers())["ok"], True)
    equal("gateway says no: TERM ends it with 0", d.stop(), 0)
    d.check_clean("gateway says no")


def term_at_each_point():
    """A stop comes while a reload is under way."""
    n = 200 if SOAK else 24
    codes, phases = {}, 0.06 * SLOW
    for i in range(n):
        d = Daemon(servers(), times=FAST)
        d.write_config(servers(c=mcp("mcp"), a=mcp("mcp", env={"X": "1"}), o=mcp("mcp", overlap=True)))
        d.signal(signal.SIGHUP)
        time.sleep(phases * i / n)
        code = d.stop()
        codes[code] = codes.get(code, 0) + 1
        left = d.survivors()
        if left or "no row in the table" in d.log_text() or "AddressSanitizer" in d.log_text() or code != 0:
            fail("TERM %.1f ms into a reload: exit %d, left %r" % (1e3 * phases * i / n, code, left), d.log_text())
        if "ended by us" in d.log_text():
            fail("TERM %.1f ms into a reload: the gateway was killed" % (1e3 * phases * i / n), d.log_text())
        daemons.remove(d)
    equal("TERM at %d moments of a reload: always 0, nothing left" % n, codes, {0: n})
    # The gateway holds the answer: the stop comes in between for certain.
    d = Daemon(servers(), script="normal", times=FAST)
    d.say("mode", "never-prepared")
    d.write_config(servers(c=mcp("mcp")))
    d.signal(signal.SIGHUP)
    until(lambda: d.seen("PREPARE") == 2, what="PREPARE")
    equal("TERM while the gateway prepares: 0", d.stop(), 0)
    check("TERM while the gateway prepares: it is not killed for it", "ended by us" not in d.log_text(), d.log_tail())
    # And an answer that comes after the stop, while servers are still ending.
    d = Daemon(servers(slow=mcp("mcp+ignore-term+ignore-eof", stop_timeout="1s")), script="normal", times=FAST)
    d.wait_state("slow", "ready")
    d.say("mode", "never-prepared")
    d.write_config(servers(c=mcp("mcp")))
    d.signal(signal.SIGHUP)
    until(lambda: d.seen("PREPARE") == 2, what="PREPARE")
    d.signal(signal.SIGTERM)
    until(lambda: d.seen("ABORT") == 1, what="ABORT")
    d.say("raw", struct.pack("<IIQ", PREPARED, 16, 2).hex())
    until(lambda: d.status()["gateway"]["dropped_messages"] == 1, what="the answer to be dropped")
    ok("a late answer for a configuration that was given up is dropped")
    equal("late answer: 0", d.wait_exit(), 0)
    check("late answer: the gateway is not killed for it", "ended by us" not in d.log_text(), d.log_tail())
    d.check_clean("late answer")


def share_changes():
    for before, after in (("shared", "session"), ("session", "shared"), ("session", "exclusive"),
                          ("exclusive", "session"), ("shared", "exclusive")):
        name = "%s to %s" % (before, after)
        d = Daemon({"servers": {"s": mcp("mcp", share=before)}}, script="normal", times=FAST)
        session = 5 if before != "shared" else 0
        d.say("want", "s", session)
        old = d.wait_state("s", "ready")["pid"]
        answer = reload(d, {"servers": {"s": mcp("mcp", share=after)}})
        equal(name + ": the reload is ok", answer["ok"], True)
        until(lambda: not is_alive(old), what="the old one to end")
        if after == "session":
            until(lambda: d.server("s")["instances"] == [] and d.server("s")["state"] == "idle", what="it to be idle")
            d.say("want", "s", 6)
        s = until(lambda: (lambda s: s if s["state"] == "ready" and len(s["instances"]) == 1 else None)(d.server("s")),
                  what=name + ": one instance")
        equal(name + ": as it should be", s["share"], after)
        check(name + ": no pair without a row", "no row" not in d.log_text(), d.log_tail())
        equal(name + ": TERM ends it with 0", d.stop(), 0)
        d.check_clean(name)


def critical_meanwhile():
    """A commit that makes a critical server degraded ends the daemon, and does so in order."""
    d = Daemon({"servers": {"a": mcp("mcp"), "k": mcp("mcp", critical=True, start="lazy")}}, flags=["--keep-going"],
               times=FAST)
    d.wait_state("a", "ready")
    d.ask("stop k")
    d.write_config({"servers": {"a": mcp("mcp"), "k": {"command": "no-such-program-here", "critical": True,
                                                       "start": "lazy"}, "z": mcp("mcp")}})
    d.signal(signal.SIGHUP)
    equal("critical and refused by a reload: exit 1", d.wait_exit(), 1)
    check("critical and refused by a reload: it says so", "critical and degraded" in d.log_text(), d.log_tail())
    d.check_clean("critical meanwhile")


def thousand():
    config = {"limits": {"max_servers": 1100},
              "servers": {"s%d" % i: mcp("mcp", share="session") for i in range(1000)}}
    d = Daemon(config, times=FAST)
    took = []
    for i in range(5):
        config["servers"]["s7"]["env"]["N"] = str(i)
        d.write_config(config)
        start = time.monotonic()
        answer = reload(d)
        took.append(time.monotonic() - start)
        if not answer["ok"] or answer["restarted"] != ["s7"] or answer["same"] != 999:
            fail("1,000 servers: %r" % answer)
    print("1,000 servers, one of them changed: a whole reload takes %.0f ms" % (sorted(took)[2] * 1e3), flush=True)
    ok("1,000 servers: one changed, 999 the same, five times")
    before = frozen(d)
    other = dict(config, servers={"t%d" % i: mcp("mcp", share="session") for i in range(1000)})
    answer = reload(d, other)
    equal("more than there is room for: refused", (answer["ok"], answer.get("code")), (False, "refused"))
    check("more than there is room for: nothing has changed", frozen(d) == before)
    answer = reload(d, {"servers": {"a": mcp("mcp")}, "limits": {"max_servers": 1100}})
    equal("1,000 servers: all removed at once", len(answer["removed"]), 1000)
    equal("1,000 servers: there is room again", reload(d, other)["ok"], True)
    equal("1,000 servers: TERM ends it with 0", d.stop(), 0)


alarm(3600 if SOAK else 150)
main(three_ways, config_map, storm, hangups, remove_and_add, overlap, overtaken_stop, listeners, live_keys,
     replaced_meanwhile, gateway_says_no, term_at_each_point, share_changes, critical_meanwhile, thousand)
