"""A line that stands for what is folded away: enter, space, `→` or a click shows it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ccswitch_tui.tui import look


class Fold(Widget, can_focus=True):
    """Says what is behind it, and that it was opened."""

    BINDINGS: ClassVar[list[Any]] = [Binding("enter,space,right", "open", show=False)]
    DEFAULT_CSS = """
    Fold { height: 1; width: 1fr; }
    Fold:focus { background: $panel; }
    """

    class Opened(Message):
        """What it stands for is wanted."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = text

    def says(self, text: str) -> None:
        """Other words."""
        self._text = text
        self.refresh()

    def render(self) -> Content:
        return look.line((f"{look.sign('point')} ", look.KEY), (self._text, look.QUIET))

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def on_click(self) -> None:
        self.action_open()
