"""Chunks, requests and answers for the translation's tests."""

from __future__ import annotations

import json
from typing import Any

from ccswitch_tui.translate.request import Translation, translate_request
from ccswitch_tui.translate.stream import StreamTranslator
from ccswitch_tui.wire.anthropic import read_events
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

READ: Json = {
    "name": "Read",
    "description": "Read a file",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["file_path"],
    },
}
BASH: Json = {
    "name": "Bash",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}
DONE = b"data: [DONE]\n\n"


def request(*messages: Json, **fields: Any) -> Json:
    return {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "messages": list(messages) or [{"role": "user", "content": "Hello there"}],
        **fields,
    }


def translated(*messages: Json, model: str = "m", session: str | None = None, **fields: Any) -> Translation:
    quirks = fields.pop("quirks", {})
    made = translate_request(request(*messages, **fields), model=model, quirks=Quirks(**quirks), session=session)
    made.answer_id = "msg_0"  # answers are compared here
    return made


def user(*blocks: Json | str) -> Json:
    return {"role": "user", "content": blocks[0] if len(blocks) == 1 and isinstance(blocks[0], str) else list(blocks)}


def assistant(*blocks: Json | str) -> Json:
    return {**user(*blocks), "role": "assistant"}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def tool_use(call_id: str, name: str = "Read", given: Any = None) -> Json:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {"file_path": "/a"} if given is None else given}


def tool_result(call_id: str, content: Any = "data", **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def chunk(delta: Json, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c", "choices": [choice], **more}).encode() + b"\n\n"


def call_chunk(*pieces: Json, finish: str | None = None) -> bytes:
    return chunk({"tool_calls": list(pieces)}, finish)


def piece(arguments: Any = None, index: int | None = 0, call_id: str | None = None, name: str | None = None) -> Json:
    function = {k: v for k, v in (("name", name), ("arguments", arguments)) if v is not None}
    return {k: v for k, v in (("index", index), ("id", call_id), ("function", function)) if v is not None}


class Answer:
    """What a client gets for these reads of an upstream."""

    def __init__(self, *reads: bytes, cause: str = "eof", **fields: Any) -> None:
        fields = {"stream": True, "tools": [READ, BASH], **fields}
        history = fields.pop("history", ())
        self.machine = StreamTranslator(translated(*history, **fields))
        self.out = b"".join(self.machine.feed(read) for read in reads)
        self.out += self.machine.finish(cause)

    @property
    def events(self) -> list[Json]:
        return read_events(self.out)

    @property
    def blocks(self) -> list[Json]:
        """The content as a client puts it together; a block that was never closed has "open": True."""
        return rebuilt(self.events)["content"]

    @property
    def text(self) -> str:
        return "".join(b.get("text", "") for b in self.blocks)

    @property
    def thinking(self) -> str:
        return "".join(b.get("thinking", "") for b in self.blocks)

    @property
    def calls(self) -> list[tuple[str, Any]]:
        return [(b["name"], b["input"]) for b in self.blocks if b["type"] == "tool_use"]

    @property
    def notices(self) -> str:
        return "\n".join(notice.text for notice in self.machine.notices)


def rebuilt(events: list[Json]) -> Json:
    """A stream's events as the message they stand for."""
    message: Json = {}
    content: list[Json] = []
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            message = dict(event["message"])
        elif kind == "content_block_start":
            content.append({**event["content_block"], "open": True, "json": ""})
        elif kind == "content_block_delta":
            _add(content[event["index"]], event["delta"])
        elif kind == "content_block_stop":
            content[event["index"]].pop("open")
        elif kind == "message_delta":
            message.update(event["delta"])
            message["usage"] = {**message.get("usage", {}), **event["usage"]}
    for block in content:
        raw = block.pop("json")
        if block["type"] == "tool_use":
            try:
                block["input"] = json.loads(raw) if raw else {}
            except ValueError:
                block["input"] = raw
    message["content"] = content
    return message


def _add(block: Json, delta: Json) -> None:
    for key in ("text", "thinking"):
        if key in delta:
            block[key] += delta[key]
    if "partial_json" in delta:
        block["json"] += delta["partial_json"]
    if "signature" in delta:
        block["signature"] = delta["signature"]
