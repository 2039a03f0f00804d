#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway has fenced itself: what it still has, and what happens when it tries more than that."""

import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403
from mcp import Session  # noqa: E402

GATEWAY = os.path.join(BUILD, "tests/support/gateway-attempt")
# An attempt, and the system call that it ends by; or an errno that it gets.
KILLED = {"exec": "execve", "clone": "clone", "unlink": "unlink|unlinkat", "inet": "socket", "unix": "socket",
          "pair": "socketpair", "ptrace": "ptrace", "kill": "kill", "code": "mmap", "limit": "prlimit64|setrlimit",
          "dumpable": "prctl", "handler": "rt_sigaction", "memory": "memfd_create", "owner": "fcntl"}
REFUSED = {"open": "EACCES", "create": "EACCES", "stat": "EACCES"}
FENCES = ["no-new-privs", "capabilities", "securebits", "landlock", "landlock-net", "landlock-scope", "seccomp"]


def proc_status(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def gateway(d):
    return d.status()["gateway"]


def answers(d):
    with Session(os.path.join(d.runtime, "http.sock"), "/mcp/a") as s:
        return bool(s.request("tools/list")["result"]["tools"])


def fences():
    """What the kernel says of the process, beside what status says of it."""
    d = Daemon({"servers": {"a": mcp("mcp")}})
    d.wait_state("a", "ready")
    g = gateway(d)
    missing, why, status = g["sandbox"]["missing"], g["sandbox"]["why"], proc_status(g["pid"])
    check("status names fences that there are", set(missing) <= set(FENCES), missing)
    check("a build that fences nothing says why", (why is not None) == (len(missing) == 6 and "seccomp" in missing), g)
    equal("no new privileges", (status["NoNewPrivs"], "no-new-privs" in missing), ("1", False))
    equal("seccomp", status["Seccomp"], "0" if "seccomp" in missing else "2")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        if "capabilities" not in missing:
            equal(name, int(status[name], 16), 0)
    if "securebits" not in missing:
        equal("CapBnd", int(status["CapBnd"], 16), 0)
    equal("one thread", status["Threads"], "1")
    equal("it has not ended yet", g["last_exit"], None)
    check("it answers", answers(d))
    print("missing: %s (%s)" % (" ".join(missing) or "nothing", why), flush=True)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("fences")


def attempt(name, unfenced=False):
    """A daemon whose gateway has tried it, and the pid of that gateway."""
    env = {"MCPVISOR_TEST_ATTEMPT": name, "MCPVISOR_TEST_FILE": path("attempt")}
    if unfenced:
        env["MCPVISOR_TEST_UNFENCED"] = "1"
    d = Daemon({"servers": {"a": mcp("mcp")}}, gateway=GATEWAY, env=env)
    d.wait_state("a", "ready")
    pid = gateway(d)["pid"]
    os.kill(pid, signal.SIGUSR1)
    return d, pid


def is_fenced():
    """This build and this kernel have the filter."""
    d = Daemon({"servers": {}})
    missing = gateway(d)["sandbox"]["missing"]
    d.stop()
    return "seccomp" not in missing


def killed():
    if not is_fenced():
        return skip("attempts: there is no filter here")
    for name, calls in KILLED.items():
        d, pid = attempt(name)
        before = d.server("a")["pid"]
        until(lambda: gateway(d)["state"] == "ready" and gateway(d)["pid"] != pid, what="another gateway")
        got = gateway(d)["last_exit"]
        check("%s: named on status" % name, re.fullmatch("signal 31, seccomp: syscall (%s)" % calls, got), got)
        check("%s: named in the log" % name, d.logged("gateway: ended with " + got) == 1, d.log_tail())
        check("%s: named among the events" % name, any(e.get("text") == got for e in d.lines("events")), got)
        equal("%s: it was not done" % name, d.logged("attempt:"), 0)
        equal("%s: servers keep their processes" % name, d.server("a")["pid"], before)
        check("%s: the next one answers" % name, answers(d))
        d.stop()


def refused():
    if not is_fenced():
        return skip("attempts: there is no filter here")
    for name, error in REFUSED.items():
        d, pid = attempt(name)
        d.wait_logged("attempt: " + error)
        ok("%s: %s" % (name, error))
        equal("%s: that is not its end" % name, gateway(d)["pid"], pid)
        check("%s: it answers" % name, answers(d))
        d.stop()


def unfenced():
    """The same attempts come through where there is no fence: it is the fence that refuses them."""
    for name in list(REFUSED) + [n for n in KILLED if n != "exec"]:
        d, _ = attempt(name, unfenced=True)
        d.wait_logged("attempt: done")
        ok("%s without a fence: done" % name)
        d.stop()
    d, pid = attempt("exec", unfenced=True)
    until(lambda: gateway(d)["state"] == "ready" and gateway(d)["pid"] != pid, what="another gateway")
    got = gateway(d)["last_exit"]  # its socket has closed: it may be killed before it ends
    check("exec without a fence: it is another program, and no gateway any more", got in ("exit status 0", "signal 9"), got)
    d.stop()


def ordinary_user():
    """No privilege to begin with: the same fences, but for what needs one to be locked."""
    if os.getuid() != 0:
        return skip("an ordinary user: the test is one already")
    os.chmod(tmp, 0o711)

    def become():
        os.umask(0o022)
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    config = write("user.yaml", json.dumps({"listen": [OWN_PORT], "servers": {}}))
    os.chmod(config, 0o644)
    mask = os.umask(0)  # its directory is one that it can write to
    try:
        d = Daemon(path=config, preexec_fn=become)
    finally:
        os.umask(mask)
    g = gateway(d)
    status = proc_status(g["pid"])
    if not g["sandbox"]["why"]:
        check("an ordinary user: only securebits are missing", set(g["sandbox"]["missing"]) <= {"securebits"}, g)
        equal("an ordinary user: seccomp", status["Seccomp"], "2")
    equal("an ordinary user: CapEff", int(status["CapEff"], 16), 0)
    equal("an ordinary user: TERM ends it with 0", d.stop(), 0)


alarm(300)
main(fences, killed, refused, unfenced, ordinary_user)
