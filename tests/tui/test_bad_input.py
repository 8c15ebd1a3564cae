"""What a person does by mistake: the wrong clipboard in any field, a terminal too small in the middle of a question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from textual.widgets import Input, TextArea
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
            began = time.process_time()  # and not the clock: others may want the processor too
            await paste(pilot, text)
            drawn = screen_text(pilot.app)
            assert time.process_time() - began < 5, name
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


PASTES = {
    "begins with a line break": ("\n\nhttps://api.example/v1", "https://api.example/v1", ""),
    "has a second line": ("https://api.example/v1\nand more\n", "https://api.example/v1", "first of 2 lines"),
    "does not fit": ("a" * 5000, "a" * 4096, "904 characters at the end did not fit"),
    "one line of a long text": ("\r\n  word  \r\n" + "x" * 300_000, "word", "first of 2 lines"),
    "nothing but blanks": (" \n\t\u3000\n", "", "nothing but blanks"),
}


@pytest.mark.parametrize(("text", "taken", "said"), PASTES.values(), ids=PASTES)
async def test_what_of_a_paste_does_not_go_into_a_line_is_said(
    open_app: OpenApp, text: str, taken: str, said: str
) -> None:
    async with open_app((100, 30)) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        line = pilot.app.screen.query_one(Input)
        await paste(pilot, text)
        await until(pilot, lambda: line.value == taken)
        told = " ".join(" ".join(str(n.message).split()) for n in pilot.app._notifications)
        assert said in told and (said or not told)


async def test_a_paste_goes_over_the_selection_and_beside_what_is_there(open_app: OpenApp) -> None:
    async with open_app((100, 30)) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        line = pilot.app.screen.query_one(Input)
        line.value = "x" * 4090
        line.cursor_position = 4090
        await paste(pilot, "123456789")
        await until(pilot, lambda: line.value.endswith("x123456"))
        line.select_all()
        await paste(pilot, "\nnew")
        await until(pilot, lambda: line.value == "new")


async def test_a_file_pasted_as_a_key_is_refused_with_a_word_and_a_wrapped_key_is_taken(open_app: OpenApp) -> None:
    from ccswitch_tui.tui.widgets.secret_field import SecretField

    async with open_app((100, 30)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        field = pilot.app.screen.query_one(SecretField)
        field.focus()
        await pilot.pause()
        await paste(pilot, "k" * 20_000)
        await sees(pilot, "20,000 characters are too long for a key")
        assert not field.filled
        await paste(pilot, "\n  \n")
        assert not field.filled
        await paste(pilot, "\nsk-example-0123456789\n")
        await until(pilot, lambda: field.filled)
        assert field.take().reveal() == "sk-example-0123456789"


async def test_a_megabyte_in_a_field_of_several_lines_is_refused_with_a_word(open_app: OpenApp) -> None:
    async with open_app((100, 30)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None))
        area = pilot.app.screen.query_one("#field-env", TextArea)
        area.focus()
        await pilot.pause()
        await paste(pilot, "A=1\n" * 300_000)
        await until(pilot, lambda: any("more than any" in str(n.message) for n in pilot.app._notifications))
        assert area.text == ""
        await paste(pilot, "A=1\nB=2")
        await until(pilot, lambda: area.text == "A=1\nB=2")


async def test_ten_thousand_requests_are_listed_and_searched(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn a few times and not ten thousand times: each drawing looks at all of them."""
    from ccswitch_tui.tui.screens import traffic
    from ccswitch_tui.tui.session import Session
    from ccswitch_tui.tui.widgets.rows import Rows

    async def many(self: Session) -> AsyncIterator[dict[str, Any]]:
        yield {}
        for n in range(10_000):
            yield {"id": n, "at": 1e9 + n, "profile": "demo", "asked": "sonnet", "model": f"m{n}", "status": 200,
                   "total_ms": 20.0}  # fmt: skip
        await asyncio.sleep(3600)

    drawn: list[int] = []
    show = traffic.TrafficScreen._show
    monkeypatch.setattr(traffic.TrafficScreen, "_show", lambda self: (drawn.append(1), show(self)))
    monkeypatch.setattr(Session, "traffic", many)
    monkeypatch.setattr(Session, "traffic_bodies", lambda self, at, number: {})
    async with open_app((100, 30)) as pilot:
        await pilot.press("t")
        screen: Any = pilot.app.screen
        await until(pilot, lambda: len(screen.query_one(Rows).rows) == 10_000)
        assert len(drawn) < 500
        assert screen.query_one(Rows).rows[0]["id"] == 9_999
        await pilot.press("slash")
        screen.query_one(Input).value = "m4711"
        await until(pilot, lambda: [row["id"] for row in screen.query_one(Rows).rows] == [4711])


@pytest.mark.parametrize("key", ["p", "c", "D", "t", "w", "h", "e", "X", "A", "K", "a"])
async def test_a_place_left_while_its_worker_runs_is_left_in_peace(open_app: OpenApp, key: str) -> None:
    """Straight in and out again: what still ends writes to nothing that is gone, and the app goes on."""
    async with open_app((100, 30)) as pilot:
        home = pilot.app.screen
        for _ in range(3):
            await pilot.press(key, "escape", "escape")
            await until(pilot, lambda: pilot.app.screen is home or pilot.app.screen.query("#ask, Input"))
            while pilot.app.screen is not home:
                await pilot.press("escape")
        await pilot.pause(0.3)
        await pilot.press("j")
        assert pilot.app._exception is None and pilot.app.is_running
