"""Connections that wait for their next request: the newest first, none for longer than a load balancer keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from ccswitch_tui.proxy.client.connection import Connection

IDLE_CONNECTION_S = 50
"""Common load balancers drop an idle connection after 60 s; a pooled one older than this is not used again."""


class Pool:
    """Idle connections by the way they lead. A retired pool keeps none: what comes back to it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Hashable, list[Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._retired = False

    def take(self, way: Hashable) -> Connection | None:
        """A connection for one request, or None. Give it back with put()."""
        idle = self._idle.get(way)
        while idle:
            connection = idle.pop()
            transport = connection.transport
            alive = transport is not None and not transport.is_closing()
            if alive and self._loop.time() - connection.idle_since < IDLE_CONNECTION_S:
                return connection
            connection.close()
        return None

    def put(self, way: Hashable, connection: Connection) -> None:
        """The connection carries nothing any more."""
        if connection.transport is None or connection.transport.is_closing():
            return
        if self._retired:
            connection.close()
            return
        connection.idle_since = self._loop.time()
        self._idle.setdefault(way, []).append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(IDLE_CONNECTION_S, self._close_old)

    def retire(self) -> None:
        """Closes what is idle; what is under way ends in peace and is closed then."""
        self._retired = True
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    def _close_old(self) -> None:
        limit = self._loop.time() - IDLE_CONNECTION_S
        for way, idle in list(self._idle.items()):
            for connection in idle:
                if connection.idle_since <= limit:
                    connection.close()
            self._idle[way] = [c for c in idle if c.alive]
            if not self._idle[way]:
                del self._idle[way]
        self._sweep = self._loop.call_later(IDLE_CONNECTION_S, self._close_old) if self._idle else None
