"""The probe's search rung: climbed where a source is named, and a search that fails is a limit, not a break."""

from __future__ import annotations

from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Target

TARGET = Target("work", "http://127.0.0.1:1/v1")


def searched(failure: str | None, detail: str) -> Exchange:
    return Exchange(1, "search", "RUN", "web search", failure=failure, detail=detail)


def test_without_a_source_the_rung_says_so() -> None:
    report = diagnose(TARGET, [], ladder="full")
    assert [(s.verdict, s.because) for s in report.steps if s.code == "search"] == [("skip", "no search source is set")]


def test_pages_are_a_passed_rung() -> None:
    report = diagnose(TARGET._replace(searches=True), [searched(None, "3 pages from s.example")], ladder="full")
    (step,) = [s for s in report.steps if s.code == "search"]
    assert (step.verdict, step.because, step.finding) == ("ok", "3 pages from s.example", None)


def test_a_failed_search_is_a_finding_with_its_reason() -> None:
    report = diagnose(TARGET._replace(searches=True), [searched("search-failed", "HTTP 500")], ladder="full")
    (found,) = [f for f in report.findings if f.kind == "search-failed"]
    assert (found.because, found.severity) == ("HTTP 500", "warn")
