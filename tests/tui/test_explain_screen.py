"""Explain: pasted or typed, masked, explained, proved against the endpoint."""

from __future__ import annotations

import pytest
from tui_kit import SIZES, check_golden, paste, screen_text, sees, until
from tui_scenes import steady

from ccswitch_tui.demo.world import DemoContext
from ccswitch_tui.tui.widgets.paste_area import PasteArea
from ccswitch_tui.tui.widgets.rows import Rows
from conftest import OpenApp

KEY = "sk-example-explained-0815-4711"
NO_MODEL = "There's an issue with the selected model (demo-lagre). It may not exist or you may not have access to it."


@pytest.mark.parametrize("size", SIZES)
async def test_a_paste_is_explained_and_its_key_masked(
    open_app: OpenApp, world: DemoContext, size: tuple[int, int]
) -> None:
    async with open_app(size) as pilot:
        await pilot.press("j", "X")
        await sees(pilot, "Paste an error message")
        await paste(pilot, f"Authorization: Bearer {KEY}\n{NO_MODEL}")
        await sees(pilot, "means")
        shown = screen_text(pilot.app)
        assert KEY not in shown
        assert "misspelt" in shown
        check_golden(f"explain-{size[0]}x{size[1]}", steady(shown, world))
        await pilot.press("y")
        await sees(pilot, "copied the commands")
        assert "ccswitch-tui" in pilot.app.clipboard


async def test_what_is_typed_is_explained_on_a_key(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("X", *"429 too many requests", "ctrl+n")
        await sees(pilot, "means")


async def test_a_message_nobody_knows_is_said_to_be_unknown(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("X")
        await sees(pilot, "Paste an error message")
        await paste(pilot, "the cat sat on the mat")
        await sees(pilot, "Nothing in this message is known.")


async def test_the_cause_is_proved_by_the_rung_that_shows_it(open_app: OpenApp) -> None:
    async with open_app((120, 36)) as pilot:
        await pilot.press("j", "X")
        await sees(pilot, "Paste an error message")
        await paste(pilot, NO_MODEL)
        await until(pilot, lambda: pilot.app.screen.query_one(Rows).has_focus)
        await pilot.press("p")
        await sees(pilot, "there is no such model here")


async def test_five_megabytes_and_binary_are_refused_in_words(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("X")
        await sees(pilot, "Paste an error message")
        await paste(pilot, "error " * 900_000)
        await sees(pilot, "paste only the end of it")
        await paste(pilot, "\x7fELF\x00\x01" * 100)
        await sees(pilot, "binary file")
        assert pilot.app.screen.query_one(PasteArea).text == ""
