"""Exchanges to a report: steps, findings, quirks, a verdict. A pure function.

Every odd endpoint ever met is a file in tests/recorded/: the exchanges, and the
report they should lead to. Nothing here knows whether they happened just now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.advice import in_order
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Facts, Target, base_of
from ccswitch_tui.probe.features import Feature
from ccswitch_tui.probe.judge_answer import judge_auth, judge_message, judge_models, judge_tiers
from ccswitch_tui.probe.judge_outside import judge_claude, judge_native, judge_translate
from ccswitch_tui.probe.judge_reach import judge_dns, judge_http, judge_tcp, judge_tls, judge_url
from ccswitch_tui.probe.judge_rest import (
    judge_image,
    judge_json,
    judge_long,
    judge_parallel,
    judge_reasoning,
    judge_size,
    judge_stop,
    judge_system,
)
from ccswitch_tui.probe.judge_talk import judge_stream, judge_tools
from ccswitch_tui.probe.judged import Judged, step
from ccswitch_tui.probe.model import LADDERS, Ladder, LearnedQuirk, ProbeReport, Step, Verdict
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import FORMATS, format_of

JUDGES: Mapping[str, Callable[[Facts], Judged | None]] = {
    "url": judge_url,
    "dns": judge_dns,
    "tcp": judge_tcp,
    "tls": judge_tls,
    "http": judge_http,
    "auth": judge_auth,
    "models": judge_models,
    "message": judge_message,
    "tiers": judge_tiers,
    "stream": judge_stream,
    "tools": judge_tools,
    "parallel": judge_parallel,
    "system": judge_system,
    "stop": judge_stop,
    "image": judge_image,
    "reasoning": judge_reasoning,
    "json": judge_json,
    "long": judge_long,
    "size": judge_size,
    "translate": judge_translate,
    "claude": judge_claude,
}
"""Rung → the function that judges it; None where its exchanges are missing."""

CRIPPLING = frozenset(
    [
        "no-tools",
        "tools-malformed",
        "context-too-small",
        "stream-malformed",
        "request-too-large",
        "translation-failed",
        "stream-endless",
        "bad-format",
        "empty-answer",
        "connection-reset",
        "timeout",
        "server-error",
        "model-not-found",
        "model-forbidden",
    ]
)
"""Findings at a rung above `message` with which Claude Code does not work, or not well."""

WHAT_FAILS: Mapping[str, str] = {
    "no-tools": "without tool calls Claude Code can talk but not act",
    "tools-malformed": "broken tool calls make Claude Code repeat itself or stop",
    "context-too-small": "Claude Code's requests do not fit into its context",
    "request-too-large": "Claude Code's requests are larger than the gateway accepts",
    "stream-malformed": "answers may be lost or asked for twice",
    "translation-failed": "our own proxy does not get through",
    "no-streaming": "Claude Code always asks for streams",
    "model-not-found": "a configured model does not exist",
    "model-forbidden": "a configured model is not allowed for this key",
    "claude-failed": "Claude Code itself got no answer",
}


def judge(code: str, facts: Facts) -> Judged | None:
    """One rung judged; None when nothing of it was seen."""
    return JUDGES[code](facts)


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
    }
    if facts.target.saved and any(f.kind in detour and f.severity == "fail" for f in findings):
        return "broken"
    upper = {s.code for s in steps if s.verdict == "fail"} - {
        "url",
        "dns",
        "tcp",
        "tls",
        "http",
        "auth",
        "models",
        "message",
    }
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
        cause = next((f for f in findings if f.kind in CRIPPLING or f.severity == "fail"), None)
        return say(
            "answers, with limits: {cause}",
            cause=say(WHAT_FAILS.get(cause.kind, cause.title) if cause else "see below"),
        )
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


DISPROOF: Mapping[str, Callable[[Facts], bool]] = {
    "stop_limit": lambda f: _answered(f, "stop", "stop"),
    "never_stream": lambda f: _answered(f, "stream", "stream"),
    "images": lambda f: _answered(f, "image", "image"),
    "effort": lambda f: _answered(f, "reasoning", "effort") and f.target.quirks.get("effort") == "none",
    "response_format": lambda f: _answered(f, "json", "schema"),
    "max_output": lambda f: _answered(f, "long", "huge-limit"),
    "mid_system": lambda f: _answered(f, "system", "late-system"),
}
"""Quirk → what shows that it is not so any more. Only those whose rung asks without applying the quirk."""
