"""Bars and sparklines out of characters, with ASCII twins for terminals that show nothing else. Pure.

They say how figures compare, never what they are: the figure stands beside
them. What is not nothing is never drawn as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

STEPS = ("▁▂▃▄▅▆▇█", ".:-=+*#@")
NONE = ("·", "_")
"""A place in a sparkline where nothing was."""
LENGTH = ("━", "=")
HALF = "╸"
TRACK = ("─", "-")
"""The rest of a bar that ends at a limit."""
PARTS = ("█▓▒░", "#=+.")
"""Of a bar of several parts, in order."""


def spark(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """One character a value, oldest first; of more values than `width`, neighbours are taken together."""
    shown = gathered([max(0.0, value) for value in values], width)
    most = max(shown, default=0.0)
    steps, none = STEPS[ascii_only], NONE[ascii_only]
    if most <= 0:
        return none * len(shown)
    return "".join(steps[_step(value / most, len(steps))] if value > 0 else none for value in shown)


def gathered(values: Sequence[float], width: int) -> list[float]:
    """At most `width` sums of neighbours, the newest ones complete; their total is that of the values."""
    if width <= 0:
        return []
    each = -(-len(values) // width)
    if each <= 1:
        return list(values)
    ends = range(len(values), 0, -each)
    return [sum(values[max(0, end - each) : end]) for end in ends][::-1]


def _step(share: float, steps: int) -> int:
    """The step of a share above 0 and up to 1; the tallest for the tallest alone."""
    return min(steps - 1, max(0, int(share * steps - 1e-9)))


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar of `share` (0 to 1, more is cut) in exactly `width` cells, thin, so that rows do not run together."""
    share = min(1.0, max(0.0, share)) if share == share else 0.0
    if width <= 0:
        return ""
    halves = max(round(share * width * 2), int(share > 0))
    if ascii_only:
        return (LENGTH[1] * -(-halves // 2)).ljust(width)
    whole, rest = divmod(halves, 2)
    return (LENGTH[0] * whole + HALF * rest).ljust(width)


def stacked(parts: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """A bar of several parts that together fill `width`; each that is not 0 has a cell where there are enough."""
    total = sum(max(0.0, part) for part in parts)
    if total <= 0 or width <= 0:
        return " " * max(0, width)
    cells = [max(int(part / total * width), int(part > 0)) if part > 0 else 0 for part in parts]
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    cells[max(range(len(parts)), key=lambda i: parts[i])] += width - sum(cells)
    return "".join(PARTS[ascii_only][i % len(PARTS[ascii_only])] * count for i, count in enumerate(cells))
