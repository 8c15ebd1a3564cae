"""An endpoint that begins an answer and then says nothing, and notices when it is left."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time

from kit.net import Listener, read_head


class SilentEndpoint:
    """Chat completions on loopback: one word, then silence."""

    def __init__(self) -> None:
        self.streaming = threading.Event()
        self.closed_at: float | None = None
        self._listener = Listener(self._serve)
        self.base_url = f"http://{self._listener.address}/v1"

    def __enter__(self) -> SilentEndpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        read_head(client)
        chunk = {"choices": [{"index": 0, "delta": {"content": "Once "}, "finish_reason": None}]}
        data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        client.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        self.streaming.set()
        with contextlib.suppress(OSError):
            while client.recv(65536):
                pass
        self.closed_at = time.monotonic()
