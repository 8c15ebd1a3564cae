"""The form of a judgement: one step, and the findings it led to; and what all judges need."""

from __future__ import annotations

from typing import NamedTuple

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.exchange import Exchange, printable
from ccswitch_tui.probe.facts import Facts, Read
from ccswitch_tui.probe.model import RUNG, Step, StepVerdict

FIRST_BYTE_LIMIT_MS = 20_000
"""Patience for a first token. Reasoning models behind busy gateways take some 12 s; Claude Code waits minutes."""


class Judged(NamedTuple):
    """How a rung went, and what is wrong."""

    step: Step
    findings: list[Finding] = []  # noqa: RUF012  (never changed: a NamedTuple's default)


def step(code: str, verdict: StepVerdict, because: str, took_ms: float | None = None, kind: str | None = None) -> Step:
    """A step of that rung, in one line."""
    rung = RUNG[code]
    line = printable(" ".join(because.split()))
    return Step(code, rung.title, verdict, took_ms, rung.proves, line if len(line) <= 200 else line[:199] + "…", kind)


def took_ms(exchange: Exchange) -> float:
    """Milliseconds of the whole exchange."""
    return exchange.timings.total


def refused(code: str, facts: Facts, read: Read, verdict: StepVerdict = "fail", **seen: object) -> Judged:
    """A rung that the endpoint refused."""
    exchange, answer = read
    found = finding(answer.kind, facts, exchange, answer, **seen)  # type: ignore[arg-type]
    said = f"HTTP {exchange.status}: {answer.words}" if exchange.status else answer.words
    return Judged(step(code, verdict, said, took_ms(exchange), answer.kind), [found])


def short(text: str) -> str:
    """A text in one short line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:59] + "…"
