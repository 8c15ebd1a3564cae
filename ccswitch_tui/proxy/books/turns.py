"""One request of the client that took several of an endpoint: their tokens and costs together, each once. Pure."""

from __future__ import annotations

from ccswitch_tui.proxy.books.flow import Flow

COUNTED = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")


class Turns:
    """What the turns of an exchange have come to."""

    def __init__(self, exchange: Flow) -> None:
        self._exchange = exchange
        self._done: list[tuple[list[int], float | None, str, str, bool]] = []
        self._running = False

    def begin(self) -> None:
        """A turn begins: what the exchange says so far is the last one's."""
        self._take()
        exchange = self._exchange
        for name in COUNTED:
            setattr(exchange, name, 0)
        exchange.cost = exchange.stated_cost = exchange.header_cost = None
        exchange.estimated = False
        self._running = True

    def _take(self) -> None:
        if self._running:
            exchange = self._exchange
            counts = [getattr(exchange, name) for name in COUNTED]
            self._done.append((counts, exchange.cost, exchange.currency, exchange.cost_by, exchange.estimated))

    def add_up(self) -> None:
        """The exchange is that of all turns: its cost is known when each turn's is, in one currency."""
        self._take()
        exchange = self._exchange
        for number, name in enumerate(COUNTED):
            setattr(exchange, name, sum(counts[number] for counts, *_ in self._done))
        exchange.estimated = any(estimated for *_, estimated in self._done)
        amounts = [cost for counts, cost, *_ in self._done if cost is not None or any(counts)]
        known = [amount for amount in amounts if amount is not None]
        one = len({currency for _, cost, currency, *_ in self._done if cost is not None}) <= 1
        exchange.cost = sum(known) if known and one and len(known) == len(amounts) else None
        if len({by for _, cost, _, by, _ in self._done if cost is not None}) > 1:
            exchange.cost_by = "list"  # in part an estimate, so all of it is shown as one
