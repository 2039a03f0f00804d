#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes inputs for the fuzz targets: seeds.py BUILD_DIR OUT_DIR

OUT_DIR/NAME/ gets one file an input, and OUT_DIR/config.dict the words of the
configuration. Every key of the schema is tried with values of every type,
right and wrong ones; what rules over several keys, other programs' files and
broken YAML say is written out below. `make fuzz-merge` keeps of all this what
reaches something new.
"""
import hashlib
import json
import os
import re
import struct
import subprocess
import sys

BUILD, OUT = sys.argv[1], sys.argv[2]

VALUES = r"""
~ "" true yes 1 0 5 -3 -30 5000 99999999 99999999999999999999 5K 512M 5T 999999999T "512 megs" 12 7MB 10s 5m 90d 3ms
999999d "5 seconds" 1.5h never none auto 150% 150 0% 50 0.5 1.5 "0660" 0999 07777 a A a.b "x y" "a\nb" [] [a] [a,a]
["*"] [~] [[a]] {} {a: b} {a: ~} {"": x} {"9": x} {a: {b: c}} /a /a/../b ~/a a/b builtin:demo builtin:x root
127.0.0.1:1 127.0.0.1:99999 127.0.0.1 ":" 7780 "::1" "[::1]:5" "[::1" "[x]:5" unix:/a unix:@a unix:a 0.0.0.0:5
localhost:5 example.com example.com:5 "*.example.com:5" "*" "null" http://a http://a/b?c=d https://a:5/ https://[::1]:5
"http://a b" http://a:x http:// file:///a file:a sha256:0000 @set read "@" tcp stdio http ${A} ${B} ${C} ${T} ${P} $$a
${E:-5} ${NO} ${F} ${file:/f} ${file:/n} ${file:/p} ${file:/no} ${file:/z} ${credential:s} "${a" "${a${b}}" "${input:x}"
ghp_0123456789012345678901234567890123 "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.0123456789abc"
"-----BEGIN PRIVATE KEY-----" [5K] [/a] [A] [example.com] [http://a] ["http://*"] ["http://a/b"] [127.0.0.1:1] [unix:/a]
[example.com:5] ["[::1]:5"] ["http://a"] [file:///a] ["@a"] [${A}] [${file:/f}] "<secret:x>" ["<secret:x>"]
{A: b} {A: "${file:/f}"} {A_TOKEN: abc} {A_TOKEN: abcdefgh} {a: a, b: a} {/dev: {rbps: 5M, wiops: 7}} {/: ~} {x: {}}
{allow: [a:5]} {allow: []} [{address: unix:/a, mode: 0660, group: g}] [{address: 127.0.0.1:1, mode: 0660}] [{}] [~]
["${file:/u}","${file:/u}"] [{name: a, hash: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}] [{name: a, hash: x}]
[{tool: a, arguments: {a: [1, 1.5e3, -0, 01, 1., 1e, true, null, "x", y, {b: {}}]}}] [{tool: ""}] [{tool: a, x: y}]
""".split("\n")

# One input a paragraph.
TEXTS = r"""
# nothing

~

[a]

a

servers: {}

servers: [a]

servers: {a: ~, b: x, c: [], d: {}}

# as it is
nothing: 1
ready: any
servers: {a: {command: x, start: lazy, sandbox: {profile: none}}}

listen: [0.0.0.0:5]
servers: {a: {command: x, start: eagr}}

listen: [{address: unix:/a, mode: x}, {address: unix:/b, mode: "7777"}, "unix:/LONG"]
auth: {tokens: [{name: LONG, hash: "sha256:00"}]}
servers: {a: {command: x, cwd: "/a\x01", tools: {allow: [""]}, sandbox: {secrets: {LONG: x}}}}

servers: {a: {command: x}}
mcpServers: {b: {command: x}}

server: {}

a.b: c

restart: 5

servers: {a: {command: x, memory: 5M, burst: 5, polcy: x, sandbox: {memorys: 5M, xyzzy: 1}, xyzzyxyzzy: 1, envfile: /a}}

servers: {a b: {command: x}, "": {command: x}, é: {command: x}}

servers: {a: {command: x, sandbox: 5}, b: {command: x, sandbox: ~}, c: {command: x, sandbox: []}}

servers: {a: {command: "x y"}, b: {command: a/b}, c: {command: ""}, d: {command: "x\ty"}, e: {command: "x\x01"}}

servers: {a: {command: [x, y]}, b: {command: {c: d}}, c: {command: ~}, d: {args: [a]}}

mcpServers: {a: {command: x, type: stdio, disabled: false}, b: {command: x, disabled: true}, c: {url: "http://a"}}

mcpServers: {a: {type: http}, b: {type: STDIO, command: x}, c: {transport: [sse]}, d: {headers: {}, serverUrl: x}}

mcpServers: {a: {command: x, autoApprove: [], alwaysAllow: [], timeout: 5, dev: {}, description: y, gallery: 1}}

mcpServers: {a: {command: x, envFile: /env, disabledTools: [a], env_file: /env, tools: {deny: [b]}}}

mcpServers: {a: {command: x, icon: y, version: 1, sandboxEnabled: true}}
servers: {b: {command: x}}

{"mcpServers": {"a": {"command": "npx", "args": ["-y", "pkg"], "env": {"A": "${env:A}", "B": "${userHome}"}}}}

{ // a comment
"inputs": [{"type": "promptString", "id": "k"}], /* another */ "$schema": "http://x",
"servers": {"a": {"type": "stdio", "command": "x", "args": ["\ud83d\ude00", "\u00e9\n\\", "// no", '/* no'], # yaml
"env": {"K": "${input:k}"}, "envFile": "${workspaceFolder}/.env"}}} // end

{"servers": {"a": {"command": "x", "args": ["\ud83d", "\ud83d\u0041", "\uD83D\uDE00\\"]}}}

/* first */ {"servers": {"a": {"command": "x" /* open

{"servers": {a: {command: http://x, args: ["a" // b
, 'it''s']}}}

servers: {a: {command: npx, args: [-y, pkg]}, b: {command: npx, args: [-y, pkg@1.2.3]}, c: {command: npx, args: ["@a/b"]}}

servers: {a: {command: uvx, args: [--from, pkg==1.2, x]}, b: {command: uvx, args: [--from=pkg, x]}, c: {command: uvx}}

servers: {a: {command: uv, args: [tool, run, pkg]}, b: {command: uv, args: [tool]}, c: {command: /usr/bin/npm, args: [exec, --, pkg@latest]}}

servers: {a: {command: npx, args: [--, ]}, b: {command: npx, args: [-p]}, c: {command: npx, args: [--workspace=a, -w, b, /a]}, d: {command: npx, args: [--]}}

servers: {a: {command: pipx, args: [run, "git+https://x@0123456789abcdef0123456789abcdef01234567"]}, b: {command: npx, args: ["a@^1", "b"]}, c: {command: npx, args: ["a@1.x"]}}

servers: {a: {command: bunx, args: ["a@0123x"]}, b: {command: pnpm, args: [dlx, "file:x"]}, c: {command: uvx, args: ["a==1.*"]}, d: {command: pnpx, args: ["${file:/f}"]}}

servers: {a: {command: x, start_timeout: 400s}, b: {command: x, request_timeout: 1s}, c: {command: x, restart: {backoff_min: 2m, probe_min: 1h, window: 2h, burst: 30}}}

servers: {a: {command: x, share: session, overlap: true, client: {elicitation: true}}, b: {command: x, share: exclusive, client: {sampling: true}}, c: {command: x, share: session, max_instances: 3, client: {roots: [file:///a]}}}

servers: {a: {command: x, max_instances: 3, max_inflight: 2, max_inflight_session: 3}, b: {command: x, max_inflight: 2}}

servers: {a: {command: x, user: root}, b: {command: x, user: 0, sandbox: {profile: none}}, c: {command: x, user: "99999999999"}, d: {command: x, user: -a}, e: {command: x, user: u}}

servers: {a: {command: x, env: {A: "1", B: "2", KEY: abcdef, TOKEN: abc, S: "<secret:x>"}, env_pass: [A, C, 9]}}

servers: {a: {command: x, tools: {rename: {a: z, b: z, c: "${file:/f}", d: "${file:/f}", e: "a b"}, describe: {"x y": "z"}}}}

servers: {a: {command: x, sandbox: {net: {allow: []}}}, b: {command: x, sandbox: {net: {allow: [a:5, "*:5", a:0, http://a]}}}, c: {command: x, sandbox: {net: host}}, d: {command: x, sandbox: {net: ""}}}

defaults: {sandbox: {net: {allow: [a:5]}, memory: 1G}, env: {A: "1", B: "2"}, prefix: "", args: [x]}
servers: {a: {command: x, sandbox: {net: none}, env: {B: "3"}}, b: {command: x, env: {C: "4"}, args: []}}

defaults: 5
servers: {a: {command: x}}

defaults: {command: x, sandbox: {secrets: {a: "${credential:s}", b: literal, "..": x}, profile: strict}}
servers: {a: ~, b: {}, c: {command: z}}

servers: {a: {command: x, prefix: ""}, b: {command: x, prefix: p}, c: {command: x, prefix: p}, d: {command: x, prefix: pq}, e: {command: x, prefix: "a b"}}
views: {v: {servers: [a, zz, b]}, a: {servers: [a]}, w: {}, u: {servers: ["${file:/f}"]}}

servers: {a: {command: x, prefix: "${file:/f}"}, b: {command: x, prefix: "${file:/f}"}, c: {command: x, prefix: "${file:/f}a"}}

listen: [127.0.0.1:1, "127.0.0.1:1", 0.0.0.0:5, {address: "${file:/p}"}, {address: 10.0.0.1:5, mode: 0660, group: g}, {mode: 0660}]
auth: {mode: none, tokens: ["${file:/u}","${file:/u}"] [{name: a, hash: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"}]}
servers: {a: {command: x}}

listen: [0.0.0.0:5, "${A}:5", "unix:/a", {address: unix:/b, mode: 0777, group: "5"}]
auth: {mode: none, allow_insecure: true, token_file: "${HOME}/t"}
tls: {cert: /a}
log: {max_size: 300M}
alerts: {webhook_secret: x}
limits: {max_servers: 1}
servers: {a: {command: x}, b: {command: y}}

tls: {key: /a, client_ca: /b}

tls: {cert: /a, key: /b, client_ca: /c}
listen: [0.0.0.0:5]
alerts: {webhook: "http://a", webhook_secret: "${file:/f}", crashes: 5, window: 5m}
servers: {a: {command: x}}

servers: {a: {command: x, env_file: /env, env: {A: z}}, b: {command: x, env_file: /env1}, c: {command: x, env_file: /env2}, d: {command: x, env_file: /lines}}

servers: {a: {command: x, env_file: /big}, b: {command: x, env_file: /dir}, c: {command: x, env_file: /z}, d: {command: x, env_file: /b}, e: {command: x, env_file: /e}}

servers: {a: {command: x, warmup: [{tool: t, arguments: {a: [1, 1.5, -0.1e5, 1e+3, 1E-3, 01, 1., 1e, -, ~, null, true, "q", {}]}}, {tool: u}, x, ~]}}

a: &b c

a: *b

a: !t c

a: !!str c

a: &b [c]

a: !t {b: c}

<<: {a: b}

"<<": {a: b}

[a]: b

{a: b}: c

? {a: b}
: c

a: b
a: c
b: 1
a: 5

servers: {a: {command: x, command: y}}

a: "\0"

a: [[[[[[[[[[[[[[[[[[b]]]]]]]]]]]]]]]]]]

%YAML 1.1
---
a: b

%TAG ! tag:x:
---
a: b

---
a: b
---
c: d

a: "b

a: [b

a: {b

a: b: c

	a: b

a: @b

a
b: c

a: b
  c: d

- a
b: c

 a: b
c: d

a: [b c: d

a: {b: c d

a: |
  text
b: >-
  folded

a: 'x

"\xzz"

a: "\ud83d\ude00"
""".replace("LONG", "l" * 110).strip("\n").split("\n\n")

SMALL = """
listen: [{address: unix:/a, mode: 0660}]
servers:
  a: {command: x, args: [b], env: {A: c}, tools: {rename: {a: b}}, warmup: [{tool: t}],
      sandbox: {secrets: {s: "${file:/f}"}, io: {/d: {rbps: 5M}}}}
views: {v: {servers: [a]}}
"""

ENV_FILES = [
    "", "\n", "A=1", "A=1\n", "export A=1\nB='x y'\nC=\"a\\n\\t\\r\\\"\\\\\\$\"\n", "# c\n\nA=x # c\nB=#\nC=x#y\n",
    "A", "=1", "9=1", "A='x", 'A="x', 'A="x\\', "A='x' y", "A='x' # y", "A=\"x\"#y", "A =  b \r\n", "export  A=1", "A=\t#b",
]
EXPANSIONS = """
a $ $a $$ $$$ ${A} x${A}y ${A:-b} ${E:-b} ${E} ${NO} ${NO:-} ${NO:-a:-b} ${F} ${R} ${Q} ${D} ${env:A} ${env:} ${} ${9} ${a
${a${b}} ${file:/f} ${file:/n} ${file:/e} ${file:/b} ${file:/z} ${file:/big} ${file:/dir} ${file:/fifo} ${file:/loop}
${file:/no} ${file:/io} ${file:/x} ${file:x} ${file:~/x} ${file:/../x} ${file:} ${file:/} ${file:/dev/null}
${file:/proc/version} x${credential:s} x${A} ${credential:s} ${credential:} ${credential:..} ${credential:nope} ${userHome} ${input:x} ${command:x}
${config:x} ${workspaceFolder} ${workspaceFolderBasename} ${pathSeparator} ${/} ${A}${B}${C}$$${A} ${file:/lines}
""".split() + ["", "${A B}", "${file:/no such file}", "${credential:\xff}", "${" + "A" * 300 + "}", "${file:/" + "a" * 5000 + "}", "a" * 65537, "x" * 65000 + "${Q}" * 100,
               "${file:/a\tb}"]
JSON_TEXTS = [t for t in TEXTS if "{" in t] + [
    "{", "{}", "// a\n{}", "/* a\n */ {}", "/* a", "//", "{'a\\'}", '{"a\\"// b"}', '{"\\ud83d\\ude00"}', '{"\\\\ud83d\\ude00"}',
    '{"\\ud83dx"}', '{"\\ud83d\\u0000"}', '{"\\uD800\\uDFFF"}', '{# "\n// x\n}', '{a: http://x}', "{\\", '{"\\u', "{'", "a{}",
]
NUMBERS = """0 1 01 18446744073709551615 18446744073709551616 99999999999999999999 -1 -0 -9223372036854775807
-9223372036854775808 - true false True 0K 1K 1023K 5M 1G 16777216T 1T none never 1ms 5s 90m 24h 365d 99999999999d 1.5h 5 5%
none% % 100% 18446744073709551615% 0.5 0.000001 0.0000001 1.0 1.000001 1. .5 2 0660 777 07777 10000 8 0123456789abcdef
0123456789ABCDEF 0123456789abcdeg x""".split() + [""]


def write(name, data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as f:
        f.write(data)


def leaves(schema, node, path=()):
    """Paths and schemas of all keys below a node of the JSON Schema, through references."""
    while "$ref" in node and node["$ref"].startswith("#/$defs/"):
        node = schema["$defs"][node["$ref"].split("/")[-1]]
    for way in node.get("anyOf", []) + node.get("oneOf", []):
        yield from leaves(schema, way, path)
    for key, below in node.get("properties", {}).items():
        yield path + (key,), below
        yield from leaves(schema, below, path + (key,))
    more = node.get("additionalProperties")
    if isinstance(more, dict) and len(path) < 6:
        yield from leaves(schema, more, path + ("/n" if path and path[-1] == "io" else "n",))


def words(node):
    """Every word that a value may be, and every example of one."""
    if isinstance(node, dict):
        yield from (w for w in node.get("enum", []) if isinstance(w, str))
        for value in node.values():
            yield from words(value)
    elif isinstance(node, list):
        for value in node:
            yield from words(value)


def nest(path, value):
    text = ""
    for depth, key in enumerate(path):
        text += "  " * depth + key + ":" + (" " + value if depth == len(path) - 1 else "") + "\n"
        if key == "n" and path[depth - 1] == "servers":
            text += "  " * (depth + 1) + "command: x\n"
        if key == "n" and path[depth - 1] == "views":
            text += "  " * (depth + 1) + "servers: [a]\n"
    return text if path[0] == "servers" else text + "servers: {a: {command: x}}\n"


def value_words():
    """The values above, cut at spaces outside of quotes and brackets."""
    for line in VALUES:
        start, depth, quoted = 0, 0, False
        for i, c in enumerate(line + " "):
            quoted ^= c == '"' and line[i - 1:i] != "\\"
            depth += (not quoted) * ((c in "[{") - (c in "]}"))
            if c == " " and depth == 0 and not quoted:
                if i > start:
                    yield line[start:i]
                start = i + 1


def seed_blob(text, view):
    out = subprocess.run([os.path.join(BUILD, "tests/fuzz/seed-blob"), view], input=text.encode(), check=True,
                         stdout=subprocess.PIPE).stdout
    if out:
        write("blob", out)
    return out


def damage_blob(blob):
    """Cut short, and with each of its bytes changed: lengths, counts, words and texts."""
    for i in range(1, len(blob), 5):
        write("blob", blob[:i])
    for i in range(1, len(blob)):
        for value in (0, blob[i] ^ 1, 255):
            write("blob", blob[:i] + bytes([value]) + blob[i + 1:])


def write_configs(schema):
    paths = dict(leaves(schema, schema))
    values = list(dict.fromkeys(value_words()))
    for path, below in paths.items():
        for value in values + sorted(set(words(below))):
            write("config", nest(path, value))
    for text in TEXTS:
        write("config", text + "\n")
        for view in "12":
            seed_blob(text, view)
    damage_blob(seed_blob(SMALL, "1"))
    damage_blob(seed_blob(SMALL, "2"))
    for path in paths:
        for value in values[::9]:
            text = nest(path, value)
            if len(text) % 2:
                seed_blob(text, "12"[len(value) % 2])
    for data in (b"\xff\xfea\0", b"\xfe\xff\0a", b"a\0b\0", b"\xef\xbb\xbfa: b\n", b"a: \xff\n", b"a\nb: \0\n", b"a: \xc2\x85b",
                 b"{\"a\": \"\xf0\x9f\x98\x80\"}", b"", b"\n"):
        write("config", data)
    big = [b"? " + b"k" * 1500 + b"\n: v\n", b"a: [" + b"b," * 10001 + b"]\n", b"{" + b"k" * 2000 + b": 5}",
           b"a" * 1100 + b": {" + b"b" * 600 + b": c}\n", b"servers: {a: {command: x, args: ['" + b"y" * 66000 + b"']}}\n",
           b"servers: {a: {command: x, warmup: [{tool: t, arguments: '" + b"y" * 66000 + b"'}]}}\n",
           b"servers: {a: {command: /" + b"y" * 4200 + b", user: " + b"u" * 40 + b", prefix: " + b"p" * 40 + b"}, " +
           b"n" * 70 + b": {command: x, tools: {allow: ['" + b"t" * 1100 + b"'], rename: {a: " + b"r" * 130 + b"}}}}\n"]
    for data in big:
        write("config", data)
    write("blob", b"\0no blob at all")
    write("blob", b"\0MVCG" + struct.pack("=IQ", 1, 0))
    write("blob", b"\1")
    write("blob", b"\3")


def write_dict(schema):
    keys = {key for path, _ in leaves(schema, schema) for key in path}
    foreign = "mcpServers inputs envFile disabledTools type transport url serverUrl headers disabled autoApprove timeout".split()
    marks = ["${A}", "${B}", "${file:/f}", "${file:/n}", "${credential:s}", "${E:-", "$$", "/env", "<secret:", "stdio",
             "none", "never", "npx", "uvx", "pkg@1.2", "127.0.0.1:1", "unix:/", "[::1]:5", "http://", "sha256:", "ghp_", "? "]
    lines = ["# Written by seeds.py from `mcpvisor config schema`."]
    for word in sorted(keys | set(words(schema)) | set(foreign)):
        lines.append(json.dumps(word + ": " if word in keys or word in foreign else word))
    lines += [json.dumps(mark) for mark in marks]
    with open(os.path.join(OUT, "config.dict"), "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


def write_diags():
    def text(t):
        return b"\0" if t is None else b"\1" + struct.pack("=I", len(t)) + t
    def diag(severity, line, col, width, *texts):
        return struct.pack("=IIII", severity, line, col, width) + b"".join(map(text, texts))
    def diags(counts, *all_of_them):
        return struct.pack("=5I", 0x31474944, len(all_of_them), *counts) + b"".join(all_of_them)
    full = diag(2, 3, 4, 5, b"a.yaml", b"servers.a", b"is bad\t\xff\x1b", b"\tx: \xff\x01 y \xc3\xa9")
    write("diag", diags((0, 0, 0)))
    write("diag", diags((0, 0, 1), full))
    write("diag", diags((0, 0, 1), full[:-1]))
    write("diag", diags((0, 0, 1), full) + b"x")
    write("diag", diags((9, 1, 2), full, diag(1, 0, 0, 0, None, None, b"", None), diag(0, 1, 0, 9, b"b", b"k", b"m", b"")))
    write("diag", diags((0, 0, 3), diag(2, 9, 200, 300, b"c", None, b"m", b"x" * 500), full, full))
    write("diag", diags((0, 0, 0), diag(7, 1, 1, 1, b"c", None, b"m", None)))
    write("diag", diags((0, 0, 0), diag(2, 1, 1, 1, b"c", None, None, None)))
    write("diag", struct.pack("=5I", 0x31474944, 1001, 0, 0, 0))
    write("diag", b"x" * 20)


def write_ipc():
    """Each message with all fields zero, the longest text, and each word at its bounds."""
    header = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/ipc/message.h"), encoding="ascii").read()
    rows = re.findall(r"M\((\w+), +(\w+), +TO_(\w+), +(\d), (\d), (\d+)\)", header)
    sizes = {"uint32_t": 4, "int32_t": 4, "uint64_t": 8, "IpcHeader": 8}
    for number, (_, struct_name, way, least, most, text) in enumerate(rows, 1):
        body = re.search(r"typedef struct " + struct_name + r" \{(.*?)\n\}", header, re.S).group(1)
        body, size = re.sub(r"/\*.*?\*/", "", body), 0
        for kind, names in re.findall(r"(\w+) ([\w, \[\]]+);", body):
            for name in names.split(","):
                length = re.search(r"\[(\w+)\]", name)
                size += (64 if length.group(1) == "IPC_BUILD_ID" else int(length.group(1))) if length else sizes[kind]
        def message(fds, payload, number=number, way=way):
            head = bytes([int(fds) << 1 | (way == "SUPERVISOR")])
            return head + struct.pack("=II", number, 8 + len(payload)) + payload
        zeros = b"\0" * (size - 8)
        for fds in {least, most, int(most) + 1}:
            write("ipc", message(fds, zeros))
        write("ipc", message(least, zeros + b"x" * int(text)))
        write("ipc", message(least, zeros + b"x" * (int(text) + 1)))
        write("ipc", message(least, zeros + b"x\0"))
        for at in range(0, size - 8, 4):
            for word in (b"\1\0\0\0", b"\xff\xff\xff\xff", b"2025"):
                write("ipc", message(least, zeros[:at] + word + zeros[at + 4:]))
    for data in (b"", b"\0", b"\1" + b"\xff" * 16, b"\0" + struct.pack("=II", 4711, 16) + b"\0" * 8):
        write("ipc", data)


def main():
    schema = json.loads(subprocess.run([os.path.join(BUILD, "mcpvisor"), "config", "schema"], check=True,
                                       stdout=subprocess.PIPE).stdout)
    write_configs(schema)
    write_dict(schema)
    write_diags()
    write_ipc()
    for name, texts in (("env-file", ENV_FILES), ("expand", EXPANSIONS), ("json-text", JSON_TEXTS), ("parse", NUMBERS)):
        for text in texts:
            write(name, text)


main()
