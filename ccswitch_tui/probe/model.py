"""What a probe says: steps, findings, quirks and a verdict, as plain data.

A step says what it proves, not just that it passed. Source of the codes,
titles and the JSON: the ladder as README documents it; `version` stays 1 as
long as no field changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.bodies import SIZE_TOKENS
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.wire.formats import Wire

Ladder = Literal["quick", "default", "full"]
StepVerdict = Literal["ok", "warn", "fail", "skip"]
Verdict = Literal["native", "translate", "limited", "broken"]

JSON_VERSION = 1


class Rung(NamedTuple):
    """One rung of the ladder. A new one is a row of RUNGS, its `judge_CODE` in the module named there, and the
    question of that name in `bodies`."""

    code: str
    title: str
    proves: str
    judges: str
    """The module of this folder that has `judge_CODE`."""
    least: Ladder = "quick"
    """The shortest ladder that has this rung."""
    tokens: int = 0
    """About what it costs, prompt and answer together."""
    alone: bool = False
    """Its question, `Bodies.CODE`, depends on no other rung's answer: asked side by side with others."""


RUNGS: tuple[Rung, ...] = (
    Rung("url", "address", "what was given means this base URL", "judge_reach"),
    Rung("dns", "name", "the host name resolves to an address", "judge_reach"),
    Rung("tcp", "connection", "something listens there and accepts connections", "judge_reach"),
    Rung("tls", "encryption", "the certificate is valid and signed by an authority this machine trusts", "judge_reach"),
    Rung("http", "an API answers", "an HTTP API answers, not a web page or a gateway's block page", "judge_reach"),
    Rung("auth", "the key is accepted", "a request that needs the key is answered with it", "judge_key"),
    Rung(
        "models",
        "model list",
        "only what the endpoint lists; neither that the key is good nor that a model answers",
        "judge_answer",
    ),
    Rung("message", "one answer", "the model answers a minimal request in this format", "judge_answer", tokens=40),
    Rung(
        "tiers",
        "every configured model",
        "each model of the profile answers",
        "judge_answer",
        least="default",
        tokens=40,
    ),
    Rung(
        "stream",
        "streaming",
        "answers arrive as a valid stream that ends properly and reports its usage",
        "judge_talk",
        least="default",
        tokens=60,
    ),
    Rung(
        "tools",
        "tool calls",
        "a forced tool call has valid arguments, and its result can be sent back",
        "judge_talk",
        least="default",
        tokens=400,
    ),
    Rung(
        "parallel", "parallel tool calls", "two calls in one turn", "judge_rest", least="full", tokens=300, alone=True
    ),
    Rung("system", "system messages", "where system text may stand", "judge_rest", least="full", tokens=60, alone=True),
    Rung(
        "stop", "stop sequences", "a stop sequence ends the answer", "judge_rest", least="full", tokens=60, alone=True
    ),
    Rung("image", "images", "an image is seen, not refused", "judge_rest", least="full", tokens=150, alone=True),
    Rung(
        "reasoning",
        "reasoning",
        "the amount of reasoning can be set, and reasoning comes back separate from the answer",
        "judge_rest",
        least="full",
        tokens=120,
        alone=True,
    ),
    Rung(
        "json",
        "structured output",
        "an answer can be constrained to a schema",
        "judge_rest",
        least="full",
        tokens=120,
        alone=True,
    ),
    Rung(
        "long",
        "output limit",
        "how the limit is named and how high it may be",
        "judge_rest",
        least="full",
        tokens=40,
        alone=True,
    ),
    Rung(
        "size",
        "a large request",
        "a request as large as Claude Code's is accepted in time",
        "judge_rest",
        least="full",
        tokens=SIZE_TOKENS,
    ),
    Rung(
        "translate",
        "through our proxy",
        "the same request in Anthropic's format, through the proxy, gives a valid message stream",
        "judge_outside",
        least="default",
        tokens=400,
    ),
    Rung(
        "claude",
        "the real Claude Code",
        "Claude Code itself gets an answer through exactly what would be written",
        "judge_outside",
        least="full",
        tokens=15_000,
    ),
    Rung(
        "search",
        "web search",
        "one search at the named source, asked as Claude Code asks, comes back with pages",
        "judge_outside",
        least="full",
    ),
)
"""In the order they are shown; independent ones are climbed side by side."""

RUNG: Mapping[str, Rung] = {rung.code: rung for rung in RUNGS}

LADDERS: Mapping[str, tuple[str, ...]] = {
    ladder: tuple(rung.code for rung in RUNGS if rung.least in lower)
    for ladder, lower in (
        ("quick", ("quick",)),
        ("default", ("quick", "default")),
        ("full", ("quick", "default", "full")),
    )
}
BUDGETS: Mapping[str, int] = {"quick": 4, "default": 16, "full": 30}
"""Requests to one host at most, whatever happens: a probe must not cost more than a look."""


class Step(NamedTuple):
    """How one rung went."""

    code: str
    title: str
    verdict: StepVerdict
    took_ms: float | None = None
    proves: str = ""
    because: str = ""
    """What was seen, in one line."""
    finding: str | None = None
    """Kind of the finding this step led to."""

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {**self._asdict(), "took_ms": None if self.took_ms is None else round(self.took_ms, 1)}


class LearnedQuirk(NamedTuple):
    """What a probe found out about an endpoint, and by which words."""

    name: str
    value: Any
    because: str


class ProbeReport(NamedTuple):
    """Everything a probe found out."""

    profile: str
    base_url: str
    at: str
    """UTC, ISO 8601."""
    ladder: Ladder
    verdict: Verdict
    sentence: str
    """The verdict in one sentence."""
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    """The most specific first."""
    quirks: tuple[LearnedQuirk, ...] = ()
    disproved: tuple[str, ...] = ()
    """Names of quirks the profile had from an earlier probe that this one found not to be so."""
    exchanges: tuple[Exchange, ...] = ()
    wire: Wire | None = None
    """The format that works, where one was proved."""
    auth: str | None = None
    """The header style that works, where one was proved."""
    key_note: str = ""
    """Where the key came from, e.g. "key from keyring"."""
    took_ms: float = 0.0

    @property
    def requests(self) -> int:
        """How many requests were spent."""
        return len(self.exchanges)

    def exchange(self, number: int) -> Exchange | None:
        """The exchange a finding names as its evidence."""
        return next((e for e in self.exchanges if e.id == number), None)

    def to_json(self) -> dict[str, Any]:
        """The documented, versioned JSON form."""
        return {
            "version": JSON_VERSION,
            "profile": self.profile,
            "base_url": self.base_url,
            "at": self.at,
            "ladder": self.ladder,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "wire": self.wire,
            "auth": self.auth,
            "took_ms": round(self.took_ms, 1),
            "requests": self.requests,
            "steps": [step.to_json() for step in self.steps],
            "findings": [finding.to_json() for finding in self.findings],
            "quirks": {q.name: {"value": q.value, "because": q.because} for q in self.quirks},
            "disproved": list(self.disproved),
            "exchanges": [exchange.to_json() for exchange in self.exchanges],
        }
