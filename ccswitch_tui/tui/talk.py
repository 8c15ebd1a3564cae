"""The body of a request or an answer as a conversation: settings, system, tools, turns and their blocks. Pure.

Reads every wire with the same forgiving eyes, because it only shows: what it
does not know is named and left. An answer that came as a stream is put together
from its deltas. `parts_of` gives None for what is no conversation; the caller
then shows the text as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Part(NamedTuple):
    """One block of a conversation."""

    role: str
    """`settings`, `system`, `tools`, `error`, or who speaks: `user`, `assistant`, `tool`."""
    kind: str
    """`text`, `thinking`, `call`, `result`, `image` …; "" where the role says it all."""
    text: str
    note: str = ""
    """A tool's name, a picture's type."""
    size: int = 0
    """Characters of what `text` only names."""


STRUCTURE = frozenset({"system", "messages", "input", "instructions", "tools"})
"""Fields that are set out as parts, and so are not among the settings."""

NAMED_OTHERWISE = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens", "stop", "stop_sequences"})
"""Fields that mean the same on both sides under different names: no difference worth a mark."""

LONGEST_SETTING = 60


def parts_of(body: str) -> list[Part] | None:
    """A request or an answer, block by block."""
    try:
        tree = json.loads(body)
    except ValueError:
        tree = _streamed(body)
    return list(_parts(tree)) if isinstance(tree, dict) and tree else None


def fields_of(body: str) -> frozenset[str]:
    """The settings a request carries, by name; empty for what is no JSON object."""
    try:
        tree = json.loads(body)
    except ValueError:
        return frozenset()
    return frozenset(tree) - STRUCTURE - NAMED_OTHERWISE if isinstance(tree, dict) else frozenset()


def _parts(tree: Mapping[str, Any]) -> Iterator[Part]:
    if error := tree.get("error"):
        told = error.get("message") if isinstance(error, dict) else error
        yield Part("error", "", _text(told) or _compact(error))
        return
    settings = {k: v for k, v in tree.items() if k not in STRUCTURE | {"content", "choices", "output", "role"}}
    yield Part("settings", "", "  ".join(f"{name} {_short(value)}" for name, value in settings.items()))
    for name in ("system", "instructions"):
        if text := _joined(tree.get(name)):
            yield Part("system", "", text)
    turns = [*_dicts(tree.get("messages")), *_dicts(tree.get("input")), *_dicts(tree.get("output"))]
    while turns and turns[0].get("role") in ("system", "developer"):  # where the other wire has a field of its own
        yield from _turn(turns.pop(0))
    if tools := _dicts(tree.get("tools")):
        names = [str(_dict(tool.get("function")).get("name") or tool.get("name") or "?") for tool in tools]
        yield Part("tools", "", ", ".join(names), str(len(names)), len(_compact(tools)))
    for turn in turns:
        yield from _turn(turn)
    if isinstance(tree.get("input"), str):
        yield Part("user", "text", tree["input"])
    if "content" in tree:
        yield from _turn(tree)
    for choice in _dicts(tree.get("choices")):
        yield from _turn({"role": "assistant", **_dict(choice.get("message"))})


def _turn(turn: Mapping[str, Any]) -> Iterator[Part]:
    role = str(turn.get("role") or "assistant")
    role = "system" if role == "developer" else role
    kind = str(turn.get("type"))
    if kind in _BLOCKS and kind != "text":  # an item of the Responses API
        yield _block(role, turn)
        return
    for name in ("reasoning_content", "reasoning"):
        if text := _text(turn.get(name)):
            yield Part(role, "thinking", text)
            break
    content = turn.get("content")
    if isinstance(content, str) and content:
        said = "result" if role == "tool" else "text"
        yield Part(role, said, content, str(turn.get("tool_call_id") or ""))
    for block in _dicts(content):
        yield _block(role, block)
    for call in _dicts(turn.get("tool_calls")):
        function = _dict(call.get("function"))
        yield Part(role, "call", _text(function.get("arguments")), str(function.get("name") or "?"))


_BLOCKS = {
    "text": ("text", ("text",)),
    "input_text": ("text", ("text",)),
    "output_text": ("text", ("text",)),
    "thinking": ("thinking", ("thinking",)),
    "reasoning": ("thinking", ("summary",)),
    "tool_use": ("call", ("input",)),
    "server_tool_use": ("call", ("input",)),
    "function_call": ("call", ("arguments",)),
    "tool_result": ("result", ("content",)),
    "function_call_output": ("result", ("output",)),
    "refusal": ("text", ("refusal",)),
}
"""A block's type: what it is, and the field that holds it."""


def _block(role: str, block: Mapping[str, Any]) -> Part:
    kind, (field,) = _BLOCKS.get(str(block.get("type")), (str(block.get("type") or "?"), ("",)))
    held = block.get(field)
    if field:
        return Part(role, kind, _joined(held) or _text(held), str(block.get("name") or ""))
    source = _dict(block.get("source")) or _dict(block.get("image_url"))
    size = len(str(source.get("data") or source.get("url") or ""))
    return Part(role, kind, f"{source.get('media_type') or ''} {size:,} B".strip() if size else "")


def _joined(held: Any) -> str:
    """Text, or the texts of a list of blocks."""
    if isinstance(held, str):
        return held
    return "\n".join(filter(None, (_text(block.get("text")) or _other(block) for block in _dicts(held))))


def _other(block: Mapping[str, Any]) -> str:
    return "" if "text" in block else f"[{block.get('type', '?')}]"


def _streamed(body: str) -> dict[str, Any]:
    """A stream of either kind as the message it makes; {} where there is none."""
    blocks: dict[Any, dict[str, Any]] = {}
    whole: dict[str, Any] = {}
    for row in body.splitlines():
        if not row.startswith("data:"):
            continue
        try:
            event = json.loads(row[5:])
        except ValueError:
            continue
        if isinstance(event, dict):
            if event.get("error"):
                return {"error": event["error"]}
            _take(event, blocks, whole)
    return {**whole, "role": "assistant", "content": list(blocks.values())} if blocks or whole else {}


def _take(event: Mapping[str, Any], blocks: dict[Any, dict[str, Any]], whole: dict[str, Any]) -> None:
    message = _dict(event.get("message"))
    whole.update({name: message[name] for name in ("model", "usage") if message.get(name)})
    whole.update({name: event[name] for name in ("model", "usage") if event.get(name)})
    delta = _dict(event.get("delta"))
    at = event.get("index", 0)
    match event.get("type"):
        case "content_block_start":
            block = _dict(event.get("content_block"))
            blocks[at] = {**block, "input": ""} if block.get("type") in ("tool_use", "server_tool_use") else {**block}
        case "content_block_delta":
            for delta_field, field in (("text", "text"), ("thinking", "thinking"), ("partial_json", "input")):
                if isinstance(delta.get(delta_field), str):
                    block = blocks.setdefault(at, {"type": "text"})
                    block[field] = _text(block.get(field)) + delta[delta_field]
        case "message_delta" if delta.get("stop_reason"):
            whole["stop_reason"] = delta["stop_reason"]
    for choice in _dicts(event.get("choices")):
        _take_choice(choice, blocks, whole)


def _take_choice(choice: Mapping[str, Any], blocks: dict[Any, dict[str, Any]], whole: dict[str, Any]) -> None:
    delta = _dict(choice.get("delta"))
    if choice.get("finish_reason"):
        whole["finish_reason"] = choice["finish_reason"]
    for name, kind in (("reasoning_content", "thinking"), ("reasoning", "thinking"), ("content", "text")):
        if isinstance(delta.get(name), str) and delta[name]:
            block = blocks.setdefault(kind, {"type": kind, kind: ""})
            block[kind] += delta[name]
    for call in _dicts(delta.get("tool_calls")):
        function = _dict(call.get("function"))
        block = blocks.setdefault(("call", call.get("index", 0)), {"type": "tool_use", "name": "", "input": ""})
        block["name"] += _text(function.get("name"))
        block["input"] += _text(function.get("arguments"))


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= LONGEST_SETTING else text[: LONGEST_SETTING - 1] + "…"
