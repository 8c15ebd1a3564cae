"""An application of routes: what every one of ours answers alike."""

from __future__ import annotations

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
        """Nobody is refused."""
        return None

    async def answer(self, request: Request) -> Reply:
        """What the route's handler answers."""
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
