"""The settings show where web searches go, and switch them off with a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_kit import sees, until

from ccswitch_tui.profiles.search_source import parse_search
from ccswitch_tui.profiles.store import load_profiles, save_search


async def test_without_a_source_the_command_that_names_one_is_copied(open_app: Callable[..., Any]) -> None:
    async with open_app() as pilot:
        await pilot.press("comma")
        await sees(pilot, "web search")
        await pilot.press("end", "enter")
        await sees(pilot, "the command that names a source")


async def test_a_source_is_shown_and_switched_off_after_a_question(open_app: Callable[..., Any], world: Any) -> None:
    save_search(world.paths, parse_search("searxng:http://127.0.0.1:8888"))
    async with open_app() as pilot:
        await pilot.press("comma")
        await sees(pilot, "searxng · 127.0.0.1:8888")
        await pilot.press("end", "enter")
        await sees(pilot, "Turn web search off?")
        await pilot.press("y")
        await until(pilot, lambda: load_profiles(world.paths).search is None)
