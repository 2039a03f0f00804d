#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The official conformance suite against mcpvisor with the fixture behind it, one check for
each scenario that the revision requires. Names of checks (`direct`, `revision_2025_11_25`) as
arguments run only these: `direct` holds the fixture itself against the suite, without us, and
so tells a fault of the fixture from one of ours."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from support import *  # noqa: E402,F403

SUITE = "@modelcontextprotocol/conformance/dist/index.js"


def required(revision):
    """The scenarios for servers, as the suite itself lists them."""
    said = node(package(SUITE), "list", "--server", "--requirements", revision).stdout
    part = said.split("Server scenarios", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  - (\S+)$", part, re.M)


def explain(results, scenario):
    """What the suite wrote about checks that failed."""
    got = []
    for file in glob.glob(os.path.join(results, "**", "*%s*" % scenario, "checks.json"), recursive=True):
        with open(file, encoding="utf-8") as f:
            got += ["%s: %s" % (c["id"], c.get("errorMessage")) for c in json.load(f) if c["status"] == "FAILURE"]
    return "\n".join(got)


def scenarios(label, url, revision, least):
    """Runs all; a scenario that is not in the summary has failed, and so has a list that shrank."""
    results = os.path.join(tmp, "results-" + label)
    os.mkdir(results)
    got = node(package(SUITE), "server", "--url", url, "--requirements", revision, cwd=results, deadline=300)
    summary = got.stdout.partition("=== SUMMARY ===")[2]
    outcome = dict((name, mark) for mark, name in re.findall(r"^([✓✗]) (\S+):", summary, re.M))
    names = required(revision)
    check("%s: the suite requires %d scenarios" % (label, least), len(names) == least, names)
    for name in names:
        detail = explain(results, name) or got.stdout[-1500:] + got.stderr[-500:]
        check("%s: %s" % (label, name), outcome.get(name) == "✓", detail)
    for name in sorted(set(outcome) - set(names)):
        print("not scored: %s: %s %s" % (label, outcome[name], name))
    equal(label + ": the suite ends with 0", got.returncode, 0)


def direct():
    with subprocess.Popen([NODE, os.path.join(HERE, "fixture-legacy.mjs"), "--http", "0"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as server:
        scenarios("direct 2025-11-25", server.stdout.readline().strip(), "2025-11-25", 30)
        server.stdin.close()
        equal("direct: the fixture ends with its stdin", server.wait(DEADLINE), 0)


def revision_2025_11_25():
    d = open_daemon({"fixture": fixture(share="session")})
    scenarios("2025-11-25", base_url(d) + "/mcp/fixture", "2025-11-25", 30)
    equal("TERM ends it with 0", d.stop(), 0)
    d.check_clean("after the suite")


alarm(600)
setup()
run((direct, revision_2025_11_25))
