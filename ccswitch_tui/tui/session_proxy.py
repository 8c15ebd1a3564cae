"""The session's part for the background proxy: start it, stop it, follow what passes through it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.tui.background import in_thread
from ccswitch_tui.tui.i18n import t

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.stopping import ProxyLoad


class Watching:
    """Looking starts nothing."""

    ctx: Context

    def proxy_load(self) -> ProxyLoad:
        """Whether the background proxy runs, and whom its end would touch."""
        from ccswitch_tui.workflows.stopping import proxy_load

        return proxy_load(self.ctx)

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
