"""Static text whose lines wrap under where their text began, not under the margin.

look.HANG in a line marks that place; without one a line wraps to the margin.
Chinese breaks between any two characters, and no line begins with a mark that
ends something (W3C, "Requirements for Chinese Text Layout", 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from rich.cells import cell_len
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
        self._laid_out = (0, 0)
        """Rows and cells it was last laid out with: other words in as many rows need no layout of the whole screen."""

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
            super().update(Content("\n").join(rows), layout=(len(rows), width) != self._laid_out)
            self._laid_out = (len(rows), width)


def folded(row: Content, width: int) -> list[Content]:
    """One line as the lines it takes in `width` cells."""
    at = row.plain.find(HANG)
    if at < 0:
        return wrapped(row, width)
    head, text = row[:at], row[at + 1 :]
    indent = head.cell_length
    pieces = wrapped(text, max(NARROWEST, width - indent))
    return [head + pieces[0], *(Content(" " * indent) + piece for piece in pieces[1:])]


_WIDE = "\u2e80-\u2fff\u3003-\u3007\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff"
_OPENS = "（“‘《「【"
_ENDS = "，。：；、？！）”’》」】…"
_FIRST_WIDE = "\u2e80"


@cache
def _unit() -> re.Pattern[str]:
    """What stays together: a character or a word, with the marks around it and the blanks after it.

    Made when Chinese is first wrapped: so large a class takes as long to compile as a dozen modules to load.
    """
    return re.compile(rf"[{_OPENS}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENS}{_ENDS}]*)[{_ENDS}]*\s*")


@cache
def _wide() -> re.Pattern[str]:
    return re.compile(f"[{_WIDE}]")


def _has_wide(text: str) -> bool:
    """Whether there is Chinese, Japanese or Korean in it."""
    return not text.isascii() and max(text) >= _FIRST_WIDE and _wide().search(text) is not None


def wrapped(text: Content, width: int) -> list[Content]:
    """A text as lines of at most `width` cells."""
    if not _has_wide(text.plain):
        return text.wrap(width) or [Content("")]
    return [piece.rstrip() for piece in text.divide(list(_breaks(text.plain, width)))]


def lines_of(text: str, width: int) -> list[str]:
    """The same for a text that a widget of Textual's shows: what holds no Chinese it breaks itself."""
    return [piece.plain for piece in wrapped(Content(text), width)] if _has_wide(text) else [text]


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where new lines begin; a word wider than a line is broken where the line ends."""
    used = 0
    for unit in _unit().finditer(text):
        room = cell_len(unit[0].rstrip())
        if used and used + room > width >= room:
            yield unit.start()
            used = 0
        elif used + room > width:
            begun = unit.start()
            for at in range(unit.start(), unit.end()):
                if used + cell_len(text[at]) > width:
                    start = at
                    while text[start] in _ENDS and start > begun + 1:
                        start -= 1
                    yield start
                    begun = start
                    used = cell_len(text[start:at])
                used += cell_len(text[at])
            continue
        used += cell_len(unit[0])
