"""What fits a terminal: its width, lines of columns, folded lines, addresses cut in the middle.

The one place of the command line that knows how wide a line may be. Where nobody
sits (a pipe, a file) nothing is folded or cut: a reader there wants whole lines.
Wide characters count two cells, colour codes none. Cheap enough for `list`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from ccswitch_tui.secret import redact

NARROWEST = 40
"""Narrower terminals get lines of this width: below it a column holds nothing that can be read."""

LEAST_CELL = 20
"""A cell cut shorter than this says too little to be worth its column: one that can be missed goes first."""

CODES = re.compile(r"\x1b\[[0-9;]*m")

STYLED = re.compile(r"(\x1b\[[0-9;]*m)(.*)(\x1b\[[0-9;]*m)")

WORDS = re.compile(r"\s*(?:'ccswitch-tui [^']*'\S*|\S+)")
"""A word with the spaces before it; a quoted command of ours is one, so that it can be copied from its line."""

LABEL = re.compile(r" *\S+(?: \S+)* {2,}(?=\S)")
"""What stands before a gap: a label or a first column, under which nothing of a folded line begins."""


def terminal_width(stream: TextIO, env: Mapping[str, str]) -> int | None:
    """The columns of the terminal behind a stream; None where there is none."""
    if not stream.isatty():
        return None
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # no terminal after all; a stream without a number
        return None
    told = env.get("COLUMNS", "")  # what a serial line or a recorder that knows no size is told
    return max(NARROWEST, columns or (int(told) if told.isascii() and told.isdigit() else 80))


def width(text: str) -> int:
    """Terminal cells of a text: wide characters take two, colour codes none."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    import unicodedata

    plain = CODES.sub("", text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in plain)


def cut(text: str, room: int) -> str:
    """A text in `room` cells: of one that is longer, the beginning and the end, which tell addresses and ids apart."""
    if width(text) <= room:
        return text
    styled = STYLED.fullmatch(text)
    if styled:
        return styled[1] + cut(styled[2], room) + styled[3]
    text = CODES.sub("", redact(text))  # first: half a key is not found any more
    end = _head(text[::-1], (room - 1) // 2)[::-1]
    return _head(text, room - 1 - width(end)) + "…" + end


def _head(text: str, room: int) -> str:
    taken = 0
    for number, character in enumerate(text):
        taken += width(character)
        if taken > room:
            return text[:number]
    return text


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


def fold(row: str, room: int) -> list[str]:
    """One line as lines that fit, broken between words, the later ones under the text of the first.

    A word longer than a line is an address or a path: it is cut in the middle.
    """
    if width(row) <= room:
        return [row]
    label = LABEL.match(CODES.sub("", row))
    hang = len(row) - len(row.lstrip(" ")) + 2
    if label and width(label[0]) <= room // 2:
        hang = width(label[0])
    lines, line = [], ""
    for word in _words(row, room - hang):
        spaces = word[: len(word) - len(word.lstrip())]
        if line.strip() and width(line) + width(word) > room and width(line + spaces) != hang:
            lines.append(line)
            line, spaces = " " * hang, ""
        line += spaces + cut(word.lstrip(), room - width(line + spaces))
    return [*lines, line]


def _words(row: str, room: int) -> list[str]:
    """The words of a row; a quoted command that fits no line is several."""
    whole = WORDS.findall(row)
    return [part for word in whole for part in (re.findall(r"\s*\S+", word) if width(word.lstrip()) > room else [word])]
