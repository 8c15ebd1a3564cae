"""The key agent's routes on the background proxy: unlock, lock, status, get, put, delete.

POST only, JSON in and out, behind the proxy's own guard (loopback, Host,
Origin, token). scrypt takes half a second, so everything runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ccswitch_tui.credentials.agent import DEFAULT_TIMEOUT_S, KeyAgent
from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.http11.message import Request, Response, json_response
from ccswitch_tui.proxy.web.app import ProxyApp
from ccswitch_tui.secret import Secret, forbid_core_dumps
from ccswitch_tui.sentence import say

PREFIX = "/_ccswitch/keys/"

Operation = Callable[[KeyAgent, dict[str, Any]], dict[str, Any]]


def _unlock(agent: KeyAgent, asked: dict[str, Any]) -> dict[str, Any]:
    seconds = asked.get("timeout_s", DEFAULT_TIMEOUT_S)
    if seconds is not None and not (isinstance(seconds, int | float) and seconds > 0):
        raise UsageError(say("timeout_s should be a number of seconds, or null"))
    return agent.unlock(Secret(asked["passphrase"]), seconds)._asdict()


def _lock(agent: KeyAgent, asked: dict[str, Any]) -> dict[str, Any]:
    return {"was_unlocked": agent.lock()}


def _status(agent: KeyAgent, asked: dict[str, Any]) -> dict[str, Any]:
    return agent.status()._asdict()


def _get(agent: KeyAgent, asked: dict[str, Any]) -> dict[str, Any]:
    secret = agent.get(asked["name"])
    return {"value": None if secret is None else secret.reveal()}


def _put(agent: KeyAgent, asked: dict[str, Any]) -> dict[str, Any]:
    agent.set(asked["name"], Secret(asked["value"]))
    return {}


def _delete(agent: KeyAgent, asked: dict[str, Any]) -> dict[str, Any]:
    return {"removed": agent.delete(asked["name"])}


OPERATIONS: dict[str, tuple[Operation, dict[str, tuple[type, ...]]]] = {
    # word: (what it does, the fields it needs and their types)
    "unlock": (_unlock, {"passphrase": (str,)}),
    "lock": (_lock, {}),
    "status": (_status, {}),
    "get": (_get, {"name": (str,)}),
    "put": (_put, {"name": (str,), "value": (str,)}),
    "delete": (_delete, {"name": (str,)}),
}


def add_agent_routes(app: ProxyApp, agent: KeyAgent) -> None:
    """Mounts the routes. The process holds keys from now on, so it writes no core file."""
    forbid_core_dumps()
    agent.on_change = app.forget_keys

    async def answer(request: Request) -> Response:
        operation, fields = OPERATIONS[request.match["word"]]
        try:
            asked = request.json()
        except ValueError:
            asked = None
        if not isinstance(asked, dict) or any(not isinstance(asked.get(name), types) for name, types in fields.items()):
            return _error(400, "usage", f"expected JSON with {', '.join(fields) or 'nothing in it'}")
        try:
            return _private(await asyncio.to_thread(operation, agent, asked))
        except CcswitchError as error:
            return _error(409, error.kind, error.message, error.hint)

    app.routes.add("POST", f"{PREFIX}{{word:{'|'.join(OPERATIONS)}}}", answer)


def _error(status: int, kind: str, message: str, hint: str = "") -> Response:
    return _private({"error": {"kind": kind, "message": message, "hint": hint}}, status)


def _private(body: dict[str, Any], status: int = 200) -> Response:
    return json_response(body, status=status, headers={"Cache-Control": "no-store"})
