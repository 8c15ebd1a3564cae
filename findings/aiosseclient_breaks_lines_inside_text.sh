#!/usr/bin/env bash
# aiosseclient ends a line at U+2028 and its kin, so an event's text stops there and the rest is thrown away.
#
# Server-sent events know three ends of a line: CR, LF and both. JSON may hold U+2028 unescaped, and it is in text that was
# copied from web pages. A good guess is that a reader made for this format splits at its own line ends only. This one drops
# what follows in that event (it prints "Invalid SSE line"), so the JSON no longer parses, or plain text loses its end
# without an exception. httpx-sse reads the same bytes right.
# Needs python3 with pip. Listens on loopback.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv --without-pip "$work/venv"
python3 -m pip --python "$work/venv/bin/python" install -qq --no-compile --disable-pip-version-check aiosseclient==0.1.8 aiohttp==3.14.5 httpx-sse==0.4.3 httpx==0.28.1
cat >"$work/see.py" <<'EOF'
import asyncio, json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import httpx
from aiosseclient import aiosseclient
from httpx_sse import connect_sse

TEXT = json.dumps({"text": "before\u2028after"}, ensure_ascii=False)
BODY = f"data: {TEXT}\n\n".encode()

class Endpoint(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *_): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"

async def first():
    async for event in aiosseclient(url):
        return event.data

cut = asyncio.run(asyncio.wait_for(first(), 20))
with httpx.Client() as client, connect_sse(client, "GET", url) as source:
    whole = next(source.iter_sse()).data
print(f"httpx-sse {version('httpx-sse')}: {whole!r}")
print(f"aiosseclient {version('aiosseclient')}: {cut!r}")
raise SystemExit(0 if whole == TEXT and cut == '{"text": "before' else "CHANGED: the event is read whole")
EOF
env -i HOME="$work" PATH=/usr/bin:/bin "$work/venv/bin/python" "$work/see.py"
