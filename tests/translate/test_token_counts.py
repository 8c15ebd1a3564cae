"""Token counts: near enough without a tokenizer, honest after the first answer."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from translate_kit import READ, request, user

from ccswitch_tui.translate.tokens import IMAGE_TOKENS, Calibration, estimate_tokens, image_tokens, text_tokens

PROSE = "The quick brown fox jumps over the lazy dog, and then it sleeps in the warm afternoon sun. " * 20
CODE = "def add(a: int, b: int) -> int:\n    return a + b\n\n\nresult = add(2, 3)\nprint(f'{result=}')\n" * 20


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (PROSE, 380, 520),
        (CODE, 550, 900),
        ("日本語のテキストです。" * 50, 350, 700),
        ("Пример русского текста. " * 50, 300, 600),
        ("", 0, 0),
    ],
)
def test_an_estimate_is_in_the_right_region(text: str, low: int, high: int) -> None:
    assert low <= text_tokens(text) <= high


def test_everything_counts_and_pictures_count_by_their_size() -> None:
    plain = estimate_tokens(request(user("hi")))
    assert estimate_tokens(request(user("hi"), tools=[READ])) > plain + 20
    assert estimate_tokens(request(user("hi"), system=PROSE)) > plain + 300
    rows = {"type": "tool_result", "tool_use_id": "t", "content": {"rows": [PROSE]}}
    assert estimate_tokens(request(user(rows))) > plain + 300
    picture = {"type": "image", "source": {"type": "base64", "data": "A" * 1_000_000}}
    assert estimate_tokens(request(user(picture))) < 3000


def png(width: int, height: int) -> dict[str, str]:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height)
    return {"data": base64.b64encode(head + bytes(40)).decode()}


def test_an_image_is_measured() -> None:
    assert image_tokens(png(300, 250)) == 100
    assert image_tokens(png(4000, 4000)) == IMAGE_TOKENS
    assert image_tokens({"data": "!!!"}) == IMAGE_TOKENS
    assert image_tokens(None) == IMAGE_TOKENS
    jpeg = b"\xff\xd8\xff\xe0\x00\x10" + bytes(14) + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 250, 300) + bytes(20)
    assert image_tokens({"data": base64.b64encode(jpeg).decode()}) == 100


junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "source", "data", "input", "messages", "tools"]),
            inner,
            max_size=4,
        )
    ),
)


@given(st.dictionaries(st.sampled_from(["messages", "system", "tools"]), junk))
def test_any_body_has_a_count(body: dict[str, Any]) -> None:
    assert estimate_tokens(body) >= 1


def test_one_answer_makes_the_counts_honest() -> None:
    calibration = Calibration()
    assert calibration.factor("m") == 1.0
    assert calibration.error("m") is None
    for raw in (1000, 2000, 4000, 4000, 4000):
        calibration.observe("m", raw, round(raw * 1.4))
    assert abs(calibration.factor("m") - 1.4) < 0.01
    error = calibration.error("m")
    assert error is not None
    assert error < 0.15
    assert calibration.answers("m") == 5


def test_nonsense_teaches_nothing() -> None:
    calibration = Calibration({"bad": "row", "odd": [99, 0.1, 3]})
    assert calibration.factor("odd") == Calibration.BOUNDS[1]
    for raw, counted in ((10, 500), (5000, 0), (5000, -3), (5000, 100), (5000, 500_000)):
        calibration.observe("m", raw, counted)
    assert calibration.factor("m") == 1.0


def test_what_was_learned_is_kept() -> None:
    calibration = Calibration()
    calibration.observe("m", 1000, 1300)
    assert Calibration(calibration.kept()).factor("m") == pytest.approx(1.3)
