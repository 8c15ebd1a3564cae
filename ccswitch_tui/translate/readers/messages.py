"""The reader of Anthropic's messages: the events of a stream, and whole messages.

The proxy passes such answers through untouched; a probe reads them with this.
Source: platform.claude.com/docs/en/build-with-claude/streaming; Claude Code as measured: it
ignores a tool's input in `content_block_start`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccswitch_tui.translate.answer import Answer
from ccswitch_tui.translate.calls import ToolCall
from ccswitch_tui.translate.plain import Template
from ccswitch_tui.wire.openai_chat import Fragment, read_usage

Json = dict[str, Any]

FINISH = {
    "max_tokens": "max_tokens",
    "refusal": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
}
"""stop_reason → what it comes to; all others end a turn. Whether calls were made is known from the calls."""


class MessagesReader:
    """Anthropic's messages."""

    def __init__(self) -> None:
        self._usage: Json = {}
        """Counts come at the beginning and at the end; the last statement of each holds, zeros apart."""

    def event(self, name: str, data: Json, answer: Answer) -> None:
        """One event of a stream."""
        kind = data.get("type")
        kind = kind if isinstance(kind, str) else name
        if kind == "error" or data.get("error"):
            answer.fail(data)
            return
        handler = HANDLERS.get(kind)
        if handler is not None:
            handler(self, data, answer)

    def document(self, body: Json, answer: Answer) -> None:
        """A whole message."""
        content = body.get("content")
        if not isinstance(content, list):
            answer.fail(body)
            return
        answer.heard = True
        for place, block in enumerate(content):
            if isinstance(block, dict):
                self._block(place, block, answer)
        self._count(body.get("usage"), answer)
        self._finish(body, answer)

    def model_of(self, data: Json) -> str:
        """The model of a message, or of a stream's first event."""
        message = data.get("message") if data.get("type") == "message_start" else data
        return str(_table(message).get("model") or "")

    def template_of(
        self, chunk: Json, data: bytes, *, open_block: str, live: ToolCall | None, filtered: bool
    ) -> Template | None:
        """None: nobody translates this wire."""
        return None

    # ------------------------------------------------------------ pieces

    def _block(self, place: int, block: Json, answer: Answer) -> None:
        if block.get("type") == "tool_use":
            answer.pieces([_fragment(place, block, block.get("input"))])
        else:
            self._said(block, answer)

    def _said(self, piece: Json, answer: Answer) -> None:
        """The text and thinking of a block, or of the delta of one."""
        thought, text = piece.get("thinking"), piece.get("text")
        if isinstance(thought, str) and thought:
            answer.think(thought, "thinking")
        if isinstance(text, str) and text:
            answer.text(text)

    def _message_start(self, data: Json, answer: Answer) -> None:
        answer.heard = True
        self._count(_table(data.get("message")).get("usage"), answer)

    def _block_start(self, data: Json, answer: Answer) -> None:
        block = _table(data.get("content_block"))
        if block.get("type") == "tool_use":
            answer.pieces([_fragment(_index(data), block, "")])
        else:
            self._said(block, answer)

    def _block_delta(self, data: Json, answer: Answer) -> None:
        delta = _table(data.get("delta"))
        self._said(delta, answer)
        arguments = delta.get("partial_json")
        if isinstance(arguments, str) and arguments:
            answer.pieces([Fragment(_index(data), "", "", arguments, "")])

    def _message_delta(self, data: Json, answer: Answer) -> None:
        self._count(data.get("usage"), answer)
        self._finish(_table(data.get("delta")), answer)

    def _message_stop(self, data: Json, answer: Answer) -> None:
        answer.over()

    def _count(self, given: Any, answer: Answer) -> None:
        self._usage |= {key: value for key, value in _table(given).items() if value or key not in self._usage}
        usage = read_usage(self._usage)
        if usage is not None:
            answer.count(usage)

    def _finish(self, said: Json, answer: Answer) -> None:
        word = said.get("stop_reason")
        if isinstance(word, str) and word:
            answer.met_stop(said.get("stop_sequence"))
            answer.finish(FINISH.get(word, "end_turn"), word)


HANDLERS: Mapping[str, Callable[[MessagesReader, Json, Answer], None]] = {
    "message_start": MessagesReader._message_start,
    "content_block_start": MessagesReader._block_start,
    "content_block_delta": MessagesReader._block_delta,
    "message_delta": MessagesReader._message_delta,
    "message_stop": MessagesReader._message_stop,
}


def _table(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _index(data: Json) -> int | None:
    index = data.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None


def _fragment(place: int | None, block: Json, arguments: Any) -> Fragment:
    call_id, name = block.get("id"), block.get("name")
    return Fragment(
        place, call_id if isinstance(call_id, str) else "", name if isinstance(name, str) else "", arguments, ""
    )
