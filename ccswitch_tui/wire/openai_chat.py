"""Chat completions as real servers send them: accessors that forgive.

Nothing here raises. A field of the wrong type is an absent field; what several
servers call differently is read under all its names. Source: public API
documentation, and the deviations each row names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]

DONE = b"[DONE]"

FINISH = {
    "stop": "end_turn", "eos": "end_turn", "eos_token": "end_turn", "end_turn": "end_turn", "stop_token": "end_turn",
    "tool_calls": "end_turn", "function_call": "end_turn", "tool_use": "end_turn",
    "length": "max_tokens", "max_tokens": "max_tokens", "model_length": "max_tokens", "max_output_tokens": "max_tokens",
    "content_filter": "refusal", "safety": "refusal", "sensitive": "refusal", "refusal": "refusal",
    "recitation": "refusal", "prohibited_content": "refusal", "blocklist": "refusal", "spii": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
    "error": "error", "network_error": "error", "insufficient_system_resource": "error",
}  # fmt: skip
"""finish_reason, lower case → stop_reason ("error": the answer failed). Unknown words end a turn. That a
call was made is known from the call, not from this word: several servers say stop after one."""


class Usage(NamedTuple):
    """Tokens as Anthropic counts them: `input` without what came from or went into the cache."""

    input: int | None
    output: int | None
    cache_read: int
    cache_write: int
    cost: float | None = None
    """What the endpoint says this answer costs (OpenRouter and who follows it): US dollars."""

    @property
    def prompt(self) -> int | None:
        """All input tokens."""
        return None if self.input is None else self.input + self.cache_read + self.cache_write


def whole(value: Any) -> int | None:
    """A token count, or None for anything that is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 1e15 else None


def money(value: Any) -> float | None:
    """A stated price, or None for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e9 else None


def _first(*values: Any) -> int:
    for value in values:
        number = whole(value) if value is not None else None
        if number is not None:
            return number
    return 0


def read_usage(given: Any) -> Usage | None:
    """The usage object of any server; None where it says nothing."""
    if not isinstance(given, dict):
        return None
    details = given.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    inner = given.get("input_tokens_details")
    inner = inner if isinstance(inner, dict) else {}
    prompt, output = whole(given.get("prompt_tokens")), whole(given.get("completion_tokens"))
    output = output if output is not None else whole(given.get("output_tokens"))
    read = _first(
        details.get("cached_tokens"),
        given.get("prompt_cache_hit_tokens"),  # DeepSeek
        given.get("cached_tokens"),  # Moonshot
        inner.get("cached_tokens"),
        given.get("cache_read_input_tokens"),
    )
    write = _first(
        details.get("cache_write_tokens"),
        details.get("cache_creation_tokens"),
        given.get("cache_creation_input_tokens"),
    )
    if prompt is None:
        prompt = whole(given.get("input_tokens"))
        if prompt is not None and "cache_read_input_tokens" in given and not inner:
            prompt += read + write  # Anthropic's own form: what was cached is not in input_tokens
    cost = money(given.get("cost"))
    if prompt is None and output is None:
        total = whole(given.get("total_tokens"))
        return None if not total else Usage(total, None, 0, 0, cost)
    if prompt is not None:
        read = min(read, prompt)
        write = min(write, prompt - read)
        return Usage(prompt - read - write, output, read, write, cost)
    return Usage(None, output, read, write, cost)


def choice_of(chunk: Json) -> Json | None:
    """The choice this answer is about: index 0, wherever it stands."""
    choices = chunk.get("choices")
    if not isinstance(choices, list):
        return choices if isinstance(choices, dict) else None
    for choice in choices:
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return None


def text_of(value: Any) -> str:
    """Text that may come as a string, or as an object or list that holds strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((value[k] for k in ("text", "content", "summary", "thinking") if isinstance(value.get(k), str)), "")
    if isinstance(value, list):
        return "".join(text_of(part) for part in value if not isinstance(part, list))
    return ""


def reasoning_of(delta: Json) -> str:
    """The reasoning text of a delta or message. Where several fields carry it, the first that has any."""
    for key in ("reasoning_content", "reasoning"):
        text = text_of(delta.get(key))
        if text:
            return text
    details = delta.get("reasoning_details")
    if isinstance(details, list):
        return "".join(text_of(d) for d in details if isinstance(d, dict))
    return ""


def content_parts(content: Any) -> Iterator[tuple[str, str]]:
    """("text" or "thinking", its text) of a delta's content in any form."""
    if isinstance(content, str):
        if content:
            yield "text", content
        return
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            if part:
                yield "text", part
            continue
        if not isinstance(part, dict):
            continue
        kind = part.get("type", "text")
        if kind in ("thinking", "reasoning"):
            text = text_of(part.get("thinking")) or text_of(part)
            if text:
                yield "thinking", text
        elif kind in ("text", "output_text", "refusal"):
            text = text_of(part.get("text")) or text_of(part.get("refusal")) or text_of(part.get("content"))
            if text:
                yield "text", text


def images_of(delta: Json) -> Iterator[str]:
    """Addresses of images the model made."""
    images = delta.get("images")
    for image in images if isinstance(images, list) else ():
        address = image.get("image_url") if isinstance(image, dict) else None
        address = address.get("url") if isinstance(address, dict) else address
        if isinstance(address, str):
            yield address


class Fragment(NamedTuple):
    """A piece of a tool call. Empty text and None mean: not said here."""

    place: int | None
    """Its `index`, which servers treat freely."""
    id: str
    name: str
    arguments: Any
    """A text, or an object where the server does not serialise."""
    signature: str
    """Gemini's thought signature."""


def fragments_of(delta: Json) -> list[Fragment]:
    """The pieces of tool calls in a delta or message; the old `function_call` counts where there is nothing else."""
    calls = delta.get("tool_calls")
    if isinstance(calls, dict):
        calls = [calls]
    found = [_fragment(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    if not found and isinstance(delta.get("function_call"), dict):
        found = [_fragment({"function": delta["function_call"], "index": 0})]
    return found


def _fragment(call: Json) -> Fragment:
    function = call.get("function")
    function = function if isinstance(function, dict) else call
    index, call_id, name = call.get("index"), call.get("id"), function.get("name")
    if isinstance(index, str) and index.isdecimal():
        index = int(index[:9])
    arguments = function.get("arguments")
    if arguments is None and function is call:
        arguments = call.get("input")
    google = call.get("extra_content")
    google = google.get("google") if isinstance(google, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return Fragment(
        index if isinstance(index, int) and not isinstance(index, bool) else None,
        call_id if isinstance(call_id, str) else "",
        name if isinstance(name, str) else "",
        arguments,
        signature if isinstance(signature, str) else "",
    )
