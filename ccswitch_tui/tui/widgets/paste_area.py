"""Where anything can be pasted: the key in it is taken out before the text is painted.

A TextArea, because an Input keeps only the first line of a paste. A paste is
first handed to the owner sealed (`Pasted`), who reads it and puts back the
masked text; a key that a person types is covered as soon as it looks like one.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from ccswitch_tui.tui.pasted import Sealed, looks_binary, without_controls
from ccswitch_tui.tui.widgets.covered_area import LONGEST_PASTE, CoveredArea


class PasteArea(CoveredArea):
    """A plain text area for one paste."""

    HELP_TOPIC = "paste"
    DEFAULT_CSS = """
    PasteArea { border: none; padding: 0 1; background: $surface; height: 1fr; }
    PasteArea:focus { border: none; background: $panel; }
    """

    @dataclass
    class Pasted(Message):
        """Something was pasted; it may hold a key."""

        text: Sealed

    @dataclass
    class TooMuch(Message):
        """A paste no text of that kind has; nothing of it was taken."""

        size: int
        binary: bool

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if len(event.text) > LONGEST_PASTE or looks_binary(event.text):
            self.post_message(self.TooMuch(len(event.text), looks_binary(event.text[:LONGEST_PASTE])))
        else:
            self.post_message(self.Pasted(Sealed(without_controls(event.text))))
