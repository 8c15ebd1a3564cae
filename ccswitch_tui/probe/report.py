"""A ProbeReport as terminal text, as Markdown, and back from its JSON.

The text reads like curl, then like gh: one line a rung, then each finding with
its cause and what fixes it. Pure: colour and glyphs come from the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from ccswitch_tui.actions import action_from_json
from ccswitch_tui.cells import fold, padded, shortened
from ccswitch_tui.cells import width as cells
from ccswitch_tui.findings import Finding, Fix
from ccswitch_tui.language import counted, named, said, spoken
from ccswitch_tui.printable import one_line, printable
from ccswitch_tui.probe.exchange import curl_command, curl_verbose, exchange_from_json
from ccswitch_tui.probe.model import LearnedQuirk, ProbeReport, Step
from ccswitch_tui.secret import redact
from ccswitch_tui.sentence import Sentence, joined, put_together, say, taken_apart, through
from ccswitch_tui.wire.formats import wire_named

Paint = Callable[[str, str], str]
Glyph = Callable[[str], str]

WIDTH = 100
"""Where the reader is no terminal: what a wide window and a chat show without folding."""

WIDEST = 120
"""A time further from its rung than this is not read as belonging to it."""

VERDICT_GLYPH = {"native": "ok", "translate": "ok", "limited": "warn", "broken": "fail"}


COMMAND = " " * 13
"""What commands begin with, below a fix."""


def line_width(columns: int | None) -> int:
    """How wide the lines of a report are on a terminal of so many columns, or on none."""
    return WIDTH if columns is None else min(WIDEST, columns)


def plain_paint(style: str, text: str) -> str:
    """No colour."""
    return text


def head_line(report_name: str, base_url: str, wire: str | None, key_note: str, paint: Paint = plain_paint) -> str:
    """The first line: which profile, where, in which format, with which key."""
    about = ", ".join(part for part in (wire or said("format not known yet"), spoken(key_note)) if part)
    return f"{paint('bold', report_name or said('endpoint'))}  {base_url}   {paint('dim', about)}"


def step_line(step: Step, glyph: Glyph, paint: Paint = plain_paint, width: int = WIDTH) -> str:
    """One rung in one line."""
    took = "" if step.took_ms is None or step.verdict == "skip" else duration(step.took_ms)
    room = max(20, width - 24)
    words = shortened(spoken(step.because), room)
    shown = paint("dim", words) if step.verdict == "skip" else words
    rung = padded(named(step.code), 9)
    return f"  {glyph(step.verdict)} {rung} {shown}{' ' * max(1, room - cells(words))}{took:>8}".rstrip()


def duration(ms: float) -> str:
    """Milliseconds below one second, seconds above."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def finding_lines(finding: Finding, glyph: Glyph, paint: Paint = plain_paint, width: int = WIDTH) -> Iterator[str]:
    """A finding: what, why, what fixes it."""
    sign = {"fail": "fail", "warn": "warn", "info": "skip"}[finding.severity]
    yield f"  {glyph(sign)} {paint('bold', named(finding.title))}  {paint('dim', f'{finding.kind} E{finding.code}')}"
    yield from _labelled(said("because"), spoken(finding.because), width)
    if finding.fix is not None:
        yield from _labelled(said("fix"), spoken(finding.fix.text), width)
        for command in finding.fix.commands:
            yield COMMAND + command


def _labelled(label: str, text: str, width: int) -> Iterator[str]:
    if not text:
        return
    for number, line in enumerate(fold(text, max(30, width - 13), hang=0)):
        yield f"    {padded(label if number == 0 else '', 9)}{line}"


def quirk_lines(report: ProbeReport) -> Iterator[str]:
    """What was learned, and what was not so any more."""
    for quirk in report.quirks:
        yield f"    {quirk.name} = {_shown(quirk.value)}   ({shortened(spoken(quirk.because), 70)})"
    for name in report.disproved:
        yield f"    {said('{name}: no longer the case', name=name)}"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def verdict_line(report: ProbeReport, glyph: Glyph, paint: Paint = plain_paint) -> str:
    """The verdict in one sentence, and what it cost to know."""
    cost = counted(
        report.requests, "{count} request, {time}", "{count} requests, {time}", time=duration(report.took_ms)
    )
    left = untested(report)
    cost = said("{cost}; {left}", cost=cost, left=left) if left else cost
    verdict = said("{name}: {words}", name=paint("bold", named(report.verdict)), words=report.sentence)
    return f"{glyph(VERDICT_GLYPH[report.verdict])} {verdict}   {paint('dim', cost)}"


NOT_PROMISED = {"stream": "streaming", "tools": "tool calls", "size": "request size"}
"""What Claude Code cannot do without, by rung: who reads "works" takes these for tested."""


def untested_rungs(report: ProbeReport) -> list[str]:
    """The rungs that "works" says nothing about, because they were not climbed; none where it does not work anyway."""
    if report.verdict not in ("native", "translate"):
        return []
    tested = {step.code for step in report.steps if step.verdict != "skip"}
    return [code for code in NOT_PROMISED if code not in tested]


def untested(report: ProbeReport) -> str:
    """What "works" does not say, in a few words; "" when there is nothing, or when it does not work anyway."""
    missing = [say(NOT_PROMISED[code]) for code in untested_rungs(report)]
    if not missing:
        return ""
    *most, last = missing
    words = joined([joined(most, ", "), last], " and ") if most else last
    if report.ladder == "full":
        return say("{rungs} not tested", rungs=words)
    return say("{rungs} not tested (--full tests everything)", rungs=words)


def text(report: ProbeReport, glyph: Glyph, paint: Paint = plain_paint, width: int = WIDTH) -> str:
    """The whole report for a terminal."""
    lines = [head_line(report.profile, report.base_url, report.wire, report.key_note, paint)]
    lines += [step_line(s, glyph, paint, width) for s in report.steps]
    lines.append("")
    for finding in report.findings:
        lines += finding_lines(finding, glyph, paint, width)
        lines.append("")
    learned = list(quirk_lines(report))
    if learned:
        keep = said(" (to keep it: ccswitch-tui probe {name} --learn)", name=report.profile) if report.profile else ""
        lines += [f"  {said('learned:')}{keep}", *learned, ""]
    lines.append(verdict_line(report, glyph, paint))
    return "\n".join(lines)


# ---------------------------------------------------------------- Markdown

MARK = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "·"}


def markdown(report: ProbeReport) -> str:
    """The report for an issue or a chat: no key in it, the evidence below.

    It is pasted where `<img>`, links and @names do things, so that somebody
    else's words stand as code; our own sentences around them stay prose.
    """
    lines = [f"## Probe of {_code(report.profile or report.base_url)}", ""]
    lines += [
        f"**{report.verdict}**: {_prose(report.sentence)}" + (f" ({left})" if (left := untested(report)) else ""),
        "",
        f"{_code(report.base_url)} · {report.at} · {report.requests} requests",
        "",
    ]
    lines += ["| | rung | what was seen | took |", "|---|---|---|---|"]
    for step in report.steps:
        took = "" if step.took_ms is None else duration(step.took_ms)
        lines.append(f"| {MARK[step.verdict]} | {step.code} | {_cell(_prose(step.because))} | {took} |")
    for finding in report.findings:
        lines += ["", f"### {finding.title} (`{finding.kind}`, {finding.severity})", "", _prose(finding.because), ""]
        if finding.fix is not None:
            lines.append(f"*Fix:* {_prose(finding.fix.text)}")
            if finding.fix.commands:
                lines += ["", *_fenced("sh", "\n".join(finding.fix.commands))]
    if report.quirks:
        lines += ["", "### Quirks learned", ""]
        lines += [f"* {_code(f'{q.name} = {_shown(q.value)}')}: {_prose(q.because)}" for q in report.quirks]
    wanted = {number for finding in report.findings for number in finding.evidence}
    for exchange in report.exchanges:
        if exchange.id in wanted:
            shown = f"{curl_command(exchange, with_body=len(exchange.request_body) < 2000)}\n\n{curl_verbose(exchange)}"
            what = escape(one_line(f"{exchange.method} {exchange.url}"))
            lines += ["", f"<details><summary>#{exchange.id} <code>{what}</code></summary>", ""]
            lines += [*_fenced("text", shown), "", "</details>"]
    return "\n".join(lines) + "\n"


def _prose(words: str) -> str:
    """A sentence of ours with the values in it as code; what is no sentence of ours is code as a whole."""
    if not isinstance(words, Sentence):
        return _code(words)
    values = {name: _prose(v) if isinstance(v, str) else v for name, v in words.values.items()}
    return words.template.format_map(values)


def _code(words: str) -> str:
    """Words as a code span: a fence longer than any inside (CommonMark 6.1)."""
    words = one_line(" ".join(words.split()))
    if not words:
        return ""
    ticks = "`" * (1 + max(map(len, re.findall("`+", words)), default=0))
    pad = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def _fenced(language: str, text: str) -> list[str]:
    """A code block that nothing inside can close."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return [fence + language, printable(text), fence]


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


# ---------------------------------------------------------------- from JSON


def sentences_of(report: ProbeReport) -> dict[str, Any]:
    """What the sentences of a report were made of, by their text: to be kept beside its JSON form as `sentences`."""
    texts = [report.sentence, *(s.because for s in report.steps)]
    for finding in report.findings:
        texts += [finding.because, *([finding.fix.text] if finding.fix else [])]
    return {str(text): parts for text in texts if (parts := taken_apart(through(redact, text)))}


def report_from_json(shown: Mapping[str, Any]) -> ProbeReport:
    """A report out of its JSON form (the last one of a profile)."""
    made_of = shown.get("sentences", {})

    def ours(text: str) -> str:
        return put_together(text, made_of[text]) if text in made_of else text

    return ProbeReport(
        profile=shown["profile"],
        base_url=shown["base_url"],
        at=shown["at"],
        ladder=shown["ladder"],
        verdict=shown["verdict"],
        sentence=ours(shown["sentence"]),
        steps=tuple(_step(s, ours) for s in shown["steps"]),
        findings=tuple(_finding(f, ours) for f in shown["findings"]),
        quirks=tuple(LearnedQuirk(name, q["value"], q["because"]) for name, q in shown["quirks"].items()),
        disproved=tuple(shown.get("disproved", ())),
        exchanges=tuple(exchange_from_json(e) for e in shown["exchanges"]),
        wire=wire_named(shown.get("wire")),
        auth=shown.get("auth"),
        key_note=shown.get("key_note", ""),
        took_ms=shown.get("took_ms", 0.0),
    )


def _step(shown: Mapping[str, Any], ours: Callable[[str], str]) -> Step:
    known = Step(**{k: v for k, v in shown.items() if k in Step._fields})
    return known._replace(because=ours(known.because))


def _finding(shown: Mapping[str, Any], ours: Callable[[str], str]) -> Finding:
    fix = shown.get("fix")
    return Finding(
        kind=shown["kind"],
        title=shown["title"],
        because=ours(shown["because"]),
        severity=shown["severity"],
        fix=Fix(ours(fix["text"]), tuple(fix["commands"]), fix["patch"], action_from_json(fix.get("action")))
        if fix
        else None,
        code=shown["code"],
        evidence=tuple(shown["evidence"]),
    )
