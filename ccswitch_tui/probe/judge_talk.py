"""The upper rungs judged: streaming and tool calls."""

from __future__ import annotations

from ccswitch_tui.findings import Finding, Severity
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.bodies import TOOL, TOOL_SCHEMA
from ccswitch_tui.probe.classify import Answer
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import BROKEN_STREAM, Facts, Read, loses_calls, thinking_in
from ccswitch_tui.probe.hearing import HeardCall, Said
from ccswitch_tui.probe.judged import FIRST_BYTE_LIMIT_MS, Judged, refused, short, step, took_ms
from ccswitch_tui.probe.model import StepVerdict
from ccswitch_tui.sentence import joined, say
from ccswitch_tui.translate.text_tools import NOTATIONS, TextTools, Written, looks_written
from ccswitch_tui.translate.tool_names import ToolNames
from ccswitch_tui.wire.codec import loads
from ccswitch_tui.wire.formats import format_of

MANY_EVENTS = 4
"""Count to eight takes at least this many pieces; one event with the whole answer is no stream to look at."""


def _learned_on_the_way(facts: Facts, reads: list[Read]) -> list[Finding]:
    return [
        finding(r.answer.kind, facts, r.exchange, r.answer)
        for r in reads
        if not r.answer.ok and r.answer.quirk and r.answer.kind in ("unsupported-parameter", "reasoning-echo-required")
    ]


# ---------------------------------------------------------------- streaming


def judge_stream(facts: Facts) -> Judged | None:
    """Event order, pieces, end mark, usage, time to the first byte; and thinking that stands in the text."""
    judged, orphan = _stream(facts), facts.orphan
    if judged is None or orphan is None or facts.target.quirks.get("thinks_first"):
        return judged
    found = _thinks_first(facts, orphan)
    verdict: StepVerdict = "warn" if judged.step.verdict == "ok" else judged.step.verdict
    words = say("{words}; {because}", words=judged.step.because, because=found.because)
    return Judged(
        judged.step._replace(verdict=verdict, because=words, finding=judged.step.finding or found.kind),
        [*judged.findings, found],
    )


def _thinks_first(facts: Facts, read: Read) -> Finding:
    answer = Answer("thinks-first", "", quirk="thinks_first", value=True)
    return finding("thinks-first", facts, read.exchange, answer, thought=short(thinking_in(read)))


def _stream(facts: Facts) -> Judged | None:
    reads = facts.of("stream")
    if not reads:
        return None
    exchange, answer = reads[-1]
    on_the_way = _learned_on_the_way(facts, reads[:-1])
    if answer.kind == "no-streaming" and answer.said is None:
        if not format_of(exchange.wire).native:  # our proxy asks for the whole answer then
            return refused("stream", facts, reads[-1], "warn")
        fix = say("use another model or server: Claude Code always asks for streams")
        return refused("stream", facts, reads[-1], fix=fix, severity="fail")
    if answer.kind == "no-streaming":
        found = finding(
            "no-streaming",
            facts,
            exchange,
            answer,
            because=say("asked for a stream, the endpoint sends one whole answer"),
        )
        return Judged(step("stream", "warn", answer.words, took_ms(exchange), "no-streaming"), [*on_the_way, found])
    if not answer.ok or answer.said is None:
        return refused("stream", facts, reads[-1])
    said = answer.said
    findings = [*on_the_way, *_stream_findings(facts, exchange, said)]
    first = exchange.timings.first_body or 0.0
    words = say("{events} events, first after {first:.0f} ms", events=said.events, first=first)
    if said.output_tokens:
        words = say("{events}, {n} tokens", events=words, n=said.output_tokens)
    if findings:
        worst = next((f for f in findings if f.severity != "info"), findings[0])
        words = (
            say("{words}; {because}", words=words, because=worst.because)
            if worst.kind != "unsupported-parameter"
            else words
        )
        verdict: StepVerdict = "fail" if any(f.severity == "fail" for f in findings) else "warn"
        return Judged(step("stream", verdict, words, took_ms(exchange), worst.kind), findings)
    return Judged(step("stream", "ok", words, took_ms(exchange)))


def _stream_findings(facts: Facts, exchange: Exchange, said: Said) -> list[Finding]:
    findings = []
    faults = list(said.faults)
    if exchange.ended in ("too-large", "too-long"):
        findings.append(
            finding(
                "stream-endless",
                facts,
                exchange,
                severity="fail",
                words=say("{body_bytes} bytes and no end in sight", body_bytes=exchange.body_bytes),
            )
        )
    elif exchange.ended == "cut" or not (said.ended or said.error):
        faults.append(say("the stream ends without an end mark"))
    if said.error is not None:
        faults.append(say("an error appears in the middle of the stream"))
    if faults:
        lost = exchange.ended == "cut" or not said.ended or said.error is not None
        severity: Severity = "fail" if lost else "warn"
        findings.append(finding("stream-malformed", facts, exchange, severity=severity, because=joined(faults)))
    if said.events and said.events < MANY_EVENTS and said.text and len(said.text) > 12:
        findings.append(
            finding(
                "no-streaming",
                facts,
                exchange,
                because=say("the whole answer comes in one piece at the end"),
                severity="info",
            )
        )
    if "usage" in exchange.asks and not said.has_usage and said.events and said.ended and said.error is None:
        findings.append(finding("no-usage", facts, exchange))
    if (exchange.timings.first_body or 0) > FIRST_BYTE_LIMIT_MS:
        seconds = f"{(exchange.timings.first_body or 0) / 1000:.0f}"
        findings.append(finding("slow-first-byte", facts, exchange, seconds=seconds))
    return findings


# ---------------------------------------------------------------- tools


def judge_tools(facts: Facts) -> Judged | None:
    """A forced call with valid arguments, and the turn after it."""
    reads = facts.of("tools")
    if not reads:
        return None
    first = [r for r in reads if "tool-result" not in r.exchange.asks]
    second = [r for r in reads if "tool-result" in r.exchange.asks]
    findings = [*_learned_on_the_way(facts, reads), *_lost_in_streams(facts, first)]
    last = first[-1]
    said = last.answer.said
    usable = last.answer.ok or last.answer.kind == "no-streaming"
    if not usable or said is None:
        judged = refused("tools", facts, last)
        return Judged(judged.step, [*findings, *judged.findings])
    forced = "forced-call" in last.exchange.asks
    if not said.calls:
        return _no_call(facts, last, findings, forced)
    wrong = call_faults(said.calls[0])
    broken = _broken_stream(last)
    if wrong and broken:
        found = finding(
            "stream-malformed",
            facts,
            last.exchange,
            severity="fail",
            because=say("a tool call is lost: {broken}", broken=broken),
        )
        return Judged(step("tools", "fail", found.because, took_ms(last.exchange), found.kind), [*findings, found])
    if wrong:
        found = finding(
            "tools-malformed", facts, last.exchange, because=say("the call arrives broken: {wrong}", wrong=wrong)
        )
        return Judged(step("tools", "fail", wrong, took_ms(last.exchange), found.kind), [*findings, found])
    if said.calls[0].as_sent:
        findings = [*findings, _repaired(facts, last, said.calls[0])]
    words = say("{name}({arguments})", name=said.calls[0].name, arguments=short(said.calls[0].arguments))
    took = took_ms(last.exchange) + sum(took_ms(r.exchange) for r in second)
    if second and not second[-1].answer.ok:
        judged = refused("tools", facts, second[-1])
        told = say("the call works, but the turn with its result is refused: {words}", words=second[-1].answer.words)
        return Judged(judged.step._replace(because=told, took_ms=took), [*findings, *judged.findings])
    if second:
        words = say("{call}, and the tool result was accepted", call=words)
    verdict: StepVerdict = "warn" if findings else "ok"
    return Judged(step("tools", verdict, words, took, findings[0].kind if findings else None), findings)


def _lost_in_streams(facts: Facts, asked: list[Read]) -> list[Finding]:
    """Streams lose the call that whole answers hold."""
    lost = next((read for read in asked if loses_calls(read) and read.answer.kind not in BROKEN_STREAM), None)
    if lost is None or "never_stream" not in facts.learned or any(loses_calls(read) for read in asked[-1:]):
        return []
    answer = Answer("no-streaming", "", quirk="never_stream", value=True)
    because = say("streamed, the tool call that was forced is lost; in a whole answer it is there")
    return [finding("no-streaming", facts, lost.exchange, answer, because=because)]


def _repaired(facts: Facts, read: Read, call: HeardCall) -> Finding:
    because = say(
        "the call's arguments are not JSON, and only our proxy repairs them: {arguments}", arguments=short(call.as_sent)
    )
    return finding("tools-malformed", facts, read.exchange, severity="warn", because=because)


def _broken_stream(read: Read) -> str:
    """How the stream of an answer was broken, "" when it was whole."""
    said = read.answer.said
    if read.exchange.ended == "cut" or (said is not None and said.events and not said.ended):
        return say("the connection ended in the middle of the stream")
    return joined(said.faults) if said is not None and said.faults else ""


def _no_call(facts: Facts, read: Read, findings: list[Finding], forced: bool) -> Judged:
    said = read.answer.said
    assert said is not None
    if looks_written(said.text) or any(mark in said.text for mark in TEXT_CALLS):
        because = say("the model writes the call as text: the server lacks the parser for this model's tool calls")
        fix = say(
            "start the server with its tool parser (vLLM: --enable-auto-tool-choice --tool-call-parser "
            "…; llama.cpp: --jinja)"
        )
        notation = notation_of(said.text)
        patch = {"quirks.text_tools": notation} if notation and not format_of(read.exchange.wire).native else None
        if patch:
            fix = say(
                "better: {server}; or let the proxy read the notation '{notation}'", server=fix, notation=notation
            )
        found = finding("tools-malformed", facts, read.exchange, because=because, fix=fix, patch=patch)
    elif said.finish in ("length", "max_tokens") and said.reasoning:
        found = finding(
            "no-tools",
            facts,
            read.exchange,
            severity="warn",
            because=say("the model spent all the test's tokens on thinking; whether it calls tools is not proved"),
            fix=say("probe again, or try it: ccswitch-tui run"),
        )
        return Judged(
            step("tools", "warn", say("spent every token on reasoning"), took_ms(read.exchange), "no-tools"),
            [*findings, found],
        )
    else:
        how = say("a call was forced") if forced else say("a tool was offered")
        brief = short(said.text) or say("nothing")
        found = finding(
            "no-tools",
            facts,
            read.exchange,
            because=say("{how}, and the model answered with text: {brief}", how=how, brief=brief),
        )
    return Judged(step("tools", "fail", found.because, took_ms(read.exchange), found.kind), [*findings, found])


def notation_of(text: str) -> str:
    """The notation in which this text writes a call of the tool that was offered; "" where none can be read."""
    for notation in NOTATIONS:
        tools = TextTools(notation, ToolNames((TOOL,)), {TOOL: {"input_schema": dict(TOOL_SCHEMA)}})
        found = [item for item in (*tools.feed(text), *tools.finish()) if isinstance(item, Written)]
        if found and isinstance(loads(found[0].arguments).get("city"), str):
            return notation
    return ""


TEXT_CALLS = (
    "<tool_call>",
    "<function=",
    "<|tool_call",
    "[TOOL_CALLS]",
    "<｜tool▁call",
    "<|python_tag|>",
    '{"name": "get_weather"',
)
"""How models write calls when nobody parses them: Hermes and Qwen, Qwen coder, Kimi, Mistral, DeepSeek, Llama."""


def call_faults(call: HeardCall) -> str:
    """What is wrong with one call, "" when nothing is."""
    if not call.name:
        return say("the call has no name")
    arguments = call.parsed()
    if arguments is None:
        return say("its arguments are not JSON: {arguments}", arguments=short(call.arguments))
    if not isinstance(arguments.get("city"), str):
        return say("its arguments lack the required 'city': {arguments}", arguments=short(call.arguments))
    return ""
