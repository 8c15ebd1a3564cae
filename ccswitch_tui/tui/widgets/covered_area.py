"""A text area that paints a dot for every character of a key, while it is typed and ever after.

The text itself stays whole in the document: only what is drawn and what is
copied out of it is covered.
"""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.widgets import TextArea

from ccswitch_tui.secret import redact
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.pasted import looks_binary

LONGEST_PASTE = 256 * 1024
"""No command, snippet or settings file comes near; a 5 MB paste is the wrong clipboard, and would freeze the editor."""


class CoveredArea(TextArea):
    """Plain text of a few lines."""

    DEFAULT_CSS = """
    CoveredArea { border: none; padding: 0 1; background: $surface; }
    CoveredArea:focus { border: none; background: $panel; }
    """

    async def _on_paste(self, event: events.Paste) -> None:
        """A paste no text of that kind has is refused with a word: Textual would take it, and freeze."""
        if len(event.text) > LONGEST_PASTE or looks_binary(event.text):
            event.stop()
            event.prevent_default()
            wrong = "source.binary" if looks_binary(event.text) else "source.too_much"
            self.notify(t(wrong, size=f"{len(event.text):,}"), severity="warning", markup=False)

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
