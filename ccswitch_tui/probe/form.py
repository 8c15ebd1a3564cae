"""What is wrong with the form of an answer, which a reader forgives: for a probe to name.

Functions of what came: the documents of a body, or the events of a stream with
their names. Sources: the formats as OpenAI and Anthropic document them; what
Claude Code needs of a stream, as measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ccswitch_tui.sentence import say
from ccswitch_tui.wire.formats import Wire
from ccswitch_tui.wire.openai_chat import choice_of

Json = dict[str, Any]
Events = list[tuple[str, Json]]

NEEDED_EVENTS = ("message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop")
"""Without the first two Claude Code counts the stream as empty and asks again; without the third it loses the
block; without the last two it takes the answer for cut (measured)."""


class Form(NamedTuple):
    """How one wire's answers are looked at."""

    whole: Callable[[Json], Iterator[str]]
    """Faults of a body."""
    streamed: Callable[[Events], Iterator[str]]
    """Faults of a stream's events, each of them."""
    complete: Callable[[Events], Iterator[str]]
    """What is missing or too many in a stream that was no error."""


def _chat(body: Json) -> Iterator[str]:
    choice = choice_of(body)
    if choice is None:
        yield "'choices' is missing" if "choices" not in body else "'choices' is empty"
    elif not isinstance(choice.get("message"), dict) and not isinstance(choice.get("text"), str):
        yield "the choice holds no message"


def _chat_events(events: Events) -> Iterator[str]:
    for _, chunk in events:
        choice = choice_of(chunk) or {}
        for said in (choice.get("delta"), choice.get("message")):
            calls = said.get("tool_calls") if isinstance(said, dict) else None
            if isinstance(calls, list) and not all(isinstance(call, dict) for call in calls):
                yield say("a tool call is not an object")


def _chat_complete(events: Events) -> Iterator[str]:
    if events and not any("choices" in chunk for _, chunk in events):
        yield say("no event contains 'choices'")


def _response(body: Json) -> Iterator[str]:
    if not isinstance(body.get("output"), list):
        yield "'output' is missing"


def _no_faults(events: Events) -> Iterator[str]:
    yield from ()


def _response_complete(events: Events) -> Iterator[str]:
    kinds = [event["type"] if isinstance(event.get("type"), str) else name for name, event in events]
    if kinds and not any(kind in RESPONSE_ENDS for kind in kinds):
        yield say("no '{kind}'", kind=RESPONSE_ENDS[0])


RESPONSE_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.done", "error")


def _message(body: Json) -> Iterator[str]:
    if not isinstance(body.get("content"), list):
        yield "'content' is missing"
    elif body.get("type") != "message":
        yield "'type' is not 'message'"


def _message_events(events: Events) -> Iterator[str]:
    for name, event in events:
        if not name:
            yield say("events have no 'event:' line")
        block = event.get("content_block")
        if isinstance(block, dict) and block.get("type") == "tool_use" and block.get("input"):
            yield say("a tool's input comes in content_block_start, where Claude Code ignores it")


def _message_complete(events: Events) -> Iterator[str]:
    kinds = [event["type"] if isinstance(event.get("type"), str) else name for name, event in events]
    if kinds:
        yield from (say("no '{kind}'", kind=kind) for kind in NEEDED_EVENTS if kind not in kinds)
    for kind in ("message_start", "message_stop"):
        if kinds.count(kind) > 1:
            yield say("'{kind}' came {times} times", kind=kind, times=kinds.count(kind))


FORMS: Mapping[Wire, Form] = {
    "anthropic": Form(_message, _message_events, _message_complete),
    "openai-chat": Form(_chat, _chat_events, _chat_complete),
    "openai-responses": Form(_response, _no_faults, _response_complete),
}
