"""What passed through the proxy: a bounded ring of exchanges and counters, in memory only. Pure.

Bodies are kept for the last few exchanges only. The clock is the caller's.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from operator import add
from typing import TYPE_CHECKING, Any

from ccswitch_tui.proxy.books.flow import ANSWER_BYTES, CROWDED_BYTES, Flow
from ccswitch_tui.proxy.books.loops import Loops

if TYPE_CHECKING:
    from ccswitch_tui.proxy.books.usage import CostRow, UsageRow

MOST_EXCHANGES = 500
MOST_BODIES = 16
MOST_BODY_BYTES = 8 * 2**20
"""Exchanges whose bodies are kept, and bytes they may take together: the oldest are forgotten first."""

MOST_SERIES = 1000
"""Counters kept apart by profile, model and outcome."""

METRICS = 7
"""Of the book's counts, those that are also kept for Prometheus."""

FIRST_BYTE_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

Listener = Callable[[str, Flow], None]
Place = tuple[str, str, str, str, str]
"""Day, profile, model, session, project: where a request is counted."""


class Traffic:
    """The ring, the counters and those who listen."""

    def __init__(self, *, day: Callable[[float], str] = lambda at: "", first_id: int = 1, id_step: int = 1) -> None:
        self._day = day
        self._ids = (first_id, id_step)
        self.total = 0
        """Requests so far."""
        self._ring: deque[Flow] = deque(maxlen=MOST_EXCHANGES)
        self._with_bodies: deque[tuple[Flow, int]] = deque()
        self._body_bytes = 0
        self._unsaved: dict[Place, list[int]] = {}
        self._unsaved_costs: dict[tuple[Place, str, str], list[float]] = {}
        self._saving: list[UsageRow | CostRow] = []
        """Taken to be saved, and not saved yet."""
        self._books = threading.Lock()
        """Counts are added in the event loop and taken in a thread: none may fall between."""
        self.loops = Loops()
        self.running: dict[int, Flow] = {}
        self.listeners: list[Listener] = []
        self.counts: dict[tuple[str, str, str], list[int]] = {}
        """(profile, model, status class) to requests, and the token counts as in UsageRow."""
        self.costs: dict[tuple[str, str, str, str], list[float]] = {}
        """(profile, model, currency, who says so) to priced requests and their sum."""
        self.first_byte_buckets = [0] * (len(FIRST_BYTE_BUCKETS_S) + 1)
        self.first_byte_sum_s = 0.0

    def begin(self, *, at: float, started: float, profile: str, kind: str = "messages") -> Flow:
        """A request arrived."""
        first_id, step = self._ids
        room = ANSWER_BYTES if len(self.running) < MOST_BODIES else CROWDED_BYTES
        number = first_id + self.total * step
        exchange = Flow(number, at=at, started=started, profile=profile, kind=kind, answer_bytes=room)
        self.total += 1
        self.running[exchange.id] = exchange
        return exchange

    def routed(self, exchange: Flow) -> None:
        """It is known where the request goes."""
        self._tell("begin", exchange)

    def first_byte(self, exchange: Flow, now: float) -> None:
        """The first byte of the answer went to the client."""
        exchange.first_byte_ms = (now - exchange.started) * 1000
        self._tell("first-byte", exchange)

    def end(self, exchange: Flow, now: float) -> None:
        """The exchange is over, one way or another."""
        exchange.total_ms = (now - exchange.started) * 1000
        exchange.shorten()
        self.running.pop(exchange.id, None)
        self._ring.append(exchange)
        self._keep_bodies(exchange)
        if exchange.kind in ("messages", "search") and exchange.attempts:
            self._count(exchange)
        warning = self.loops.note(exchange.session, now, exchange.stop_reason, exchange.returned.parts)
        if warning:
            exchange.notices.append(warning)
        self._tell("end", exchange)

    def _keep_bodies(self, exchange: Flow) -> None:
        """The oldest go, until number and size are within bounds; the newest exchange keeps its own."""
        kept = self._with_bodies
        kept.append((exchange, exchange.body_bytes))
        self._body_bytes += kept[-1][1]
        while len(kept) > 1 and (len(kept) > MOST_BODIES or self._body_bytes > MOST_BODY_BYTES):
            oldest, size = kept.popleft()
            self._body_bytes -= size
            oldest.drop_bodies()

    def _count(self, exchange: Flow) -> None:
        failed = int(exchange.status >= 400 or exchange.error is not None)
        row = counts_of(exchange, failed)
        outcome = "error" if failed else "ok"
        series = (exchange.route, exchange.model, outcome)
        if series not in self.counts and len(self.counts) >= MOST_SERIES:
            series = (exchange.route, "(others)", outcome)
        place = self._place(exchange, series[1])
        with self._books:
            sums = self._unsaved.get(place)
            self._unsaved[place] = list(row) if sums is None else list(map(add, sums, row))
            if exchange.cost is not None:
                _add(self._unsaved_costs.setdefault((place, exchange.currency, exchange.cost_by), [0, 0.0]),
                     [1, exchange.cost])  # fmt: skip
        held = self.counts.setdefault(series, [0] * METRICS)
        held[:] = map(add, held, row)  # which has some more
        if exchange.cost is not None:
            told = (exchange.route, series[1], exchange.currency, exchange.cost_by)
            _add(self.costs.setdefault(told, [0, 0.0]), [1, exchange.cost])
        if exchange.first_byte_ms is not None:
            seconds = exchange.first_byte_ms / 1000
            self.first_byte_sum_s += seconds
            self.first_byte_buckets[bisect_left(FIRST_BYTE_BUCKETS_S, seconds)] += 1

    def _place(self, exchange: Flow, model: str) -> Place:
        """Where it is counted; without session and project when a client invents ever new ones."""
        session, day = exchange.session or exchange.session_in_body, self._day(exchange.at)
        place = (day, exchange.route, model, session, exchange.project)
        if place not in self._unsaved and len(self._unsaved) >= MOST_SERIES:
            return (day, exchange.route, model, "", "")
        return place

    def spent(self) -> dict[str, float]:
        """The known cost of all requests so far, by currency."""
        sums: dict[str, float] = {}
        for (_, _, currency, _), (_, amount) in self.costs.items():
            sums[currency] = sums.get(currency, 0.0) + amount
        return sums

    def _tell(self, what: str, exchange: Flow) -> None:
        for listener in self.listeners:
            listener(what, exchange)

    def recent(self, limit: int = MOST_EXCHANGES) -> list[Flow]:
        """Running ones first, then the newest."""
        done = list(self._ring)[-limit:] if limit > 0 else []
        return [*reversed(self.running.values()), *reversed(done)]

    def find(self, number: int) -> Flow | None:
        """The exchange of that id, if it still is in the ring."""
        return self.running.get(number) or next((e for e in reversed(self._ring) if e.id == number), None)

    def take_usage(self) -> list[UsageRow | CostRow]:
        """Counts not yet saved. The caller saves them and says so with `saved`, or gives them back."""
        from ccswitch_tui.proxy.books.usage import CostRow, UsageRow

        with self._books:
            rows: list[UsageRow | CostRow] = [
                UsageRow._make((*place[:3], *sums, *place[3:])) for place, sums in self._unsaved.items()
            ]
            rows += [
                CostRow(*place[:3], currency, int(count), amount, by, place[3], place[4])
                for (place, currency, by), (count, amount) in self._unsaved_costs.items()
            ]
            self._unsaved, self._unsaved_costs = {}, {}
            self._saving = rows
        return rows

    def saved(self) -> None:
        """What was taken is in the book now."""
        self._saving = []

    def unsaved(self, profile: str) -> list[tuple[str, str, float]]:
        """What a profile has used and the book does not hold yet: day, unit (`tokens` or a currency), amount."""
        from ccswitch_tui.proxy.books.usage import UsageRow

        with self._books:
            found = [(p[0], "tokens", float(sum(s[2:6]))) for p, s in self._unsaved.items() if p[1] == profile]
            found += [(p[0], currency, s[1]) for (p, currency, _), s in self._unsaved_costs.items() if p[1] == profile]
            for row in self._saving:
                if row.profile == profile:
                    unit, amount = (
                        ("tokens", float(row.tokens)) if isinstance(row, UsageRow) else (row.currency, row.amount)
                    )
                    found.append((row.day, unit, amount))
        return found

    def counted(self) -> dict[str, Any]:
        """All counters as JSON, for `add_counted` of another Traffic."""
        return {
            "counts": [[*key, *sums] for key, sums in self.counts.items()],
            "costs": [[*key, *sums] for key, sums in self.costs.items()],
            "first_byte_buckets": self.first_byte_buckets,
            "first_byte_sum_s": self.first_byte_sum_s,
        }

    def add_counted(self, counted: Mapping[str, Any]) -> None:
        """Adds another's counters to these."""
        for profile, model, outcome, *counts in counted["counts"]:
            _add(self.counts.setdefault((profile, model, outcome), [0] * METRICS), counts)
        for profile, model, currency, by, *amounts in counted["costs"]:
            _add(self.costs.setdefault((profile, model, currency, by), [0, 0.0]), amounts)
        _add(self.first_byte_buckets, counted["first_byte_buckets"])
        self.first_byte_sum_s += counted["first_byte_sum_s"]

    def put_back(self, rows: list[UsageRow | CostRow]) -> None:
        """Counts that could not be saved wait for the next time."""
        from ccswitch_tui.proxy.books.usage import COUNTS, CostRow

        with self._books:
            self._saving = []
            for row in rows:
                place = (*row[:3], row.session, row.project)
                if isinstance(row, CostRow):
                    held = self._unsaved_costs.setdefault((place, row.currency, row.source), [0, 0.0])
                    _add(held, [row.requests, row.amount])
                else:
                    sums = self._unsaved.setdefault(place, [0] * len(COUNTS))
                    _add(sums, [getattr(row, name) for name in COUNTS])


def counts_of(exchange: Flow, failed: int) -> tuple[int, ...]:
    """One request as the book's COUNTS, in their order. Tried again or elsewhere, it is still one request."""
    streamed = exchange.streamed and not failed and exchange.output_tokens and exchange.first_byte_ms is not None
    return (
        1,
        failed,
        exchange.input_tokens,
        exchange.cache_read_tokens,
        exchange.cache_write_tokens,
        exchange.output_tokens,
        int(exchange.first_byte_ms or 0),
        int(exchange.status == 499),
        max(0, exchange.attempts - 1),
        int(exchange.estimated),
        exchange.output_tokens if streamed else 0,
        max(1, int((exchange.total_ms or 0) - (exchange.first_byte_ms or 0))) if streamed else 0,
    )


def _add(sums: list[Any], more: list[Any]) -> None:
    for column, count in enumerate(more):
        sums[column] += count
