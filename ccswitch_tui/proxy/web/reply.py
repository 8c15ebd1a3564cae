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

DRAIN_ABOVE_BYTES = 32 * 1024
"""What may wait for a client before we ask whether it reads; the transport's own limit is 64 kB."""


class Pings(Protocol):
    """What makes a ping: a translator, or a native stream."""

    def ping(self) -> bytes: ...


class ClientGone(Exception):
    """The client closed its connection; there is nobody to answer."""


class Sent(web.StreamResponse):
    """What the server is told of an answer that has gone out already: there is nothing left to send."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._stays = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing."""

    async def write_eof(self, data: object = b"") -> None:
        """Nothing."""

    @property
    def keep_alive(self) -> bool:
        """The connection may carry the client's next request."""
        return self._stays


class ClientReply:
    """A streamed answer to one client.

    Head and chunks are framed here and go straight to the transport: the
    server's own way there costs a third of all CPU of a stream. Its buffer
    limits stay in force.
    """

    __slots__ = (
        "_chunked",
        "_request",
        "_transport",
        "begun",
        "blocked",
        "heard",
        "last_in",
        "last_out",
        "now",
        "told",
    )

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._transport = request.transport
        self._chunked = request.version >= (1, 1)
        self.now = asyncio.get_running_loop().time
        self.begun = False
        """Status and headers have gone out: an HTTP error is no longer possible."""
        self.blocked = False
        """The client does not read: the endpoint is not silent then."""
        self.last_in = self.last_out = self.now()
        self.heard = self.told = False
        """Something came from the endpoint, something went to the client, since the watch last looked."""

    @property
    def _stays(self) -> bool:
        return self._chunked and bool(self._request.keep_alive)

    def begin(self, headers: Mapping[str, str], first: bytes, *, whole: bool = False) -> None:
        """Sends status 200, the headers and the first bytes in one write; `whole`: they are all of the body."""
        self.begun = True
        lines = ["HTTP/1.1 200 OK"]
        # what cannot be printed would be a line break, or no character at all
        lines += [f"{name}: {value}" for name, value in headers.items() if value.isprintable()]
        lines += ["Transfer-Encoding: chunked"] if self._chunked else []
        lines += [] if self._stays else ["Connection: close"]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self._write(head + (self._framed(first) if first else b"") + (self._end if whole else b""))
        self.last_out = self.now()

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    @property
    def _end(self) -> bytes:
        return b"0\r\n\r\n" if self._chunked else b""

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
        self.told = True
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

    def end(self, last: bytes = b"") -> web.StreamResponse:
        """The last bytes and the end of the body, in one write."""
        data = (self._framed(last) if last else b"") + self._end
        if data:
            self._write(data)
        return self.sent()

    def sent(self) -> web.StreamResponse:
        """For the server, once everything has gone out."""
        return Sent(keep_alive=self._stays)

    def abort(self) -> None:
        """Hangs up in the middle of an answer: the client must not take it for a whole one."""
        if self._transport is not None:
            self._transport.abort()


class _Watched(NamedTuple):
    """What a stream under watch brings along."""

    pings: Pings
    idle_s: float
    give_up: Callable[[], None]
    begin: Callable[[], None] | None
    begin_after_s: float


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
        begin: Callable[[], None],
        begin_after_s: float,
    ) -> None:
        """Watches a stream until remove().

        `give_up` is called once after `idle_s` without a byte from the endpoint,
        `begin` once when a client has waited for `begin_after_s` without one:
        what the endpoint sends may be comments, or thinking that is not shown.
        """
        self._streams[reply] = _Watched(pings, idle_s, give_up, begin, begin_after_s)
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
            if reply.told:
                reply.last_out, reply.told = now, False
            if reply.heard or reply.blocked:
                reply.last_in, reply.heard = now, False
            elif now - reply.last_in > watched.idle_s:
                self._streams.pop(reply)
                watched.give_up()
                continue
            if not reply.begun:
                if watched.begin is not None and now - reply.last_out >= watched.begin_after_s:
                    self._streams[reply] = watched._replace(begin=None)
                    with contextlib.suppress(ClientGone):
                        watched.begin()
            elif now - reply.last_out >= PING_AFTER_S and not reply.blocked:
                data = watched.pings.ping()
                if data:
                    with contextlib.suppress(ClientGone):
                        reply.send(data)
                reply.last_out = now
