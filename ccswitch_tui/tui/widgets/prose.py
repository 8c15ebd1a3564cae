"""Static text whose lines wrap under where their text began, not under the margin.

look.HANG in a line marks that place; without one a line wraps to the margin.
"""

from __future__ import annotations

from textual.content import Content
from textual.visual import VisualType
from textual.widgets import Static

from ccswitch_tui.tui.look import HANG

NARROWEST = 8
"""Cells a hanging paragraph is given at least, however deep its indent."""


class Prose(Static):
    """A Static that folds its lines itself, anew for every width."""

    def __init__(self, content: Content | str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._whole = content if isinstance(content, Content) else Content(content)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Other text."""
        self._whole = content if isinstance(content, Content) else Content(str(content))
        self._fold()

    def on_resize(self) -> None:
        if self._whole:  # nothing folds to nothing, and needs no layout of its own
            self._fold()

    def _fold(self) -> None:
        width = self.content_size.width
        if width > 0:
            rows = [piece for row in self._whole.split(allow_blank=True) for piece in folded(row, width)]
            super().update(Content("\n").join(rows))


def folded(row: Content, width: int) -> list[Content]:
    """One line as the lines it takes in `width` cells."""
    at = row.plain.find(HANG)
    if at < 0:
        return row.wrap(width) or [Content("")]
    head, text = row[:at], row[at + 1 :]
    indent = head.cell_length
    pieces = text.wrap(max(NARROWEST, width - indent)) or [Content("")]
    return [head + pieces[0], *(Content(" " * indent) + piece for piece in pieces[1:])]
