"""The demo provider's second language: Anthropic's Messages API, whole and streamed, from the same script.

Pure. For endpoints that need no translation: what a proxy passes through, or
Claude Code speaks to directly. Shapes: Anthropic API reference, "Create a
Message", "Streaming messages".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ccswitch_tui.demo.faults import Refusal
from ccswitch_tui.demo.script import Body, Reply, reply_to
from ccswitch_tui.demo.speech import pieces, tokens_in


def answer_to(body: Body) -> Reply:
    """The scripted reply to a Messages request."""
    tools = [
        {"type": "function", "function": {"name": tool["name"], "parameters": tool.get("input_schema") or {}}}
        for tool in body.get("tools") or []
        if "name" in tool
    ]
    choice = body.get("tool_choice") or {}
    wanted: Any = {"any": "required", "none": "none"}.get(choice.get("type", ""), "auto")
    if choice.get("type") == "tool":
        wanted = {"type": "function", "function": {"name": choice.get("name")}}
    messages = [plain for message in body.get("messages") or [] for plain in _plain(message)]
    return reply_to({"messages": messages, "tools": tools, "tool_choice": wanted})


def _plain(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One message in the words the script reads: text, tool calls and results."""
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for block in blocks:
        if block.get("type") == "tool_result":
            found = block.get("content")
            text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
            yield {"role": "tool", "content": text}
    text = "\n".join(block["text"] for block in blocks if block.get("type") == "text")
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    if text or calls:
        yield {"role": message.get("role"), "content": text, **({"tool_calls": calls} if calls else {})}


def error(status: int, kind: str, message: str) -> Refusal:
    """A refusal in Anthropic's shape."""
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return Refusal(status, json.dumps(body).encode())


def _blocks(reply: Reply, turn: int) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": "demo-signature"})
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    for number, call in enumerate(reply.calls):
        identity = f"toolu_demo{turn:03}{number:02}"
        blocks.append({"type": "tool_use", "id": identity, "name": call.name, "input": dict(call.arguments)})
    return blocks


def whole(reply: Reply, body: Body) -> dict[str, Any]:
    """The answer to a request without `stream`."""
    turn = len(body.get("messages") or [])
    asked = tokens_in(json.dumps([body.get("system"), body.get("messages"), body.get("tools")]))
    blocks = _blocks(reply, turn)
    return {
        "id": f"msg_demo{turn:03}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": blocks,
        "stop_reason": "tool_use" if reply.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": asked, "output_tokens": tokens_in(json.dumps(blocks))},
    }


DELTAS = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}
"""Block type to the type and field of its deltas."""


def events(reply: Reply, body: Body) -> Iterator[bytes]:
    """The answer to a request with `stream`, one server-sent event at a time."""
    message = whole(reply, body)
    usage = message["usage"]
    start = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield _event("message_start", message=start)
    yield _event("ping")
    for index, block in enumerate(message["content"]):
        empty = {"text": "", "thinking": "", "signature": "", "input": {}}
        opened = {name: empty.get(name, value) for name, value in block.items()}
        yield _event("content_block_start", index=index, content_block=opened)
        for delta in _deltas(block):
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    stopped = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", delta=stopped, usage={"output_tokens": usage["output_tokens"]})
    yield _event("message_stop")


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "tool_use":
        arguments = json.dumps(block["input"], ensure_ascii=False)
        for at in range(0, len(arguments), 12):
            yield {"type": "input_json_delta", "partial_json": arguments[at : at + 12]}
        return
    kind, field = DELTAS[block["type"]]
    for piece in pieces(block[field]):
        yield {"type": kind, field: piece}
    if "signature" in block:
        yield {"type": "signature_delta", "signature": block["signature"]}


def _event(kind: str, **fields: Any) -> bytes:
    text = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {text}\n\n".encode()
