#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that cannot be started, each for a reason of its own, and a daemon that
was itself started in an odd way. What is told: class, stage, path; what follows:
two tries or as many as it takes; what is left: nothing."""

import re
import resource
import shutil
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from attack import *  # noqa: E402,F403

LOADER = re.compile(rb"/lib\w*/(\w[\w./-]*/)?ld-[\w.-]+\0")
GIVEN_UP = ("starting", "stopping", "backoff", "starting", "stopping", "degraded")


def program(name):
    """A file that can be executed, until something is done to it."""
    d = path("bin-" + name)
    os.mkdir(d)
    return shutil.copy(CHILD, os.path.join(d, name))


def replace(p, make):
    os.unlink(p)
    make(p)


def script(text):
    def make(p):
        with open(p, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(p, 0o755)

    return make


def other_loader(p):
    with open(p, "rb") as f:
        image = f.read()
    os.unlink(p)
    with open(p, "wb") as f:
        f.write(LOADER.sub(lambda m: m.group().replace(b"ld-", b"no-"), image, 1))
    os.chmod(p, 0o755)


def file_above(p):
    shutil.rmtree(os.path.dirname(p))
    write("bin-notdir", "")


# What is done to the program, and what the kernel says then.
BROKEN = {
    "gone": (os.unlink, "exec: No such file or directory: %s"),
    "mode": (lambda p: os.chmod(p, 0o644), "exec: Permission denied: %s"),
    "format": (lambda p: replace(p, script("no program\n")), "exec: Exec format error: %s"),
    "loop": (lambda p: replace(p, lambda q: os.symlink(q, q)), "exec: Too many levels of symbolic links: %s"),
    "dir": (lambda p: replace(p, os.mkdir), "exec: Permission denied: %s"),
    "notdir": (file_above, "exec: Not a directory: %s"),
    "shebang": (lambda p: replace(p, script("#!/no/such/interpreter -x\n")),
                "exec: No such file or directory: %s: there is no interpreter /no/such/interpreter"),
    "loader": (other_loader, "exec: No such file or directory: %s: its interpreter or loader is missing"),
}


def permanent():
    """Two tries, then the breaker is open."""
    programs = {k: program(k) for k in BROKEN}
    quick = {"backoff_min": "1ms", "backoff_max": "1ms"}
    d = Field({k: victim("mcp", command=p, restart=quick) for k, p in programs.items()})
    with open(CHILD, "rb") as f:
        has_loader = LOADER.search(f.read())
    for name, (breaks, reason) in BROKEN.items():
        if name == "loader" and not has_loader:
            skip("loader: this program needs none")
            continue
        with Attack(d, name, "exec of what is broken: " + name) as a:
            breaks(programs[name])
            a.start("degraded")
            a.went(*GIVEN_UP)
            a.ended("exec-permanent", reason % programs[name])
            s = d.server(name)
            equal(a.label + ": breaker, tries, processes", (s["breaker"], s["starts"], s["pid"], s["instances"]),
                  ("open", 2, None, []))
            a.stop()
    equal("broken programs: TERM ends it with 0", d.stop(), 0)
    d.check_clean("broken programs")


def busy():
    """The host's trouble: tried again as long as it takes, and then all is well."""
    p = program("busy")
    d = Field({"busy": victim("mcp", command=p, restart={"backoff_min": "20ms", "backoff_max": "20ms"})})
    with open(p, "ab"):
        try:
            subprocess.run([p, "exit", "0"], check=False)
            skip("ETXTBSY: this kernel executes what is open for writing")
            d.stop()
            return
        except OSError:
            pass
        with Attack(d, "busy", "text file busy") as a:
            a.start("backoff")
            until(lambda: d.server("busy")["starts"] >= 8, what="eight tries")
            a.ended("host-transient", "exec: Text file busy: " + p)
            equal(a.label + ": the budget is not touched", d.server("busy")["budget"]["used"], 0)
            d.ask("stop busy")
            a.reach("stopped")
    with Attack(d, "busy", "text file that is not busy any more") as a:
        a.start()
        a.stop()
        a.went(*STAYED)
    equal("busy: TERM ends it with 0", d.stop(), 0)
    d.check_clean("busy")


def too_big():
    """With a small stack the kernel takes few arguments."""
    def small_stack():
        resource.setrlimit(resource.RLIMIT_STACK, (MIB, resource.RLIM_INFINITY))

    d = Field({"big": victim("mcp", *["x" * 60000] * 6, restart={"backoff_min": "1ms", "backoff_max": "1ms"})},
              preexec_fn=small_stack)
    with Attack(d, "big", "too many arguments") as a:
        a.start("degraded")
        a.went(*GIVEN_UP)
        a.ended("exec-permanent", "exec: Argument list too long: " + CHILD)
        a.stop()
    equal("too big: TERM ends it with 0", d.stop(), 0)
    d.check_clean("too big")


def vanishes():
    """What was there at the first start is gone at the second."""
    quick = {"backoff_min": "1ms", "backoff_max": "1ms"}
    os.mkdir(path("cwd"))
    p = program("later")
    d = Field({"cwd": victim("mcp", cwd=path("cwd"), restart=quick), "later": victim("mcp", command=p, restart=quick)})
    for name, breaks, reason in (
            ("cwd", lambda: os.rmdir(path("cwd")), "cwd: No such file or directory: " + path("cwd")),
            ("later", lambda: os.unlink(p), "exec: No such file or directory: " + p)):
        with Attack(d, name, "vanishes: " + name) as a:
            a.start()
            breaks()
            answer = d.ask("restart " + name)
            check(a.label + ": the restart says why it failed", not answer["ok"], answer)
            a.reach("degraded")
            a.went("starting", "ready", "draining", "stopping", *GIVEN_UP)
            a.ended("exec-permanent", reason)
            a.stop()
    equal("vanishes: TERM ends it with 0", d.stop(), 0)
    d.check_clean("vanishes")


# ---- how the daemon itself was started ---------------------------------------


def report_of(d, name="r"):
    d.wait_state(name, "ready")
    until(lambda: says(d, name, "end of report"), what="the report")
    return [x["text"][len("child: "):] for x in d.lines("logs " + name) if x.get("stream") == "stderr"]


def usual(d, label):
    """A server's start state is ours to choose, whatever we were given."""
    lines = report_of(d)
    for word in ("SigBlk", "SigIgn"):
        got = [re.search("[0-9a-f]{16}$", x).group() for x in lines if x.startswith(word)]
        equal("%s: a server has no %s" % (label, word), [int(x, 16) for x in got], [0])
    fds = [x.split()[1:3] for x in lines if x.startswith("fd ")]
    equal(label + ": a server has three descriptors", [n for n, _ in fds], ["0", "1", "2"])
    check(label + ": all of them pipes", all(to.startswith("pipe:") for _, to in fds), fds)
    check(label + ": umask", any(x.endswith("umask 022") for x in lines), lines)
    d.ask("stop r")
    equal(label + ": it can be stopped", d.server("r")["last_exit"]["reason"], "exit 0")
    equal(label + ": no zombie", zombies_of(d.pid), [])
    equal(label + ": TERM ends it with 0", d.stop(), 0)
    d.check_clean(label)


REPORTS = {"r": mcp("report+mcp"), "q": mcp("exit", "0", restart={"policy": "never"})}


def ignored_sigchld():
    def before():
        for signo in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
            signal.signal(signo, signal.SIG_IGN)

    d = Field(dict(REPORTS), preexec_fn=before, restore_signals=False)
    d.wait_state("q", "stopped")
    equal("SIGCHLD ignored: an end is seen as it was", d.server("q")["last_exit"]["reason"], "exit 0")
    usual(d, "SIGCHLD ignored")


def blocked_mask():
    def before():
        os.umask(0o077)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))

    d = Field(dict(REPORTS), preexec_fn=before)
    usual(d, "all signals blocked")


def closed_stdio():
    d = Field(dict(REPORTS), preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)])
    usual(d, "0, 1, 2 closed")
    d = Field(dict(REPORTS), preexec_fn=lambda: os.close(0))
    usual(d, "0 closed")
    d = Field(dict(REPORTS), preexec_fn=lambda: os.close(2))
    usual(d, "2 closed")


def inherited_fds():
    """Not passed on, and not closed at random: somebody's lock, say."""
    r, w = os.pipe()
    d = Field(dict(REPORTS), pass_fds=(r, w))
    usual(d, "inherited descriptors")
    os.close(r)
    os.close(w)


def inherited_children():
    """Of a shell that has made itself into the daemon: reaped when they end, left alone while they live."""
    shell = ["sh", "-c", 'sleep 1000 & echo $! >"$0"; sleep 0.3 & (exit 3) & exec "$@"', path("sleeper")]
    d = Field(dict(REPORTS), prefix=shell)
    with open(path("sleeper"), encoding="utf-8") as f:
        sleeper = int(f.read())
    until(lambda: d.status()["orphans_reaped"] >= 2, what="inherited children to be reaped")
    usual(d, "inherited children")
    check("inherited children: what was not ours lives on", is_alive(sleeper))
    os.kill(sleeper, signal.SIGKILL)


alarm(200)
main(permanent, busy, too_big, vanishes, ignored_sigchld, blocked_mask, closed_stdio, inherited_fds,
     inherited_children)
