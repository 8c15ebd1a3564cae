"""A demo's world to act in, and the app over it at a chosen size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.app import App
from textual.dom import NoScreen
from textual.pilot import Pilot
from tui_kit import PATIENCE_S, screen_text, until

from ccswitch_tui.demo.world import DemoContext, demo_context
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.i18n import use_language

OpenApp = Callable[..., AbstractAsyncContextManager[Pilot[Any]]]


@pytest.fixture
def world() -> Iterator[DemoContext]:
    """Scratch home, provider and proxy of the demo; speaks English."""
    with demo_context({"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "en_US.UTF-8"}) as ctx:
        yield ctx
    use_language("en")


@pytest.fixture(autouse=True)
def notices_wait_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice goes by the clock, which a busy machine does not keep."""
    notify = App.notify

    def lasting(app: App[Any], message: str, **more: Any) -> None:
        notify(app, message, **{**more, "timeout": PATIENCE_S})

    monkeypatch.setattr(App, "notify", lasting)


@pytest.fixture(autouse=True)
def frames_nobody_sees_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of an app's time: sixty frames a second for no terminal. `screen_text` draws when a test looks."""

    def undrawn(compositor: Compositor, *given: Any, **more: Any) -> None:
        compositor._dirty_regions.clear()

    monkeypatch.setattr(Compositor, "render_update", undrawn)


@pytest.fixture
def open_app(world: DemoContext) -> OpenApp:
    """Opens the app over the demo's world; the profiles are on the screen when the block begins."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24), ctx: Any = None) -> AsyncIterator[Pilot[Any]]:
        app = CcswitchApp(ctx or world)
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.session.now.stamp, "the first look at the files")
            yield pilot
            with suppress(NoScreen):  # a widget that is just taken away
                screen_text(app)  # what it ended with can be drawn, whether the test looked or not

    return opened


@pytest.fixture
def settings(world: DemoContext) -> Path:
    """Claude Code's settings file of the demo's user."""
    return Path(world.paths.user_settings)
