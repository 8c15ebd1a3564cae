"""The probe's questions as chat completions, with the endpoint's quirks applied."""

from __future__ import annotations

from typing import Any

from ccswitch_tui.probe.bodies import (
    FEW_TOKENS,
    JSON_WORDS,
    LATE_TURNS,
    MANY_TOOLS,
    ONE_WORD,
    REASONING_WORDS,
    STOP_WORDS,
    TITLE_SCHEMA,
    TOOL,
    TOOL_RESULT,
    TOOL_SCHEMA,
    WEATHER_WORDS,
    Bodies,
    long_text,
)

Json = dict[str, Any]


class ChatBodies(Bodies):
    """Chat completions."""

    def conversation(self, messages: list[Json], limit: int, **more: Any) -> Json:
        cap = self.quirks.get("max_output")
        body: Json = {"model": self.place.model, "messages": messages}
        body[self.quirks.get("max_tokens_field", "max_tokens")] = min(limit, cap) if isinstance(cap, int) else limit
        body |= more
        for field in self.quirks.get("drop_fields", ()):
            body.pop(field, None)
        return {**body, **self.quirks.get("extra_body", {})}

    def message(self) -> Json:
        if self.quirks.get("always_stream") and not self.quirks.get("never_stream"):
            return self.stream()
        return super().message()

    def _stream_fields(self) -> Json:
        if self.quirks.get("stream_options", True):
            return {"stream": True, "stream_options": {"include_usage": True}}
        return {"stream": True}

    def _never_streams(self) -> bool:
        return self.whole or bool(self.quirks.get("never_stream"))

    def _tool(self, name: str) -> Json:
        described = {"name": name, "description": "Current weather in a city"}
        return {"type": "function", "function": {**described, "parameters": TOOL_SCHEMA}}

    def _forced(self) -> Json:
        form = self.quirks.get("tool_choice", "all")
        if form == "all":
            return {"tool_choice": {"type": "function", "function": {"name": TOOL}}}
        return {"tool_choice": "required"} if form == "strings_only" else {}

    def second_turn(self, call_id: str, name: str, arguments: str, reasoning: str = "") -> Json:
        call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        empty = "" if self.quirks.get("content_null") == "empty" else None
        turn: Json = {"role": "assistant", "content": empty, "tool_calls": [call]}
        if self.quirks.get("reasoning_replay") in ("reasoning_content", "reasoning"):
            turn[self.quirks["reasoning_replay"]] = reasoning or "The tool tells."
        result: Json = {"role": "tool", "tool_call_id": call_id, "content": TOOL_RESULT}
        question: Json = {"role": "user", "content": WEATHER_WORDS}
        return self.conversation([question, turn, result], 32, tools=[self._tool(TOOL)])

    def _system_role(self) -> str:
        return str(self.quirks.get("system_role", "system"))

    def system(self) -> Json:
        role = self._system_role()
        turns: list[Json] = [{"role": role, "content": ONE_WORD}]
        turns += [{**turn, "role": role} if turn["role"] == "system" else turn for turn in LATE_TURNS]
        return self.conversation(turns, FEW_TOKENS)

    def stop(self) -> Json:
        return self.plain(STOP_WORDS, 32, stop=["HALT"])

    def _picture(self, png: str) -> Json:
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png}"}}

    def reasoning(self) -> Json:
        return self.plain(REASONING_WORDS, 64, reasoning_effort="low")

    def json(self) -> Json:
        form = {"type": "json_schema", "json_schema": {"name": "title", "schema": TITLE_SCHEMA, "strict": True}}
        return self.plain(JSON_WORDS, 64, response_format=form)

    def size(self) -> Json:
        tools = [self._tool(name) for name in MANY_TOOLS]
        system = {"role": self._system_role(), "content": long_text()}
        turns = [system, {"role": "user", "content": "Reply with the word OK."}]
        return self.conversation(turns, FEW_TOKENS, tools=tools, **self._streaming())
