"""What a probe says: steps, findings, quirks and a verdict, as plain data.

A step says what it proves, not just that it passed. Source of the codes,
titles and the JSON: the ladder as README documents it; `version` stays 1 as
long as no field changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.wire.formats import Wire

Ladder = Literal["quick", "default", "full"]
StepVerdict = Literal["ok", "warn", "fail", "skip"]
Verdict = Literal["native", "translate", "limited", "broken"]

JSON_VERSION = 1


class Rung(NamedTuple):
    """One rung of the ladder."""

    code: str
    title: str
    proves: str


RUNGS: tuple[Rung, ...] = (
    Rung("url", "address", "what was given means this base URL"),
    Rung("dns", "name", "the host's name leads to an address"),
    Rung("tcp", "connection", "something listens there and lets us in"),
    Rung("tls", "encryption", "the certificate is valid and of an authority this machine trusts"),
    Rung("http", "an API answers", "an HTTP API is there, not a web page or a gateway's wall"),
    Rung("auth", "the key is accepted", "a request that needs the key is answered with it"),
    Rung("models", "model list", "only what the endpoint lists; neither that the key is good nor that a model answers"),
    Rung("message", "one answer", "the model answers a minimal request in this format"),
    Rung("tiers", "every configured model", "each model of the profile answers"),
    Rung("stream", "streaming", "answers arrive as a legal stream that ends and tells its usage"),
    Rung("tools", "tool calls", "a forced tool call has valid arguments, and its result can be sent back"),
    Rung("parallel", "parallel tool calls", "two calls in one turn"),
    Rung("system", "system messages", "where system text may stand"),
    Rung("stop", "stop sequences", "a stop sequence ends the answer"),
    Rung("image", "images", "an image is looked at, not refused"),
    Rung("reasoning", "reasoning", "how much to think can be asked for, and thoughts come back apart from the answer"),
    Rung("json", "structured output", "an answer can be held to a schema"),
    Rung("long", "output limit", "how the limit is named and how high it may be"),
    Rung("size", "a large request", "a request as large as Claude Code's is accepted in time"),
    Rung(
        "translate", "through our proxy", "the same in Anthropic's format, through the proxy, is a legal message stream"
    ),
    Rung("claude", "the real Claude Code", "Claude Code itself gets an answer through exactly what would be written"),
)
"""In the order they are shown; independent ones are climbed side by side."""

RUNG: Mapping[str, Rung] = {rung.code: rung for rung in RUNGS}

QUICK = ("url", "dns", "tcp", "tls", "http", "auth", "models", "message")
DEFAULT = (*QUICK, "tiers", "stream", "tools", "translate")
FULL = tuple(rung.code for rung in RUNGS)

LADDERS: Mapping[str, tuple[str, ...]] = {"quick": QUICK, "default": DEFAULT, "full": FULL}
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
