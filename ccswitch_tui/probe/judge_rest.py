"""The rungs of the full ladder judged: the rest of what Claude Code uses."""

from __future__ import annotations

from collections.abc import Callable

from ccswitch_tui.probe.advice import finding
from ccswitch_tui.probe.bodies import HUGE_LIMIT
from ccswitch_tui.probe.facts import Facts, Read
from ccswitch_tui.probe.judge_talk import call_faults
from ccswitch_tui.probe.judged import FIRST_BYTE_LIMIT_MS, Judged, refused, short, step, took_ms
from ccswitch_tui.probe.shapes import parsed
from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import FORMATS


def judge_parallel(facts: Facts) -> Judged | None:
    """Two calls in one turn."""
    return _simple(facts, "parallel", _two_calls)


def _two_calls(facts: Facts, read: Read) -> Judged:
    calls = read.answer.said.calls if read.answer.said else ()
    broken = next((fault for fault in map(call_faults, calls) if fault), "")
    if broken:
        found = finding(
            "tools-malformed", facts, read.exchange, because=say("with two calls at once, {broken}", broken=broken)
        )
        return Judged(step("parallel", "fail", broken, took_ms(read.exchange), found.kind), [found])
    if len(calls) >= 2:
        same = len({c.id for c in calls}) < len(calls)
        words = say("{n} calls", n=len(calls))
        if same:
            words = say("{n} calls, with the same id: the proxy gives each its own", n=len(calls))
        return Judged(step("parallel", "ok", words, took_ms(read.exchange)))
    found = finding("no-parallel-tools", facts, read.exchange, calls=say("one") if calls else say("none"))
    return Judged(
        step("parallel", "warn", say("asked for two, got {n}", n=len(calls)), took_ms(read.exchange), found.kind),
        [found],
    )


def judge_system(facts: Facts) -> Judged | None:
    """System text inside the conversation, which Claude Code sends for unknown models."""

    def good(facts: Facts, read: Read) -> Judged:
        return Judged(step("system", "ok", say("accepted at the beginning and later"), took_ms(read.exchange)))

    return _simple(
        facts, "system", good, say("refused later in the conversation: the proxy folds it into the text before")
    )


def judge_stop(facts: Facts) -> Judged | None:
    """A stop sequence."""

    def good(facts: Facts, read: Read) -> Judged:
        text = read.answer.said.text if read.answer.said else ""
        if "OMEGA" in text:
            found = finding("no-stop", facts, read.exchange)
            return Judged(
                step("stop", "warn", say("accepted, but ignored"), took_ms(read.exchange), found.kind), [found]
            )
        return Judged(
            step("stop", "ok", say("respected") if "ALPHA" in text else say("accepted"), took_ms(read.exchange))
        )

    place = facts.place
    if place is not None and not FORMATS[place.wire].stops:
        return Judged(step("stop", "skip", say("this format has none: the proxy cuts answers itself")))
    return _simple(facts, "stop", good, say("refused: the proxy cuts answers itself"))


def judge_image(facts: Facts) -> Judged | None:
    """A red square."""

    def good(facts: Facts, read: Read) -> Judged:
        said = read.answer.said
        if said and "red" in said.text.lower():
            return Judged(step("image", "ok", say("seen: red"), took_ms(read.exchange)))
        brief = short(said.text) if said else ""
        return Judged(
            step(
                "image",
                "warn",
                say("accepted, but it described a red square as '{brief}'", brief=brief),
                took_ms(read.exchange),
            )
        )

    return _simple(facts, "image", good, say("not seen by this model: the proxy puts a note in their place"))


def judge_reasoning(facts: Facts) -> Judged | None:
    """How much to think, and where thoughts come back."""

    def good(facts: Facts, read: Read) -> Judged:
        said = read.answer.said
        if said and said.reasoning_field:
            return Judged(
                step(
                    "reasoning",
                    "ok",
                    say("thoughts come back in '{reasoning_field}'", reasoning_field=said.reasoning_field),
                    took_ms(read.exchange),
                )
            )
        return Judged(step("reasoning", "ok", say("effort accepted; no reasoning returned"), took_ms(read.exchange)))

    return _simple(facts, "reasoning", good, say("cannot be set in this form; the model thinks as it is used to"))


def judge_json(facts: Facts) -> Judged | None:
    """An answer held to a schema: what Claude Code's title request uses."""

    def good(facts: Facts, read: Read) -> Judged:
        value = parsed(read.answer.said.text) if read.answer.said else None
        if isinstance(value, dict) and isinstance(value.get("title"), str):
            return Judged(step("json", "ok", say("constrained to the schema"), took_ms(read.exchange)))
        return Judged(step("json", "warn", say("accepted, but the answer does not follow it"), took_ms(read.exchange)))

    return _simple(facts, "json", good, say("not constrained to a schema: the proxy asks for it in words"))


def judge_long(facts: Facts) -> Judged | None:
    """The output limit: its name and its ceiling."""
    reads = facts.of("long")
    if not reads:
        return None
    exchange, answer = reads[-1]
    cap = facts.learned.get("max_output")
    if answer.ok:
        return Judged(
            step(
                "long",
                "ok",
                say("a limit of {limit:,} is accepted: no limit is enforced", limit=HUGE_LIMIT),
                took_ms(exchange),
            )
        )
    if cap is not None:
        return Judged(
            step("long", "ok", say("at most {value:,} tokens per answer", value=cap.value), took_ms(exchange))
        )
    if answer.kind == "context-too-small":
        return Judged(
            step(
                "long",
                "ok",
                say("the limit counts against the context: {words}", words=answer.words),
                took_ms(exchange),
            )
        )
    return Judged(
        step(
            "long",
            "warn",
            say("a limit of {limit:,} is refused, without naming one: {words}", limit=HUGE_LIMIT, words=answer.words),
            took_ms(exchange),
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
        return refused("size", facts, read)
    first = exchange.timings.first_body or 0.0
    kilobytes = len(exchange.request_body) // 1000
    words = say(
        "{kilobytes} kB with 20 tools accepted, first byte after {seconds:.1f} s",
        kilobytes=kilobytes,
        seconds=first / 1000,
    )
    if answer.said and answer.said.input_tokens:
        words = say("{accepted}, {tokens:,} tokens", accepted=words, tokens=answer.said.input_tokens)
        if answer.said.input_tokens < len(exchange.request_body) / 12:
            found = finding(
                "context-too-small",
                facts,
                exchange,
                severity="warn",
                because=(
                    say(
                        (
                            "of about {n:,} tokens sent, the endpoint counted only {input_tokens:,}: it silently "
                            "truncates long prompts"
                        ),
                        n=len(exchange.request_body) // 4,
                        input_tokens=answer.said.input_tokens,
                    )
                ),
                fix=say("raise the server's context (Ollama: num_ctx; LM Studio: context length of the loaded model)"),
            )
            return Judged(step("size", "warn", found.because, took_ms(exchange), found.kind), [found])
    if first > FIRST_BYTE_LIMIT_MS:
        found = finding("slow-first-byte", facts, exchange, seconds=f"{first / 1000:.0f}")
        return Judged(step("size", "warn", words, took_ms(exchange), found.kind), [found])
    return Judged(step("size", "ok", words, took_ms(exchange)))


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
        return Judged(step(code, "warn", without, took_ms(exchange), kind if found else None), [found] if found else [])
    return refused(code, facts, read, "warn")
