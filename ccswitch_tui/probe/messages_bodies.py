"""The probe's questions as Anthropic's messages. No quirks: such an endpoint is asked by Claude Code itself."""

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
from ccswitch_tui.wire.codec import loads

Json = dict[str, Any]

CLIENT_BETAS = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27"
"""Of those Claude Code 2.1.330 names (measured)."""
CACHED = {"cache_control": {"type": "ephemeral"}}


class MessagesBodies(Bodies):
    """Anthropic's messages."""

    def conversation(self, messages: list[Json], limit: int, **more: Any) -> Json:
        return {"model": self.place.model, "max_tokens": limit, "messages": messages, **more}

    def as_the_client(self) -> Json:
        """The smallest question as Claude Code would ask it: an endpoint that refuses this is of no use to it."""
        marked = [{"type": "text", "text": ONE_WORD, **CACHED}]
        return self.plain(
            "Reply with the word OK.",
            2048,
            system=marked,
            tools=[self._tool(TOOL)],
            thinking={"type": "adaptive"},
            output_config={"effort": "low"},
            context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
            metadata={"user_id": "probe"},
        )

    def _tool(self, name: str) -> Json:
        return {"name": name, "description": "Current weather in a city", "input_schema": TOOL_SCHEMA}

    def _forced(self) -> Json:
        return {"tool_choice": {"type": "tool", "name": TOOL}}

    def second_turn(self, call_id: str, name: str, arguments: str, reasoning: str = "") -> Json:
        use = {"type": "tool_use", "id": call_id, "name": name, "input": loads(arguments or "{}")}
        told = {"type": "tool_result", "tool_use_id": call_id, "content": TOOL_RESULT}
        question: Json = {"role": "user", "content": WEATHER_WORDS}
        turns = [question, {"role": "assistant", "content": [use]}, {"role": "user", "content": [told]}]
        return self.conversation(turns, 32, tools=[self._tool(TOOL)])

    def system(self) -> Json:
        turns = [turn for turn in LATE_TURNS if turn["role"] != "system"]
        marked = [{"type": "text", "text": ONE_WORD, **CACHED}]
        return self.conversation(turns, FEW_TOKENS, system=marked)

    def stop(self) -> Json:
        return self.plain(STOP_WORDS, 32, stop_sequences=["HALT"])

    def _picture(self, png: str) -> Json:
        return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png}}

    def reasoning(self) -> Json:
        return self.plain(REASONING_WORDS, 1100, thinking={"type": "enabled", "budget_tokens": 1024})

    def json(self) -> Json:
        return self.plain(JSON_WORDS, 64, output_config={"format": {"type": "json_schema", "schema": TITLE_SCHEMA}})

    def size(self) -> Json:
        tools = [self._tool(name) for name in MANY_TOOLS]
        marked = [{"type": "text", "text": long_text(), **CACHED}]
        return self.plain(
            "Reply with the word OK.", system=marked, tools=tools, metadata={"user_id": "probe"}, stream=True
        )
