#!/usr/bin/env bash
# LiteLLM answers Anthropic-style requests for an OpenAI-style model through /v1/responses, where stop_sequences vanish.
#
# A good guess is that "openai/…" with an address of one's own is asked at /v1/chat/completions, as it is for every other
# call, with stop_sequences as stop. It is asked at /v1/responses, which has no stop: an answer runs on over the stop text,
# and the stop_reason says that the turn has ended by itself. A max_tokens of 5 becomes 16 besides. With "hosted_vllm/…" the
# same request goes to chat completions and keeps both. (Without the package mcp, which it does not ask for, it fails.)
# Needs python3 with pip. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check litellm==1.106.2 mcp==2.3.0
cat >"$work/see.py" <<'EOF'
import asyncio, json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import litellm

TEXT = {"type": "output_text", "text": "one STOP two", "annotations": []}
ITEM = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [TEXT]}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "one "}, "finish_reason": "stop"}
BODY = json.dumps({
    "id": "resp_1", "object": "response", "created_at": 1, "created": 1, "status": "completed", "model": "m",
    "output": [ITEM], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "choices": [CHOICE],
    "usage": {"input_tokens": 5, "output_tokens": 3, "prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
}).encode()  # good as an answer of either kind
KIND = "application/json"

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

async def ask(model):
    asked.clear()
    answer = await litellm.anthropic.messages.acreate(
        model=model, api_base=f"http://127.0.0.1:{server.server_port}/v1", api_key="sk-example-finding-0123456789",
        max_tokens=5, stop_sequences=["STOP"], messages=[{"role": "user", "content": "x"}],
    )
    path, body = asked[0]
    limit = body.get("max_tokens") or body.get("max_output_tokens")
    print(f"  {model}: POST {path}, limit {limit}, stop {body.get('stop')}; text {answer['content'][0]['text']!r}")
    return path, limit, body.get("stop"), "STOP" in json.dumps(body)

async def main():
    print("litellm", version("litellm"), "asked for max_tokens 5 and stop_sequences ['STOP']:")
    return await ask("openai/m"), await ask("hosted_vllm/m")

own, vllm = asyncio.run(main())
same = own == ("/v1/responses", 16, None, False) and vllm == ("/v1/chat/completions", 5, ["STOP"], True)
raise SystemExit(0 if same else "CHANGED")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin LITELLM_LOCAL_MODEL_COST_MAP=True "$work/venv/bin/python" "$work/see.py" 2>/dev/null
