"""The endpoint's clock against ours."""

from __future__ import annotations

import pytest

from ccswitch_tui.probe.diagnose import diagnose
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.facts import Target

AT = 1_780_000_000.0
"""2026-05-28 20:26:40 UTC."""


@pytest.mark.parametrize(
    ("date", "found"),
    [
        ("Thu, 28 May 2026 20:26:40 GMT", False),
        ("Thu, 28 May 2026 20:29:00 GMT", False),
        ("Thu, 28 May 2026 20:40:00 GMT", True),
        ("Thu, 28 May 2020 20:26:40 GMT", True),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_wrong_clock_is_told_from_the_date_of_the_answer(date: str, found: bool) -> None:
    exchange = Exchange(1, "http", "GET", "https://api.example.com/v1/models", status=401, body="{}", at=AT,
                        headers=(("date", date),))  # fmt: skip
    report = diagnose(Target("work", "https://api.example.com/v1", "openai-chat"), [exchange], ladder="quick")
    assert ("clock-skew" in [f.kind for f in report.findings]) is found
