"""The Anthropic side of an answer: numbered blocks, one open at a time, as frames or as one message.

`BLOCK_MOVES` is the whole rule about blocks. Streaming and not streaming share
every step; only the last one differs, frames against a list of blocks.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.wire.anthropic import MESSAGE_STOP, event
from ccswitch_tui.wire.codec import clean_text, dumps, loads

Json = dict[str, Any]

NOTHING, TEXT, THINKING, CALL = "", "text", "thinking", "tool_use"

STAY, OPEN, CHANGE = "stay", "open", "change"

BLOCK_MOVES = {
    (NOTHING, TEXT): OPEN, (NOTHING, THINKING): OPEN, (NOTHING, CALL): OPEN,
    (TEXT, TEXT): STAY, (TEXT, THINKING): CHANGE, (TEXT, CALL): CHANGE,
    (THINKING, TEXT): CHANGE, (THINKING, THINKING): STAY, (THINKING, CALL): CHANGE,
    (CALL, TEXT): CHANGE, (CALL, THINKING): CHANGE, (CALL, CALL): CHANGE,
}  # fmt: skip
"""(block that is open, kind that is wanted) → what to do. A call never continues another one."""

DELTA = b'%b"%b"}}\n\n'
"""A delta frame out of `Writer.delta_head` and the inside of a JSON string."""

BLOCK_START = b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":%b}\n\n'
BLOCK_STOP = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'

_FIELD = {
    TEXT: ("text_delta", "text"),
    THINKING: ("thinking_delta", "thinking"),
    CALL: ("input_json_delta", "partial_json"),
}


class Writer:
    """Writes one answer. `take()` yields the frames written since the last time."""

    def __init__(self, *, streams: bool) -> None:
        self.open = NOTHING
        self.started = False
        self.delta_head = b""
        """Everything of a delta frame before its text: the block's number and kind do not change while it is open."""
        self.message: Json = {}
        self._streams = streams
        self._index = -1
        self._out: list[bytes] = []
        self._run: list[bytes] = []
        """Pieces of text since the last frame, as insides of JSON strings: one read of the upstream is one delta."""
        self._content: list[Json] = []
        self._pieces: list[str] = []
        self._half = ""
        """The first half of a character whose second half some servers send in the next chunk."""

    def start(self, message: Json) -> None:
        """`message_start`."""
        self.started = True
        self.message = message
        self._frame({"type": "message_start", "message": message})

    def want(self, kind: str) -> None:
        """Make sure a block of this kind is open: text or thinking."""
        move = BLOCK_MOVES[self.open, kind]
        if move == STAY:
            return
        if move == CHANGE:
            self.close()
        self._open({"type": TEXT, "text": ""} if kind == TEXT else {"type": THINKING, "thinking": "", "signature": ""})

    def open_call(self, call_id: str, name: str) -> None:
        """A tool_use block."""
        if BLOCK_MOVES[self.open, CALL] == CHANGE:
            self.close()
        self._open({"type": CALL, "id": call_id, "name": name, "input": {}})

    def _open(self, block: Json) -> None:
        self._index += 1
        self.open = block["type"]
        kind, key = _FIELD[self.open]
        self.delta_head = (
            f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{self._index},'
            f'"delta":{{"type":"{kind}","{key}":'
        ).encode()
        self._content.append(dict(block))
        self._pieces = []
        if self._streams:
            self.raw(BLOCK_START % (self._index, dumps(block)))

    def add(self, text: str) -> None:
        """A delta of the open block."""
        if self._half or "\ud800" <= text[-1:] <= "\udbff":
            text = self._whole_characters(text)
        if self._streams:
            self._run.append(dumps(text)[1:-1])
        else:
            self._pieces.append(text)

    def _whole_characters(self, text: str) -> str:
        """`text` with the first half of a character from before, and without a first half at its end."""
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def add_raw(self, body: bytes) -> None:
        """A delta whose text already is the inside of a JSON string. For a stream only."""
        self._run.append(body)

    def _end_run(self) -> None:
        """What ran together becomes one delta: it arrived in one read, and the client has one event less to parse."""
        self._out.append(DELTA % (self.delta_head, b"".join(self._run)))
        self._run.clear()

    def sign(self, signature: str) -> None:
        """The signature of the open thinking block."""
        self._content[-1]["signature"] = signature
        self._frame(
            {
                "type": "content_block_delta",
                "index": self._index,
                "delta": {"type": "signature_delta", "signature": signature},
            }
        )

    def close(self) -> None:
        """`content_block_stop`."""
        if self._half:
            self._half = ""
            self.add("\ufffd")
        if self._streams:
            self.raw(BLOCK_STOP % self._index)
        else:
            self._collect()
        self.open = NOTHING
        self.delta_head = b""

    def _collect(self) -> None:
        block, text = self._content[-1], clean_text("".join(self._pieces))
        if self.open != CALL:
            block[_FIELD[self.open][1]] = text
            return
        try:
            block["input"] = loads(text) if text.strip() else {}
        except ValueError:
            block["input"] = None  # a call that the token limit cut: it cannot be shown as one message

    def end(self, stop_reason: str, stop_sequence: str | None, usage: Json) -> None:
        """`message_delta` and `message_stop`."""
        self.message = {
            **self.message,
            "content": [b for b in self._content if b.get("input", b) is not None],
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "usage": usage,
        }
        delta = {"stop_reason": stop_reason, "stop_sequence": stop_sequence}
        self._frame({"type": "message_delta", "delta": delta, "usage": usage})
        if self._streams:
            self._out.append(MESSAGE_STOP)

    def raw(self, frame: bytes) -> None:
        """A frame that is bytes already: ping, error."""
        if self._streams:
            if self._run:
                self._end_run()
            self._out.append(frame)

    def take(self) -> bytes:
        """What was written since the last time."""
        if self._run:
            self._end_run()
        if not self._out:
            return b""
        out = b"".join(self._out) if len(self._out) > 1 else self._out[0]
        self._out.clear()
        return out

    def discard(self) -> None:
        """Forget what was written since the last time."""
        self._out.clear()
        self._run.clear()

    def _frame(self, data: Json) -> None:
        if self._streams:
            if self._run:
                self._end_run()
            self._out.append(event(data))
