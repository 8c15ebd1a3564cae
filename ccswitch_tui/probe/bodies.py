"""What the probe's requests ask, in no format yet: one small body a question, each wire fills in the rest.

Every inference asks for the fewest tokens that prove the point. The words are
plain English, so that no content filter and no small model stumbles over them.
A new wire is a subclass here and a case in `asks.bodies_for`.
"""

from __future__ import annotations

import struct
import zlib
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccswitch_tui.wire.formats import Wire

Json = dict[str, Any]

FEW_TOKENS = 16
"""OpenAI's smallest accepted limit. A reasoning model spends them on thinking: an answer of "length" is one too."""

TOOL_TOKENS = 300
"""A call with one argument is 30 tokens; models that think first need the rest."""

HUGE_LIMIT = 1_000_000

SIZE_TOKENS = 20_000
"""What `size` costs, about: 72 kB of text, 20 tools."""

TOOL = "get_weather"

MANY_TOOLS = tuple(f"tool_{number:02d}" for number in range(20))
"""Of `size`: about as many as Claude Code has."""

OFFERED = (TOOL, *MANY_TOOLS)

TOOL_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}},
    "required": ["city"],
}
TOOL_RESULT = "18 degrees, sunny"

TITLE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}


class Place(NamedTuple):
    """Where and how to ask: what a success at it proves."""

    base_url: str
    wire: Wire
    auth: str
    model: str


class Bodies(ABC):
    """Request bodies for one place, as its quirks want them."""

    def __init__(self, place: Place, quirks: Mapping[str, Any], *, whole: bool = False) -> None:
        self.place = place
        self.whole = whole
        """Ask for whole answers: the endpoint refuses to stream."""
        self.quirks = quirks

    # ------------------------------------------------------------ what a wire says in its own way

    @abstractmethod
    def conversation(self, messages: list[Json], limit: int, **more: Any) -> Json:
        """Messages of plain text, an answer of at most `limit` tokens; `more` is added at the top level."""

    @abstractmethod
    def second_turn(self, call_id: str, name: str, arguments: str, reasoning: str = "") -> Json:
        """The result of a call, as a conversation of Claude Code's would send it here."""

    @abstractmethod
    def system(self) -> Json:
        """System text at the beginning and, as Claude Code sends it, inside the conversation."""

    @abstractmethod
    def stop(self) -> Json:
        """A stop sequence that the answer runs into."""

    @abstractmethod
    def reasoning(self) -> Json:
        """How much to think, asked for."""

    @abstractmethod
    def json(self) -> Json:
        """An answer held to a schema."""

    @abstractmethod
    def size(self) -> Json:
        """About as large as Claude Code's first request: some twenty tools and a long system text."""

    @abstractmethod
    def _tool(self, name: str) -> Json:
        """A tool that tells the weather."""

    @abstractmethod
    def _forced(self) -> Json:
        """Fields that force a call of TOOL."""

    @abstractmethod
    def _picture(self, png: str) -> Json:
        """An image part."""

    def _stream_fields(self) -> Json:
        return {"stream": True}

    def _never_streams(self) -> bool:
        return self.whole

    # ------------------------------------------------------------ the same questions in every wire

    def plain(self, text: str, limit: int = FEW_TOKENS, **more: Any) -> Json:
        """One user message."""
        return self.conversation([{"role": "user", "content": text}], limit, **more)

    def message(self) -> Json:
        """The smallest question."""
        return self.plain("Reply with the word OK.")

    def stream(self) -> Json:
        """A streamed answer of a few tokens."""
        return self.plain("Count from 1 to 8.", 32, **self._stream_fields())

    def _streaming(self) -> Json:
        """What asks for a stream, at an endpoint that gives one."""
        return {} if self._never_streams() else self._stream_fields()

    def tools(self) -> Json:
        """A forced call, streamed."""
        return self.plain(
            WEATHER_WORDS,
            TOOL_TOKENS,
            tools=[self._tool(TOOL)],
            **self._forced(),
            **self._streaming(),
        )

    def parallel(self) -> Json:
        """Two calls in one turn."""
        return self.plain(
            "Call get_weather twice in this one turn: for Paris and for Rome.",
            TOOL_TOKENS * 2,
            tools=[self._tool(TOOL)],
            **self._streaming(),
        )

    def image(self) -> Json:
        """A red square."""
        words = {"type": "text", "text": "Which colour is this? One word."}
        picture = self._picture(b64encode(red_square()).decode())
        return self.conversation([{"role": "user", "content": [words, picture]}], FEW_TOKENS)

    def long(self) -> Json:
        """A limit no model has: the refusal names the real one."""
        unlimited = type(self)(self.place, {**self.quirks, "max_output": None})
        return unlimited.plain("Reply with the word OK.", HUGE_LIMIT)


STOP_WORDS = "Repeat exactly: ALPHA HALT OMEGA"
REASONING_WORDS = "Is 91 a prime number? Yes or no."
JSON_WORDS = "Give a title for a chat about boats, as JSON with the key title."
WEATHER_WORDS = "What is the weather in Paris?"

LATE_TURNS: tuple[Json, ...] = (
    {"role": "user", "content": "Hello."},
    {"role": "system", "content": "From now on answer with the word LATE."},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "Answer."},
)
"""System text inside a conversation, for wires that have it."""

ONE_WORD = "You answer with one word."


def long_text() -> str:
    """A system text as long as Claude Code's."""
    return "".join(f"Rule {n}: keep answers short, plain and exact, and never guess. " for n in range(1, 1101))


def red_square(side: int = 32) -> bytes:
    """A PNG of one colour; some models refuse images of a single pixel."""
    rows = (b"\x00" + b"\xd0\x10\x10" * side) * side

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
