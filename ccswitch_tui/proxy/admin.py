"""The proxy's own routes under /_ccswitch/: for the TUI, the command line and a Prometheus server.

All but `hello` want the local token. `hello` lets a client make sure that it
is our proxy that listens, before it sends the token.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ccswitch_tui._version import __version__
from ccswitch_tui.proxy.guard import proof
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.proxy.traffic import Exchange, metrics_text
from ccswitch_tui.proxy.usage import UsageBook, priced
from ccswitch_tui.wire.codec import dumps

PREFIX = "/_ccswitch/"
KEEP_ALIVE_S = 15.0
MOST_WAITING = 1000
"""Events a slow listener may lag behind; then it is told to start anew."""


class Admin:
    """What can be asked of and told to a running proxy."""

    def __init__(
        self,
        relay: Relay,
        *,
        token: str | None,
        stop: Callable[[], None],
        usage: UsageBook | None,
        flush: Callable[[], None],
    ) -> None:
        self._relay = relay
        self._token = token
        self._stop = stop
        self._usage = usage
        self._flush = flush
        self._since = time.time()
        self._listeners: set[asyncio.Task[Any]] = set()
        self.draining = False

    def add_routes(self, app: web.Application) -> None:
        """Mounts the routes."""
        for method, path, handler in (
            ("GET", "hello", self._hello),
            ("GET", "status", self._status),
            ("GET", "traffic", self._traffic),
            ("GET", "traffic/{id:[0-9]+}", self._exchange),
            ("GET", "events", self._events),
            ("GET", "metrics", self._metrics),
            ("GET", "usage", self._usage_rows),
            ("GET", "learned", self._learned),
            ("DELETE", "learned", self._forget),
            ("POST", "stop", self._stop_now),
            ("POST", "forget-keys", self._forget_keys),
        ):
            app.router.add_route(method, PREFIX + path, handler)

    def close_listeners(self) -> None:
        """Ends the event streams, which would otherwise hold up the end of the proxy."""
        for task in self._listeners:
            task.cancel()

    async def _hello(self, request: web.Request) -> web.Response:
        nonce = request.query.get("nonce", "")
        if not (16 <= len(nonce) <= 128):
            return web.json_response({"program": "ccswitch-tui"})
        return web.json_response(
            {
                "program": "ccswitch-tui",
                "version": __version__,
                "pid": os.getpid(),
                "since": self._since,
                "draining": self.draining,
                "proof": proof(self._token, nonce) if self._token else None,
            }
        )

    async def _status(self, request: web.Request) -> web.Response:
        profiles = self._relay.profiles
        return web.json_response(
            {
                "version": 1,
                "program": __version__,
                "pid": os.getpid(),
                "since": self._since,
                "draining": self.draining,
                "profiles": sorted(profiles.routes().profiles),
                "problems": [p for p in (profiles.problem, self._relay.background.problem) if p],
                "running": len(self._relay.traffic.running),
                "requests": self._relay.traffic.total,
                "spent": self._relay.traffic.spent(),
                "memory_mb": _memory_mb(),
            }
        )

    async def _traffic(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "")
        exchanges = self._relay.traffic.recent(int(limit) if limit.isdigit() else 100)
        return _json({"version": 1, "exchanges": [exchange.to_json() for exchange in exchanges]})

    async def _exchange(self, request: web.Request) -> web.Response:
        exchange = self._relay.traffic.find(int(request.match_info["id"]))
        if exchange is None:
            raise web.HTTPNotFound
        return _json({"version": 1, "exchange": exchange.to_json(), "bodies": exchange.bodies()})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events `begin`, `first-byte` and `end`, each with the exchange as it is then."""
        waiting: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(MOST_WAITING)

        def listen(what: str, exchange: Exchange) -> None:
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait((what, exchange.to_json()))

        task = asyncio.current_task()
        assert task is not None
        self._listeners.add(task)
        self._relay.traffic.listeners.append(listen)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        try:
            await response.prepare(request)
            await response.write(b": listening\n\n")
            while True:
                await response.write(await _next_event(waiting))
        finally:
            self._listeners.discard(task)
            self._relay.traffic.listeners.remove(listen)

    async def _metrics(self, request: web.Request) -> web.Response:
        gauges = {
            "up": 1,
            "start_time_seconds": self._since,
            "requests_running": len(self._relay.traffic.running),
            "resident_memory_bytes": _memory_mb() * 2**20,
        }
        return web.Response(text=metrics_text(self._relay.traffic, gauges), content_type="text/plain")

    async def _usage_rows(self, request: web.Request) -> web.Response:
        """Saved usage by day, profile and model; `?since=YYYY-MM-DD`, `?by=day`, `profile` or `model` sums it."""
        if self._usage is None:
            return _json({"version": 1, "usage": []})
        await asyncio.to_thread(self._flush)
        since = request.query.get("since", "")
        rows = await asyncio.to_thread(self._usage.by_day, since=since)
        costs = await asyncio.to_thread(self._usage.costs, since=since)
        by = request.query.get("by", "")
        return _json({"version": 1, "usage": priced(rows, costs, by=by if by in ("day", "profile", "model") else "")})

    async def _learned(self, request: web.Request) -> web.Response:
        return _json({"version": 1, "endpoints": self._relay.learned.everything()})

    async def _forget(self, request: web.Request) -> web.Response:
        host = request.query.get("host")
        return _json({"forgotten": await asyncio.to_thread(self._relay.learned.forget, host)})

    async def _forget_keys(self, request: web.Request) -> web.Response:
        self._relay.keys.forget()
        return _json({})

    async def _stop_now(self, request: web.Request) -> web.Response:
        running = len(self._relay.traffic.running)
        asyncio.get_running_loop().call_soon(self._stop)
        return _json({"finishing": running})


async def _next_event(waiting: asyncio.Queue[tuple[str, dict[str, Any]]]) -> bytes:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(KEEP_ALIVE_S):
            what, exchange = await waiting.get()
            return b"event: " + what.encode() + b"\ndata: " + dumps(exchange) + b"\n\n"
    return b": still here\n\n"


def _json(value: dict[str, Any]) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json", headers={"Cache-Control": "no-store"})


def _memory_mb() -> float:
    """Resident memory where the system tells it cheaply, else 0."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
