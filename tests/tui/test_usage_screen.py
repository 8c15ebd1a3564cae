"""Usage: sums that can be taken apart, bars without colour, budgets, and files for other programs."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_kit import screen_text, sees, until
from tui_scenes import NOW, fill_book, other, scene_world

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.budget import parse_budget
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui import look
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.screens.usage import UsageScreen
from ccswitch_tui.tui.widgets.rows import Rows


@pytest.fixture
def world() -> Iterator[DemoContext]:
    with scene_world() as made:
        yield made


@pytest.fixture(autouse=True)
def unicode_again() -> Iterator[None]:
    yield
    look.use_ascii(False)


async def opened(pilot: Pilot[Any]) -> UsageScreen:
    await pilot.press("$")
    await until(pilot, lambda: isinstance(pilot.app.screen, UsageScreen) and pilot.app.screen.view is not None)
    screen = pilot.app.screen
    assert isinstance(screen, UsageScreen)
    return screen


def names(screen: UsageScreen) -> list[str]:
    return [row[screen.shown.by] for row in screen.query_one(Rows).rows]


async def test_nothing_counted_is_said_and_claims_no_zero(world: DemoContext) -> None:
    async with CcswitchApp(world).run_test(size=(100, 28)) as pilot:
        await opened(pilot)
        await sees(pilot, "Nothing was counted")
        assert "0 requests" not in screen_text(pilot.app)


async def test_rows_are_taken_apart_and_put_together_again(world: DemoContext) -> None:
    fill_book(world)
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: len(names(screen)) == 6)
        assert names(screen)[0] == "2026-09-21" and names(screen) == sorted(names(screen), reverse=True)
        await pilot.press("enter")
        await until(pilot, lambda: screen.view is not None and names(screen) and screen.shown.by == "profile")
        await until(pilot, lambda: set(names(screen)) == {"moonshine", "corp", "local"})
        await pilot.press("enter")
        await until(pilot, lambda: screen.shown.by == "model" and len(names(screen)) == 1)
        assert screen.shown.only["day"] == "2026-09-21"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: screen.shown.by == "day" and len(names(screen)) == 6)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, UsageScreen))


async def test_every_sum_is_of_the_same_requests(world: DemoContext) -> None:
    fill_book(world)
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        seen = {}
        for by in ("day", "profile", "model", "project", "session"):
            await until(pilot, lambda by=by: screen.shown.by == by and screen.view and screen.view.rows)  # type: ignore[misc]
            await until(pilot, lambda: screen.view is not None and names(screen))
            await pilot.pause()
            assert screen.view is not None
            seen[by] = (screen.view.total["requests"], screen.view.total["cost"])
            await pilot.press("tab")
        assert len({str(total) for total in seen.values()}) == 1, seen
        assert any("/home/ada/shop" in str(row["project"]) for row in world_rows(world, "project"))


def world_rows(world: DemoContext, by: str) -> list[dict[str, Any]]:
    from ccswitch_tui.workflows.usage import usage

    return usage(world, by=by)


async def test_spans_bars_and_the_filter(world: DemoContext) -> None:
    fill_book(world, days=30)
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: len(names(screen)) == 6)
        await pilot.press("space")
        await until(pilot, lambda: screen.shown.span == "month" and len(names(screen)) > 6)
        await pilot.press("space", "space")
        await until(pilot, lambda: screen.shown.span == "all" and len(names(screen)) > 20)
        assert screen.view is not None and screen.view.measure == "cost:USD"
        await pilot.press("m")
        await until(pilot, lambda: screen.view is not None and screen.view.measure == "tokens")
        await pilot.press("slash")
        await pilot.press(*"09-20")
        await until(pilot, lambda: names(screen) == ["2026-09-20"])
        await pilot.press("escape")
        await until(pilot, lambda: len(names(screen)) > 20)


async def test_estimates_are_marked_and_what_is_unknown_is_no_zero(world: DemoContext) -> None:
    fill_book(world)
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "corp" in names(screen))
        await sees(pilot, "~3.67+ USD")
        await sees(pilot, "by the public list, an estimate")
        lines = screen_text(pilot.app).splitlines()
        local = next(line for line in lines if line.lstrip().startswith("local"))
        assert "~1.4M" in local and "0.00" not in local


async def test_ascii_shows_the_same_without_a_block(world: DemoContext) -> None:
    fill_book(world)
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        look.use_ascii(True)
        screen = await opened(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "corp" in names(screen))
        await sees(pilot, "=====")
        shown = screen_text(pilot.app)
        assert not set(shown) & set("█▓▒░━╸▁▂▃▄▅▆▇")


async def test_a_budget_that_stops_is_a_bar_and_a_word(world: DemoContext) -> None:
    fill_book(world)
    budget = parse_budget({"month": "1 USD", "day": "40M tokens", "stop": True})
    update_profiles(world.paths, {"moonshine": other("moonshine")._replace(budget=budget)})
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "moonshine" in names(screen))
        await pilot.press("j")
        await sees(pilot, "105%")
        await sees(pilot, "requests are refused")


async def test_what_is_shown_goes_into_files_of_ones_own(world: DemoContext) -> None:
    fill_book(world)
    async with CcswitchApp(world).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: len(names(screen)) == 6)
        await pilot.press("E")
        folder = Path(world.paths.state_dir) / "exports"
        await until(pilot, lambda: folder.is_dir() and len(os.listdir(folder)) == 2)
        (table,) = folder.glob("*.csv")
        document = json.loads(table.with_suffix(".json").read_text())
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert sum(int(row["requests"] or 0) for row in rows) == document["total"]["requests"] > 0
        assert table.stat().st_mode & 0o777 == 0o600 or os.name == "nt"


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (200, 50)])
async def test_every_size_shows_names_bars_and_cost(world: DemoContext, size: tuple[int, int]) -> None:
    fill_book(world)
    async with CcswitchApp(world).run_test(size=size) as pilot:
        screen = await opened(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "corp" in names(screen))
        await sees(pilot, "━")
        await sees(pilot, "USD")
        assert NOW
