"""The background proxy's ear for what a session's environment lends it (workflows/lending.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ccswitch_tui.http11.message import Request, Response, json_response
from ccswitch_tui.proxy.web.app import ProxyApp


class Taker(Protocol):
    """Who keeps what is lent."""

    def take(self, given: Mapping[str, Any]) -> bool:
        """Whether anything was new."""

    def lacks(self) -> list[str]:
        """What nobody has lent yet."""


def add_lend_route(app: ProxyApp, path: str, taker: Taker) -> None:
    """Mounts it, behind the control token. No value is ever told."""

    async def take(request: Request) -> Response:
        try:
            given = request.json()
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return json_response({"error": {"kind": "usage", "message": "expected a JSON object"}}, status=400)
        changed = taker.take(given)
        if changed:
            app.forget_keys()
        return json_response({"changed": changed}, headers={"Cache-Control": "no-store"})

    async def tell(request: Request) -> Response:
        return json_response({"lacks": taker.lacks()}, headers={"Cache-Control": "no-store"})

    app.routes.add("POST", path, take)
    app.routes.add("GET", path, tell)
