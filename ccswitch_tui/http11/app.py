"""What a connection is told from above: the application that answers, and the server that keeps it."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from ccswitch_tui.http11.budget import Budget
from ccswitch_tui.http11.message import Reply, Request, Response


class App(Protocol):
    """What answers."""

    most_body_bytes: int

    def admit(self, request: Request) -> Response | None:
        """A refusal that needs no body, or None. Called when the headers are there."""

    async def answer(self, request: Request) -> Reply:
        """The answer to a whole request. What it raises ends the connection."""

    def refusal(self, status: int, message: str) -> Response:
        """How this application words what the server refuses by itself."""

    def crowded(self) -> Response:
        """What a client is told for whom there is no connection."""

    def overloaded(self) -> Response:
        """What a client is told for whose body there is no room now."""


class Keeper(Protocol):
    """The server, as its connections see it."""

    app: App
    loop: asyncio.AbstractEventLoop
    idle_s: float
    body_s: float
    room_s: float
    budget: Budget
    ending: bool

    @property
    def connections(self) -> set[Any]:
        """All that are open; a connection takes itself out."""

    def let_go(self, size: int) -> None:
        """So many bytes of a body are free again."""

    def opened(self, connection: Any) -> None:
        """One more connection."""
