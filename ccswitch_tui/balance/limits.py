"""Rate limits as every answer's headers tell them, for nothing. Pure.

A rate limit is neither a balance nor a plan's window: it fills again by itself,
mostly within a minute. What a header does not say is None and never 0; a reset
in a form nobody knows is left out. Sources: docs.claude.com "Rate limits"
(RFC 3339), platform.openai.com "Rate limits" (durations like `6m0s`), Groq
(requests a day, tokens a minute), Cerebras (`-requests-day`, seconds), Mistral
(`-req-minute`), ModelScope, LiteLLM 1.106.2 as measured (OpenAI's names), the
IETF draft `ratelimit-*` (seconds).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ccswitch_tui.balance.model import moment, number
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import Sentence, say

MOST = 8
"""Limits kept of one answer."""
LONGEST_VALUE = 64

_NAMES = (
    re.compile(
        r"anthropic-ratelimit-(?P<what>requests|tokens|input-tokens|output-tokens)-(?P<part>limit|remaining|reset)"
    ),
    re.compile(r"anthropic-ratelimit-unified-(?P<what>5h|7d)-(?P<part>utilization|reset)"),
    re.compile(
        r"x-ratelimit-(?P<part>limit|remaining|reset)-(?P<what>req(?:uests)?|tokens)(?:-(?P<per>minute|hour|day))?"
    ),
    re.compile(r"modelscope-ratelimit-(?P<what>(?:model-)?requests)-(?P<part>limit|remaining)"),
    re.compile(r"ratelimit-(?P<part>limit|remaining|reset)"),
)
_GO = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


class Limit(NamedTuple):
    """One limit as an answer stated it."""

    what: str
    """`requests`, `tokens`, `input-tokens`…; with `/minute` and the like where that is said."""
    limit: float | None = None
    remaining: float | None = None
    resets_at: float | None = None
    """Seconds since the epoch."""
    used_percent: float | None = None
    """Where that is all that is said."""

    @property
    def left(self) -> float | None:
        """The part that is left, 0 to 1; None where the headers do not say."""
        if self.used_percent is not None:
            return max(0.0, 1 - self.used_percent / 100)
        if self.remaining is None or not self.limit or self.limit < 0:
            return None
        return min(1.0, max(0.0, self.remaining / self.limit))

    def to_json(self) -> dict[str, Any]:
        """As it is kept and shown to programs."""
        return self._asdict()


def limits_in(headers: Iterable[tuple[str, str]], now: float) -> list[Limit]:
    """What the headers of one answer say, in their order. `now` is when it came."""
    found: dict[str, dict[str, float | None]] = {}
    for name, value in headers:
        lower = name.lower()
        if "ratelimit" not in lower or len(value) > LONGEST_VALUE:
            continue
        named = next((match for pattern in _NAMES if (match := pattern.fullmatch(lower))), None)
        if named is None:
            continue
        parts = named.groupdict()
        what = parts.get("what") or "requests"
        what = "requests" if what == "req" else what
        per = parts.get("per")
        row = found.setdefault(f"{what}/{per}" if per else what, {})
        row[parts["part"]] = reset_at(value, now) if parts["part"] == "reset" else number(value)
    limits = []
    for what, row in list(found.items())[:MOST]:
        used = row.get("utilization")
        limit = Limit(
            what, row.get("limit"), row.get("remaining"), row.get("reset"), None if used is None else used * 100
        )
        if limit.remaining is not None or limit.used_percent is not None:
            limits.append(limit)
    return limits


def reset_at(text: str, now: float) -> float | None:
    """When a limit fills again, of any form we know: RFC 3339, epoch (s or ms), seconds from now, `1m30s`, `12ms`."""
    text = text.strip()
    seconds = number(text)
    if seconds is not None:
        if seconds >= 1e9:
            return moment(text)
        return now + seconds if 0 <= seconds <= 366 * 86_400 else None
    go = _GO.fullmatch(text)
    if go and any(go.groups()):
        hours, minutes, secs, millis = (float(part or 0) for part in go.groups())
        return now + hours * 3600 + minutes * 60 + secs + millis / 1000
    return moment(text)


def tightest(limits: Iterable[Limit]) -> Limit | None:
    """The one of which the smallest part is left."""
    return min((limit for limit in limits if limit.left is not None), key=lambda one: one.left or 0.0, default=None)


def limits_from_json(rows: Any) -> list[Limit]:
    """Kept limits; a row that is none is left out."""
    found = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("what"), str):
            figures = {name: number(row.get(name)) for name in Limit._fields[1:]}
            found.append(Limit(row["what"][:40], **figures))
    return found[:MOST]


def limit_text(limit: Limit, now: float) -> Sentence:
    """One limit for a person: how much is left of how much, and when it fills again."""
    if limit.used_percent is not None:
        told = say("{what} {percent:.0f}% used", what=limit.what, percent=limit.used_percent)
    elif limit.limit:
        left, most = limit.remaining or 0, limit.limit
        told = say("{what} {left:,.0f} of {most:,.0f} left", what=limit.what, left=left, most=most)
    else:
        told = say("{what} {left:,.0f} left", what=limit.what, left=limit.remaining or 0)
    wait = (limit.resets_at or 0) - now
    return say("{told}, {wait:.0f} s", told=told, wait=wait) if 0 < wait < 120 else told
