#!/usr/bin/env python3
"""Scripted fake upstream for proxy benches and conformance runs.

Speaks, on one loopback port:
  POST {any}/chat/completions   OpenAI chat completions (SSE or JSON)
  POST {any}/messages           Anthropic Messages (SSE or JSON) -> the "direct" baseline
  POST {any}/responses          the Responses API (SSE alone, no faults of its own)
  POST {any}/messages/count_tokens
  GET  {any}/models
  GET  /__stats  /__last?k=N  /__reset  /__health

Each request carries its own scenario, as a directive anywhere in its body (put it
in the last user message, so that it survives any translator):

    @@bench:n=200,size=24,delay=0,mode=text@@

  mode   text | think | thinkr | tool | tools2 | toolwhole | toolrep | mixed | empty | zero | ping
           think  = delta.reasoning_content first, then text (n//2 each)
           thinkr = the same in delta.reasoning
           tool   = one call, n argument fragments
           tools2 = two parallel calls, fragments interleaved by index
           toolwhole = whole call in one delta (Gemini / Ollama style)
         toolrep = like tool, but id and name come again with every fragment (llama-cpp-python)
         zero   = 200 and an empty body (llama-cpp-python on a too long prompt)
           mixed  = text, then one tool call
           ping   = text with ": keep-alive" comments between chunks
  n      number of chunks            size   characters a chunk
  delay  ms between chunks           ttft   ms before the headers
  batch  events a write (default 1)  crlf=1 CRLF line ends
  usage  1 (default) final usage chunk / 0 none / 2 usage on every chunk
  status 400 401 403 404 413 429 500 503 529: answer with that error, JSON body
         (htmlerr=1: an HTML body instead); retry-after is sent with 429/503/529
  shape  with status: detail = FastAPI's {"detail": ...}; str = {"error": "text"}; numcode = numeric code (llama-server)
  after  with status: only the first `after` requests of that key fail (key=..)
  fault  cut | rst | garbage | stall | nodone | errchunk | badjson | truncjson
         at chunk `at` (default n//2)
  split  1: dribble every event in 7-byte TCP writes (torn frames, torn UTF-8)
  uni    1: text with multi-byte characters

Every text chunk carries a time marker "~<monotonic ns>~" padded to `size`, so a
client on this machine can tell each chunk's one-way latency through a proxy and
that no chunk was lost, doubled or reordered, however the proxy cuts them.

Only the standard library is needed; uvloop is used when present.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import socket
import struct
import sys
import time
from collections import deque
from typing import Any

DIRECTIVE = re.compile(rb"@@bench:([A-Za-z0-9_=,.\-]*)@@")
PAD = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor " * 64
UNI = "héllo ✓ 世界 🦊 — ñandú " * 200
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    529: "Overloaded",
}
DEFAULTS = {
    "mode": "text",
    "n": 20,
    "size": 24,
    "delay": 0.0,
    "ttft": 0.0,
    "batch": 1,
    "crlf": 0,
    "usage": 1,
    "status": 200,
    "htmlerr": 0,
    "after": 0,
    "key": "",
    "fault": "",
    "at": -1,
    "split": 0,
    "uni": 0,
    "shape": "",
}

stats = {"requests": 0, "connections": 0, "open_streams": 0, "client_closed": 0, "chunks": 0, "bytes": 0, "paused": 0}
closes: deque = deque(maxlen=4096)  # (monotonic_ns, chunks already sent)
last: deque = deque(maxlen=64)
fails: dict[str, int] = {}
RECORD = True
SNDBUF = 65536


def scenario(body: bytes) -> dict:
    s: dict = dict(DEFAULTS)
    hits = DIRECTIVE.findall(body)
    if hits:
        for kv in hits[-1].decode().split(","):
            if not kv:
                continue
            k, _, v = kv.partition("=")
            d: Any = DEFAULTS.get(k, "")
            s[k] = type(d)(v) if not isinstance(d, str) else v
    if s["at"] < 0:
        s["at"] = s["n"] // 2
    return s


def piece(s: dict) -> str:
    t = f"~{time.monotonic_ns()}~"
    if s["uni"]:
        return t + UNI[: max(0, s["size"] - len(t))]
    return t + PAD[: max(0, s["size"] - len(t))]


# ---------------------------------------------------------------- event streams
def oai_events(s: dict, want_usage: bool):
    """Yields (bytes | None, is_chunk); None asks for nothing."""
    base = b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-model","choices":[{"index":0,"delta":'
    tail = b',"finish_reason":null}]'
    use = b',"usage":{"prompt_tokens":123,"completion_tokens":45,"total_tokens":168,"prompt_tokens_details":{"cached_tokens":100}}'
    every = use if s["usage"] == 2 else b""

    def ev(delta: bytes) -> bytes:
        return base + delta + tail + every + b"}\n\n"

    n, mode = s["n"], s["mode"]
    yield ev(b'{"role":"assistant","content":""}'), False
    finish = b"stop"
    if mode in ("text", "ping", "mixed"):
        for _ in range(n):
            e = ev(b'{"content":' + json.dumps(piece(s)).encode() + b"}")
            yield (b": keep-alive\n\n" + e if mode == "ping" else e), True
    elif mode in ("think", "thinkr"):
        key = b"reasoning_content" if mode == "think" else b"reasoning"
        for i in range(n):
            yield ev(b'{"' + (key if i < n // 2 else b"content") + b'":' + json.dumps(piece(s)).encode() + b"}"), True
    if mode in ("tool", "tools2", "mixed"):
        finish = b"tool_calls"
        k = 2 if mode == "tools2" else 1
        for j in range(k):
            yield (
                ev(
                    b'{"tool_calls":[{"index":%d,"id":"call_bench%d","type":"function","function":{"name":"tool_%d","arguments":""}}]}'
                    % (j, j, j)
                ),
                False,
            )
        frags = n if mode != "mixed" else max(1, n // 4)
        for i in range(frags):
            for j in range(k):
                frag = ('{"text":"' if i == 0 else "") + piece(s) + ('"}' if i == frags - 1 else "")
                yield (
                    ev(b'{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}' % (j, json.dumps(frag).encode())),
                    True,
                )
    elif mode == "toolrep":
        finish = b"tool_calls"
        for i in range(n):
            frag = ('{"text":"' if i == 0 else "") + piece(s) + ('"}' if i == n - 1 else "")
            yield (
                ev(
                    b'{"role":null,"content":null,"tool_calls":[{"index":0,"id":"call_bench0","type":"function","function":{"name":"tool_0","arguments":%s}}]}'
                    % json.dumps(frag).encode()
                ),
                True,
            )
    elif mode == "toolwhole":
        finish = b"tool_calls"
        arg = json.dumps(json.dumps({"text": piece(s)})).encode()
        yield (
            ev(
                b'{"tool_calls":[{"index":0,"id":"call_bench0","type":"function","function":{"name":"tool_0","arguments":%s}}]}'
                % arg
            ),
            True,
        )
    yield base + b'{},"finish_reason":"' + finish + b'"}]' + every + b"}\n\n", False
    if s["usage"] == 1 and want_usage:
        yield (
            (
                b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench-model","choices":[]'
                + use
                + b"}\n\n"
            ),
            False,
        )
    if s["fault"] != "nodone":
        yield b"data: [DONE]\n\n", False


def ant_events(s: dict):
    def ev(kind: str, body: bytes) -> bytes:
        return b"event: " + kind.encode() + b'\ndata: {"type":"' + kind.encode() + b'"' + body + b"}\n\n"

    n, mode = s["n"], s["mode"]
    yield (
        ev(
            "message_start",
            b',"message":{"id":"msg_bench","type":"message","role":"assistant","model":"bench-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":123,"output_tokens":1,"cache_read_input_tokens":100,"cache_creation_input_tokens":0}}',
        ),
        False,
    )
    idx, finish = 0, b"end_turn"
    if mode in ("text", "ping", "mixed", "think", "thinkr"):
        think = mode.startswith("think")
        yield (
            ev(
                "content_block_start",
                b',"index":0,"content_block":'
                + (b'{"type":"thinking","thinking":"","signature":""}' if think else b'{"type":"text","text":""}'),
            ),
            False,
        )
        for i in range(n):
            if think and i == n // 2:
                yield ev("content_block_stop", b',"index":0'), False
                idx = 1
                yield ev("content_block_start", b',"index":1,"content_block":{"type":"text","text":""}'), False
            kind = b'{"type":"thinking_delta","thinking":' if think and idx == 0 else b'{"type":"text_delta","text":'
            yield (
                ev("content_block_delta", b',"index":%d,"delta":' % idx + kind + json.dumps(piece(s)).encode() + b"}"),
                True,
            )
        yield ev("content_block_stop", b',"index":%d' % idx), False
        idx += 1
    if mode in ("tool", "tools2", "mixed", "toolwhole"):
        finish = b"tool_use"
        for j in range(2 if mode == "tools2" else 1):
            yield (
                ev(
                    "content_block_start",
                    b',"index":%d,"content_block":{"type":"tool_use","id":"toolu_bench%d","name":"tool_%d","input":{}}'
                    % (idx, j, j),
                ),
                False,
            )
            for i in range(n):
                frag = ('{"text":"' if i == 0 else "") + piece(s) + ('"}' if i == n - 1 else "")
                yield (
                    ev(
                        "content_block_delta",
                        b',"index":%d,"delta":{"type":"input_json_delta","partial_json":%s}'
                        % (idx, json.dumps(frag).encode()),
                    ),
                    True,
                )
            yield ev("content_block_stop", b',"index":%d' % idx), False
            idx += 1
    yield (
        ev(
            "message_delta",
            b',"delta":{"stop_reason":"' + finish + b'","stop_sequence":null},"usage":{"output_tokens":45}',
        ),
        False,
    )
    yield ev("message_stop", b""), False


def rsp_events(s: dict):
    """The Responses API: text, reasoning before it, or calls; each event numbered, as the vendor's are."""
    number = 0

    def ev(kind: str, body: bytes) -> bytes:
        nonlocal number
        number += 1
        name = kind.encode()
        return b'event: %b\ndata: {"type":"%b","sequence_number":%d%b}\n\n' % (name, name, number - 1, body)

    def response(status: bytes, more: bytes) -> bytes:
        return (
            b',"response":{"id":"resp_bench","object":"response","created_at":1700000000,"model":"bench-model",'
            b'"status":"%b"%b}' % (status, more)
        )

    def spoken(place: int, kind: str, item: dict, delta: bytes, done: str):
        """One output item: added, its pieces, done."""
        begun = json.dumps({**item, "status": "in_progress", **EMPTY_ITEMS[item["type"]]}).encode()
        yield ev("response.output_item.added", b',"output_index":%d,"item":%b' % (place, begun)), False
        where = b',"item_id":"%b","output_index":%d%b' % (item["id"].encode(), place, delta)
        whole = ""
        for i in range(s["n"]):
            text = piece(s)
            if item["type"] == "function_call":
                text = ('{"text":"' if i == 0 else "") + text + ('"}' if i == s["n"] - 1 else "")
            whole += text
            yield ev(f"response.{kind}.delta", where + b',"delta":%b' % json.dumps(text).encode()), True
        said = json.dumps(whole).encode()
        yield ev(f"response.{kind}.done", where + b',"%b":%b' % (done.encode(), said)), False
        full: dict = {"function_call": {"arguments": whole}, "reasoning": {"summary": []}}
        content = {"content": [{"type": "output_text", "text": whole, "annotations": []}]}
        ended = {**item, "status": "completed", **full.get(item["type"], content)}
        yield (
            ev("response.output_item.done", b',"output_index":%d,"item":%b' % (place, json.dumps(ended).encode())),
            False,
        )
        items.append(ended)

    mode = s["mode"]
    items: list[dict] = []
    yield ev("response.created", response(b"in_progress", b',"output":[]')), False
    if mode in ("think", "thinkr"):
        thought = {"id": "rs_bench", "type": "reasoning"}
        yield from spoken(0, "reasoning_text", thought, b',"content_index":0', "text")
    if mode in ("text", "ping", "mixed", "think", "thinkr"):
        message = {"id": "msg_bench", "type": "message", "role": "assistant"}
        yield from spoken(len(items), "output_text", message, b',"content_index":0', "text")
    if mode in ("tool", "tools2", "mixed", "toolwhole"):
        for j in range(2 if mode == "tools2" else 1):
            call = {"id": f"fc_bench{j}", "type": "function_call", "call_id": f"call_bench{j}", "name": f"tool_{j}"}
            yield from spoken(len(items), "function_call_arguments", call, b"", "arguments")
    use = (
        b',"usage":{"input_tokens":123,"input_tokens_details":{"cached_tokens":100},"output_tokens":45,'
        b'"output_tokens_details":{"reasoning_tokens":0},"total_tokens":168}'
    )
    yield ev("response.completed", response(b"completed", b',"output":%b' % json.dumps(items).encode() + use)), False


EMPTY_ITEMS: dict = {"message": {"content": []}, "reasoning": {"summary": []}, "function_call": {"arguments": ""}}


def oai_json(s: dict) -> bytes:
    msg: dict = {"role": "assistant", "content": None}
    finish = "stop"
    if s["mode"] in ("text", "ping", "mixed", "think", "thinkr"):
        msg["content"] = "".join(piece(s) for _ in range(s["n"]))
        if s["mode"] == "think":
            msg["reasoning_content"] = "because"
    if s["mode"] in ("tool", "tools2", "mixed", "toolwhole"):
        finish = "tool_calls"
        msg["tool_calls"] = [
            {
                "id": f"call_bench{j}",
                "type": "function",
                "function": {"name": f"tool_{j}", "arguments": json.dumps({"text": piece(s)})},
            }
            for j in range(2 if s["mode"] == "tools2" else 1)
        ]
    return json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1700000000,
            "model": "bench-model",
            "choices": [{"index": 0, "message": msg, "finish_reason": finish, "logprobs": None}],
            "usage": {"prompt_tokens": 123, "completion_tokens": 45, "total_tokens": 168},
        }
    ).encode()


def ant_json(s: dict) -> bytes:
    return json.dumps(
        {
            "id": "msg_bench",
            "type": "message",
            "role": "assistant",
            "model": "bench-model",
            "content": [{"type": "text", "text": "".join(piece(s) for _ in range(s["n"]))}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 123, "output_tokens": 45},
        }
    ).encode()


# ---------------------------------------------------------------------- server
class Conn(asyncio.Protocol):
    def __init__(self) -> None:
        self.buf = bytearray()
        self.head: tuple | None = None
        self.task: asyncio.Task | None = None
        self.can_write = asyncio.Event()
        self.can_write.set()
        self.lost = False
        self.sent_chunks = 0
        self.queue: deque = deque()

    def connection_made(self, tr) -> None:
        self.tr = tr
        stats["connections"] += 1
        sock = tr.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if (
                SNDBUF
            ):  # a fixed small buffer, so that backpressure shows instead of drowning in autotuned kernel buffers
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SNDBUF)
        tr.set_write_buffer_limits(high=65536)

    def connection_lost(self, exc) -> None:
        self.lost = True
        self.can_write.set()
        if self.task and not self.task.done():
            stats["client_closed"] += 1
            closes.append((time.monotonic_ns(), self.sent_chunks))
            self.task.cancel()

    def pause_writing(self) -> None:
        stats["paused"] += 1
        self.can_write.clear()

    def resume_writing(self) -> None:
        self.can_write.set()

    def eof_received(self):
        return False

    def data_received(self, data: bytes) -> None:
        self.buf += data
        while True:
            if self.head is None:
                i = self.buf.find(b"\r\n\r\n")
                if i < 0:
                    return
                raw = bytes(self.buf[:i])
                del self.buf[: i + 4]
                lines = raw.split(b"\r\n")
                method, target, _ = lines[0].split(b" ", 2)
                hs = {}
                for ln in lines[1:]:
                    k, _, v = ln.partition(b":")
                    hs[k.strip().lower().decode("latin1")] = v.strip().decode("latin1")
                self.head = (method.decode(), target.decode("latin1"), hs)
                self.chunked = "chunked" in hs.get("transfer-encoding", "").lower()
                self.need = int(hs.get("content-length", 0) or 0)
                self.body = bytearray()
                if hs.get("expect", "").lower() == "100-continue":
                    self.tr.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if self.chunked:
                done = False
                while True:
                    j = self.buf.find(b"\r\n")
                    if j < 0:
                        break
                    size = int(bytes(self.buf[:j]).split(b";")[0], 16)
                    if len(self.buf) < j + 2 + size + 2:
                        break
                    self.body += self.buf[j + 2 : j + 2 + size]
                    del self.buf[: j + 2 + size + 2]
                    if size == 0:
                        done = True
                        break
                if not done:
                    return
            else:
                if len(self.buf) < self.need:
                    return
                self.body = self.buf[: self.need]
                del self.buf[: self.need]
            req = (*self.head, bytes(self.body))
            self.head = None
            self.queue.append(req)
            if self.task is None or self.task.done():
                self.task = asyncio.ensure_future(self.serve())

    async def serve(self) -> None:
        while self.queue and not self.lost:
            await self.handle(*self.queue.popleft())

    def reply(self, status: int, body: bytes, ctype="application/json", extra=b"") -> None:
        self.tr.write(
            b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n"
            % (status, REASONS.get(status, "X").encode(), ctype.encode(), len(body), extra)
            + body
        )

    async def handle(self, method: str, target: str, hs: dict, body: bytes) -> None:
        path = target.split("?")[0]
        if path.startswith("/__"):
            if path == "/__stats":
                self.reply(200, json.dumps({**stats, "closes": list(closes)}).encode())
            elif path == "/__last":
                self.reply(200, json.dumps(list(last)[-int(target.partition("k=")[2] or 1) :]).encode())
            elif path == "/__reset":
                for k in stats:
                    if k not in ("connections", "open_streams"):
                        stats[k] = 0
                closes.clear()
                last.clear()
                fails.clear()
                self.reply(200, b"{}")
            else:
                self.reply(200, b'{"ok":true}')
            return
        stats["requests"] += 1
        if RECORD and method == "POST":
            last.append({"target": target, "headers": hs, "body": body.decode("utf-8", "replace")})
        if method == "GET" and path.endswith("/models"):
            self.reply(
                200,
                b'{"object":"list","data":[{"id":"bench-model","object":"model","created":1700000000,"owned_by":"bench"}]}',
            )
            return
        if method != "POST":
            self.reply(
                404 if method == "GET" else 200, b'{"error":{"message":"not found","type":"invalid_request_error"}}'
            )
            return
        if path.endswith("/count_tokens"):
            self.reply(200, b'{"input_tokens":%d}' % (len(body) // 4))
            return
        anthropic = path.endswith("/messages")
        s = scenario(body)
        if s["ttft"]:
            await asyncio.sleep(s["ttft"] / 1000)
        if s["status"] != 200:
            seen = fails.get(s["key"], 0)
            if not s["after"] or seen < s["after"]:
                fails[s["key"]] = seen + 1
                extra = b"retry-after: 1\r\n" if s["status"] in (429, 503, 529) else b""
                if s["htmlerr"]:
                    self.reply(s["status"], b"<html><h1>%d</h1></html>" % s["status"], "text/html", extra)
                else:
                    kind = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}.get(
                        s["status"], "server_error"
                    )
                    inner = {"message": f"bench upstream says {s['status']}", "type": kind, "code": None, "param": None}
                    doc: Any = {"type": "error", "error": inner} if anthropic else {"error": inner}
                    if s["shape"] == "detail":
                        doc = {"detail": inner["message"]}
                    elif s["shape"] == "str":
                        doc = {"error": inner["message"]}
                    elif s["shape"] == "numcode":
                        doc["error"]["code"] = s["status"]
                    self.reply(s["status"], json.dumps(doc).encode(), extra=extra)
                return
        stream = b'"stream":true' in body or b'"stream": true' in body
        if not stream:
            out = ant_json(s) if anthropic else oai_json(s)
            if s["fault"] == "truncjson":
                out = out[: len(out) // 2]
            self.reply(200, out)
            return
        stats["open_streams"] += 1
        try:
            want_usage = b'"include_usage":true' in body.replace(b" ", b"")
            wire = rsp_events(s) if path.endswith("/responses") else oai_events(s, want_usage)
            await self.stream(s, ant_events(s) if anthropic else wire)
        finally:
            stats["open_streams"] -= 1

    async def stream(self, s: dict, events: Any) -> None:
        tr = self.tr
        tr.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        if s["mode"] == "zero":
            tr.write(b"0\r\n\r\n")
            return
        delay, batch, at, fault = s["delay"] / 1000, s["batch"], s["at"], s["fault"]
        pend: list = []
        self.sent_chunks = 0
        t_next = asyncio.get_running_loop().time()
        for ev, is_chunk in events:
            if s["crlf"]:
                ev = ev.replace(b"\n", b"\r\n")
            if is_chunk and fault and self.sent_chunks == at:
                if fault == "cut":
                    tr.close()
                    return
                if fault == "rst":
                    sock = tr.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    tr.abort()
                    return
                if fault == "stall":
                    await asyncio.sleep(3600)
                if fault == "garbage":
                    ev = b"\x00\xff\xfenot sse at all\n\n" + ev
                if fault == "badjson":
                    ev = b'data: {"id":"x","choices":[{"delta":{"content":"oops\n\n' + ev
                if fault == "errchunk":
                    b = b'data: {"error":{"message":"bench mid-stream error","type":"server_error","code":500}}\n\n'
                    tr.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(b), b))
                    return
            if is_chunk:
                self.sent_chunks += 1
                stats["chunks"] += 1
                if delay:
                    t_next += delay
                    d = t_next - asyncio.get_running_loop().time()
                    if d > 0:
                        if pend:
                            tr.write(b"".join(pend))
                            pend.clear()
                        await asyncio.sleep(d)
                        # the marker must tell the time of sending, not of making
                        ev = re.sub(rb"~\d+~", b"~%d~" % time.monotonic_ns(), ev)
            stats["bytes"] += len(ev)
            if s["split"]:
                for i in range(0, len(ev), 7):
                    part = ev[i : i + 7]
                    tr.write(b"%x\r\n%s\r\n" % (len(part), part))
                    await asyncio.sleep(0)
                continue
            pend.append(b"%x\r\n%s\r\n" % (len(ev), ev))
            if len(pend) >= batch:
                tr.write(b"".join(pend))
                pend.clear()
                if not self.can_write.is_set():
                    await self.can_write.wait()
                elif not delay and self.sent_chunks % 8 == 0:
                    await asyncio.sleep(0)
                if self.lost:
                    return
        pend.append(b"0\r\n\r\n")
        tr.write(b"".join(pend))


async def amain(a) -> None:
    loop = asyncio.get_running_loop()
    srv = await loop.create_server(Conn, a.host, a.port, backlog=2048)
    print(f"upstream on {a.host}:{a.port}", file=sys.stderr, flush=True)
    await srv.serve_forever()


def main() -> None:
    global RECORD
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=19000)
    p.add_argument("--no-record", action="store_true", help="keep no request bodies (for load)")
    a = p.parse_args()
    RECORD = not a.no_record
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(amain(a))


if __name__ == "__main__":
    main()
