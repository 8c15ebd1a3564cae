#!/usr/bin/env bash
# LiteLLM ends a good stream with an error when the model sends the same piece of text a hundred times in a row.
#
# A good guess is that a gateway passes text on, whatever it is. A ruled line or an empty table is a legal answer, and the
# endpoint ends it with finish_reason "stop"; LiteLLM raises InternalServerError in the midst of it ("repeating the same
# chunk"). Whoever reads the log looks for the fault at the endpoint, which made none.
# Needs python3 with pip. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check litellm==1.106.2
cat >"$work/see.py" <<'EOF'
import json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import litellm

def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

CHUNKS = [chunk({"role": "assistant", "content": ""}), *[chunk({"content": "--- "})] * 120, chunk({}, "stop")]
BODY = "".join(f"data: {json.dumps(one)}\n\n" for one in CHUNKS).encode() + b"data: [DONE]\n\n"
KIND = "text/event-stream"

class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
        self.send_response(200)
        self.send_header("content-type", KIND)
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *_): pass

asked = []
server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
text, error = "", None
try:
    for one in litellm.completion(
        model="openai/m", api_base=f"http://127.0.0.1:{server.server_port}/v1", api_key="sk-example-finding-0123456789",
        messages=[{"role": "user", "content": "Draw a line."}], stream=True, num_retries=0,
    ):
        text += one.choices[0].delta.content or ""
except Exception as raised:
    error = f"{type(raised).__name__}: {raised}"[:150]
print("litellm", version("litellm"))
print(f"sent 120 pieces and a good end; got {text.count('--- ')} pieces, then {error}")
same = text.count("--- ") < 120 and error is not None and "repeating the same chunk" in error
raise SystemExit(0 if same else "CHANGED: the text is passed on")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin LITELLM_LOCAL_MODEL_COST_MAP=True "$work/venv/bin/python" "$work/see.py" 2>/dev/null
