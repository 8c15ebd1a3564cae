#!/usr/bin/env bash
# The stream helper of openai-node keeps only the last piece of reasoning_content.
#
# DeepSeek, vLLM and others stream what the model thinks as delta.reasoning_content. A good guess is that the helper either
# joins the pieces as it joins delta.content, or leaves out a field it does not know. It takes the field and overwrites it
# with each piece, so the finished message holds the last few characters of the thinking and looks whole. Some endpoints
# want that text back with the tool results, and get a stump.
# Needs node and npm. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" openai@6.49.0 >/dev/null
cat >"$work/see.mjs" <<'EOF'
import http from "node:http";
import { readFileSync } from "node:fs";
import OpenAI from "openai";
const chunk = (delta, finish_reason = null) =>
  ({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] });
const deltas = [{ role: "assistant", reasoning_content: "First " }, { reasoning_content: "then " },
  { reasoning_content: "so." }, { content: "It " }, { content: "is." }];
const body = [...deltas.map((one) => chunk(one)), chunk({}, "stop")]
  .map((one) => `data: ${JSON.stringify(one)}\n\n`).join("") + "data: [DONE]\n\n";
const server = http.createServer((request, response) => {
  request.resume().on("end", () => response.writeHead(200, { "content-type": "text/event-stream" }).end(body));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const client = new OpenAI({ baseURL: `http://127.0.0.1:${server.address().port}/v1`, apiKey: "sk-example-finding-0123456789" });
const stream = client.chat.completions.stream({ model: "m", messages: [{ role: "user", content: "x" }] });
const { content, reasoning_content } = (await stream.finalChatCompletion()).choices[0].message;
const { version } = JSON.parse(readFileSync(new URL("node_modules/openai/package.json", import.meta.url)));
console.log(`openai (npm) ${version}, node ${process.version}`);
console.log(`sent "First then so." and "It is."; the message holds ${JSON.stringify({ reasoning_content, content })}`);
const same = content === "It is." && reasoning_content === "so.";
if (!same) console.log("CHANGED: the pieces are joined, or left out");
process.exit(same ? 0 : 1);
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$(command -v node)" "$work/see.mjs"
