"""An endpoint on real loopback that does exactly what a test says, byte by byte, and remembers what it was sent."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Received(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Act = Callable[["Connection", Received], None]


class Connection:
    """The endpoint's side of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""

    def read_request(self) -> Received | None:
        while b"\r\n\r\n" not in self.buffer:
            part = self.sock.recv(65536)
            if not part:
                return None
            self.buffer += part
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self.buffer += self.sock.recv(65536)
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        method, path, _ = first.split(" ")
        return Received(method, path, headers, body)

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(data)}"]
        lines += [f"{k}: {v}" for k, v in {"content-type": "application/json", **(headers or {})}.items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode() + data)

    def start_stream(self) -> None:
        self.sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        self.sock.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def end_stream(self) -> None:
        self.sock.sendall(b"0\r\n\r\n")

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_closed(self, seconds: float = 5.0) -> float | None:
        """When the other side closed, on the monotonic clock; None if it did not."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return None
        except OSError:
            pass
        return time.monotonic()


class ScriptedEndpoint:
    """`acts` are done in turn, one a request; the last one is done for ever."""

    def __init__(self, *acts: Act, tls: ssl.SSLContext | None = None, family: int = socket.AF_INET) -> None:
        self.acts = list(acts)
        self.requests: list[Received] = []
        self.connections = 0
        self._tls = tls
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._listener.listen(256)
        self.port = self._listener.getsockname()[1]
        self._turn = threading.Lock()
        self._open: list[socket.socket] = []

    @property
    def origin(self) -> str:
        host = "[::1]" if self._listener.family == socket.AF_INET6 else "127.0.0.1"
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def __enter__(self) -> ScriptedEndpoint:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._open.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.closing(sock):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self._tls.wrap_socket(sock, server_side=True) if self._tls else sock)
            while (received := connection.read_request()) is not None:
                with self._turn:
                    self.requests.append(received)
                    act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
                act(connection, received)


def chat_chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    body = {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [
        {"index": 0, "delta": delta, "finish_reason": finish}]}  # fmt: skip
    return b"data: " + json.dumps(body).encode() + b"\n\n"


CHAT_END = (
    chat_chunk({}, "stop")
    + b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}\n\ndata: [DONE]\n\n'
)


def chat_text(*words: str) -> Act:
    """A whole streamed chat answer."""

    def act(connection: Connection, received: Received) -> None:
        if not received.json().get("stream"):
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "".join(words)}}
            usage = {"prompt_tokens": 11, "completion_tokens": 7}
            connection.answer(200, {"id": "c1", "model": "m", "choices": [choice], "usage": usage})
            return
        connection.start_stream()
        for word in words:
            connection.chunk(chat_chunk({"content": word}))
        connection.chunk(CHAT_END)
        connection.end_stream()

    return act


def refuse(status: int, body: Any, headers: dict[str, str] | None = None) -> Act:
    """One error."""
    return lambda connection, received: connection.answer(status, body, headers)


def cut_after(*pieces: bytes, how: str) -> Act:
    """A stream that breaks off: with a `reset`, or `closed` in order."""

    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        for piece in pieces:
            connection.chunk(piece)
            time.sleep(0.02)
        connection.reset() if how == "reset" else connection.sock.close()

    return act


def native_event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


NATIVE_STREAM = b"".join(
    [
        native_event(
            "message_start",
            message={"id": "msg_1", "type": "message", "role": "assistant", "model": "native-model", "content": [],
                     "stop_reason": None, "usage": {"input_tokens": 21, "output_tokens": 1}},
        ),
        native_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        b"event: future_event\ndata:   {\"type\":\"future_event\",\"x\": 1 }\n\n",
        native_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "héllo \u2028 ✓"}),
        native_event("content_block_stop", index=0),
        native_event(
            "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 9}
        ),
        native_event("message_stop"),
    ]
)  # fmt: skip


def native_stream(data: bytes = NATIVE_STREAM, *, torn: int = 0) -> Act:
    """These bytes as a chunked stream, whole or torn into pieces."""

    def act(connection: Connection, received: Received) -> None:
        connection.start_stream()
        for start in range(0, len(data), torn or len(data) or 1):
            connection.chunk(data[start : start + (torn or len(data))])
        connection.end_stream()

    return act
