"""What fits a terminal: its width, and lines of columns.

The one place of the command line that knows how wide a line may be. Where nobody
sits (a pipe, a file) nothing is folded or cut: a reader there wants whole lines.
Cheap enough for `list`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from ccswitch_tui.cells import cut, width
from ccswitch_tui.here import is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

NARROWEST = 40
"""Narrower terminals get lines of this width: below it a column holds nothing that can be read."""

LEAST_CELL = 20
"""A cell cut shorter than this says too little to be worth its column: one that can be missed goes first."""


def terminal_width(stream: TextIO, env: Mapping[str, str]) -> int | None:
    """The columns of the terminal behind a stream; None where there is none."""
    if not is_terminal(stream):
        return None
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # no terminal after all; a stream without a number
        return None
    told = env.get("COLUMNS", "")  # what a serial line or a recorder that knows no size is told
    return max(NARROWEST, columns or (int(told) if told.isascii() and told.isdigit() else 80))


def aligned(
    rows: Sequence[Sequence[str]], *, gap: int = 2, room: int | None = None, spare: Sequence[int] = ()
) -> list[str]:
    """The rows with every column as wide as its widest cell; nothing after the last.

    In a `room` too small for that, the `spare` columns (by number, the first that can be missed
    first) are left out while something else would be cut to almost nothing; then the widest are cut.
    """
    if not rows:
        return []
    widths = {i: max(width(row[i]) for row in rows) for i in range(len(rows[0]))}
    fitting = _narrowed(widths, gap, room)
    for number in spare:
        if all(fitting[i] >= min(LEAST_CELL, widths[i]) for i in fitting):
            break
        del widths[number]
        fitting = _narrowed(widths, gap, room)
    return [_joined([(cut(row[i], w), w) for i, w in fitting.items()], gap) for row in rows]


def _joined(cells: Iterable[tuple[str, int]], gap: int) -> str:
    return "".join(cell + " " * (w - width(cell) + gap) for cell, w in cells).rstrip()


def _narrowed(widths: Mapping[int, int], gap: int, room: int | None) -> dict[int, int]:
    """The widths, the widest ones reduced until all fit."""
    fitting = dict(widths)
    if room is None:
        return fitting
    over = sum(fitting.values()) + gap * (len(fitting) - 1) - room
    while over > 0:
        widest = max(fitting, key=lambda i: fitting[i])
        if fitting[widest] <= 1:
            break
        second = max((w for i, w in fitting.items() if i != widest), default=0)
        less = min(over, max(1, fitting[widest] - second))
        fitting[widest] -= less
        over -= less
    return fitting
