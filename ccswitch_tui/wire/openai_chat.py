"""Chat completions as real servers send them: accessors that forgive.

Nothing here raises. A field of the wrong type is an absent field; what several
servers call differently is read under all its names. Source: public API
documentation, and the deviations each row names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.codec import loads

Json = dict[str, Any]

DONE = b"[DONE]"


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
    if type(value) is int:
        return value if 0 <= value < 1e15 else None
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value < 1e15 else None


def _number(text: str) -> float | None:
    """A count that was written as a text: "4321", " 4,321 ", "4321.0"."""
    found = re.fullmatch(r"\s*(\d{1,3}(?:,\d{3})+|\d{1,16})(?:\.0*)?\s*", text[:40])
    return int(found[1].replace(",", "")) if found else None


def money(value: Any) -> float | None:
    """A stated price, or None for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < 1e9 else None


def _first(*values: Any) -> int:
    for value in values:
        number = whole(value) if value is not None else None
        if number is not None:
            return number
    return 0


PLAIN_USAGE = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})


def read_usage(given: Any) -> Usage | None:
    """The usage object of any server; None where it says nothing.

    `total_tokens` tells what is inside what: some count cached input and reasoning beside the rest.
    """
    if isinstance(given, list) and given:
        given = given[0]
    if not isinstance(given, dict):
        return None
    if "tokens" in given and isinstance(given["tokens"], dict):  # Cohere, beside what it bills
        given = given["tokens"]
    if PLAIN_USAGE.issuperset(given):
        prompt, output = given.get("prompt_tokens"), given.get("completion_tokens")
        if (
            type(prompt) is int
            and type(output) is int
            and given.get("total_tokens") == prompt + output
            and prompt >= 0 <= output < 1e15
        ):
            return Usage(prompt, output, 0, 0)  # most are such
    details = _object(given.get("prompt_tokens_details"))
    inner = _object(given.get("input_tokens_details"))
    prompt = _known(
        given,
        "prompt_tokens",
        "promptTokenCount",
        "promptTokens",
        "prompt_eval_count",
        "inputTokens",
        "prompt_token_count",
        "input_token_count",
        "inputTokenCount",
    )
    output = _known(
        given, "completion_tokens", "output_tokens", "candidatesTokenCount", "completionTokens", "eval_count",
        "outputTokens", "candidates_token_count", "output_token_count",
        "outputTokenCount",
    )  # fmt: skip
    read = _first(
        details.get("cached_tokens"),
        given.get("prompt_cache_hit_tokens"),  # DeepSeek
        given.get("cached_tokens"),  # Moonshot
        inner.get("cached_tokens"),
        given.get("cache_read_input_tokens"),
        given.get("cachedContentTokenCount"),  # Gemini
        given.get("num_cached_tokens"),  # Mistral
        _object(given.get("promptTokensDetails")).get("cachedTokens"),
    )
    write = _first(
        details.get("cache_write_tokens"),
        details.get("cache_creation_tokens"),
        given.get("cache_creation_input_tokens"),
    )
    total = _known(given, "total_tokens", "totalTokenCount", "totalTokens", "total_token_count")
    if total and prompt is None and output is not None and whole(given.get("input_tokens")) is None:
        prompt = max(total - output, 0)
    elif total and output is None and prompt is not None:
        output = max(total - prompt, 0)
    if prompt is None:
        prompt = whole(given.get("input_tokens"))
        if prompt is not None and "cache_read_input_tokens" in given and not inner:
            prompt += read + write  # Anthropic's own form: what was cached is not in input_tokens
    cost = money(given.get("cost"))
    if prompt is None and output is None:
        return None if not total else Usage(total, None, 0, 0, cost)
    if prompt is None:
        return Usage(None, output, read, write, cost)
    if output is not None and total is not None and prompt + output != total:
        prompt, output = _with_what_is_beside(prompt, output, read, _reasoning(given), total)
    read = min(read, prompt)
    write = min(write, prompt - read)
    return Usage(prompt - read - write, output, read, write, cost)


def _with_what_is_beside(prompt: int, output: int, read: int, reasoning: int, total: int) -> tuple[int, int]:
    """Input and output tokens, with cached input and reasoning where the total, which is another than their sum,
    proves that they are not in them."""
    for cached, thought in ((read, 0), (0, reasoning), (read, reasoning)):
        if prompt + cached + output + thought == total:
            return prompt + cached, output + thought
    return prompt + (read if read > prompt else 0), output


def _reasoning(given: Json) -> int:
    details = [_object(given.get(key)) for key in ("completion_tokens_details", "output_tokens_details")]
    return _first(
        *(d.get("reasoning_tokens") for d in details), given.get("reasoning_tokens"), given.get("thoughtsTokenCount")
    )


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _known(given: Json, *names: str) -> int | None:
    for name in names:
        number = whole(given[name]) if name in given else None
        if number is not None:
            return number
    return None


COUNTS = (
    "usageMetadata",
    "usage_metadata",
    "token_usage",
    "tokenUsage",
    "x_usage",
    "metrics",
    "stats",
    "meta",
    "amazon-bedrock-invocationMetrics",
    "usage",
)
"""Objects that hold counts; the last one that has any counts."""
BARE = ("prompt_eval_count", "prompt_tokens", "completion_tokens")
"""Counts that stand in the chunk itself: Ollama's, and of small servers."""
COUNTED = frozenset({"x_groq", "timings", *COUNTS, *BARE})
ELSEWHERE = COUNTED - {"usage"}
"""Where a chunk, its choice or its message holds counts."""


def usages_of(chunk: Json) -> list[Usage]:
    """All counts a chunk holds, in the places servers put them."""
    if COUNTED.isdisjoint(chunk):
        return NO_COUNTS
    if ELSEWHERE.isdisjoint(chunk):
        only = read_usage(chunk["usage"]) if chunk["usage"] else None
        return NO_COUNTS if only is None else [only]
    found = [_of_timings(chunk["timings"])] if isinstance(chunk.get("timings"), dict) else []
    if "x_groq" in chunk:
        found.append(read_usage(_object(chunk["x_groq"]).get("usage")))
    if any(key in chunk for key in BARE):
        found.append(read_usage(chunk))
    found += [read_usage(chunk[key]) for key in COUNTS if chunk.get(key)]
    return [usage for usage in found if usage is not None]


NO_COUNTS: list[Usage] = []


def _of_timings(timings: Json) -> Usage | None:
    """llama.cpp's own counts: what was read anew, what was in its cache, what was written."""
    new, written = whole(timings.get("prompt_n")), whole(timings.get("predicted_n"))
    return None if new is None and written is None else Usage(new, written, _first(timings.get("cache_n")), 0)


def merged_usage(before: Usage | None, now: Usage) -> Usage:
    """What is known after both statements: the later one counts, but nothing and zero say nothing."""
    if before is None:
        return now
    said = now if now.prompt else before
    cost = now.cost if now.cost is not None else before.cost
    return Usage(said.input, now.output or before.output, said.cache_read, said.cache_write, cost)


FIRST = (0, None, "0", "")
UNNUMBERED = (None, "")


def choice_of(chunk: Json, place: Any = 0) -> Json | None:
    """The choice this answer is about: index 0, wherever it stands, or `place` where that was the first to come."""
    choices = chunk.get("choices")
    if isinstance(choices, list):
        wanted = FIRST if place in FIRST else UNNUMBERED  # of two answers the one that began is told
        for choice in choices:
            if isinstance(choice, dict) and ((index := choice.get("index")) == place or index in wanted):
                return choice
    elif isinstance(choices, dict):
        named = not ("delta" in choices or "message" in choices)
        return next((value for value in choices.values() if named and isinstance(value, dict)), choices)
    return None


def unwrapped(chunk: Json) -> Json:
    """The chunk inside another object, where a gateway wraps it: {"data": {…}}, {"response": "{…}"}. Ollama's own form
    and names in capitals, too."""
    if "choices" in chunk:
        return chunk
    if "Choices" in chunk:
        return _object(_small(chunk))
    message = chunk.get("message")
    if isinstance(message, dict) and "done" in chunk:
        ended = (chunk.get("done_reason") or "stop") if chunk["done"] else None
        return {**chunk, "choices": [{"delta": message, "finish_reason": ended}]}
    for value in chunk.values():
        if isinstance(value, str) and value.startswith("{") and '"choices"' in value:
            try:
                value = loads(value)
            except ValueError:
                continue
        if isinstance(value, dict) and "choices" in value:
            return value
    return chunk


def _small(value: Any, depth: int = 0) -> Any:
    """The same with small first letters of all names."""
    if isinstance(value, list) and depth < 8:
        return [_small(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < 8:
        return {key[:1].lower() + key[1:]: _small(item, depth + 1) for key, item in value.items()}
    return value


def text_of(value: Any, depth: int = 0) -> str:
    """Text that may come as a string, or as an object or list that holds strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and depth < 4:
        held = (text_of(value[key], depth + 1) for key in TEXTS if isinstance(value.get(key), str | dict))
        return next((text for text in held if text), "")
    if isinstance(value, list):
        return "".join(text_of(part, depth + 1) for part in value if not isinstance(part, list))
    return ""


TEXTS = ("text", "content", "summary", "thinking", "value")


REASONING = (
    "reasoning_content", "reasoning", "reasoning_text", "thinking", "thinking_content", "thought", "thoughts",
    "reasoningContent", "thinkingContent", "reason_content", "reasoning_output", "chain_of_thought",
    "internal_thoughts", "cot", "reasoning_summary", "thinking_text",
)  # fmt: skip
"""Where a delta holds its reasoning: DeepSeek and many; OpenRouter, vLLM; Copilot; Ollama and relays."""
BLOCKS = ("reasoning_details", "thinking_blocks")
"""The same as a list: OpenRouter's, LiteLLM's."""


THINKS = frozenset({*REASONING, *BLOCKS})
MARKED = frozenset({"thought", "extra_content", "type"})


def is_thought(delta: Json) -> bool:
    """Whether the content of this delta is marked as thinking: `thought: true`, here or in Google's own corner."""
    if MARKED.isdisjoint(delta):
        return False
    if delta.get("thought") is True or delta.get("type") in THINKING_PARTS:
        return True
    return _object(_object(delta.get("extra_content")).get("google")).get("thought") is True


THOUGHT_TAGS = re.compile(r"</?(?:thought|think|thinking)>\n?")


def reasoning_of(delta: Json) -> tuple[str, str]:
    """The reasoning text of a delta or message, and its field. Where several carry it, the first that has any."""
    if THINKS.isdisjoint(delta):
        return "", ""
    for field in REASONING:
        text = text_of(delta[field]) if field in delta else ""
        if text:
            return text, field
    for field in BLOCKS:
        details = delta.get(field)
        text = "".join(text_of(d) for d in details if isinstance(d, dict)) if isinstance(details, list) else ""
        if text:
            return text, field
    return "", ""


PICTURES = frozenset({"image_url", "output_image", "image"})
"""Parts that hold a picture the model made."""


def _picture(part: Json) -> str:
    """Its address."""
    held = part.get("image_url") or part.get("url") or part.get("image") or part.get("source")
    if isinstance(held, dict):
        data = held.get("data")
        held = held.get("url") or (f"data:{held.get('media_type')};base64,{data}" if isinstance(data, str) else "")
    return held if isinstance(held, str) else ""


THINKING_PARTS = ("thinking", "reasoning", "reasoning_text", "thought", "reasoning_content")


def content_parts(content: Any) -> Iterator[tuple[str, str]]:
    """("text", "thinking", "refusal" or "image", its text or address) of a delta's content in any form."""
    if isinstance(content, str):
        if content:
            yield "text", content
        return
    if isinstance(content, int | float) and not isinstance(content, bool):
        yield "text", str(content)
        return
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            if part:
                yield "text", part
            continue
        if not isinstance(part, dict):
            continue
        kind = part.get("type", "text")
        if kind in THINKING_PARTS or part.get("thought") is True:
            text = text_of(part.get("thinking")) or text_of(part)
            if text:
                yield "thinking", text
        elif kind in ("text", "output_text", "refusal"):
            refused = text_of(part.get("refusal"))
            text = refused or text_of(part.get("text")) or text_of(part)
            if text:
                yield "refusal" if refused else "text", text
        elif isinstance(kind, str) and kind in PICTURES and (address := _picture(part)):
            yield "image", address


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
    if not calls:
        if CALLING.isdisjoint(delta):
            content = delta.get("content")
            if type(content) is not list:
                return NO_FRAGMENTS
            calls = [part for part in content if isinstance(part, dict) and part.get("type") in CALL_PARTS]
        else:
            calls = next((delta[key] for key in CALLS if delta.get(key)), None)
    if isinstance(calls, str):
        calls = _unwritten(calls)
    if isinstance(calls, dict):
        calls = [calls]
    found = [_fragment(call) for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    if not found and isinstance(delta.get("function_call"), dict):
        found = [_fragment({"function": delta["function_call"], "index": 0})]
    return found


def _unwritten(calls: str) -> Any:
    """Calls that a server has written as a text; what is none is certainly no call."""
    try:
        return loads(calls)
    except ValueError:
        return None


CALLS = ("tool_calls", "tool_call", "toolCalls", "function_calls", "tool_uses")
CALLING = frozenset({*CALLS, "function_call"})
CALL_PARTS = frozenset({"tool_use", "tool_call", "toolCall", "function_call"})
"""Calls among the parts of the content, as the Messages API has them."""
NO_FRAGMENTS: list[Fragment] = []
FUNCTION = frozenset({"name", "arguments"})
"""Keys of a function as it is documented."""
_ARGUMENTS = re.compile(r"arg|input|param|payload", re.I)
"""Where else the arguments of a call stand: input, parameters, args, arguments_json, tool_input, kwargs, …"""
_OF_CALLS = frozenset({"partial_json"})
BESIDE = frozenset(
    {
        "id", "index", "type", "name", "function", "description", "strict", "schema", "metadata", "annotations",
        "status", "extra_content", "provider_specific_fields", "thought_signature", "thoughtSignature",
        "thinking_signature", "call_id", "object", "cache_control", "caller", "response", "result", "output", "error",
        "logprobs", "usage", "extra", "extra_fields",
    }
)  # fmt: skip
"""What else stands in a call: no arguments, whatever it holds."""
LOST = "?"
"""Arguments that are certainly there, in a place nobody can name: no object, so that the call is refused."""


def _fragment(call: Json) -> Fragment:
    function = call.get("function")
    if type(function) is dict and FUNCTION.issuperset(function) and CALL.issuperset(call):  # most are as documented
        index, call_id, name = call.get("index"), call.get("id", ""), function.get("name", "")
        if type(index) is int and type(call_id) is type(name) is str:
            return Fragment(index, call_id, name, function.get("arguments"), "")
    name = function.get("name") if isinstance(function, dict) else function
    function = function if isinstance(function, dict) else call
    name = name if isinstance(name, str) else call.get("name")
    index, call_id = call.get("index"), call.get("id")
    if isinstance(index, str) and index.isdecimal():
        index = int(index[:9])
    elif isinstance(index, float) and index.is_integer():
        index = int(index)
    arguments = function.get("arguments")
    if not arguments or arguments == "{}":
        arguments = _arguments_elsewhere(function, call, arguments)
    signature = signature_of(call) if not SIGNED.isdisjoint(call) else ""
    if not signature and not SIGNED.isdisjoint(function):
        signature = signature_of(function)
    return Fragment(
        index if isinstance(index, int) and not isinstance(index, bool) else None,
        call_id if isinstance(call_id, str) else str(call_id) if type(call_id) is int else "",
        name if isinstance(name, str) else "",
        arguments,
        signature,
    )


CALL = frozenset({"id", "index", "type", "function"})
EMPTY: tuple[Any, ...] = (None, "", "{}", {})


def _arguments_elsewhere(function: Json, call: Json, given: Any) -> Any:
    """The arguments, where `arguments` has none: under a key that says so, or LOST where something else holds an
    object. `given` where there is nothing."""
    for place in (function, call) if function is not call else (call,):
        for key, value in place.items():
            named = _ARGUMENTS.search(key) is not None or key in _OF_CALLS
            if named and value not in EMPTY and not _is_schema(value):
                return value
    held = [value for place in (function, call) for key, value in place.items() if key not in BESIDE]
    return LOST if any(_may_be_arguments(value) for value in held) else given


def arguments_of(place: Json) -> Any:
    """The arguments in an object that holds a call and its name side by side."""
    given = place.get("arguments")
    return _arguments_elsewhere(place, place, given) if given in EMPTY else given


def _may_be_arguments(value: Any) -> bool:
    if isinstance(value, str):
        return value.startswith('{"')
    return isinstance(value, dict) and bool(value) and not _is_schema(value)


def _is_schema(value: Any) -> bool:
    """A tool's own schema, echoed by the server: no arguments."""
    if not isinstance(value, dict) or value.get("type") != "object":
        return False
    return isinstance(value.get("properties"), dict) or SCHEMA.issuperset(value)


SCHEMA = frozenset({"type", "properties", "required", "additionalProperties", "$schema", "title", "description"})


SIGNATURES = ("thought_signature", "thoughtSignature", "thinking_signature")
SIGNED = frozenset({"extra_content", "provider_specific_fields", *SIGNATURES})


def signature_of(place: Json) -> str:
    """Gemini's thought signature, in whichever corner of a call or delta the gateway leaves it."""
    if SIGNED.isdisjoint(place):
        return ""
    extra = _object(place.get("extra_content"))
    for corner in (extra.get("google"), extra.get("vertex"), extra, place.get("provider_specific_fields"), place):
        if isinstance(corner, dict):
            for key in SIGNATURES:
                if isinstance(corner.get(key), str) and corner[key]:
                    return str(corner[key])
            several = corner.get("thought_signatures")  # LiteLLM, beside the whole message
            if isinstance(several, list) and several and isinstance(several[0], str):
                return str(several[0])
    return ""


def hidden_signature(details: Any) -> str:
    """The same in OpenRouter's reasoning_details."""
    for detail in details if isinstance(details, list) else ():
        if (
            isinstance(detail, dict)
            and detail.get("type") == "reasoning.encrypted"
            and isinstance(detail.get("data"), str)
        ):
            return str(detail["data"])
    return ""
