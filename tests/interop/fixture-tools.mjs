// SPDX-License-Identifier: Apache-2.0
// The tools of the fixture, one row each: description, what it takes, what it does.
// `call` has what a tool may do with its client: ask, log, progress, updated, changed, signal.

import { setTimeout as delay } from "node:timers/promises";
import { audio, changeWatched, embedded, image, text } from "./fixture-content.mjs";

const STEP = 50; // milliseconds: the suite wants to see messages apart from each other

const nothing = { type: "object", properties: {} };
const takes = (properties) => ({ type: "object", properties, required: Object.keys(properties) });
const said = (words) => ({ content: [text(words)] });

const form = (properties, required) => ({ type: "object", properties, ...(required ? { required } : {}) });
const titled = (kind, names) => names.map((n, i) => ({ const: `value${i + 1}`, title: `${n} ${kind}` }));
const three = ["option1", "option2", "option3"];
const ordinals = ["First", "Second", "Third"];

const user = form(
        {
                username: { type: "string", description: "User's response" },
                email: { type: "string", description: "User's email address" },
        },
        ["username", "email"],
);

const defaults = form({
        name: { type: "string", description: "Name", default: "John Doe" },
        age: { type: "integer", description: "Age", default: 30 },
        score: { type: "number", description: "Score", default: 95.5 },
        status: { type: "string", description: "Status", enum: ["active", "inactive", "pending"], default: "active" },
        verified: { type: "boolean", description: "Verified", default: true },
});

const enums = form({
        untitledSingle: { type: "string", enum: three },
        titledSingle: { type: "string", oneOf: titled("Option", ordinals) },
        legacyEnum: {
                type: "string",
                enum: ["opt1", "opt2", "opt3"],
                enumNames: ["Option One", "Option Two", "Option Three"],
        },
        untitledMulti: { type: "array", items: { type: "string", enum: three } },
        titledMulti: { type: "array", items: { anyOf: titled("Choice", ordinals) } },
});

// Each group of keywords that a relay might lose.
const vocabulary = {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        ...form({
                name: { type: "string" },
                address: { $ref: "#/$defs/address" },
                contactMethod: { type: "string", enum: ["phone", "email"] },
                phone: { type: "string" },
                email: { type: "string" },
        }),
        $defs: { address: { $anchor: "addressDef", ...form({ street: { type: "string" }, city: { type: "string" } }) } },
        allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
        if: { ...form({ contactMethod: { const: "phone" } }, ["contactMethod"]) },
        then: { required: ["phone"] },
        else: { required: ["email"] },
        additionalProperties: false,
};

async function completed(call, message, requestedSchema) {
        const { action, content } = await call.ask("elicitation/create", { message, requestedSchema });
        return said(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
}

export const tools = {
        test_simple_text: ["Answers with a text", nothing, () => said("This is a simple text response for testing.")],
        test_image_content: ["Answers with an image", nothing, () => ({ content: [image] })],
        test_audio_content: ["Answers with a sound", nothing, () => ({ content: [audio] })],
        test_embedded_resource: [
                "Answers with a resource",
                nothing,
                () => ({ content: [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")] }),
        ],
        test_multiple_content_types: [
                "Answers with a text, an image and a resource",
                nothing,
                () => ({
                        content: [
                                text("Multiple content types test:"),
                                image,
                                embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
                        ],
                }),
        ],
        test_tool_with_logging: [
                "Logs three messages",
                nothing,
                async (call) => {
                        await call.log("info", "Tool execution started");
                        await delay(STEP);
                        await call.log("info", "Tool processing data");
                        await delay(STEP);
                        await call.log("info", "Tool execution completed");
                        return said("Tool with logging executed successfully");
                },
        ],
        test_tool_with_progress: [
                "Reports its progress three times",
                nothing,
                async (call) => {
                        for (const progress of [0, 50, 100]) {
                                if (progress > 0) await delay(STEP);
                                await call.progress(progress, 100);
                        }
                        return said("Tool with progress executed successfully");
                },
        ],
        test_error_handling: [
                "Fails",
                nothing,
                () => ({ ...said("This tool intentionally returns an error for testing"), isError: true }),
        ],
        test_sampling: [
                "Asks the client's model",
                takes({ prompt: { type: "string", description: "The prompt to send to the LLM" } }),
                async (call, { prompt }) => {
                        const messages = [{ role: "user", content: text(prompt) }];
                        const { content } = await call.ask("sampling/createMessage", { messages, maxTokens: 100 });
                        return said(`LLM response: ${content.text ?? JSON.stringify(content)}`);
                },
        ],
        test_elicitation: [
                "Asks the user",
                takes({ message: { type: "string", description: "The message to show the user" } }),
                async (call, { message }) => {
                        const { action, content } = await call.ask("elicitation/create", { message, requestedSchema: user });
                        return said(`User response: <action: ${action}, content: ${JSON.stringify(content ?? {})}>`);
                },
        ],
        test_elicitation_sep1034_defaults: [
                "Asks the user with a default for each primitive type",
                nothing,
                (call) => completed(call, "Please review these values", defaults),
        ],
        test_elicitation_sep1330_enums: [
                "Asks the user with each form of an enumeration",
                nothing,
                (call) => completed(call, "Please choose", enums),
        ],
        json_schema_2020_12_tool: ["Has a schema of many keywords", vocabulary, () => said("It is the schema that matters")],
        // What the suite does not ask for, but a test of ours.
        fixture_touch: [
                "Changes test://watched-resource and tells its subscribers",
                nothing,
                async (call) => {
                        const n = changeWatched();
                        await call.updated("test://watched-resource");
                        return said(`Changed ${n} times`);
                },
        ],
        fixture_grow: [
                "Adds a tool to the list and says so",
                nothing,
                async (call) => {
                        const name = `fixture_grown_${Object.keys(tools).length}`;
                        tools[name] = ["Was not there at first", nothing, () => said(name)];
                        await call.changed();
                        return said(name);
                },
        ],
        fixture_wait: [
                "Waits until it is cancelled; fixture_cancelled tells how often it was",
                nothing,
                (call) =>
                        new Promise((resolve) => {
                                const end = () => resolve(said(`cancelled ${++cancelled}`));
                                if (call.signal.aborted) end();
                                else call.signal.addEventListener("abort", end);
                        }),
        ],
        fixture_cancelled: ["How many fixture_wait were cancelled", nothing, () => said(String(cancelled))],
};

let cancelled = 0;
