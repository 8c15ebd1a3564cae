"""The Messages API as it goes over the wire: events, blocks, stop reasons, the error envelope, a legal stream.

The frames of one answer are legal in one order only: `message_start`, then
blocks numbered from 0, one open at a time, then `message_delta`, then
`message_stop`; `ping` anywhere, `error` ends everything. `GRAMMAR` is that
order as a table, and `violations()` judges a finished stream by it.
Source: public Messages API documentation, "Streaming"; Claude Code as measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccswitch_tui.wire.codec import dumps, loads
from ccswitch_tui.wire.sse import Decoder, encode

Json = dict[str, Any]

STOP_REASONS = frozenset(
    {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"}
)

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Status to the type that belongs to it: the statuses we answer with, and no others."""

DELTA_OF = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}

PING = encode("ping", b'{"type":"ping"}')
MESSAGE_STOP = encode("message_stop", b'{"type":"message_stop"}')


def error_envelope(error_type: str, message: str, details: Json | None = None) -> Json:
    """The one shape an error has, as a body and as an `error` event. `details` are for a client's program."""
    return {
        "type": "error",
        "error": {"type": error_type, "message": message, **({"details": details} if details else {})},
    }


def event(data: Json) -> bytes:
    """One event frame; its `event:` line is the data's type, always."""
    return encode(data["type"], dumps(data))


DELTA_CHARS = 1000


def events_of(message: Json) -> Iterator[Json]:
    """The events of a whole message, but for the first."""
    for index, block in enumerate(message["content"]):
        start, deltas = _begun(block)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stopped = {"stop_reason": message.get("stop_reason"), "stop_sequence": message.get("stop_sequence")}
    yield {"type": "message_delta", "delta": stopped, "usage": message.get("usage") or {}}
    yield {"type": "message_stop"}


def stream_of(message: Json) -> bytes:
    """A whole message as the stream that it would have been."""
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    return b"".join(map(event, [{"type": "message_start", "message": begun}, *events_of(message)]))


def _begun(block: Json) -> tuple[Json, list[Json]]:
    """A block as it is announced, and the deltas that fill it."""
    kind = block.get("type")
    if kind in ("server_tool_use", "tool_use"):
        given = dumps(block.get("input") or {}).decode()
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": given}]
    if kind == "text":
        text = str(block.get("text") or "")
        cut = [text[at : at + DELTA_CHARS] for at in range(0, len(text), DELTA_CHARS)]
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": part} for part in cut]
    if kind == "thinking":
        thought = {"type": "thinking_delta", "thinking": block.get("thinking", "")}
        signed = {"type": "signature_delta", "signature": block.get("signature", "")}
        return {"type": "thinking", "thinking": "", "signature": ""}, [thought, signed]
    return block, []


OUTSIDE, BETWEEN, IN_BLOCK, ENDING, ENDED = "outside", "between", "in_block", "ending", "ended"

GRAMMAR = {
    (OUTSIDE, "message_start"): BETWEEN,
    (OUTSIDE, "error"): ENDED,
    (BETWEEN, "content_block_start"): IN_BLOCK,
    (BETWEEN, "message_delta"): ENDING,
    (BETWEEN, "error"): ENDED,
    (IN_BLOCK, "content_block_delta"): IN_BLOCK,
    (IN_BLOCK, "content_block_stop"): BETWEEN,
    (IN_BLOCK, "error"): ENDED,
    (ENDING, "message_stop"): ENDED,
    (ENDING, "error"): ENDED,
}
"""(where we are, event) → where we are then. What is not in the table is illegal."""


def read_events(stream: bytes) -> list[Json]:
    """All events of a stream of ours, parsed."""
    decoder = Decoder()
    return [loads(e.data) for e in decoder.feed(stream) + decoder.finish()]


def violations(stream: bytes) -> list[str]:
    """What is illegal in this stream, in words; an unfinished one is judged as far as it goes."""
    wrong: list[str] = []
    where, index, kind = OUTSIDE, -1, ""
    decoder = Decoder()
    for name, data in decoder.feed(stream) + decoder.finish():
        frame = loads(data)
        what = frame.get("type") if isinstance(frame, dict) else None
        if name != what:
            wrong.append(f"event line {name!r} over data of type {what!r}")
        if what == "ping":
            continue
        following = GRAMMAR.get((where, str(what)))
        if following is None:
            wrong.append(f"{what} while {where}")
            continue
        if what == "content_block_start":
            index, kind = index + 1, frame["content_block"].get("type")
            wrong += _block_start_faults(frame["content_block"])
        if what in ("content_block_start", "content_block_delta", "content_block_stop") and frame["index"] != index:
            wrong.append(f"{what} for block {frame['index']} while {index} is open")
        if what == "content_block_delta":
            fits = (DELTA_OF.get(kind), "signature_delta" if kind == "thinking" else None)
            if frame["delta"]["type"] not in fits:
                wrong.append(f"{frame['delta']['type']} in a {kind} block")
        if what == "message_delta" and frame["delta"].get("stop_reason") not in STOP_REASONS:
            wrong.append(f"stop_reason {frame['delta'].get('stop_reason')!r}")
        where = following
    return wrong


def _block_start_faults(block: Json) -> list[str]:
    needed: dict[str, dict[str, Any]] = {
        "text": {"text": ""},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
    }
    wanted = needed.get(block.get("type", ""))
    if wanted is None:
        return [f"block of type {block.get('type')!r}"]
    faults = [
        f"{key} of a new {block['type']} block is {block.get(key)!r}" for key in wanted if block.get(key) != wanted[key]
    ]
    if block["type"] == "tool_use" and not (block.get("id") and block.get("name")):
        faults.append("tool_use without id or name")
    return faults
