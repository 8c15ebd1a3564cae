"""A field of one line: a key in it is painted as dots, and what of a paste does not fit is said.

Textual's own (8.2) takes the text before the first line break, which is nothing where a paste begins with one, and
refuses whole what is longer than its limit; both without a word.
"""

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

MOST_LOOKED_AT = 1024 * 1024
"""Characters of a paste whose first line is looked for; more is a file."""


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
        elif len(event.text) > MOST_LOOKED_AT:
            self.notify(t("source.too_much", size=f"{len(event.text):,}"), severity="warning", markup=False)
        else:
            self._take(event.text)

    def _take(self, text: str) -> None:
        """The first line with something in it, as far as there is room; what was left out is said."""
        lines = [line.strip() for line in without_controls(text).splitlines() if line.strip()]
        first = lines[0] if lines else ""
        start, end = sorted(self.selection)
        room = LONGEST_LINE - len(self.value) + end - start
        if not first:
            self._say("line.nothing")
        elif len(first) > room:
            self._say("line.cut", n=f"{len(first) - room:,}", most=f"{LONGEST_LINE:,}")
        elif len(lines) > 1:
            self._say("line.first", n=len(lines))
        self.replace(first[: max(0, room)], start, end)

    def _say(self, text_id: str, **values: Any) -> None:
        self.notify(t(text_id, **values), severity="warning", markup=False)

    def action_copy(self) -> None:
        """The selection without a key."""
        if self.selected_text:
            self.app.copy_to_clipboard(redact(self.selected_text))

    def action_cut(self) -> None:
        self.action_copy()
        self.delete_selection()


def _covered(text: Text) -> Text:
    return Text(look.painted(text.plain), no_wrap=True, overflow="ignore", end="")
