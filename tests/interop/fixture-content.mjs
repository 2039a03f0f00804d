// SPDX-License-Identifier: Apache-2.0
// What the fixture answers: names and texts that the conformance suite looks for. No protocol here.

import { crc32, deflateSync } from "node:zlib";

function chunk(type, data) {
        const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
        const head = Buffer.alloc(4);
        const tail = Buffer.alloc(4);
        head.writeUInt32BE(data.length);
        tail.writeUInt32BE(crc32(body));
        return Buffer.concat([head, body, tail]);
}

// One red pixel.
function png() {
        const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
        const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
        const pixels = deflateSync(Buffer.from([0, 255, 0, 0]));
        return Buffer.concat([magic, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

// Eight samples of silence: 8 kHz, mono, 8 bits.
function wav() {
        const data = Buffer.alloc(8, 128);
        const head = Buffer.alloc(44);
        head.write("RIFF", 0);
        head.writeUInt32LE(36 + data.length, 4);
        head.write("WAVEfmt ", 8);
        head.writeUInt32LE(16, 16);
        head.writeUInt16LE(1, 20);
        head.writeUInt16LE(1, 22);
        head.writeUInt32LE(8000, 24);
        head.writeUInt32LE(8000, 28);
        head.writeUInt16LE(1, 32);
        head.writeUInt16LE(8, 34);
        head.write("data", 36);
        head.writeUInt32LE(data.length, 40);
        return Buffer.concat([head, data]);
}

export const image = { type: "image", data: png().toString("base64"), mimeType: "image/png" };
export const audio = { type: "audio", data: wav().toString("base64"), mimeType: "audio/wav" };
export const text = (words) => ({ type: "text", text: words });
export const embedded = (uri, mimeType, words) => ({ type: "resource", resource: { uri, mimeType, text: words } });

// ---- resources ---------------------------------------------------------------

export const resources = [
        { uri: "test://static-text", name: "Static text", description: "A text that never changes", mimeType: "text/plain" },
        { uri: "test://static-binary", name: "Static binary", description: "An image that never changes", mimeType: "image/png" },
        { uri: "test://watched-resource", name: "Watched", description: "Tells its subscribers of changes", mimeType: "text/plain" },
];

export const templates = [
        {
                uriTemplate: "test://template/{id}/data",
                name: "Template",
                description: "Says the id of its URI",
                mimeType: "application/json",
        },
];

let changes = 0;

export const changeWatched = () => ++changes;

export function read(uri) {
        const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
        if (id !== undefined) {
                const words = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
                return { uri, mimeType: "application/json", text: words };
        }
        return {
                "test://static-text": { uri, mimeType: "text/plain", text: "This is the content of the static text resource." },
                "test://static-binary": { uri, mimeType: "image/png", blob: image.data },
                "test://watched-resource": { uri, mimeType: "text/plain", text: `Changed ${changes} times` },
        }[uri];
}

// ---- prompts -----------------------------------------------------------------

const argument = (name, description) => ({ name, description, required: true });
const user = (content) => ({ role: "user", content });

export const prompts = [
        { name: "test_simple_prompt", description: "One message without arguments", messages: () => [user(text("This is a simple prompt for testing."))] },
        {
                name: "test_prompt_with_arguments",
                description: "A message with two arguments",
                arguments: [argument("arg1", "First test argument"), argument("arg2", "Second test argument")],
                messages: ({ arg1, arg2 }) => [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
        },
        {
                name: "test_prompt_with_embedded_resource",
                description: "A message that holds a resource",
                arguments: [argument("resourceUri", "URI of the resource to embed")],
                messages: ({ resourceUri }) => [
                        user(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
                        user(text("Please process the embedded resource above.")),
                ],
        },
        {
                name: "test_prompt_with_image",
                description: "A message that holds an image",
                messages: () => [user(image), user(text("Please analyze the image above."))],
        },
];

// ---- completion --------------------------------------------------------------

const words = ["paris", "park", "party", "peter", "test", "testing"];

export function complete(value) {
        const values = words.filter((w) => w.startsWith(value));
        return { values, total: values.length, hasMore: false };
}
