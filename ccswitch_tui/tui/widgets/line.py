"""A field of one line: a key in it is painted as dots, and the wrong clipboard is refused in words."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual import events
from textual.widgets import Input

from ccswitch_tui.secret import redact
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.pasted import looks_binary, without_controls

LONGEST_LINE = 4096
"""No name, address, path or filter is longer."""


class Line(Input):
    """Textual's Input for what a person may paste anything into."""

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        cover: Any = _covered  # a highlighter is any callable from Text to Text
        super().__init__(
            value, placeholder=placeholder, id=id, compact=True, max_length=LONGEST_LINE, highlighter=cover
        )

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if looks_binary(event.text[:LONGEST_LINE]):
            self.notify(t("source.binary"), severity="warning", markup=False)
        elif len(event.text) > LONGEST_LINE * 4:
            self.notify(t("source.too_much", size=f"{len(event.text):,}"), severity="warning", markup=False)
        else:
            lines = without_controls(event.text).splitlines()
            self.replace(next((line.strip() for line in lines if line.strip()), ""), *self.selection)

    def action_copy(self) -> None:
        """The selection without a key."""
        if self.selected_text:
            self.app.copy_to_clipboard(redact(self.selected_text))

    def action_cut(self) -> None:
        self.action_copy()
        self.delete_selection()


def _covered(text: Text) -> Text:
    return Text(look.painted(text.plain), no_wrap=True, overflow="ignore", end="")
