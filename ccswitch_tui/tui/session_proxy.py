"""The session's part for the background proxy: start it, stop it, follow what passes through it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.tui.background import in_thread
from ccswitch_tui.tui.i18n import t

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context


class ProxyLoad(NamedTuple):
    """What hangs on the background proxy now."""

    running: bool
    requests: int = 0
    """Under way through it."""
    sessions: int = 0
    """Of Claude Code, running on this machine."""
    holds_keys: bool = False
    """The opened key file is in its memory."""

    @property
    def idle(self) -> bool:
        return not (self.requests or self.sessions or self.holds_keys)


class Watching:
    """Looking starts nothing."""

    ctx: Context

    def proxy_load(self) -> ProxyLoad:
        """Whether the background proxy runs, and whom its end would touch."""
        from ccswitch_tui.claude.sessions import running_sessions
        from ccswitch_tui.workflows.keys import store_status
        from ccswitch_tui.workflows.traffic import running_status

        found, more = running_status(self.ctx)
        if not found.running:
            return ProxyLoad(False)
        keys = store_status(self.ctx)
        sessions = len(running_sessions(self.ctx.paths.claude_dir))
        holds_keys = keys.kind == "encrypted-file" and bool(keys.unlocked)
        return ProxyLoad(True, int(more.get("running", 0)), sessions, holds_keys)

    def start_proxy(self) -> str:
        """Starts the background proxy and says where it listens."""
        started = self.ctx.proxy.ensure_running()
        return t("proxy.started", host=started.host, port=started.port)

    def stop_proxy(self) -> str:
        """Ends the background proxy; what is under way is finished first."""
        finishing = self.ctx.proxy.stop().finishing
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
