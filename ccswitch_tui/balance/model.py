"""What an endpoint says is left, in its own units. Pure.

Three things that are never one number: money that runs out, windows of a plan,
and a key's own limit. A field that is absent is None, and never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from ccswitch_tui.record import NamedTuple

State = Literal["known", "empty", "refused", "expired", "busy", "not-understood", "unreachable", "unknown", "consent"]
"""`empty`: known, and nothing is left; `busy`: the route itself refuses now; `consent`: another host would be asked."""

FRESH_STATES: tuple[State, ...] = ("known", "empty", "refused", "expired", "not-understood")
"""What an answer said: it replaces what was known. The others leave that as it was, with its age."""


LATEST_S = 1e10
"""The year 2286: what is later is no time."""


class Meter(NamedTuple):
    """One figure."""

    kind: Literal["money", "window", "key"]
    label: str = ""
    """Which window or account; "" for the only one."""
    remaining: float | None = None
    used: float | None = None
    limit: float | None = None
    used_percent: float | None = None
    unit: str = ""
    """A currency (ISO 4217), `quota` for a gateway's own, "" where the answer does not say."""
    assumed: bool = False
    """The unit is the catalogue's, not the answer's."""
    resets_at: float | None = None
    """Seconds since the epoch."""
    unlimited: bool = False

    @property
    def is_used_up(self) -> bool | None:
        """Nothing is left by this figure; None where it does not say."""
        if self.unlimited:
            return False
        if self.used_percent is not None:
            return self.used_percent >= 100
        return None if self.remaining is None else self.remaining <= 0


class Balance(NamedTuple):
    """One look at what is left."""

    state: State
    at: float
    """When it was asked, in seconds since the epoch."""
    host: str = ""
    key_ref: str = ""
    """Which key was asked about, by its reference."""
    meters: tuple[Meter, ...] = ()
    words: str = ""
    """What the provider says besides, or why nothing is known."""
    source: str = ""
    """Where the route is described."""

    def to_json(self) -> dict[str, Any]:
        """The documented form of one row of `balance --json`."""
        return {**self._asdict(), "meters": [meter._asdict() for meter in self.meters], "words": str(self.words)}


class Reading(NamedTuple):
    """What a reader found in an answer."""

    meters: tuple[Meter, ...]
    words: str = ""
    expired: bool = False
    ends_at: float | None = None
    """When the key ends by itself, in seconds since the epoch."""
    blocked: bool = False
    """The provider says that calls will be refused, whatever is left."""


class NotUnderstood(ValueError):
    """The answer has not the documented shape."""


class Refused(ValueError):
    """The answer is a refusal, whatever its status code says."""


def state_of(reading: Reading) -> State:
    """`empty` when money is gone and no other money is left; a plan's full window is not "no money"."""
    if reading.expired:
        return "expired"
    money = [meter.is_used_up for meter in reading.meters if meter.kind in ("money", "key")]
    return "empty" if money and all(used_up is True for used_up in money) else "known"


def number(value: Any) -> float | None:
    """A figure, also where it is written as a text; None for what is none. Never 0 for what is absent."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def needed(table: Mapping[str, Any], name: str) -> float:
    """A figure that must be there. Raises NotUnderstood."""
    found = number(table.get(name))
    if found is None:
        raise NotUnderstood(name)
    return found


def table_of(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at that path. Raises NotUnderstood."""
    for name in ("", *path):
        value = value.get(name) if name and isinstance(value, dict) else value
        if not isinstance(value, dict):
            raise NotUnderstood(name or "object")
    return value  # type: ignore[no-any-return]


def rows_of(table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list. Raises NotUnderstood when it is absent."""
    rows = table.get(name)
    if not isinstance(rows, list):
        raise NotUnderstood(name)
    return [row for row in rows if isinstance(row, dict)]


def moment(value: Any) -> float | None:
    """A time in seconds since the epoch: from seconds, milliseconds (from 1e11 on) or RFC 3339; None for others."""
    found = number(value)
    if found is not None:
        seconds = found / 1000 if found >= 1e11 else found
        return seconds if 0 < seconds < LATEST_S else None
    if not isinstance(value, str):
        return None
    import re
    from datetime import UTC, datetime

    cut = re.sub(r"(\.\d{6})\d+", r"\1", value.strip())  # one provider writes nanoseconds
    try:
        read = datetime.fromisoformat(cut)
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
