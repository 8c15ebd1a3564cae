"""What an answer cost: the endpoint's own statement, else the prices the user stated, else nothing. Pure.

One rule: never guessed. Tokens of a kind that has no price make the cost of
that request unknown; a request whose tokens nobody counted has none either.
Source: OpenRouter, "Usage Accounting" (`usage.cost`, in credits, which are US dollars).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ccswitch_tui.profiles.model import Prices
from ccswitch_tui.proxy.books.traffic import Flow

STATED_CURRENCY = "USD"

STATED = re.compile(rb'"cost": ?([0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?)')


class Cost(NamedTuple):
    """An amount, and who says so: `endpoint` or `prices`."""

    amount: float
    currency: str
    by: str


def cost_of(exchange: Flow, prices: Mapping[str, Prices]) -> Cost | None:
    """The cost of a finished exchange, or None where it is not known."""
    if exchange.stated_cost is not None:
        return Cost(exchange.stated_cost, STATED_CURRENCY, "endpoint")
    known = prices.get(exchange.model)
    if known is None or exchange.estimated or not exchange.output_tokens:
        return None
    counts = (
        (exchange.input_tokens, known.input),
        (exchange.output_tokens, known.output),
        (exchange.cache_read_tokens, known.cache_read),
        (exchange.cache_write_tokens, known.cache_write),
    )
    if any(count and price is None for count, price in counts):
        return None
    return Cost(sum(count * (price or 0) for count, price in counts) / 1_000_000, known.currency, "prices")


def stated_in(body: bytes) -> float | None:
    """The cost an answer in the Messages API's form states: after its last `"usage"`."""
    start = body.rfind(b'"usage":')
    found = STATED.search(body, start) if start >= 0 else None
    return float(found[1]) if found else None
