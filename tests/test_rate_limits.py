"""Rate limits out of headers: every documented form, and nothing where a header says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.balance.limits import Limit, limit_text, limits_from_json, limits_in, reset_at, tightest

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (  # Anthropic: absolute times
            {"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49",
             "anthropic-ratelimit-requests-reset": "2026-09-21T14:14:20Z"},
            [Limit("requests", 50, 49, 1_790_000_060.0)],
        ),
        (  # OpenAI, Groq: durations
            {"x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-tokens": "29000",
             "x-ratelimit-reset-tokens": "1m30s"},
            [Limit("tokens", 30000, 29000, NOW + 90)],
        ),
        (  # Cerebras: seconds, and which span
            {"x-ratelimit-limit-requests-day": "14400", "x-ratelimit-remaining-requests-day": "14399",
             "x-ratelimit-reset-requests-day": "33011.38"},
            [Limit("requests/day", 14400, 14399, NOW + 33011.38)],
        ),
        (  # Mistral: no reset
            {"x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "59"},
            [Limit("requests/minute", 60, 59)],
        ),
        (
            {"modelscope-ratelimit-model-requests-limit": "500", "modelscope-ratelimit-model-requests-remaining": "0"},
            [Limit("model-requests", 500, 0)],
        ),
        (  # a subscription: the part that is used
            {"anthropic-ratelimit-unified-5h-utilization": "0.42",
             "anthropic-ratelimit-unified-5h-reset": "1790003600"},
            [Limit("5h", resets_at=1_790_003_600.0, used_percent=42.0)],
        ),
        (
            {"RateLimit-Limit": "100", "RateLimit-Remaining": "7", "RateLimit-Reset": "5"},
            [Limit("requests", 100, 7, NOW + 5)],
        ),
    ],
)  # fmt: skip
def test_every_documented_form_is_read(headers: dict[str, str], expected: list[Limit]) -> None:
    assert limits_in(headers.items(), NOW) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-remaining-requests": "many"}, {"x-ratelimit-limit-requests": "60"},
        {"x-ratelimit-remaining-tokens": "<html>" * 100}, {"x-ratelimit-reset-tokens": "6m0s"},
        {"x-ratelimit-over-limit": "no"}, {"content-type": "text/plain"},
    ],
)  # fmt: skip
def test_a_header_that_says_nothing_is_no_limit_of_zero(headers: dict[str, str]) -> None:
    assert limits_in(headers.items(), NOW) == []


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("12ms", NOW + 0.012), ("1s", NOW + 1), ("6m0s", NOW + 360), ("2m59.56s", NOW + 179.56), ("1h2m3s", NOW + 3723),
        ("2.5", NOW + 2.5), ("1790000060", 1_790_000_060.0), ("1790000060000", 1_790_000_060.0),
        ("2026-09-21T14:14:20Z", 1_790_000_060.0), ("soon", None), ("", None), ("-5", None), ("1e300", None),
    ],
)  # fmt: skip
def test_a_reset_is_read_in_every_form_or_left_out(text: str, at: float | None) -> None:
    found = reset_at(text, NOW)
    assert found == (at if at is None else pytest.approx(at))


@given(st.lists(st.tuples(st.sampled_from(["x-ratelimit-remaining-tokens", "ratelimit-reset", "anthropic-ratelimit-x"]),
                          st.text(max_size=80)), max_size=8))  # fmt: skip
def test_reading_headers_never_raises_and_is_bounded(headers: list[tuple[str, str]]) -> None:
    assert len(limits_in(headers, NOW)) <= 8


def test_the_tightest_is_the_one_with_the_smallest_part_left() -> None:
    limits = [Limit("requests", 100, 90), Limit("tokens", 1000, 100), Limit("x", None, 1), Limit("5h", used_percent=80)]
    found = tightest(limits)
    assert found is not None and found.what == "tokens"
    assert tightest([Limit("x", None, 1)]) is None


def test_what_was_kept_comes_back_and_what_was_damaged_does_not() -> None:
    limit = Limit("tokens", 1000, 100, NOW + 30)
    assert limits_from_json([limit.to_json(), {"what": 5}, "x", {"what": "y", "limit": "many"}]) == [limit, Limit("y")]
    assert limits_from_json("damaged") == []
    assert limit_text(limit, NOW) == "tokens 100 of 1,000 left, 30 s"
