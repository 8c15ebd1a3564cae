"""Every odd endpoint ever met: the exchanges in tests/recorded lead to the report written below them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccswitch_tui.probe.advice import toml_value
from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.facts import Facts
from kit.transcript import Transcript, read_transcript

RECORDED = Path(__file__).parents[1] / "recorded"
TRANSCRIPTS = [read_transcript(path) for path in sorted(RECORDED.glob("*.txt"))]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.name)
def test_a_recorded_endpoint_leads_to_its_report(transcript: Transcript) -> None:
    report = diagnose(transcript.target, transcript.exchanges, ladder=transcript.ladder)  # type: ignore[arg-type]
    expected = dict(transcript.expected)
    seen = {"verdict": report.verdict, "findings": ", ".join(f.kind for f in report.findings)}
    if "says" in expected:
        first = report.findings[0].because
        seen["says"] = expected["says"] if expected["says"] in first else first
    if "fix" in expected:
        fix = report.findings[0].fix
        told = f"{fix.text} {' '.join(fix.commands)}" if fix else ""
        seen["fix"] = expected["fix"] if expected["fix"] in told else told
    if "patch" in expected:
        patch = next((f.fix.patch for f in report.findings if f.fix and f.fix.patch), {})
        seen["patch"] = " ".join(f"{k}={toml_value(v)}" for k, v in (patch or {}).items())
    if "steps" in expected:
        named = [pair.partition("=")[0] for pair in expected["steps"].split()]
        verdicts = {s.code: s.verdict for s in report.steps}
        seen["steps"] = " ".join(f"{code}={verdicts.get(code)}" for code in named)
    if "quirks" in expected:
        seen["quirks"] = " ".join(f"{q.name}={toml_value(q.value)}" for q in report.quirks)
    if "disproved" in expected:
        seen["disproved"] = " ".join(report.disproved)
    if "sentence" in expected:
        seen["sentence"] = expected["sentence"] if expected["sentence"] in report.sentence else report.sentence
    assert seen == {"findings": "", **expected}


def test_there_are_many() -> None:
    assert len(TRANSCRIPTS) >= 60


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.name)
def test_every_finding_has_a_cause_and_ends_in_something_to_do(transcript: Transcript) -> None:
    report = diagnose(transcript.target, transcript.exchanges, ladder=transcript.ladder)  # type: ignore[arg-type]
    for finding in report.findings:
        assert finding.because and finding.fix is not None and finding.fix.text, finding
        assert "{" not in finding.fix.text and finding.code, finding


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.name)
def test_the_diagnosis_does_not_depend_on_how_the_exchanges_came_in(transcript: Transcript) -> None:
    facts = Facts(transcript.target)
    for exchange in transcript.exchanges:
        facts.add([exchange])
    assert facts.quirks == Facts(transcript.target, transcript.exchanges).quirks
