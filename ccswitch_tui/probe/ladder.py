"""The rungs, as a generator that asks for exchanges and receives them.

Pure: it yields what it wants (`list[Ask]` to be made side by side, `Wait`,
`Outside` for what only a workflow can do, `Settled` when rungs are done) and
is sent the exchanges. Cheap first; early end; a budget of requests a host; a
repeated 429 ends it. Nothing leaves the origin, plan or billing group given.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, NamedTuple

from ccswitch_tui.probe.asks import SIZE_PATIENCE_S, ask, bodies_for, list_ask
from ccswitch_tui.probe.bodies import TOOL_TOKENS, Bodies, Place
from ccswitch_tui.probe.exchange import Ask, Exchange
from ccswitch_tui.probe.facts import (
    BROKEN_STREAM,
    OUTSIDE,
    Facts,
    Read,
    Target,
    loses_calls,
    other_bases,
    place_of,
    without_version,
)
from ccswitch_tui.probe.messages_bodies import CLIENT_BETAS, MessagesBodies
from ccswitch_tui.probe.model import BUDGETS, LADDERS, RUNG, RUNGS, Ladder
from ccswitch_tui.probe.patience import (
    HANGS,
    LONGEST_WAIT_S,
    MARGIN_S,
    asks_for_patience,
    retry_after_s,
    with_patience,
)
from ccswitch_tui.profiles.model_names import holds_conversation, prefers_responses
from ccswitch_tui.wire.formats import CHAT, FORMATS, MESSAGES, RESPONSES, WIRES, Wire, format_of


class Settled(NamedTuple):
    """These rungs are done and can be judged."""

    codes: tuple[str, ...]


class Wait(NamedTuple):
    """The endpoint asked for patience."""

    seconds: float


class Outside(NamedTuple):
    """A rung that needs more than a request: our proxy, or the real client."""

    rung: str
    place: Place
    quirks: dict[str, Any]


Wish = list[Ask] | Settled | Wait | Outside
Climb = Generator[Wish, list[Exchange], None]
Step = Generator[Wish, list[Exchange], Any]

SIDE_BY_SIDE = 3
"""Requests at once: independent rungs need not wait for each other, and small accounts allow few at a time."""

OTHER_STYLES = {
    "bearer": ("x-api-key", "header:api-key"),
    "x-api-key": ("bearer", "both"),
    "both": ("bearer", "x-api-key"),
    "none": ("bearer", "x-api-key"),
}

ELSEWHERE = frozenset(
    [
        "endpoint-not-found",
        "method-not-allowed",
        "not-an-api",
        "redirected",
        "bad-format",
        "empty-answer",
        "wire-mismatch",
        "request-refused",
        "server-error",
        "error-in-success",
    ]
)
"""Answers that may mean: right host, wrong address or format."""

NO_LIST = frozenset(["endpoint-not-found", "method-not-allowed", "not-an-api", "redirected", *HANGS])

STYLE_TROUBLE = frozenset(["auth-invalid", "auth-header-style", "auth-forbidden"])
AGAIN = frozenset(["overloaded", "model-loading", "server-error", "connection-reset"])

MODEL_TROUBLE = frozenset(["model-not-found", "model-forbidden"])

FOUND_THE_DOOR = MODEL_TROUBLE | frozenset(["quota-exhausted", "content-filtered", "context-too-small", "no-tools"])
"""Refusals that only the right address gives: no other one is tried after them."""

MAX_TIERS = 4


class Cost(NamedTuple):
    """What a climb will ask for, told before it starts."""

    requests: int
    tokens: int


def cost_of(target: Target, ladder: Ladder) -> Cost:
    """About how many requests and tokens a healthy endpoint is asked for; `BUDGETS` bounds a sick one."""
    requests, tokens = 2, 0
    for code in LADDERS[ladder]:
        times = min(len(_other_models(target)), MAX_TIERS) if code == "tiers" else 1
        if RUNG[code].tokens and times:
            requests += times + (code == "tools")
            tokens += RUNG[code].tokens * times
    if not format_of(target.wire).native and ladder != "quick":
        requests, tokens = requests + 1, tokens + RUNG["message"].tokens
    return Cost(requests, tokens)


def climb(target: Target, ladder: Ladder) -> Climb:
    """The whole ladder against `target`."""
    return _Climber(target, ladder).run()


def _other_models(target: Target) -> list[str]:
    return [m for m in dict.fromkeys(target.models.values()) if m != target.default_model]


def _first_base(base_url: str, wire: Wire) -> str:
    """The base URL to try first for a wire: without a version segment where the routes have one of their own."""
    return without_version(base_url) if FORMATS[wire].version else base_url


class _Climber:
    def __init__(self, target: Target, ladder: Ladder) -> None:
        self.target = target
        self.ladder = ladder
        self.codes = LADDERS[ladder]
        self.left = BUDGETS[ladder]
        self.facts = Facts(target)
        self.model = target.default_model
        self.waited = False
        self.stopped = False
        self.tried: set[Any] = set()

    def run(self) -> Climb:
        yield Settled(("url",))
        wire = self.target.wire or CHAT
        yield from self.send(list_ask("http", self.target.base_url, wire, "none"))
        yield Settled(("dns", "tcp", "tls", "http"))
        if self.facts.unreached or self._walled():
            return
        yield from self.first_answer()
        yield Settled(("auth", "models", "message"))
        place = self.facts.place
        if place is None or self.ladder == "quick" or self.stopped:
            return
        yield from self.conversation(place)
        if self.ladder == "full" and not self.stopped:
            yield from self.the_rest(place)
        yield from self.outside(place)
        # Last, because some gateways rest a model for seconds after a refusal (LiteLLM: cooldown).
        yield from self.send(*self._native_asks(place))

    # ------------------------------------------------------------ sending

    def send(self, *asks: Ask) -> Step:
        """Sends what the budget allows, side by side; honours one 429. Returns what was read."""
        reads: list[Read] = []
        waiting = list(asks)
        while waiting and not self.stopped and self.left > 0:
            width = min(1 if self.waited else SIDE_BY_SIDE, self.left)
            now, waiting = [self._patient(a) for a in waiting[:width]], waiting[width:]
            self.left -= len(now)
            fresh = self.facts.add((yield now))
            reads += fresh
            again = [(a, read) for a, read in zip(now, fresh, strict=True) if asks_for_patience(read)]
            if again:
                waiting = (yield from self.patience(again)) + waiting
        return reads

    def patience(self, again: list[tuple[Ask, Read]]) -> Step:
        """Waits once, as long as the endpoint asks; the second time, or for longer, the climb is over."""
        seconds = max(retry_after_s(read.exchange) for _, read in again)
        if self.waited or seconds > LONGEST_WAIT_S or self.left < 1:
            self.stopped = True
            return []
        self.waited = True
        yield Wait(max(seconds, 1.0) + MARGIN_S)
        return [a for a, _ in again]

    def _patient(self, wanted: Ask) -> Ask:
        hung = any(read.answer.kind in HANGS for read in self.facts.reads)
        return with_patience(wanted, self.target.patience_s, full=self.ladder == "full", hung=hung)

    def place(self, base_url: str, wire: Wire, auth: str) -> Place:
        return Place(base_url, wire, auth, self.model)

    def body(self, place: Place) -> Bodies:
        return bodies_for(place, self.facts.quirks)

    # ------------------------------------------------------------ one answer

    def _walled(self) -> bool:
        return any(r.answer.kind in ("gateway-blocked", "region-blocked") for r in self.facts.of("http"))

    def _auth(self) -> str:
        return self.target.auth if self.target.has_key else "none"

    def first_answer(self) -> Step:
        http = self.facts.of("http")[-1].answer
        has_list = http.kind not in NO_LIST
        if not self.target.has_key and self.target.auth != "none" and http.kind in STYLE_TROUBLE:
            return
        listing = list_ask("models", self.target.base_url, self.target.wire or CHAT, self._auth())
        wants_list = has_list and self._auth() != "none"
        if not self.model:
            if wants_list:
                yield from self.send(listing)
            self.model = pick_model([m.id for m in self.facts.listed])
            if not self.model:
                return
            wants_list = False
        first = [self._message(place) for place in self._first_places()]
        yield from self.send(*([listing] if wants_list else []), *first)
        while self.facts.success is None and self.left > 0 and not self.stopped:
            attempt = self._next_attempt()
            if attempt is None:
                break
            yield from self.send(attempt)
        yield from self._list_for_names()
        yield from self._proof_of_style()
        yield from self._list_where_it_answers()

    def _proof_of_style(self) -> Step:
        """Another header was taken: does the endpoint look at it, or answer without any key?"""
        place = self.facts.place
        if place is not None and self.target.has_key and place.auth not in (self.target.auth, "none"):
            yield from self.send(self._message(place._replace(auth="none")))

    def _list_where_it_answers(self) -> Step:
        """The list was asked for where there is none, and the answer came from elsewhere: windows stand in lists."""
        place = self.facts.place
        if place is None or self.facts.listed:
            return
        wanted = list_ask("models", place.base_url, place.wire, place.auth)
        if all(read.exchange.url != wanted.url for read in self.facts.of("http", "models")):
            yield from self.send(wanted)

    def _list_for_names(self) -> Step:
        """A model was not found, and nothing is listed yet: the list names what is close to it."""
        last = next((r for r in reversed(self.facts.messages) if r.answer.kind in MODEL_TROUBLE), None)
        if last is not None and not self.facts.listed and not self.facts.of("models"):
            place = place_of(last.exchange)
            yield from self.send(list_ask("models", place.base_url, place.wire, place.auth))

    def _first_places(self) -> list[Place]:
        base = self.target.base_url
        if self.target.wire:
            return [self.place(base, self.target.wire, self._auth())]
        likely: tuple[Wire, ...] = (RESPONSES, CHAT) if prefers_responses(self.model) else (CHAT, MESSAGES)
        return [self.place(_first_base(base, wire), wire, self._auth()) for wire in likely]

    def _message(self, place: Place) -> Ask:
        self.tried.add((place, repr(sorted(self.facts.learned))))
        return ask("message", place, self.body(place).message(), variant=self._variant(place))

    def _variant(self, place: Place) -> str:
        differs = []
        if place.base_url != self.target.base_url:
            differs.append(place.base_url.partition("://")[2].partition("/")[2] or "/")
        if place.wire != self.target.wire:
            differs.append(place.wire)
        if place.auth != self.target.auth:
            differs.append(place.auth)
        return ", ".join(differs + sorted(self.facts.learned))

    def _next_attempt(self) -> Ask | None:
        if any(r.answer.kind in FOUND_THE_DOOR and not r.answer.quirk for r in self.facts.messages):
            return None
        for read in reversed(self.facts.messages):
            for place in self._ways_on(read):
                if (place, repr(sorted(self.facts.learned))) not in self.tried:
                    return self._message(place)
        return None

    def _ways_on(self, read: Read) -> list[Place]:
        kind, place = read.answer.kind, place_of(read.exchange)
        if kind == "unsupported-parameter" and read.answer.quirk:
            return [place]
        if kind in STYLE_TROUBLE and self.target.has_key:
            styles = OTHER_STYLES.get(place.auth, ("bearer", "x-api-key"))
            return [place._replace(auth=style) for style in styles[: 2 if kind == "auth-header-style" else 1]]
        if kind in ELSEWHERE:
            base, here = self.target.base_url, place.wire
            same = [(b, here) for b in other_bases(base, here)]
            other = [
                (b, there)
                for there in WIRES
                if there != here
                for b in dict.fromkeys([_first_base(base, there), *other_bases(base, there)])
            ]
            guessed = self.target.wire is None and here == MESSAGES  # chat completions under /v1 are likelier
            named = wire_meant(read.answer.words, here) if kind == "wire-mismatch" else None
            other.sort(key=lambda at: at[1] != named)
            first_other = kind == "wire-mismatch" or guessed
            order = other + same if first_other else same[:1] + other[:1] + same[1:] + other[1:]
            return [self.place(b, w, place.auth) for b, w in order]
        if kind in AGAIN and self.ladder != "quick" and "again" not in self.tried:
            self.tried -= {(place, repr(sorted(self.facts.learned)))}
            self.tried.add("again")
            return [place]
        return []

    # ------------------------------------------------------------ conversation

    def conversation(self, place: Place) -> Step:
        body = self.body(place)
        asks = [ask("stream", place, body.stream()), ask("tools", place, body.tools(), variant="forced call")]
        asks += [
            ask("tiers", p := place._replace(model=model), self.body(p).message(), variant=model)
            for model in _other_models(self.target)[:MAX_TIERS]
        ]
        yield from self.send(*asks)
        if not self._good("stream") and self._learned_from("stream") and not self._refuses_streams():
            yield from self.send(ask("stream", place, self.body(place).stream(), variant="with what was learned"))
        for _ in range(2):
            refused = self.facts.of("tools")[-1].answer if self.facts.of("tools") else None
            whole = refused is not None and refused.kind == "no-streaming" and refused.said is None
            if not whole and not self._learned_from("tools"):
                break
            again = bodies_for(place, self.facts.quirks, whole=whole).tools()
            yield from self.send(ask("tools", place, again, variant="whole" if whole else "with what was learned"))
        yield from self.whole_answers(place)
        yield from self.room_to_think(place)
        yield Settled(("tiers", "stream"))
        yield from self.second_turn(place)
        yield Settled(("tools",))

    def whole_answers(self, place: Place) -> Step:
        """Streams fail or lose the call: asked twice, since one bad moment proves nothing, then for whole answers."""
        stream, tools = self.facts.of("stream"), self.facts.of("tools")
        if stream and stream[-1].answer.kind in BROKEN_STREAM:
            yield from self.send(ask("stream", place, self.body(place).stream(), variant="again"))
        lost = bool(tools) and loses_calls(tools[-1])
        if lost or "never_stream" in self.facts.learned:
            again = bodies_for(place, self.facts.quirks, whole=True).tools()
            yield from self.send(ask("tools", place, again, variant="whole"))

    def room_to_think(self, place: Place) -> Step:
        """The few tokens of the first answer held no answer: with more, does a tag end what may be thinking?"""
        if self.facts.may_think_first is not None and self.facts.orphan is None:
            longer = self.body(place).plain("Reply with the word OK.", TOOL_TOKENS)
            yield from self.send(ask("message", place, longer, variant="room to think"))

    def _native_asks(self, place: Place) -> list[Ask]:
        if FORMATS[place.wire].native or any(r.exchange.wire == MESSAGES for r in self.facts.messages):
            return []
        if self._is_litellm():
            return []  # a route it has not takes the whole deployment out for its other users for seconds
        asks = []
        known = [self.target.native_base] if self.target.native_base else []
        for base in [*known, without_version(place.base_url), *other_bases(place.base_url, MESSAGES)]:
            native = place._replace(base_url=base, wire=MESSAGES)
            asks.append(
                ask("native", native, MessagesBodies(native, {}).as_the_client(), variant=base, beta=CLIENT_BETAS)
            )
        return list({a.url: a for a in asks}.values())[:2]

    def _is_litellm(self) -> bool:
        return any(name.lower().startswith("x-litellm") for r in self.facts.reads for name, _ in r.exchange.headers)

    def _good(self, rung: str) -> bool:
        reads = self.facts.of(rung)
        return bool(reads) and reads[-1].answer.ok

    def _learned_from(self, rung: str) -> bool:
        reads = self.facts.of(rung)
        return bool(reads) and bool(reads[-1].answer.quirk) and not reads[-1].answer.ok

    def _refuses_streams(self) -> bool:
        return any(r.answer.kind == "no-streaming" for r in self.facts.of("stream"))

    def second_turn(self, place: Place) -> Step:
        first = next((r for r in reversed(self.facts.of("tools")) if r.answer.said and r.answer.said.calls), None)
        if first is None or first.answer.said is None:
            return
        said = first.answer.said
        call = said.calls[0]
        if call.parsed() is None:
            return
        for attempt in range(3):
            turn = self.body(place).second_turn(call.id or "call_1", call.name, call.arguments, said.reasoning)
            variant = "second turn" if attempt == 0 else "second turn, with what was learned"
            yield from self.send(ask("tools", place, turn, variant=variant))
            if not self._learned_from("tools"):
                return

    # ------------------------------------------------------------ the rest

    def the_rest(self, place: Place) -> Step:
        body = self.body(place)
        codes = [rung.code for rung in RUNGS if rung.alone]
        while codes:
            now, codes = codes[:SIDE_BY_SIDE], codes[SIDE_BY_SIDE:]
            asked = [code for code in now if code != "stop" or FORMATS[place.wire].stops]
            yield from self.send(*[ask(code, place, getattr(body, code)()) for code in asked])
            yield Settled(tuple(now))
        yield from self.send(ask("size", place, body.size(), patience_s=SIZE_PATIENCE_S))
        yield Settled(("size",))

    def outside(self, place: Place) -> Step:
        if all(reads and reads[-1].answer.kind in HANGS for reads in (self.facts.of("stream"), self.facts.of("tools"))):
            return  # what hangs hangs through our proxy too
        for code in OUTSIDE:
            wanted = code != "search" or self.facts.target.searches
            if wanted and code in self.codes and not self.stopped and self.left > 0:
                self.left -= 1
                self.facts.add((yield Outside(code, place, self.facts.quirks)))
                yield Settled((code,))


NAMES_RESPONSES = re.compile(
    r"/responses\b|responses api|moved to .?input|/chat/completions|chatcompletion operation|not a chat model", re.I
)
"""Refusals of chat completions that mean the Responses API: OpenAI, GitHub Copilot, Azure."""


def wire_meant(words: str, here: Wire) -> Wire | None:
    """The wire that a refusal of `here` sends us to, where it says so."""
    named = next((wire for wire in WIRES if wire != here and wire in words.lower()), None)
    if named is None and here != MESSAGES:
        return CHAT if here == RESPONSES else RESPONSES if NAMES_RESPONSES.search(words) else None
    return named or (RESPONSES if "responses" in words.lower() else None)


def pick_model(listed: list[str]) -> str:
    """A model to ask when none was named: the first that holds a conversation."""
    return next(filter(holds_conversation, listed), "")
