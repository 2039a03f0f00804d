#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions of the gateway for one call, counted by valgrind: a figure without noise, compared with the committed
one of tests/bench/callgrind.expected (3 % more or less). One session, so that each call is a turn of the loop of its
own. Skipped where there is no valgrind, in a build that is not the usual optimised one, and where no figure is kept for
this compiler. --update writes the figure of this one; MCPVISOR_CALLGRIND_KEEP=FILE keeps what callgrind has written."""

import platform
import shlex
import sys

sys.dont_write_bytecode = True  # beside modules of the source tree
from contender import *  # noqa: E402,F403

CASES = (("echo 100", "echo", 100, 1000), ("echo 10000", "echo", 10000, 300), ("blob 10000", "blob", 10000, 300))
EXPECTED = os.path.join(SRC, "tests/bench/callgrind.expected")
TOLERANCE = 0.03


def compiler():
    """As "gcc-12 x86_64", or why nothing is counted with it."""
    link = shlex.split(os.environ.get("LINK", "gcc -O2"))
    if os.environ.get("SAN_FLAGS", "").strip() or "-O2" not in link or "--coverage" in link:
        return None, "not the usual optimised build"
    words = link[:2] if link[0].endswith("ccache") else link[:1]
    text = subprocess.run(words + ["--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    name = "clang" if "clang" in text else "gcc"
    version = subprocess.run(words + ["-dumpversion"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return "%s-%s %s" % (name, version.strip().split(".")[0], platform.machine()), None


def wrapper():
    """Runs the gateway in valgrind; what it prints is in the daemon's log."""
    return "exec valgrind -q --tool=callgrind --callgrind-out-file=%s/callgrind.%%p %s @gateway" % (tmp, MCPVISOR)


def control(pid, flag):
    subprocess.run(["callgrind_control", flag, str(pid)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
                   timeout=60)


def dumped():
    """Instructions of the newest dump."""
    newest = max(glob.glob(os.path.join(tmp, "callgrind.*")), key=os.path.getmtime)
    keep = os.environ.get("MCPVISOR_CALLGRIND_KEEP")
    if keep:
        shutil.copy(newest, keep)
    with open(newest, encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(("totals:", "summary:")))


def count(c, tool, size, calls):
    """The sessions are open, and each kind of call was made once, before the counting begins."""
    argv = [LOAD, "--hold", "--connections", 1, "--requests", calls, "--tool", tool, "--size", size, "--warmup", 0]
    argv = [str(a) for a in argv + c.load_flags(tool, size)] + [c.address]
    subprocess.run([a for a in argv if a != "--hold"], stdout=subprocess.DEVNULL, check=True, timeout=120)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        if load.stdout.readline() != "ready\n":
            raise AssertionError("the load could not begin\n" + c.log_tail())
        control(c.gateway, "-z")
        load.stdin.write("\n")
        load.stdin.flush()
        if not load.stdout.readline():
            raise AssertionError("the load has failed\n" + c.log_tail())
        control(c.gateway, "-d")
        load.communicate("\n", timeout=60)
    # One request more is sent than counted: it keeps the connection at work until the end is known.
    return dumped() / calls


def kept():
    """"compiler, case" -> instructions."""
    with open(EXPECTED, encoding="utf-8") as f:
        rows = [line.rsplit(":", 1) for line in f if ":" in line and not line.startswith("#")]
    return {key.strip(): int(value) for key, value in rows}


def update(key, got):
    rows = {**kept(), **{"%s, %s" % (key, case): round(n) for case, n in got.items()}}
    with open(EXPECTED, encoding="utf-8") as f:
        head = [line for line in f if line.startswith("#")]
    with open(EXPECTED, "w", encoding="utf-8") as f:
        f.writelines(head + ["%s: %d\n" % row for row in sorted(rows.items())])


def instructions():
    key, reason = compiler()
    if not reason and not (shutil.which("valgrind") and shutil.which("callgrind_control")):
        reason = "valgrind is not installed"
    if not reason and "--update" not in flags and not any(k.startswith(key + ",") for k in kept()):
        reason = "no figure is kept for %s" % key
    if reason:
        skip("instructions for a call: " + reason)
        return
    c = Mcpvisor(wrapper=wrapper(), times={"PING": 600000})
    c.start()
    got = {case: count(c, tool, size, calls) for case, tool, size, calls in CASES}
    if "--update" in flags:
        update(key, got)
    wanted = kept()
    for case, n in got.items():
        most = wanted["%s, %s" % (key, case)]
        check("%s: %.0f instructions for a call, %+.1f %% of what is kept" % (case, n, 100 * (n / most - 1)),
              abs(n / most - 1) <= TOLERANCE,
              "kept: %d; if this is meant: python3 %s --update in the build directory" % (most, __file__))
    c.stop()


flags = sys.argv[1:]
sys.argv[1:] = []
alarm(300)
main(instructions)
