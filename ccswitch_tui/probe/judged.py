"""The form of a judgement: one step, and the findings it led to."""

from __future__ import annotations

from typing import NamedTuple

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.model import RUNG, Step, StepVerdict


class Judged(NamedTuple):
    """How a rung went, and what is wrong."""

    step: Step
    findings: list[Finding] = []  # noqa: RUF012  (never changed: a NamedTuple's default)


def step(code: str, verdict: StepVerdict, because: str, took_ms: float | None = None, kind: str | None = None) -> Step:
    """A step of that rung, in one line."""
    rung = RUNG[code]
    line = " ".join(because.split())
    return Step(code, rung.title, verdict, took_ms, rung.proves, line if len(line) <= 200 else line[:199] + "…", kind)
