# SPDX-License-Identifier: Apache-2.0
"""An HTTP endpoint that behaves as a test says: sessions, streams, refusals, and a control socket that
answers `status`. What is asked of it goes to builtin:demo where the test does not answer by itself."""

import json
import os
import queue
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler

from daemon import BUILD, DEADLINE, MCPVISOR


class Reply:
    """status, body (bytes, or an object to be written as JSON), type, and whether the connection breaks."""

    def __init__(self, status=200, body=b"", type="application/json", events=None, headers=None, breaks=False,
                 chunked=False):
        self.status, self.type, self.events, self.breaks = status, type, events, breaks
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers, self.chunked = headers or {}, chunked


def answer(message, result):
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def go(self):
        e = self.server.endpoint
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        e.note(self.command, self.path, dict(self.headers.items()), body)
        r = e.handle(self.command, self.path, self.headers, body)
        if r is None or r.breaks:
            self.close_connection = True
            if r:
                self.wfile.write(r.body)
            return
        self.send_response_only(r.status)
        for name, value in r.headers.items():
            self.send_header(name, value)
        if r.events is not None:
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in r.events:
                self.chunk(event)
            self.chunk(b"")
        elif r.chunked:
            self.send_header("Content-Type", r.type)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(0, len(r.body), 7):
                self.chunk(r.body[i:i + 7])
            self.chunk(b"")
        else:
            if r.type:
                self.send_header("Content-Type", r.type)
            self.send_header("Content-Length", str(len(r.body)))
            self.end_headers()
            self.wfile.write(r.body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    do_GET = do_POST = do_DELETE = go


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


def event(message, id=None):
    text = message if isinstance(message, str) else json.dumps(message)
    return (("id: %s\n" % id if id else "") + "data: " + text + "\n\n").encode()


class Endpoint:
    """One directory with http.sock, and control.sock when there are `servers`."""

    def __init__(self, servers=None, directory=None):
        self.dir = directory or tempfile.mkdtemp(prefix="mcpvisor-endpoint.")
        self.requests = []
        self.lock = threading.Condition()
        self.sessions, self.count = set(), 0
        self.hooks = {}  # method of a message, "GET" or "DELETE": function of (endpoint, headers, message)
        self.streams = []
        self.children = {}
        self.up = False
        self.start()
        if servers is not None:
            self.serve_control(servers)

    # ---- life

    def start(self):
        sock = os.path.join(self.dir, "http.sock")
        if os.path.exists(sock):
            os.unlink(sock)
        self.server = Server(sock, Handler)
        self.server.endpoint = self
        self.up = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """As a daemon that ends: sessions and connections are gone."""
        self.server.shutdown()
        self.server.server_close()
        os.unlink(os.path.join(self.dir, "http.sock"))
        self.up = False
        self.forget()
        for s in self.streams:
            s.put(None)
        self.streams = []

    def forget(self):
        self.sessions = set()

    def end(self):
        if self.up:
            self.stop()
        for c in self.children.values():
            c.kill()
            c.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def serve_control(self, servers):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(self.dir, "control.sock"))
        listener.listen(8)

        def serve():
            while True:
                c, _ = listener.accept()
                with c, c.makefile("rw") as f:
                    f.readline()
                    f.write(json.dumps({"servers": [{"name": x} for x in servers],
                                        "gateway": {"listen": ["unix:/x", "0.0.0.0:9999"]}}) + "\n{\"ok\":true}\n")
                    f.flush()

        threading.Thread(target=serve, daemon=True).start()

    # ---- what was asked

    def note(self, *request):
        with self.lock:
            self.requests.append(request)
            self.lock.notify_all()

    def messages(self, method=None):
        with self.lock:
            all_ = [json.loads(x[3]) for x in self.requests if x[0] == "POST"]
        return [m for m in all_ if method is None or (m.get("method") if isinstance(m, dict) else "batch") == method]

    def wait(self, condition, what):
        end = time.monotonic() + DEADLINE
        with self.lock:
            while not condition():
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(what)
                self.lock.wait(left)

    def asked(self, verb):
        return [x for x in self.requests if x[0] == verb]

    # ---- answers

    def demo(self, path, message):
        """By builtin:demo; one process a path, one message at a time."""
        with self.lock:
            c = self.children.get(path)
            if not c:
                c = subprocess.Popen([MCPVISOR, "@demo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                self.children[path] = c
            c.stdin.write(json.dumps(message).encode() + b"\n")
            c.stdin.flush()
            if "id" not in message or "method" not in message:
                return []
            lines = []
            while True:
                lines.append(json.loads(c.stdout.readline()))
                if lines[-1].get("id") == message["id"] and "method" not in lines[-1]:
                    return lines

    def handle(self, verb, path, headers, body):
        message = json.loads(body) if verb == "POST" else {}
        batch = isinstance(message, list)
        method = "batch" if batch else message.get("method")
        hook = self.hooks.get(method if verb == "POST" else verb)
        session = headers.get("Mcp-Session-Id")
        if method != "initialize" and verb in ("POST", "GET", "DELETE") and path.startswith("/mcp"):
            if session not in self.sessions:
                return Reply(404, {"jsonrpc": "2.0", "error": {"code": -32001, "message": "Session not found"}})
        r = hook(self, headers, message) if hook else NotImplemented
        if r is not NotImplemented:
            return r
        if verb == "DELETE":
            self.sessions.discard(session)
            return Reply(200, type=None)
        if verb == "GET":
            return self.stream() if path.startswith("/mcp") else Reply(200, {"ok": True})
        if batch:
            return Reply(200, [self.demo(path, m)[-1] for m in message if "id" in m and "method" in m])
        if "id" not in message or method is None:
            self.demo(path, message)
            return Reply(202, type=None)
        lines = self.demo(path, message)
        if method == "initialize":
            self.count += 1
            session = "session-%d" % self.count
            self.sessions.add(session)
            return Reply(200, lines[-1], headers={"Mcp-Session-Id": session})
        if len(lines) > 1:
            return Reply(events=[event(x) for x in lines])
        return Reply(200, lines[-1])

    def stream(self):
        q = queue.Queue()
        self.streams.append(q)
        return Reply(events=iter(q.get, None))

    def push(self, message, id=None):
        self.streams[-1].put(event(message, id))
