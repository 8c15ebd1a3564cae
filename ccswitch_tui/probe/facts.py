"""What is known about an endpoint after some exchanges: the ladder decides by it, the judges report from it.

Pure, and computed from the exchanges alone: a recorded transcript leads to the
same facts as the live probe it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ccswitch_tui.probe.asks import PATIENCE_S
from ccswitch_tui.probe.bodies import Place
from ccswitch_tui.probe.classify import UNREACHED, Answer, read_answer
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.model import LearnedQuirk
from ccswitch_tui.probe.shapes import ListedModel
from ccswitch_tui.profiles.model_names import prefers_responses
from ccswitch_tui.sentence import say
from ccswitch_tui.translate.textflow import ORPHAN_FIELD, orphan_close
from ccswitch_tui.wire.formats import FORMATS, MESSAGES, RESPONSES, Wire, format_of


class Target(NamedTuple):
    """What is probed: a profile without its key."""

    name: str
    base_url: str
    wire: Wire | None = None
    auth: str = "bearer"
    models: Mapping[str, str] = {}
    """Tier → model; those that other profiles answer are not in here."""
    has_key: bool = True
    quirks: Mapping[str, Any] = {}
    """Effective values by name."""
    probed: tuple[str, ...] = ()
    """Names of quirks an earlier probe set."""
    saved: bool = True
    """There is a profile of that name, which a fix can change."""
    key_note: str = ""
    url_changes: tuple[str, ...] = ()
    """What was changed in the address as it was pasted."""
    context_window: int | None = None
    native_base: str | None = None
    """Where the catalogue says that this provider speaks Anthropic's format, for the same key and plan."""
    patience_s: float = PATIENCE_S
    """Until an answer begins."""
    searches: bool = False
    """A search source is named for it."""

    @property
    def default_model(self) -> str:
        """The model asked first."""
        return self.models.get("default") or next(iter(self.models.values()), "")


class Read(NamedTuple):
    """An exchange and what it means."""

    exchange: Exchange
    answer: Answer


LEARN_FROM = frozenset([400, 404, 415, 422, 500, 501])
"""Only a refusal of the request teaches a quirk; a 401 or 503 that mentions a field does not."""

OUTSIDE = ("translate", "claude", "search")
"""Rungs whose exchanges are with our own proxy, not with the endpoint."""


BROKEN_STREAM = frozenset({"server-error", "empty-answer", "error-in-success"})
"""What a stream may be where whole answers are fine (Portkey 1.15: 500 for every stream)."""


def loses_calls(read: Read) -> bool:
    """A call was forced, and the stream holds neither it nor a word (lm-proxy 3.3)."""
    said = read.answer.said
    empty = said is None or not (said.calls or said.text.strip())
    return _streamed(read.exchange) and empty and read.answer.kind in ("ok", "no-tools", *BROKEN_STREAM)


def thinking_in(read: Read) -> str:
    """The thinking at the beginning of an answer's text, up to a closing tag that nothing opened; "" for none."""
    said = read.answer.said
    if said is None:
        return ""
    if said.reasoning_field == ORPHAN_FIELD:
        return said.reasoning.strip()
    found = orphan_close(said.text) if "</" in said.text else None
    return found[0].strip() if found else ""


def _streamed(exchange: Exchange) -> bool:
    return '"stream":true' in exchange.request_body.replace(" ", "")


class Facts:
    """Exchanges so far, read."""

    def __init__(self, target: Target, exchanges: Iterable[Exchange] = ()) -> None:
        self.target = target
        self.reads: list[Read] = []
        self.learned: dict[str, LearnedQuirk] = {}
        self.add(exchanges)

    def add(self, exchanges: Iterable[Exchange]) -> list[Read]:
        """Reads further exchanges."""
        fresh = [Read(exchange, read_answer(exchange)) for exchange in exchanges]
        self.reads += fresh
        for exchange, answer in fresh:
            if answer.quirk and exchange.status in LEARN_FROM and exchange.rung not in OUTSIDE:
                self._learn(answer.quirk, answer.value, answer.words)
        self._hear_streams()
        if self.orphan is not None:
            self._learn("thinks_first", True, "an answer began with thinking whose opening tag did not come")
        return fresh

    @property
    def orphan(self) -> Read | None:
        """An answer that begins with thinking which nothing opened: the server's template wrote the tag."""
        if not self._chat():
            return None
        return next((r for r in self.reads if r.exchange.rung not in OUTSIDE and thinking_in(r)), None)

    @property
    def may_think_first(self) -> Read | None:
        """An answer that was cut before it said the one word it was asked for: perhaps it was still thinking."""
        read = self.success
        said = read.answer.said if read is not None and self._chat() else None
        if said is None or said.reasoning or said.finish not in ("length", "max_tokens"):
            return None
        return read if said.text.strip() and "ok" not in said.text[:12].lower() else None

    def _hear_streams(self) -> None:
        """Whole answers come where streams fail, twice, or lose the call: our proxy can ask for whole ones."""
        if "never_stream" in self.learned or self.success is None or not self._chat():
            return
        broken = [r for r in self.of("stream") if r.answer.kind in BROKEN_STREAM]
        tools = self.of("tools")
        lost = [r for r in tools if loses_calls(r)]
        found = any(r.answer.said and r.answer.said.calls and not _streamed(r.exchange) for r in tools)
        if len(broken) >= 2:
            words, status = broken[-1].answer.words, broken[-1].exchange.status
            place = len(self.reads) - 1 - self.reads[::-1].index(broken[-1])
            why = say("every stream fails (HTTP {status}: {words}), and whole answers come", status=status, words=words)
            told = Answer("no-streaming", words, why, quirk="never_stream", value=True)
            self.reads[place] = Read(broken[-1].exchange, told)
            self._learn("never_stream", True, words)
        elif lost and found:
            self._learn("never_stream", True, "a streamed answer lost the tool call that a whole one holds")

    def _chat(self) -> bool:
        return self.success is not None and not format_of(self.success.exchange.wire).native

    def _learn(self, name: str, value: Any, words: str) -> None:
        if name == "drop_fields":
            value = sorted({*self.quirks.get(name, ()), *value})
        if name == "tool_choice" and self.quirks.get(name) == "strings_only" and value == "strings_only":
            value = "auto_only"
        self.learned[name] = LearnedQuirk(name, value, words)

    def of(self, *rungs: str) -> list[Read]:
        """The exchanges of these rungs, in order."""
        return [read for read in self.reads if read.exchange.rung in rungs]

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(read.exchange for read in self.reads)

    @property
    def quirks(self) -> dict[str, Any]:
        """The endpoint's quirks as known so far."""
        return {**self.target.quirks, **{name: q.value for name, q in self.learned.items()}}

    @property
    def unreached(self) -> Read | None:
        """The exchange that showed that the endpoint cannot be reached at all."""
        reads = [r for r in self.reads if r.exchange.rung not in OUTSIDE]
        reached = any(r.exchange.status is not None for r in reads)
        return None if reached else next((r for r in reads if r.answer.kind in UNREACHED), None)

    @property
    def messages(self) -> list[Read]:
        """The attempts at one answer."""
        return self.of("message")

    @property
    def success(self) -> Read | None:
        """The attempt that was answered. Of several formats none of which was asked for, Anthropic's is taken, then the
        Responses API for models that are better asked there."""
        good = [r for r in self.messages if r.answer.ok]
        for wanted in (self.target.wire,) if self.target.wire else (MESSAGES, RESPONSES):
            for read in good:
                if read.exchange.wire == wanted and (wanted != RESPONSES or prefers_responses(read.exchange.model)):
                    return read
        return next(iter(good), None)

    @property
    def prefers_responses(self) -> bool:
        """Chat completions answer too, and the Responses API was taken for what it does with this model."""
        taken = self.success
        if taken is None or self.target.wire or taken.exchange.wire != RESPONSES:
            return False
        return any(r.answer.ok and r.exchange.wire != RESPONSES for r in self.messages)

    @property
    def native(self) -> Read | None:
        """A successful attempt in Anthropic's format, also beside a configured chat route."""
        return next(
            (r for r in self.of("message", "native") if r.answer.ok and format_of(r.exchange.wire).native), None
        )

    @property
    def place(self) -> Place | None:
        """Where and how to ask, proved by an answer."""
        return place_of(self.success.exchange) if self.success else None

    @property
    def listed(self) -> tuple[ListedModel, ...]:
        """The models the endpoint lists, with the key if it was used."""
        lists = [r.answer.listed for r in self.of("http", "models") if r.answer.ok and r.answer.listed]
        return lists[-1] if lists else ()

    def window_of(self, model: str) -> int | None:
        """The context window the list tells for a model; where one model answers to every name, that one's."""
        only = len(self.listed) == 1 and self.success is not None and self.success.exchange.model == model
        return next((m.context_window for m in self.listed if m.id == model or only), None)


def base_of(exchange: Exchange) -> str:
    """The base URL an exchange was made under."""
    url = exchange.url.partition("?")[0]
    row = format_of(exchange.wire)
    for route in (row.ask, row.models):
        if url.endswith(route):
            return url[: -len(route)]
    return url


def place_of(exchange: Exchange) -> Place:
    """The place an exchange asked at."""
    return Place(base_of(exchange), format_of(exchange.wire).name, exchange.auth, exchange.model)


def ids_of(reads: list[Read]) -> tuple[int, ...]:
    """The exchanges these were read from, each once: a finding's evidence."""
    return tuple(dict.fromkeys(read.exchange.id for read in reads))


# ---------------------------------------------------------------- addresses of the same origin, plan and billing group

VERSION_END = re.compile(r"/v\d+[a-z]*\d*$")

PROTOCOL_WORDS = frozenset(
    ["openai", "anthropic", "claude", "compatible-mode", "apps", "api", "v1", "v2", "v3", "v4", ""]
)
"""Path segments that name a protocol or a version. All others may name a plan or a billing group (`/coding`, `/plan`,
`/tokenplan`, `/paas`): two addresses that differ in those are never tried for each other."""


ROUTE_END = re.compile(r"(?<=[^/])/(chat/completions|completions|messages|responses|models)$")
"""Of an address that was written into the file by hand: `add` and `edit` take a route off."""


def without_version(base_url: str) -> str:
    """The base URL without its version segment."""
    return VERSION_END.sub("", base_url)


def has_version(base_url: str) -> bool:
    """The base URL ends in a version segment."""
    return bool(VERSION_END.search(base_url))


def same_group(one: str, other: str) -> bool:
    """Two base URLs differ in protocol and version words only."""

    def group(url: str) -> tuple[str, list[str]]:
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        return f"{scheme}://{host}", [p for p in path.split("/") if p not in PROTOCOL_WORDS]

    return group(one) == group(other)


def other_bases(base_url: str, wire: Wire) -> list[str]:
    """Base URLs worth trying for `wire` on the same origin when this one does not answer, the likeliest first."""
    above = ROUTE_END.sub("", base_url)
    if above != base_url:
        return [above]
    bare = without_version(base_url)
    if not FORMATS[wire].version:
        tries = [bare + "/v1", bare] if has_version(base_url) else [base_url + "/v1"]
        tries += [re.sub(r"/(apps/)?anthropic$", "/v1", bare)] if bare.endswith("/anthropic") else []
    else:
        tries = [bare, re.sub(r"/(openai|compatible-mode)$", "/anthropic", bare)]
        if bare.count("/") == 2:
            tries.append(bare + "/anthropic")
    return [t for t in dict.fromkeys(tries) if t != base_url and same_group(t, base_url)]
