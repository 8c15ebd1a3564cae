"""The last known balance of a profile as text, to and from its file. Pure, and light: `list` reads it."""

from __future__ import annotations

import json
from typing import Any

from ccswitch_tui.balance.model import Balance, Meter
from ccswitch_tui.sentence import NOTHING, Sentence, joined, say

VERSION = 1


def to_bytes(balance: Balance) -> bytes:
    """A balance as its file holds it: figures, and no part of a key or of a person's data."""
    return json.dumps({"version": VERSION, **balance.to_json()}, ensure_ascii=False).encode()


def from_bytes(data: bytes) -> Balance | None:
    """The balance of a file; None for one that is damaged or of another version."""
    try:
        table: dict[str, Any] = json.loads(data)
        if table.pop("version") != VERSION:
            return None
        meters = tuple(Meter(**row) for row in table.pop("meters"))
        balance = Balance(**table, meters=meters)
        float(balance.at)
        short_text(balance)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return balance


def meter_text(meter: Meter) -> Sentence:
    """One figure for a person, its direction always said."""
    unit = f" {meter.unit}{'?' if meter.assumed else ''}" if meter.unit else ""
    told = _amount_text(meter, unit)
    return say("{label} {told}", label=meter.label, told=told) if meter.label else told


def _amount_text(meter: Meter, unit: str) -> Sentence:
    if meter.unlimited and meter.used is not None:
        return say("without a limit, {used} used", used=f"{_figure(meter.used)}{unit}")
    if meter.unlimited:
        return say("without a limit")
    if meter.used_percent is not None:
        return say("{percent:g}% used", percent=meter.used_percent)
    if meter.remaining is None:
        return say("not stated")
    return say("{amount} left", amount=f"{_figure(meter.remaining)}{unit}")


def _figure(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def short_text(balance: Balance) -> Sentence:
    """All its figures in one line; "" where there are none."""
    return joined(map(meter_text, balance.meters), ", ") if balance.meters else NOTHING
