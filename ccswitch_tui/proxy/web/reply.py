"""The client's side of one answer: committed late, one write per read, pinged when silent.

Until the first byte an answer can still become an HTTP error or go to another
endpoint. One clock for all streams watches for silence: a timer per stream and
read would cost more than the translation.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

from ccswitch_tui.http11.message import DRAIN_ABOVE_BYTES, ClientGone, Request, Stream
from ccswitch_tui.record import NamedTuple

PING_AFTER_S = 10.0
"""Nothing went to the client for this long: a ping. Claude Code shows a banner at 20 s and gives up at 300 s."""


class Pings(Protocol):
    """What makes a ping: a translator, or a native stream."""

    def ping(self) -> bytes: ...


class ClientReply(Stream):
    """A streamed answer to one client, which the watch looks after."""

    __slots__ = ("blocked", "heard", "last_in", "last_out", "now", "told")

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.now = asyncio.get_running_loop().time
        self.blocked = False
        """The client does not read: the endpoint is not silent then."""
        self.last_in = self.last_out = self.now()
        self.heard = self.told = False
        """Something came from the endpoint, something went to the client, since the watch last looked."""

    def begin(self, headers: Mapping[str, str], first: bytes, *, whole: bool = False) -> None:
        """Sends status 200, the headers and the first bytes in one write; `whole`: they are all of the body."""
        super().begin(headers, first, whole=whole)
        self.last_out = self.now()

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
        await super().drained()
        self.blocked = False
        self.last_in = self.last_out = self.now()


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
