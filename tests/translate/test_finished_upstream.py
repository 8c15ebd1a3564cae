"""The law on all three wires: what runs in the client was finished upstream, whatever the words, orders and cuts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told_answers import CHAT, MESSAGES, RESPONSES, broken_law, told

from ccswitch_tui.wire.formats import Wire


@pytest.mark.parametrize("wire", [CHAT, RESPONSES, MESSAGES])
@settings(deadline=None, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_what_runs_in_the_client_was_finished_upstream(wire: Wire, random: object) -> None:
    answer = told(lambda below: random.randrange(below) if below > 1 else 0, wire)  # type: ignore[attr-defined]
    assert broken_law(answer) == "", answer
