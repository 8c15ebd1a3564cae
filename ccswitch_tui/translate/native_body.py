"""A request of the Messages API as an endpoint takes that speaks it itself, but not all of it. Pure.

What a refusal has named (native_refusals.py) is left out or said otherwise; a
request that no quirk concerns is not touched, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ccswitch_tui.translate.asked import image_address, shown_image
from ccswitch_tui.translate.messages import BLANK_RESULT, NOTHING_SAID, PREFILL
from ccswitch_tui.translate.notices import Notices
from ccswitch_tui.translate.picture_refusals import LEFT_OUT, TOO_MANY_HERE, is_refused
from ccswitch_tui.translate.schema import in_dialect
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

ESSENTIAL = frozenset({"model", "messages", "max_tokens", "stream", "system", "tools"})
"""Without these it is another request."""

EVERYWHERE = frozenset(
    {
        "cache_control",
        "defer_loading",
        "eager_input_streaming",
        "input_examples",
        "allowed_callers",
        "strict",
        "citations",
    }
)
"""Fields of blocks and tools: dropped wherever they stand."""


def effort_of(body: Json) -> bool:
    """Whether this request names an effort."""
    config = body.get("output_config")
    return isinstance(config, dict) and "effort" in config


def split_betas(betas: str) -> list[str]:
    """The names in an anthropic-beta header."""
    return [name for part in betas.split(",") if (name := part.strip())]


def native_betas(betas: str, quirks: Quirks) -> str:
    """The anthropic-beta header as this endpoint takes it; "" for none at all."""
    if "all" in quirks.drop_betas:
        return ""
    return ",".join(name for name in split_betas(betas) if name not in quirks.drop_betas)


def native_body(body: Json, quirks: Quirks, notices: Notices) -> Json:
    """The request as this endpoint takes it; the same object where no quirk concerns it."""
    out = dict(body)
    limit = out.get("max_tokens")
    if quirks.max_output is not None and isinstance(limit, int) and limit > quirks.max_output:
        out["max_tokens"] = quirks.max_output
        notices.add("limit", f"max_tokens {limit} lowered to {quirks.max_output}, the most this model gives")
    for name in quirks.drop_fields:
        _drop(out, name, notices)
    stops = out.get("stop_sequences")
    if isinstance(stops, list) and quirks.max_stops is not None and len(stops) > quirks.max_stops:
        out["stop_sequences"] = stops[: quirks.max_stops]
        notices.add("dropped", f"stop sequences beyond {quirks.max_stops}: this endpoint takes no more")
    if quirks.sampling != "pass" and "top_p" in out and ("temperature" in out or quirks.sampling == "none"):
        del out["top_p"]
    if quirks.sampling == "none":
        out.pop("temperature", None)
    _as_tools_are_taken(out, quirks, notices)
    _as_texts_are_taken(out, quirks, notices)
    if quirks.images == "note" and _holds(out.get("messages"), "image"):
        out["messages"] = _noted(out["messages"], lambda _: NONE_HERE)
        notices.add("dropped", "an image: this model takes none")
    elif (quirks.refused_images or quirks.max_images is not None) and _holds(out.get("messages"), "image"):
        out["messages"] = _noted(out["messages"], _refused_by(quirks, out["messages"]))
    return body if out == body else out


def _as_tools_are_taken(out: Json, quirks: Quirks, notices: Notices) -> None:
    choice, tools = out.get("tool_choice"), out.get("tools")
    given = choice if isinstance(choice, dict) else {}
    refused = quirks.tool_choice == "auto_only" or given.get("name") in quirks.drop_tools
    if refused and given.get("type") in ("any", "tool"):
        out["tool_choice"] = {"type": "auto"}
    if not isinstance(tools, list) or not (quirks.drop_tools or quirks.lenient_tools or quirks.schema == "lenient"):
        return
    kept = [tool for tool in tools if not (isinstance(tool, dict) and tool.get("name") in quirks.drop_tools)]
    for name in quirks.drop_tools:
        if any(isinstance(tool, dict) and tool.get("name") == name for tool in tools):
            notices.add("dropped", f"the tool '{name}': this endpoint refuses its schema")
    out["tools"] = [_with_lenient_schema(tool, quirks) for tool in kept]
    if not kept:  # a choice among no tools is refused as well
        del out["tools"]
        out.pop("tool_choice", None)


def _with_lenient_schema(tool: Any, quirks: Quirks) -> Any:
    if not isinstance(tool, dict) or not isinstance(tool.get("input_schema"), dict):
        return tool
    if quirks.schema != "lenient" and tool.get("name") not in quirks.lenient_tools:
        return tool
    return {**tool, "input_schema": in_dialect(tool["input_schema"], "lenient")}


def _as_texts_are_taken(out: Json, quirks: Quirks, notices: Notices) -> None:
    messages = out.get("messages")
    if not isinstance(messages, list) or not messages:
        return
    last = messages[-1]
    if quirks.prefill == "tell" and isinstance(last, dict) and last.get("role") == "assistant":
        messages = [*messages[:-1], {"role": "user", "content": f"{PREFILL}{_text_in(last.get('content'))}"}]
        notices.add("mended", "the beginning of the answer was told to the model in words")
    if quirks.blank_text != "send" or quirks.tool_text_empty:
        result = quirks.tool_text_empty or BLANK_RESULT
        messages = [_without_blanks(message, quirks.blank_text != "send", result) for message in messages]
    if messages is not out["messages"]:
        out["messages"] = messages


def _text_in(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(str(block.get("text") or "") for block in blocks if isinstance(block, dict))


def _is_blank(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text" and not str(block.get("text") or "").strip()


def _without_blanks(turn: Any, everywhere: bool, result: str) -> Any:
    """The turn without texts that are only white space; where nothing else is there, a mark says so.

    `everywhere`: or in results of tools alone.
    """
    content = turn.get("content") if isinstance(turn, dict) else None
    if isinstance(content, str):
        return {**turn, "content": NOTHING_SAID} if everywhere and not content.strip() else turn
    if not isinstance(content, list):
        return turn
    kept = [_with_result(block, result) for block in content if not (everywhere and _is_blank(block))]
    return {**turn, "content": kept or NOTHING_SAID}


def _with_result(block: Any, result: str) -> Any:
    """A tool's result with a text in it, whatever the tool said."""
    if not isinstance(block, dict) or block.get("type") != "tool_result":
        return block
    content = block.get("content")
    if isinstance(content, list):
        return {**block, "content": [inner for inner in content if not _is_blank(inner)] or result}
    return block if isinstance(content, str) and content.strip() else {**block, "content": result}


def _drop(out: Json, name: str, notices: Notices) -> None:
    if name == "output_config.effort":
        config = {key: value for key, value in (out.get("output_config") or {}).items() if key != "effort"}
        if effort_of(out):
            out.pop("output_config")
            out.update({"output_config": config} if config else {})
        return
    if name in EVERYWHERE:
        for key in ("tools", "system", "messages"):
            if key in out:
                out[key] = without_key(out[key], name)
        return
    if name in out and name not in ESSENTIAL:
        del out[name]
        notices.add("dropped", f"{name}: this endpoint refuses it")
    if name == "thinking":  # context edits about thinking are refused where thinking is off
        management = out.get("context_management")
        if isinstance(management, dict) and isinstance(management.get("edits"), list):
            edits = [
                e for e in management["edits"] if "thinking" not in str(e.get("type") if isinstance(e, dict) else e)
            ]
            out["context_management"] = {**management, "edits": edits}
            if not edits:
                del out["context_management"]


def without_key(value: Any, name: str, depth: int = 0) -> Any:
    """Blocks and tools without one of their own keys; what a tool's schema or a call's input holds stays."""
    if isinstance(value, list) and depth < 8:
        return [without_key(item, name, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key != name}
    if isinstance(kept.get("content"), list):
        kept["content"] = without_key(kept["content"], name, depth + 1)
    return kept


def _holds(messages: Any, kind: str, depth: int = 0) -> bool:
    for item in messages if isinstance(messages, list) and depth < 8 else ():
        if isinstance(item, dict) and (item.get("type") == kind or _holds(item.get("content"), kind, depth + 1)):
            return True
    return False


NONE_HERE = "[An image was here. This model cannot see images.]"


def _pictures(value: Any, depth: int = 0) -> Iterator[Json]:
    """The pictures in these messages, in the form of the chat wire."""
    for item in value if isinstance(value, list) and depth < 8 else ():
        if isinstance(item, dict) and item.get("type") == "image":
            yield shown_image(item)
        elif isinstance(item, dict):
            yield from _pictures(item.get("content"), depth + 1)


def _refused_by(quirks: Quirks, messages: Any) -> Callable[[Json], str]:
    """What stands in a picture's place; "" for one that this endpoint takes."""
    kept = [p for p in _pictures(messages) if not is_refused(p["image_url"]["url"], quirks.refused_images)]
    too_many = 0 if quirks.max_images is None else max(0, len(kept) - quirks.max_images)
    old = [TOO_MANY_HERE.format(most=quirks.max_images)] * too_many

    def instead(block: Json) -> str:
        if is_refused(image_address(block), quirks.refused_images):
            return LEFT_OUT
        return old.pop() if old else ""

    return instead


def _noted(value: Any, instead: Callable[[Json], str], depth: int = 0) -> Any:
    """These messages with words in the place of pictures."""
    if isinstance(value, list) and depth < 8:
        return [_noted(item, instead, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "image":
        words = instead(value)
        return {"type": "text", "text": words} if words else value
    if isinstance(value.get("content"), list):
        return {**value, "content": _noted(value["content"], instead, depth + 1)}
    return value
