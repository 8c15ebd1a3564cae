"""What a request asks for is told by its body, in every wire, and not by the text that is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from ccswitch_tui.probe.asks import ask, bodies_for
from ccswitch_tui.probe.bodies import Place
from ccswitch_tui.probe.classify import read_answer
from ccswitch_tui.probe.exchange import Exchange, exchange_from_json
from ccswitch_tui.probe.features import features_of
from ccswitch_tui.wire.formats import WIRES, Wire

USUAL: dict[str, set[str]] = {
    "message": set(),
    "stream": {"stream", "usage"},
    "tools": {"stream", "usage", "forced-call"},
    "parallel": {"stream", "usage"},
    "system": {"late-system"},
    "stop": {"stop"},
    "image": {"image"},
    "reasoning": {"effort"},
    "json": {"schema"},
    "long": {"huge-limit"},
    "size": {"stream", "usage"},
}


@pytest.mark.parametrize("rung", USUAL)
def test_every_question_of_the_chat_wire_is_known_by_its_features(rung: str) -> None:
    body = getattr(bodies_for(Place("https://x.example/v1", "openai-chat", "bearer", "m"), {}), rung)()
    assert features_of(body) == USUAL[rung]


@pytest.mark.parametrize("wire", WIRES)
def test_streams_forced_calls_and_results_are_known_in_every_wire(wire: Wire) -> None:
    bodies = bodies_for(Place("https://x.example", wire, "bearer", "m"), {})
    assert {"stream", "forced-call"} <= features_of(bodies.tools())
    assert "tool-result" in features_of(bodies.second_turn("1", "get_weather", "{}"))
    assert "stream" not in features_of(bodies.message())
    assert "huge-limit" in features_of(bodies.long())


@pytest.mark.parametrize(
    "quirks, missing",
    [
        ({"stream_options": False}, "usage"),
        ({"tool_choice": "none"}, "forced-call"),
        ({"never_stream": True}, "stream"),
    ],
)
def test_what_a_quirk_takes_out_is_not_asked(quirks: dict[str, Any], missing: str) -> None:
    bodies = bodies_for(Place("https://x.example/v1", "openai-chat", "bearer", "m"), quirks)
    assert missing not in features_of(bodies.tools())


def test_a_model_called_like_a_feature_asks_for_nothing() -> None:
    name = '"stream":true "tool_choice" include_usage LATE 1000000'
    place = Place("https://x.example/v1", "openai-chat", "bearer", name)
    asked = ask("message", place, bodies_for(place, {}).message(), variant="second")
    assert asked.asks == frozenset()
    whole = '{"choices":[{"message":{"role":"assistant","content":"OK"},"finish_reason":"stop"}]}'
    exchange = Exchange(1, asked.rung, asked.method, asked.url, request_body=asked.body.decode(), wire="openai-chat",
                        status=200, body=whole, asks=asked.asks)  # fmt: skip
    assert read_answer(exchange).ok


def test_features_come_back_from_a_kept_report() -> None:
    exchange = Exchange(1, "tools", "POST", "https://x.example/v1", asks=frozenset({"stream", "forced-call"}))
    assert exchange_from_json(exchange.to_json()).asks == exchange.asks
