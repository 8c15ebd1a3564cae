"""What an endpoint was asked, as the rows of refusals look at it: in the names of chat completions. Pure.

One table of lessons serves all that read refusals: the translated routes, the
native one, and the probe. A request of another wire is shown to it so; what a
row asks about (is there a blank text, an image, a forced tool?) is kept, and
nothing is ever sent in this form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.codec import dumps
from ccswitch_tui.wire.formats import Wire
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

DEEPEST = 8
"""Blocks inside blocks."""
KEPT = ("max_tokens", "temperature", "top_p", "top_k", "stream")
"""Fields of the Messages API that chat completions call the same."""


class Asked(Protocol):
    """A request that was sent. A `Translation` is one."""

    @property
    def body(self) -> Json: ...
    @property
    def quirks(self) -> Quirks: ...
    @property
    def thinking(self) -> bool: ...
    @property
    def wire(self) -> Wire: ...
    def encoded(self) -> bytes:
        """All of it, to look for a name in."""


class Shown(NamedTuple):
    """A request of any wire under the names of chat completions."""

    body: Json
    quirks: Quirks
    thinking: bool = True
    wire: Wire = "openai-chat"

    def encoded(self) -> bytes:
        """The body as JSON."""
        return dumps(self.body)


def messages_shown(body: Json, quirks: Quirks) -> Shown:
    """A request of the Messages API: a message a block, so that a text that stands alone is seen alone."""
    thinking = body.get("thinking")
    kept: Json = {key: body[key] for key in KEPT if key in body}
    shown: Json = {**kept, "messages": list(_messages(body.get("messages"))) or [{"role": "user", "content": "?"}]}
    if tools := body.get("tools"):
        shown["tools"] = [_tool(tool) for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    if choice := _choice(body.get("tool_choice")):
        shown["tool_choice"] = choice
    if body.get("stop_sequences"):
        shown["stop"] = body["stop_sequences"]
    config = body.get("output_config")
    if isinstance(config, dict) and config.get("format"):
        shown["response_format"] = {"type": "json_schema", "json_schema": config["format"]}
    on = isinstance(thinking, dict) and thinking.get("type") != "disabled"
    return Shown(shown, quirks, thinking=on)


def items_shown(body: Json, quirks: Quirks) -> Shown:
    """A request of the Responses API."""
    named = {"max_output_tokens": "max_tokens", "input": "messages", "instructions": "instructions"}
    kept = {key: value for key, value in body.items() if key not in (*named, "tools", "text", "reasoning", "store")}
    shown: Json = {**kept, "messages": list(_items(body)) or [{"role": "user", "content": "?"}]}
    if "max_output_tokens" in body:
        shown["max_tokens"] = body["max_output_tokens"]
    if isinstance(body.get("tools"), list):
        shown["tools"] = [{"type": "function", "function": tool} for tool in body["tools"] if isinstance(tool, dict)]
    for outer, inner, name in (("reasoning", "effort", "reasoning_effort"), ("text", "format", "response_format")):
        if isinstance(body.get(outer), dict) and body[outer].get(inner):
            shown[name] = body[outer][inner]
    return Shown(shown, quirks, wire="openai-responses")


def _items(body: Json) -> Iterator[Json]:
    if isinstance(body.get("instructions"), str):
        yield {"role": "system", "content": body["instructions"]}
    given = body.get("input")
    for item in given if isinstance(given, list) else ():
        if not isinstance(item, dict):
            continue
        if item.get("type") == "function_call_output":
            output = item.get("output")
            yield {"role": "tool", "tool_call_id": str(item.get("call_id")), "content": output}
        elif item.get("type", "message") == "message":
            content = item.get("content")
            for part in content if isinstance(content, list) else [{"text": content}]:
                if isinstance(part, dict):
                    yield {"role": item.get("role", "user"), "content": _part(part)}


def _part(part: Json) -> Any:
    if part.get("type") == "input_image":
        return [{"type": "image_url", "image_url": {"url": str(part.get("image_url"))}}]
    if part.get("type") == "input_file":
        return [{"type": "file", "file": {}}]
    return str(part.get("text") or "")


def _messages(turns: Any) -> Iterator[Json]:
    for turn in turns if isinstance(turns, list) else ():
        if isinstance(turn, dict):
            yield from _blocks(turn.get("content"), str(turn.get("role")), 0)


def _blocks(content: Any, role: str, depth: int) -> Iterator[Json]:
    if isinstance(content, str):
        yield {"role": role, "content": content}
        return
    for block in content if isinstance(content, list) and depth < DEEPEST else ():
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        if kind == "text":
            yield {"role": role, "content": str(block.get("text") or "")}
        elif kind == "image":
            yield {"role": role, "content": [shown_image(block)]}
        elif kind == "document":
            yield {"role": role, "content": [{"type": "file", "file": {}}]}
        elif kind == "tool_result":
            inner = list(_blocks(block.get("content") or "", "tool", depth + 1))
            yield from inner or [{"role": "tool", "content": ""}]
        else:
            yield {"role": role, "content": str(kind)}  # a call, thinking: nothing a row about texts is about


def image_address(block: Json) -> str:
    """A picture's address, as the chat wire writes it: what tells it from others is the same on both."""
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    return str(source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}")


def shown_image(block: Json) -> Json:
    """An image block as a part of the chat wire."""
    return {"type": "image_url", "image_url": {"url": image_address(block)}}


def _tool(tool: Json) -> Json:
    return {"type": "function", "function": {"name": str(tool.get("name")), "parameters": tool.get("input_schema")}}


def _choice(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return None
    if choice.get("type") == "tool":
        return {"type": "function", "function": {"name": choice.get("name")}}
    return {"auto": "auto", "any": "required", "none": "none"}.get(str(choice.get("type")))
