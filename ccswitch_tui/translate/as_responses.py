"""A chat body as OpenAI's Responses API writes it. Pure and deterministic.

Stateless on purpose: `store: false`, nothing by reference, reasoning carried
whole. `strict` is always said, because left out it means true there, and then
no argument is optional (Claude Code's Read would be given `pages: ""`). No item
has an id: an id that was not stored is looked up and not found.
Source: platform.openai.com/docs/api-reference/responses; what llama.cpp
(xllamacpp 2026.10.11549) refuses, as run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

SMALLEST_LIMIT = 16
"""`Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16`."""

NOT_THERE = frozenset(
    {
        "model", "instructions", "messages", "tools", "tool_choice", "max_tokens", "max_completion_tokens",
        "response_format", "reasoning_effort", "stop", "stream_options", "top_k", "n", "seed", "logit_bias",
        "functions",
    }
)  # fmt: skip
"""Fields of chat completions that are said otherwise here, or not at all."""


def as_responses(chat: Json, quirks: Quirks) -> Json:
    """The request body."""
    instructions, messages = _instructions(chat["messages"])
    return _body(chat, quirks, instructions, items_of(messages), tools_of(chat.get("tools") or [], quirks))


def frame_of(chat: Json, quirks: Quirks, leading: list[Json]) -> tuple[Json, list[Json]]:
    """The body but for `input` and `tools`, which stand in it as any list, and the items of the first messages."""
    instructions, messages = _instructions(leading)
    return _body(chat, quirks, instructions, [], chat.get("tools") or []), items_of(messages)


def items_of(messages: list[Json]) -> list[Json]:
    """Each message is written for itself."""
    items: list[Json] = []
    for message in messages:
        plain = _plain(message)
        if plain is None:
            items += _items(message)
        else:
            items.append(plain)
    return items


def tools_of(tools: list[Json], quirks: Quirks) -> list[Json]:
    """The tools of a chat body."""
    strict = quirks.strict and "strict" not in quirks.drop_fields
    return [_tool(tool, strict=strict) for tool in tools]


def _body(chat: Json, quirks: Quirks, instructions: str, items: list[Json], tools: list[Json]) -> Json:
    instructions = instructions or chat.get("instructions", "")
    body: Json = {"model": chat["model"]}
    if instructions:
        body["instructions"] = instructions
    body["input"] = items
    if tools:
        body["tools"] = tools
    if "tool_choice" in chat:
        body["tool_choice"] = _choice(chat["tool_choice"])
    limit = chat.get("max_completion_tokens", chat.get("max_tokens"))
    if isinstance(limit, int):
        body["max_output_tokens"] = max(SMALLEST_LIMIT, limit)
    if "response_format" in chat:
        body["text"] = {"format": _format(chat["response_format"])}
    body["store"] = False
    body.update({name: value for name, value in chat.items() if name not in NOT_THERE})
    if "reasoning_effort" in chat:
        body["reasoning"] = {"effort": chat["reasoning_effort"], **(body.get("reasoning") or {})}
    return _without(body, quirks)


def _without(body: Json, quirks: Quirks) -> Json:
    """The body without what this endpoint refuses by this wire's own names."""
    for name in quirks.drop_fields:
        outer, _, inner = name.partition(".")
        if not inner:
            if name not in ("model", "input", "strict"):
                body.pop(name, None)
        elif isinstance(body.get(outer), dict):
            body[outer] = {key: value for key, value in body[outer].items() if key != inner}
            if not body[outer]:
                del body[outer]
    return body


def _instructions(messages: list[Json]) -> tuple[str, list[Json]]:
    """The system prompt, and what remains: only a leading text is one."""
    first = messages[0] if messages else {}
    content = first.get("content")
    if first.get("role") == "system" and isinstance(content, str):
        return content, messages[1:]
    return "", messages


def _plain(message: Json) -> Json | None:
    """The item of a message that is nothing but text, as most of a long conversation are; None for any other."""
    text = message.get("content")
    if type(text) is not str or not text or len(message) != 2:
        return None
    if message["role"] == "user":
        return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    if message["role"] == "assistant":
        return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return None


def _items(message: Json) -> Iterator[Json]:
    role, content = message["role"], message.get("content")
    if role == "tool":
        yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": _output(content)}
    elif role == "assistant":
        yield from _assistant(message)
    else:
        spoken = "developer" if role in ("system", "developer") else "user"
        parts = [made for part in _as_parts(content) if (made := _input_part(part)) is not None]
        yield {"type": "message", "role": spoken, "content": parts or [{"type": "input_text", "text": ""}]}


def _assistant(message: Json) -> Iterator[Json]:
    """Reasoning stands directly in front of what followed it: its text, or one of its calls."""
    thoughts: dict[int, list[Json]] = {}
    for before, item in message.get("reasoning_items") or ():
        thoughts.setdefault(before, []).append(item)
    texts = [part["text"] for part in _as_parts(message.get("content")) if part.get("type") == "text"]
    said = [{"type": "output_text", "text": text} for text in texts if text]
    calls = message.get("tool_calls") or ()
    early = thoughts.pop(BEFORE_TEXT, [])
    if said:
        yield from early
        yield {"type": "message", "role": "assistant", "content": said}
        early = []
    for place, call in enumerate(calls):
        yield from early
        yield from thoughts.pop(place, ())
        early = []
        function = call["function"]
        yield {
            "type": "function_call",
            "call_id": call["id"],
            "name": function["name"],
            "arguments": function["arguments"],
        }


BEFORE_TEXT = -1
"""The place of reasoning in front of an assistant's text; from 0 on: in front of that call."""


def _as_parts(content: Any) -> list[Json]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _input_part(part: Json) -> Json | None:
    kind = part.get("type")
    if kind == "text":
        return {"type": "input_text", "text": part["text"]}
    if kind == "image_url":
        return {"type": "input_image", "image_url": part["image_url"]["url"]}
    if kind == "file":
        return {"type": "input_file", **part["file"]}
    return None


def _output(content: Any) -> str | list[Json]:
    """The result of a call: a text wherever it is nothing but text, because many façades take no list."""
    if isinstance(content, str):
        return content
    parts = [made for part in _as_parts(content) if (made := _input_part(part)) is not None]
    if all(part["type"] == "input_text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _tool(tool: Json, *, strict: bool) -> Json:
    function = tool["function"]
    flat: Json = {"type": "function", "name": function["name"]}
    if function.get("description"):
        flat["description"] = function["description"]
    flat["parameters"] = function.get("parameters") or {"type": "object", "properties": {}}
    if strict:
        flat["strict"] = False
    return flat


def _choice(choice: Any) -> Any:
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        return {"type": "function", "name": choice["function"].get("name")}
    return choice


def _format(wanted: Json) -> Json:
    described = wanted.get("json_schema")
    if not isinstance(described, dict):
        return {"type": wanted.get("type", "json_object")}
    return {"type": "json_schema", "strict": False, **described}
