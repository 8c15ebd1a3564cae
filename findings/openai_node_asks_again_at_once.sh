#!/usr/bin/env bash
# openai-node makes no pause at all when Retry-After is a date that has passed; the Anthropic SDK of the same maker's does.
#
# Retry-After may be a date, and on a machine whose clock is ahead of the server's that date lies in the past. A good guess
# is that the client then falls back to its usual pause of half a second and more, as @anthropic-ai/sdk does, whose client
# comes out of the same generator. openai-node sends all its tries within the same blink: the busy endpoint gets three
# requests where it asked for none, and the user an error that a second of patience would have spared.
# Needs node and npm. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" openai@6.49.0 @anthropic-ai/sdk@1.15.0 >/dev/null
cat >"$work/see.mjs" <<'EOF'
import http from "node:http";
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
let times = [];
const server = http.createServer((request, response) => {
  times.push(Date.now());
  const passed = new Date(Date.now() - 5_000).toUTCString();
  request.resume().on("end", () => {
    response.writeHead(429, { "content-type": "application/json", "retry-after": passed });
    response.end('{"type":"error","error":{"type":"rate_limit_error","message":"busy"}}');
  });
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}`, apiKey = "sk-example-finding-0123456789";
const messages = [{ role: "user", content: "x" }];
const longest = async (ask) => {
  times = [];
  await ask().then(() => { throw new Error("no error"); }, () => {});
  return [times.length, Math.max(...times.slice(1).map((time, place) => time - times[place]))];
};
const openai = await longest(() => new OpenAI({ baseURL: url, apiKey }).chat.completions.create({ model: "m", messages }));
const anthropic = await longest(() => new Anthropic({ baseURL: url, apiKey }).messages.create({ model: "m", max_tokens: 9, messages }));
for (const name of ["openai", "@anthropic-ai/sdk"]) {
  console.log(name, JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version);
}
console.log(`openai: ${openai[0]} requests, pauses under ${openai[1] < 300 ? "0.3 s" : openai[1] + " ms"}`);
console.log(`@anthropic-ai/sdk: ${anthropic[0]} requests, longest pause over ${anthropic[1] > 300 ? "0.3 s" : anthropic[1] + " ms"}`);
const same = openai[0] === 3 && openai[1] < 300 && anthropic[0] === 3 && anthropic[1] > 300;
if (!same) console.log("CHANGED: both wait now, or neither");
process.exit(same ? 0 : 1);
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$(command -v node)" "$work/see.mjs"
