#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// An MCP server of the eras before 2026-07-28, by the official SDK, that has all that the
// conformance suite looks for. Speaks stdio; with `--http PORT` Streamable HTTP, one server
// for each session, so that the fixture itself can be held against the suite: it then says
// its URL on stdout, and lives until its stdin ends.

import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

// The packages are where setup.sh has put them, which need not be beside this file.
const from = createRequire(pathToFileURL(`${process.env.MCPVISOR_NPM ?? import.meta.dirname}/`));
const sdk = (path) => import(pathToFileURL(from.resolve(`@modelcontextprotocol/sdk/${path}`)));
const { Server } = await sdk("server/index.js");
const { StdioServerTransport } = await sdk("server/stdio.js");
const { StreamableHTTPServerTransport } = await sdk("server/streamableHttp.js");
const types = await sdk("types.js");

const { complete, prompts, read, resources, templates } = await import("./fixture-content.mjs");
const { tools } = await import("./fixture-tools.mjs");

const answers = {
        "sampling/createMessage": types.CreateMessageResultSchema,
        "elicitation/create": types.ElicitResultSchema,
};

function invalid(message, data) {
        return new types.McpError(types.ErrorCode.InvalidParams, message, data);
}

// What one call may do with its client; what it sends belongs to this request.
function callOf(server, subscribed, request, extra) {
        const token = request.params._meta?.progressToken;
        return {
                signal: extra.signal,
                ask: (method, params) => extra.sendRequest({ method, params }, answers[method]),
                log: (level, data) => extra.sendNotification({ method: "notifications/message", params: { level, logger: "fixture", data } }),
                progress: async (progress, total) => {
                        if (token !== undefined)
                                await extra.sendNotification({ method: "notifications/progress", params: { progressToken: token, progress, total } });
                },
                updated: async (uri) => {
                        if (subscribed.has(uri)) await server.sendResourceUpdated({ uri });
                },
                changed: () => server.sendToolListChanged(),
        };
}

function addTools(server, subscribed) {
        server.setRequestHandler(types.ListToolsRequestSchema, () => ({
                tools: Object.entries(tools).map(([name, [description, inputSchema]]) => ({ name, description, inputSchema })),
        }));
        server.setRequestHandler(types.CallToolRequestSchema, async (request, extra) => {
                const row = tools[request.params.name];
                if (!row) throw invalid(`Unknown tool: ${request.params.name}`);
                const given = request.params.arguments ?? {};
                const missing = (row[1].required ?? []).filter((name) => given[name] === undefined);
                if (missing.length > 0) throw invalid(`Missing argument: ${missing.join(", ")}`);
                try {
                        return await row[2](callOf(server, subscribed, request, extra), given);
                } catch (e) {
                        return { content: [{ type: "text", text: String(e.message ?? e) }], isError: true };
                }
        });
}

function addResources(server, subscribed) {
        server.setRequestHandler(types.ListResourcesRequestSchema, () => ({ resources }));
        server.setRequestHandler(types.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));
        server.setRequestHandler(types.ReadResourceRequestSchema, ({ params: { uri } }) => {
                const found = read(uri);
                if (!found) throw new types.McpError(-32002, "Resource not found", { uri });
                return { contents: [found] };
        });
        server.setRequestHandler(types.SubscribeRequestSchema, ({ params: { uri } }) => {
                subscribed.add(uri);
                return {};
        });
        server.setRequestHandler(types.UnsubscribeRequestSchema, ({ params: { uri } }) => {
                subscribed.delete(uri);
                return {};
        });
}

function addPrompts(server) {
        server.setRequestHandler(types.ListPromptsRequestSchema, () => ({
                prompts: prompts.map(({ messages, ...prompt }) => prompt),
        }));
        server.setRequestHandler(types.GetPromptRequestSchema, ({ params }) => {
                const prompt = prompts.find((p) => p.name === params.name);
                if (!prompt) throw invalid(`Unknown prompt: ${params.name}`);
                const given = params.arguments ?? {};
                for (const { name } of prompt.arguments ?? []) if (given[name] === undefined) throw invalid(`Missing argument: ${name}`);
                return { description: prompt.description, messages: prompt.messages(given) };
        });
        server.setRequestHandler(types.CompleteRequestSchema, ({ params }) => ({ completion: complete(params.argument.value) }));
}

function fixture() {
        const capabilities = {
                tools: { listChanged: true },
                resources: { subscribe: true, listChanged: true },
                prompts: { listChanged: true },
                logging: {},
                completions: {},
        };
        const instructions = "For tests: names and texts are those of the conformance suite.";
        const server = new Server({ name: "mcpvisor-fixture-legacy", version: "1.0.0" }, { capabilities, instructions });
        const subscribed = new Set();
        addTools(server, subscribed);
        addResources(server, subscribed);
        addPrompts(server);
        return server;
}

// ---- Streamable HTTP ---------------------------------------------------------

async function body(request) {
        const parts = [];
        for await (const part of request) parts.push(part);
        return parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString("utf8")) : undefined;
}

async function transportOf(sessions, request, message, hosts) {
        const known = sessions.get(request.headers["mcp-session-id"]);
        if (known || !types.isInitializeRequest(message)) return known;
        const transport = new StreamableHTTPServerTransport({
                sessionIdGenerator: randomUUID,
                onsessioninitialized: (id) => sessions.set(id, transport),
                enableDnsRebindingProtection: true,
                allowedHosts: hosts,
                allowedOrigins: hosts.map((h) => `http://${h}`),
        });
        transport.onclose = () => sessions.delete(transport.sessionId);
        await fixture().connect(transport);
        return transport;
}

function serveHttp(port) {
        const sessions = new Map();
        const http = createServer(async (request, response) => {
                const hosts = ["127.0.0.1", "localhost"].map((h) => `${h}:${http.address().port}`);
                try {
                        const message = request.method === "POST" ? await body(request) : undefined;
                        const transport = await transportOf(sessions, request, message, hosts);
                        if (transport) await transport.handleRequest(request, response, message);
                        else response.writeHead(404).end();
                } catch (e) {
                        if (!response.headersSent) response.writeHead(400);
                        response.end(String(e.message));
                }
        });
        http.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
        process.stdin.resume().on("end", () => process.exit(0));
}

const [flag, port] = process.argv.slice(2);
if (flag === "--http") serveHttp(Number(port ?? 0));
else await fixture().connect(new StdioServerTransport());
