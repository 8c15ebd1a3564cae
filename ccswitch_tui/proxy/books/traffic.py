"""What passed through the proxy: a bounded ring of exchanges and counters, in memory only. Pure.

Bodies are kept for the last few exchanges, cut to a limit, and masked when
somebody looks; nothing of them reaches a file. The clock is the caller's.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from operator import add, attrgetter
from typing import TYPE_CHECKING, Any

from ccswitch_tui.proxy.books.loops import Loops
from ccswitch_tui.secret import redact, redact_cut

if TYPE_CHECKING:
    from ccswitch_tui.proxy.books.usage import CostRow, UsageRow

MOST_EXCHANGES = 500
MOST_BODIES = 16
MOST_BODY_BYTES = 8 * 2**20
"""Exchanges whose bodies are kept, and bytes they may take together: the oldest are forgotten first."""

MOST_SERIES = 1000
"""Counters kept apart by profile, model and outcome."""

BODY_BYTES = 512 * 1024
"""Kept of a request. Claude Code's first one is 49 kB, one in the middle of work 100 to 400 kB; cut JSON is no use."""
ANSWER_BYTES = 128 * 1024
"""Kept of an answer. It comes in hundreds of pieces, each an object of its own for as long as it is kept."""

LONGEST_NAME = 200
LONGEST_WORDS = 2000
MOST_NOTICES = 50
"""What is kept of a name and of a sentence from elsewhere: a client may ask for a model of a million letters, which
would go into the ring, the log and the usage book each time."""

NAMES = (
    "asked", "model", "answered", "tier", "wire", "host", "client", "session", "stop_reason", "route", "profile",
    "project", "session_in_body",
)  # fmt: skip

_names_of = attrgetter(*NAMES)

METRICS = 7
"""Of the book's counts, those that are also kept for Prometheus."""

FIRST_BYTE_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

Listener = Callable[[str, "Flow"], None]
Place = tuple[str, str, str, str, str]
"""Day, profile, model, session, project: where a request is counted."""


class Body:
    """The beginning of what one side sent, gathered as it passes."""

    __slots__ = ("most", "parts", "room")

    def __init__(self, most: int = BODY_BYTES) -> None:
        self.parts: list[bytes] = []
        self.most = self.room = most
        """Bytes that still fit; 0 or less: full."""

    def add(self, *parts: bytes) -> None:
        """Keeps these as far as they fit."""
        for part in parts:
            if self.room <= 0:
                return
            if part:
                self.parts.append(part if len(part) <= self.room else part[: self.room])
                self.room -= len(part)

    def start_over(self, *parts: bytes) -> None:
        """Another try: what was kept of the last one goes."""
        self.parts, self.room = [], self.most
        self.add(*parts)

    def kept(self) -> bytes:
        """All that was kept."""
        return b"".join(self.parts)

    def shown(self) -> str:
        """All that was kept, masked: also a key that the end of it goes through."""
        text = self.kept().decode("utf-8", "replace")
        return redact(text) if self.room > 0 else redact_cut(text + " ", len(text))


NOTHING_KEPT = Body()
BODIES = ("request", "sent", "received", "returned")


class Flow:
    """One request of a client and everything that came of it."""

    __slots__ = (
        "answered",
        "asked",
        "at",
        "attempts",
        "budget",
        "cache_read_tokens",
        "cache_write_1h_tokens",
        "cache_write_tokens",
        "client",
        "cost",
        "cost_by",
        "currency",
        "error",
        "estimated",
        "first_byte_ms",
        "header_cost",
        "host",
        "id",
        "input_tokens",
        "kind",
        "limits",
        "model",
        "notices",
        "output_tokens",
        "profile",
        "project",
        "received",
        "request",
        "returned",
        "route",
        "sent",
        "session",
        "session_in_body",
        "started",
        "stated_cost",
        "status",
        "stop_reason",
        "streamed",
        "tier",
        "total_ms",
        "upstream_status",
        "wire",
    )

    def __init__(self, number: int, *, at: float, started: float, profile: str, kind: str = "messages") -> None:
        self.id = number
        self.at = at
        """Seconds since the epoch."""
        self.started = started
        """Of the monotonic clock."""
        self.kind = kind
        self.profile = profile
        """The profile of the session; `route` is the one that answered."""
        self.route = profile
        self.asked = ""
        """The model the client asked for."""
        self.model = ""
        """The model the endpoint was asked for."""
        self.answered: str | None = None
        """The model the endpoint says it is, where that is known."""
        self.tier: str | None = None
        self.wire = ""
        """What the endpoint that answered speaks: the name of a wire, or `search:SOURCE`; "" before one was asked."""
        self.host = ""
        self.client = ""
        self.session = ""
        self.session_in_body = ""
        """What the metadata of a request without the header names; the books alone use it."""
        self.project = ""
        """The folder the session works in, as far as the client tells it."""
        self.streamed = False
        self.status = 0
        """What the client was told; 0 while it waits, 499 when it left before."""
        self.upstream_status = 0
        self.error: str | None = None
        self.stop_reason: str | None = None
        self.attempts = 0
        self.first_byte_ms: float | None = None
        self.total_ms: float | None = None
        self.input_tokens = self.output_tokens = self.cache_read_tokens = self.cache_write_tokens = 0
        self.cache_write_1h_tokens = 0
        """Of those written, the ones for an hour, which cost more."""
        self.estimated = False
        """The endpoint did not count all tokens: the counts here are estimates, and have no cost."""
        self.stated_cost: float | None = None
        """What the endpoint says this answer costs."""
        self.header_cost: float | None = None
        """The same, said by a header; for want of the other."""
        self.cost: float | None = None
        """What it cost, where the endpoint or a price tells; never of tokens that nobody counted."""
        self.currency = ""
        self.cost_by = ""
        """Who says so: `endpoint`, `prices` (the user's), `own-list` (the endpoint's) or `list` (a public one)."""
        self.budget = ""
        """What the profile's budget says, once there is something to say."""
        self.limits: list[dict[str, Any]] = []
        """What the endpoint said about its rate limits, as `Limit.to_json` writes it."""
        self.notices: list[str] = []
        self.request, self.sent = Body(), Body()
        self.received, self.returned = Body(ANSWER_BYTES), Body(ANSWER_BYTES)
        """Client to us, us to the endpoint, the endpoint to us, us to the client."""

    def shorten(self) -> None:
        """Cuts what came from elsewhere to what is worth keeping."""
        if max(map(len, filter(None, _names_of(self))), default=0) > LONGEST_NAME:
            for name in NAMES:
                text = getattr(self, name)
                if text and len(text) > LONGEST_NAME:
                    setattr(self, name, text[: LONGEST_NAME - 1] + "…")
        if self.error and len(self.error) > LONGEST_WORDS:
            self.error = self.error[: LONGEST_WORDS - 1] + "…"
        if self.notices and (len(self.notices) > MOST_NOTICES or max(map(len, self.notices)) > LONGEST_WORDS):
            self.notices = [notice[:LONGEST_WORDS] for notice in self.notices[:MOST_NOTICES]]

    def to_json(self) -> dict[str, Any]:
        """Without bodies; texts that came from elsewhere are cut and masked."""
        hidden = ("request", "sent", "received", "returned", "started", "stated_cost", "header_cost", "session_in_body")
        shown = {name: getattr(self, name) for name in sorted(self.__slots__) if name not in hidden}
        shown["error"] = redact(self.error) if self.error else None
        shown["notices"] = [redact(notice) for notice in self.notices]
        for name in NAMES:
            if shown.get(name) and len(shown[name]) > LONGEST_NAME:
                shown[name] = shown[name][:LONGEST_NAME]
        for name in ("first_byte_ms", "total_ms"):
            if shown[name] is not None:
                shown[name] = round(shown[name], 1)
        return shown

    def bodies(self) -> dict[str, str]:
        """Both sides, masked: what the client and the endpoint sent each other through us."""
        return {name: getattr(self, name).shown() for name in BODIES}

    @property
    def body_bytes(self) -> int:
        """What the four bodies take; sent on unchanged, a request is counted twice and held once."""
        return sum(map(len, self.request.parts + self.sent.parts + self.received.parts + self.returned.parts))

    def drop_bodies(self) -> None:
        """Forgets all four, because newer exchanges have some to keep."""
        self.request = self.sent = self.received = self.returned = NOTHING_KEPT


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
        exchange = Flow(first_id + self.total * step, at=at, started=started, profile=profile, kind=kind)
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


def log_line(exchange: Flow, clock: str) -> str:
    """One exchange as one line of the log, greppable: names, numbers, no contents. Whoever prints it masks it, and
    keeps it on its line."""
    went = exchange.profile if exchange.route == exchange.profile else f"{exchange.profile}>{exchange.route}"
    models = exchange.asked if exchange.asked == exchange.model else f"{exchange.asked}>{exchange.model}"
    first = "-" if exchange.first_byte_ms is None else f"{exchange.first_byte_ms:.0f}"
    line = f"{clock} #{exchange.id} {went} {models or '-'} {exchange.status} first={first}ms"
    line += f" total={exchange.total_ms or 0:.0f}ms in={exchange.input_tokens}"
    line += f" cached={exchange.cache_read_tokens} out={exchange.output_tokens}"
    if exchange.cost is not None:
        line += f" cost={exchange.cost:.6g}{exchange.currency}"
    if exchange.stop_reason:
        line += f" stop={exchange.stop_reason}"
    if exchange.attempts > 1:
        line += f" attempts={exchange.attempts}"
    if exchange.error:
        line += f" error={exchange.error!r}"
    for notice in exchange.notices:
        line += f" note={notice!r}"
    return line
