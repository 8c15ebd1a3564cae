"""What was left on a key, with its age, on Home and in the picker; nobody is asked for it there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tui_kit import screen_text, sees, until
from tui_scenes import NOW, other, scene_world

from ccswitch_tui.balance.kept import to_bytes
from ccswitch_tui.balance.model import Balance, Meter
from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.budget import parse_budget
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.textfile import make_private_dir, write_private
from ccswitch_tui.tui.app import CcswitchApp
from ccswitch_tui.tui.picker import PickerApp


@pytest.fixture
def world() -> Iterator[DemoContext]:
    with scene_world() as made:
        yield made


def left(world: DemoContext, state: str, *meters: Meter, words: str = "") -> None:
    profile = world.book().get("corp")
    found = Balance(state, NOW - 480, "gateway.corp.example", str(profile.key), meters, words)  # type: ignore[arg-type]
    make_private_dir(world.paths.balances)
    write_private(f"{world.paths.balances}/corp.json", to_bytes(found))


@pytest.mark.parametrize(
    ("state", "meters", "words", "shown"),
    [
        ("known", [Meter("money", remaining=12.4, unit="CNY")], "", "✓ 12.40 CNY left"),
        ("known", [Meter("window", "5h", used_percent=80)], "", "✓ 5h 80% used"),
        ("empty", [Meter("money", remaining=-0.5, unit="USD")], "", "✗ -0.50 USD left"),
        ("refused", [], "the key was refused (HTTP 401)", "✗ the key was refused"),
        ("expired", [Meter("key", "key", remaining=3, unit="USD")], "", "✗ key 3.00 USD left"),
        ("unknown", [], "no way to ask", "· no way to ask"),
    ],
)
async def test_home_tells_wrong_expired_empty_and_unknown_apart_and_how_old_it_is(
    world: DemoContext, state: str, meters: list[Meter], words: str, shown: str
) -> None:
    left(world, state, *meters, words=words)
    async with CcswitchApp(world).run_test(size=(120, 36)) as pilot:
        await sees(pilot, "corp")
        while "gateway.corp.example" not in screen_text(pilot.app).split("address")[-1].split("\n")[0]:
            await pilot.press("j")
            await pilot.pause()
        await sees(pilot, shown)
        await sees(pilot, "asked 8")


async def test_the_picker_shows_it_beside_the_host(world: DemoContext) -> None:
    left(world, "known", Meter("money", remaining=12.4, unit="CNY"))
    async with PickerApp(world).run_test(size=(100, 20)) as pilot:
        await until(pilot, lambda: "12.40 CNY left" in screen_text(pilot.app))
        line = next(row for row in screen_text(pilot.app).splitlines() if "corp" in row)
        assert "gateway.corp.example" in line and "8 min" in line


async def test_home_shows_a_budget_that_is_used_up(world: DemoContext) -> None:
    from ccswitch_tui.proxy.books.usage import UsageBook, UsageRow

    budget = parse_budget({"day": "100 tokens", "stop": True})
    update_profiles(world.paths, {"corp": other("corp")._replace(budget=budget)})
    UsageBook(f"{world.paths.state_dir}/usage.sqlite3").add([UsageRow("2026-09-21", "corp", "m", 1, input_tokens=250)])
    async with CcswitchApp(world).run_test(size=(120, 36)) as pilot:
        await sees(pilot, "corp")
        for _ in range(6):
            if "250%" in screen_text(pilot.app):
                break
            await pilot.press("j")
            await pilot.pause(0.3)
        await sees(pilot, "250%")
        await sees(pilot, "requests are refused")
