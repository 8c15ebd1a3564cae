"""The requests a probe makes: one small body a question, in either format, with the known quirks applied.

Every inference asks for the fewest tokens that prove the point. The words are
plain English, so that no content filter and no small model stumbles over them.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from ccswitch_tui.probe.exchange import Ask
from ccswitch_tui.wire.codec import dumps

Json = dict[str, Any]

CHAT, MESSAGES = "openai-chat", "anthropic"

ROUTE = {CHAT: "/chat/completions", MESSAGES: "/v1/messages"}
LIST_ROUTE = {CHAT: "/models", MESSAGES: "/v1/models"}

MESSAGES_HEADERS = {"anthropic-version": "2023-06-01"}

FEW_TOKENS = 16
"""OpenAI's smallest accepted limit. A reasoning model spends them on thinking: an answer of "length" is one too."""

TOOL_TOKENS = 300
"""A call with one argument is 30 tokens; models that think first need the rest."""

PATIENCE_S = 25.0
"""Until an answer begins. Reasoning models behind busy gateways were seen at 12 s, a few at twice that."""
LOCAL_PATIENCE_S = 60.0
"""The same for a local model server, which may have to load the model first, and in the full ladder."""
AFTER_HANG_S = 12.0
"""The same once the endpoint has kept us waiting for nothing: whoever hangs is not waited for again and again."""
MESSAGE_PATIENCE_S = 60.0
"""For a whole answer: some hundred tokens of a slow local model."""
LIST_PATIENCE_S = 10.0
MOST_BYTES = 256 * 1024
"""Of an answer to a few hundred tokens: what is longer does not end."""

SIZE_PATIENCE_S = 180.0
"""A local model reads 100 kB at some hundred tokens a second."""


class Place(NamedTuple):
    """Where and how to ask: what a success at it proves."""

    base_url: str
    wire: str
    auth: str
    model: str


def list_ask(rung: str, base_url: str, wire: str, auth: str, variant: str = "") -> Ask:
    """GET the list of models."""
    headers = MESSAGES_HEADERS if wire == MESSAGES else {}
    return Ask(rung, "GET", base_url + LIST_ROUTE[wire], auth, headers, b"", variant, LIST_PATIENCE_S, "", wire)


def ask(
    rung: str, place: Place, body: Json, *, variant: str = "", patience_s: float = MESSAGE_PATIENCE_S, beta: str = ""
) -> Ask:
    """POST one inference."""
    headers = dict(MESSAGES_HEADERS) if place.wire == MESSAGES else {}
    if beta:
        headers["anthropic-beta"] = beta
    url = place.base_url + ROUTE[place.wire]
    return Ask(
        rung, "POST", url, place.auth, headers, dumps(body), variant, patience_s, place.model, place.wire, MOST_BYTES
    )


class Bodies:
    """Request bodies for one place, as its quirks want them."""

    def __init__(self, place: Place, quirks: Mapping[str, Any], *, whole: bool = False) -> None:
        self.place = place
        self.whole = whole
        """Ask for whole answers: the endpoint refuses to stream."""
        self.quirks = quirks
        self.chat = place.wire == CHAT

    def plain(self, text: str, limit: int = FEW_TOKENS, **more: Any) -> Json:
        """One user message."""
        return self.conversation([{"role": "user", "content": text}], limit, **more)

    def conversation(self, messages: list[Json], limit: int, **more: Any) -> Json:
        """Any messages; `more` is added at the top level."""
        if not self.chat:
            return {"model": self.place.model, "max_tokens": limit, "messages": messages, **more}
        cap = self.quirks.get("max_output")
        body: Json = {"model": self.place.model, "messages": messages}
        body[self.quirks.get("max_tokens_field", "max_tokens")] = min(limit, cap) if isinstance(cap, int) else limit
        body |= more
        for field in self.quirks.get("drop_fields", ()):
            body.pop(field, None)
        return {**body, **self.quirks.get("extra_body", {})}

    def message(self) -> Json:
        """The smallest question."""
        if self.chat and self.quirks.get("always_stream") and not self.quirks.get("never_stream"):
            return self.stream()
        return self.plain("Reply with the word OK.")

    def stream(self) -> Json:
        """A streamed answer of a few tokens."""
        return self.plain("Count from 1 to 8.", 32, **self._stream_fields())

    def _streaming(self) -> Json:
        """What asks for a stream, at an endpoint that gives one."""
        never = self.whole or (self.chat and self.quirks.get("never_stream"))
        return {} if never else self._stream_fields()

    def _stream_fields(self) -> Json:
        if self.chat and self.quirks.get("stream_options", True):
            return {"stream": True, "stream_options": {"include_usage": True}}
        return {"stream": True}

    # ------------------------------------------------------------ tools

    def tools(self) -> Json:
        """A forced call, streamed."""
        return self.plain(
            "What is the weather in Paris?",
            TOOL_TOKENS,
            tools=[self._tool("get_weather")],
            **self._forced(),
            **self._streaming(),
        )

    def parallel(self) -> Json:
        """Two calls in one turn."""
        return self.plain(
            "Call get_weather twice in this one turn: for Paris and for Rome.",
            TOOL_TOKENS * 2,
            tools=[self._tool("get_weather")],
            **self._streaming(),
        )

    def second_turn(self, call_id: str, name: str, arguments: str, reasoning: str = "") -> Json:
        """The result of a call, as a proxied conversation sends it."""
        question: Json = {"role": "user", "content": "What is the weather in Paris?"}
        more = {"tools": [self._tool("get_weather")]}
        if self.chat:
            call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            empty = "" if self.quirks.get("content_null") == "empty" else None
            turn: Json = {"role": "assistant", "content": empty, "tool_calls": [call]}
            if self.quirks.get("reasoning_replay") in ("reasoning_content", "reasoning"):
                turn[self.quirks["reasoning_replay"]] = reasoning or "The tool tells."
            result: Json = {"role": "tool", "tool_call_id": call_id, "content": "18 degrees, sunny"}
            return self.conversation([question, turn, result], 32, **more)
        from ccswitch_tui.wire.codec import loads

        use = {"type": "tool_use", "id": call_id, "name": name, "input": loads(arguments or "{}")}
        told = {"type": "tool_result", "tool_use_id": call_id, "content": "18 degrees, sunny"}
        turns = [question, {"role": "assistant", "content": [use]}, {"role": "user", "content": [told]}]
        return self.conversation(turns, 32, **more)

    def _tool(self, name: str) -> Json:
        schema = {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        }
        described = {"name": name, "description": "Current weather in a city"}
        if self.chat:
            return {"type": "function", "function": {**described, "parameters": schema}}
        return {**described, "input_schema": schema}

    def _forced(self) -> Json:
        if not self.chat:
            return {"tool_choice": {"type": "tool", "name": "get_weather"}}
        form = self.quirks.get("tool_choice", "all")
        if form == "all":
            return {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}}
        return {"tool_choice": "required"} if form == "strings_only" else {}

    # ------------------------------------------------------------ the rest of what Claude Code uses

    def system(self) -> Json:
        """System text at the beginning and, as Claude Code sends it, inside the conversation."""
        role = self.quirks.get("system_role", "system") if self.chat else "system"
        turns: list[Json] = [
            {"role": "user", "content": "Hello."},
            {"role": role, "content": "From now on answer with the word LATE."},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "Answer."},
        ]
        if self.chat:
            return self.conversation([{"role": role, "content": "You answer with one word."}, *turns], FEW_TOKENS)
        del turns[1]
        marked = [{"type": "text", "text": "You answer with one word.", "cache_control": {"type": "ephemeral"}}]
        return self.conversation(turns, FEW_TOKENS, system=marked)

    def stop(self) -> Json:
        """A stop sequence that the answer runs into."""
        return self.plain(
            "Repeat exactly: ALPHA HALT OMEGA", 32, **{"stop" if self.chat else "stop_sequences": ["HALT"]}
        )

    def image(self) -> Json:
        """A red square."""
        png = b64encode(red_square()).decode()
        words = {"type": "text", "text": "Which colour is this? One word."}
        if self.chat:
            picture: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png}"}}
        else:
            picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png}}
        return self.conversation([{"role": "user", "content": [words, picture]}], FEW_TOKENS)

    def reasoning(self) -> Json:
        """How much to think, asked for."""
        if self.chat:
            return self.plain("Is 91 a prime number? Yes or no.", 64, reasoning_effort="low")
        return self.plain("Is 91 a prime number? Yes or no.", 1100, thinking={"type": "enabled", "budget_tokens": 1024})

    def json(self) -> Json:
        """An answer held to a schema."""
        schema = {
            "type": "object",
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
            "additionalProperties": False,
        }
        words = "Give a title for a chat about boats, as JSON with the key title."
        if self.chat:
            form = {"type": "json_schema", "json_schema": {"name": "title", "schema": schema, "strict": True}}
            return self.plain(words, 64, response_format=form)
        return self.plain(words, 64, output_config={"format": {"type": "json_schema", "schema": schema}})

    def long(self) -> Json:
        """A limit no model has: the refusal names the real one."""
        unlimited = Bodies(self.place, {**self.quirks, "max_output": None})
        return unlimited.plain("Reply with the word OK.", HUGE_LIMIT)

    def size(self) -> Json:
        """About as large as Claude Code's first request: some twenty tools and a long system text."""
        text = "".join(f"Rule {n}: keep answers short, plain and exact, and never guess. " for n in range(1, 1101))
        tools = [self._tool(f"tool_{n:02d}") for n in range(20)]
        if self.chat:
            role = self.quirks.get("system_role", "system")
            turns = [{"role": role, "content": text}, {"role": "user", "content": "Reply with the word OK."}]
            return self.conversation(turns, FEW_TOKENS, tools=tools, **self._streaming())
        marked = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
        return self.plain(
            "Reply with the word OK.", system=marked, tools=tools, metadata={"user_id": "probe"}, stream=True
        )


HUGE_LIMIT = 1_000_000

SIZE_TOKENS = 20_000
"""What `size` costs, about: 72 kB of text, 20 tools."""


def red_square(side: int = 32) -> bytes:
    """A PNG of one colour; some models refuse images of a single pixel."""
    rows = (b"\x00" + b"\xd0\x10\x10" * side) * side

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
