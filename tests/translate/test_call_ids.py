"""What an endpoint gave goes back to it as it was; what another one gave is adapted."""

from __future__ import annotations

import re

import pytest
from translate_kit import READ, Answer, assistant, call_chunk, chunk, piece, request, tool_result, tool_use, user

from ccswitch_tui.translate.call_ids import Ids, upstream_id
from ccswitch_tui.translate.request import translate_request
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.quirks import Quirks

GIVEN = [
    "call_abc123",
    "functions.Bash:0",
    "chatcmpl-tool-" + "0" * 32,
    "call_x__thought__" + "QUJD/+=" * 60,
    "a|b.c=d/e f",
    "日本",
    "0",
]


@pytest.mark.parametrize("given", GIVEN)
def test_an_id_comes_back_as_it_was_given(given: str) -> None:
    ids = Ids(frozenset(), "seed", "api.example")
    first, again = ids.give(given), ids.give(given)
    assert first != again
    for client_id in (first, again):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", client_id)
        assert upstream_id(client_id, "keep", "api.example") == given


@pytest.mark.parametrize("given", GIVEN[1:6])
def test_an_id_of_another_endpoint_is_adapted(given: str) -> None:
    client_id = Ids(frozenset(), "seed", "api.example").give(given)
    other = upstream_id(client_id, "keep", "other.example")
    assert re.fullmatch(r"[!-~]{1,40}", other)
    assert re.fullmatch(r"[A-Za-z0-9]{9}", upstream_id(client_id, "mistral9", "api.example"))


def test_an_empty_id_is_replaced() -> None:
    ids = Ids(frozenset(), "seed")
    assert len({ids.give(""), ids.give(" "), ids.give("\n")}) == 3


PLACES = [
    {"extra_content": {"google": {"thought_signature": "SIG"}}},
    {"extra_content": {"vertex": {"thought_signature": "SIG"}}},
    {"extra_content": {"thought_signature": "SIG"}},
    {"provider_specific_fields": {"thought_signature": "SIG"}},
    {"thought_signature": "SIG"},
    {"thoughtSignature": "SIG"},
    {"provider_specific_fields": {"thought_signatures": ["SIG"]}},
]


def go_round(chunks: bytes, thinking: str) -> str:
    """The signature that reaches Gemini in the next turn."""
    quirks = Quirks(reasoning_replay="google_signature")
    how = {"thinking": {"type": thinking}, "quirks": {"reasoning_replay": "google_signature"}}
    blocks = Answer(chunks, chunk({}, "tool_calls"), **how).blocks
    call = next(block for block in blocks if block["type"] == "tool_use")
    talk = [user("Hello there"), assistant(*blocks), user(tool_result(call["id"]))]
    body = translate_request(request(*talk, tools=[READ]), model="m", quirks=quirks).body
    made = next(m for m in body["messages"] if m.get("tool_calls"))["tool_calls"][0]
    assert made["id"] == "c1"
    return str(made["extra_content"]["google"]["thought_signature"])


@pytest.mark.parametrize("thinking", ["adaptive", "disabled"])
@pytest.mark.parametrize("where", PLACES)
def test_a_thought_signature_survives_wherever_it_stands(where: dict[str, object], thinking: str) -> None:
    whole = piece('{"file_path":"/a"}', 0, "c1", "Read")
    bare = {"index": 0, **where}
    for chunks in (
        call_chunk({**whole, **where}),
        call_chunk({**whole, "function": {**whole["function"], **where}}),
        call_chunk(whole) + call_chunk(bare),
        call_chunk(whole) + call_chunk(where),
        call_chunk(bare | {"id": "c1"}) + call_chunk(whole),
    ):
        assert go_round(chunks, thinking) == "SIG"


@pytest.mark.parametrize("thinking", ["adaptive", "disabled"])
@pytest.mark.parametrize("where", PLACES[:4] + PLACES[-1:])
def test_a_thought_signature_beside_the_calls_is_theirs(where: dict[str, object], thinking: str) -> None:
    whole = {"tool_calls": [piece('{"file_path":"/a"}', 0, "c1", "Read")]}
    choice = {"index": 0, "delta": whole, "finish_reason": None, **where}
    for chunks in (
        chunk({**whole, **where}),
        chunk(where) + chunk(whole),
        chunk(whole) + chunk(where),
        b"data: " + dumps({"choices": [choice]}) + b"\n\n" if "extra_content" in where else chunk({**whole, **where}),
    ):
        assert go_round(chunks, thinking) == "SIG"


def test_an_id_of_the_clients_own_is_sent_as_it_is() -> None:
    body = translate_request(
        request(user("go"), assistant(tool_use("toolu_01")), user(tool_result("toolu_01"))), model="m", quirks=Quirks()
    ).body
    assert body["messages"][-1]["tool_call_id"] == "toolu_01"
