"""The secret field: nothing of the key in messages, paint, representation or state that is not wiped."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from tui_kit import paste, screen_text

from ccswitch_tui.credentials.base import clean_key
from ccswitch_tui.errors import UsageError
from ccswitch_tui.tui.widgets.secret_field import LONGEST_KEY, SecretField

KEY = "sk-example-field-4711"


class Form(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def compose(self) -> ComposeResult:
        yield SecretField()

    def on_secret_field_changed(self, message: SecretField.Changed) -> None:
        self.heard.append(message)

    def on_secret_field_submitted(self, message: SecretField.Submitted) -> None:
        self.heard.append(message)


@pytest.fixture
def form() -> Form:
    return Form()


async def test_what_is_typed_is_taken_once_and_then_gone(form: Form) -> None:
    async with form.run_test() as pilot:
        await pilot.press(*KEY)
        field = form.query_one(SecretField)
        assert field.take().reveal() == KEY
        assert not field.filled


async def test_messages_and_paint_tell_only_that_it_is_filled(form: Form) -> None:
    async with form.run_test() as pilot:
        await pilot.press(*KEY, "enter")
        await pilot.pause()
        assert "4711" not in repr(form.heard)
        assert "4711" not in screen_text(form)
        assert "4711" not in repr(vars(form.query_one(SecretField)).get("_reactive_value", ""))
        assert any(isinstance(m, SecretField.Submitted) for m in form.heard)


async def test_the_number_of_dots_tells_nothing(form: Form) -> None:
    async with form.run_test() as pilot:
        await pilot.press("a")
        one = screen_text(form)
        await pilot.press(*"bcdefghijklmnop")
        assert screen_text(form) == one


async def test_a_paste_loses_line_ends_quotes_and_blanks(form: Form) -> None:
    async with form.run_test() as pilot:
        await paste(pilot, f' "{KEY}"\r\n')
        assert form.query_one(SecretField).take().reveal() == KEY


@pytest.mark.parametrize("text", [f"Bearer {KEY}", f"export ACME_API_KEY={KEY}", f"API key: {KEY}", f"{KEY} (mine)"])
async def test_what_stands_round_a_key_is_not_run_together_with_it(form: Form, text: str) -> None:
    async with form.run_test() as pilot:
        await paste(pilot, text)
        assert clean_key(form.query_one(SecretField).take().reveal()).reveal() == KEY


async def test_a_key_broken_over_two_lines_is_not_glued_in_silence(form: Form) -> None:
    async with form.run_test() as pilot:
        await paste(pilot, f"{KEY[:12]}\n{KEY[12:]}")
        with pytest.raises(UsageError, match="several lines"):
            clean_key(form.query_one(SecretField).take().reveal())


async def test_a_paste_that_is_no_key_is_refused_and_what_was_there_stays(form: Form) -> None:
    async with form.run_test() as pilot:
        await pilot.press(*"abc")
        await paste(pilot, "x" * 5_000_000)
        assert form.query_one(SecretField).take().reveal() == "abc"


async def test_the_longest_key_fits(form: Form) -> None:
    async with form.run_test() as pilot:
        await paste(pilot, "x" * LONGEST_KEY)
        assert len(form.query_one(SecretField).take().reveal()) == LONGEST_KEY


async def test_backspace_and_clear_work(form: Form) -> None:
    async with form.run_test() as pilot:
        await pilot.press(*"abc", "backspace")
        field = form.query_one(SecretField)
        assert field.take().reveal() == "ab"
        await pilot.press(*"abc", "ctrl+u")
        assert not field.filled
