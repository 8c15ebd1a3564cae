"""A server of HTTP/1.1: its connections, their patience, and an end in peace.

One clock looks after all connections: a timer for each would cost more than
answering. The application says what is admitted before a body is read, what the
answer is, and how a refusal reads.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable

from ccswitch_tui.http11.application import RoutedApp
from ccswitch_tui.http11.budget import Budget
from ccswitch_tui.http11.connection import ServerConnection

BACKLOG = 1024

TOLD = 1.5
"""So many times as many connections as there may be are heard before they are refused."""

LARGE_BYTES = 4 * 1024 * 1024
RELIEF_AFTER_S = 2.0
"""A body of this size leaves a hole that is worth giving back, once what was made of it is gone too."""


class Server:
    """All connections of one application."""

    def __init__(
        self,
        app: RoutedApp,
        *,
        idle_s: float = 75.0,
        body_s: float = 60.0,
        room_s: float = 30.0,
        most_connections: int = 0,
        budget: Budget | None = None,
        relieved: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self.loop = asyncio.get_running_loop()
        self.idle_s = idle_s
        """For the next request of a connection to begin, and for its headers to arrive."""
        self.body_s = body_s
        """For a body to arrive."""
        self.room_s = room_s
        """For a body to wait until there is room for it."""
        self.budget = budget or Budget()
        self.relieved = relieved
        """Called a moment after a large body was let go."""
        self._relief: asyncio.TimerHandle | None = None
        self.connections: set[ServerConnection] = set()
        self.ending = False
        """No request is taken any more after those that are there."""
        self._most = most_connections
        self._listeners: list[asyncio.Server] = []
        self._tick_s = min(1.0, idle_s / 4, body_s / 4)
        self._clock: asyncio.TimerHandle | None = None

    def _connection(self) -> ServerConnection:
        return ServerConnection(self)

    async def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Accepts on these sockets."""
        for sock in sockets:
            self._listeners.append(await self.loop.create_server(self._connection, sock=sock, backlog=BACKLOG))

    async def listen_at(self, path: str) -> None:
        """Accepts on a Unix socket. Raises OSError."""
        self._listeners.append(await self.loop.create_unix_server(self._connection, path))

    def let_go(self, size: int) -> None:
        """So many bytes of a body are free again."""
        self.budget.give_back(size)
        if size >= LARGE_BYTES and self._relief is None:
            self._relief = self.loop.call_later(RELIEF_AFTER_S, self._relieve)

    def _relieve(self) -> None:
        self._relief = None
        self.relieved()

    def opened(self, connection: ServerConnection) -> None:
        """One more connection. Past the limit the longest idle one goes; where none is, this one is told."""
        if self.ending:
            connection.close()
            return
        self.connections.add(connection)
        if self._clock is None:
            self._clock = self.loop.call_later(self._tick_s, self._tick)
        if not self._most or len(self.connections) <= self._most:
            return
        now = self.loop.time()
        idle = [one for one in self.connections if not one.busy and one.fresh_until < now]
        if idle:
            min(idle, key=lambda one: one.deadline).close()
        elif len(self.connections) > self._most * TOLD:
            connection.turn_away()
        else:
            connection.is_one_too_many = True

    def _tick(self) -> None:
        now = self.loop.time()
        for connection in [one for one in self.connections if one.deadline < now]:
            connection.out_of_patience()
        self._clock = self.loop.call_later(self._tick_s, self._tick) if self.connections else None

    @property
    def is_deaf(self) -> bool:
        """A listening socket was closed under it.

        The event loop of Windows does that when one client resets its connection before it is accepted
        (python/cpython#93821).
        """
        open_ones = [sock.fileno() >= 0 for listener in self._listeners for sock in listener.sockets]
        return bool(self._listeners) and not (open_ones and all(open_ones))

    def forget_listeners(self) -> None:
        """Closes what still listens; connections stay, and listen() may follow."""
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    def stop_listening(self) -> None:
        """No new connections from here on; idle ones are closed, busy ones end with their answer."""
        self.ending = True
        self.forget_listeners()
        for connection in list(self.connections):
            if not connection.busy:
                connection.close()

    async def close(self, patience_s: float = 1.0) -> None:
        """Ends everything; what is under way is cancelled."""
        self.stop_listening()
        tasks = [task for one in list(self.connections) if (task := one.cancel()) is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=patience_s)
        for timer in (self._clock, self._relief):
            if timer is not None:
                timer.cancel()
        self._clock = self._relief = None
