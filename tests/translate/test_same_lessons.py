"""One table of lessons: what the proxy learns from a refusal, the probe names, and so does the native route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from test_native_refusals import BODY, MORE, REFUSED
from test_refusals import TEACHES
from test_refusals_by_kind import (
    CAPS,
    CHOICES,
    EFFORTS,
    EVERYTHING,
    FIELDS,
    FIND,
    NOT_KNOWN,
    PICTURES,
    SCHEMAS,
    SHAPES,
)
from test_refusals_in_other_words import e
from translate_kit import BASH, translated

from ccswitch_tui.probe.classify import read_answer
from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.translate.errors import failure_from_response
from ccswitch_tui.translate.refusal_rows import REFUSALS
from ccswitch_tui.translate.words import read_words
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.formats import Wire

Json = dict[str, Any]
HIGH: Json = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}
ADDRESSES: dict[Wire, str] = {"openai-chat": "/v1/chat/completions", "anthropic": "/v1/messages"}

OF_ONE_PICTURE = "refused_images"
"""A lesson about the very picture that was sent: the probe's is nobody else's, and it says nothing of it."""


def refusals() -> Iterator[tuple[int, Any, Any, Json]]:
    """(status, body, messages, fields with quirks) of every table of refusals."""
    for _quirk, _value, status, body, messages, fields, quirks in TEACHES:
        yield status, body, messages, {**fields, "quirks": quirks}
    for cap, said in CAPS:
        yield 400, said, (), {"max_tokens": 100_000 if cap > 32000 else 32000}
    for _meant, said, asked in EFFORTS:
        fields = {**HIGH, "output_config": {"effort": asked}, "quirks": {"effort": "reasoning_effort"}}
        yield 400, said, (), fields
    for said in CHOICES:
        yield 400, said, (), {"tools": [BASH], "tool_choice": {"type": "any"}}
    for _meant, status, said, shown in PICTURES:
        yield status, said, shown, {}
    for _quirk, said, fields in FIELDS:
        yield 400, said, (), fields
    for status, said in SCHEMAS:
        yield status, said, (), {"tools": [BASH, FIND]}
    for _meant, status, said, (messages, fields) in SHAPES:
        yield status, said, messages, fields
    for _meant, status, said in NOT_KNOWN:
        yield status, said, (), EVERYTHING


def probed(wire: Wire, status: int, asked: bytes, body: bytes) -> tuple[str, Any]:
    """The quirk that the probe names for this exchange, and its value."""
    url = f"https://api.example.com{ADDRESSES[wire]}"
    exchange = Exchange(1, "message", "POST", url, request_body=asked.decode(), wire=wire, status=status)
    answer = read_answer(exchange._replace(body=body.decode()))
    return answer.quirk, tuple(answer.value) if isinstance(answer.value, list) else answer.value


def test_what_the_proxy_learns_the_probe_names_with_the_same_quirk() -> None:
    wrong, met, taught = [], set(), 0
    for status, said, messages, fields in refusals():
        body = dumps(said if isinstance(said, dict | list) else e(said))
        asked = translated(*messages, **fields)
        learned = failure_from_response(status, {}, body, provider="p", model="m", translation=asked).learned
        if learned is None:
            continue
        taught += 1
        met |= {place for place, row in enumerate(REFUSALS) if row.pattern.search(read_words(body).text)}
        found = probed("openai-chat", status, asked.encoded(), body)
        if found != (learned.quirk, learned.value) and learned.quirk != OF_ONE_PICTURE:
            wrong.append((said, (learned.quirk, learned.value), found))
    assert wrong == []
    assert taught > 400
    assert [row.pattern for place, row in enumerate(REFUSALS) if place not in met] == [], "a row no table has words for"


def test_what_the_native_route_learns_the_probe_names_too() -> None:
    body = {**BODY, "metadata": {"user_id": "x"}, "top_k": 5, "tool_choice": {"type": "any"}}
    wrong = [
        (words, found)
        for quirk, value, words in [*REFUSED, *MORE]
        if (found := probed("anthropic", 400, dumps(body), dumps(e(words)))) != (quirk, value)
    ]
    assert wrong == []
