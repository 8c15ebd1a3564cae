#!/usr/bin/env bash
# The Vercel AI SDK reads ANTHROPIC_BASE_URL, but puts only /messages behind it, where the others put /v1/messages.
#
# A good guess is that a variable with one name means one thing: whoever exported it for Claude Code or for Anthropic's own
# SDK has pointed every client at the gateway. In @ai-sdk/anthropic the address must already end in /v1; with the same
# value the request goes to a path that no gateway has, and the error is a bare "Not Found".
# Needs node and npm. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" \
    ai@6.0.326 @ai-sdk/anthropic@3.0.140 @anthropic-ai/sdk@1.15.0 >/dev/null
cat >"$work/see.mjs" <<'EOF'
import http from "node:http";
import { readFileSync } from "node:fs";
const paths = [];
const server = http.createServer((request, response) => {
  paths.push(request.url);
  request.resume().on("end", () => response.writeHead(404, { "content-type": "application/json" }).end("{}"));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
process.env.ANTHROPIC_BASE_URL = `http://127.0.0.1:${server.address().port}`;
process.env.ANTHROPIC_API_KEY = "sk-example-finding-0123456789";
const { default: Anthropic } = await import("@anthropic-ai/sdk");
const { anthropic } = await import("@ai-sdk/anthropic");
const { generateText } = await import("ai");
const messages = [{ role: "user", content: "x" }];
await new Anthropic().messages.create({ model: "m", max_tokens: 9, messages }).catch(() => {});
await generateText({ model: anthropic("m"), prompt: "x", maxRetries: 0 }).catch(() => {});
for (const [place, name] of ["@anthropic-ai/sdk", "@ai-sdk/anthropic"].entries()) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  console.log(`${name} ${version}: POST ${paths[place]}`);
}
const same = paths[0] === "/v1/messages" && paths[1] === "/messages";
if (!same) console.log("CHANGED: they agree now");
process.exit(same ? 0 : 1);
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$(command -v node)" "$work/see.mjs"
