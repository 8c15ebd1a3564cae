"""An endpoint that begins an answer and then says nothing, and notices when it is left."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time


class SilentEndpoint:
    """Chat completions on loopback: one word, then silence."""

    def __init__(self) -> None:
        self.streaming = threading.Event()
        self.closed_at: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> SilentEndpoint:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            chunk = {"choices": [{"index": 0, "delta": {"content": "Once "}, "finish_reason": None}]}
            data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            client.sendall(b"%x\r\n%s\r\n" % (len(data), data))
            self.streaming.set()
            with contextlib.suppress(OSError):
                while client.recv(65536):
                    pass
            self.closed_at = time.monotonic()
