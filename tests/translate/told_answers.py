"""Answers with calls, told on each wire as endpoints tell them, well and badly, beside what was really finished.

The law they serve: what runs in the client was finished upstream. `choose(n)`
gives a number below n; a fuzzer's bytes or hypothesis stand behind it, so both
tell the same answers. Source of the ways: the reports behind
test_answers_as_they_come.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from ccswitch_tui.proxy.native import NativeStream
from ccswitch_tui.translate.request import translate_request
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.anthropic import violations
from ccswitch_tui.wire.formats import FORMATS, Wire
from ccswitch_tui.wire.quirks import Quirks
from ccswitch_tui.wire.sse import Decoder

Json = dict[str, Any]
Choose = Callable[[int], int]

CHAT: Wire = "openai-chat"
RESPONSES: Wire = "openai-responses"
MESSAGES: Wire = "anthropic"
TOOLS = {"Write": ("file_path", "content"), "Bash": ("command",), "mcp__x__run": ()}
MEMBERS = {"Write": ("file_path", "content", "mode"), "Bash": ("command", "timeout"), "mcp__x__run": ("args", "deep")}
VALUES: tuple[Any, ...] = (
    "",
    "ls",
    "rm -r build",
    '{"a":',
    "}",
    "]}",
    'say "x"',
    "\\",
    "é\n\t",
    5,
    None,
    True,
    ["x", {"y": "}"}],
    {"command": "{"},
)
GOOD, CUT, FAILING, UNKNOWN, NONE = "good", "cut", "failing", "unknown", "none"
WORDS = {
    GOOD: ("stop", "tool_calls", "STOP", "function_call", "FinishReason.STOP", "end_turn"),
    CUT: ("length", "max_tokens", "MAX_TOKENS", "token_limit_reached"),
    FAILING: (
        "abort",
        "error",
        "MALFORMED_FUNCTION_CALL",
        "cancelled",
        "timeout",
        "worker_died",
        "rate_limited",
        "engine_error",
    ),
    UNKNOWN: ("whatever", "xyzzy"),
    NONE: ("", "null"),
}
NOISE = (
    b": ping\n\n",
    b"data: [PING]\n\n",
    b'data: {"type":"ping"}\n\n',
    b"event: ping\ndata: {}\n\n",
    b"\n\n",
    b'data: {"status":"queued","message":"position 3"}\n\n',
)
ENDS = (b"data: [DONE]\n\n", b"", b"data: [done]\n\n", b'data: {"choices":[{"index":0,"del\n\n')


class Call(NamedTuple):
    """One call of the model, and how much of its arguments the endpoint has sent."""

    name: str
    arguments: Json
    text: str
    sent: str

    @property
    def whole(self) -> bool:
        return self.sent == self.text


class Told(NamedTuple):
    """The bytes of an answer, and what is true about it."""

    wire: Wire
    reads: list[bytes]
    calls: list[Call]
    word: str
    """The kind of its last word: GOOD, CUT, …"""
    cause: str
    complete: bool
    """The endpoint said all it had to say, its end too."""


def told(choose: Choose, wire: Wire) -> Told:
    """An answer with up to three calls."""
    calls = [_call(choose) for _ in range(choose(4))]
    stops_in = choose(len(calls) * 4 + 1) // 4 if calls else 0
    if choose(2):  # all that follows a broken call is not sent either
        calls = [call if n < stops_in else call._replace(sent=call.text) for n, call in enumerate(calls)]
    kind = (GOOD, GOOD, CUT, FAILING, UNKNOWN, NONE)[choose(6)]
    word = WORDS[kind][choose(len(WORDS[kind]))]
    cause = ("eof", "reset", "timeout")[choose(3)] if choose(3) == 0 else "eof"
    events, complete = {CHAT: _chat, RESPONSES: _responses, MESSAGES: _messages}[wire](choose, calls, kind, word)
    return Told(wire, _cut(choose, events), calls, kind, cause, complete)


def _call(choose: Choose) -> Call:
    name = tuple(TOOLS)[choose(len(TOOLS))]
    members = MEMBERS[name]
    given = {key: VALUES[choose(len(VALUES))] for key in members if key in TOOLS[name] or choose(2)}
    text = json.dumps(given, separators=((",", ":"), (", ", ": "))[choose(2)], ensure_ascii=bool(choose(2)))
    sent = text if choose(2) else text[: choose(len(text) + 1)]
    return Call(name, given, text, sent)


def _parts(choose: Choose, text: str) -> list[str]:
    """The text in pieces: as it comes, or each with all before it, or the whole once more at the end."""
    places = sorted(choose(len(text) + 1) for _ in range(choose(4)))
    parts = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    way = choose(6)
    if way == 1 and len(places) and places[0] > 3:
        return [text[:place] for place in (*places, len(text))]
    if way == 2 and text:
        return [*parts, text]
    if way == 3:
        return ["{}", *parts] if text else parts
    return parts


def _cut(choose: Choose, events: list[bytes]) -> list[bytes]:
    """The events with noise between them, in reads that keep to their borders or do not."""
    noisy = [
        piece for event in events for piece in ((NOISE[choose(len(NOISE))], event) if choose(8) == 0 else (event,))
    ]
    if choose(2):
        return noisy
    whole = b"".join(noisy)
    places = sorted(choose(len(whole) + 1) for _ in range(choose(5)))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


# ---------------------------------------------------------------- the wires


def _data(value: Json) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _chunk(delta: Json, word: str = "") -> bytes:
    return _data({"choices": [{"index": 0, "delta": delta, "finish_reason": word or None}]})


def _chat(choose: Choose, calls: list[Call], kind: str, word: str) -> tuple[list[bytes], bool]:
    events = [_chunk({"role": "assistant", "content": "I look." if choose(2) or not calls else ""})]
    names_early = choose(3) == 0 and kind == GOOD
    for place, call in enumerate(calls):
        index: Json = {} if choose(4) == 0 and len(calls) == 1 else {"index": place}
        head = {**index, "id": f"call_{place}", "type": "function", "function": {"name": call.name, "arguments": ""}}
        events.append(_chunk({"tool_calls": [head]}, word if names_early else ""))
        events += [_chunk({"tool_calls": [{**index, "function": {"arguments": p}}]}) for p in _parts(choose, call.sent)]
    if not names_early or choose(2):
        events.append(_chunk({}, word))
    usage = choose(2) == 0
    if usage:
        events.append(_data({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 5}}))
    end = ENDS[choose(len(ENDS))]
    return [*events, end], kind != NONE or usage or end.lower().startswith(b"data: [done]")


def _typed(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\n".encode() + _data({"type": kind, **fields})


def _responses(choose: Choose, calls: list[Call], kind: str, word: str) -> tuple[list[bytes], bool]:
    events = [_typed("response.created", response={"object": "response", "status": "in_progress", "output": []})]
    for place, call in enumerate(calls):
        item = {"type": "function_call", "id": f"fc_{place}", "call_id": f"call_{place}", "name": call.name}
        at = {"output_index": place, "item_id": item["id"]}
        events.append(
            _typed("response.output_item.added", **at, item={**item, "arguments": "", "status": "in_progress"})
        )
        for part in _parts(choose, call.sent):
            events.append(_typed("response.function_call_arguments.delta", **at, delta=part))
        if call.whole and choose(4):
            events.append(
                _typed("response.output_item.done", **at, item={**item, "arguments": call.text, "status": "completed"})
            )
    if kind == NONE:
        end = ENDS[choose(2)]
        return [*events, end], bool(end)
    response: Json = {
        "object": "response",
        "status": "completed",
        "output": [],
        "usage": {"input_tokens": 20, "output_tokens": 5},
    }
    if kind in (CUT, UNKNOWN):
        response |= {
            "status": "incomplete",
            "incomplete_details": {"reason": word if kind == CUT else "max_output_tokens"},
        }
    elif kind == FAILING:
        response |= (
            {"status": word},
            {"status": "incomplete", "incomplete_details": {"reason": word}},
            {"status": "failed"},
        )[choose(3)]
    ended = "response.incomplete" if response["status"] == "incomplete" else "response.completed"
    return [*events, _typed(ended, response=response), ENDS[choose(2)]], True


def _messages(choose: Choose, calls: list[Call], kind: str, word: str) -> tuple[list[bytes], bool]:
    message: Json = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "x",
        "stop_reason": None,
        "usage": {"input_tokens": 1},
    }
    events = [_typed("message_start", message=message)]
    for place, call in enumerate(calls):
        block = {"type": "tool_use", "id": f"toolu_{place}", "name": call.name, "input": {}}
        events.append(_typed("content_block_start", index=place, content_block=block))
        for at in range(0, len(call.sent), 7):
            delta = {"type": "input_json_delta", "partial_json": call.sent[at : at + 7]}
            events.append(_typed("content_block_delta", index=place, delta=delta))
        if not call.whole:
            return events, False  # a block is closed when it is whole: nobody has seen another server
        events.append(_typed("content_block_stop", index=place))
    if kind in (NONE, FAILING):
        return events, False
    stop = "max_tokens" if kind == CUT else "tool_use" if calls else "end_turn"
    events.append(
        _typed("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 5})
    )
    return ([*events, _typed("message_stop")], True) if choose(4) else (events, False)


# ---------------------------------------------------------------- the law


def translated_of(answer: Told) -> tuple[bytes, bool]:
    """What the client gets, and whether it is a good end."""
    machine: StreamTranslator | NativeStream
    if answer.wire == MESSAGES:
        machine = NativeStream()
    else:
        machine = StreamTranslator(_asked(answer.wire))
    out = b"".join(machine.feed(read) for read in answer.reads if not machine.done)
    if not machine.done:
        out += machine.finish(answer.cause)
    return out, machine.error is None


def _asked(wire: Wire) -> Any:
    tools = [
        {
            "name": name,
            "input_schema": {
                "type": "object",
                "properties": {key: {} for key in MEMBERS[name]},
                "required": list(needs),
            },
        }
        for name, needs in TOOLS.items()
    ]
    body = {
        "model": "claude",
        "max_tokens": 1000,
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
        "tools": tools,
    }
    return translate_request(body, model="m", quirks=Quirks(**FORMATS[wire].facts), wire=wire)


def broken_law(answer: Told) -> str:
    """What the client would run that the endpoint did not finish; "" where the law holds."""
    out, well = translated_of(answer)
    wrong = violations(out) if answer.wire != MESSAGES else []  # there it is the endpoint's own stream
    if wrong:
        return f"not legal: {wrong}"
    if not well:
        return "a good end after an error" if b'"type":"message_stop"' in out else ""
    if not answer.complete:
        return "an answer that did not end passes for a whole one"
    ran, stop = _run_by_client(out)
    if answer.word == FAILING:
        return "a failure passes for a good end"
    if stop != "tool_use":
        return ""
    if answer.word == CUT:
        return "an answer that was cut runs its calls"
    for name, given in ran:
        if not any(_is(call, name, given, ended_well=answer.word == GOOD) for call in answer.calls):
            return f"{name} runs with {given!r}, which nobody has said"
    if len(ran) > len(answer.calls):
        return "more calls run than were made"
    return ""


def _is(call: Call, name: str, given: Any, *, ended_well: bool) -> bool:
    """Whether this is that call: said to its end, or with nothing missing that can be seen but the last bracket."""
    if name != call.name:
        return False
    if not call.sent:
        return ended_well and given == {}  # a call without arguments, as far as anybody said
    meant = call.arguments
    if not call.whole:
        meant = _parsed(call.sent.rstrip() + "}")
        if (
            not ended_well
            or call.sent.rstrip()[-1] not in '"}]el'
            or not isinstance(meant, dict)
            or not set(TOOLS[name]) <= set(meant)
        ):
            return False
    said = {key: value for key, value in meant.items() if value is not None or key in TOOLS[name]}
    return given in (said, meant)


def _run_by_client(out: bytes) -> tuple[list[tuple[str, Any]], str | None]:
    """The calls that Claude Code would run: closed, in an answer that ended."""
    blocks: dict[int, list[str]] = {}
    names: dict[int, str] = {}
    ran: list[tuple[str, Any]] = []
    stop = None
    decoder = Decoder()
    for _, data in decoder.feed(out) + decoder.finish():
        event = _parsed(data.decode())
        if not isinstance(event, dict) or "type" not in event:
            continue
        kind, index = event["type"], int(event.get("index") or 0)
        if kind == "content_block_start" and event["content_block"]["type"] == "tool_use":
            names[index], blocks[index] = event["content_block"]["name"], []
        elif kind == "content_block_delta" and index in blocks:
            blocks[index].append(event["delta"]["partial_json"])
        elif kind == "content_block_stop" and index in blocks:
            ran.append((names[index], _parsed("".join(blocks[index]))))
        elif kind == "message_delta":
            stop = event["delta"]["stop_reason"]
    return ran, stop


def _parsed(text: str) -> Any:
    """A call's input as the client reads it; the text itself where it cannot be run."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text
