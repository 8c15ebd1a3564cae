"""The session's part for the background proxy: start it, stop it, follow what passes through it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.sentence import quoting
from ccswitch_tui.tui.background import in_thread
from ccswitch_tui.tui.i18n import t

if TYPE_CHECKING:
    from ccswitch_tui.profiles.budget import BudgetState
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.stopping import ProxyLoad


class Pulse(NamedTuple):
    """How things are going today, as far as it is known without starting anything."""

    running: bool = False
    """The background proxy."""
    sessions: int = 0
    """Of Claude Code, on this machine."""
    today: Mapping[str, Mapping[str, Any]] = {}
    """Profile to what it answered today, as `proxy usage` counts it."""
    budgets: Mapping[str, BudgetState] = {}
    """Of the profiles that have one."""

    def total(self, count: str) -> int:
        """One count of all profiles."""
        return sum(int(row.get(count) or 0) for row in self.today.values())


MOST_LATEST = 200
"""Exchanges asked for where only those of one profile are shown."""


class Watching:
    """Looking starts nothing."""

    ctx: Context

    def proxy_load(self) -> ProxyLoad:
        """Whether the background proxy runs, and whom its end would touch."""
        from ccswitch_tui.workflows.stopping import proxy_load

        return proxy_load(self.ctx)

    def pulse(self) -> Pulse:
        """Sessions, and what was used since midnight. Looking starts nothing."""
        import time

        from ccswitch_tui.claude.sessions import running_sessions
        from ccswitch_tui.workflows.budgets import budget_states
        from ccswitch_tui.workflows.usage import usage

        running = self.ctx.proxy.status().running
        try:
            rows = usage(self.ctx, since=time.strftime("%Y-%m-%d", time.localtime(self.ctx.clock())), by="profile")
            budgets = budget_states(self.ctx)
        except CcswitchError:
            rows, budgets = [], {}
        sessions = len(running_sessions(self.ctx.paths.claude_dir))
        return Pulse(running, sessions, {row["profile"]: row for row in rows}, budgets)

    def latest(self, name: str) -> list[dict[str, Any]]:
        """What the proxy that runs still holds of a profile's exchanges, newest first; starts nothing."""
        from ccswitch_tui.workflows.traffic import recent

        try:
            flows = recent(self.ctx, MOST_LATEST)
        except CcswitchError:
            return []
        own = [flow for flow in flows if name in (flow.get("profile"), flow.get("route"))]
        return sorted(own, key=lambda flow: (flow.get("at") or 0.0, flow.get("id") or 0), reverse=True)

    def start_proxy(self) -> str:
        """Starts the background proxy and says where it listens."""
        started = self.ctx.proxy.ensure_running()
        return t("proxy.started", host=started.host, port=started.port)

    def stop_proxy(self) -> str:
        """Ends the background proxy; what is under way is finished first."""
        from ccswitch_tui.workflows.stopping import stop_proxy

        finishing = stop_proxy(self.ctx).finishing
        return t("proxy.finishing", n=finishing) if finishing else t("proxy.stopped")

    async def traffic(self) -> AsyncIterator[dict[str, Any]]:
        """Exchanges as the proxy tells them, {} once it is connected; ends when the proxy does.

        Raises CcswitchError when it does not run.
        """
        import asyncio
        import threading

        from ccswitch_tui.workflows.traffic import follow, recent

        events: asyncio.Queue[dict[str, Any] | CcswitchError | None] = asyncio.Queue()
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def put(item: dict[str, Any] | CcswitchError | None) -> None:
            with contextlib.suppress(RuntimeError):  # the app has gone meanwhile
                loop.call_soon_threadsafe(events.put_nowait, item)

        def pump() -> None:
            try:
                for event in follow(self.ctx, stop=stop):
                    put(event.exchange)
                put(None)
            except CcswitchError as error:
                put(error)

        threading.Thread(target=pump, daemon=True, name="ccswitch traffic").start()
        try:
            for flow in reversed(await in_thread(recent, self.ctx)):
                yield flow
            if not (await in_thread(self.ctx.proxy.status)).running:
                return
            yield {}
            while (event := await events.get()) is not None:
                if isinstance(event, CcswitchError):
                    raise event
                yield event
        finally:
            stop.set()

    def traffic_bodies(self, at: float, number: int) -> dict[str, str]:
        """The four bodies of one exchange, masked; empty when they are no longer held.

        `at` tells it from one of the same number of another proxy, which ran before or runs now.
        """
        from ccswitch_tui.workflows.traffic import one_exchange

        try:
            found = one_exchange(self.ctx, number)
        except CcswitchError:
            return {}
        return dict(found.get("bodies") or {}) if found["exchange"].get("at") == at else {}

    def traffic_curl(self, flow: Mapping[str, Any]) -> str:
        """The endpoint's side of one exchange as a curl command. Raises CcswitchError when it is no longer kept."""
        from ccswitch_tui.workflows.traffic_export import curl_of

        bodies, url, headers = self._exported(flow)
        return curl_of(url, headers, bodies["sent"])

    def traffic_har(self, flow: Mapping[str, Any]) -> str:
        """Writes one exchange as HAR, for this user only, and says where."""
        import os

        from ccswitch_tui.textfile import read_bytes, replace_text, sha256_of
        from ccswitch_tui.workflows.traffic_export import har_of

        bodies, url, _ = self._exported(flow)
        name = f"{flow['profile']}-{int(flow['at'])}-{flow['id']}.har"
        path = os.path.join(self.ctx.paths.state_dir, "exports", name)
        text = har_of(flow, bodies, url).encode()
        replace_text(path, text, expected_sha256=sha256_of(read_bytes(path)), private=True)
        return path

    def _exported(self, flow: Mapping[str, Any]) -> tuple[dict[str, str], str, dict[str, str]]:
        """The bodies of an exchange, and where and with which headers its endpoint is asked."""
        bodies = self.traffic_bodies(flow["at"], flow["id"])
        if not bodies.get("sent"):
            raise CcswitchError(quoting(t("traffic.no_bodies")))
        endpoint = self.ctx.book().get(flow.get("route") or flow["profile"]).endpoint
        headers = {"content-type": "application/json", **endpoint.format.headers}
        return bodies, endpoint.base_url.rstrip("/") + endpoint.format.ask, headers
