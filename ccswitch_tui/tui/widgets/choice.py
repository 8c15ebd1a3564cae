"""A field with a few allowed values: left, right or space go round them; so does a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from ccswitch_tui.tui import look


class Choice(Widget, can_focus=True):
    """One of `values`."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("right,space", "turn(1)", show=False),
        Binding("left", "turn(-1)", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; background: $surface; padding: 0 1; }
    Choice:focus { background: $panel; }
    """
    value: reactive[str] = reactive("")

    @dataclass
    class Changed(Message):
        """Another value was chosen."""

        choice: Choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, values: Sequence[str], value: str, *, id: str | None = None, empty: str = "") -> None:
        super().__init__(id=id)
        self.empty = empty
        """What no value means, shown quietly in its place."""
        self.values = list(dict.fromkeys([*values, value]))
        self.set_reactive(Choice.value, value)

    def render(self) -> Content:
        arrows = ("<", ">") if look.ascii_only() else ("‹", "›")
        shown = (self.value, "") if self.value else (self.empty or "-", look.QUIET)
        return look.line((f"{arrows[0]} ", look.QUIET), shown, (f" {arrows[1]}", look.QUIET))

    def action_turn(self, by: int) -> None:
        self.value = self.values[(self.values.index(self.value) + by) % len(self.values)]
        self.post_message(self.Changed(self))

    def on_click(self) -> None:
        self.action_turn(1)
