"""A text area that paints a dot for every character of a key, while it is typed and ever after.

The text itself stays whole in the document: only what is drawn and what is
copied out of it is covered.
"""

from __future__ import annotations

from rich.text import Text
from textual.actions import SkipAction
from textual.widgets import TextArea

from ccswitch_tui.secret import redact
from ccswitch_tui.tui import look


class CoveredArea(TextArea):
    """Plain text of a few lines."""

    DEFAULT_CSS = """
    CoveredArea { border: none; padding: 0 1; background: $surface; }
    CoveredArea:focus { border: none; background: $panel; }
    """

    def get_line(self, line_index: int) -> Text:
        """The line as it is painted; as long as the true one, so that the cursor stands where it should."""
        return Text(look.painted(self.document.get_line(line_index)), end="", no_wrap=True)

    def action_copy(self) -> None:
        """The selection without a key."""
        if not self.selected_text:
            raise SkipAction
        self.app.copy_to_clipboard(redact(self.selected_text))

    def action_cut(self) -> None:
        """The same; what was cut out is gone from here, key and all."""
        start, end = self.selection
        if start == end:
            return
        self.action_copy()
        self._delete_via_keyboard(start, end)
