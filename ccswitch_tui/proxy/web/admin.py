"""The proxy's own routes under /_ccswitch/: for the TUI, the command line and a Prometheus server.

All but `hello` require the control token. `hello` lets a client make sure that
it is our proxy that listens, before it sends one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

from ccswitch_tui._version import __version__
from ccswitch_tui.http11.application import RoutedApp
from ccswitch_tui.http11.message import Refused, Reply, Request, Response, Stream, json_response
from ccswitch_tui.http11.routes import Routes
from ccswitch_tui.proxy.background.siblings import Siblings, ask_all, follow
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.metrics import metrics_text
from ccswitch_tui.proxy.books.traffic import Traffic
from ccswitch_tui.proxy.books.usage import NAMES, UsageBook
from ccswitch_tui.proxy.memory import resident_mb
from ccswitch_tui.proxy.relay import Relay
from ccswitch_tui.proxy.web.guard import proof
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
        control: str | None,
        port: int,
        stop: Callable[..., None],
        usage: UsageBook | None,
        flush: Callable[[], None],
        children: Callable[[], list[int]] = list,
        siblings: Siblings | None = None,
    ) -> None:
        self._relay = relay
        self._control = control
        self._port = port
        self._stop = stop
        self._usage = usage
        self._flush = flush
        self._children = children
        self._others = siblings.other_sockets if siblings else []
        self._since = time.time()
        self._listeners: set[asyncio.Task[Any]] = set()
        self.draining = False

    def add_routes(self, routes: Routes) -> None:
        """Mounts the routes."""
        for method, path, handler in (
            ("GET", "hello", self._hello),
            ("GET", "status", self._status),
            ("GET", "traffic", self._traffic),
            ("GET", "traffic/{id:[0-9]{1,18}}", self._exchange),
            ("GET", "events", self._events),
            ("GET", "metrics", self._metrics),
            ("GET", "usage", self._usage_rows),
            ("GET", "learned", self._learned),
            ("DELETE", "learned", self._forget),
            ("POST", "stop", self._stop_now),
            ("POST", "sleep", self._sleep_now),
            ("POST", "forget-keys", self._forget_keys),
        ):
            routes.add(method, PREFIX + path, handler)

    def app_for_siblings(self) -> RoutedApp:
        """What the other workers ask this one; reached over a socket that only this user can open."""
        app = RoutedApp()
        for method, path, handler in (
            ("GET", "status", self._own_status),
            ("GET", "traffic", self._own_traffic),
            ("GET", "traffic/{id:[0-9]{1,18}}", self._own_exchange),
            ("GET", "events", self._own_events),
            ("GET", "counted", self._own_counted),
            ("POST", "flush", self._own_flush),
            ("DELETE", "learned", self._own_forget),
            ("POST", "forget-keys", self._own_forget_keys),
        ):
            app.routes.add(method, "/" + path, handler)
        return app

    def close_listeners(self) -> None:
        """Ends the event streams, which would otherwise hold up the end of the proxy."""
        for task in self._listeners:
            task.cancel()

    async def _hello(self, request: Request) -> Response:
        nonce = request.query.get("nonce", "")
        if not (16 <= len(nonce) <= 128):
            return json_response({"program": "ccswitch-tui"})
        return json_response(
            {
                "program": "ccswitch-tui",
                "version": __version__,
                "pid": os.getpid(),
                "since": self._since,
                "draining": self.draining,
                "proof": proof(self._control, nonce, self._port) if self._control else None,
            }
        )

    async def _status(self, request: Request) -> Response:
        own = self._status_now()
        return _json(merged_status(own, await self._of_others("GET", "/status")) if self._others else own)

    async def _own_status(self, request: Request) -> Response:
        return _json(self._status_now())

    def _status_now(self) -> dict[str, Any]:
        profiles, traffic = self._relay.profiles, self._relay.traffic
        return {
            "version": 1,
            "program": __version__,
            "pid": os.getpid(),
            "since": self._since,
            "draining": self.draining,
            "profiles": sorted(profiles.routes().profiles),
            "loops": traffic.loops.warnings(time.monotonic()),
            "problems": [p for p in (profiles.problem, self._relay.background.problem) if p],
            "running": len(traffic.running),
            "requests": traffic.total,
            "spent": traffic.spent(),
            "memory_mb": resident_mb(self._children()),
        }

    async def _traffic(self, request: Request) -> Response:
        found = self._recent(request)
        for other in await self._of_others("GET", f"/traffic?limit={_limit(request)}"):
            found += other["exchanges"]
        if self._others:
            found.sort(key=lambda e: (e["total_ms"] is None, e["at"]), reverse=True)
            running = sum(e["total_ms"] is None for e in found)
            found = found[: running + _limit(request)]
        return _json({"version": 1, "exchanges": found})

    async def _own_traffic(self, request: Request) -> Response:
        return _json({"exchanges": self._recent(request)})

    def _recent(self, request: Request) -> list[dict[str, Any]]:
        return [exchange.to_json() for exchange in self._relay.traffic.recent(_limit(request))]

    async def _exchange(self, request: Request) -> Response:
        if self._relay.traffic.find(int(request.match["id"])) is None:
            for found in await self._of_others("GET", f"/traffic/{int(request.match['id'])}"):
                return _json(found)
        return await self._own_exchange(request)

    async def _own_exchange(self, request: Request) -> Response:
        exchange = self._relay.traffic.find(int(request.match["id"]))
        if exchange is None:
            raise Refused(404)
        # masking half a megabyte takes 80 ms, in which no other stream would move
        bodies = await asyncio.to_thread(exchange.bodies)
        return _json({"version": 1, "exchange": exchange.to_json(), "bodies": bodies})

    async def _events(self, request: Request) -> Reply:
        """Server-sent events `begin`, `first-byte` and `end`, each with the exchange as it is then."""
        return await self._tell_events(request, self._others)

    async def _own_events(self, request: Request) -> Reply:
        return await self._tell_events(request, [])

    async def _tell_events(self, request: Request, others: list[str]) -> Reply:
        waiting: asyncio.Queue[bytes | tuple[str, dict[str, Any]]] = asyncio.Queue(MOST_WAITING)

        def wait(event: bytes | tuple[str, dict[str, Any]]) -> None:
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(event)

        def listen(what: str, exchange: Flow) -> None:
            wait((what, exchange.to_json()))

        task = asyncio.current_task()
        assert task is not None
        self._listeners.add(task)
        self._relay.traffic.listeners.append(listen)
        following = [asyncio.create_task(follow(socket, "/events", wait)) for socket in others]
        stream = Stream(request)
        try:
            stream.begin({"Content-Type": "text/event-stream", "Cache-Control": "no-store"}, b": listening\n\n")
            while True:
                if stream.send(await _next_event(waiting)):
                    await stream.drained()
        finally:
            for one in following:
                one.cancel()
            self._listeners.discard(task)
            self._relay.traffic.listeners.remove(listen)

    async def _metrics(self, request: Request) -> Response:
        states = [self._status_now(), *await self._of_others("GET", "/status")]
        counted = self._relay.traffic
        if self._others:
            counted = Traffic()
            for one in [self._relay.traffic.counted(), *await self._of_others("GET", "/counted")]:
                counted.add_counted(one)
        gauges = {
            "up": 1,
            "start_time_seconds": self._since,
            "requests_running": sum(state["running"] for state in states),
            "resident_memory_bytes": sum(state["memory_mb"] for state in states) * 2**20,
        }
        return Response(metrics_text(counted, gauges).encode(), content_type="text/plain; charset=utf-8")

    async def _own_counted(self, request: Request) -> Response:
        return _json(self._relay.traffic.counted())

    async def _usage_rows(self, request: Request) -> Response:
        """Saved usage by day, profile and model; `?by=` sums it by others, `?since=`, `?until=` and names pick rows."""
        if self._usage is None:
            return _json({"version": 1, "usage": []})
        await asyncio.to_thread(self._flush)
        await self._of_others("POST", "/flush")
        query = request.query
        by = [name for name in query.get("by", "").split(",") if name in NAMES] or ["day", "profile", "model"]
        only = {name: query[name] for name in NAMES[1:] if name in query}
        since, until = query.get("since", ""), query.get("until", "")
        rows = await asyncio.to_thread(self._usage.summed, by, since=since, until=until, **only)
        return _json({"version": 1, "usage": rows})

    async def _own_flush(self, request: Request) -> Response:
        await asyncio.to_thread(self._flush)
        return _json({})

    async def _learned(self, request: Request) -> Response:
        return _json({"version": 1, "endpoints": self._relay.learned.everything()})

    async def _forget(self, request: Request) -> Response:
        answer = await self._own_forget(request)
        await self._of_others("DELETE", f"/learned?{request.query_string}")
        return answer

    async def _own_forget(self, request: Request) -> Response:
        host = request.query.get("host")
        return _json({"forgotten": await asyncio.to_thread(self._relay.learned.forget, host)})

    async def _forget_keys(self, request: Request) -> Response:
        await self._of_others("POST", "/forget-keys")
        return await self._own_forget_keys(request)

    async def _own_forget_keys(self, request: Request) -> Response:
        self._relay.keys.forget()
        return _json({})

    async def _of_others(self, method: str, path: str) -> list[dict[str, Any]]:
        return await ask_all(self._others, method, path) if self._others else []

    async def _sleep_now(self, request: Request) -> Response:
        """As `stop`, but the next connection starts another proxy, where there is a guardian."""
        running = len(self._relay.traffic.running)
        asyncio.get_running_loop().call_soon(lambda: self._stop(asleep=True))
        return _json({"finishing": running})

    async def _stop_now(self, request: Request) -> Response:
        running = len(self._relay.traffic.running)
        asyncio.get_running_loop().call_soon(self._stop)
        return _json({"finishing": running})


def merged_status(own: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """The state of all workers as of one process; `own` is that of the one who was asked."""
    states = [own, *others]
    spent: dict[str, float] = {}
    for state in states:
        for currency, amount in state["spent"].items():
            spent[currency] = spent.get(currency, 0.0) + amount
    return {
        **own,
        "workers": sorted(state["pid"] for state in states),
        "since": min(state["since"] for state in states),
        "loops": list(dict.fromkeys(words for state in states for words in state.get("loops", ()))),
        "problems": list(dict.fromkeys(problem for state in states for problem in state["problems"])),
        "spent": spent,
        **{name: sum(state[name] for state in states) for name in ("running", "requests")},
        "memory_mb": round(sum(state["memory_mb"] for state in states), 1),
    }


def _limit(request: Request) -> int:
    limit = request.query.get("limit", "")
    return int(limit[:9]) if limit.isdecimal() else 100


async def _next_event(waiting: asyncio.Queue[bytes | tuple[str, dict[str, Any]]]) -> bytes:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(KEEP_ALIVE_S):
            event = await waiting.get()
            if isinstance(event, bytes):
                return event
            what, exchange = event
            return b"event: " + what.encode() + b"\ndata: " + dumps(exchange) + b"\n\n"
    return b": still here\n\n"


def _json(value: dict[str, Any]) -> Response:
    return json_response(value, headers={"Cache-Control": "no-store"})
