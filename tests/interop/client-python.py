#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The official Python client through mcpvisor to official servers in Python; what it sees is held against the same
servers without us. Run by interop.py in an environment with requirements.txt: BASE-URL SERVERS-AS-JSON REPOSITORY."""

import asyncio
import http.server
import json
import sys
import threading
import traceback

from mcp import Client, StdioServerParameters

BASE, SERVERS, REPOSITORY = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
DEADLINE = 20


def check(name, condition, detail=None):
    print("%s: %s" % ("ok" if condition else "FAILED", name), flush=True)
    if not condition and detail is not None:
        print("    " + str(detail)[:2000].replace("\n", " "), flush=True)


def equal(name, got, wanted):
    check(name, got == wanted, "got %r wanted %r" % (got, wanted))


def plain(model):
    """As JSON, without what belongs to one era only."""
    got = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    for key in ("_meta", "ttlMs", "cacheScope", "resultType"):
        got.pop(key, None)
    return got


def through(name="", mode="legacy", **keys):
    return Client(BASE + "/mcp" + ("/" + name if name else ""), mode=mode, **keys)


def direct(name):
    return Client(StdioServerParameters(command=SERVERS[name]["command"], args=SERVERS[name]["args"]), mode="legacy")


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<html><body><p>a page of the test</p></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


async def lists():
    for name in SERVERS:
        async with through(name) as ours, direct(name) as theirs:
            equal(name + ": tools", plain(await ours.list_tools()), plain(await theirs.list_tools()))
            if theirs.server_capabilities.prompts:
                equal(name + ": prompts", plain(await ours.list_prompts()), plain(await theirs.list_prompts()))


async def calls():
    page = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/" % page.server_address[1]
    rows = (("time", "convert_time", {"source_timezone": "UTC", "time": "12:30", "target_timezone": "Asia/Tokyo"}),
            ("time", "convert_time", {"source_timezone": "No/Where", "time": "12:30", "target_timezone": "UTC"}),
            ("git", "git_status", {"repo_path": REPOSITORY}), ("git", "git_status", {"repo_path": "/no/such/path"}),
            ("fetch", "fetch", {"url": url}), ("fetch", "fetch", {}))
    for name, tool, args in rows:
        async with through(name) as ours, direct(name) as theirs:
            equal("%s: %s" % (name, tool), plain(await ours.call_tool(tool, args)), plain(await theirs.call_tool(tool, args)))
    async with through() as all_of:
        got = plain(await all_of.call_tool("fetch__fetch", {"url": url}))
        check("/mcp: fetch__fetch", "a page of the test" in json.dumps(got), got)
    page.shutdown()


async def fixture():
    logged, told = [], []

    async def log(params):
        logged.append(params.data)

    async def progress(done, total, message):
        told.append((done, total))

    async with through("fixture", logging_callback=log) as c:
        check("fixture: tools", len((await c.list_tools()).tools) > 10)
        equal("fixture: a resource", (await c.read_resource("test://static-text")).contents[0].text,
              "This is the content of the static text resource.")
        await c.call_tool("test_tool_with_progress", {}, progress_callback=progress)
        equal("fixture: progress", told, [(0, 100), (50, 100), (100, 100)])
        await c.set_logging_level("info")
        await c.call_tool("test_tool_with_logging", {})
        check("fixture: log messages", "Tool execution started" in logged, logged)
        check("fixture: an error of a tool", (await c.call_tool("test_error_handling", {})).is_error)


async def finds_the_era():
    """A client that tries the newest era first."""
    for name in ("time", "fixture", ""):
        async with through(name, mode="auto") as c:
            check("auto: /mcp/%s has tools" % name, len((await c.list_tools()).tools) > 0, c.protocol_version)


async def main():
    for test in (lists, calls, fixture, finds_the_era):
        try:
            await asyncio.wait_for(test(), 6 * DEADLINE)
        except Exception:  # noqa: BLE001: whatever it is, it is a failed check
            check(test.__name__, False, traceback.format_exc()[-1500:])


asyncio.run(main())
