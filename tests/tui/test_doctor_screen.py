"""Doctor: the whole machine, then on a key one endpoint; each finding mended on a key where the app can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_kit import SIZES, check_golden, screen_text, sees, until
from tui_scenes import steady

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.profiles.model import Endpoint, Profile, SecretRef
from ccswitch_tui.profiles.store import update_profiles
from ccswitch_tui.tui.screens.doctor import Found
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows.diagnose import diagnose
from conftest import OpenApp


def kinds(pilot: Pilot[Any]) -> list[str]:
    return [row.finding.kind for row in pilot.app.screen_stack[1].query_one(Rows).rows if isinstance(row, Found)]


async def opened(pilot: Pilot[Any]) -> None:
    await pilot.press("D")
    await sees(pilot, "checks, ")


async def go_to(pilot: Pilot[Any], kind: str) -> None:
    await pilot.press("g", *["j"] * kinds(pilot).index(kind))


@pytest.mark.parametrize("size", SIZES)
async def test_it_names_what_is_wrong_and_copies_the_command(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int]
) -> None:
    Path(world.paths.user_settings).write_text('{"env": {}, // a comment\n}', encoding="utf-8")
    async with open_app(size) as pilot:
        await opened(pilot)
        await sees(pilot, "settings file cannot be read")
        rows = pilot.app.screen.query_one(Rows)
        at = next(i for i, row in enumerate(rows.rows) if row.finding.fix and row.finding.fix.commands)
        await pilot.press(*["j"] * at, "y")
        await sees(pilot, "copied the commands")
        assert pilot.app.clipboard == "\n".join(rows.rows[at].finding.fix.commands)


async def test_it_finds_what_the_command_line_finds_whatever_profile_is_chosen(
    open_app: OpenApp, world: DemoContext
) -> None:
    """The one with the trouble is not the one under the cursor."""
    bad = Profile("zz-bad", Endpoint("http://far.example/v1", "openai-chat"), SecretRef("env", "NOWHERE"))
    update_profiles(world.paths, {"zz-bad": bad})
    async with open_app() as pilot:
        await opened(pilot)
        assert kinds(pilot) == [finding.kind for finding in diagnose(world)[0]]
        assert {"plain-http", "key-absent"} <= set(kinds(pilot))


@pytest.mark.parametrize("size", SIZES)
async def test_the_last_rows_are_what_was_looked_at_and_beside_them_all_that_was_found(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await opened(pilot)
        await pilot.press("G")
        await sees(pilot, "room for files")
        await sees(pilot, "No endpoint was contacted")
        await sees(pilot, "fix  install it, or fix the PATH")
        check_golden(f"doctor-{size[0]}x{size[1]}", steady(screen_text(pilot.app), world))


async def test_the_endpoint_of_the_chosen_profile_joins_on_a_key_and_is_mended_on_one(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("j")
        await opened(pilot)
        assert "model-not-found" not in kinds(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "model-not-found" in kinds(pilot))
        await go_to(pilot, "model-not-found")
        await sees(pilot, "misspelt: there is no such model here")
        await pilot.press("f")
        await until(pilot, lambda: "model-not-found" not in kinds(pilot) and not pilot.app.screen.busy)
        assert world.book().get("misspelt").models.default == "demo-large"


async def test_a_drift_is_mended_by_using_the_profile_again(
    open_app: OpenApp, world: DemoContext, settings: Path
) -> None:
    async with open_app() as pilot:
        await pilot.press("enter")
        await sees(pilot, "now uses 'demo'")
        tree = json.loads(settings.read_text(encoding="utf-8"))
        tree["env"]["ANTHROPIC_MODEL"] = "by-hand"
        settings.write_text(json.dumps(tree), encoding="utf-8")
        await opened(pilot)
        await go_to(pilot, "drift")
        await pilot.press("f")
        await sees(pilot, "more than our own keys would change")
        await pilot.press("enter")
        await sees(pilot, "now uses 'demo'")
        await until(pilot, lambda: "drift" not in kinds(pilot))
        assert "by-hand" not in settings.read_text(encoding="utf-8")


async def test_an_unencrypted_address_is_mended_in_its_own_profile(open_app: OpenApp, world: DemoContext) -> None:
    bad = Profile("zz-bad", Endpoint("http://far.example/v1", "openai-chat"), SecretRef("env", "NOWHERE"))
    update_profiles(world.paths, {"zz-bad": bad})
    async with open_app() as pilot:
        await opened(pilot)
        await go_to(pilot, "plain-http")
        await pilot.press("f")
        await until(pilot, lambda: "plain-http" not in kinds(pilot))
        assert world.book().get("zz-bad").endpoint.base_url == "https://far.example/v1"


async def test_a_missing_key_leads_to_the_form(open_app: OpenApp, world: DemoContext) -> None:
    world.keys.remove("misspelt")
    async with open_app() as pilot:
        await opened(pilot)
        await go_to(pilot, "key-absent")
        await pilot.press("f")
        await sees(pilot, "Edit misspelt")
        await pilot.press("escape")
        await sees(pilot, "checks, ")
