#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a service manager is told and gives: a socket of ours in the place of systemd's, sockets to
listen on, and a journal."""

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self):
        self.path = path("notify%d" % time.monotonic_ns())
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.seen = []

    def next(self, deadline=DEADLINE):
        self.sock.settimeout(deadline)
        try:
            message = dict(x.split("=", 1) for x in self.sock.recv(65536).decode().split("\n") if x)
        except (TimeoutError, BlockingIOError):
            return None
        self.seen.append(message)
        return message

    def wait(self, key, deadline=DEADLINE):
        """Until a message with that key comes; those before it are kept in `seen`."""
        end = time.monotonic() + deadline * SLOW
        while time.monotonic() < end:
            m = self.next(max(0.001, end - time.monotonic()))
            if m and key in m:
                return m
        raise TimeoutError("no %s within %.0f s, but %r" % (key, deadline * SLOW, self.seen))

    def until_status(self, text):
        while text not in [x.get("STATUS") for x in self.seen]:
            self.wait("STATUS")

    def drain(self):
        while self.next(0.0001):
            pass

    def daemon(self, config, watchdog=None, **keys):
        env = {"NOTIFY_SOCKET": self.path}
        if watchdog:
            env["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        return Daemon(config, env=env, wait=False, **keys)


def environ_of(pid):
    with open("/proc/%d/environ" % pid, "rb") as f:
        return dict(x.split("=", 1) for x in f.read().decode(errors="replace").split("\0") if "=" in x)


def ready():
    """READY=1 comes when what `ready:` asks for is there, not before."""
    m = Manager()
    d = m.daemon({"ready": "all", "servers": {"a": mcp(), "slow": mcp("slow-start+mcp", str(700 * SLOW))}})
    message = m.wait("READY")
    equal("READY=1", message["READY"], "1")
    check("with a status for people", message.get("STATUS"), message)
    equal("nothing was said before it", m.seen[:-1], [])
    s = d.status()
    equal("and by then all are ready", ([x["state"] for x in s["servers"]], s["ready"]), (["ready"] * 2, True))
    for x in s["servers"]:
        names = set(environ_of(x["pid"])) & {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}
        equal("%s: the variables are not passed on" % x["name"], names, set())
    equal("nor to the gateway", "NOTIFY_SOCKET" in environ_of(s["gateway"]["pid"]), False)

    d.write_config({"servers": {"a": mcp()}})
    before = time.monotonic_ns() // 1000
    d.signal(signal.SIGHUP)
    message = m.wait("RELOADING")
    now = time.monotonic_ns() // 1000
    check("RELOADING=1 with its moment", message["RELOADING"] == "1" and before <= int(message["MONOTONIC_USEC"]) <= now,
          "%r, between %d and %d" % (message, before, now))
    equal("READY=1 after it", m.wait("READY")["READY"], "1")
    d.write_config("servers: nonsense")
    d.ask("reload")
    m.wait("RELOADING")
    equal("a reload that fails ends with READY=1, too", m.wait("READY")["READY"], "1")
    m.until_status("1 of 1 servers are ready")
    ok("the status follows what is ready")
    d.ask("drain")
    m.until_status("draining")
    ok("draining is told")
    d.signal(signal.SIGTERM)
    message = m.wait("STOPPING")
    equal("STOPPING=1", message["STOPPING"], "1")
    check("with the reason", "TERM" in message.get("STATUS", ""), message)
    equal("it ends with 0", d.wait_exit(), 0)


def critical():
    m = Manager()
    d = m.daemon({"servers": {"c": mcp("slow-start+mcp", str(400 * SLOW), critical=True),
                              "other": mcp("slow-start+mcp", "60000")}})
    m.wait("READY")
    equal("READY=1 waits for the critical one, not for the other", [x["state"] for x in d.status()["servers"]],
          ["ready", "starting"])
    equal("TERM ends it with 0", d.stop(), 0)
    m.wait("STOPPING")


def refused():
    m = Manager()
    d = m.daemon("servers: nonsense")
    equal("a configuration that is refused: 125", d.wait_exit(), 125)
    m.drain()
    equal("and no READY=1", [x for x in m.seen if "READY" in x], [])


def watchdog():
    """Twice per period, for as long as the gateway answers."""
    period = 1.0 * SLOW
    m = Manager()
    d = m.daemon({"servers": {"a": mcp()}}, watchdog=period)
    m.wait("READY")
    m.wait("WATCHDOG")
    began = time.monotonic()
    for _ in range(4):
        m.wait("WATCHDOG")
    took = time.monotonic() - began
    check("WATCHDOG=1 twice a period", 1.5 * period <= took <= 3 * period, "4 of them in %.2f s" % took)
    gateway = d.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGSTOP)
    end = time.monotonic() + 12 + 2 * period

    def silent():
        while time.monotonic() < end:
            if not m.next(1.2 * period):
                return True
        return False

    check("a gateway that does not answer: silence, sooner than it is replaced", silent(), m.seen[-3:])
    equal("it is still the same gateway", d.status()["gateway"]["pid"], gateway)
    os.kill(gateway, signal.SIGCONT)
    m.wait("WATCHDOG")
    ok("and it goes on when it answers again")
    d.signal(signal.SIGSTOP)
    m.drain()
    equal("a supervisor that does not turn: silence", m.next(1.2 * period), None)
    d.signal(signal.SIGCONT)
    m.wait("WATCHDOG")
    d.stop()


def full():
    """A manager that does not read blocks nobody, and what is lost is counted."""
    m = Manager()
    d = m.daemon({"servers": {"a": mcp()}}, watchdog=0.01)
    d.wait_ready()
    d.wait(lambda: d.status()["state"] == "running", what="running")
    until(lambda: d.status()["notify_dropped"] > 5, what="datagrams to be dropped")
    began = time.monotonic()
    equal("a full socket: it answers", d.ask("ping"), {"ok": True})
    check("at once", time.monotonic() - began < 1 * SLOW)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("with a full socket")


def other_addresses():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = "mcpvisor-test-%d-%d" % (os.getpid(), time.monotonic_ns())
    s.bind("\0" + name)
    s.settimeout(DEADLINE * SLOW)
    d = Daemon({"servers": {}}, env={"NOTIFY_SOCKET": "@" + name}, wait=False)
    check("an abstract socket is told", b"READY=1" in s.recv(4096))
    d.stop()
    for bad in ("/no/such/socket", "relative", "", "@", "vsock:2:1"):
        d = Daemon({"servers": {}}, env={"NOTIFY_SOCKET": bad})
        equal("NOTIFY_SOCKET=%r: it runs all the same" % bad, d.stop(), 0)


def sockets():
    """LISTEN_FDS: by name where the configuration says so, and nobody's to remove."""
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    tcp.listen()
    unix_path = path("given.sock")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(unix_path)
    unix.listen()

    # The pid is known after the fork only, and the environment is made before it: so a shell says it.
    fds = {3: tcp.fileno(), 4: unix.fileno()}
    script = "exec 3<&%d 4<&%d; LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http:local exec \"$@\"" % (fds[3], fds[4])
    d = Daemon({"listen": ["127.0.0.1:%d" % tcp.getsockname()[1]], "servers": {"a": mcp()}},
               prefix=["bash", "-c", script, "bash"], pass_fds=list(fds.values()))
    s = d.wait(lambda: (lambda x: x if x["servers"][0]["state"] == "ready" else None)(d.status()), what="a")
    listen = s["gateway"]["listen"]
    check("the sockets that were passed are used", "127.0.0.1:%d" % tcp.getsockname()[1] in listen and
          "unix:" + unix_path in listen, listen)
    names = set(environ_of(s["servers"][0]["pid"])) & {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}
    equal("the variables are not passed on", names, set())
    c = socket.create_connection(tcp.getsockname(), DEADLINE)
    c.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    c.settimeout(DEADLINE * SLOW)
    check("somebody answers there", c.recv(100).startswith(b"HTTP/1.1 "))
    c.close()
    equal("TERM ends it with 0", d.stop(), 0)
    check("a passed socket is not removed", os.path.exists(unix_path))
    for x in (tcp, unix):
        x.close()


def socket_activate():
    program = shutil.which("systemd-socket-activate")
    if not program:
        skip("systemd-socket-activate is not here")
        return
    at = path("activated.sock")
    d = Daemon({"listen": ["unix:" + at], "servers": {"a": mcp()}}, prefix=[program, "-l", at, "--fdname", "http"], wait=False)
    d.wait_logged("Listening on")
    c = socket.socket(socket.AF_UNIX)
    c.settimeout(DEADLINE * SLOW)
    c.connect(at)
    c.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check("the first connection starts it and is answered", c.recv(100).startswith(b"HTTP/1.1 "), d.log_tail())
    c.close()
    d.wait_ready()
    equal("TERM ends it with 0", d.stop(), 0)
    check("and the socket stays", os.path.exists(at))


def journal():
    """log.output: journald speaks its native protocol; the socket is ours, in a mount namespace."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        skip("journald: a mount namespace is needed for a socket in its place")
        return
    where = path("journal")
    os.mkdir(where)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(where + "/socket")
    s.settimeout(DEADLINE * SLOW)
    script = ('mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind "$0" /run/systemd/journal && '
              'exec "$@"')
    d = Daemon({"log": {"output": "journald", "level": "debug"}, "servers": {"a": mcp()}}, wait=False,
               prefix=["unshare", "-m", "--propagation", "private", "sh", "-c", script, where])
    if d.proc.poll() is None:
        until(lambda: d.proc.poll() is not None or os.path.exists(d.runtime + "/control.sock"), what="the daemon")
    if "not built" in d.log_text() or "without journald" in d.log_text():
        skip("journald: this build has none")
        return
    records = []

    def has(text):
        return [r for r in records if text in r.get("MESSAGE", "")]

    while not has("ready after") or not has("configuration 1, 1 servers"):  # the second is the gateway's, fenced as it is
        raw, fds, _, _ = socket.recv_fds(s, 1 << 20, 4)
        for fd in fds:
            raw = os.pread(fd, 1 << 20, 0)
            os.close(fd)
        records.append(dict(x.split("=", 1) for x in raw.decode().split("\n") if "=" in x))
    last = has("ready after")[-1]
    equal("its records have a priority and a name", (last.get("PRIORITY"), last.get("SYSLOG_IDENTIFIER")),
          ("6", "mcpvisor"))
    equal("and our fields", (last.get("MCPVISOR_SERVER"), last.get("MCPVISOR_INSTANCE")), ("a", "1"))
    for _ in range(2000):  # nobody reads them
        d.signal(signal.SIGUSR2)
    equal("a journal that does not read blocks nobody", d.ask("ping"), {"ok": True})
    equal("nor does it end the gateway", d.status()["gateway"]["restarts"], 0)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("with a journal")


alarm(100)
main(ready, critical, refused, watchdog, full, other_addresses, sockets, socket_activate, journal)
