"""Explain a pasted error message; with a profile, climb as far as the rung that would prove it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.probe.explanations import Explanation, explanations
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import Ladder, ProbeReport, Step
    from ccswitch_tui.workflows.context import Context


class Proof(NamedTuple):
    """What the probe said about an explanation."""

    explanation: Explanation
    step: Step | None
    report: ProbeReport


def explain(text: str, *, profile: str = "") -> list[Explanation]:
    """What the text means, the most specific first; empty when nothing in it is known.

    Also a finding of ours, by its name or its number: `auth-missing`, `E401`.
    """
    return _finding_of_ours(text.strip(), profile) or explanations(text, profile=profile)


_NUMBER = re.compile(r"[eE]?(\d{3})")


def _finding_of_ours(word: str, profile: str) -> list[Explanation]:
    from ccswitch_tui.actions import rendered
    from ccswitch_tui.findings import catalogue

    number = _NUMBER.fullmatch(word)
    name = next((n for n, kind in catalogue().items() if n == word or (number and kind.code == number[1])), None)
    if name is None:
        return []
    first = catalogue()[name]
    action = first.action._replace(name=first.action.name or profile) if first.action else None
    commands = rendered(*([action] if action else []))
    why = "" if "{" in first.fix else first.fix
    do = say(why) if why else say("the probe or the doctor will say more")
    look = f"ccswitch-tui probe {profile or 'NAME'}" if int(first.code) < 800 else "ccswitch-tui doctor"
    shown = f"E{first.code} {name}"
    return [Explanation(say("this program"), say(first.title), do, (*commands, look), "", shown, "findings.toml")]


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
