#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the endpoint is told by the supervisor: tokens, addresses, certificates. The gateway is gateway-fake."""

import hashlib
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

FAST = {"RELOAD_PAUSE": 1}
ONE, TWO = "1" * 64, "2" * 64


def fake(config=None, **keys):
    return Daemon(dict({"servers": {}}, **(config or {})), script="normal", times=FAST, **keys)


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def tokens(d):
    """{name: hash} of what the gateway has been given."""
    return dict(x.split("=") for x in d.say("tokens").split())


def text_of(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def reload(d, config):
    d.write_config(dict({"servers": {}}, **config))
    return d.ask("reload")


def default_token():
    d = fake()
    name = os.path.join(d.state, "token")
    token = text_of(name).strip()
    equal("a token of 32 random bytes is made", (len(token), os.stat(name).st_mode & 0o7777), (43, 0o600))
    equal("the gateway gets its hash", tokens(d), {"token_file": hash_of(token)})
    d.wait_logged("clients on TCP need the token in %s, which was just made" % name)
    check("no log holds it", token not in d.log_text(), d.log_text())
    equal("a reload", d.ask("reload")["ok"], True)
    equal("leaves it as it is", (tokens(d), text_of(name)), ({"token_file": hash_of(token)}, token + "\n"))
    with open(name, "w", encoding="utf-8") as f:
        f.write("another\n")
    equal("one that a person has put there", d.ask("reload")["ok"], True)
    equal("is in force after a reload", tokens(d), {"token_file": hash_of("another")})
    d.say("crash")
    until(lambda: len(d.lives()) == 2, what="another gateway")
    d.wait(lambda: d.status()["gateway"]["state"] == "ready")
    equal("the next gateway gets it as well", tokens(d), {"token_file": hash_of("another")})
    os.unlink(name)
    equal("a file that is gone", d.ask("reload")["ok"], True)
    check("is made anew", tokens(d) == {"token_file": hash_of(text_of(name).strip())} and text_of(name) != "another\n")
    d.stop()
    again = fake(flags=["--state-dir", d.state])
    equal("the next daemon takes what is there", tokens(again), {"token_file": hash_of(text_of(name).strip())})
    again.stop()


def other_tokens():
    d = fake({"auth": {"tokens": [{"name": "ci", "hash": "sha256:" + ONE}]}})
    equal("hashes alone", tokens(d), {"ci": ONE})
    check("no file is made then", not os.path.exists(os.path.join(d.state, "token")))
    mine = os.path.join(d.dir, "mine")
    equal("with a file that is named", reload(d, {"auth": {"token_file": mine, "tokens": [
        {"name": "ci", "hash": "sha256:" + ONE}, {"name": "cd", "hash": "sha256:" + TWO}]}})["ok"], True)
    equal("both kinds", tokens(d), {"token_file": hash_of(text_of(mine).strip()), "ci": ONE, "cd": TWO})
    equal("without authentication", reload(d, {"auth": {"mode": "none"}})["ok"], True)
    equal("there are none", tokens(d), {})
    d.stop()
    d = fake(env={"MCPVISOR_TOKEN": "sesame-open-yourself"})
    equal("MCPVISOR_TOKEN", tokens(d), {"MCPVISOR_TOKEN": hash_of("sesame-open-yourself")})
    check("no file is made for it", not os.path.exists(os.path.join(d.state, "token")))
    with open("/proc/%d/environ" % d.pid, "rb") as f:
        check("it is not in our environment any more", b"sesame" not in f.read())
    d.stop()


def refused():
    d = fake()
    name = os.path.join(d.state, "token")
    before = tokens(d)
    os.chmod(name, 0o640)
    got = d.ask("reload")
    check("a token that others may read is refused", not got["ok"] and "chmod 600" in json.dumps(got), got)
    equal("and everything stays as it was", (tokens(d), d.status()["config"]["generation"]), (before, 1))
    d.stop()
    e = fake(flags=["--state-dir", d.state], wait=False)
    equal("at the start: 1", e.wait_exit(), 1)
    check("and it says why", "open to others (mode 0640)" in e.log_text(), e.log_text())
    f = fake({"auth": {"token_file": path("nowhere") + "/token"}}, wait=False)
    check("a file whose directory is missing", f.wait_exit() != 0)
    check("is named", "nowhere" in f.log_text() and "directory" in f.log_text(), f.log_text())


def listeners(d):
    """[(address, kind, flags, [chain, key, ca, expires])] of what the gateway has been given."""
    got = []
    for x in d.say("listeners").split():
        address, kind, flags, certificate = x.rsplit("/", 3)
        got.append((address, int(kind), int(flags), [int(n) for n in certificate.split(",")]))
    return got


METRICS, NO_AUTH, NO_TLS = 1, 2, [0, 0, 0, 0]


def soon(name, get, wanted):
    """The answer to a reload may come before gateway-fake has read what it was told."""
    try:
        until(lambda: get() == wanted, 5)
    except TimeoutError:
        pass
    return equal(name, get(), wanted)


def addresses():
    d = fake({"metrics": {"listen": "127.0.0.2:0"}})
    until(lambda: len(listeners(d)) == 3, what="the addresses")
    got = listeners(d)
    status = d.status()["gateway"]
    equal("an address for clients, the unix socket without a token, one for metrics only",
          [(x[0].rpartition(":")[0], x[1:]) for x in got],
          [("127.0.0.1", (0, 0, NO_TLS)), ("unix", (1, NO_AUTH, NO_TLS)), ("127.0.0.2", (0, METRICS, NO_TLS))])
    equal("status tells them apart", (status["listen"], status["metrics_listen"]),
          ([got[0][0], got[1][0]], [got[2][0]]))
    equal("without it", reload(d, {"listen": [got[0][0]]})["ok"], True)
    soon("it is closed", lambda: ([x[0] for x in listeners(d)], d.status()["gateway"]["metrics_listen"]),
         ([got[0][0], got[1][0]], []))
    equal("the other way round", reload(d, {"listen": ["127.0.0.2:0"], "metrics": {"listen": got[0][0]}})["ok"], True)
    soon("the same address serves something else", lambda: [x[2] for x in listeners(d) if x[0] == got[0][0]], [METRICS])
    d.stop()


def certificate(name, days):
    """NAME.crt and NAME.key"""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    str(days), "-subj", "/CN=localhost", "-keyout", path(name + ".key"), "-out", path(name + ".crt")],
                   check=True, capture_output=True)
    return os.path.getsize(path(name + ".crt")), os.path.getsize(path(name + ".key"))


def tls():
    if not shutil.which("openssl"):
        skip("certificates: the openssl command is needed")
        return
    config = {"tls": {"cert": path("c.crt"), "key": path("c.key")}, "metrics": {"listen": "127.0.0.2:0"}}
    first = certificate("c", 5)
    d = fake(config)
    until(lambda: len(listeners(d)) == 3, what="the addresses")
    got = listeners(d)
    equal("every TCP address speaks TLS, a unix socket does not", [tuple(x[3][:3]) for x in got],
          [first + (0,), (0, 0, 0), first + (0,)])
    check("when it expires is known", 4 * 86400 < got[0][3][3] - time.time() < 6 * 86400, got)
    ups, downs = d.seen("LISTENER_UP"), d.seen("LISTENER_DOWN")
    equal("a reload without a change", (d.ask("reload")["ok"], d.seen("LISTENER_UP")), (True, ups))
    second = certificate("c", 50)
    equal("other contents of the same files", d.ask("reload")["ok"], True)
    soon("replace the certificate where it counts, and nothing is closed",
         lambda: (d.seen("LISTENER_UP") - ups, d.seen("LISTENER_DOWN") - downs), (2, 0))
    got = listeners(d)
    check("it is the other one", got[0][3][3] > time.time() + 40 * 86400 and got[0][3][:2] == list(second), got)
    config["tls"]["client_ca"] = path("c.crt")
    equal("a client CA", reload(d, config)["ok"], True)
    soon("comes along", lambda: listeners(d)[0][3][2], second[0])
    with open(path("c.key"), "w", encoding="utf-8") as f:
        f.write("no key\n")
    answer = d.ask("reload")
    check("a key that is none is refused", not answer["ok"] and "tls.key" in json.dumps(answer), answer)
    equal("and the old one stays", listeners(d)[0][3][:2], list(second))
    d.say("crash")
    until(lambda: len(d.lives()) == 2, what="another gateway")
    d.wait(lambda: d.status()["gateway"]["state"] == "ready")
    soon("for the next gateway, too", lambda: [x[3][:2] for x in listeners(d)], [list(second), [0, 0], list(second)])
    certificate("c", 5)
    del config["tls"]
    equal("a configuration without TLS", reload(d, config)["ok"], True)
    soon("takes it away", lambda: [x[3] for x in listeners(d)], [NO_TLS] * 3)
    check("no log holds a key", "PRIVATE KEY" not in d.log_text())
    d.stop()


def figures():
    d = fake({"servers": {"a": mcp("mcp"), "b": mcp("mcp", start="lazy")}})
    d.wait_state("a", "ready")

    def shown(name):
        return [d.server(name)[key] for key in ("tools", "cached_tools", "calls", "errors", "p95_ms")]

    equal("before the gateway has counted anything", shown("a"), [None, None, 0, 0, None])
    d.say("figures", "a", 14, 2, 100, 700)
    equal("what it has counted", shown("a"), [14, None, 100, 1, 0.95])
    d.say("figures", "b", 21, 1, 0, 0)
    equal("an idle server whose catalogue was kept", shown("b"), [None, 21, 0, 0, None])
    a, b = [line.split() for line in d.client("status").stdout.splitlines() if line[:2] in ("a ", "b ")]
    check("the table shows both", a[-4:-1] == ["14", "100", "<1ms"] and b[6:9] == ["21*", "0", "-"], (a, b))
    instance = d.server("a")["instances"][0]
    equal("era and protocol are those of its handshake", (instance["era"], instance["protocol"], instance["inflight"]),
          ("legacy", "2025-11-25", 0))
    d.stop()


alarm(60)
main(default_token, other_tokens, refused, addresses, tls, figures)
