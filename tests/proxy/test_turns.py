"""A request that took several turns of the endpoint is booked with all of them."""

from __future__ import annotations

import pytest

from ccswitch_tui.proxy.books.flow import Flow
from ccswitch_tui.proxy.books.turns import Turns


def after(*turns: tuple[int, float | None, str, str]) -> Flow:
    flow = Flow(1, at=0.0, started=0.0, profile="work")
    book = Turns(flow)
    for output, cost, currency, by in turns:
        book.begin()
        assert (flow.output_tokens, flow.cost, flow.stated_cost) == (0, None, None)
        flow.input_tokens, flow.output_tokens = 10, output
        flow.cost, flow.currency, flow.cost_by = cost, currency, by
    book.add_up()
    return flow


@pytest.mark.parametrize(
    ("turns", "cost", "by"),
    [
        ([(5, 0.25, "USD", "endpoint"), (7, 0.5, "USD", "endpoint")], 0.75, "endpoint"),
        ([(5, 0.25, "USD", "endpoint"), (7, None, "", "")], None, ""),
        ([(5, 0.25, "USD", "endpoint"), (7, 0.5, "CNY", "prices")], None, None),
        ([(5, 0.25, "USD", "endpoint"), (7, 0.5, "USD", "list")], 0.75, "list"),
    ],
)
def test_tokens_add_up_and_a_cost_is_known_when_each_is_in_one_currency(
    turns: list[tuple[int, float | None, str, str]], cost: float | None, by: str | None
) -> None:
    flow = after(*turns)
    assert (flow.input_tokens, flow.output_tokens, flow.cost) == (20, 12, cost)
    assert cost is None or flow.cost_by == by


def test_no_turn_at_all_is_nothing() -> None:
    flow = after()
    assert (flow.output_tokens, flow.cost, flow.estimated) == (0, None, False)
