"""The way through an HTTP proxy to a host behind it: CONNECT, and what the proxy says to that."""

from __future__ import annotations

import asyncio
from typing import Any

from ccswitch_tui.http11.parsers import HttpParserError, HttpParserUpgrade, HttpResponseParser
from ccswitch_tui.net.failures import Unreachable
from ccswitch_tui.net.proxies import HttpProxy
from ccswitch_tui.sentence import say

SHOWN_BYTES = 60


class Tunnel(asyncio.Protocol):
    """A connection to a proxy that is to become one to the host."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._said: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The status; 0 for what is no HTTP, -1 where the proxy hung up."""
        self._reason = b""
        self._first = b""
        self._parser: Any = HttpResponseParser(self)

    async def open(self, proxy: HttpProxy, host: str, port: int, patience_s: float) -> None:
        """Returns when the way is free. Raises Unreachable."""
        assert self.transport is not None
        self.transport.write(proxy.connect_head(host, port))
        try:
            status = await asyncio.wait_for(self._said, patience_s)
        except TimeoutError:
            detail = say("{proxy} did not respond in {seconds:.0f} s", proxy=proxy.shown, seconds=patience_s)
            raise Unreachable("proxy-cannot-reach", detail) from None
        if status // 100 == 2:
            return
        if status > 0:
            line = f"{status} {self._reason.decode('latin-1').strip()}"[:120]
            raise Unreachable(proxy_failure(status), say("{proxy} answered {line}", proxy=proxy.shown, line=line))
        if status < 0 and not self._first:
            reason = say("it hung up")
            detail = say("{proxy} dropped the connection: {reason}", proxy=proxy.shown, reason=reason)
        else:
            line = self._first.split(b"\r\n", 1)[0].decode("latin-1")
            detail = say("{proxy} is not an HTTP proxy: it answered '{line}'", proxy=proxy.shown, line=line)
        raise Unreachable("proxy-unreachable", detail)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._first += data[: SHOWN_BYTES - len(self._first)]
        try:
            if not self._said.done():
                self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._settle(0)

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_headers_complete(self) -> None:
        self._settle(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(-1)

    def _settle(self, status: int) -> None:
        if not self._said.done():
            self._said.set_result(status)
            self._parser = None


def proxy_failure(status: int) -> str:
    """The failure that a proxy's own answer means."""
    if status == 407:
        return "proxy-auth"
    return "proxy-cannot-reach" if status in (500, 502, 503, 504) else "proxy-refused"
