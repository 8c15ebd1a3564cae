"""The form of a judgement: one step, and the findings it led to; and what all judges need."""

from __future__ import annotations

import re
from typing import NamedTuple

from ccswitch_tui.findings import Finding
from ccswitch_tui.printable import printable
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Facts, Read
from ccswitch_tui.probe.model import RUNG, Step, StepVerdict
from ccswitch_tui.sentence import quoting, say, through, tidied

FIRST_BYTE_LIMIT_MS = 20_000
"""Patience for a first token. Reasoning models behind busy gateways take some 12 s; Claude Code waits minutes."""


class Judged(NamedTuple):
    """How a rung went, and what is wrong."""

    step: Step
    findings: list[Finding] = []  # noqa: RUF012  (never changed: a NamedTuple's default)


def step(code: str, verdict: StepVerdict, because: str, took_ms: float | None = None, kind: str | None = None) -> Step:
    """A step of that rung, in one line."""
    rung = RUNG[code]
    line = tidied(_one_line, through(_harmless, quoting(because)))
    return Step(code, rung.title, verdict, took_ms, rung.proves, line, kind)


def _harmless(text: str) -> str:
    return printable(re.sub(r"\s+", " ", text))


def _one_line(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 200 else text[:199] + "…"


def took_ms(exchange: Exchange) -> float:
    """Milliseconds of the whole exchange."""
    return exchange.timings.total


def refused(code: str, facts: Facts, read: Read, verdict: StepVerdict = "fail", **seen: object) -> Judged:
    """A rung that the endpoint refused."""
    exchange, answer = read
    found = finding(answer.kind, facts, exchange, answer, **seen)  # type: ignore[arg-type]
    said = (
        say("HTTP {status}: {words}", status=exchange.status, words=answer.words) if exchange.status else answer.words
    )
    return Judged(step(code, verdict, said, took_ms(exchange), answer.kind), [found])


def short(text: str) -> str:
    """A text in one short line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:59] + "…"
