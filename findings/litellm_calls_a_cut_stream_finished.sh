#!/usr/bin/env bash
# LiteLLM gives a stream that broke off a finish_reason of its own: "stop", the mark of a whole answer.
#
# When a model server dies behind a balancer that closes politely, the stream just ends: no finish_reason, no [DONE]. A good
# guess is that the gateway hands on what it got, so that the client can tell, or raises. It adds the chunk that was
# missing: half a sentence, or half the arguments of a tool call, reaches the client with the mark of a finished answer.
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

def body(delta):
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}
    one = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(one)}\n\n".encode()

CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "write", "arguments": '{"path": "/tm'}}
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

def ask():
    got, finish = "", None
    for one in litellm.completion(
        model="openai/m", api_base=f"http://127.0.0.1:{server.server_port}/v1", api_key="sk-example-finding-0123456789",
        messages=[{"role": "user", "content": "x"}], stream=True, num_retries=0,
    ):
        delta, finish = one.choices[0].delta, one.choices[0].finish_reason or finish
        got += (delta.content or "") + "".join(call.function.arguments for call in delta.tool_calls or [])
    return got, finish

print("litellm", version("litellm"))
BODY = body({"content": "The three steps are: first"})
text = ask()
BODY = body({"tool_calls": [CALL]})
call = ask()
print(f"no finish_reason was sent; got {text} and {call}")
same = text == ("The three steps are: first", "stop") and call[1] in ("stop", "tool_calls")
raise SystemExit(0 if same else "CHANGED: the end is not invented")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin LITELLM_LOCAL_MODEL_COST_MAP=True "$work/venv/bin/python" "$work/see.py" 2>/dev/null
