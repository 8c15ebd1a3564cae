"""What every step of the wizard is: a pane with its own keys that hands on a Setup or steps back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from ccswitch_tui.tui import keys
from ccswitch_tui.tui.screens.base import Doing
from ccswitch_tui.tui.widgets.keybar import KeyBar
from ccswitch_tui.workflows.setup import Saved, Setup


class Pane(Doing, Vertical):
    """One step. Subclasses name PLACE and BINDINGS, compose `body`, and post Done."""

    PLACE: ClassVar[str] = ""
    FOCUS: ClassVar[str] = ""
    """What has the focus when the step begins."""

    @dataclass
    class Done(Message):
        """The step is finished; `to` names another step than the next one."""

        setup: Setup
        to: str = ""
        saved: Saved | None = None
        """What this step saved, while it can still be taken back with esc."""

    class Back(Message):
        """One step back."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self.setup = setup

    def compose(self) -> ComposeResult:
        yield from self.body()
        yield KeyBar(keys.keys_of(self.PLACE), self)

    def body(self) -> ComposeResult:
        yield from ()

    def begin(self) -> None:
        """Called when the pane is on the screen."""
        if self.FOCUS:
            self.query_one(self.FOCUS).focus()

    def done(self, setup: Setup, to: str = "", saved: Saved | None = None) -> None:
        self.post_message(self.Done(setup, to, saved))

    def do_back(self) -> None:
        self.post_message(self.Back())
