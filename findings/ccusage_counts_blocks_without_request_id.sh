#!/usr/bin/env bash
# ccusage counts an answer of Claude Code once for each of its blocks when the gateway sends no request-id header.
#
# Claude Code writes a line for each content block, with the usage of the whole answer in every one, and ccusage tells what
# repeats by message id and request id together. The request id comes from a header of Anthropic's own service that a
# gateway need not send. A good guess is that the message id then does alone; instead nothing counts as a repeat, and an
# answer of a thought and a text costs double.
# Needs python3, node and npm, on Linux x64. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" \
    @anthropic-ai/claude-code-linux-x64@2.1.333 ccusage@18.0.11 >/dev/null
mkdir -p "$work/home/.claude" "$work/tmp"
cat >"$work/see.py" <<'EOF'
import json, os, shutil, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

work, claude, request_id = Path(os.environ["HOME"]).parent, sys.argv[1], None
START = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [], "stop_reason": None,
         "stop_sequence": None, "usage": {"input_tokens": 1000, "output_tokens": 1}}
EVENTS = [
    {"type": "message_start", "message": START},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "A greeting."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 50}},
    {"type": "message_stop"},
]
BODY = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in EVENTS).encode()

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(BODY)))
        if request_id:
            self.send_header("request-id", request_id)
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()

env = {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_port}", "ANTHROPIC_MODEL": "claude-sonnet-4-5",
       "ANTHROPIC_AUTH_TOKEN": "sk-example-finding-0123456789"}

def counted():
    shutil.rmtree(work / "home/.claude", ignore_errors=True)
    (work / "home/.claude").mkdir()
    (work / "home/.claude/settings.json").write_text(json.dumps({"env": env}))
    subprocess.run([claude, "-p", "hi"], cwd=work / "home", stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    run = subprocess.run([*sys.argv[2:], "daily", "--offline", "--json"], capture_output=True, text=True, timeout=60)
    return json.loads(run.stdout)["totals"]["inputTokens"]

print("Claude Code", subprocess.run([claude, "--version"], capture_output=True, text=True).stdout.strip())
print("ccusage", json.loads((work / "npm/node_modules/ccusage/package.json").read_text())["version"])
without = counted()
request_id = "req_example"
named = counted()
print(f"one answer for 1,000 tokens: counted as {without} without a request-id header, as {named} with one")
raise SystemExit(0 if (without, named) == (2000, 1000) else "CHANGED")
EOF
env -i HOME="$work/home" TMPDIR="$work/tmp" CLAUDE_CODE_TMPDIR="$work/tmp" PATH=/usr/bin:/bin DISABLE_AUTOUPDATER=1 \
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 "$(python3 -c 'import sys; print(sys.executable)')" "$work/see.py" \
    "$work/npm/node_modules/@anthropic-ai/claude-code-linux-x64/claude" "$(command -v node)" "$work/npm/node_modules/ccusage/dist/index.js"
