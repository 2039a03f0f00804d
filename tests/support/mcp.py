# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/1.1, event streams and MCP down to the bytes, for system tests: it sends what it is
told to, right or wrong, and shows what came back as it came. Each read has a deadline by select; nothing
sleeps. The layers: Wire (a connection), Answer (a response, whole or as a stream), Session (a client of the
eras before 2026-07-28), Exchange (a request whose answer is under way)."""

import json
import os
import select
import socket
import struct
import time

SLOW = 4 if "address" in os.environ.get("SAN_FLAGS", "") else 1
DEADLINE = 10.0 * SLOW
LATEST = "2025-11-25"
BOTH = "application/json, text/event-stream"
SILENCE = 0.3 * SLOW  # how long it is looked whether something comes that must not


class Closed(ConnectionError):
    """The other side has ended the connection where something was due."""


class Timeout(TimeoutError):
    pass


def readable(socks, seconds):
    """Those that have something to read, or have ended; select() knows no descriptor over 1023."""
    poll = select.poll()
    by_fd = {s.fileno(): s for s in socks}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    return [by_fd[fd] for fd, _ in poll.poll(max(0, seconds) * 1000)]


# ---- a connection ------------------------------------------------------------


class Wire:
    """To ("127.0.0.1", port), or to the path of a unix socket."""

    def __init__(self, address, room=None):
        """`room`: bytes that the kernel may keep for a reader who does not read."""
        self.address = address
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(DEADLINE)
        if room:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.sock.connect(address)
        if family == socket.AF_INET:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.kept = b""
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.sock.sendall(data)

    def send_what_it_takes(self, data):
        """How much of it the other side took before it closed."""
        sent = 0
        try:
            while sent < len(data):
                sent += self.sock.send(data[sent : sent + 65536])
        except OSError:
            pass
        return sent

    def more(self, deadline):
        """Reads once; False at the end of what comes."""
        left = deadline - time.monotonic()
        if left <= 0 or not readable([self.sock], left):
            raise Timeout("nothing came; there is %r" % self.kept[:400])
        try:
            got = self.sock.recv(1 << 18)
        except ConnectionResetError:
            got = b""
        self.kept += got
        self.ended = not got
        return bool(got)

    def until(self, mark, deadline):
        """All up to the mark and with it."""
        while mark not in self.kept:
            if not self.more(deadline):
                raise Closed("ended before %r; there is %r" % (mark, self.kept[:400]))
        part, self.kept = self.kept.split(mark, 1)
        return part + mark

    def exactly(self, n, deadline):
        while len(self.kept) < n:
            if not self.more(deadline):
                raise Closed("ended after %d of %d bytes" % (len(self.kept), n))
        part, self.kept = self.kept[:n], self.kept[n:]
        return part

    def rest(self, deadline=None):
        """All until the other side closes."""
        end = time.monotonic() + (deadline or DEADLINE)
        while self.more(end):
            pass
        part, self.kept = self.kept, b""
        return part

    def is_closed(self, deadline=None):
        """Whether the other side closes, without a further byte."""
        try:
            return self.rest(deadline) == b""
        except Timeout:
            return False

    def is_silent(self, seconds=None):
        """Whether it says nothing for a while, and stays."""
        try:
            self.more(time.monotonic() + (seconds or SILENCE))
        except Timeout:
            return not self.kept
        return False

    def answer(self, deadline=None, to_head=False):
        return Answer(self, time.monotonic() + (deadline or DEADLINE), to_head)


def head(method, path, headers, body=None):
    """A request's head; a header given as None is left out, Content-Length follows from the body."""
    lines = ["%s %s HTTP/1.1" % (method, path)]
    lines += ["%s: %s" % (k, v) for k, v in headers.items() if v is not None]
    if body is not None and not any(k.lower() in ("content-length", "transfer-encoding") for k in headers):
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


# ---- a response --------------------------------------------------------------


class Answer:
    """The head is read at once; the body when it is asked for, whole or in pieces."""

    def __init__(self, wire, deadline, to_head=False):
        self.wire, self.done = wire, False
        while True:
            self.head = wire.until(b"\r\n\r\n", deadline)
            lines = self.head[:-4].decode("latin-1").split("\r\n")
            self.version, status, self.reason = (lines[0].split(" ", 2) + [""])[:3]
            self.status = int(status)
            if self.status != 100:
                break
        self.headers = [tuple(x.strip() for x in line.split(":", 1)) for line in lines[1:]]
        self.deadline, self.whole, self.chunk = deadline, None, None
        if to_head or self.status in (204, 304):
            self.done, self.whole = True, b""

    def header(self, name):
        got = [v for k, v in self.headers if k.lower() == name.lower()]
        return got[0] if got else None

    def is_stream(self):
        return (self.header("Content-Type") or "").split(";")[0].strip() == "text/event-stream"

    def is_json(self):
        return (self.header("Content-Type") or "").split(";")[0].strip() == "application/json"

    def keeps_alive(self):
        return (self.header("Connection") or "").lower() != "close"

    def piece(self, deadline):
        """The next part of the body, or b"" at its end."""
        if self.done:
            return b""
        if (self.header("Transfer-Encoding") or "").lower() == "chunked":
            if self.chunk is None:
                self.chunk = int(self.wire.until(b"\r\n", deadline)[:-2].split(b";")[0], 16)
            part = self.wire.exactly(self.chunk + 2, deadline)[:-2]
            self.chunk, self.done = None, self.chunk == 0
            return part
        if self.header("Content-Length") is not None:
            self.done = True
            return self.wire.exactly(int(self.header("Content-Length")), deadline)
        if not self.wire.kept and not self.wire.more(deadline):
            self.done = True
        part, self.wire.kept = self.wire.kept, b""
        return part

    @property
    def body(self):
        while self.whole is None:
            parts = []
            while not self.done:
                parts.append(self.piece(self.deadline))
            self.whole = b"".join(parts)
        return self.whole

    @property
    def json(self):
        return json.loads(self.body)

    def error(self):
        """(code, data) of a JSON-RPC error in the body, or None."""
        try:
            e = self.json["error"]
            return e["code"], e.get("data")
        except (ValueError, KeyError, TypeError):
            return None

    def events(self):
        return Events(self)


class Event:
    def __init__(self, text):
        self.raw, self.id, self.name, self.retry, self.comments = text, None, "message", None, []
        data = []
        for line in text.split(b"\n"):
            key, _, value = line.rstrip(b"\r").partition(b":")
            value = value.removeprefix(b" ")
            if key == b"data":
                data.append(value)
            elif key == b"id":
                self.id = value.decode("latin-1")
            elif key == b"event":
                self.name = value.decode()
            elif key == b"retry":
                self.retry = int(value)
            elif key == b"" and value:
                self.comments.append(value)
        self.data = b"\n".join(data) if data else None

    @property
    def json(self):
        return json.loads(self.data)


class Events:
    """The events of a stream, comments left out."""

    def __init__(self, answer):
        self.answer, self.kept, self.last_id = answer, b"", None

    def next(self, deadline=None):
        """None at the end of the stream."""
        end = time.monotonic() + (deadline or DEADLINE)
        while True:
            while b"\n\n" not in self.kept and b"\r\n\r\n" not in self.kept:
                part = self.answer.piece(end)
                if not part:
                    if self.kept.strip(b"\r\n"):
                        raise Closed("the stream ended inside an event: %r" % self.kept[:400])
                    return None
                self.kept += part
            cut = min(x for x in (self.kept.find(b"\n\n"), self.kept.find(b"\r\n\r\n")) if x >= 0)
            size = 2 if self.kept[cut : cut + 2] == b"\n\n" else 4
            event, self.kept = Event(self.kept[:cut]), self.kept[cut + size :]
            if event.id is not None:
                self.last_id = event.id
            if event.data is not None or event.id is not None or event.retry is not None:
                return event

    def next_message(self, deadline=None):
        """The next event with something in it, as Message; None at the end."""
        while True:
            event = self.next(deadline)
            if event is None:
                return None
            if event.data:
                return Message(event.data, event)

    def is_silent(self, seconds=None):
        try:
            self.next_message(seconds or SILENCE)
        except Timeout:
            return True
        return False

    def close(self):
        self.answer.wire.close()


# ---- messages ----------------------------------------------------------------


class Message:
    def __init__(self, raw, event=None):
        self.raw, self.event, self.obj = raw, event, json.loads(raw)

    def __getitem__(self, key):
        return self.obj[key]

    def get(self, key, otherwise=None):
        return self.obj.get(key, otherwise)

    def is_response(self):
        return "result" in self.obj or "error" in self.obj

    def raw_member(self, key):
        """The value of a top-level member as it stands there."""
        decoder, text = json.JSONDecoder(), self.raw.decode()
        at = text.index("{") + 1
        while True:
            while text[at] in " \t\r\n,":
                at += 1
            name, at = decoder.raw_decode(text, at)
            at = text.index(":", at) + 1
            while text[at] in " \t\r\n":
                at += 1
            start = at
            _, at = decoder.raw_decode(text, at)
            if name == key:
                return text[start:at].encode()


def as_bytes(value):
    """Bytes stay as they are; anything else is written as JSON."""
    return value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()


def request(ident, method, params=None):
    tail = b"" if params is None else b',"params":' + as_bytes(params)
    return b'{"jsonrpc":"2.0","id":' + as_bytes(ident) + b',"method":' + as_bytes(method) + tail + b"}"


def notification(method, params=None):
    tail = b"" if params is None else b',"params":' + as_bytes(params)
    return b'{"jsonrpc":"2.0","method":' + as_bytes(method) + tail + b"}"


def initialize(ident=0, version=LATEST, capabilities=None, name="test"):
    return request(ident, "initialize", {"protocolVersion": version, "capabilities": capabilities or {},
                                         "clientInfo": {"name": name, "version": "1"}})


# What looks at each message that a server sends: (raw, revision, method of the request or None). Set by tests.
on_message = None


def _seen(raw, revision, method=None):
    if on_message:
        on_message(raw, revision, method)


# ---- a client ----------------------------------------------------------------


class Session:
    """A client of the eras before 2026-07-28. Connections are kept and used again."""

    def __init__(self, address, path="/mcp", version=LATEST, capabilities=None, token=None, headers=None, open=True):
        self.address, self.path, self.version, self.token = address, path, version, token
        self.extra = headers or {}
        self.id, self.idle, self.last, self.result = None, [], 0, None
        if open:
            self.open(capabilities)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Its connections; the session stays."""
        for wire in self.idle:
            wire.close()
        self.idle = []

    # -- HTTP

    def headers(self, **more):
        host = "localhost" if isinstance(self.address, str) else "%s:%d" % self.address
        got = {"Host": host, "Accept": BOTH, "Content-Type": "application/json"}
        if self.token:
            got["Authorization"] = "Bearer " + self.token
        if self.id:
            got["Mcp-Session-Id"] = self.id
            got["MCP-Protocol-Version"] = self.version
        got.update(self.extra)
        got.update({k.replace("_", "-"): v for k, v in more.items()})
        return got

    def wire(self):
        while self.idle:
            wire = self.idle.pop()
            if not readable([wire.sock], 0):
                return wire
            wire.close()
        return Wire(self.address)

    def send(self, method, body=None, headers=None):
        """Sends a request; the answer's head is not waited for."""
        wire = self.wire()
        all_headers = self.headers(**(headers or {}))
        if body is None:
            all_headers["Content-Type"] = None
        wire.send(head(method, self.path, all_headers, body) + (body or b""))
        return wire

    def fetch(self, method, body=None, headers=None, deadline=None):
        """The answer; its body is read when it is no stream, and its connection kept."""
        wire = self.send(method, body, headers)
        answer = wire.answer(deadline)
        if not answer.is_stream():
            answer.body
            if answer.keeps_alive():
                self.idle.append(wire)
            else:
                wire.close()
        return answer

    def post(self, body, deadline=None, **headers):
        return self.fetch("POST", as_bytes(body), headers, deadline)

    # -- MCP

    def open(self, capabilities=None):
        answer = self.exchange(initialize(0, self.version, capabilities), method="initialize")
        message = answer.finish()
        if "result" not in message.obj:
            raise ConnectionError("initialize: %s" % message.raw)
        self.id, self.result = answer.answer.header("Mcp-Session-Id"), message["result"]
        self.version = self.result["protocolVersion"]
        status = self.notify("notifications/initialized")
        if status != 202:
            raise ConnectionError("notifications/initialized: %d" % status)

    def exchange(self, body, deadline=None, method=None, **headers):
        return Exchange(self, self.send("POST", body, headers), deadline, method)

    def start(self, method, params=None, ident=None, **headers):
        """A request under way: an Exchange."""
        if ident is None:
            self.last += 1
            ident = self.last
        return self.exchange(request(ident, method, params), method=method, **headers)

    def request(self, method, params=None, ident=None, deadline=None, **headers):
        """The response, as a Message. What came before it is lost: see Exchange."""
        return self.start(method, params, ident, **headers).finish(deadline)

    def start_call(self, tool, args=None, token=None, ident=None, **headers):
        params = {"name": tool, "arguments": args if args is not None else {}}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        return self.start("tools/call", params, ident, **headers)

    def call(self, tool, args=None, token=None, ident=None, deadline=None):
        """What a tool of mcp-child said as structuredContent."""
        message = self.start_call(tool, args, token, ident).finish(deadline)
        if "result" not in message.obj:
            raise ConnectionError("%s: %s" % (tool, message.raw))
        return message["result"].get("structuredContent")

    def notify(self, method, params=None):
        return self.post(notification(method, params)).status

    def respond(self, ident, result):
        body = json.dumps({"jsonrpc": "2.0", "id": ident, "result": result}).encode()
        return self.post(body).status

    def listen(self, last_id=None):
        """A GET stream, as Events."""
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        answer = self.fetch("GET", None, headers)
        if answer.status != 200 or not answer.is_stream():
            raise ConnectionError("GET: %d %r" % (answer.status, answer.body))
        return answer.events()

    def delete(self):
        return self.fetch("DELETE").status


class Exchange:
    """A POST whose answer is under way: messages in the order in which they come, the response last."""

    def __init__(self, session, wire, deadline=None, method=None):
        self.session, self.wire, self.method = session, wire, method
        self.answer, self.events, self.before, self.over = None, None, [], False
        self.deadline = deadline

    def began(self, deadline=None):
        if self.answer is None:
            self.answer = self.wire.answer(deadline or self.deadline)
            if self.answer.is_stream():
                self.events = self.answer.events()
        return self.answer

    def next(self, deadline=None):
        """The next message; None when the answer has ended."""
        if self.over:
            return None
        self.began(deadline)
        if self.events:
            message = self.events.next_message(deadline or self.deadline)
        else:
            message = Message(self.answer.body) if self.answer.body else None
        self.over = self.events is None or message is None
        if message:
            agreed = (message.get("result") or {}).get("protocolVersion", self.session.version)
            _seen(message.raw, agreed, self.method if message.is_response() else None)
        if self.over and self.answer.keeps_alive():
            self.session.idle.append(self.wire)
        return message

    def finish(self, deadline=None):
        """The response; what came before it is in `before`. The stream must end behind it."""
        while True:
            message = self.next(deadline)
            if message is None:
                raise Closed("ended without a response; before it: %r" % [m.raw for m in self.before])
            if message.is_response():
                break
            self.before.append(message)
        if self.events and self.next(deadline) is not None:
            raise AssertionError("something comes behind the response")
        return message

    def is_pending(self, seconds=None):
        """Whether nothing at all comes for a while."""
        if self.answer is None:
            return self.wire.is_silent(seconds)
        return self.events is not None and self.events.is_silent(seconds)

    def close(self):
        self.wire.close()


# ---- many at once ------------------------------------------------------------


def first_to_hear(streams, deadline=None):
    """The first of several Events to have a message, and the message."""
    end = time.monotonic() + (deadline or DEADLINE)
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise Timeout("none of %d streams has a message" % len(streams))
        ready = readable([e.answer.wire.sock for e in streams], left)
        for e in streams:
            if e.kept or e.answer.wire.kept or e.answer.wire.sock in ready:
                try:
                    message = e.next_message(0.05)
                except Timeout:
                    continue
                if message is None:
                    raise Closed("a stream has ended")
                return e, message
