#!/usr/bin/env bash
# fetch-event-stream strips every space in front of an event's data, where the standard takes off one.
#
# A good guess is that of two readers of one format both give the same text. For a server that streams plain words, each
# with the space before it, "data:  world" is " world": eventsource-parser says so, as the HTML standard does.
# fetch-event-stream gives "world", so the words run together and code loses its indentation. With JSON as data the
# difference cannot be seen, which is why it lasts.
# Needs node and npm.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" \
    fetch-event-stream@0.1.6 eventsource-parser@3.1.1 >/dev/null
cat >"$work/see.mjs" <<'EOF'
import { events } from "fetch-event-stream";
import { createParser } from "eventsource-parser";
import { readFileSync } from "node:fs";
const text = "data: hello\n\ndata:  world\n\ndata:     return x\n\n";
const one = [], two = [];
for await (const event of events(new Response(text))) one.push(event.data);
createParser({ onEvent: (event) => two.push(event.data) }).feed(text);
for (const [name, got] of [["fetch-event-stream", one], ["eventsource-parser", two]]) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  console.log(`${name} ${version}: ${JSON.stringify(got.join(""))}`);
}
const same = one.join("") === "helloworldreturn x" && two.join("") === "hello world    return x";
if (!same) console.log("CHANGED: they agree now");
process.exit(same ? 0 : 1);
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$(command -v node)" "$work/see.mjs"
