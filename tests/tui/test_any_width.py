"""Whatever a name, a model or an error holds, a line is as wide as it may be: wide characters, marks, 200 of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from ccswitch_tui.prices.model import Price
from ccswitch_tui.prices.model import Step as PriceStep
from ccswitch_tui.probe.model import RUNGS, Step
from ccswitch_tui.profiles.model import Endpoint, ModelTiers, Profile, SecretRef
from ccswitch_tui.tui import flows, home_rows, look
from ccswitch_tui.tui.compared import Live, draw_compared
from ccswitch_tui.tui.compared import heading_of as compare_heading
from ccswitch_tui.tui.listed import KeyRow
from ccswitch_tui.tui.screens import keys, pick_model
from ccswitch_tui.tui.widgets import ladder
from ccswitch_tui.tui.widgets.latest import flow_line, latest
from ccswitch_tui.workflows.compare import Compared
from ccswitch_tui.workflows.models import Offered

ODD = st.text(
    st.one_of(
        st.sampled_from("ab-./ 配置模型한글ｆｕ" + "e\u0301\u0308\u200d\u200b" + "👩🚀🇩🇪\u202e\x1b\t\n\0\ud7ff"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=200,
)
WIDTHS = st.integers(20, 220)
MS = st.none() | st.floats(0, 1e7)


NARROWEST_LIST = 60
"""Cells of the smallest terminal there is a layout for."""


def fits(line: Content, width: int) -> None:
    """Within the width by itself, where there is room for a list at all; and as Rows paints it, cut, on one line, with
    nothing that steers a terminal."""
    assert line.cell_length <= width or width < NARROWEST_LIST
    shown = look.cut(line, width)
    assert shown.cell_length <= width
    assert "\n" not in shown.plain and "\x1b" not in shown.plain and "\0" not in shown.plain


def profile(name: str, model: str) -> Profile:
    endpoint = Endpoint(f"https://{name}.example/v1", "openai-chat")
    return Profile(name, endpoint, SecretRef("none"), models=ModelTiers(model))


@given(name=ODD, model=ODD, width=WIDTHS, first=MS, answer=MS, live=st.sampled_from([None, Live(), Live(1.0)]))
def test_a_line_of_the_comparison(
    name: str, model: str, width: int, first: float | None, answer: float | None, live: Live | None
) -> None:
    row = Compared(profile(name, model), model, "native", model, "", (("url", "ok"),), first, answer,
                   "2026-01-01T00:00:00Z", 1, Price((PriceStep(0, 0.25, 1e6),), "CNY"))  # fmt: skip
    fits(draw_compared(row, width, live, "default", 1e7, 2e9), width)
    fits(compare_heading(width), width)


@given(text=ODD, width=WIDTHS, ms=MS)
def test_a_line_of_the_ladder_of_the_traffic_and_of_the_models(text: str, width: int, ms: float | None) -> None:
    for rung in RUNGS[:3]:
        fits(ladder.draw_step(Step(rung.code, text, "fail", ms, because=text), width), width)
        fits(ladder.small_steps([Step(rung.code, text, "warn", ms, because=text)], width)[0], width)
    flow = {
        "id": 1, "at": 1e9, "profile": text, "asked": text, "model": text[::-1], "status": 200, "error": text,
        "input_tokens": 10**9, "output_tokens": 10**9, "first_byte_ms": ms, "total_ms": ms,
    }  # fmt: skip
    fits(flows.line_of(flow, width), width)
    fits(flow_line(flow, width), width)
    assert all(
        row.cell_length <= width or width < 50 for row in latest("p", [flow] * 4, width, running=True).split()[4:]
    )
    fits(pick_model.draw_offered(Offered(text, 10**9, Price((PriceStep(0, 1.0, 2.0),))), width), width)
    fits(keys.draw_key(KeyRow(text, "keyring:x", text, "present", "2026-01-01"), width), width)


HEADINGS: list[Callable[[int], Content]] = [
    home_rows.heading, compare_heading, flows.heading, keys.heading, pick_model.heading_of,
]  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS, ids=lambda made: made.__module__.rpartition(".")[2])
def test_headings_fit_every_width(heading: Any) -> None:
    for width in range(20, 221):
        fits(heading(width), width)
