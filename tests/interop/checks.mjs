// SPDX-License-Identifier: Apache-2.0
// Checks of the scripts in node, said line by line as interop.py reads them, and the official v1 client.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";

const from = createRequire(pathToFileURL(`${process.env.MCPVISOR_NPM}/`));
export const sdk = (path) => import(pathToFileURL(from.resolve(`@modelcontextprotocol/sdk/${path}`)));

const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const { StreamableHTTPClientTransport } = await sdk("client/streamableHttp.js");
export const types = await sdk("types.js");

export function check(name, condition, detail) {
        console.log(`${condition ? "ok" : "FAILED"}: ${name}`);
        if (!condition && detail !== undefined) console.log(`    ${JSON.stringify(detail)?.slice(0, 2000)}`);
        return Boolean(condition);
}

export const equal = (name, got, wanted) => check(name, isDeepStrictEqual(got, wanted), { got, wanted });

// Runs the functions by name; what one throws is one failure of it.
export async function main(tests) {
        for (const [name, test] of Object.entries(tests)) {
                try {
                        await test();
                } catch (e) {
                        check(name, false, String(e.stack ?? e));
                }
        }
        process.exit(0);
}

// What a promise comes to, or an error when it does not in time.
export function within(promise, what, ms = 20000) {
        let timer;
        const late = new Promise((_, reject) => {
                timer = setTimeout(() => reject(new Error(`waited for ${what}`)), ms);
        });
        return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A client that can do what a client may be asked for: it answers, and notes what it was asked and told.
function client() {
        const capabilities = { roots: { listChanged: true }, sampling: {}, elicitation: {} };
        const c = new Client({ name: "interop", version: "1" }, { capabilities });
        const noted = { asked: [], told: [], waiting: [] };
        const answers = [
                [types.ListRootsRequestSchema, { roots: [{ uri: "file:///interop", name: "interop" }] }],
                [types.CreateMessageRequestSchema, { role: "assistant", model: "none", content: { type: "text", text: "sampled" } }],
                [types.ElicitRequestSchema, { action: "decline" }],
        ];
        for (const [schema, answer] of answers)
                c.setRequestHandler(schema, (request) => {
                        noted.asked.push(request);
                        return answer;
                });
        c.fallbackNotificationHandler = async (n) => {
                noted.told.push(n);
                for (const look of noted.waiting) look();
        };
        // The first notification of that method that is or will be there.
        noted.heard = (method) =>
                within(
                        new Promise((resolve) => {
                                const look = () => {
                                        const found = noted.told.find((n) => n.method === method);
                                        if (found) resolve(found);
                                };
                                noted.waiting.push(look);
                                look();
                        }),
                        method,
                );
        return Object.assign(c, { noted });
}

export async function overHttp(url) {
        const c = client();
        await within(c.connect(new StreamableHTTPClientTransport(new URL(url))), `a connection to ${url}`);
        return c;
}

// The same server without us, to compare with.
export async function overStdio({ command, args, env }) {
        const c = client();
        const transport = new StdioClientTransport({ command, args, env: { ...process.env, ...env }, stderr: "ignore" });
        await within(c.connect(transport), `${command} ${args.join(" ")}`);
        return c;
}

// All pages of a list.
export async function all(c, key) {
        const methods = {
                tools: (p) => c.listTools(p),
                prompts: (p) => c.listPrompts(p),
                resources: (p) => c.listResources(p),
                resourceTemplates: (p) => c.listResourceTemplates(p),
        };
        const got = [];
        for (let cursor; ; ) {
                const page = await methods[key](cursor === undefined ? undefined : { cursor });
                got.push(...page[key]);
                cursor = page.nextCursor;
                if (cursor === undefined) return got;
        }
}
