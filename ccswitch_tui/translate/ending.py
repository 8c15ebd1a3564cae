"""How an answer ends: the stop reason and the token counts the client is told.

Claude Code runs calls on `tool_use` only and goes on by itself on
`max_tokens`; its meter and its auto-compaction live on the counts. So a call
that was sent decides more than the upstream's word, and counts that are
missing are estimated, never zero.
"""

from __future__ import annotations

import math

from ccswitch_tui.translate.request import Translation
from ccswitch_tui.wire.openai_chat import Usage

BYTES_PER_TOKEN = 3.6
"""Of answers, for endpoints that count nothing: code and prose in UTF-8."""
LIMITS = ("max_completion_tokens", "max_tokens")

SMALLEST_CUT = 4000
"""Estimated input tokens from which on a far smaller count means that the server cut the conversation."""


def stop_of(finish: str, *, calls: int, matched: str | None, refused: bool) -> tuple[str, str | None]:
    """`stop_reason` and `stop_sequence`.

    `finish` is the upstream's word as ours ("" where it gave none), `calls` how
    many were sent whole, `matched` the stop string that was met.
    """
    if calls and finish != "max_tokens":
        return "tool_use", None
    if finish in ("", "end_turn"):
        if matched is not None:
            return "stop_sequence", matched
        return ("refusal" if refused else "end_turn"), None
    return finish, None


def is_silent_cut(counted: Usage | None, translation: Translation) -> bool:
    """The answer has just as many tokens as were allowed: it was cut, whatever the endpoint calls its end.

    llama.cpp's Responses API says "completed" then, OpenVINO's chat completions "stop".
    """
    if counted is None or not counted.output:
        return False
    limit = next((translation.body[name] for name in LIMITS if name in translation.body), None)
    return bool(counted.output == limit)


def usage_of(counted: Usage | None, said_bytes: int, translation: Translation) -> dict[str, int]:
    """All four counts; what the upstream did not count is estimated, and a notice says so."""
    usage = {
        "input_tokens": translation.input_estimate,
        "output_tokens": math.ceil(said_bytes / BYTES_PER_TOKEN),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    if counted is None or not counted.prompt:
        translation.notices.add("guessed", "the endpoint counted no input tokens: estimated")
    else:
        usage["input_tokens"] = counted.input or 0
        usage["cache_creation_input_tokens"] = counted.cache_write
        usage["cache_read_input_tokens"] = counted.cache_read
        _warn_of_cut(counted.prompt, translation)
    if counted is not None and counted.output is not None and (counted.output or not said_bytes):
        usage["output_tokens"] = counted.output
        if counted.prompt:
            translation.stated["counted"] = 1
    if counted is not None and counted.cost is not None:
        translation.stated["cost"] = counted.cost
    return usage


def _warn_of_cut(prompt: int, translation: Translation) -> None:
    estimate = translation.input_estimate
    if estimate > SMALLEST_CUT and prompt < 0.4 * estimate:
        translation.notices.add(
            "limit",
            f"the endpoint counted {prompt} input tokens where about {estimate} were sent: it may cut long "
            "conversations (raise num_ctx or the loaded context)",
        )
