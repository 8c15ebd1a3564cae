#!/usr/bin/env bash
# The stream helper of openai-python glues repeated roles, ids and names together: "assistantassistant", "call_1call_1".
#
# Several servers repeat the role, or a call's id and name, in every chunk, which the format allows. A good guess is that
# the helper takes such a field once and joins only text and arguments, as the helper of openai-node does on the same
# stream. Whoever sends the message it returns back with the next turn is refused: no server knows that role or that id.
# Needs python3 with pip, node and npm. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check openai==2.54.0
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" openai@6.49.0 >/dev/null
cat >"$work/npm/see.mjs" <<'EOF'
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "sk-example-finding-0123456789", maxRetries: 0 });
const stream = client.chat.completions.stream({ model: "m", messages: [{ role: "user", content: "x" }] });
const { message } = (await stream.finalChatCompletion()).choices[0];
console.log(message.role, message.tool_calls[0].id, message.tool_calls[0].function.name);
EOF
cat >"$work/see.py" <<'EOF'
import json, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import openai

def chunk(arguments, finish=None):
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "read", "arguments": arguments}}
    delta = {"role": "assistant", "tool_calls": [call]} if arguments else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

CHUNKS = [chunk('{"path":'), chunk('"a"}'), chunk("", "tool_calls")]
BODY = "".join(f"data: {json.dumps(one)}\n\n" for one in CHUNKS).encode() + b"data: [DONE]\n\n"

class Repeats(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Repeats)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v1"
client = openai.OpenAI(base_url=base, api_key="sk-example-finding-0123456789", max_retries=0)
with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}]) as stream:
    message = stream.get_final_completion().choices[0].message
seen = f"{message.role} {message.tool_calls[0].id} {message.tool_calls[0].function.name}"
node = subprocess.run([*sys.argv[1:], base], capture_output=True, text=True, timeout=60).stdout.strip()
print(f"openai (PyPI) {openai.__version__}: {seen}")
print(f"openai (npm) 6.49.0: {node}")
right = "assistant call_1 read"
raise SystemExit(0 if seen == "assistantassistant call_1call_1 readread" and node == right else "CHANGED")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py" "$(command -v node)" "$work/npm/see.mjs"
