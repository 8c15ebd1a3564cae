"""An application of routes: what a connection asks it, and what every one of ours answers alike."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from ccswitch_tui.http11.budget import Budget
from ccswitch_tui.http11.message import PHRASES, Refused, Reply, Request, Response, json_response
from ccswitch_tui.http11.routes import Routes

LARGEST_BODY_BYTES = 32 * 1024 * 1024
"""The Messages API's own limit; Claude Code words a 413 as "Request too large (max 32MB)"."""


class RoutedApp:
    """Admits everybody and words errors as `{"error": …}`."""

    most_body_bytes = LARGEST_BODY_BYTES

    def __init__(self) -> None:
        self.routes = Routes()

    def admit(self, request: Request) -> Response | None:
        """A refusal that needs no body, or None. Called when the headers are there. Here nobody is refused."""
        return None

    async def answer(self, request: Request) -> Reply:
        """The answer to a whole request: its route's. What it raises ends the connection."""
        try:
            found: Reply = await self.routes.find(request)(request)
            return found
        except Refused as refused:
            return self.refusal(refused.status, str(refused))

    def refusal(self, status: int, message: str) -> Response:
        """An error that the server finds by itself."""
        return json_response({"error": message or PHRASES.get(status, "")}, status=status)

    def crowded(self) -> Response:
        """There are as many connections as there may be."""
        return json_response({"error": "too many connections at once"}, status=503, headers={"Retry-After": "2"})

    def overloaded(self) -> Response:
        """There is no room for this body now."""
        return json_response({"error": "too many large requests at once"}, status=503, headers={"Retry-After": "2"})


class Keeper(Protocol):
    """The server, as its connections see it."""

    app: RoutedApp
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
