#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the endpoint is told by the supervisor: tokens, addresses, certificates. The gateway is gateway-fake."""

import hashlib
import os
import sys

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


alarm(60)
main(default_token, other_tokens, refused)
