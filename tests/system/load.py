#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many sessions that call at once, with the same ids, through one shared server: every answer is the one that its own
client asked for, byte for byte. The load is that of the bench, which ends with the first answer that is wrong."""

import os
import sys

sys.dont_write_bytecode = True  # beside modules of the source tree
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../bench"))
from contender import *  # noqa: E402,F403


def run(c, sessions, requests, *more):
    """What the load says: status, figures, complaint."""
    tool = more[more.index("--tool") + 1] if "--tool" in more else "echo"
    argv = [LOAD, "--connections", sessions, "--requests", requests, "--warmup", 0, *c.load_flags(tool, 0), *more, c.address]
    got = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                         timeout=60 * SLOW)
    return got.returncode, json.loads(got.stdout or "{}"), got.stderr


def right(name, c, sessions, requests, *more):
    status, got, err = run(c, sessions, requests, *more)
    check(name, status == 0 and got.get("requests") == requests, "%d %r\n%s\n%s" % (status, got, err, c.log_tail()))


def started(**keys):
    c = Mcpvisor(pinned=False, **keys)
    c.start()
    return c


def by_tcp():
    c = started()
    right("64 sessions, small texts", c, 64, 5000)
    right("300 sessions, more than the server may work on", c, 300, 3000)
    right("16 sessions, arguments of 10 kB", c, 16, 500, "--size", 10000)
    right("16 sessions, answers of 200 kB", c, 16, 200, "--tool", "blob", "--size", 200000)
    right("4 sessions, arguments of 1 MB", c, 4, 20, "--size", 1000000)
    right("32 sessions, answers that take their time", c, 32, 200, "--tool", "sleep", "--size", 5)
    right("sessions that say nothing do not disturb", c, 4, 500, "--idle", 300)
    c.stop()


def by_unix_socket():
    c = started(unix=True)
    right("64 sessions by a unix socket, no token", c, 64, 2000)
    c.stop()


def wrong_token():
    c = started()
    status, _, err = run(c, 1, 1, "--token", "another")
    check("a wrong token is refused, and the load sees it", status == 1 and " 401 " in err, err)
    c.stop()


alarm(120)
main(by_tcp, by_unix_socket, wrong_token)
