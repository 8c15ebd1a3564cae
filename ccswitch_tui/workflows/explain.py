"""Explain a pasted error message; with a profile, climb as far as the rung that would prove it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.probe.explanations import Explanation, explanations

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.workflows.context import Context


class Proof(NamedTuple):
    """What the probe said about an explanation."""

    explanation: Explanation
    step: Step | None
    report: ProbeReport


def explain(text: str, *, profile: str = "") -> list[Explanation]:
    """What the text means, the most specific first; empty when nothing in it is known."""
    return explanations(text, profile=profile)


def ladder_for(rung: str) -> Ladder:
    """The shortest ladder that has this rung."""
    from ccswitch_tui.probe.model import LADDERS

    return next((name for name in ("quick", "default", "full") if rung in LADDERS[name]), "quick")


async def prove(
    ctx: Context, name: str, found: list[Explanation], *, on_step: Callable[[Step], None] = lambda step: None
) -> Proof | None:
    """Runs the rung that would prove the first explanation that has one; None when none has."""
    from ccswitch_tui.workflows.examine import examine, key_of

    claim = next((e for e in found if e.rung), None)
    if claim is None:
        return None
    profile = ctx.book().get(name)
    report = await examine(ctx, profile, key_of(ctx, profile), ladder=ladder_for(claim.rung), on_step=on_step)
    return Proof(claim, next((s for s in report.steps if s.code == claim.rung), None), report)
