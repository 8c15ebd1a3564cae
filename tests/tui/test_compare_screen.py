"""Compare in the app: nothing is asked before `p`; rows fill in as they are done; `esc` stops; leaving stops too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.widgets import Input
from tui_kit import screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.probe.model import ProbeReport
from ccswitch_tui.tui.filtering import passes
from ccswitch_tui.tui.screens.compare import CompareScreen
from ccswitch_tui.tui.screens.home import HomeScreen
from ccswitch_tui.tui.views import Row
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows import examine as examining
from conftest import OpenApp


async def test_nothing_is_asked_before_p_and_then_every_row_has_a_verdict(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    whole = examining.examine

    async def counted(ctx: Any, target: Any, *given: Any, **more: Any) -> ProbeReport:
        asked.append(target.name)
        return await whole(ctx, target, *given, **more)

    monkeypatch.setattr(examining, "examine", counted)
    async with open_app((120, 36)) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: getattr(pilot.app.screen, "every", None))
        await sees(pilot, "Never probed")
        assert not asked
        await pilot.press("p")
        await until(pilot, lambda: len(asked) == 3 and not pilot.app.screen.running)  # type: ignore[attr-defined]
        assert "translated" in screen_text(pilot.app)
        assert screen_text(pilot.app).count("broken") >= 2
        rows = pilot.app.screen.query_one(Rows).rows
        assert rows[0].name == "demo" and rows[0].first_token_ms is not None


async def stuck(ctx: Any, target: Any, *given: Any, **more: Any) -> ProbeReport:
    """A probe that never ends by itself."""
    await asyncio.sleep(3600)
    raise AssertionError


async def test_escape_stops_what_runs_before_it_leaves(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "examine", stuck)
    async with open_app((100, 30)) as pilot:
        await pilot.press("c")
        screen: Any = pilot.app.screen
        await until(pilot, lambda: screen.every)
        await pilot.press("p")
        await until(pilot, lambda: any(live.since for live in screen.live.values()))
        await pilot.press("escape")
        await until(pilot, lambda: not screen.running)
        assert pilot.app.screen is screen and not screen.live
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


async def test_using_one_while_they_are_probed_leaves_nothing_running(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "examine", stuck)
    async with open_app((100, 30)) as pilot:
        await pilot.press("c")
        screen: Any = pilot.app.screen
        await until(pilot, lambda: screen.every)
        await pilot.press("p")
        await until(pilot, lambda: any(live.since for live in screen.live.values()))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        await sees(pilot, "● demo")
        await until(pilot, lambda: not [w for w in pilot.app.workers if w.group == "compare" and w.is_running])


async def test_the_filter_of_home_goes_along_and_a_tag_is_found(open_app: OpenApp, world: DemoContext) -> None:
    from ccswitch_tui.profiles.store import update_profiles

    update_profiles(world.paths, {**world.book().profiles,
                                  "mine": world.book().get("demo")._replace(name="mine", tags=("Work",))})  # fmt: skip
    async with open_app() as pilot:
        await pilot.press("/")
        pilot.app.screen.query_one(Input).value = "#wo"
        await pilot.press("enter")
        await until(pilot, lambda: [r.name for r in pilot.app.screen.query_one(Rows).rows] == ["mine"])
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen) and pilot.app.screen.every)
        assert [r.name for r in pilot.app.screen.query_one(Rows).rows] == ["mine"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [("#work", True), ("#WO", True), ("#rk", False), ("#", True), ("demo #work", True), ("other #work", False)],
)
def test_a_tag_is_found_by_how_it_begins(typed: str, found: bool, world: DemoContext) -> None:
    row = Row(world.book().get("demo")._replace(tags=("Work", "fast")))
    assert passes(row, typed) is found


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 36), (200, 50)])
async def test_every_row_fits_its_line(size: tuple[int, int], open_app: OpenApp, world: DemoContext) -> None:
    from ccswitch_tui.prices.model import Price
    from ccswitch_tui.prices.model import Step as PriceStep
    from ccswitch_tui.profiles.store import update_profiles
    from ccswitch_tui.tui.compared import Live, draw_compared, heading_of
    from ccswitch_tui.workflows.compare import Compared

    wide = world.book().get("demo")._replace(name="配" * 64, tags=("x",))
    update_profiles(world.paths, {**world.book().profiles})
    row = Compared(wide, "模" * 200, "translate", "works", "", (("url", "ok"), ("stream", "warn")), 123_456.0, 99_999.0,
                   "2026-01-01T00:00:00Z", 3, Price((PriceStep(0, 123.456, 9_999.5),), "CNYCNYCN"))  # fmt: skip
    async with open_app(size):
        for live in (None, Live(), Live(0.1, (("url", "ok"),))):
            assert draw_compared(row, size[0], live, "default", 200_000.0, 1e9).cell_length <= size[0] + 2
        assert heading_of(size[0]).cell_length <= size[0] + 2
