#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The network proxy by itself: the real role, a supervisor that is this script, real sockets, real names. Loopback is
refused unless it is listed, so it is listed."""

import array
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

PUBLIC = "198.41.0.4"  # given to lo of a network that has nothing else
BIG = 20 << 20


def message_types():
    with open(os.path.join(SRC, "src/ipc/message.h"), encoding="ascii") as f:
        names = re.findall(r"^        M\(([A-Z_]+),", f.read(), re.M)
    return {name: i + 1 for i, name in enumerate(names)}


TYPES = message_types()


def build_id():
    with open(os.path.join(BUILD, "build-id.h"), encoding="ascii") as f:
        return re.search(r'"(.+)"', f.read()).group(1)


class Role:
    """mcpvisor @proxy, and this script as its supervisor."""

    def __init__(self):
        self.ipc, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ipc.settimeout(DEADLINE * SLOW)
        self.log = open(path("proxy.log"), "w+b")  # noqa: SIM115

        def third():
            os.dup2(theirs.fileno(), 3)
            os.set_inheritable(3, True)

        self.process = subprocess.Popen(  # noqa: PLW1509
            [MCPVISOR, "@proxy"], stdin=subprocess.DEVNULL, stderr=self.log, preexec_fn=third, pass_fds=(3,))
        theirs.close()
        self.counts = {}
        self.doors = []
        # build id, level info, style JSON, no journal
        self.send("PROXY_HELLO", struct.pack("64sIIII", build_id().encode(), 1, 2, 0, 0))
        self.greeting = self.receive()[0]

    def send(self, name, body=b"", fds=()):
        data = struct.pack("II", TYPES[name], 8 + len(body)) + body
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.ipc.sendmsg([data], rights)

    def receive(self):
        """The next message but counts, which are kept: its name and body."""
        while True:
            data = self.ipc.recv(4096)
            if not data:
                return None, b""
            kind = struct.unpack_from("I", data)[0]
            name = next(n for n, i in TYPES.items() if i == kind)
            if name != "PROXY_COUNTS":
                return name, data[8:]
            row, _, _, allowed, refused, lost, up, down, now = struct.unpack_from("IIQQQQQQI", data, 8)
            self.counts[row] = {"allowed": allowed, "refused": refused, "failed": lost, "up": up, "down": down,
                                "open": now}

    def ping(self):
        self.send("PROXY_PING", struct.pack("Q", 7))
        return self.receive()

    def wait_counts(self, row, **wanted):
        def there():
            self.ping()
            got = self.counts.get(row, {})
            return all(got.get(k) == v for k, v in wanted.items())

        until(there, what="counts %r" % wanted)
        return self.counts[row]

    def listen(self, row, rules, name="fs", door=None):
        """Where this server's proxy is: (address, port)."""
        door = door or socket.create_server(("127.0.0.1", 0))
        self.doors.append(door)
        text = os.memfd_create("rules")
        os.write(text, "".join(r + "\n" for r in rules).encode())
        os.lseek(text, 0, os.SEEK_SET)
        self.send("PROXY_LISTEN", struct.pack("IIQ", row, 0, 1) + name.encode(), (door.fileno(), text))
        os.close(text)
        return door.getsockname()[:2]

    def records(self):
        with open(path("proxy.log"), encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.startswith("{")]

    def end(self):
        try:
            self.send("PROXY_STOP")
        except OSError:
            pass
        self.ipc.close()
        for d in self.doors:
            d.close()
        return self.process.wait(DEADLINE * SLOW)


class Page(http.server.BaseHTTPRequestHandler):
    """Says how it was asked; /big is much."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if self.path == "/big":
            text = bytes(range(256)) * (BIG // 256)
        else:
            text = json.dumps({"method": self.command, "path": self.path, "host": self.headers["Host"],
                               "proxy": self.headers.get("Proxy-Authorization"), "body": body.decode()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *args):
        pass


class Origin(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, request, client_address):
        """Clients that go in the middle are what some tests are about."""


def origin(address="127.0.0.1"):
    server = Origin((address, 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def tunnel(at, host, port, target="/"):
    """By CONNECT: status of the proxy, and the body."""
    c = http.client.HTTPConnection(*at, timeout=DEADLINE * SLOW)
    c.request("CONNECT", "%s:%d" % (host, port))
    return finish_tunnel(c, host, port, target)


def finish_tunnel(c, host, port, target):
    sock = c.sock
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = sock.recv(1)
        if not part:
            break
        answer += part
    status = int(answer.split()[1])
    if status != 200:
        rest = b""
        while True:
            part = sock.recv(4096)
            if not part:
                return status, rest.decode()
            rest += part
    inner = http.client.HTTPConnection(host, port)
    inner.sock = sock
    inner.request("GET", target, headers={"Host": "%s:%d" % (host, port)})
    got = inner.getresponse().read()
    inner.close()
    return status, got


# ---- tests -------------------------------------------------------------------


def by_hand():
    p = subprocess.run([MCPVISOR, "@proxy"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    equal("by hand it says so", (p.returncode, b"not by hand" in p.stderr), (70, True))


def carries():
    role = Role()
    port = origin()
    equal("it greets", role.greeting, "PROXY_UP")
    at = role.listen(1, ["127.0.0.1:%d" % port])
    status, body = tunnel(at, "127.0.0.1", port, "/a?b")
    equal("a tunnel", (status, json.loads(body)["path"]), (200, "/a?b"))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": "http://u:p@%s:%d" % at}))
    url = "http://127.0.0.1:%d/x?y" % port
    got = json.load(opener.open(urllib.request.Request(url, b"body"), timeout=DEADLINE * SLOW))
    equal("a plain request", got, {"method": "POST", "path": "/x?y", "host": "127.0.0.1:%d" % port, "proxy": None,
                                   "body": "body"})
    status, body = tunnel(at, "127.0.0.1", port, "/big")
    check("much of it", body == bytes(range(256)) * (BIG // 256), len(body))
    if shutil.which("curl"):
        for how in ([], ["-p"]):
            p = subprocess.run(["curl", "-sS", "-m", "20", "--noproxy", "", "-x", "http://%s:%d" % at, *how, url],
                               capture_output=True, check=False)
            check("curl %s" % " ".join(how), p.returncode == 0 and json.loads(p.stdout)["path"] == "/x?y", p)
    else:
        skip("curl")
    counts = role.wait_counts(1, open=0, refused=0)
    check("it counts", counts["allowed"] >= 3 and counts["down"] > BIG and counts["failed"] == 0, counts)
    equal("it stops", role.end(), 0)


def decides():
    role = Role()
    port, other = origin(), origin()
    at = role.listen(1, ["127.0.0.1:%d" % port], "one")
    name_only = role.listen(2, ["localhost:%d" % port], "two")
    both = role.listen(3, ["localhost:%d" % port, "127.0.0.1:%d" % port, "[::1]:%d" % port], "three")
    rows = [
        (at, "127.0.0.1", other, 403, "not in sandbox.net.allow of server one"),
        (at, "localhost", port, 403, "localhost:%d: not in" % port),
        (at, "127.0.0.2", port, 403, "not in"),
        (at, "[::ffff:127.0.0.1]", port, 403, "not in"),
        (at, "169.254.169.254", 80, 403, "not in"),
        (at, "2130706433", port, 400, "HOST:PORT"),
        (name_only, "127.0.0.1", port, 403, "not in sandbox.net.allow of server two"),
        (name_only, "localhost", port, 403, "not public (loopback)"),
    ]
    for door, host, number, status, why in rows:
        got = tunnel(door, host, number)
        check("%s:%d: %d %s" % (host, number, status, why), got[0] == status and why in str(got[1]), got)
    equal("a name whose address is listed", tunnel(both, "localhost", port)[0], 200)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": "http://%s:%d" % at}))
        opener.open("http://127.0.0.1:%d/" % other, timeout=DEADLINE * SLOW)
        fail("a plain request is judged too")
    except urllib.error.HTTPError as e:
        equal("a plain request is judged too", e.code, 403)
    role.wait_counts(1, refused=6, allowed=0)
    role.wait_counts(2, refused=2, allowed=0)
    role.wait_counts(3, refused=0, allowed=1)
    told = [(r.get("server"), r.get("decision"), r.get("target"), r.get("address")) for r in role.records()]
    for wanted in [("one", "refused", "127.0.0.1:%d" % other, None),
                   ("three", "allowed", "localhost:%d" % port, "127.0.0.1:%d" % port)]:
        check("told: %s %s" % wanted[:2], wanted in told, told)
    check("told: the address that was refused", any(t[:3] == ("two", "refused", "localhost:%d" % port)
                                                    and t[3] for t in told), told)
    equal("it stops", role.end(), 0)


def survives():
    """A server that misbehaves is its own loss."""
    role = Role()
    port = origin()
    bad = role.listen(1, ["127.0.0.1:%d" % port], "bad")
    good = role.listen(2, ["127.0.0.1:%d" % port], "good")
    crowd = []
    for i in range(300):
        s = socket.create_connection(bad, DEADLINE * SLOW)
        s.sendall([b"", b"\x16\x03\x01\0\xa5", b"CONNECT ", b"A" * 40000, b"GET / HTTP/1.1\r\n\r\n"][i % 5][:40000])
        crowd.append(s)
    equal("another server is served", tunnel(good, "127.0.0.1", port)[0], 200)
    memory = private_memory(role.process.pid)
    slow = []
    for _ in range(30):  # ask for much and read nothing
        s = socket.create_connection(good, DEADLINE * SLOW)
        s.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\n" % port)
        slow.append(s)
    role.wait_counts(2, open=30, allowed=31)
    grown = private_memory(role.process.pid) - memory
    check("who does not read costs one buffer", grown < 30 * 200 * 1024 * SLOW, grown)
    for s in crowd + slow:
        s.close()
    role.wait_counts(1, open=0)
    role.wait_counts(2, open=0)
    equal("and then too", tunnel(bad, "127.0.0.1", port)[0], 200)
    equal("it stops", role.end(), 0)


def ends():
    """With whoever started it, and the process that looks up names with it."""
    for how in ("stop", "closed", "kill"):
        role = Role()
        helpers = until(lambda: children_of(role.process.pid), what="the process for names")  # noqa: B023
        if how == "kill":
            role.process.send_signal(signal.SIGKILL)
        if how == "closed":
            role.ipc.close()
            status = role.process.wait(DEADLINE * SLOW)
        else:
            status = role.end()
        equal("%s: its status" % how, status, -9 if how == "kill" else 0)
        until(lambda: not any(is_alive(p) for p in helpers), what="their end")  # noqa: B023
        ok("%s: nobody is left" % how)


def no_network():
    """A program in a network of its own, in which only lo is up, reaches what is listed, by the proxy alone."""
    if not can("unshare", "-Urn", "true"):
        skip("networks of one's own")
        return
    role = Role()
    port = origin()
    mine, theirs = socket.socketpair()
    script = SERVER_INSIDE % {"fd": theirs.fileno(), "port": port, "deadline": DEADLINE * SLOW}
    p = subprocess.Popen(["unshare", "-Urn", sys.executable, "-c", script], pass_fds=(theirs.fileno(),),
                         stdout=subprocess.PIPE)
    theirs.close()
    mine.settimeout(DEADLINE * SLOW)
    _, fds, _, _ = socket.recv_fds(mine, 1, 1)
    role.listen(1, ["127.0.0.1:%d" % port], door=socket.socket(fileno=fds[0]))
    mine.sendall(b"x")
    out = p.communicate(timeout=DEADLINE * SLOW)[0].decode().split()
    equal("by the proxy, elsewhere by it, past it", out, ["200", "403", "refused"])
    mine.close()
    equal("it stops", role.end(), 0)


SERVER_INSIDE = """
import fcntl, http.client, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
door = socket.create_server(("127.0.0.1", 0))
at = door.getsockname()
out = socket.socket(fileno=%(fd)d)
socket.send_fds(out, [b"x"], [door.fileno()])
out.recv(1)
for port in %(port)d, 1:
    c = http.client.HTTPConnection(*at, timeout=%(deadline)f)
    c.request("CONNECT", "127.0.0.1:%%d" %% port)
    print(c.sock.recv(100).split()[1].decode())
try:
    socket.create_connection(("127.0.0.1", %(port)d), 5)
    print("connected")
except ConnectionRefusedError:
    print("refused")
"""


def can(*command):
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


# ---- in a machine without network, with a name server of ours --------------------


def rebinding():
    """A name server that says one thing first and another then."""
    if os.geteuid() != 0 or not shutil.which("ip") or not can("unshare", "-mn", "true"):
        skip("a name server of our own")
        return
    conf = write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    script = "ip link set lo up && ip addr add %s/32 dev lo && mount --bind %s /etc/resolv.conf && exec %s %s inside" % (
        PUBLIC, conf, sys.executable, os.path.realpath(__file__))
    p = subprocess.run(["unshare", "-mn", "--propagation", "private", "sh", "-c", script], check=False,
                       capture_output=True, text=True, timeout=3 * DEADLINE * SLOW)
    check("rebinding", p.returncode == 0, p.stdout + p.stderr)


class Names(threading.Thread):
    """Answers A with what is next in the list, the last for ever; AAAA with nothing; `silent.test` not at all."""

    def __init__(self):
        super().__init__(daemon=True)
        self.lists = {}
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.start()

    def run(self):
        while True:
            query, peer = self.socket.recvfrom(2000)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1 : at + 1 + query[at]].decode())
                at += 1 + query[at]
            name, kind = ".".join(labels), struct.unpack_from(">H", query, at + 1)[0]
            self.asked.append((name, kind))
            if name == "silent.test":
                continue
            given = self.lists.get(name, [])
            here = [] if kind != 1 or not given else given[0]
            if kind == 1 and len(given) > 1:
                given.pop(0)
            head = query[:2] + struct.pack(">HHHHH", 0x8180 if given else 0x8183, 1, len(here), 0, 0)
            records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(a) for a in here)
            self.socket.sendto(head + query[12 : at + 5] + records, peer)


def inside():
    names = Names()
    role = Role()
    port = origin("0.0.0.0")
    at = role.listen(1, ["*.test:%d" % port])
    names.lists = {
        "a.test": [[PUBLIC], ["127.0.0.1"]],
        "b.test": [["169.254.169.254", PUBLIC]],
        "c.test": [["10.0.0.1", "127.0.0.1", "0.0.0.0"]],
    }
    equal("public first", tunnel(at, "a.test", port)[0], 200)
    status, why = tunnel(at, "a.test", port)
    check("then loopback", status == 403 and "loopback" in why, why)
    equal("some are public: these only", tunnel(at, "b.test", port)[0], 200)
    equal("none is", tunnel(at, "c.test", port)[0], 403)
    status, why = tunnel(at, "nosuch.test", port)
    check("no such name", status == 502 and "no such name" in why, why)
    equal("each name was asked for once for each request", len([n for n in names.asked if n == ("a.test", 1)]), 2)
    # Names that nobody answers take no turn from the others.
    stuck = []
    for _ in range(20):
        s = socket.create_connection(at, DEADLINE * SLOW)
        s.sendall(b"CONNECT silent.test:%d HTTP/1.1\r\n\r\n" % port)
        stuck.append(s)
    until(lambda: len([n for n in names.asked if n[0] == "silent.test"]) >= 8, what="lookups")
    second = role.listen(2, ["*.test:%d" % port], "other")
    equal("another server's names", tunnel(second, "b.test", port)[0], 200)
    for s in stuck:
        s.close()
    equal("it stops", role.end(), 0)


alarm(120)
if sys.argv[1:] == ["inside"]:
    sys.argv = sys.argv[:1]
    main(inside)
main(by_hand, carries, decides, survives, ends, no_network, rebinding)
