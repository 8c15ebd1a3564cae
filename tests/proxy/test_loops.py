"""A session that goes round in circles, or runs away, is noticed in the traffic and on status; nothing is stopped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy_client import BODY, call, profile, proxy_for
from scripted_endpoint import (
    CHAT_END,
    Act,
    Connection,
    Received,
    ScriptedEndpoint,
    chat_chunk,
    native_event,
    native_stream,
)

from ccswitch_tui.proxy.books.flow import log_line
from ccswitch_tui.proxy.books.loops import (
    LONGEST_ROUND,
    MOST_SESSIONS,
    RUNAWAY_REQUESTS,
    SAME_TURNS,
    Loops,
    judges_a_command,
)

TOOL = {"name": "Bash", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}}}
ASKED = {**BODY, "tools": [TOOL]}
SESSION = {"X-Claude-Code-Session-Id": "0a1b2c3d-session"}


def chat_tool(connection: Connection, received: Received) -> None:
    connection.start_stream()
    function = {"name": "Bash", "arguments": '{"command": "ls"}'}
    connection.chunk(
        chat_chunk({"tool_calls": [{"index": 0, "id": "call_0", "type": "function", "function": function}]})
    )
    connection.chunk(CHAT_END.replace(b'"stop"', b'"tool_calls"'))
    connection.end_stream()


def native_tool(number: int) -> bytes:
    usage = {"input_tokens": 10 * number, "output_tokens": 1}
    message: dict[str, object] = {
               "id": f"msg_{number}", "type": "message", "role": "assistant", "model": "m", "content": [],
               "stop_reason": None, "usage": usage}  # fmt: skip
    block = {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": {}}
    text = json.dumps({"command": "ls"})
    pieces = [text[: number % 9], text[number % 9 :]]  # cut elsewhere each time
    return b"".join(
        [
            native_event("message_start", message=message),
            native_event("content_block_start", index=0, content_block=block),
            *(
                native_event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": piece})
                for piece in pieces
            ),
            native_event("content_block_stop", index=0),
            native_event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 9}),
            native_event("message_stop"),
        ]
    )


@pytest.mark.parametrize("wire", ["openai-chat", "anthropic"])
def test_the_same_call_again_and_again_is_said_where_it_passes(wire: str) -> None:
    acts: list[Act] = (
        [chat_tool] if wire == "openai-chat" else [native_stream(native_tool(n)) for n in range(SAME_TURNS)]
    )
    with ScriptedEndpoint(*acts) as endpoint:
        base = f"{endpoint.origin}/v1" if wire == "openai-chat" else endpoint.origin
        with proxy_for(profile(base, wire=wire)) as proxy:
            for _ in range(SAME_TURNS):
                assert call(proxy, body=ASKED, headers=SESSION).status == 200
            newest, *before = proxy.traffic.recent()
            warned = proxy.traffic.loops.warnings(newest.started)
    assert "session 0a1b2c3d has made the same tool call" in newest.notices[-1]
    assert warned == [newest.notices[-1]]
    assert "round in circles" in log_line(newest, "12:00:00")
    assert not any("tool call" in notice for exchange in before for notice in exchange.notices)


def test_other_calls_and_words_in_between_are_work() -> None:
    loops = Loops()
    for turn in range(40):
        call_made = b'"name":"Bash" "partial_json":"{\\"command\\": \\"%d\\"}"' % (turn // 3)
        assert loops.note("s", turn * 30.0, "tool_use", [call_made]) == ""
    for turn in range(40):
        assert loops.note("t", turn * 30.0, "tool_use" if turn % 4 else "end_turn", [b'"name":"Read"']) == ""
    assert loops.warnings(1200.0) == []


@pytest.mark.parametrize("size", range(1, LONGEST_ROUND + 1))
def test_a_circle_of_several_calls_is_a_circle(size: int) -> None:
    loops = Loops()
    said = [
        loops.note("s", turn * 30.0, "tool_use", [b'"name":"Read" "partial_json":"%d"' % (turn % size)])
        for turn in range(size * SAME_TURNS)
    ]
    assert not any(said[:-1]) and "round in circles" in said[-1]
    assert (f"the same {size} tool calls" in said[-1]) == (size > 1)
    assert loops.note("s", 4000.0, "tool_use", [b'"name":"Write"']) == ""


@given(st.lists(st.integers(0, 3), max_size=60))
def test_a_warning_is_a_true_sentence(turns: list[int]) -> None:
    """Whatever a session does: where the last turns are said to go round, they do."""
    loops, warned = Loops(), ""
    for number, turn in enumerate(turns):
        warned = loops.note("s", number * 30.0, "tool_use", [b'"name":"%d"' % turn])
    rounds = [size for size in (1, 2, 3) if len(turns) >= size * SAME_TURNS
              and turns[-size:] * SAME_TURNS == turns[-size * SAME_TURNS :]]  # fmt: skip
    assert bool(warned) == bool(rounds)


def test_more_requests_than_work_makes_are_said() -> None:
    loops = Loops()
    said = [loops.note("s", turn * 0.2, "end_turn", []) for turn in range(RUNAWAY_REQUESTS)]
    assert said[-2] == "" and "check that it is not out of control" in said[-1]
    assert loops.warnings(40.0) and loops.warnings(5000.0) == []


def test_endless_new_sessions_do_not_fill_the_memory() -> None:
    loops = Loops()
    for number in range(3 * MOST_SESSIONS):
        loops.note(f"session-{number}", float(number), "end_turn", [])
    assert len(loops._sessions) == MOST_SESSIONS
    assert loops.note("", 0.0, "tool_use", [b"x"]) == ""


def test_auto_modes_question_is_recognised() -> None:
    body = {"model": "m", "max_tokens": 10240, "system": "You are a security monitor for autonomous AI coding agents."}
    raw = json.dumps({**body, "messages": []}).encode()
    assert judges_a_command(raw)
    assert not judges_a_command(json.dumps({"model": "m", "messages": []}).encode())
