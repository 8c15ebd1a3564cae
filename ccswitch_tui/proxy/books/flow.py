"""One request through the proxy: names, times, counts, and the beginning of its four bodies. Pure.

Nothing of a body reaches a file, and nobody sees it unmasked. What came from
elsewhere is cut before it is kept.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from ccswitch_tui.secret import redact, redact_cut

BODY_BYTES = 512 * 1024
"""Kept of a request. Claude Code's first one is 49 kB, one in the middle of work 100 to 400 kB; cut JSON is no use."""
ANSWER_BYTES = 128 * 1024
"""Kept of an answer. It comes in hundreds of pieces, each an object of its own for as long as it is kept."""
CROWDED_BYTES = 16 * 1024
"""The same while MOST_BODIES others run: beside those that are over, nothing but this bounds what answers take."""

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

    def __init__(
        self,
        number: int,
        *,
        at: float,
        started: float,
        profile: str,
        kind: str = "messages",
        answer_bytes: int = ANSWER_BYTES,
    ) -> None:
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
        self.received, self.returned = Body(answer_bytes), Body(answer_bytes)
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
