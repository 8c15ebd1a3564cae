"""The endpoint that a case scripts: it answers as the case says, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import struct
import threading
import time

from cases_base import CHAT, RESPONSES, ROUTE
from cases_chat import as_stream
from cases_match import expand
from cases_responses import responses_stream


class Upstream:
    def __init__(self, port):
        self.port, self.lock, self.sock = port, threading.Lock(), None
        self.reset([])

    def reset(self, scripts, adapt=False, wire=CHAT):
        with self.lock:
            self.adapt, self.wire, self.strays = adapt, wire, []
            self.scripts, self.seen, self.closed_at, self.write_at = scripts, [], None, []

    def start(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for _ in range(50):
            try:
                s.bind(("127.0.0.1", self.port))
                break
            except OSError:
                time.sleep(0.1)
        s.listen(64)
        self.sock = s
        threading.Thread(target=self._accept, args=(s,), daemon=True).start()

    def stop(self):
        s, self.sock = self.sock, None
        if s:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def _accept(self, s):
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        f = c.makefile("rb")
        try:
            while True:
                line = f.readline()
                if not line:
                    return
                method, path, _ = (line.decode("latin1").split() + ["", ""])[:3]
                headers = {}
                while True:
                    h = f.readline().decode("latin1").rstrip("\r\n")
                    if not h:
                        break
                    k, _, v = h.partition(":")
                    headers[k.strip().lower()] = v.strip()
                if "chunked" in headers.get("transfer-encoding", ""):
                    body = b""
                    while True:
                        n = int(f.readline().split(b";")[0], 16)
                        body += f.read(n)
                        f.readline()
                        if n == 0:
                            break
                else:
                    body = f.read(int(headers.get("content-length") or 0))
                if not self._answer(c, method, path, headers, body):
                    return
        except (OSError, ValueError):
            pass
        finally:
            try:
                c.close()
            except OSError:
                pass

    def _answer(self, c, method, path, headers, body):
        bare = path.split("?")[0].rstrip("/")
        wire = self.wire
        if method != "POST" or not bare.endswith(ROUTE[wire]):
            if method == "POST":
                self.strays.append(path)
            out = json.dumps(
                {"object": "list", "data": [{"id": "fake-model", "object": "model"}]}
                if bare.endswith("/models")
                else {"error": {"message": "not found", "type": "invalid_request_error"}}
            ).encode()
            c.sendall(
                (
                    f"HTTP/1.1 {200 if bare.endswith('/models') else 404} X\r\ncontent-type: application/json\r\ncontent-length: {len(out)}\r\n\r\n"
                ).encode()
                + out
            )
            return True
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            doc = json.loads(body)
        except ValueError:
            doc = None
        with self.lock:
            n = len(self.seen)
            self.seen.append({"path": path, "headers": headers, "body": doc, "raw": body.decode("utf-8", "replace")})
            script = self.scripts[min(n, len(self.scripts) - 1)] if self.scripts else default_script(doc, wire)
        if script.get("default"):
            script = default_script(doc, wire)
        if "stream_of" in script:
            script = {**{k: v for k, v in script.items() if k != "stream_of"}, **responses_stream(script["stream_of"])}
        if script.get("delay_ms"):
            time.sleep(script["delay_ms"] / 1000)
        if script.get("connect") == "reset":
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        status = script.get("status", 200)
        if (
            self.adapt
            and status == 200
            and isinstance(doc, dict)
            and doc.get("stream")
            and isinstance(script.get("json"), dict)
            and script["json"].get("choices")
        ):
            script = as_stream(script["json"])
        if (
            self.adapt
            and status == 200
            and isinstance(doc, dict)
            and doc.get("stream")
            and isinstance(script.get("json"), dict)
            and isinstance(script["json"].get("output"), list)
        ):
            script = {
                **{k: v for k, v in script.items() if k not in ("json", "headers")},
                **responses_stream(script["json"]),
            }
        hd = {k.lower(): v for k, v in script.get("headers", {}).items()}
        if "sse" in script:
            hd.setdefault("content-type", "text/event-stream")
            head = (
                f"HTTP/1.1 {status} X\r\n"
                + "".join(f"{k}: {v}\r\n" for k, v in hd.items())
                + "transfer-encoding: chunked\r\n\r\n"
            )
            c.sendall(head.encode())
            gap = script.get("gap_ms", 4) / 1000
            for item in script["sse"]:
                try:
                    if isinstance(item, dict) and "sleep_ms" in item:
                        end = time.time() + item["sleep_ms"] / 1000
                        while time.time() < end:
                            time.sleep(0.02)
                            c.setblocking(False)
                            try:
                                if c.recv(1, socket.MSG_PEEK) == b"":
                                    raise ConnectionResetError
                            except (BlockingIOError, InterruptedError):
                                pass
                            finally:
                                c.setblocking(True)
                        continue
                    if isinstance(item, dict) and item.get("abort"):
                        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return False
                    data = base64.b64decode(item["b64"]) if isinstance(item, dict) else expand(item, doc).encode()
                    if data:
                        c.sendall(b"%x\r\n%s\r\n" % (len(data), data))
                        self.write_at.append(time.time())
                    time.sleep(gap)
                except OSError:
                    self.closed_at = time.time()
                    return False
            c.sendall(b"0\r\n\r\n")
            return True
        if "b64" in script:
            out = base64.b64decode(script["b64"])
        elif "text" in script:
            out = expand(script["text"], doc).encode()
        else:
            out = expand(json.dumps(script.get("json", {}), ensure_ascii=False), doc).encode("utf-8", "surrogatepass")
            hd.setdefault("content-type", "application/json")
        hd.setdefault("content-type", "application/json")
        c.sendall(
            (
                f"HTTP/1.1 {status} X\r\n"
                + "".join(f"{k}: {v}\r\n" for k, v in hd.items())
                + f"content-length: {len(out)}\r\n\r\n"
            ).encode()
            + out
        )
        return True


def default_script(doc, wire=CHAT):
    if wire == RESPONSES:
        done = {
            "id": "resp_d",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "fake-model",
            "error": None,
            "incomplete_details": None,
            "output": [
                {
                    "type": "message",
                    "id": "msg_d",
                    "status": "completed",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "ok", "annotations": [], "logprobs": []}],
                }
            ],
            "usage": {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 1,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 10,
            },
        }
        return responses_stream(done) if isinstance(doc, dict) and doc.get("stream") else {"json": done}
    if isinstance(doc, dict) and doc.get("stream"):
        ch = lambda d, fr=None, **k: (
            "data: "
            + json.dumps(
                {
                    "id": "chatcmpl-d",
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": "fake-model",
                    "choices": [{"index": 0, "delta": d, "finish_reason": fr}],
                    **k,
                }
            )
            + "\n\n"
        )
        return {
            "sse": [
                ch({"role": "assistant", "content": ""}),
                ch({"content": "ok"}),
                ch({}, "stop"),
                "data: "
                + json.dumps(
                    {
                        "id": "chatcmpl-d",
                        "object": "chat.completion.chunk",
                        "created": 1,
                        "model": "fake-model",
                        "choices": [],
                        "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
                    }
                )
                + "\n\n",
                "data: [DONE]\n\n",
            ]
        }
    return {
        "json": {
            "id": "chatcmpl-d",
            "object": "chat.completion",
            "created": 1,
            "model": "fake-model",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
        }
    }
