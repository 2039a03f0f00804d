# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/gateway.py measures: each contender starts, says where it
listens and which processes are it, and ends. The measured process has CPU 0
for itself; the load and all that stands behind the measured process share
CPU 1 (npm peers, which have several threads, get both). Without anybody
between, the server has CPU 0 and its driver CPU 1."""

import glob
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

LOAD = os.path.join(BUILD, "tests/bench/load")
MCP_ECHO = os.path.join(BUILD, "tests/bench/mcp-echo")
COUNT_MALLOC = os.path.join(BUILD, "tests/bench/count-malloc.so")
WRAP = os.path.join(BUILD, "tests/bench/wrap")
TOKEN = "a-token-that-is-as-long-as-those-of-the-product-0"
PATTERN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-."
SIZES = (100, 10000, 1000000)
SERVER_CPU, LOAD_CPU = {0}, {1}
PINNED = len(os.sched_getaffinity(0)) >= 2


class Missing(Exception):
    """This contender cannot be had here; the text says why."""


def pin(pids, cpus):
    for pid in pids if PINNED else ():
        for task in os.listdir("/proc/%d/task" % pid):
            try:
                os.sched_setaffinity(int(task), cpus)
            except ProcessLookupError:
                pass


def on_cpu(cpus):
    """For Popen: the program and what it starts run there."""
    return lambda: os.sched_setaffinity(0, cpus) if PINNED else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers_at(port):
    with socket.socket() as s:
        return not s.connect_ex(("127.0.0.1", port))


def text_of(size):
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


# ---- nobody between --------------------------------------------------------------


class Direct:
    """The server driven over its own pipes: the floor."""

    name = "direct stdio"

    def start(self):
        pass

    def stop(self):
        pass

    def measured(self):
        return []

    @staticmethod
    def once(calls, seconds, tool="echo", size=100):
        """With so many calls in flight; the keys are those of the load."""
        argv = [os.path.join(BUILD, "tests/bench/stdio-direct"), "--json", "--seconds", str(seconds), "--row",
                "%s,%d,%d" % (tool, size, calls)]
        argv += ["--cpus", "1,0"] if PINNED else []
        row = json.loads(subprocess.run(argv + [MCP_ECHO], stdout=subprocess.PIPE, check=True, text=True).stdout)
        # Nothing stands between: what a gateway would cost is nothing.
        return dict(row, gateway_us=0, behind_us=row["server_cpu_us"], load_cpu_us=row["driver_cpu_us"])


# ---- mcpvisor ------------------------------------------------------------------


def echo_config(auth="token", lazy=0, eager=0, **keys):
    """One server that is called; further ones that are not."""
    config = {
        "servers": {"echo": {"command": MCP_ECHO, "max_queue": "256M", "max_inflight_session": 64}},
        # What is measured is not how it starts, nor its caps.
        "governor": {"rate": 10000, "burst": 10000, "starting": 10000},
        "limits": {"max_sessions": 20000, "max_connections": 15000, "max_queued": "1G", "max_servers": 2000,
                   "max_line": "16M", "session_ttl": "2h", "idle_timeout": "2h"},
        "auth": {"mode": "none"},
    }
    if auth == "token":
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        config["auth"] = {"mode": "token", "tokens": [{"name": "bench", "hash": "sha256:" + digest}]}
    for i in range(lazy):
        config["servers"]["lazy%04d" % i] = {"command": MCP_ECHO, "start": "lazy"}
    for i in range(eager):
        config["servers"]["more%04d" % i] = {"command": MCP_ECHO}
    config.update(keys)
    return config


class Mcpvisor:
    """Every check on: a token, unless said otherwise. `wrapper`: a shell command that runs the gateway."""

    path = "/mcp/echo"

    def __init__(self, name="mcpvisor", auth="token", unix=False, wrapper=None, times=None, pinned=True, **keys):
        self.name, self.auth, self.unix, self.keys = name, auth, unix, keys
        self.wrapper, self.times, self.pinned = wrapper, times, pinned
        self.daemon = None

    def start(self):
        self.daemon = d = Daemon(echo_config(self.auth, **self.keys), gateway=self.wrapper and WRAP, times=self.times,
                                 env={"MCPVISOR_BENCH_WRAP": self.wrapper} if self.wrapper else None)
        d.wait(lambda: all(s["state"] in ("ready", "idle") for s in d.status()["servers"]), 120, "its servers")
        status = d.status()
        self.gateway = status["gateway"]["pid"]
        self.address = ("unix:" + os.path.join(d.runtime, "http.sock")) if self.unix else self.tcp_address(status)
        self.servers = [i["pid"] for s in status["servers"] for i in s["instances"]]
        if self.pinned:
            pin([self.gateway], SERVER_CPU)
            pin([d.pid] + self.servers, LOAD_CPU)

    @staticmethod
    def tcp_address(status):
        return next(a for a in status["gateway"]["listen"] if a.startswith("127."))

    def measured(self):
        return [self.gateway]

    def behind(self):
        echo = next(s for s in self.daemon.status()["servers"] if s["name"] == "echo")
        return [i["pid"] for i in echo["instances"]]

    def load_flags(self, _tool, _size):
        flags = ["--path", self.path]
        return flags + (["--token", TOKEN] if self.auth == "token" and not self.unix else [])

    def log_tail(self):
        return self.daemon.log_tail() if self.daemon else ""

    def stop(self):
        if self.daemon:
            self.daemon.end()
            daemons.remove(self.daemon)
            self.daemon = None


# ---- nginx ---------------------------------------------------------------------

NGINX_HEAD = """worker_processes 1; daemon off; master_process on; pid {dir}/pid; error_log {dir}/error.log;
{user}worker_rlimit_nofile 16384;
events {{ worker_connections 12000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_max_body_size 64m; default_type application/json;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u;
  scgi_temp_path {dir}/s;
  {upstream}
  server {{ listen 127.0.0.1:{port} backlog=4096; {locations} }}
}}
"""


def fixed_answer(size):
    return '{"result":{"content":[{"type":"text","text":"%s"}]},"jsonrpc":"2.0","id":1000000000}' % text_of(size)


class NginxFixed:
    """Answers always the same JSON: nothing that speaks HTTP in one process does less."""

    def __init__(self, name="nginx-fixed", cpus=None):
        self.name, self.cpus, self.proc = name, SERVER_CPU if cpus is None else cpus, None

    def start(self):
        places = os.environ.get("PATH", "") + ":/usr/sbin:" + os.path.join(peers_dir(), "usr/sbin")
        nginx = shutil.which("nginx", path=places)
        if not nginx:
            raise Missing("nginx is not installed, nor in %s: tests/bench/peers.sh fetches it" % peers_dir())
        self.dir = os.path.join(tmp, "%s.%d" % (self.name, self.cpus == LOAD_CPU))
        os.makedirs(self.dir, exist_ok=True)
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(NGINX_HEAD.format(dir=self.dir, user="user root;\n" if os.geteuid() == 0 else "", port=self.port,
                                      upstream=self.upstream(), locations=self.locations()))
        self.proc = subprocess.Popen([nginx, "-p", self.dir, "-e", self.dir + "/error.log", "-c", conf],
                                     stdin=subprocess.DEVNULL, preexec_fn=on_cpu(self.cpus))
        until(lambda: self.proc.poll() is not None or answers_at(self.port), what="nginx")
        if self.proc.poll() is not None:
            raise Missing("nginx does not start: " + self.log_tail())

    def upstream(self):
        return ""

    def locations(self):
        """A long text is put together from pieces, for a word of its configuration is short; one that is
        longer still is a file, to be had by POST through an error page."""
        got = ["location = /mcp/100 { return 200 '%s'; }" % fixed_answer(100)]
        piece = text_of(len(PATTERN) * 32)
        head, tail = fixed_answer(10000).split(text_of(10000))
        whole, rest = divmod(10000, len(piece))
        got.append("location = /mcp/10000 { set $p '%s'; return 200 '%s%s%s%s'; }"
                   % (piece, head, "${p}" * whole, piece[:rest], tail))
        os.makedirs(os.path.join(self.dir, "mcp"), exist_ok=True)
        with open(os.path.join(self.dir, "mcp/1000000"), "w", encoding="ascii") as f:
            f.write(fixed_answer(1000000))
        got.append("location = /mcp/1000000 { root %s; error_page 405 =200 /mcp/1000000; }" % self.dir)
        return "\n".join(got)

    def measured(self):
        return children_of(self.proc.pid)

    def behind(self):
        return []

    def load_flags(self, tool, size):
        whole = os.path.join(self.dir, "whole-%d" % size)
        with open(whole, "w", encoding="ascii") as f:
            f.write(fixed_answer(size))
        return ["--path", "/mcp/%d" % size, "--plain", whole, "--token", TOKEN]

    def log_tail(self):
        with open(self.dir + "/error.log", encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-5:])

    def stop(self):
        if self.proc:
            self.proc.terminate()
            self.proc.wait()
            self.proc = None


class NginxFile(NginxFixed):
    """The same JSON from a file, as a web server answers: to be had by POST through an error page."""

    def __init__(self):
        super().__init__("nginx-file")

    def locations(self):
        os.makedirs(os.path.join(self.dir, "mcp"), exist_ok=True)
        with open(os.path.join(self.dir, "mcp/100"), "w", encoding="ascii") as f:
            f.write(fixed_answer(100))
        return "location = /mcp/100 { root %s; error_page 405 =200 /mcp/100; }" % self.dir


class NginxProxied(NginxFixed):
    """The same nginx with another one before it: what a proxy that looks at nothing costs."""

    def __init__(self):
        super().__init__("nginx-proxied")
        self.back = NginxFixed("nginx-behind", LOAD_CPU)

    def start(self):
        self.back.start()
        super().start()

    def upstream(self):
        return "upstream back { server %s; keepalive 256; keepalive_requests 1000000000; }" % self.back.address

    def locations(self):
        return ("location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ''; "
                "proxy_max_temp_file_size 0; proxy_buffers 8 256k; client_body_buffer_size 2m; }")

    def behind(self):
        return self.back.measured()

    def stop(self):
        super().stop()
        self.back.stop()


# ---- peers from npm --------------------------------------------------------------


def peers_dir():
    """Where tests/bench/peers.sh has put them."""
    return os.environ.get("MCPVISOR_BENCH_NPM") or os.path.join(BUILD, "tests/bench/peers")


class Npm:
    """A gateway in JavaScript, before the same server."""

    path = "/mcp"

    def __init__(self, name, *flags):
        self.name, self.flags, self.proc = name, flags, None

    def start(self):
        program = os.path.join(peers_dir(), "node_modules/.bin", self.name)
        if not shutil.which("node"):
            raise Missing("node is not installed")
        if not os.path.exists(program):
            raise Missing("%s is not in %s: tests/bench/peers.sh installs it" % (self.name, peers_dir()))
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port
        argv = ["node", program] + [f.format(port=self.port, server=MCP_ECHO) for f in self.flags]
        self.log = os.path.join(tmp, self.name + ".log")
        with open(self.log, "wb") as log:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.proc.poll() is not None or answers_at(self.port), 60, self.name)
        if self.proc.poll() is not None:
            raise Missing("%s does not start: %s" % (self.name, self.log_tail()))

    def measured(self):
        return [self.proc.pid]

    def behind(self):
        return []  # a server for each session, gone with it

    def load_flags(self, _tool, _size):
        return ["--path", self.path]

    def log_tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-5:])

    def stop(self):
        if self.proc:
            left = descendants(self.proc.pid)
            self.proc.kill()
            self.proc.wait()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.proc = None


def peers():
    return [
        Npm("supergateway", "--stdio", "{server}", "--outputTransport", "streamableHttp", "--stateful", "--port",
            "{port}", "--logLevel", "none"),
        Npm("mcp-proxy", "--port", "{port}", "--host", "127.0.0.1", "--server", "stream", "--no-eventStore", "--",
            "{server}"),
    ]
