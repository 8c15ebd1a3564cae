"""Thinking and effort as the client says them → the dialect this endpoint understands.

`thinking.type: disabled` wins over everything (an effort beside it is refused
by DeepSeek and others), `output_config.effort` wins over a token budget.
Source of the dialects: the vendors' public documentation; peers' tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.wire.quirks import Quirks

Json = dict[str, Any]

ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
USUAL_LEVELS = ("low", "medium", "high")
BUDGETS = ((2048, "low"), (8192, "medium"))
"""A budget up to this many tokens is that level; more is high."""
TOKENS = {"minimal": 512, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
"""A level as a budget, for dialects that know only tokens."""


class Wish(NamedTuple):
    """What the client wants: `on` is None where it does not say."""

    on: bool | None
    level: str | None
    budget: int | None


def wish_of(body: Json) -> Wish:
    """The wish in a Messages request."""
    thinking = body.get("thinking")
    thinking = thinking if isinstance(thinking, dict) else {}
    config = body.get("output_config")
    level = config.get("effort") if isinstance(config, dict) else None
    level = level if level in ORDER else None
    kind, budget = thinking.get("type"), thinking.get("budget_tokens")
    budget = budget if isinstance(budget, int) and not isinstance(budget, bool) and budget > 0 else None
    if kind == "disabled":
        return Wish(False, None, None)
    on = True if kind in ("enabled", "adaptive") else None
    if level is None and budget is not None:
        level = next((name for most, name in BUDGETS if budget <= most), "high")
    return Wish(on, level, budget)


def nearest(level: str, listed: tuple[str, ...]) -> str | None:
    """The highest listed level that is not above `level`, else the lowest listed one ("none" is off, not a level)."""
    if "default" in listed:
        return "default"
    ranks = sorted(ORDER.index(name) for name in listed if name in ORDER and name != "none")
    below = [rank for rank in ranks if rank <= ORDER.index(level)]
    return ORDER[(below or ranks[:1])[-1]] if ranks else None


def _reasoning_effort(wish: Wish, quirks: Quirks) -> Json:
    levels = quirks.effort_levels or USUAL_LEVELS
    if wish.on is False:
        return {"reasoning_effort": "none"} if quirks.effort_off == "send" and "none" in levels else {}
    level = nearest(wish.level, levels) if wish.level else None
    return {"reasoning_effort": level} if level else {}


def _reasoning(wish: Wish, quirks: Quirks) -> Json:
    if wish.on is False:
        return {"reasoning": {"enabled": False}} if quirks.effort_off == "send" else {}
    level = nearest(wish.level, quirks.effort_levels or USUAL_LEVELS) if wish.level else None
    if level:
        return {"reasoning": {"effort": level}}
    return {"reasoning": {"enabled": True}} if wish.on else {}


def _responses(wish: Wish, quirks: Quirks) -> Json:
    """The Responses API: without `summary` no thinking is shown, without `include` none can come back."""
    if wish.on is False or (wish.on is None and wish.level is None):
        return {}
    level = nearest(wish.level, quirks.effort_levels or ORDER) if wish.level else None
    said: Json = {"reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    return {"reasoning_effort": level, **said} if level else said


def _thinking(wish: Wish, quirks: Quirks) -> Json:
    if wish.on is False:
        return {"thinking": {"type": "disabled"}} if quirks.effort_off == "send" else {}
    body: Json = {"thinking": {"type": "enabled"}} if wish.on else {}
    if wish.on and quirks.reasoning_scope == "all":
        body["thinking"]["clear_thinking"] = False
    level = nearest(wish.level, quirks.effort_levels) if wish.level and quirks.effort_levels else None
    return {**body, "reasoning_effort": level} if level else body


def _enable_thinking(wish: Wish, quirks: Quirks) -> Json:
    if wish.on is None or (wish.on is False and quirks.effort_off == "omit"):
        return {}
    budget = {"thinking_budget": wish.budget} if wish.on and wish.budget else {}
    return {"enable_thinking": wish.on, **budget}


def _chat_template(wish: Wish, quirks: Quirks) -> Json:
    if wish.on is None or (wish.on is False and quirks.effort_off == "omit"):
        return {}
    return {"chat_template_kwargs": {"enable_thinking": wish.on, "thinking": wish.on}}


def _budget(wish: Wish) -> int | None:
    return wish.budget or (TOKENS.get(wish.level) if wish.level else None)


def _thinking_budget_tokens(wish: Wish, quirks: Quirks) -> Json:
    if wish.on is False:
        return {"thinking_budget_tokens": 0} if quirks.effort_off == "send" else {}
    budget = _budget(wish)
    return {"thinking_budget_tokens": budget} if budget else {}


def _google(wish: Wish, quirks: Quirks) -> Json:
    if wish.on is None or (wish.on is False and quirks.effort_off == "omit"):
        return {}
    budget = _budget(wish) if wish.on else 0
    config: Json = {"include_thoughts": wish.on, **({} if budget is None else {"thinking_budget": budget})}
    return {"extra_body": {"google": {"thinking_config": config}}}


DIALECTS: dict[str, Callable[[Wish, Quirks], Json]] = {
    "none": lambda wish, quirks: {},
    "reasoning_effort": _reasoning_effort,
    "reasoning": _reasoning,
    "thinking": _thinking,
    "enable_thinking": _enable_thinking,
    "chat_template_kwargs": _chat_template,
    "thinking_budget_tokens": _thinking_budget_tokens,
    "reasoning_split": lambda wish, quirks: {"reasoning_split": True},
    "google": _google,
    "responses": _responses,
}


def effort_fields(wish: Wish, quirks: Quirks, *, has_tools: bool, streams: bool) -> Json:
    """The body fields that say `wish` to this endpoint."""
    fields = DIALECTS[quirks.effort](wish, quirks)
    if has_tools and quirks.effort_with_tools != "send":
        fields.pop("reasoning_effort", None)
        if quirks.effort_with_tools == "none":
            fields["reasoning_effort"] = "none"
    if not streams and fields.get("enable_thinking"):
        return {"enable_thinking": False}  # Qwen: "must be set to false for non-streaming calls"
    return fields
