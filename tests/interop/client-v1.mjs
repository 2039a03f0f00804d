// SPDX-License-Identifier: Apache-2.0
// The official v1 client against mcpvisor, and against the same servers without it: what it sees has to be the same.
// Arguments: base URL, the servers as JSON {NAME: {command, args, env}}, then optionally names of functions.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { all, check, equal, main, overHttp, overStdio, types, within } from "./checks.mjs";

const [base, json, ...only] = process.argv.slice(2);
const servers = JSON.parse(json);
const names = Object.keys(servers);
const at = (name) => `${base}/mcp${name ? `/${name}` : ""}`;
const list_of = { tools: "tools", prompts: "prompts", resources: "resources", resourceTemplates: "resources" };

// One client of mcpvisor and one without it, for the time of a function.
async function both(name, run) {
        const through = await overHttp(at(name));
        const direct = await overStdio(servers[name]);
        try {
                await run(through, direct);
        } finally {
                await direct.close();
                await through.close();
        }
}

async function one(url, run) {
        const c = await overHttp(url);
        try {
                await run(c);
        } finally {
                await c.close();
        }
}

// Tools that can only be called as a task, which we do not offer, are hidden.
const callable = (list) => list.filter((x) => x.execution?.taskSupport !== "required");

// What a server can is not known before its first contact with anybody.
async function first_contact() {
        for (const name of names) await one(at(name), async (c) => check(`${name}: has tools`, (await all(c, "tools")).length > 0));
}

async function handshake() {
        for (const name of names)
                await both(name, (through, direct) => {
                        const { tasks, ...can } = direct.getServerCapabilities();
                        for (const kind of ["tools", "prompts", "resources"]) if (can[kind]) can[kind].listChanged = true;
                        equal(`${name}: capabilities`, through.getServerCapabilities(), can);
                        equal(`${name}: instructions`, through.getInstructions(), direct.getInstructions());
                        check(`${name}: has a session`, through.transport.sessionId);
                });
}

// `everything` has tools for what its client can, and adds them once it knows its client: when a call has started it.
async function grown(through, direct) {
        await through.callTool({ name: "echo", arguments: { message: "x" } });
        const same = async () => {
                const length = async (c) => callable(await all(c, "tools")).length;
                while ((await length(through)) !== (await length(direct)));
        };
        await within(same(), "all tools of everything");
}

async function lists() {
        for (const name of names)
                await both(name, async (through, direct) => {
                        if (name === "everything") await grown(through, direct);
                        for (const [key, capability] of Object.entries(list_of)) {
                                if (!direct.getServerCapabilities()[capability]) continue;
                                equal(`${name}: ${key}`, await all(through, key), callable(await all(direct, key)));
                        }
                });
}

// Over /mcp: the same with prefixes, in the order of the configuration.
async function lists_together() {
        const wanted = { tools: [], prompts: [] };
        for (const name of names)
                await one(at(name), async (c) => {
                        for (const key of Object.keys(wanted))
                                if (c.getServerCapabilities()[list_of[key]])
                                        for (const x of await all(c, key)) wanted[key].push(`${name}__${x.name}`);
                });
        await one(at(), async (c) => {
                for (const [key, list] of Object.entries(wanted))
                        equal(`/mcp: ${key}`, (await all(c, key)).map((x) => x.name), list);
                check("/mcp: resources", (await all(c, "resources")).length > 0);
        });
}

const calls = [
        ["everything", "echo", { message: "\u00fc \u{1f600} \\ \" \n" }],
        ["everything", "get-sum", { a: 1.5, b: 2e10 }],
        ["everything", "get-tiny-image", {}],
        ["everything", "get-structured-content", { location: "Chicago" }],
        ["everything", "get-resource-links", { count: 3 }],
        ["everything", "get-annotated-message", { messageType: "error", includeImage: true }],
        ["everything", "echo", {}],
        ["everything", "no-such-tool", {}],
        ["memory", "create_entities", { entities: [{ name: "x", entityType: "y", observations: ["z"] }] }],
        ["memory", "search_nodes", { query: "nothing like that" }],
        ["thinking", "sequentialthinking", { thought: "t", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }],
        ["filesystem", "list_allowed_directories", {}],
        ["filesystem", "read_text_file", { path: "/no/such/file" }],
        ["fixture", "test_multiple_content_types", {}],
        ["fixture", "test_error_handling", {}],
];

async function result(c, name, args) {
        try {
                return await c.callTool({ name, arguments: args });
        } catch (e) {
                return { code: e.code };
        }
}

async function call_tools() {
        for (const name of names)
                await both(name, async (through, direct) => {
                        for (const [, tool, args] of calls.filter((row) => row[0] === name && row[1] !== "no-such-tool")) {
                                const wanted = await result(direct, tool, args);
                                equal(`${name}: ${tool} ${JSON.stringify(args).slice(0, 40)}`, await result(through, tool, args), wanted);
                        }
                });
        await one(at(), async (c) => {
                for (const [name, tool, args] of calls) {
                        const got = await result(c, `${name}__${tool}`, args);
                        check(`/mcp: ${name}__${tool}`, tool === "no-such-tool" ? got.code === -32602 : got.content, got);
                }
        });
}

async function files() {
        await one(at("filesystem"), async (c) => {
                const [dir] = /\/\S+/.exec((await c.callTool({ name: "list_allowed_directories", arguments: {} })).content[0].text);
                const path = `${dir}/written.txt`;
                const content = "line\n".repeat(20000);
                await c.callTool({ name: "write_file", arguments: { path, content } });
                const got = await c.callTool({ name: "read_text_file", arguments: { path } });
                equal("filesystem: 100 kB are written and read", got.content[0].text, content);
        });
}

async function read_resources() {
        for (const name of ["everything", "memory", "fixture"])
                await both(name, async (through, direct) => {
                        for (const { uri } of (await all(direct, "resources")).slice(0, 4))
                                equal(`${name}: ${uri}`, await through.readResource({ uri }), await direct.readResource({ uri }));
                });
        await one(at(), async (c) => {
                const uri = "demo://resource/dynamic/text/7";
                equal("/mcp: by a template", (await c.readResource({ uri })).contents[0].uri, uri);
                const error = await c.readResource({ uri: "none://x" }).catch((e) => e);
                check("/mcp: a URI that nobody has", [-32002, -32602].includes(error.code), error);
        });
}

const prompts = [
        ["everything", "simple-prompt", undefined],
        ["everything", "args-prompt", { city: "Bonn", state: "x" }],
        ["everything", "resource-prompt", { resourceType: "Text", resourceId: "1" }],
        ["fixture", "test_prompt_with_arguments", { arg1: "a", arg2: "\u00fc" }],
        ["fixture", "test_prompt_with_image", undefined],
];

// The server writes the time of day into some.
const timeless = (x) => JSON.parse(JSON.stringify(x).replace(/\d+:\d+:\d+( [AP]M)?/g, "TIME"));

async function get_prompts() {
        for (const name of ["everything", "fixture"])
                await both(name, async (through, direct) => {
                        for (const [, prompt, args] of prompts.filter((row) => row[0] === name)) {
                                const wanted = await direct.getPrompt({ name: prompt, arguments: args });
                                const got = await through.getPrompt({ name: prompt, arguments: args });
                                equal(`${name}: ${prompt}`, timeless(got), timeless(wanted));
                        }
                });
        await one(at(), async (c) => {
                const got = await c.getPrompt({ name: "everything__args-prompt", arguments: { city: "Bonn" } });
                check("/mcp: everything__args-prompt", JSON.stringify(got).includes("Bonn"), got);
        });
}

async function completion() {
        const params = (name) => ({ ref: { type: "ref/prompt", name }, argument: { name: "department", value: "E" } });
        await both("everything", async (through, direct) => {
                const wanted = await direct.complete(params("completable-prompt"));
                check("the server has something to say", wanted.completion.values.length > 0, wanted);
                equal("everything: a completion", await through.complete(params("completable-prompt")), wanted);
        });
        await one(at(), async (c) => {
                const got = await c.complete(params("everything__completable-prompt"));
                check("/mcp: a completion", got.completion.values.length > 0, got);
        });
}

async function progress() {
        for (const [url, name] of [
                [at("everything"), "trigger-long-running-operation"],
                [at(), "everything__trigger-long-running-operation"],
        ])
                await one(url, async (c) => {
                        const seen = [];
                        const options = { onprogress: (p) => seen.push(p.progress) };
                        await c.callTool({ name, arguments: { duration: 0.5, steps: 5 } }, undefined, options);
                        equal(`${url.slice(base.length)}: progress`, seen, [1, 2, 3, 4, 5]);
                });
}

async function cancel() {
        await one(at("fixture"), async (c) => {
                const cancelled = async () => (await c.callTool({ name: "fixture_cancelled", arguments: {} })).content[0].text;
                equal("its process is there", await cancelled(), "0");
                const stop = new AbortController();
                const waits = c.callTool({ name: "fixture_wait", arguments: {} }, undefined, { signal: stop.signal });
                const failed = waits.then(
                        () => false,
                        () => true,
                );
                await c.callTool({ name: "fixture_cancelled", arguments: {} }); // behind it on the same pipe
                stop.abort("enough");
                check("the client gives up", await failed);
                const heard = async () => {
                        while ((await cancelled()) !== "1");
                        return true;
                };
                check("the server hears of it", await within(heard(), "the cancellation"));
        });
}

async function log_messages() {
        await one(at("fixture"), async (c) => {
                await c.setLoggingLevel("info");
                await c.callTool({ name: "test_tool_with_logging", arguments: {} });
                await c.noted.heard("notifications/message");
                const told = c.noted.told.filter((n) => n.method === "notifications/message").map((n) => n.params.data);
                equal("all three, in order", told, ["Tool execution started", "Tool processing data", "Tool execution completed"]);
        });
}

async function questions() {
        await one(at("everything"), async (c) => {
                await c.callTool({ name: "trigger-sampling-request", arguments: { prompt: "p", maxTokens: 5 } });
                await c.callTool({ name: "trigger-elicitation-request", arguments: {} });
                const roots = await c.callTool({ name: "get-roots-list", arguments: {} });
                const asked = c.noted.asked.map((r) => r.method);
                for (const method of ["sampling/createMessage", "elicitation/create", "roots/list"])
                        check(`everything asks ${method}`, asked.includes(method), asked);
                check("and has our root", JSON.stringify(roots).includes("file:///interop"), roots);
        });
}

async function subscription() {
        await one(at("fixture"), async (c) => {
                const uri = "test://watched-resource";
                await c.subscribeResource({ uri });
                await c.callTool({ name: "fixture_touch", arguments: {} });
                equal("an update", (await c.noted.heard("notifications/resources/updated")).params, { uri });
                await c.unsubscribeResource({ uri });
        });
}

async function list_changed() {
        await one(at("fixture"), async (c) => {
                const before = (await all(c, "tools")).length;
                await c.callTool({ name: "fixture_grow", arguments: {} });
                await c.noted.heard("notifications/tools/list_changed");
                equal("one tool more", (await all(c, "tools")).length, before + 1);
        });
}

// Many at once over one session: the SDK numbers them all by itself.
async function at_once() {
        await one(at(), async (c) => {
                const some = Array.from({ length: 50 }, (_, i) => i);
                const got = await Promise.all(
                        some.map((i) => c.callTool({ name: "everything__get-sum", arguments: { a: i, b: 1000 } })),
                );
                check("each sum is its own", got.every((r, i) => r.content[0].text.includes(String(1000 + i))), got.slice(0, 3));
        });
}

async function restart() {
        const run = promisify(execFile);
        await one(at("everything"), async (c) => {
                await c.callTool({ name: "echo", arguments: { message: "before" } });
                const session = c.transport.sessionId;
                await run(process.env.MCPVISOR, ["restart", "everything"]);
                const got = await c.callTool({ name: "echo", arguments: { message: "after" } });
                equal("the next call works", got.content[0].text, "Echo: after");
                equal("in the same session", c.transport.sessionId, session);
        });
}

async function end_of_session() {
        await one(at("memory"), async (c) => {
                const gone = c.transport.sessionId;
                await c.transport.terminateSession();
                const headers = {
                        "content-type": "application/json",
                        accept: "application/json, text/event-stream",
                        "mcp-session-id": gone,
                };
                const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
                equal("after DELETE: 404", (await fetch(at("memory"), { method: "POST", headers, body })).status, 404);
        });
        await one(at("memory"), async (c) => check("a new one works", (await all(c, "tools")).length > 0));
}

const tests = {
        first_contact,
        handshake,
        lists,
        lists_together,
        call_tools,
        files,
        read_resources,
        get_prompts,
        completion,
        progress,
        cancel,
        log_messages,
        questions,
        subscription,
        list_changed,
        at_once,
        restart,
        end_of_session,
};
await main(Object.fromEntries(Object.entries(tests).filter(([name]) => only.length === 0 || only.includes(name))));
