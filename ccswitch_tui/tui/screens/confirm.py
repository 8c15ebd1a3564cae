"""One question before what is hard to take back; `esc` is no."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.screens.base import Sheet, bindings
from ccswitch_tui.tui.widgets.line import Line


class ConfirmSheet(Sheet[bool | None]):
    """True for yes, None for no."""

    PLACE = "confirm"
    BINDINGS = bindings("confirm")

    def __init__(self, question: str, consequence: str = "") -> None:
        super().__init__()
        self.question = question
        self.consequence = consequence

    def body(self) -> ComposeResult:
        yield Static(look.line((look.quoted(self.question), look.NAME)), classes="title")
        yield Static(look.quoted_lines(self.consequence), markup=False, classes="aside")

    def do_yes(self) -> None:
        self.dismiss(True)


class AskSheet(Sheet[str | None]):
    """One line of text; None when it was not given."""

    PLACE = "ask"
    BINDINGS = bindings("ask")
    AUTO_FOCUS = "Input"

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def body(self) -> ComposeResult:
        yield Static(look.line((look.quoted(self.question), look.NAME)), classes="title")
        yield Line()

    @on(Input.Submitted)
    def do_answer(self) -> None:
        self.dismiss(self.query_one(Input).value.strip() or None)


class DirtySheet(ConfirmSheet):
    """Leaving a form with changes: True saves, False throws them away, None stays."""

    PLACE = "dirty"
    BINDINGS = bindings("dirty")

    def do_discard(self) -> None:
        self.dismiss(False)
