"""What a refusal teaches that a probe met: by the proxy's own table, so that the two cannot disagree. Pure.

refusals.toml says what a refusal means to a person; which quirk mends it is the
proxy's to know, for it is the proxy that will send the next request.
"""

from __future__ import annotations

from typing import Any

from ccswitch_tui.probe.exchange import Exchange
from ccswitch_tui.probe.shapes import parsed
from ccswitch_tui.translate.asked import Shown, items_shown
from ccswitch_tui.translate.failure import Learned
from ccswitch_tui.translate.native_refusals import native_lesson
from ccswitch_tui.translate.overflow import overflow_in
from ccswitch_tui.translate.refusal_rows import EFFORT_FIELDS
from ccswitch_tui.translate.refusals import learn
from ccswitch_tui.translate.words import Words, read_words
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

OF_THE_PROBE = frozenset({"refused_images"})
"""Lessons about the very picture that was sent: the probe's is nobody else's."""


def lesson_in(exchange: Exchange, status: int | None) -> Learned | None:
    """The quirk under which this request would go through, if the answer names it."""
    asked = parsed(exchange.request_body)
    if status is None or not isinstance(asked, dict) or not isinstance(asked.get("messages", asked.get("input")), list):
        return None
    words = read_words(exchange.body.encode("utf-8", "replace"))
    if words.html or overflow_in(words) is not None:
        return None
    lesson = _lesson(exchange, status, words, asked)
    return None if lesson is None or lesson.quirk in OF_THE_PROBE else lesson


def _lesson(exchange: Exchange, status: int, words: Words, asked: Json) -> Learned | None:
    if exchange.wire == "anthropic":
        headers = {name.lower(): value for name, value in exchange.request_headers}
        betas, version = headers.get("anthropic-beta", ""), headers.get("anthropic-version", "")
        return native_lesson(status, words, asked, Quirks(), betas=betas, version=version)
    quirks = quirks_in(asked)
    if exchange.wire == "openai-responses":
        return learn(status, words, items_shown(asked, quirks))
    return learn(status, words, Shown(asked, quirks, thinking=not _asks_no_thinking(asked)))


def _asks_no_thinking(asked: Json) -> bool:
    """Whether thinking is turned off, in whichever dialect."""
    off = [asked.get("reasoning_effort"), asked.get("enable_thinking"), asked.get("thinking_budget_tokens")]
    for table in (asked.get("reasoning"), asked.get("thinking"), asked.get("chat_template_kwargs")):
        off += table.values() if isinstance(table, dict) else []
    return any(value in ("none", "disabled") or value is False or value == 0 for value in off)


def quirks_in(asked: Json) -> Quirks:
    """The quirks that a request shows to be in force, where a row of the table asks for them."""
    turns = [turn for turn in asked.get("messages") or () if isinstance(turn, dict)]
    roles = [turn.get("role") for turn in turns]
    replayed = [field for field in ("reasoning_content", "reasoning") if any(field in turn for turn in turns)]
    return Quirks(
        effort="reasoning_effort" if any(field in asked for field in EFFORT_FIELDS) else "none",
        reasoning_replay=replayed[0] if replayed else "none",
        max_tokens_field="max_completion_tokens" if "max_completion_tokens" in asked else "max_tokens",
        mid_system="keep" if "system" in roles[1:] or "developer" in roles[1:] else "fold",
        system_role="developer" if roles[:1] == ["developer"] else "system",
        tool_images="inline" if any(_is_pictured(turn) for turn in turns) else "user",
        top_k="top_k" in asked,
        pdf="file",
        schema="strict" if any(_is_strict(tool) for tool in asked.get("tools") or ()) else "as_is",
        user_field=next((field for field in USER_FIELDS if field in asked), "none"),
        response_format="json_object" if _form(asked) == "json_object" else "json_schema",
    )


USER_FIELDS = ("user", "prompt_cache_key", "safety_identifier")


def _form(asked: Json) -> Any:
    form = asked.get("response_format")
    return form.get("type") if isinstance(form, dict) else None


def _is_strict(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    return isinstance(function, dict) and function.get("strict") is True


def _is_pictured(turn: Json) -> bool:
    """A tool's result with a picture in it."""
    return turn.get("role") == "tool" and isinstance(turn.get("content"), list)
