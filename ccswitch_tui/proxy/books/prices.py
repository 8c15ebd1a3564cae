"""What an answer cost: the endpoint's own statement, else a price: the user's, the endpoint's list, a public list.

One rule: never guessed. Tokens of a kind that has no price make the cost of
that request unknown; a request whose tokens nobody counted has none either.
Sources: OpenRouter, "Usage Accounting" (`usage.cost`, in credits, which are US
dollars); LiteLLM 1.106.2 as measured (`x-litellm-response-cost`: right for whole
chat answers; absent or 0.0 where its proxy did not know when headers went out).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from ccswitch_tui.prices.listed import newest, price_in, read_list
from ccswitch_tui.prices.model import Price, Step, Tokens, cost, per_million
from ccswitch_tui.prices.sellers import seller_of
from ccswitch_tui.profiles.model import Prices, Profile
from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.record import NamedTuple

STATED_CURRENCY = "USD"

STATED = re.compile(rb'"cost": ?([0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?)')

COST_HEADER = "x-litellm-response-cost"

MOST_REMEMBERED = 256
"""Models whose price is at hand; a client that invents names shall not fill the memory."""


class Cost(NamedTuple):
    """An amount, and who says so: `endpoint`, `prices`, `own-list` or `list`."""

    amount: float
    currency: str
    by: str


class PriceBook:
    """The price of a model at an endpoint, looked up once and remembered. `folder` holds lists that were fetched."""

    def __init__(self, folder: str = "") -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], tuple[tuple[int, int], Price | None]] = {}

    def of(self, profile: Profile, model: str, answered: str | None = None) -> Price | None:
        """The user's price for the model, else the endpoint's own list, else the public list at its own address."""
        by_hand = profile.prices.get(model)
        if by_hand is not None:
            return stated_price(by_hand)
        base_url = profile.endpoint.base_url
        seller = seller_of(base_url)
        if seller is not None and seller.by_answer:
            model = answered or ""
        if not model or (seller is None and not self._folder):
            return None
        stamp = self._stamp()
        held = self._known.get((base_url, model))
        if held is not None and held[0] == stamp:
            return held[1]
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        found = self._listed(base_url, model)
        self._known[base_url, model] = (stamp, found)
        return found

    def _stamp(self) -> tuple[int, int]:
        """Changes when a list was fetched or taken away."""
        try:
            seen = os.stat(self._folder) if self._folder else None
        except OSError:
            seen = None
        return (seen.st_mtime_ns, seen.st_ino) if seen else (0, 0)

    def _listed(self, base_url: str, model: str) -> Price | None:
        if self._folder:
            own = price_in(read_list(own_list_path(self._folder, base_url)), OWN, model, by="own-list")
            if own is not None:
                return own
        seller = seller_of(base_url)
        return price_in(newest(public_list_path(self._folder)), seller.id, model) if seller else None


OWN = "own"
"""The one seller of an endpoint's own list."""


def public_list_path(folder: str) -> str:
    """Where a refreshed public list is kept."""
    return os.path.join(folder, "list.txt")


def own_list_path(folder: str, base_url: str) -> str:
    """Where an endpoint's own list is kept: one file an origin."""
    origin = "/".join(base_url.lower().split("/")[:3])
    return os.path.join(folder, re.sub(r"[^a-z0-9.-]+", "_", origin) + ".own.txt")


def stated_price(prices: Prices) -> Price:
    """The user's own price for a model."""
    step = Step(0, prices.input, prices.output, prices.cache_read, prices.cache_write)
    return Price((step,), prices.currency, "prices")


def cost_of(exchange: Flow, price: Price | None) -> Cost | None:
    """The cost of a finished exchange, or None where it is not known."""
    stated = exchange.header_cost if exchange.stated_cost is None else exchange.stated_cost
    if stated is not None:
        return Cost(stated, STATED_CURRENCY, "endpoint")
    if price is None or exchange.estimated or not exchange.output_tokens:
        return None
    tokens = Tokens(
        exchange.input_tokens,
        exchange.output_tokens,
        exchange.cache_read_tokens,
        exchange.cache_write_tokens,
        exchange.cache_write_1h_tokens,
    )
    amount = cost(price, tokens)
    return None if amount is None else Cost(amount, price.currency, price.by)


def stated_in(body: bytes) -> float | None:
    """The cost an answer in the Messages API's form states: after its last `"usage"`."""
    start = body.rfind(b'"usage":')
    found = STATED.search(body, start) if start >= 0 else None
    return float(found[1]) if found else None


def stated_by_header(headers: Mapping[str, str]) -> float | None:
    """The cost a gateway's header states; its 0.0 is "not known yet", as it is for every streamed answer."""
    told = headers.get(COST_HEADER, "")
    return (per_million(told, 1) or None) if told else None
