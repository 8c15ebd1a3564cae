"""Bars and sparklines: as wide as asked, honest about nothing and about little, and ASCII where only that is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ccswitch_tui.bars import NONE, STEPS, bar, gathered, spark, stacked

AMOUNTS = st.lists(st.floats(0, 1e9, allow_nan=False), max_size=400)


@given(AMOUNTS, st.integers(0, 120), st.booleans())
def test_a_sparkline_fits_and_shows_something_only_where_something_was(
    values: list[float], width: int, ascii_only: bool
) -> None:
    line = spark(values, width, ascii_only=ascii_only)
    shown = gathered(values, width)
    assert len(line) == len(shown) <= width
    assert [char == NONE[ascii_only] for char in line] == [value <= 0 for value in shown]
    assert not ascii_only or line.isascii()


@given(AMOUNTS, st.integers(1, 120))
def test_neighbours_are_added_up_and_none_is_left_out(values: list[float], width: int) -> None:
    assert abs(sum(gathered(values, width)) - sum(values)) <= 1e-6 * max(1.0, sum(values))


def test_the_tallest_is_the_tallest_step_and_order_is_kept() -> None:
    assert spark([1, 4, 8, 0], 10) == "▁▄█·"
    assert spark([1, 4, 8, 0], 10, ascii_only=True) == f".{STEPS[1][3]}@_"


@given(st.floats(allow_nan=True), st.integers(0, 80), st.booleans())
def test_a_bar_is_exactly_as_wide_as_asked(share: float, width: int, ascii_only: bool) -> None:
    drawn = bar(share, width, ascii_only=ascii_only)
    assert len(drawn) == width
    assert (drawn.strip() == "") == (not share > 0 or width == 0)
    assert not ascii_only or drawn.isascii()


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=4), st.integers(8, 80))
def test_a_bar_of_parts_is_full_and_hides_none_of_them(parts: list[int], width: int) -> None:
    drawn = stacked(parts, width, ascii_only=True)
    assert len(drawn) == width
    assert not any(parts) or [drawn.count(char) > 0 for char in "#=+."][: len(parts)] == [part > 0 for part in parts]
