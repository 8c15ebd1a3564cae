"""What a strict chat completions server refuses, in its words: the demo provider is no soft touch.

Pure. A translation that gets past these rules is one that OpenAI's own API
would take; the rules follow its reference and the refusals seen in the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccswitch_tui.demo.faults import Refusal, error, invalid, overflow
from ccswitch_tui.demo.speech import prompt_tokens


class Model(NamedTuple):
    """One model of the demo provider."""

    context_window: int
    takes_images: bool = False


MODELS: Mapping[str, Model] = {
    "demo-large": Model(131_072),
    "demo-small": Model(32_768),
    "demo-vision": Model(131_072, takes_images=True),
}

KNOWN_ARGUMENTS = {
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n",
    "stop", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "seed", "user",
    "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "metadata", "store",
    "service_tier", "prompt_cache_key", "safety_identifier", "verbosity",
}  # fmt: skip

ROLES = ("system", "developer", "user", "assistant", "tool")
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def refusal_of(body: Any) -> Refusal | None:
    """Why a strict server would not answer this body; None if it would."""
    if not isinstance(body, dict):
        return invalid("We could not parse the JSON body of your request.")
    for name in body:
        if name not in KNOWN_ARGUMENTS:
            return invalid(f"Unrecognized request argument supplied: {name}")
    if body.get("model") not in MODELS:
        return error(
            404,
            f"The model `{body.get('model')}` does not exist or you do not have access to it.",
            "invalid_request_error",
            "model_not_found",
        )
    return _messages(body.get("messages")) or _tools(body) or _size(body, MODELS[body["model"]])


def _messages(messages: Any) -> Refusal | None:
    if not isinstance(messages, list) or not messages:
        return invalid("[] is too short - 'messages'", "messages")
    open_calls: set[str] = set()
    for number, message in enumerate(messages):
        where = f"messages.[{number}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return invalid(f"Invalid value for '{where}.role'", f"{where}.role")
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                return invalid(
                    "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
                    f"{where}.role",
                )
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            return invalid(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. Missing: {', '.join(sorted(open_calls))}",
                where,
            )
        if message["role"] == "assistant":
            calls = message.get("tool_calls") or []
            open_calls = {call.get("id", "") for call in calls}
            if len(open_calls) != len(calls):
                return invalid(f"Duplicate tool call ids in '{where}.tool_calls'", where)
        elif not _has_content(message):
            return invalid(f"Invalid value for '{where}.content': expected a string or a list", f"{where}.content")
    return None


def _has_content(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("content"), str) or bool(message.get("content"))


def _tools(body: Mapping[str, Any]) -> Refusal | None:
    if "tools" not in body:
        return invalid("'tool_choice' is only allowed when 'tools' are specified.") if body.get("tool_choice") else None
    if not body["tools"]:
        return invalid("[] is too short - 'tools'", "tools")
    for number, tool in enumerate(body["tools"]):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not TOOL_NAME.fullmatch(str(function.get("name", ""))):
            return invalid(f"Invalid 'tools[{number}].function.name': does not match the expected pattern.", "tools")
    return None


def _size(body: Mapping[str, Any], model: Model) -> Refusal | None:
    tokens = prompt_tokens(body)
    if tokens > model.context_window:
        return overflow(tokens, model.context_window)
    if not model.takes_images and _has_image(body["messages"]):
        return invalid("Invalid content type. image_url is only supported by certain models.", "messages")
    return None


def _has_image(messages: list[Mapping[str, Any]]) -> bool:
    contents = (message.get("content") for message in messages)
    parts = (part for content in contents if isinstance(content, list) for part in content)
    return any(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)
