#!/usr/bin/env bash
# Claude Code gives a model it has never heard of a window of 1,000,000 tokens and a price of 4 and 20 dollars a million.
#
# A good guess is that for a local model, whose name means nothing to it, the window is the 200,000 of its own models or
# less and the cost zero or missing. A server with 8,192 tokens refuses long before a session looks full, and
# total_cost_usd, which scripts add up, grows by money that nobody asks for.
# Needs python3 and npm, on Linux x64. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" \
    @anthropic-ai/claude-code-linux-x64@2.1.333 >/dev/null
mkdir -p "$work/home/.claude" "$work/tmp"
cat >"$work/see.py" <<'EOF'
import json, os, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

work, claude, asked = Path(os.environ["HOME"]).parent, sys.argv[1], []
START = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
         "stop_sequence": None, "usage": {"input_tokens": 1_000_000, "output_tokens": 1}}
EVENTS = [
    {"type": "message_start", "message": START},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 1_000_000}},
    {"type": "message_stop"},
]
BODY = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in EVENTS).encode()

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()

env = {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_port}",
       "ANTHROPIC_AUTH_TOKEN": "sk-example-finding-0123456789"}
(work / "home/.claude/settings.json").write_text(json.dumps({"env": env}))
run = subprocess.run([claude, "-p", "hi", "--model", "llama3.2:1b", "--output-format", "json"], cwd=work / "home",
                     stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
result = json.loads(run.stdout)
window = result["modelUsage"]["llama3.2:1b"]["contextWindow"]
print("Claude Code", subprocess.run([claude, "--version"], capture_output=True, text=True).stdout.strip())
print(f"llama3.2:1b: window {window:,} tokens; a million tokens in and out cost {result['total_cost_usd']} dollars")
same = window == 1_000_000 and abs(result["total_cost_usd"] - 24) < 0.001
raise SystemExit(0 if same else "CHANGED: another window, or another price")
EOF
env -i HOME="$work/home" TMPDIR="$work/tmp" CLAUDE_CODE_TMPDIR="$work/tmp" PATH=/usr/bin:/bin DISABLE_AUTOUPDATER=1 \
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 "$(python3 -c 'import sys; print(sys.executable)')" "$work/see.py" \
    "$work/npm/node_modules/@anthropic-ai/claude-code-linux-x64/claude"
