"""What a request asks of an endpoint, beside an answer: read from its body when it is made, before anything is masked.

The judges look here and nowhere else: the text that is kept of a request is for people, is masked, and may be cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from ccswitch_tui.probe.bodies import HUGE_LIMIT

Json = Mapping[str, Any]

Feature = Literal[
    "stream", "usage", "forced-call", "tool-result", "stop", "image", "effort", "schema", "huge-limit", "late-system"
]


def features_of(body: Json) -> frozenset[Feature]:
    """Everything this body asks for."""
    return frozenset(feature for feature, asked in ASKS.items() if asked(body))


def _turns(body: Json) -> list[Any]:
    """The turns of a conversation, or the items of the Responses API."""
    turns = body.get("messages") or body.get("input")
    return turns if isinstance(turns, list) else []


def _parts(body: Json) -> list[Any]:
    contents = [turn.get("content") for turn in _turns(body)]
    return [part for content in contents if isinstance(content, list) for part in content]


def _kinds(body: Json) -> set[str]:
    return {str(part.get("type")) for part in _parts(body) if isinstance(part, Mapping)}


def _roles(body: Json) -> list[str]:
    return [str(turn.get("role")) for turn in _turns(body)]


def _gives_output(body: Json) -> bool:
    return any(turn.get("type") == "function_call_output" for turn in _turns(body))


def _text_format(body: Json) -> Mapping[str, Any]:
    found = (body.get("text") or {}).get("format")
    return found if isinstance(found, Mapping) else {}


def _late_system(body: Json) -> bool:
    roles = _roles(body)
    return any(role in ("system", "developer") for role in roles[1:])


ASKS: Mapping[Feature, Callable[[Json], bool]] = {
    "stream": lambda body: body.get("stream") is True,
    "usage": lambda body: bool((body.get("stream_options") or {}).get("include_usage")),
    "forced-call": lambda body: "tool_choice" in body,
    "tool-result": lambda body: "tool" in _roles(body) or "tool_result" in _kinds(body) or _gives_output(body),
    "stop": lambda body: "stop" in body,
    "image": lambda body: not {"image_url", "input_image"}.isdisjoint(_kinds(body)),
    "effort": lambda body: "reasoning_effort" in body or "effort" in (body.get("reasoning") or {}),
    "schema": lambda body: (body.get("response_format") or _text_format(body)).get("type") == "json_schema",
    "huge-limit": lambda body: HUGE_LIMIT in body.values(),
    "late-system": _late_system,
}
"""How each shows in a body of any wire."""
