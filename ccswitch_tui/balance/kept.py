"""The last known balance of a profile as text, to and from its file. Pure, and light: `list` reads it."""

from __future__ import annotations

import json
from typing import Any

from ccswitch_tui.balance.model import Balance, Meter

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


def meter_text(meter: Meter) -> str:
    """One figure for a person, its direction always said."""
    unit = f" {meter.unit}{'?' if meter.assumed else ''}" if meter.unit else ""
    label = f"{meter.label} " if meter.label else ""
    if meter.unlimited:
        used = "" if meter.used is None else f", {_figure(meter.used)}{unit} used"
        return f"{label}without a limit{used}"
    if meter.used_percent is not None:
        return f"{label}{meter.used_percent:g}% used"
    return f"{label}{_figure(meter.remaining)}{unit} left" if meter.remaining is not None else f"{label}not stated"


def _figure(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def short_text(balance: Balance) -> str:
    """All its figures in one line; "" where there are none."""
    return ", ".join(map(meter_text, balance.meters))
