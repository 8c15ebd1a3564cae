"""h11 with the face of httptools' parsers, for machines without a compiled wheel.

A fresh h11 connection reads each message, so a parser can read any number of
them one after the other, as llhttp does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import h11


def _parser_error() -> Any:
    try:
        from httptools import HttpParserError as error
    except ImportError:
        return Exception
    return error


LONGEST_HEAD = 128 * 1024
"""h11's own limit is 16 kB; who uses the parser counts anyway."""


class HttpParserError(_parser_error()):  # type: ignore[misc]
    """These bytes are not HTTP/1."""


class HttpParserUpgrade(Exception):
    """Never raised here: a wish for another protocol is read over."""


class _Reader(ABC):
    """Messages of one direction."""

    begins = b""
    """What a message begins with, whatever it is: h11 waits for a whole head before it looks."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._connection = self._fresh()
        self._begun = False
        self._head: Any = None

    @abstractmethod
    def _fresh(self) -> h11.Connection:
        """A connection that has read nothing."""

    def feed_data(self, data: bytes) -> None:
        """Calls the protocol's methods for what these bytes complete."""
        if not self._begun:
            data = data.lstrip(b"\r\n")  # RFC 9112, section 2.2: some clients send one after a body
            if not data:
                return
            if not data.startswith(self.begins[: len(data)]):
                raise HttpParserError(f"It does not begin with {self.begins.decode()}")
            self._begun = True
            self._call("on_message_begin")
        try:
            self._connection.receive_data(data)
            while self._take(self._connection.next_event()):
                pass
        except h11.RemoteProtocolError as error:
            raise HttpParserError(str(error)) from None

    def _take(self, event: Any) -> bool:
        if isinstance(event, h11.Request | h11.Response | h11.InformationalResponse):
            self._head = event
            self._begin(event)
            for name, value in event.headers.raw_items():
                self._call("on_header", name, value)
            self._call("on_headers_complete")
            if isinstance(event, h11.InformationalResponse):
                self._call("on_message_complete")
        elif isinstance(event, h11.Data):
            self._call("on_body", bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            rest, self._connection = self._connection.trailing_data[0], self._fresh()
            self._begun = False
            self._call("on_message_complete")
            if rest:
                self.feed_data(bytes(rest))
            return False
        else:
            return False
        return True

    @abstractmethod
    def _begin(self, event: Any) -> None:
        """Tells the protocol what the first line says."""

    def _call(self, name: str, *values: bytes) -> None:
        method = getattr(self._protocol, name, None)
        if method is not None:
            method(*values)

    def should_upgrade(self) -> bool:
        """Nothing stops this parser before a body."""
        return False

    def get_http_version(self) -> str:
        """Of the message that is being read."""
        return str(self._head.http_version.decode()) if self._head is not None else "1.1"


class HttpRequestParser(_Reader):
    """Requests, as a server reads them."""

    def _fresh(self) -> h11.Connection:
        return h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)

    def _begin(self, event: Any) -> None:
        self._call("on_url", bytes(event.target))

    def get_method(self) -> bytes:
        """Of the message that is being read."""
        return bytes(self._head.method)


class HttpResponseParser(_Reader):
    """Answers, as a client reads them."""

    begins = b"HTTP/1."

    def _fresh(self) -> h11.Connection:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        connection.send(h11.EndOfMessage())
        return connection

    def _begin(self, event: Any) -> None:
        self._call("on_status", bytes(event.reason))

    def should_keep_alive(self) -> bool:
        """The connection may carry another message after this one."""
        said = b",".join(value for name, value in self._head.headers if name == b"connection").lower()
        return b"close" not in said and (self._head.http_version >= b"1.1" or b"keep-alive" in said)

    def get_status_code(self) -> int:
        """Of the message that is being read."""
        return int(self._head.status_code)
