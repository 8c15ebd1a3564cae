"""Plain chunks of chat completions: what surrounds the text of one, so that the next one need not be parsed."""

from __future__ import annotations

from typing import Any

from ccswitch_tui.translate.calls import ToolCall
from ccswitch_tui.translate.plain import Template
from ccswitch_tui.translate.writer import TEXT, THINKING
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.openai_chat import choice_of

Json = dict[str, Any]

FIELDS = {"content": TEXT, "reasoning_content": THINKING, "reasoning": THINKING}
"""Fields of a delta whose text goes straight into the block of that kind."""


def template_of(chunk: Json, data: bytes, *, open_block: str, live: ToolCall | None, filtered: bool) -> Template | None:
    """The template of this chunk, if the next one like it needs nothing but its text.

    `open_block` is the kind of block that is open now, `live` the call that
    writes, `filtered` whether text of the answer goes through filters.
    """
    choices = chunk.get("choices")
    choice = choice_of(chunk) if isinstance(choices, list) and len(choices) == 1 else None
    delta = choice.get("delta") if choice is not None else None
    if not isinstance(delta, dict):
        return None
    said = [key for key, value in delta.items() if value and key != "role"]
    if len(said) != 1:
        return None
    key = said[0]
    text = delta[key]
    if live is not None:
        text = _bare_fragment(text) if key == "tool_calls" and live.opened and not live.closed else None
        key = "arguments"
    elif open_block != FIELDS.get(key) or (key == "content" and filtered):
        return None
    if not isinstance(text, str) or not text:
        return None
    surroundings = _surroundings(data, key.encode(), dumps(text))
    if surroundings is None:
        return None
    before, after = surroundings
    return Template(before, after, live, b"data: " + before, after + b"\n\n")


def _bare_fragment(calls: Any) -> str | None:
    """The arguments of the only piece in a delta, if it names nothing but its index."""
    piece = calls[0] if isinstance(calls, list) and len(calls) == 1 else None
    if not isinstance(piece, dict) or piece.get("id") or not isinstance(piece.get("index"), int):
        return None
    function = piece.get("function")
    if not isinstance(function, dict) or any(v for k, v in function.items() if k != "arguments"):
        return None
    arguments = function.get("arguments")
    return arguments if isinstance(arguments, str) else None


def _surroundings(data: bytes, key: bytes, encoded: bytes) -> tuple[bytes, bytes] | None:
    """What stands before and after the text `encoded` under the only `key` of a chunk."""
    name = b'"%b"' % key
    place = data.find(name)
    if place < 0 or data.find(name, place + 1) >= 0:
        return None
    start = data.find(b'"', place + len(name))
    if start < 0 or not data.startswith(encoded, start) or data[place + len(name) : start].strip(b": "):
        return None
    return data[: start + 1], data[start + len(encoded) - 1 :]
