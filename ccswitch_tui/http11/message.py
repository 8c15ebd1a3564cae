"""A request as the application sees it, and what it can answer.

A request comes whole: its body was gathered, and limited, before anybody is
asked. An answer is a `Response`, written in one piece, or a `Stream`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

from ccswitch_tui.http11.headers import NO_HEADERS, Headers
from ccswitch_tui.wire.codec import dumps, loads

JSON = "application/json"

PHRASES = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 413: "Content Too Large",
    415: "Unsupported Media Type", 417: "Expectation Failed", 422: "Unprocessable Content", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported", 529: "Overloaded",
}  # fmt: skip
"""Those that are sent here; another one goes without. 529 is Anthropic's own: try again later."""

DRAIN_ABOVE_BYTES = 32 * 1024
"""What may wait for a client before we ask whether it reads; the transport's own limit is 64 kB."""


class Line(Protocol):
    """The connection, as a request and its answer see it."""

    transport: asyncio.Transport | None

    async def drained(self) -> None:
        """Returns when the client has taken what was written."""

    def release(self, request: Request) -> None:
        """Gives back the room that the request's body took."""


class Request:
    """One request of a client."""

    __slots__ = (
        "_query", "connection", "headers", "keep_alive", "length", "match", "method", "parts", "path",
        "query_string", "raw_headers", "refusal", "reserved", "size", "target", "version",
    )  # fmt: skip

    def __init__(self, connection: Line) -> None:
        self.connection = connection
        self.target = b""
        self.method = ""
        self.path = ""
        """As it came: what is percent-encoded in it still is."""
        self.query_string = ""
        self.version = (1, 1)
        self.keep_alive = True
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.headers: Headers = NO_HEADERS
        self.match: Mapping[str, str] = {}
        """The parts of the path that its route names, decoded."""
        self.length: int | None = 0
        """Of the body; None while nobody has said."""
        self.parts: list[bytes] = []
        """The body as it came."""
        self.size = 0
        self.reserved = 0
        """Bytes of the budget for bodies that this one holds."""
        self.refusal: Response | None = None
        """Decided before the body came."""
        self._query: dict[str, str] | None = None

    @property
    def body(self) -> bytes:
        """All of the body. Who can do with its `parts` spares a copy."""
        if len(self.parts) != 1:
            self.parts = [b"".join(self.parts)]
        return self.parts[0]

    def drop_body(self) -> None:
        """The body has served; its memory goes back."""
        self.parts = []
        self.connection.release(self)

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return loads(self.body)

    @property
    def query(self) -> Mapping[str, str]:
        """The first value of each name."""
        if self._query is None:
            self._query = dict(reversed(parse_qsl(self.query_string, keep_blank_values=True)))
        return self._query

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"  # no headers: one of them is a credential


class Response:
    """A whole answer."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        body: bytes = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = JSON,
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers or {}

    def encoded(self, *, keep_alive: bool, with_body: bool = True) -> bytes:
        """Head and body as they go out."""
        lines = [f"HTTP/1.1 {self.status} {PHRASES.get(self.status, '')}"]
        lines += header_lines(self.headers)
        if self.body and "Content-Type" not in self.headers:
            lines.append(f"Content-Type: {self.content_type}")
        lines.append(f"Content-Length: {len(self.body)}")
        if not keep_alive:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
        return head + self.body if with_body else head


def header_lines(headers: Mapping[str, str]) -> list[str]:
    """What cannot be printed would be a line break, or no character at all: it does not go out."""
    return [f"{name}: {value}" for name, value in headers.items() if value.isprintable()]


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON."""
    return Response(dumps(value), status=status, headers=headers)


class Refused(Exception):
    """Raised by a handler in place of an answer; the application words it."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message or PHRASES.get(status, "").lower())
        self.status = status


class ClientGone(Exception):
    """The client closed its connection; there is nobody to answer."""


class Sent:
    """What the server is told of an answer that has gone out already: there is nothing left to send."""

    __slots__ = ("keep_alive", "status")

    def __init__(self, *, keep_alive: bool, status: int = 200) -> None:
        self.keep_alive = keep_alive
        """The connection may carry the client's next request."""
        self.status = status


Reply = Response | Sent


@lru_cache(64)
def stream_head(headers: tuple[tuple[str, str], ...], chunked: bool, stays: bool) -> bytes:
    """The head of an answer in pieces."""
    lines = ["HTTP/1.1 200 OK", *header_lines(dict(headers))]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    if not stays:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


LAST_CHUNK = b"0\r\n\r\n"


class Stream:
    """An answer in pieces. Head and chunks are framed here and go straight to the transport, whose limits hold."""

    __slots__ = ("_chunked", "_transport", "begun", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self._transport = request.connection.transport
        self._chunked = request.version >= (1, 1)
        self.begun = False
        """Status and headers have gone out: an HTTP error is no longer possible."""

    def begin(self, headers: Mapping[str, str], first: bytes, *, whole: bool = False) -> None:
        """Sends status 200, the headers and the first bytes in one write; `whole`: they are all of the body."""
        self.begun = True
        chunked = self._chunked
        out = stream_head(tuple(headers.items()), chunked, chunked and self.request.keep_alive)
        if first:
            out += b"%x\r\n%b\r\n" % (len(first), first) if chunked else first
        self._write(out + LAST_CHUNK if whole and chunked else out)

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ClientGone
        transport.write(data)

    def send(self, data: bytes) -> bool:
        """Writes one chunk; True if the client is slow and drained() must be awaited before the next."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ClientGone
        transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        return transport.get_write_buffer_size() > DRAIN_ABOVE_BYTES

    async def drained(self) -> None:
        """Waits until the client has read enough."""
        try:
            await self.request.connection.drained()
        except ConnectionError:
            raise ClientGone from None

    def end(self, last: bytes = b"") -> Sent:
        """The last bytes and the end of the body, in one write."""
        if self._chunked:
            last = b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last) if last else LAST_CHUNK
        if last:
            self._write(last)
        return self.sent()

    def sent(self) -> Sent:
        """For the server, once everything has gone out."""
        return Sent(keep_alive=self._chunked and self.request.keep_alive)

    def abort(self) -> None:
        """Hangs up in the middle of an answer: the client must not take it for a whole one."""
        if self._transport is not None:
            self._transport.abort()
