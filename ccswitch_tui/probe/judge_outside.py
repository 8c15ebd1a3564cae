"""The last rungs judged: through our proxy, with the real Claude Code; and the native route beside a chat route."""

from __future__ import annotations

from ccswitch_tui.findings import Finding
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.facts import Facts, base_of
from ccswitch_tui.probe.judge_talk import judge_stream, judge_tools
from ccswitch_tui.probe.judged import Judged, short, step, took_ms
from ccswitch_tui.sentence import joined, say
from ccswitch_tui.wire.formats import MESSAGES, format_of

ENDLESS = say("the stream does not end properly")


def judge_translate(facts: Facts) -> Judged | None:
    """The same in Anthropic's format, through the proxy."""
    reads = facts.of("translate")
    if not reads:
        return None
    exchange, answer = reads[-1]
    if exchange.failure == "skipped":
        return Judged(step("translate", "skip", exchange.detail))
    said = answer.said
    if not answer.ok or said is None:
        words = (
            say("HTTP {status}: {words}", status=exchange.status, words=answer.words)
            if exchange.status
            else answer.words
        )
        if not _direct_works(facts):
            return Judged(
                step("translate", "fail", say("same as without the proxy: {words}", words=words), took_ms(exchange))
            )
        found = finding("translation-failed", facts, exchange, because=words)
        return Judged(step("translate", "fail", words, took_ms(exchange), found.kind), [found])
    faults = [*said.faults, *([ENDLESS] if exchange.ended != "complete" else [])]
    if faults and not _direct_works(facts):
        return Judged(
            step("translate", "fail", say("same as without the proxy: {words}", words=faults[0]), took_ms(exchange))
        )
    if faults:
        found = finding("translation-failed", facts, exchange, because=joined(faults))
        return Judged(step("translate", "fail", found.because, took_ms(exchange), found.kind), [found])
    what = (
        say("{name}({arguments})", name=said.calls[0].name, arguments=short(said.calls[0].arguments))
        if said.calls
        else say("text")
    )
    return Judged(step("translate", "ok", say("a valid message stream with {what}", what=what), took_ms(exchange)))


def _direct_works(facts: Facts) -> bool:
    """The endpoint itself streams and calls tools, so that a failure through the proxy is the proxy's."""
    judged = [judge_stream(facts), judge_tools(facts)]
    return all(j is not None and j.step.verdict != "fail" for j in judged)


def judge_claude(facts: Facts) -> Judged | None:
    """The real Claude Code."""
    reads = facts.of("claude")
    if not reads:
        return None
    exchange = reads[-1].exchange
    if exchange.failure == "skipped":
        return Judged(step("claude", "skip", exchange.detail))
    if exchange.failure:
        found = finding("claude-failed", facts, exchange, because=exchange.detail)
        return Judged(step("claude", "fail", exchange.detail, took_ms(exchange), found.kind), [found])
    return Judged(step("claude", "ok", exchange.detail or say("answered"), took_ms(exchange)))


def judge_search(facts: Facts) -> Judged | None:
    """A web search, where a source is named."""
    if not facts.target.searches:
        return Judged(step("search", "skip", say("no search source is set")))
    reads = facts.of("search")
    if not reads:
        return None
    exchange = reads[-1].exchange
    if exchange.failure:
        found = finding("search-failed", facts, exchange, because=exchange.detail)
        return Judged(step("search", "warn", exchange.detail, took_ms(exchange), found.kind), [found])
    return Judged(step("search", "ok", exchange.detail, took_ms(exchange)))


def judge_native(facts: Facts) -> list[Finding]:
    """A native route beside a configured chat route."""
    read = facts.native
    if read is None or facts.success is None or format_of(facts.success.exchange.wire).native:
        return []
    base = base_of(read.exchange)
    patch: dict[str, str] = {"endpoint.wire": MESSAGES}
    if base != facts.target.base_url:
        patch["endpoint.base_url"] = base
    because = say(
        "{base} answers in Anthropic's own format: nothing needs to be translated, and nothing can be lost in it",
        base=base,
    )
    return [finding("native-available", facts, read.exchange, patch=patch, because=because, fix=say("use it instead"))]
