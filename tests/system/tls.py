#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS of the endpoint by the real gateway: versions, another certificate without a pause, clients that must show one
and are known by it."""

import json
import os
import shutil
import ssl
import socket
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from gate import *  # noqa: E402,F403


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5", "-subj",
            "/CN=" + name, "-keyout", path(name + ".key"), "-out", path(name + ".crt"))


def certificate(name, subject, ca):
    """NAME.crt and NAME.key, signed by that authority, for localhost."""
    extensions = path(name + ".ext")
    with open(extensions, "w", encoding="utf-8") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout",
            path(name + ".key"), "-out", path(name + ".csr"))
    openssl("x509", "-req", "-in", path(name + ".csr"), "-CA", path(ca + ".crt"), "-CAkey", path(ca + ".key"),
            "-CAcreateserial", "-days", "5", "-extfile", extensions, "-out", path(name + ".crt"))
    with open(path(name + ".crt"), encoding="utf-8") as f:
        return ssl.PEM_cert_to_DER_cert(f.read())


def path(name):
    return os.path.join(tmp, name)


class Https:
    """One connection; requests one after the other."""

    def __init__(self, port, ca, cert=None, version=None):
        context = ssl.create_default_context(cafile=path(ca + ".crt"))
        if version:
            context.minimum_version = context.maximum_version = version
        if cert:
            context.load_cert_chain(path(cert + ".crt"), path(cert + ".key"))
        raw = socket.create_connection(("127.0.0.1", port), DEADLINE * SLOW)
        self.wire = context.wrap_socket(raw, server_hostname="localhost")

    def ask(self, body=None, target="/mcp", **headers):
        """Status, headers, body."""
        data = json.dumps(body).encode() if body is not None else b""
        head = ["%s %s HTTP/1.1" % ("POST" if body is not None else "GET", target), "Host: localhost",
                "Accept: application/json, text/event-stream"]
        if body is not None:
            head += ["Content-Type: application/json", "Content-Length: %d" % len(data)]
        head += ["%s: %s" % (k.replace("_", "-"), v) for k, v in headers.items()]
        self.wire.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        return self.answer()

    def answer(self):
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.more()
        head, body = got.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        while len(body) < int(headers.get("content-length", 0)):
            body += self.more()
        return int(lines[0].split()[1]), headers, body

    def more(self):
        part = self.wire.recv(65536)
        if not part:
            raise ConnectionError("closed in the middle")
        return part

    def close(self):
        self.wire.close()


HELLO = {"jsonrpc": "2.0", "id": 0, "method": "initialize",
         "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def port_of(d):
    return int(next(x for x in d.status()["gateway"]["listen"] if x.startswith("127.")).rpartition(":")[2])


def refused(make):
    """TLS 1.3 tells the client of a refusal with the first answer only."""
    try:
        c = make()
        c.ask(None, "/livez")
    except (ssl.SSLError, OSError):
        return True
    c.close()
    return False


def served():
    der = certificate("server", "/CN=localhost", "ca")
    d = Gate({"a": child()}, {"tls": {"cert": path("server.crt"), "key": path("server.key")}})
    port = port_of(d)
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        c = Https(port, "ca", version=version)
        equal(name, c.wire.version(), name)
        status, headers, _ = c.ask(HELLO)
        equal(name + ": initialize", status, 200)
        status, _, body = c.ask(LIST, Mcp_Session_Id=headers["mcp-session-id"])
        check(name + ": tools/list on the same connection", status == 200 and b"a__echo" in body, body[:200])
        big = {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
               "params": {"name": "a__echo", "arguments": {"x": "y" * 1000000}}}
        status, _, body = c.ask(big, Mcp_Session_Id=headers["mcp-session-id"])
        check(name + ": 1 MB there and back", status == 200 and body.count(b"y") >= 1000000, (status, len(body)))
        c.close()
    with socket.create_connection(("127.0.0.1", port), DEADLINE * SLOW) as s:
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            got = s.recv(4096)
        except ConnectionResetError:
            got = b""
        check("plain HTTP is not answered", b"200" not in got, got)
    equal("a unix socket is plain", Session(d.unix, "/mcp").result["protocolVersion"], "2025-11-25")
    changed(d, port, der)
    d.ends_well("TLS")


def changed(d, port, first):
    """Another certificate at SIGHUP: open connections go on with theirs."""
    old = Https(port, "ca")
    equal("the certificate", old.wire.getpeercert(True), first)
    second = certificate("server", "/CN=localhost", "ca")
    equal("reload", d.ask("reload")["ok"], True)

    def now():
        c = Https(port, "ca")
        try:
            return c.wire.getpeercert(True)
        finally:
            c.close()

    until(lambda: now() == second, what="the other certificate")
    ok("new connections get the other one")
    equal("an open connection goes on", old.ask(None, "/livez")[0], 200)
    old.close()
    with urllib.request.urlopen("https://localhost:%d/metrics" % port, timeout=DEADLINE * SLOW,
                                context=ssl.create_default_context(cafile=path("ca.crt"))) as got:
        check("when it ends stands in the metrics",
              b"mcpvisor_tls_certificate_expiry_timestamp_seconds " in got.read())


def mutual():
    certificate("server", "/CN=localhost", "ca")
    certificate("alice", "/O=Test/CN=alice", "ca")
    certificate("bob", "/O=Test/CN=bob", "ca")
    certificate("mallory", "/O=Test/CN=alice", "other")
    d = Gate({"a": child()}, {"tls": {"cert": path("server.crt"), "key": path("server.key"), "client_ca": path("ca.crt")}})
    port = port_of(d)
    check("without a certificate: no", refused(lambda: Https(port, "ca")))
    check("with one of somebody else's authority: no", refused(lambda: Https(port, "ca", "mallory")))
    alice, bob = Https(port, "ca", "alice"), Https(port, "ca", "bob")
    status, headers, _ = alice.ask(HELLO)
    equal("with one: initialize", status, 200)
    session = headers["mcp-session-id"]
    equal("its session", alice.ask(LIST, Mcp_Session_Id=session)[0], 200)
    equal("is not another one's", bob.ask(LIST, Mcp_Session_Id=session)[0], 404)
    again = Https(port, "ca", "alice")
    equal("but its own on another connection", again.ask(LIST, Mcp_Session_Id=session)[0], 200)
    for c in (alice, bob, again):
        c.close()
    d.ends_well("mutual TLS")


def all_of_it():
    if not shutil.which("openssl"):
        skip("the openssl command is needed")
        return
    if "no OpenSSL" in features() or "-openssl" in features():
        skip("built without OpenSSL")
        return
    authority("ca")
    authority("other")
    served()
    mutual()


def features():
    return subprocess.run([MCPVISOR, "--version"], capture_output=True, text=True, check=True).stdout


main(all_of_it)
