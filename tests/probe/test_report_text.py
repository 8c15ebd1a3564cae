"""A report as text, as Markdown and back from JSON: each part where it is there, and nothing where it is not."""

from __future__ import annotations

import json

import pytest

from ccswitch_tui.findings import Finding, Fix
from ccswitch_tui.probe import report as reporting
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.model import LearnedQuirk, ProbeReport, Step
from ccswitch_tui.sentence import say

URL = "https://api.acme.example/v1"

STEPS = (
    Step("auth", "key", "ok", 1234.0, because=say("HTTP 200")),
    Step("stream", "streaming", "skip", 5.0, because=say("not asked")),
    Step("tools", "tools", "warn", None, because=say("a | b")),
)
FULL = ProbeReport(
    "work", URL, "2026-01-02T03:04:05Z", "quick", "native", say("works"),
    steps=STEPS,
    findings=(
        Finding("one-kind", "One", say("because of {what}", what="`x`"), "fail",
                Fix(say("do this"), ("ccswitch-tui edit work --set a=b",), {}), "101", (1,)),
        Finding("two-kind", "Two", "their own words", "warn", Fix(say("do that"), (), {}), "102"),
        Finding("three-kind", "Three", "", "info", None, "103"),
    ),
    quirks=(LearnedQuirk("stream_options", False, say("it said so")), LearnedQuirk("max_output", 8192, say("told"))),
    disproved=("no_images",),
    exchanges=(Exchange(1, "message", "POST", f"{URL}/chat/completions", status=200, request_body="{}", body="{}"),
               Exchange(2, "http", "GET", f"{URL}/models", status=200, body="{}")),
    wire="openai-chat", auth="bearer", key_note=say("key from keyring"), took_ms=90.0,
)  # fmt: skip
BARE = ProbeReport("", URL, "2026-01-02T03:04:05Z", "full", "broken", say("nobody answers"))


def shown(report: ProbeReport) -> str:
    return reporting.text(report, lambda name: f"<{name}>")


def test_every_part_of_a_report_has_its_line() -> None:
    lines = shown(FULL).splitlines()
    assert lines[0] == f"work  {URL}   openai-chat, key from keyring"
    assert lines[1].startswith("  <ok> ") and lines[1].endswith("1.2 s")
    assert lines[2].startswith("  <skip>") and lines[2].endswith("not asked")
    for part in (
        "  <fail> One  one-kind E101", "  <warn> Two  two-kind E102", "  <skip> Three  three-kind E103",
        "    fix      do this", "             ccswitch-tui edit work --set a=b",
        "  learned: (to keep it: ccswitch-tui probe work --learn)",
        "    stream_options = false   (it said so)", "    max_output = 8192   (told)", "no_images: no longer the case",
    ):  # fmt: skip
        assert part in "\n".join(lines), part
    assert lines[-1].startswith("<ok> native: works") and "90 ms" in lines[-1]


def test_what_is_not_there_leaves_no_trace() -> None:
    assert shown(BARE) == f"endpoint  {URL}   format not known yet\n\n<fail> broken: nobody answers   0 requests, 0 ms"
    assert "learned" not in shown(BARE._replace(profile="work"))
    assert "to keep it" not in shown(FULL._replace(profile=""))


@pytest.mark.parametrize(
    ("tested", "ladder", "words"),
    [
        ((), "quick", "streaming, tool calls and request size not tested (--full tests everything)"),
        (("size",), "quick", "streaming and tool calls not tested (--full tests everything)"),
        (("stream", "size"), "full", "tool calls not tested"),
        (("stream", "tools", "size"), "quick", ""),
    ],
)
def test_what_works_does_not_promise_is_named(tested: tuple[str, ...], ladder: str, words: str) -> None:
    steps = tuple(Step(code, code, "ok", 1.0) for code in tested)
    report = FULL._replace(steps=steps, ladder=ladder)  # type: ignore[arg-type]
    assert reporting.untested(report) == words
    assert (words in shown(report)) and reporting.untested(report._replace(verdict="broken")) == ""
    assert f"({words})" in reporting.markdown(report) or not words


def test_markdown_has_the_evidence_of_findings_alone_and_others_words_as_code() -> None:
    written = reporting.markdown(FULL)
    assert "because of `` `x` ``" in written
    assert "`their own words`" in written
    assert "a \\| b" in written
    assert "```sh\nccswitch-tui edit work --set a=b\n```" in written
    assert "* `stream_options = false`: it said so" in written
    assert "<summary>#1 " in written and "<summary>#2 " not in written
    bare = reporting.markdown(BARE)
    assert f"## Probe of `{URL}`" in bare and "Quirks" not in bare and "<details>" not in bare


def test_nothing_inside_closes_a_code_block() -> None:
    finding = FULL.findings[0]._replace(fix=Fix(say("do"), ("echo ````",), {}))
    assert "`````sh\necho ````\n`````" in reporting.markdown(FULL._replace(findings=(finding,)))


@pytest.mark.parametrize("report", [FULL._replace(key_note=""), BARE], ids=["full", "bare"])
def test_a_report_comes_back_from_its_json_as_it_was(report: ProbeReport) -> None:
    kept = {**json.loads(json.dumps(report.to_json())), "sentences": reporting.sentences_of(report)}
    again = reporting.report_from_json(kept)
    assert (shown(again), again.to_json()) == (shown(report), report.to_json())
    assert reporting.report_from_json(report.to_json()).sentence == report.sentence


@pytest.mark.parametrize(("columns", "width"), [(None, reporting.WIDTH), (80, 80), (400, reporting.WIDEST)])
def test_lines_are_as_wide_as_the_terminal_up_to_a_limit(columns: int | None, width: int) -> None:
    assert reporting.line_width(columns) == width
