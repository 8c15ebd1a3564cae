"""A body as a conversation, whichever wire it came over."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from ccswitch_tui.tui.talk import Part, fields_of, parts_of

CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "Read", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "text"},
    ],
}
RESPONSES = {
    "model": "m", "instructions": "be brief",
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call", "name": "Read", "arguments": "{}"},
        {"type": "function_call_output", "output": "text"},
    ],
}  # fmt: skip


def spoken(body: object) -> list[tuple[str, str, str]]:
    return [(p.role, p.kind, p.text) for p in parts_of(json.dumps(body)) or () if p.role != "settings"]


def test_chat_completions_are_read() -> None:
    assert spoken(CHAT) == [("system", "text", "be brief"), ("assistant", "call", "{}"), ("tool", "result", "text")]


def test_responses_are_read() -> None:
    assert spoken(RESPONSES) == [
        ("system", "", "be brief"),
        ("user", "text", "hi"),
        ("assistant", "call", "{}"),
        ("assistant", "result", "text"),
    ]  # fmt: skip


def test_a_stream_of_messages_is_put_together() -> None:
    rows = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "Read", "input": {}}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    ]
    body = "".join(f"event: x\ndata: {json.dumps(row)}\n\n" for row in rows)
    assert [p for p in parts_of(body) or () if p.role != "settings"] == [
        Part("assistant", "text", "Hello"), Part("assistant", "call", "{}", "Read"),
    ]  # fmt: skip


def test_a_stream_of_chunks_is_put_together() -> None:
    deltas = [{"reasoning_content": "hm"}, {"content": "Hel"}, {"content": "lo"}]
    body = "".join(f"data: {json.dumps({'choices': [{'delta': d}]})}\n\n" for d in deltas) + "data: [DONE]\n\n"
    assert [(p.kind, p.text) for p in parts_of(body) or () if p.role == "assistant"] == [
        ("thinking", "hm"), ("text", "Hello"),
    ]  # fmt: skip


def test_both_wires_are_told_in_the_same_order_and_tools_by_their_size() -> None:
    tool = {"name": "Bash", "description": "d" * 5000}
    theirs = {"system": "S", "tools": [tool], "messages": [{"role": "user", "content": "hi"}]}
    ours = {
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": tool}],
    }
    told = [[part for part in parts_of(json.dumps(tree)) or () if part.role != "settings"] for tree in (theirs, ours)]
    assert [[part.role for part in side] for side in told] == [["system", "tools", "user"]] * 2
    assert all(side[1].size > 5000 for side in told)


def test_an_error_is_what_was_said() -> None:
    assert spoken({"error": {"message": "no such model"}}) == [("error", "", "no such model")]


def test_what_is_no_conversation_is_not_made_one() -> None:
    assert parts_of("<html>") is None
    assert parts_of("[1]") is None
    assert fields_of("<html>") == frozenset()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "messages", "tools", "tool_calls", "function", "name",
                         "input", "error", "choices", "delta", "message", "source", "system", "index"]),
        inner, max_size=4,
    ),
)  # fmt: skip


@given(JSON)
@example({"content": None, "type": []})
def test_whatever_is_sent_is_shown_or_left(tree: object) -> None:
    body = json.dumps(tree)
    parts = parts_of(body)
    assert parts is None or all(isinstance(text, str) for part in parts for text in part[:4])
    parts_of(f"data: {body}\n\n")
