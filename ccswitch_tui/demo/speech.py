"""A reply in the words of chat completions: one JSON object, or the chunks of a stream.

Pure. The shape is that of the OpenAI API reference ("Create chat completion",
"Streaming events"): a role chunk, deltas, a finish chunk, a usage chunk if it
was asked for, `[DONE]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ccswitch_tui.demo.script import Body, Reply, ScriptedCall


class Manner(NamedTuple):
    """How a server puts it: the habits that faults switch."""

    usage: bool = True
    numbered_calls: bool = False
    """Calls are named `call_0`, `call_1` again in every turn."""
    reasoning_field: str = "reasoning_content"
    """"" puts it into <think> tags in the text."""
    opening_tag: bool = True
    """The first of those tags is sent, too; some servers' templates have put it into the prompt."""
    calls_as_text: bool = False
    """Calls are written into the text as <tool_call> tags."""
    broken_arguments: bool = False
    whole_calls: bool = False
    """Each call arrives in one delta."""
    interleaved: bool = False
    """Fragments of parallel calls take turns."""
    end: bool = True
    """A finish chunk and [DONE] end the stream."""
    thinks: bool = False
    """Reasons before every answer."""
    ignores_tools: bool = False
    one_call: bool = False
    """Makes one call a turn, whatever was asked."""
    first_empty: bool = False
    """A chunk without choices comes first, as some gateways send their content filter's verdict."""


def tokens_in(text: str) -> int:
    """The demo's own count: four characters a token."""
    return max(1, (len(text) + 3) // 4)


def prompt_tokens(body: Body) -> int:
    """What a request is counted as: messages and tools, images not."""
    text = json.dumps([body.get("messages"), body.get("tools")], ensure_ascii=False)
    return tokens_in(re.sub(r'"data:[^"]*"', '""', text))


def _usage(body: Body, reply: Reply) -> dict[str, Any]:
    asked = prompt_tokens(body)
    said = tokens_in(reply.text + reply.reasoning + "".join(json.dumps(call.arguments) for call in reply.calls))
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tokens_in(reply.reasoning) if reply.reasoning else 0},
    }


def _calls(body: Body, reply: Reply, manner: Manner) -> list[dict[str, Any]]:
    turn = sum(1 for message in body.get("messages") or [] if message.get("role") == "assistant")
    named = []
    for number, call in enumerate(reply.calls):
        identity = f"call_{number}" if manner.numbered_calls else f"call_demo{turn:03}{number:02}"
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        if manner.broken_arguments:
            arguments = arguments[: max(1, len(arguments) // 2)]
        named.append({"id": identity, "type": "function", "function": {"name": call.name, "arguments": arguments}})
    return named


def _as_text(call: ScriptedCall) -> str:
    return (
        f"<tool_call>\n{json.dumps({'name': call.name, 'arguments': call.arguments}, ensure_ascii=False)}\n</tool_call>"
    )


def spoken(reply: Reply, manner: Manner) -> Reply:
    """The reply as a server of this manner would say it: some put calls or reasoning into the text."""
    if manner.thinks and not reply.reasoning:
        reply = reply._replace(reasoning="The user wants something. I shall be helpful.")
    if manner.ignores_tools and reply.calls:
        reply = Reply(text="I would rather just talk.", reasoning=reply.reasoning)
    if manner.one_call:
        reply = reply._replace(calls=reply.calls[:1])
    if manner.calls_as_text and reply.calls:
        reply = Reply(text="\n".join(map(_as_text, reply.calls)), reasoning=reply.reasoning)
    if reply.reasoning and not manner.reasoning_field:
        reply = Reply(
            text=f"{'<think>' * manner.opening_tag}{reply.reasoning}</think>\n{reply.text}", calls=reply.calls
        )
    return reply


def _limited(reply: Reply, body: Body) -> tuple[Reply, str]:
    """The reply within the tokens asked for, and its finish reason."""
    if reply.calls:
        return reply, "tool_calls"
    text, finish = reply.text, "stop"
    stops = body.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop, 1)[0]
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if isinstance(limit, int) and tokens_in(text) > limit:
        text, finish = text[: limit * 4], "length"
    return reply._replace(text=text), finish


def _envelope(body: Body, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-demo", "object": kind, "created": 1_767_225_600, "model": body.get("model")}


def whole(reply: Reply, body: Body, manner: Manner) -> dict[str, Any]:
    """The answer to a request without `stream`."""
    reply, finish = _limited(spoken(reply, manner), body)
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.reasoning:
        message[manner.reasoning_field] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = _calls(body, reply, manner)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    answer = {**_envelope(body, "chat.completion"), "choices": [choice]}
    if manner.usage:
        answer["usage"] = _usage(body, reply)
    return answer


def chunks(reply: Reply, body: Body, manner: Manner) -> Iterator[bytes]:
    """The answer to a request with `stream`, one server-sent event at a time."""
    reply, finish = _limited(spoken(reply, manner), body)
    envelope = _envelope(body, "chat.completion.chunk")
    wants_usage = manner.usage and bool((body.get("stream_options") or {}).get("include_usage"))

    def event(delta: Mapping[str, Any] | None, ending: str | None = None, **more: Any) -> bytes:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": ending}]
        return b"data: " + json.dumps({**envelope, "choices": choices, **more}, ensure_ascii=False).encode() + b"\n\n"

    if manner.first_empty:
        yield event(None)
    yield event({"role": "assistant", "content": None if reply.calls else ""})
    for piece in pieces(reply.reasoning):
        yield event({manner.reasoning_field: piece})
    for piece in pieces(reply.text):
        yield event({"content": piece})
    for delta in _call_deltas(_calls(body, reply, manner), manner):
        yield event({"tool_calls": [delta]})
    if not manner.end:
        return
    yield event({}, finish)
    if wants_usage:
        yield event(None, usage=_usage(body, reply))
    yield b"data: [DONE]\n\n"


def pieces(text: str) -> list[str]:
    """A text word by word, white space kept."""
    return re.findall(r"\s*\S+\s*$|\s*\S+|\s+", text)


ARGUMENT_PIECE = 12
"""Characters of a call's arguments in one delta: small enough to tear names, numbers and escapes apart."""


def _call_deltas(calls: list[dict[str, Any]], manner: Manner) -> list[dict[str, Any]]:
    rows = []
    for index, call in enumerate(calls):
        arguments = call["function"]["arguments"]
        size = len(arguments) if manner.whole_calls else ARGUMENT_PIECE
        fragments = [arguments[at : at + size] for at in range(0, len(arguments), size or 1)]
        opening = "" if not manner.whole_calls else fragments.pop(0)
        row = [{"index": index, **call, "function": {"name": call["function"]["name"], "arguments": opening}}]
        row += [{"index": index, "function": {"arguments": fragment}} for fragment in fragments]
        rows.append(row)
    if not manner.interleaved:
        return [delta for row in rows for delta in row]
    longest = max(map(len, rows), default=0)
    return [row[turn] for turn in range(longest) for row in rows if turn < len(row)]
