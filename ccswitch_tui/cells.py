"""How much room a text takes in a terminal, and how it is cut or folded to fit.

Wide characters count two cells, colour codes none. Lines break between words,
and in scripts without spaces between any two characters that may be parted.
No I/O. Sources: Unicode Standard Annex #11, East Asian Width; W3C, "Requirements
for Chinese Text Layout", 3.1.3 (what begins no line, and ends none).
"""

from __future__ import annotations

import re

from ccswitch_tui.secret import redact
from ccswitch_tui.wire.later import later

CODES = later(r"\x1b\[[0-9;]*m")

STYLED = later(r"(\x1b\[[0-9;]*m)(.*)(\x1b\[[0-9;]*m)")

OPENING, CLOSING = "（“‘《〈【「『", "）”’》〉】」』，。；：、！？…％"
"""Punctuation that ends no line, and that begins none."""

WIDE = "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
"""Characters of scripts without spaces: a line may break between any two of them."""

WORDS = later(
    rf"\s*(?:['“]ccswitch-tui [^'”]*['”][^\s{WIDE}]*[{CLOSING}]*"
    rf"|[{OPENING}]*[{WIDE}](?<![{OPENING}{CLOSING}])[{CLOSING}]*"
    rf"|[^\s{WIDE}]+[{CLOSING}]*|\S)"
)
"""A word with the spaces before it; a quoted command of ours is one, so that it can be copied from its line."""

LABEL = later(r" *\S+(?: \S+)* {2,}(?=\S)")
"""What stands before a gap: a label or a first column, under which nothing of a folded line begins."""


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
    while end and not width(end[0]):
        end = end[1:]  # an accent whose letter is cut off
    return _head(text, room - 1 - width(end)) + "…" + end


def _head(text: str, room: int) -> str:
    taken = 0
    for number, character in enumerate(text):
        taken += width(character)
        if taken > room:
            return text[:number]
    return text


def padded(text: str, cells: int) -> str:
    """A text with spaces after it, up to so many cells."""
    return text + " " * (cells - width(text))


def fold(row: str, room: int, *, hang: int | None = None) -> list[str]:
    """One line as lines that fit, broken between words, the later ones `hang` cells in: under the text of the first.

    A word longer than a line is an address or a path: it is cut in the middle.
    """
    if width(row) <= room:
        return [row]
    hang = _hang(row, room) if hang is None else hang
    lines, line = [], ""
    for word in _words(row, room - hang):
        spaces = word[: len(word) - len(word.lstrip())]
        if line.strip() and width(line) + width(word) > room and width(line + spaces) != hang:
            lines.append(line)
            line, spaces = " " * hang, ""
        line += spaces + cut(word.lstrip(), room - width(line + spaces))
    return [*lines, line]


def _hang(row: str, room: int) -> int:
    shown = CODES.sub("", row)
    label = LABEL.match(shown)
    if label and width(label[0]) <= room // 2:
        return width(label[0])
    return len(shown) - len(shown.lstrip(" ")) + 2


def _words(row: str, room: int) -> list[str]:
    """The words of a row; a quoted command that fits no line is several."""
    whole = WORDS.findall(row)
    return [part for word in whole for part in (re.findall(r"\s*\S+", word) if width(word.lstrip()) > room else [word])]


def shortened(text: str, room: int) -> str:
    """A text in `room` cells, its end cut off where it is longer."""
    return text if width(text) <= room else _head(text, room - 1) + "…"
