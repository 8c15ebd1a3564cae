"""The client's side of one answer: committed late, one write per read, pinged when silent.

Until the first byte an answer can still become an HTTP error or go to another
endpoint. One clock for all streams watches for silence: a timer per stream and
read would cost more than the translation.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from aiohttp import web

PING_AFTER_S = 10.0
"""Nothing went to the client for this long: a ping. Claude Code shows a banner at 20 s and gives up at 300 s."""

BEGIN_AFTER_S = 60.0
"""An endpoint that has not even sent headers by then reads a long prompt on a slow machine: the answer is begun and
kept alive by pings, because Claude Code gives up at 360 s without headers. A failure after that is an error event."""

DRAIN_ABOVE_BYTES = 32 * 1024
"""What may wait for a client before we ask whether it reads; the transport's own limit is 64 kB."""


class Pings(Protocol):
    """What makes a ping: a translator, or a native stream."""

    def ping(self) -> bytes: ...


class ClientGone(Exception):
    """The client closed its connection; there is nobody to answer."""


class _Stream(web.StreamResponse):
    """A response whose headers leave together with the first bytes of its body: one system call and one packet less."""

    _send_headers_immediately = False


class ClientReply:
    """A streamed answer to one client.

    Chunks are framed here and go straight to the transport: aiohttp's own way
    there costs a fifth of all CPU of a stream. Its buffer limits stay in force.
    """

    __slots__ = ("_request", "_transport", "blocked", "last_in", "last_out", "now", "response")

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._transport: asyncio.Transport | None = None
        self.now = asyncio.get_running_loop().time
        self.response: web.StreamResponse | None = None
        self.blocked = False
        """The client does not read: the endpoint is not silent then."""
        self.last_in = self.last_out = self.now()

    async def commit(self, headers: Mapping[str, str], first: bytes) -> None:
        """Sends status 200, the headers and the first bytes in one write."""
        response = _Stream(status=200, headers=headers)
        if self._request.version >= (1, 1):
            response.enable_chunked_encoding()
        else:
            response.force_close()
        try:
            await response.prepare(self._request)
            if first:
                await response.write(first)
        except ConnectionError:
            raise ClientGone from None
        self.response = response
        self._transport = self._request.transport
        self.last_out = self.now()

    def send(self, data: bytes) -> bool:
        """Writes one chunk; True if the client is slow and drained() must be awaited before the next."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ClientGone
        transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._request.version >= (1, 1) else data)
        self.last_out = self.last_in
        return transport.get_write_buffer_size() > DRAIN_ABOVE_BYTES

    async def drained(self) -> None:
        """Waits until the client has read enough."""
        self.blocked = True
        try:
            await self._request.writer.drain()
        except ConnectionError:
            raise ClientGone from None
        self.blocked = False
        self.last_in = self.last_out = self.now()

    async def end(self, last: bytes = b"") -> web.StreamResponse:
        """The last bytes and the end of the body, in one write."""
        assert self.response is not None
        try:
            await self.response.write_eof(last)
        except ConnectionError:
            raise ClientGone from None
        return self.response


class _Watched(NamedTuple):
    """What a stream under watch brings along."""

    pings: Pings
    idle_s: float
    give_up: Callable[[], None]
    begin: Callable[[], None] | None


class Watch:
    """One clock tick a second for all streams: pings, and the limit on an endpoint's silence."""

    TICK_S = 1.0

    def __init__(self) -> None:
        self._streams: dict[ClientReply, _Watched] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self,
        reply: ClientReply,
        pings: Pings,
        idle_s: float,
        give_up: Callable[[], None],
        begin: Callable[[], None] | None = None,
    ) -> None:
        """Watches a stream until remove().

        `give_up` is called once after `idle_s` without a byte from the endpoint,
        `begin` once when a client has waited for BEGIN_AFTER_S without one.
        """
        self._streams[reply] = _Watched(pings, idle_s, give_up, begin)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.TICK_S, self._tick)

    def remove(self, reply: ClientReply) -> None:
        """The stream is over."""
        self._streams.pop(reply, None)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.TICK_S, self._tick) if self._streams else None
        now = loop.time()
        for reply, watched in list(self._streams.items()):
            if reply.blocked:
                reply.last_in = now
            elif now - reply.last_in > watched.idle_s:
                self._streams.pop(reply)
                watched.give_up()
            elif reply.response is None:
                if watched.begin is not None and now - reply.last_in >= BEGIN_AFTER_S:
                    self._streams[reply] = watched._replace(begin=None)
                    watched.begin()
            elif now - reply.last_out >= PING_AFTER_S:
                data = watched.pings.ping()
                if data:
                    with contextlib.suppress(ClientGone):
                        reply.send(data)
                reply.last_out = now
