"""The client's side of one answer: committed late, one write per read, pinged when silent.

Until the first byte an answer can still become an HTTP error or go to another
endpoint. One clock for all streams watches for silence: a timer per stream and
read would cost more than the translation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from aiohttp import hdrs, web

PING_AFTER_S = 10.0
"""Nothing went to the client for this long: a ping. Claude Code shows a banner at 20 s and gives up at 300 s."""

SSE_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


class Pings(Protocol):
    """What makes a ping: a translator, or a native stream."""

    def ping(self) -> bytes: ...


class ClientReply:
    """A streamed answer to one client."""

    __slots__ = ("_loop", "_request", "blocked", "last_in", "last_out", "response")

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._loop = asyncio.get_running_loop()
        self.response: web.StreamResponse | None = None
        self.blocked = False
        """The client does not read: the endpoint is not silent then."""
        self.last_in = self.last_out = self._loop.time()

    async def commit(self, headers: Mapping[str, str]) -> None:
        """Sends status 200 and the headers, with the first write."""
        response = web.StreamResponse(status=200, headers=headers)
        if self._request.version >= (1, 1):
            response.enable_chunked_encoding()
        else:
            response.force_close()
        await response.prepare(self._request)
        self.response = response

    async def write(self, data: bytes) -> None:
        """One write; waits while the client's buffer is full."""
        assert self.response is not None
        self.blocked = True
        await self.response.write(data)
        self.blocked = False
        self.last_out = self._loop.time()

    async def end(self, last: bytes = b"") -> web.StreamResponse:
        """The last bytes and the end of the body, in one write."""
        assert self.response is not None
        await self.response.write_eof(last)
        return self.response


class Watch:
    """One clock tick a second for all streams: pings, and the limit on an endpoint's silence."""

    TICK_S = 1.0

    def __init__(self) -> None:
        self._streams: dict[ClientReply, tuple[Pings, float, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._pings: set[asyncio.Task[None]] = set()

    def add(self, reply: ClientReply, pings: Pings, idle_s: float, give_up: Callable[[], None]) -> None:
        """Watches a stream until remove(). `give_up` is called once after `idle_s` without a byte from the endpoint."""
        self._streams[reply] = (pings, idle_s, give_up)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.TICK_S, self._tick)

    def remove(self, reply: ClientReply) -> None:
        """The stream is over."""
        self._streams.pop(reply, None)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.TICK_S, self._tick) if self._streams else None
        now = loop.time()
        for reply, (pings, idle_s, give_up) in list(self._streams.items()):
            if reply.blocked:
                reply.last_in = now
            elif now - reply.last_in > idle_s:
                self._streams.pop(reply)
                give_up()
            elif reply.response is not None and now - reply.last_out >= PING_AFTER_S:
                reply.last_out = now
                task = loop.create_task(_ping(reply.response, pings.ping()))
                self._pings.add(task)
                task.add_done_callback(self._pings.discard)


async def _ping(response: web.StreamResponse, data: bytes) -> None:
    if not data:
        return
    try:
        await response.write(data)
    except (RuntimeError, ConnectionError):
        return  # the answer ended, or the client left, in this very moment


PASSED_HEADERS = ("request-id", "x-request-id", "retry-after", "x-should-retry")


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an endpoint's answer that mean something to the client."""
    passed = {name: headers[name] for name in PASSED_HEADERS if name in headers}
    passed |= {name: value for name, value in headers.items() if name.lower().startswith("anthropic-ratelimit-")}
    return passed


def native_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a stream passed on as it is."""
    kind = headers.get(hdrs.CONTENT_TYPE, SSE_HEADERS["Content-Type"])
    return {**SSE_HEADERS, "Content-Type": kind, **passed_headers(headers)}
