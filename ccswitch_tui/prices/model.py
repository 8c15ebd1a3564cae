"""A model's price in steps, and what a count of tokens costs by it. Pure.

Prices are per million tokens, in one currency. A kind of token without a price
makes the cost unknown, not free: a list that names none was not asked about it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ccswitch_tui.record import NamedTuple

DEAREST = 1e5
"""Per million tokens, in any currency. What is above is no price but a mistake of the unit."""


class Step(NamedTuple):
    """Prices of a request whose prompt is longer than `above` tokens, cached ones included."""

    above: int = 0
    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    """Written for an hour instead of five minutes; None: as `cache_write`."""


class Tokens(NamedTuple):
    """What a request is billed for."""

    input: int = 0
    """Of the prompt, neither read from a cache nor written to one."""
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """Part of `cache_write`."""


class Price(NamedTuple):
    """What one model costs, who says so, and when that was read."""

    steps: tuple[Step, ...]
    currency: str = "USD"
    by: str = "list"
    """`prices` (the user), `own-list` (the endpoint), `list` (a public one)."""
    source: str = ""
    """Which list, for a person."""
    date: str = ""
    """When it was taken, YYYY-MM-DD; "" for the user's own."""

    def step(self, prompt: int) -> Step:
        """The step a prompt of so many tokens is in."""
        return next((step for step in reversed(self.steps) if prompt > step.above), self.steps[0])


def cost(price: Price, tokens: Tokens) -> float | None:
    """What the tokens cost by that price; None where a kind of them has none."""
    step = price.step(tokens.input + tokens.cache_read + tokens.cache_write)
    for_an_hour = min(tokens.cache_write_1h, tokens.cache_write)
    hourly = step.cache_write if step.cache_write_1h is None else step.cache_write_1h
    parts = (
        (tokens.input, step.input),
        (tokens.output, step.output),
        (tokens.cache_read, step.cache_read),
        (tokens.cache_write - for_an_hour, step.cache_write),
        (for_an_hour, hourly),
    )
    if any(count and each is None for count, each in parts):
        return None
    return sum(count * (each or 0.0) for count, each in parts) / 1_000_000


def per_million(value: Any, factor: float = 1_000_000) -> float | None:
    """A list's figure as a price per million; None for what is none: texts that are no number, negatives, nonsense."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value) * factor
    except (ValueError, OverflowError):
        return None
    return float(f"{found:.6g}") if math.isfinite(found) and 0 <= found <= DEAREST else None


def usable(steps: Sequence[Step]) -> bool:
    """Whether it is a price: both directions, and not both free, which lists write for "unknown" or a plan."""
    return bool(steps) and steps[0].above == 0 and all(
        step.input is not None and step.output is not None and (step.input or step.output) for step in steps
    )  # fmt: skip


def steps_from_rows(rows: Any) -> tuple[Step, ...]:
    """Steps as the kept form has them: lists of six figures at most. Raises ValueError for anything else."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and 3 <= len(row) <= 6 for row in rows):
        raise ValueError("no steps")
    found = tuple(
        Step(int(row[0]), *(None if each is None else per_million(each, 1) for each in row[1:])) for row in rows
    )
    if not usable(found):
        raise ValueError("no price")
    return found


def rows_from_steps(steps: Sequence[Step]) -> list[list[float | int | None]]:
    """The kept form: what is None at the end is left out."""
    rows: list[list[float | int | None]] = []
    for step in steps:
        row: list[float | int | None] = [_short(each) for each in step]
        while row[-1] is None:
            row.pop()
        rows.append(row)
    return rows


def _short(figure: float | int | None) -> float | int | None:
    return int(figure) if figure is not None and figure == int(figure) else figure


def price_facts(price: Price) -> Mapping[str, Any]:
    """One price as JSON: per million tokens."""
    steps = [{name: each for name, each in step._asdict().items() if each is not None} for step in price.steps]
    return {"currency": price.currency, "by": price.by, "source": price.source, "date": price.date, "steps": steps}
