"""Thinking blocks of another provider in a conversation's history. Pure.

A signed thinking block can be checked only by the provider that signed it.
After a switch the next one answers 400 to the whole history, and the session
would be dead. The refused blocks are taken out, and remembered as foreign to
that host, so that its own later blocks stay (some hosts demand theirs back).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MOST_REMEMBERED = 20_000
"""Blocks per host; a long session has hundreds."""

BLOCKS = ("thinking", "redacted_thinking")

REFUSAL_WORDS = ("signature", "thinking block", "thinking_signature", "thinking or redacted_thinking")


def refuses_thinking(status: int, body: bytes) -> bool:
    """True if an endpoint's error is about thinking blocks it did not make."""
    if status not in (400, 422):
        return False
    text = body[:4000].decode("utf-8", "replace").lower()
    return "thinking" in text and any(word in text for word in REFUSAL_WORDS)


class ForeignThinking:
    """Which thinking blocks each host has refused, by hash."""

    def __init__(self) -> None:
        self._refused: dict[str, OrderedDict[int, None]] = {}

    def without_known(self, host: str, body: dict[str, Any]) -> dict[str, Any]:
        """`body` without blocks this host has refused before; the same object if there are none."""
        refused = self._refused.get(host)
        return _without(body, refused.__contains__) if refused else body

    def refuse_all(self, host: str, body: dict[str, Any]) -> dict[str, Any]:
        """`body` without any thinking block; the host is remembered to have refused them."""
        refused = self._refused.setdefault(host, OrderedDict())
        for block in _thinking_blocks(body):
            refused[_hash(block)] = None
        while len(refused) > MOST_REMEMBERED:
            refused.popitem(last=False)
        return _without(body, lambda _: True)


def _hash(block: dict[str, Any]) -> int:
    return hash((block.get("signature") or "", block.get("thinking") or block.get("data") or ""))


def _is_thinking(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in BLOCKS


def _thinking_blocks(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        block
        for message in body.get("messages") or ()
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for block in message["content"]
        if _is_thinking(block)
    ]


def _without(body: dict[str, Any], foreign: Any) -> dict[str, Any]:
    messages, changed = [], False
    for message in body.get("messages") or ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            kept = [block for block in content if not (_is_thinking(block) and foreign(_hash(block)))]
            if len(kept) != len(content):
                changed = True
                message = {**message, "content": kept or [{"type": "text", "text": "(no content)"}]}
        messages.append(message)
    if not changed:
        return body
    return _thinking_off_in_a_tool_loop({**body, "messages": messages})


def _thinking_off_in_a_tool_loop(body: dict[str, Any]) -> dict[str, Any]:
    """With a thinking budget, a turn that waits for tool results must begin with thinking; ours no longer may."""
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return body
    last_answer = next((m for m in reversed(body["messages"]) if m.get("role") == "assistant"), None)
    content = last_answer.get("content") if last_answer else None
    if not isinstance(content, list) or not content or _is_thinking(content[0]):
        return body
    if not any(isinstance(block, dict) and block.get("type") == "tool_use" for block in content):
        return body
    # context edits about thinking are refused when thinking is off
    return {key: value for key, value in body.items() if key not in ("thinking", "context_management")}
