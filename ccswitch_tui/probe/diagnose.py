"""Exchanges to a report: steps, findings, quirks, a verdict. A pure function.

Every odd endpoint ever met is a file in tests/recorded/: the exchanges, and the
report they should lead to. Nothing here knows whether they happened just now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module

from ccswitch_tui.findings import Finding, catalogue
from ccswitch_tui.probe.advice import in_order
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Facts, Read, Target, base_of
from ccswitch_tui.probe.features import Feature
from ccswitch_tui.probe.judge_outside import judge_native
from ccswitch_tui.probe.judged import Judged, step
from ccswitch_tui.probe.model import LADDERS, RUNGS, Ladder, LearnedQuirk, ProbeReport, Step, Verdict
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import FORMATS, format_of

Judge = Callable[[Facts], Judged | None]


@cache
def judges() -> Mapping[str, Judge]:
    """Rung → the function that judges it, as its row names it."""
    modules = {rung.judges: import_module(f"ccswitch_tui.probe.{rung.judges}") for rung in RUNGS}
    return {rung.code: getattr(modules[rung.judges], f"judge_{rung.code}") for rung in RUNGS}


def judge(code: str, facts: Facts) -> Judged | None:
    """One rung judged; None when nothing of it was seen."""
    return judges()[code](facts)


def settled_step(code: str, facts: Facts) -> Step:
    """How a rung went that is done: judged, or left out because of an earlier one."""
    judged = judge(code, facts)
    if judged is not None:
        return judged.step
    order = LADDERS["full"]
    before = [earlier for c in order[: order.index(code)] if (earlier := judge(c, facts)) is not None]
    return _skipped(code, [j.step for j in before])


def diagnose(
    target: Target, exchanges: Iterable[Exchange], *, ladder: Ladder = "default", at: str = "", took_ms: float = 0.0
) -> ProbeReport:
    """The report these exchanges lead to."""
    facts = Facts(target, exchanges)
    steps: list[Step] = []
    findings: list[Finding] = []
    for code in LADDERS[ladder]:
        judged = judge(code, facts)
        if judged is None:
            steps.append(_skipped(code, steps))
            continue
        steps.append(judged.step)
        findings += judged.findings
    if any(f.kind in ("model-not-found", "model-forbidden") for f in findings):
        findings = [f for f in findings if f.kind != "model-not-listed"]
    ordered = in_order(findings + judge_native(facts))
    verdict = _verdict(facts, steps, ordered)
    proved = facts.success
    return ProbeReport(
        profile=target.name,
        base_url=target.base_url,
        at=at,
        ladder=ladder,
        verdict=verdict,
        sentence=_sentence(facts, verdict, ordered),
        steps=tuple(steps),
        findings=ordered,
        quirks=_quirks(facts),
        disproved=_disproved(facts),
        exchanges=facts.exchanges,
        wire=format_of(proved.exchange.wire).name if proved else None,
        auth=proved.exchange.auth if proved else None,
        key_note=target.key_note,
        took_ms=took_ms,
    )


def _skipped(code: str, before: list[Step]) -> Step:
    cause = next((s for s in before if s.verdict == "fail"), None)
    return step(code, "skip", say("because of {code}", code=say(cause.code)) if cause else say("not asked"))


def _verdict(facts: Facts, steps: list[Step], findings: tuple[Finding, ...]) -> Verdict:
    success = facts.success
    if success is None:
        return "broken"
    detour = {
        "url-version-missing",
        "url-version-surplus",
        "url-version-doubled",
        "url-other",
        "wire-mismatch",
        "auth-header-style",
        "auth-invalid",
    }
    if facts.target.saved and any(f.kind in detour and f.severity == "fail" for f in findings):
        return "broken"
    upper = {s.code for s in steps if s.verdict == "fail"} - set(LADDERS["quick"])
    mended = any(s.code == "stream" and s.finding in ("no-streaming", "stream-malformed") for s in steps)
    if mended and any(s.code == "translate" and s.verdict == "ok" for s in steps):
        upper -= {"stream"}  # our proxy was seen to mend it
    if upper:
        return "limited"
    return "native" if format_of(success.exchange.wire).native else "translate"


def _sentence(facts: Facts, verdict: Verdict, findings: tuple[Finding, ...]) -> str:
    success = facts.success
    if verdict == "broken":
        if not findings:
            return say("nothing useful was proved")
        first = findings[0]
        return (
            say("does not work: {title}", title=say(first.title))
            if success is None
            else say("does not work as configured, but would: {title}", title=say(first.title))
        )
    assert success is not None
    if verdict == "limited":
        kinds = catalogue()
        cause = next((f for f in findings if kinds[f.kind].crippling or f.severity == "fail"), None)
        what_fails = (kinds[cause.kind].consequence or cause.title) if cause else "see below"
        return say("answers, with limits: {cause}", cause=say(what_fails))
    if verdict == "native":
        return say("works, and speaks Anthropic's format itself: no translation needed")
    if facts.native is None:
        return say("works, translated by our proxy")
    return say(
        "works, translated by our proxy; it also speaks Anthropic's format at {base}, which is better",
        base=base_of(facts.native.exchange),
    )


def _quirks(facts: Facts) -> tuple[LearnedQuirk, ...]:
    """What was learned and is news: a value the profile does not have yet."""
    if facts.place is not None and FORMATS[facts.place.wire].native:
        return ()
    defaults = _defaults()
    known = {**defaults, **facts.target.quirks}
    return tuple(q for q in facts.learned.values() if known.get(q.name) != q.value)


def _defaults() -> dict[str, object]:
    from ccswitch_tui.wire.quirks import Quirks

    return Quirks._field_defaults


def _disproved(facts: Facts) -> tuple[str, ...]:
    """Quirks of an earlier probe that this one saw not to be so."""
    seen = []
    for name in facts.target.probed:
        test = DISPROOF.get(name)
        if name not in facts.learned and test is not None and test(facts):
            seen.append(name)
    return tuple(seen)


def _answered(facts: Facts, rung: str, feature: Feature) -> bool:
    return any(r.answer.ok and feature in r.exchange.asks for r in facts.of(rung))


def _ended_with_text(read: Read) -> bool:
    said = read.answer.said
    return read.answer.ok and said is not None and bool(said.text.strip()) and said.finish in ("stop", "end_turn")


DISPROOF: Mapping[str, Callable[[Facts], bool]] = {
    "stop_limit": lambda f: _answered(f, "stop", "stop"),
    "never_stream": lambda f: _answered(f, "stream", "stream"),
    "images": lambda f: _answered(f, "image", "image"),
    "effort": lambda f: _answered(f, "reasoning", "effort") and f.target.quirks.get("effort") == "none",
    "response_format": lambda f: _answered(f, "json", "schema"),
    "max_output": lambda f: _answered(f, "long", "huge-limit"),
    "thinks_first": lambda f: f.orphan is None and any(_ended_with_text(r) for r in f.of("message", "stream")),
    "mid_system": lambda f: _answered(f, "system", "late-system"),
}
"""Quirk → what shows that it is not so any more. Only those whose rung asks without applying the quirk."""
