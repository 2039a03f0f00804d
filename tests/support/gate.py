# SPDX-License-Identifier: Apache-2.0
"""For system tests of the data path: a daemon with mcp-child behind it, and clients of ours in front."""

import daemon as _daemon
import mcp as _mcp
from daemon import *  # noqa: F403
from mcp import *  # noqa: F403

MCP_CHILD = os.path.join(BUILD, "tests/support/mcp-child")
# As quick as it may be: a test waits for the restart.
QUICK = {"backoff_min": "10ms", "backoff_max": "50ms", "burst": 100, "long_burst": 1000, "stable": "1s"}


def child(*args, **keys):
    """A server that does what the arguments of its tools say: see tests/support/mcp-child-tools.c."""
    return dict({"command": MCP_CHILD, "args": list(args), "restart": QUICK}, **keys)


class Gate(Daemon):
    """The daemon, ready; `auth` none unless the configuration says otherwise."""

    def __init__(self, servers, config=None, ready=True, **keys):
        for name, s in servers.items():
            if s.get("command") == MCP_CHILD and "--name" not in s["args"]:
                s["args"] = ["--name", name] + s["args"]
        super().__init__(dict({"auth": {"mode": "none"}, "servers": servers}, **(config or {})), look=True, **keys)
        for name, s in servers.items():
            if ready and s.get("share", "shared") == "shared" and s.get("start") != "lazy":
                self.wait_state(name, "ready")
                self.settle(name, s)

    def settle(self, name, server):
        """Until its lists are there, so that a test hears of no change but its own."""
        lists = {"tools": "tools"} if "prompts" in server or "resources" in server else {
            "tools": "tools", "prompts": "prompts", "resources": "resources", "resources/templates": "resourceTemplates"}

        def settled():
            """What a server can is not known to a session that begins before its lists are there."""
            with Session(self.unix, "/mcp/" + name) as s:
                own = {k: v for k, v in lists.items() if k.split("/")[0] in s.result["capabilities"]}
                got = [s.request(k + "/list").get("result", {}).get(v) for k, v in own.items()]
                s.delete()
                return all(got)

        until(settled, what="lists of " + name)

    @property
    def address(self):
        """Of the first TCP listener."""
        listen = next(x for x in self.status()["gateway"]["listen"] if x.startswith("127.0.0.1:"))
        return ("127.0.0.1", int(listen.rsplit(":", 1)[1]))

    @property
    def unix(self):
        return os.path.join(self.runtime, "http.sock")

    def session(self, path="/mcp", **keys):
        return Session(self.address, path, **keys)

    def wire(self):
        return Wire(self.address)

    def ends_well(self, name):
        equal(name + ": TERM ends it with 0", self.stop(), 0)
        self.check_clean(name)


def reason_of(message):
    """The reason of an error that mcpvisor itself answers."""
    error = message.get("error") or {}
    data = error.get("data") or {}
    return data.get("reason") if error.get("code") == -32603 and data.get("source") == "mcpvisor" else None


def validate_messages():
    """From now on each message that a session receives is held against the schema of its revision, but for results
    of tools that a test made up itself, which pass as they are."""
    try:
        import schema
    except ImportError as e:
        print("messages are not validated: %s" % e, flush=True)
        return

    def look(raw, revision, method):
        if method == "tools/call" and b'"error"' not in raw and b'"content"' not in raw:
            return
        try:
            schema.check(raw, revision, schema.SERVER, method)
        except schema.SchemaError as e:
            if method != "tools/call" or "twice" not in str(e):
                fail("the schema of " + revision, e)

    _mcp.on_message = look


class Shared:
    """One daemon for the functions of a script that leave it as it is; it is looked at when they are over."""

    def __init__(self, make):
        self.make, self.gate = make, None

    def main(self, *tests):
        def first():
            check("the shared daemon is up", bool(self.gate))

        def last():
            self.gate.ends_well("the shared daemon")

        try:
            self.gate = self.make()
        except Exception as e:  # noqa: BLE001: without it there is nothing to test
            fail("the shared daemon", "%r\n%s" % (e, daemons[-1].log_tail() if daemons else ""))
            finish()
        main(first, *tests, last)
