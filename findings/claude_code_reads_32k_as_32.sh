#!/usr/bin/env bash
# Claude Code reads "8k" in CLAUDE_CODE_MAX_OUTPUT_TOKENS as 8, and "32k" in CLAUDE_CODE_MAX_CONTEXT_TOKENS as 32.
#
# A good guess is that a value that is no number is refused, or ignored, or understood. The digits in front are taken: the
# endpoint is asked for 8 tokens at most, and with a window of 32 every prompt, a one-word one too, is "too long" before
# anything is sent. The result names neither the variable nor the number it was read as.
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
         "stop_sequence": None, "usage": {"input_tokens": 5, "output_tokens": 1}}
EVENTS = [
    {"type": "message_start", "message": START},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
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

def ask(**more):
    asked.clear()
    env = {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_port}", "ANTHROPIC_MODEL": "my-model",
           "ANTHROPIC_AUTH_TOKEN": "sk-example-finding-0123456789", **more}
    (work / "home/.claude/settings.json").write_text(json.dumps({"env": env}))
    run = subprocess.run([claude, "-p", "hi", "--output-format", "json"], cwd=work / "home", stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=60)
    return json.loads(run.stdout)["result"], [one["max_tokens"] for one in asked]

print("Claude Code", subprocess.run([claude, "--version"], capture_output=True, text=True).stdout.strip())
output, window = ask(CLAUDE_CODE_MAX_OUTPUT_TOKENS="8k"), ask(CLAUDE_CODE_MAX_CONTEXT_TOKENS="32k")
print(f'MAX_OUTPUT_TOKENS "8k": asks with max_tokens {output[1]}, result {output[0]!r}')
print(f'MAX_CONTEXT_TOKENS "32k": asks {len(window[1])} times, result {window[0]!r}')
same = output == ("Hello.", [8]) and window == ("Prompt is too long", [])
raise SystemExit(0 if same else "CHANGED: what is no number is not taken for one")
EOF
env -i HOME="$work/home" TMPDIR="$work/tmp" CLAUDE_CODE_TMPDIR="$work/tmp" PATH=/usr/bin:/bin DISABLE_AUTOUPDATER=1 \
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 "$(python3 -c 'import sys; print(sys.executable)')" "$work/see.py" \
    "$work/npm/node_modules/@anthropic-ai/claude-code-linux-x64/claude"
