"""Thinking blocks of another provider leave the history once they were refused, and only those."""

from __future__ import annotations

from typing import Any

from ccswitch_tui.proxy.thinking import ForeignThinking, refuses_thinking


def conversation(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = {"role": "assistant", "content": list(blocks)}
    messages = [{"role": "user", "content": "hi"}, answer, {"role": "user", "content": "go on"}]
    return {"model": "m", "messages": messages, **more}


FOREIGN = {"type": "thinking", "thinking": "hm", "signature": "ccswitch-1"}
OWN = {"type": "thinking", "thinking": "aha", "signature": "their-signature"}
TEXT = {"type": "text", "text": "hello"}
CALL = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}


def test_nothing_is_taken_out_before_a_refusal() -> None:
    body = conversation(FOREIGN, TEXT)
    assert ForeignThinking().without_known("api.example", body) is body


def test_after_a_refusal_the_blocks_are_known_and_newer_ones_stay() -> None:
    foreign = ForeignThinking()
    foreign.refuse_all("api.example", conversation(FOREIGN, TEXT))
    cleaned = foreign.without_known("api.example", conversation(FOREIGN, OWN, TEXT))
    assert cleaned["messages"][1]["content"] == [OWN, TEXT]


def test_another_host_is_not_concerned() -> None:
    foreign = ForeignThinking()
    foreign.refuse_all("api.example", conversation(FOREIGN))
    body = conversation(FOREIGN)
    assert foreign.without_known("other.example", body) is body


def test_a_message_of_thinking_alone_does_not_become_empty() -> None:
    cleaned = ForeignThinking().refuse_all("h", conversation(FOREIGN))
    assert cleaned["messages"][1]["content"] == [{"type": "text", "text": "(no content)"}]


def test_in_a_tool_loop_thinking_is_switched_off_for_this_request() -> None:
    body = conversation(FOREIGN, CALL, thinking={"type": "enabled", "budget_tokens": 2000}, context_management={})
    assert {"thinking", "context_management"}.isdisjoint(ForeignThinking().refuse_all("h", body))
    adaptive = conversation(FOREIGN, CALL, thinking={"type": "adaptive"})
    assert "thinking" in ForeignThinking().refuse_all("h", adaptive)


def test_odd_messages_pass_through() -> None:
    body = {"messages": ["nonsense", {"role": "user"}, {"role": "assistant", "content": [None, 3]}]}
    assert ForeignThinking().refuse_all("h", body) is body


def test_the_refusal_is_told_from_other_errors() -> None:
    said = b'{"error":{"message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}'
    assert refuses_thinking(400, said)
    assert not refuses_thinking(500, said)
    assert not refuses_thinking(400, b'{"error":{"message":"This model does not support thinking."}}')
