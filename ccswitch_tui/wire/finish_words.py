"""What the word means that an endpoint ends an answer with.

Pure. A word nobody has listed is read by its parts: servers put the names of
their enums around the words (`FinishReason.MAX_TOKENS`), and invent new ones
for every way in which they fail. Sources: public API documentation, and the
reports of vLLM, SGLang, Gemini, Cohere, DeepSeek and LiteLLM.
"""

# ruff: noqa: E501  (a pattern stays in one piece, so that it can be searched for)

from __future__ import annotations

import re
from typing import Any

FINISH = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "eos_token_id", "end_turn", "end_of_turn", "end_of_text", "eot", "end",
         "stop_token",
         "stop_sequence", "stop_string", "stop_str", "complete", "completed", "done", "finish", "finished", "success",
         "ok", "normal", "natural", "<|im_end|>", "[done]",
         "tool_calls", "tool_call", "tool_use", "tools", "tool", "tooluse", "toolcalls", "tool-calls",
         "function_call", "function_calls", "requires_action"),
        "end_turn",
    ),
    **dict.fromkeys(
        ("length", "max_tokens", "model_length", "max_output_tokens", "max_length", "max_new_tokens", "token_limit",
         "max_completion_tokens", "output_length", "length_capped", "maxtokens", "limit"),
        "max_tokens",
    ),
    **dict.fromkeys(
        ("content_filter", "contentfilter", "safety", "sensitive", "refusal", "recitation", "prohibited_content",
         "blocklist", "spii", "image_safety", "content_filtered", "guardrail_intervened", "moderation", "policy"),
        "refusal",
    ),
    "model_context_window_exceeded": "model_context_window_exceeded",
}  # fmt: skip
"""finish_reason, lower case → stop_reason. That a call was made is known from the call, not from this word: several
servers say stop after one."""

FAILED, UNCLEAR = "error", "unclear"

_ENUM = re.compile(r"finish[ _]?reason[._: ]*(?=\w)")
"""The name of the enum, as Python, Go and Protobuf print it before the member."""

_PARTS = (
    ("model_context_window_exceeded", r"context.{0,8}(?:length|window|size|limit|full|overflow)"),
    ("max_tokens", r"(?:tokens?|length|output).{0,10}(?:limit|max|exceed|reach)|(?:limit|max)\w{0,6}.{0,8}(?:tokens?|length|output)|^length\b|^limit reached"),
    ("refusal", r"safety|guardrail|blocked|blocklist|polic(?:y|ies)|moderat|risk|censor|prohibit|sensitive|content.{0,4}filter|refus|flagged"),
    (FAILED,
     r"abort|cancel|time|deadline|fail|error|fault|malform|incomplete|unexpected|invalid|interrupt|exception|crash|kill|panic"
     r"|terminat|preempt|evict|overload|unavailable|disconnect|network|socket|reset|\boom\b|out.?of.?memory|reject|denied|toxic|filter"
     r"|unspecified|insufficient|missing|too.?many|partial|truncat|shutdown|drain|expired|lost|broken|stall|unfinished|repetition|loop"
     r"|dead|died|\bdie\b|rate.?limit|quota|budget|credit|exhaust|exceed|halt|suspend|dropp|discard|pause|\bcut\b|hang|hung|stuck|corrupt"
     r"|\bbad\b|\bno\b|empty|degenerat|\bnull\b|by.server|^(?:image.)?other$|^language$|violat"),
    ("end_turn", r"\beos\b|^(?:(?:natural|normal|clean|model) )?stop(?:ped)?(?: (?:words?|criteri\w+|condition|found|matched|hit))?$|^end turn$"),
)  # fmt: skip
"""What a word holds → its meaning; the first row that is found counts. vLLM and SGLang abort; Gemini's
MALFORMED_FUNCTION_CALL and UNEXPECTED_TOOL_CALL (with LiteLLM's words around them), Cohere's ERROR_TOXIC, DeepSeek's
insufficient_system_resource."""
_MEANINGS = tuple((meaning, re.compile(pattern)) for meaning, pattern in _PARTS)
NOT_YET = frozenset(
    {
        "",
        "null",
        "none",
        "undefined",
        "nan",
        "in_progress",
        "running",
        "generating",
        "processing",
        "streaming",
        "pending",
        "continue",
    }
)
"""What some servers write into every chunk while nothing has ended."""
_BETWEEN = re.compile(r"(?<=[a-z])(?=[A-Z])")


def finish_of(word: str) -> str:
    """What this finish_reason means: a stop_reason, FAILED, or UNCLEAR for a word that says nothing either way."""
    low = word.strip().lower()
    known = FINISH.get(low)
    if known is not None:
        return known
    low = _BETWEEN.sub("_", word.strip()).lower() if not word.isupper() else low
    low = _ENUM.sub("", low)
    known = FINISH.get(low)
    if known is not None:
        return known
    spaced = low.replace("_", " ").replace("-", " ")
    return next((meaning for meaning, pattern in _MEANINGS if pattern.search(spaced)), UNCLEAR)


def word_in(value: Any) -> str:
    """The word in a finish_reason: a text, an object around it, or a list; "" where nothing has ended yet."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = next((value[key] for key in ("type", "reason", "name", "value") if value.get(key)), "")
    word = value.strip() if isinstance(value, str) else ""
    return "" if word.lower() in NOT_YET else word
