#!/usr/bin/env bash
# httpx, and with it the OpenAI SDK, stops at the end of the first gzip member and calls the rest of the answer read.
#
# RFC 1952 lets a gzip body be several members in a row, and a gateway that compresses each event for itself sends just
# that. A good guess is that the client reads them all, as requests, aiohttp and the fetch of node do, or else complains.
# Here the text ends after the first member with no error: a user sees half an answer and nothing says that it is half.
# Needs python3 with pip. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check openai==2.54.0 httpx==0.28.1 requests==2.34.2
cat >"$work/see.py" <<'EOF'
import gzip, json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import httpx, openai, requests

def event(text, finish=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"

BODY = b"".join(gzip.compress(part) for part in (event("one "), event("two", "stop"), b"data: [DONE]\n\n"))

class Members(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-encoding", "gzip")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Members)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v1"
print(f"openai {openai.__version__}, httpx {httpx.__version__}, requests {requests.__version__}")
whole = requests.post(base, json={}).text.count("data:")
client = openai.OpenAI(base_url=base, api_key="sk-example-finding-0123456789", max_retries=0)
chunks = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
print(f"requests reads {whole} events; the OpenAI stream ends without an error after {text!r}")
raise SystemExit(0 if whole == 3 and text == "one " else "CHANGED: the members after the first are read, or reported")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
