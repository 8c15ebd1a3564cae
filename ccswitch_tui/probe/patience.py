"""How long a probe waits: for an answer to begin, and when the endpoint itself asks for patience. Pure.

An endpoint that hangs is waited for once; one that names a time is believed, up to ten seconds.
"""

from __future__ import annotations

import re

from ccswitch_tui.probe.asks import AFTER_HANG_S, LOCAL_PATIENCE_S, MESSAGE_PATIENCE_S
from ccswitch_tui.probe.exchange import Ask, Exchange
from ccswitch_tui.probe.facts import Read

HANGS = frozenset(["timeout", "stream-endless"])
"""An endpoint that did so once gets less patience from then on."""
AT_ONCE = frozenset(["http", "models", "message", "tiers", "native"])
"""Rungs whose whole answer is as short as its beginning."""

MARGIN_S = 0.5
"""Asked again at the very second it named, a server still refuses."""

LONGEST_WAIT_S = 10.0
"""A longer retry-after ends the probe: the finding says when to come back."""


def with_patience(wanted: Ask, usual_s: float, *, full: bool, hung: bool) -> Ask:
    """The request with the patience left for this endpoint; `hung`: it has kept us waiting for nothing already."""
    streams = b'"stream":true' in wanted.body
    if not (hung or streams or wanted.rung in AT_ONCE):
        return wanted
    begins = max(usual_s, LOCAL_PATIENCE_S) if full else usual_s
    begins = min(begins, AFTER_HANG_S) if hung else begins
    if wanted.method == "GET":
        begins = min(begins, wanted.patience_s)
    whole = max(begins, MESSAGE_PATIENCE_S) if streams and not hung else begins
    return wanted._replace(first_byte_s=begins, patience_s=whole)


def asks_for_patience(read: Read) -> bool:
    """A refusal that waiting may cure, within the time it names."""
    kind = read.answer.kind
    return kind == "rate-limited" or (kind == "overloaded" and told_wait_s(read.exchange) is not None)


def retry_after_s(exchange: Exchange) -> float:
    """How long the endpoint asks us to wait; 2 s when it does not say."""
    told = told_wait_s(exchange)
    return 2.0 if told is None else told


def told_wait_s(exchange: Exchange) -> float | None:
    """How long the endpoint asks us to wait, by a header or in its words; None when it does not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = exchange.header(name)
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value) * unit
    told = re.search(
        r"(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?) ?(ms|s\b|sec|m\b|min|h)?", exchange.body, re.IGNORECASE
    )
    if told is None:
        return None
    units = {"ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0}
    return float(told[1]) * units.get((told[2] or "s").lower(), 1.0)
