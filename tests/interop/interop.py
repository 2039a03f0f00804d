#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Official clients (the v1 SDK and the Inspector in node, the SDK in Python) through mcpvisor to official servers.
What passes is held against the same client and server without us, as far as it can be."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from support import *  # noqa: E402,F403

PYTHON = os.environ.get("MCPVISOR_PYTHON") or os.path.join(NPM, "python")


def servers():
    """The four reference servers, and the fixture. `everything` and the fixture ask their clients: one for each session."""
    files = path("files")
    os.makedirs(files, exist_ok=True)
    official = lambda name, *args, **keys: node_server(  # noqa: E731
        package("@modelcontextprotocol/server-%s/dist/index.js" % name), *args, **keys)
    return {"everything": official("everything", "stdio", share="session", max_instances=64),
            "filesystem": official("filesystem", files),
            "memory": official("memory", env={"MEMORY_FILE_PATH": path("memory.jsonl")}),
            "thinking": official("sequential-thinking", env={"DISABLE_THOUGHT_LOGGING": "true"}),
            "fixture": fixture(share="session", max_instances=64)}


def without_us(config):
    """The same for a client that starts them itself; what they keep is kept apart."""
    got = {name: {k: s[k] for k in ("command", "args", "env")} for name, s in config.items()}
    got["memory"]["env"] = dict(got["memory"]["env"], MEMORY_FILE_PATH=path("memory-direct.jsonl"))
    return got


def count(label, done):
    """Lines "ok: " and "FAILED: " of a script become checks of ours."""
    before, lines = 0, done.stdout.splitlines()
    for i, line in enumerate(lines):
        m = re.match(r"(ok|FAILED): (.*)", line)
        if m:
            before += 1
            check("%s: %s" % (label, m.group(2)), m.group(1) == "ok", "\n".join(lines[i + 1:i + 2]))
    check("%s: ends with 0 and has checked something" % label, done.returncode == 0 and before > 0,
          done.stdout[-500:] + done.stderr[-1500:])


def sdk_v1():
    config = servers()
    direct = without_us(config)
    d = open_daemon(config)
    env = {"MCPVISOR": MCPVISOR, "MCPVISOR_SOCKET": d.runtime}
    count("v1", node(os.path.join(HERE, "client-v1.mjs"), base_url(d), json.dumps(direct), env=env, deadline=180))
    equal("v1: TERM ends it with 0", d.stop(), 0)
    d.check_clean("v1")


INSPECTED = (
    ("tools/list",), ("tools/call", "--tool-name", "test_simple_text"),
    ("tools/call", "--tool-name", "test_error_handling"), ("tools/call", "--tool-name", "no_such_tool"),
    ("resources/list",), ("resources/templates/list",), ("resources/read", "--uri", "test://static-text"),
    ("resources/read", "--uri", "test://template/5/data"), ("prompts/list",),
    ("prompts/get", "--prompt-name", "test_prompt_with_arguments", "--prompt-args", "arg1=a", "arg2=b"),
    ("logging/setLevel", "--log-level", "debug"),
)


def inspect(target, method, *args):
    """Exit status and output, as JSON where it is some."""
    home = path("inspector-home")
    os.makedirs(home, exist_ok=True)
    done = node(package(".bin/mcp-inspector"), "--cli", *target, "--protocol-era", "legacy", "--method", method, *args,
                "--format", "json", "-q", env={"HOME": home}, deadline=60)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, done.stdout


def inspector():
    script = os.path.join(HERE, "fixture-legacy.mjs")
    d = open_daemon({"fixture": fixture(share="session", max_instances=64)})
    for row in INSPECTED:
        wanted = inspect((NODE, script, "-e", "MCPVISOR_NPM=" + NPM), *row)
        got = inspect((base_url(d) + "/mcp/fixture", "--transport", "http"), *row)
        same = got[0] == wanted[0] and (got[1] == wanted[1] or "no_such_tool" in row)
        check("inspector: %s: as without us" % " ".join(row), same, "got    %s\nwanted %s" % (got, wanted))
    status, said = inspect((base_url(d) + "/mcp", "--transport", "http"), "tools/call", "--tool-name",
                           "fixture__test_simple_text")
    check("inspector: /mcp", status == 0 and "simple text response" in json.dumps(said), said)
    equal("inspector: TERM ends it with 0", d.stop(), 0)
    d.check_clean("inspector")


def python():
    done = subprocess.run(["bash", os.path.join(HERE, "setup-python.sh"), PYTHON], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        skip("python: " + done.stdout.strip().removeprefix("skipped: "))
        return
    if not check("python: its packages", done.returncode == 0, done.stdout + done.stderr):
        return
    repository = path("repository")
    subprocess.run(["git", "init", "-q", repository], check=True)
    bin_dir = os.path.join(PYTHON, "bin")
    config = {"time": {"command": os.path.join(bin_dir, "mcp-server-time"), "args": ["--local-timezone", "UTC"]},
              "git": {"command": os.path.join(bin_dir, "mcp-server-git"), "args": ["--repository", repository]},
              "fetch": {"command": os.path.join(bin_dir, "mcp-server-fetch"), "args": ["--ignore-robots-txt", "--allow-private-ips"]},
              "fixture": fixture(share="session", max_instances=64)}
    direct = {name: {"command": s["command"], "args": s["args"]} for name, s in config.items() if name != "fixture"}
    d = open_daemon(config)
    done = subprocess.run([os.path.join(bin_dir, "python"), os.path.join(HERE, "client-python.py"), base_url(d),
                           json.dumps(direct), repository], capture_output=True, text=True, timeout=180 * SLOW, check=False)
    count("python", done)
    equal("python: TERM ends it with 0", d.stop(), 0)
    d.check_clean("python")


alarm(600)
setup()
run((sdk_v1, inspector, python))
