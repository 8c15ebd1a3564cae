#!/usr/bin/env bash
# Anthropic's SDKs make a whole tool call of one that was cut at max_tokens: an argument is missing, and nothing is raised.
#
# A good guess is that the stream helper raises on tool input that is not JSON yet, or marks the block. The unfinished value
# is dropped and the brackets are closed, so `{"path": "a", "limit": 10, "content": "#!/bin` becomes a call with a path, a
# limit and no content. Only stop_reason tells, and a loop that runs every tool_use block runs a command that the model never
# finished writing. The number that stood last in the text at the cut is kept by one SDK and dropped by the other.
# Needs python3 with pip, node and npm. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check anthropic==2.15.0
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" @anthropic-ai/sdk@1.15.0 >/dev/null
cat >"$work/npm/see.mjs" <<'EOF'
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic({ baseURL: process.argv[2], apiKey: "sk-example-finding-0123456789", maxRetries: 0 });
const stream = client.messages.stream({ model: "m", max_tokens: 20, messages: [{ role: "user", content: "x" }] });
const message = await stream.finalMessage();
console.log(JSON.stringify([message.stop_reason, message.content[0].input]));
EOF
cat >"$work/see.py" <<'EOF'
import json, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import anthropic

START = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
         "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 1}}

def stream(partial):
    events = [
        {"type": "message_start", "message": START},
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": partial}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens", "stop_sequence": None},
         "usage": {"output_tokens": 20}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events).encode()

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
client = anthropic.Anthropic(base_url=base, api_key="sk-example-finding-0123456789", max_retries=0)
seen = []
print(f"anthropic (PyPI) {anthropic.__version__}, @anthropic-ai/sdk (npm) 1.15.0")
for cut in ('{"path": "a", "limit": 10, "content": "#!/bin', '{"path": "a", "limit": 10'):
    body = stream(cut)
    with client.messages.stream(model="m", max_tokens=20, messages=[{"role": "user", "content": "x"}]) as answer:
        message = answer.get_final_message()
    python = [message.stop_reason, message.content[0].input]
    node = json.loads(subprocess.run([*sys.argv[1:], base], capture_output=True, text=True, timeout=60).stdout)
    print(f"{cut}\n  python: {python}\n  node:   {node}")
    seen += [python, node]
text, number = {"path": "a", "limit": 10}, {"path": "a"}
same = seen == [["max_tokens", one] for one in (text, text, text, number)]
raise SystemExit(0 if same else "CHANGED")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py" "$(command -v node)" "$work/npm/see.mjs"
