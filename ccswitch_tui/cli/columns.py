"""Lines of columns for people, also where names hold wide characters. Pure, and cheap enough for `list`."""

from __future__ import annotations

from collections.abc import Sequence


def width(text: str) -> int:
    """Terminal cells of a text: wide characters take two, colour codes none."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    import re
    import unicodedata

    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in plain)


def aligned(rows: Sequence[Sequence[str]], *, gap: int = 2) -> list[str]:
    """The rows with every column as wide as its widest cell; nothing after the last."""
    if not rows:
        return []
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "".join(cell + " " * (w - width(cell) + gap) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
