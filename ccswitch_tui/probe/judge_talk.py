"""The upper rungs judged: streaming, tools, the rest of what Claude Code uses, our proxy, the real client."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ccswitch_tui.findings import Finding, Severity
from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.asks import CHAT, HUGE_LIMIT, MESSAGES
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Facts, Read, base_of
from ccswitch_tui.probe.judged import Judged, step
from ccswitch_tui.probe.model import StepVerdict
from ccswitch_tui.probe.shapes import Call, Said, parsed

FIRST_BYTE_LIMIT_MS = 20_000
"""Patience for a first token. Reasoning models behind busy gateways take some 12 s; Claude Code itself waits minutes."""

MANY_EVENTS = 4
"""Count to eight takes at least this many pieces; one event with the whole answer is no stream to look at."""

WINDOW_NEEDED = 32_000
"""Tokens below which Claude Code's own prompt and tools (some 20,000) leave no room for work."""


def _took(exchange: Exchange) -> float:
    return exchange.timings.total


def _refused(code: str, facts: Facts, read: Read, verdict: StepVerdict = "fail", **seen: object) -> Judged:
    exchange, answer = read
    found = finding(answer.kind, facts, exchange, answer, **seen)  # type: ignore[arg-type]
    said = f"HTTP {exchange.status}: {answer.words}" if exchange.status else answer.words
    return Judged(step(code, verdict, said, _took(exchange), answer.kind), [found])


def _learned_on_the_way(facts: Facts, reads: list[Read]) -> list[Finding]:
    return [
        finding(r.answer.kind, facts, r.exchange, r.answer)
        for r in reads
        if not r.answer.ok and r.answer.quirk and r.answer.kind in ("unsupported-parameter", "reasoning-echo-required")
    ]


# ---------------------------------------------------------------- streaming


def judge_stream(facts: Facts) -> Judged | None:
    """Event order, pieces, end mark, usage, time to the first byte."""
    reads = facts.of("stream")
    if not reads:
        return None
    exchange, answer = reads[-1]
    on_the_way = _learned_on_the_way(facts, reads[:-1])
    if answer.kind == "no-streaming" and answer.said is None:
        return _refused("stream", facts, reads[-1], fix="use another model or server: our proxy asks for streams, as Claude Code does",
                        severity="fail")  # fmt: skip
    if answer.kind == "no-streaming":
        found = finding(
            "no-streaming", facts, exchange, answer, because="asked for a stream, the endpoint sends one whole answer"
        )
        return Judged(step("stream", "warn", answer.words, _took(exchange), "no-streaming"), [*on_the_way, found])
    if not answer.ok or answer.said is None:
        return _refused("stream", facts, reads[-1])
    said = answer.said
    findings = [*on_the_way, *_stream_findings(facts, exchange, said)]
    first = exchange.timings.first_body or 0.0
    words = f"{said.events} events, first after {first:.0f} ms"
    if said.output_tokens:
        words += f", {said.output_tokens} tokens"
    if findings:
        worst = next((f for f in findings if f.severity != "info"), findings[0])
        words = f"{words}; {worst.because}" if worst.kind != "unsupported-parameter" else words
        verdict: StepVerdict = "fail" if any(f.severity == "fail" for f in findings) else "warn"
        return Judged(step("stream", verdict, words, _took(exchange), worst.kind), findings)
    return Judged(step("stream", "ok", words, _took(exchange)))


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
                words=f"{exchange.body_bytes} bytes and no end in sight",
            )
        )
    elif exchange.ended == "cut" or not (said.ended or said.error):
        faults.append("the stream ends without an end mark")
    if said.error is not None:
        faults.append("an error stands in the middle of the stream")
    if faults:
        lost = exchange.ended == "cut" or not said.ended or said.error is not None
        severity: Severity = "fail" if lost else "warn"
        findings.append(finding("stream-malformed", facts, exchange, severity=severity, because="; ".join(faults)))
    if said.events and said.events < MANY_EVENTS and said.text and len(said.text) > 12:
        findings.append(
            finding(
                "no-streaming",
                facts,
                exchange,
                because="the whole answer comes in one piece at the end",
                severity="info",
            )
        )
    asked = "include_usage" in exchange.request_body
    if asked and not said.has_usage and said.events and said.ended and said.error is None:
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
    first = [r for r in reads if not r.exchange.variant.startswith("second")]
    second = [r for r in reads if r.exchange.variant.startswith("second")]
    findings = _learned_on_the_way(facts, reads)
    last = first[-1]
    said = last.answer.said
    usable = last.answer.ok or last.answer.kind == "no-streaming"
    if not usable or said is None:
        judged = _refused("tools", facts, last)
        return Judged(judged.step, [*findings, *judged.findings])
    forced = '"tool_choice"' in last.exchange.request_body
    if not said.calls:
        return _no_call(facts, last, findings, forced)
    wrong = call_faults(said.calls[0])
    broken = _broken_stream(last)
    if wrong and broken:
        found = finding(
            "stream-malformed", facts, last.exchange, severity="fail", because=f"a tool call is lost: {broken}"
        )
        return Judged(step("tools", "fail", found.because, _took(last.exchange), found.kind), [*findings, found])
    if wrong:
        found = finding("tools-malformed", facts, last.exchange, because=f"the call arrives broken: {wrong}")
        return Judged(step("tools", "fail", wrong, _took(last.exchange), found.kind), [*findings, found])
    words = f"{said.calls[0].name}({_brief(said.calls[0].arguments)})"
    took = _took(last.exchange) + sum(_took(r.exchange) for r in second)
    if second and not second[-1].answer.ok:
        judged = _refused("tools", facts, second[-1])
        told = f"the call works, but the turn with its result is refused: {second[-1].answer.words}"
        return Judged(judged.step._replace(because=told, took_ms=took), [*findings, *judged.findings])
    if second:
        words += ", and its result was taken back"
    verdict: StepVerdict = "warn" if findings else "ok"
    return Judged(step("tools", verdict, words, took, findings[0].kind if findings else None), findings)


def _broken_stream(read: Read) -> str:
    """How the stream of an answer was broken, "" when it was whole."""
    said = read.answer.said
    if read.exchange.ended == "cut" or (said is not None and said.events and not said.ended):
        return "the connection ended in the middle of the stream"
    return "; ".join(said.faults) if said is not None else ""


def _no_call(facts: Facts, read: Read, findings: list[Finding], forced: bool) -> Judged:
    said = read.answer.said
    assert said is not None
    if any(mark in said.text for mark in TEXT_CALLS):
        because = "the model writes the call as text: the server lacks the parser for this model's tool calls"
        fix = "start the server with its tool parser (vLLM: --enable-auto-tool-choice --tool-call-parser …; llama.cpp: --jinja)"
        found = finding("tools-malformed", facts, read.exchange, because=because, fix=fix)
    elif said.finish in ("length", "max_tokens") and said.reasoning:
        found = finding("no-tools", facts, read.exchange, severity="warn",
                        because="the model spent all tokens of the test on thinking; whether it calls tools was not shown",
                        fix="probe again, or try it: ccswitch-tui run")  # fmt: skip
        return Judged(
            step("tools", "warn", "thought until the limit", _took(read.exchange), "no-tools"), [*findings, found]
        )
    else:
        how = "a call was forced" if forced else "a tool was offered"
        brief = _brief(said.text) or "nothing"
        found = finding("no-tools", facts, read.exchange, because=f"{how}, and the model answered with text: {brief}")
    return Judged(step("tools", "fail", found.because, _took(read.exchange), found.kind), [*findings, found])


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


def call_faults(call: Call) -> str:
    """What is wrong with one call, "" when nothing is."""
    if not call.name:
        return "the call has no name"
    arguments = call.parsed()
    if arguments is None:
        return f"its arguments are not JSON: {_brief(call.arguments)}"
    if not isinstance(arguments.get("city"), str):
        return f"its arguments lack the required 'city': {_brief(call.arguments)}"
    return ""


def _brief(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:59] + "…"


# ---------------------------------------------------------------- the rest


def judge_parallel(facts: Facts) -> Judged | None:
    """Two calls in one turn."""
    return _simple(facts, "parallel", _two_calls)


def _two_calls(facts: Facts, read: Read) -> Judged:
    calls = read.answer.said.calls if read.answer.said else ()
    broken = next((fault for fault in map(call_faults, calls) if fault), "")
    if broken:
        found = finding("tools-malformed", facts, read.exchange, because=f"with two calls at once, {broken}")
        return Judged(step("parallel", "fail", broken, _took(read.exchange), found.kind), [found])
    if len(calls) >= 2:
        same = len({c.id for c in calls}) < len(calls)
        words = f"{len(calls)} calls" + (", with the same id: the proxy gives each its own" if same else "")
        return Judged(step("parallel", "ok", words, _took(read.exchange)))
    found = finding("no-parallel-tools", facts, read.exchange, calls="one" if calls else "none")
    return Judged(
        step("parallel", "warn", f"asked for two, got {len(calls)}", _took(read.exchange), found.kind), [found]
    )


def judge_system(facts: Facts) -> Judged | None:
    """System text inside the conversation, which Claude Code sends for unknown models."""

    def good(facts: Facts, read: Read) -> Judged:
        return Judged(step("system", "ok", "accepted at the beginning and later", _took(read.exchange)))

    return _simple(facts, "system", good, "refused later in the conversation: the proxy folds it into the text before")


def judge_stop(facts: Facts) -> Judged | None:
    """A stop sequence."""

    def good(facts: Facts, read: Read) -> Judged:
        text = read.answer.said.text if read.answer.said else ""
        if "OMEGA" in text:
            found = finding("no-stop", facts, read.exchange)
            return Judged(step("stop", "warn", "accepted, but not obeyed", _took(read.exchange), found.kind), [found])
        return Judged(step("stop", "ok", "obeyed" if "ALPHA" in text else "accepted", _took(read.exchange)))

    return _simple(facts, "stop", good, "refused: the proxy cuts answers itself")


def judge_image(facts: Facts) -> Judged | None:
    """A red square."""

    def good(facts: Facts, read: Read) -> Judged:
        said = read.answer.said
        if said and "red" in said.text.lower():
            return Judged(step("image", "ok", "seen: red", _took(read.exchange)))
        brief = _brief(said.text) if said else ""
        return Judged(step("image", "warn", f"accepted, but of a red square it says: '{brief}'", _took(read.exchange)))

    return _simple(facts, "image", good, "not seen by this model: the proxy puts a note in their place")


def judge_reasoning(facts: Facts) -> Judged | None:
    """How much to think, and where thoughts come back."""

    def good(facts: Facts, read: Read) -> Judged:
        said = read.answer.said
        if said and said.reasoning_field:
            return Judged(
                step("reasoning", "ok", f"thoughts come back in '{said.reasoning_field}'", _took(read.exchange))
            )
        return Judged(step("reasoning", "ok", "the wish is accepted; no thoughts came back", _took(read.exchange)))

    return _simple(facts, "reasoning", good, "cannot be asked for in this form; the model thinks as it does")


def judge_json(facts: Facts) -> Judged | None:
    """An answer held to a schema: what Claude Code's title request uses."""

    def good(facts: Facts, read: Read) -> Judged:
        value = parsed(read.answer.said.text) if read.answer.said else None
        if isinstance(value, dict) and isinstance(value.get("title"), str):
            return Judged(step("json", "ok", "held to the schema", _took(read.exchange)))
        return Judged(step("json", "warn", "accepted, but the answer does not keep to it", _took(read.exchange)))

    return _simple(facts, "json", good, "not held to a schema: the proxy asks for it in words")


def judge_long(facts: Facts) -> Judged | None:
    """The output limit: its name and its ceiling."""
    reads = facts.of("long")
    if not reads:
        return None
    exchange, answer = reads[-1]
    cap = facts.learned.get("max_output")
    if answer.ok:
        return Judged(step("long", "ok", f"a limit of {HUGE_LIMIT:,} is accepted: none is enforced", _took(exchange)))
    if cap is not None:
        return Judged(step("long", "ok", f"at most {cap.value:,} tokens an answer", _took(exchange)))
    if answer.kind == "context-too-small":
        return Judged(step("long", "ok", f"the limit counts against the context: {answer.words}", _took(exchange)))
    return Judged(
        step(
            "long", "warn", f"a limit of {HUGE_LIMIT:,} is refused, without naming one: {answer.words}", _took(exchange)
        )
    )


def judge_size(facts: Facts) -> Judged | None:
    """A request as large as Claude Code's, and its time to the first byte."""
    reads = facts.of("size")
    if not reads:
        return None
    read = reads[-1]
    exchange, answer = read
    if not answer.ok:
        return _refused("size", facts, read)
    first = exchange.timings.first_body or 0.0
    kilobytes = len(exchange.request_body) // 1000
    words = f"{kilobytes} kB with 20 tools accepted, first byte after {first / 1000:.1f} s"
    if answer.said and answer.said.input_tokens:
        words += f", {answer.said.input_tokens:,} tokens"
        if answer.said.input_tokens < len(exchange.request_body) / 12:
            found = finding("context-too-small", facts, exchange, severity="warn",
                            because=f"of about {len(exchange.request_body) // 4:,} tokens sent, the endpoint counted only "
                            f"{answer.said.input_tokens:,}: it cuts long prompts without a word",
                            fix="raise the server's context (Ollama: num_ctx; LM Studio: context length of the loaded model)")  # fmt: skip
            return Judged(step("size", "warn", found.because, _took(exchange), found.kind), [found])
    if first > FIRST_BYTE_LIMIT_MS:
        found = finding("slow-first-byte", facts, exchange, seconds=f"{first / 1000:.0f}")
        return Judged(step("size", "warn", words, _took(exchange), found.kind), [found])
    return Judged(step("size", "ok", words, _took(exchange)))


def _simple(facts: Facts, code: str, good: Callable[[Facts, Read], Judged], without: str = "") -> Judged | None:
    """A rung of one request: `good` judges an answer; a refusal that the proxy can do without is a warning."""
    reads = facts.of(code)
    if not reads:
        return None
    read = reads[-1]
    if read.answer.ok:
        return good(facts, read)
    mild = read.answer.quirk or read.answer.kind in (
        "no-images",
        "request-refused",
        "unsupported-parameter",
        "model-not-found",
    )
    if without and mild:
        exchange, answer = read
        kind = answer.kind if answer.quirk or answer.patch else "request-refused"
        found = finding(answer.kind, facts, exchange, answer, severity="info") if answer.quirk or answer.patch else None
        return Judged(step(code, "warn", without, _took(exchange), kind if found else None), [found] if found else [])
    return _refused(code, facts, read, "warn")


# ---------------------------------------------------------------- our proxy, the real client


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
        words = f"HTTP {exchange.status}: {answer.words}" if exchange.status else answer.words
        if not _direct_works(facts):
            return Judged(step("translate", "fail", f"as without the proxy: {words}", _took(exchange)))
        found = finding("translation-failed", facts, exchange, because=words)
        return Judged(step("translate", "fail", words, _took(exchange), found.kind), [found])
    faults = [*said.faults, *([ENDLESS] if exchange.ended != "complete" else [])]
    if faults and not _direct_works(facts):
        return Judged(step("translate", "fail", f"as without the proxy: {faults[0]}", _took(exchange)))
    if faults:
        found = finding("translation-failed", facts, exchange, because="; ".join(faults))
        return Judged(step("translate", "fail", found.because, _took(exchange), found.kind), [found])
    what = f"{said.calls[0].name}({_brief(said.calls[0].arguments)})" if said.calls else "text"
    return Judged(step("translate", "ok", f"a legal message stream with {what}", _took(exchange)))


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
        return Judged(step("claude", "fail", exchange.detail, _took(exchange), found.kind), [found])
    return Judged(step("claude", "ok", exchange.detail or "answered", _took(exchange)))


ENDLESS = "the stream does not end as it should"


def judge_native(facts: Facts) -> list[Finding]:
    """A native route beside a configured chat route."""
    read = facts.native
    if read is None or facts.success is None or facts.success.exchange.wire == MESSAGES:
        return []
    base = base_of(read.exchange)
    patch = {"endpoint.wire": MESSAGES}
    if base != facts.target.base_url:
        patch["endpoint.base_url"] = base
    because = f"{base} answers in Anthropic's own format: nothing needs to be translated, and nothing can be lost in it"
    return [finding("native-available", facts, read.exchange, patch=patch, because=because, fix="use it instead")]


TALK_JUDGES: Mapping[str, Callable[[Facts], Judged | None]] = {
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
