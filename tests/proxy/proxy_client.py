"""A plain HTTP client for the tests: what it sends is what is on the wire."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef, Timeouts
from ccswitch_tui.proxy.embedded import EmbeddedProxy
from ccswitch_tui.secret import Secret
from ccswitch_tui.wire.formats import Wire

KEY = Secret("sk-example-upstream-0123456789")

BODY = {"model": "claude-opus-4-8", "max_tokens": 100, "stream": True, "messages": [{"role": "user", "content": "hi"}]}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in self.body.split(b"\n") if line.startswith(b"data: ")]

    @property
    def text(self) -> str:
        return "".join(e["delta"].get("text", "") for e in self.events if e["type"] == "content_block_delta")

    @property
    def error(self) -> dict[str, Any]:
        envelope = self.json()
        assert envelope["type"] == "error", envelope
        return dict(envelope["error"])


def call(
    proxy: EmbeddedProxy,
    method: str = "POST",
    path: str = "/p/work/v1/messages?beta=true",
    body: Any = None,
    headers: dict[str, str] | None = None,
    *,
    token: str | None = "",
) -> Answer:
    """One request; `token` "" is the right one, None is none at all."""
    connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=20)
    sent = {"Content-Type": "application/json"}
    if token is not None:
        right = proxy.control if path.startswith("/_ccswitch/") else proxy.token
        sent["Authorization"] = f"Bearer {token or right.reveal()}"
    data = body if isinstance(body, bytes) else json.dumps(BODY if body is None else body).encode()
    with contextlib.closing(connection):
        connection.request(method, path, body=data if method == "POST" else None, headers=sent | (headers or {}))
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


@contextlib.contextmanager
def open_request(proxy: EmbeddedProxy, body: Any = None, path: str = "/p/work/v1/messages") -> Iterator[socket.socket]:
    """A request on a raw socket, to be read or left as the test likes."""
    data = json.dumps(BODY if body is None else body).encode()
    with socket.create_connection((proxy.host, proxy.port), timeout=20) as sock:
        head = f"POST {path} HTTP/1.1\r\nHost: {proxy.host}:{proxy.port}\r\nx-api-key: {proxy.token.reveal()}\r\n"
        sock.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        yield sock


def read_until(sock: socket.socket, mark: bytes) -> bytes:
    got = b""
    while mark not in got:
        part = sock.recv(65536)
        if not part:
            break
        got += part
    return got


def profile(
    base_url: str,
    name: str = "work",
    *,
    wire: Wire = "openai-chat",
    idle_s: float = 30.0,
    first_byte_s: float = 30.0,
    endpoint: dict[str, Any] | None = None,
    **more: Any,
) -> Profile:
    spot = Endpoint(
        base_url,
        wire=wire,
        timeouts=Timeouts(connect_s=3.0, first_byte_s=first_byte_s, idle_s=idle_s),
        **(endpoint or {}),
    )  # type: ignore[arg-type]
    more.setdefault("key", SecretRef("env", "KEY"))
    more.setdefault("models", ModelTiers(default="big-model", haiku="small-model"))
    return Profile(name, spot, **more)


def proxy_for(*profiles: Profile, key: Any = KEY, **options: Any) -> EmbeddedProxy:
    resolve = key if callable(key) else lambda _: key
    return EmbeddedProxy({p.name: p for p in profiles}, resolve, **options)
