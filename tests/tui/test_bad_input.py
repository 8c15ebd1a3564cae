"""What a person does by mistake: the wrong clipboard in any field, a terminal too small in the middle of a question."""

from __future__ import annotations

import time

import pytest
from textual.widgets import Input
from tui_kit import paste, screen_text, sees, until

from ccswitch_tui.demo.world import DemoContext
from conftest import OpenApp

WRONG = {
    "5 MB on one line": "x" * 5_000_000,
    "5 MB of lines": "some text\n" * 500_000,
    "binary": "\x7fELF\x02\x01\0\0\0\x1b]0;title\x07" * 200,
    "escape sequences": "name\x1b[31m\x1b]52;c;ZXZpbA==\x07red",
}
FIELDS = {
    "home's filter": ("slash",),
    "why's filter": ("w", "slash"),
    "the form": ("e",),
    "the catalogue's search": ("a", "ctrl+t"),
}


@pytest.mark.parametrize("keys", FIELDS.values(), ids=FIELDS)
async def test_the_wrong_clipboard_neither_freezes_nor_draws_anything_odd(
    open_app: OpenApp, keys: tuple[str, ...]
) -> None:
    async with open_app() as pilot:
        for key in keys:
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.screen.query(Input) or keys[0] == "a")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        for name, text in WRONG.items():
            began = time.monotonic()
            await paste(pilot, text)
            drawn = screen_text(pilot.app)
            assert time.monotonic() - began < 5, name
            assert all(c.isprintable() or c == "\n" for c in drawn), name
            assert all(len(field.value) <= 4096 for field in pilot.app.screen.query(Input)), name


async def test_a_key_pasted_into_a_line_is_covered_there_and_in_what_is_copied(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await paste(pilot, "\n  sk-example-in-the-filter-4711-0815  \nsecond")
        line = pilot.app.screen.query_one(Input)
        assert line.value == "sk-example-in-the-filter-4711-0815"
        assert "in-the-filter" not in screen_text(pilot.app)
        line.select_all()
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app.clipboard)
        assert "in-the-filter" not in pilot.app.clipboard


async def test_a_name_with_controls_is_refused_and_one_that_exists_is_said(
    open_app: OpenApp, world: DemoContext
) -> None:
    async with open_app() as pilot:
        await pilot.press("a")
        await sees(pilot, "Paste what works")
        await paste(pilot, world.curl)
        name = pilot.app.screen.query_one("#name", Input)
        await until(pilot, lambda: name.display)
        for wrong, said in (("demo", "there is already a profile 'demo'"), ("a/b", "'a/b'"), ("", "")):
            name.value = wrong
            await pilot.press("enter")
            await sees(pilot, said)
            assert pilot.app.screen.step == "source"  # type: ignore[attr-defined]


async def test_a_question_survives_a_terminal_that_is_too_small(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await pilot.press("d")
        await sees(pilot, "Delete 'demo'?")
        await pilot.resize_terminal(40, 10)
        await sees(pilot, "60×18 or larger")
        assert "Delete" not in screen_text(pilot.app)
        await pilot.resize_terminal(80, 24)
        await sees(pilot, "Delete 'demo'?")


@pytest.mark.parametrize("keys", ["", "a", "e", "D", "X", "A", "w", "h", "t", "p"])
async def test_every_place_works_at_sixty_by_eighteen_and_says_when_it_does_not(open_app: OpenApp, keys: str) -> None:
    async with open_app((60, 18)) as pilot:
        await pilot.press(*keys)
        await pilot.pause(0.4)
        assert "back" in screen_text(pilot.app) or "quit" in screen_text(pilot.app)
        await pilot.resize_terminal(59, 18)
        await sees(pilot, "60×18 or larger")
        await pilot.resize_terminal(60, 17)
        await sees(pilot, "60×18 or larger")
