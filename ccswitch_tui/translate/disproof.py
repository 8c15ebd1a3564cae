"""Which answers show that a lesson was wrong: the endpoint has taken what the lesson says it refuses. Pure.

A lesson is not applied in a conversation that has not learned it, so a request
of that one is a trial. Only what was certainly sent counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ccswitch_tui.translate.asked import Asked
from ccswitch_tui.translate.picture_refusals import count_images, has_images, holds_refused
from ccswitch_tui.translate.refusal_rows import EFFORT_FIELDS

Sent = Callable[[Any, Asked], bool]


def _field(name: str) -> Sent:
    return lambda _, sent: name in sent.body


def _more_than(name: str) -> Sent:
    def sent(most: Any, sent: Asked) -> bool:
        given = sent.body.get(name)
        size = len(given) if isinstance(given, list) else given
        return isinstance(size, int) and isinstance(most, int) and size > most

    return sent


def _limit(most: Any, sent: Asked) -> bool:
    return _more_than(sent.quirks.max_tokens_field)(most, sent)


def _tools(names: Any, sent: Asked) -> bool:
    """Whether all these tools were sent as the client describes them."""
    changed = {*sent.quirks.lenient_tools, *sent.quirks.drop_tools}
    shown = {tool["function"]["name"] for tool in sent.body.get("tools") or ()}
    return sent.quirks.schema != "lenient" and all(name in shown and name not in changed for name in _words(names))


def _words(value: Any) -> Iterable[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list | tuple) else ["?"]


def _has_blank(sent: Asked, *, of_tools: bool) -> bool:
    """Whether a text that is only white space was sent as the result of a tool, or elsewhere."""
    said = (m.get("content") for m in sent.body["messages"] if (m["role"] == "tool") is of_tools)
    return any(isinstance(text, str) and not text.strip() for text in said)


TAKEN: dict[str, Sent] = {
    "images": lambda _, sent: has_images(sent.body),
    "refused_images": lambda names, sent: holds_refused(sent.body, tuple(_words(names))),
    "max_images": lambda most, sent: isinstance(most, int) and count_images(sent.body) > most,
    "max_output": _limit,
    "effort": lambda _, sent: any(name in sent.body for name in EFFORT_FIELDS),
    "effort_levels": lambda levels, sent: sent.body.get("reasoning_effort", levels[0]) not in levels,
    "drop_fields": lambda names, sent: all(name in sent.body for name in _words(names)),
    "drop_tools": _tools,
    "lenient_tools": _tools,
    "tool_choice": lambda _, sent: sent.body.get("tool_choice") not in (None, "auto"),
    "response_format": lambda _, sent: (sent.body.get("response_format") or {}).get("type") == "json_schema",
    "stream_options": _field("stream_options"),
    "sampling": lambda value, sent: "temperature" in sent.body and (value == "none" or "top_p" in sent.body),
    "stop_limit": _more_than("stop"),
    "parallel_tools": _field("parallel_tool_calls"),
    "prefill": lambda _, sent: sent.thinking and sent.body["messages"][-1]["role"] == "assistant",
    "blank_text": lambda _, sent: _has_blank(sent, of_tools=False),
    "tool_text_empty": lambda _, sent: _has_blank(sent, of_tools=True),
}
"""Quirk → whether what its value forbids was in this request. What is not here is only forgotten with time."""


def disproved(quirk: str, value: Any, sent: Asked) -> bool:
    """Whether an endpoint that took this request has shown that the lesson is wrong."""
    taken = TAKEN.get(quirk)
    known = tuple(value) if isinstance(value, list) else value
    try:
        return taken is not None and getattr(sent.quirks, quirk) != known and taken(known, sent)
    except (TypeError, KeyError, IndexError):
        return False  # a value of another release
