"""The app's last door: nothing in a painted line steers the terminal, whoever wrote it and whichever widget paints it.

Textual strips some control characters from texts, and not ESC, C1 or changes of
direction (8.2, `textual.content`). Every line of every widget passes the app's
line filters on its way to the screen; this one takes out what has no width
there, so that the layout stays as it was measured. What people read is replaced
earlier and visibly, by look.quoted().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import LineFilter

from ccswitch_tui.printable import one_line

if TYPE_CHECKING:
    from textual.color import Color


class Harmless(LineFilter):
    """Takes what would steer the terminal out of painted text."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, with text that can only be read."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [segment if segment.control else _readable(segment) for segment in segments]


def _readable(segment: Segment) -> Segment:
    text = segment.text
    shown = one_line(text)
    if shown == text:
        return segment
    kept = "".join(new for old, new in zip(text, shown, strict=True) if new == old or cell_len(old))
    return Segment(kept, segment.style, segment.control)


HARMLESS = Harmless()


def with_harmless(filters: Sequence[LineFilter]) -> list[LineFilter]:
    """The line filters of an app of ours."""
    return [*filters, HARMLESS]
