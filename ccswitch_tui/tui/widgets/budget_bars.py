"""A profile's budget as bars, one a limit. Content in, nothing asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ccswitch_tui.bars import TRACK, bar
from ccswitch_tui.profiles.budget import TOKENS
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.widgets.facts import fact_named

if TYPE_CHECKING:
    from ccswitch_tui.profiles.budget import BudgetState, Gauge

BAR_STYLES = {"ok": "$text-primary", "warn": "$text-warning", "over": "$text-error"}
GAUGE = 18


def budget_rows(state: BudgetState) -> list[Content]:
    """A profile's budget as bars."""
    rows = []
    for gauge in state.gauges:
        percent = f"{gauge.share * 100:.0f}%"
        level = "over" if gauge.share >= 1 else "warn" if gauge.share * 100 >= state.budget.warn else "ok"
        drawn = bar(gauge.share, GAUGE, ascii_only=look.ascii_only()).rstrip()
        rest = TRACK[look.ascii_only()] * (GAUGE - len(drawn))
        used = t("usage.gauge", used=amount_shown(gauge), limit=str(gauge.limit))
        shown = look.line((drawn, BAR_STYLES[level]), (rest, look.DISABLED), f" {percent}  {look.quoted(used)}")
        rows.append(fact_named(t(f"usage.budget_{gauge.span}"), shown))
    if state.stops:
        rows.append(look.item("fail", t("usage.budget_stops"), look.STYLES["fail"]))
    elif state.level != "ok":
        rows.append(look.item("warn", t("usage.budget_warns"), look.STYLES["warn"]))
    return rows


def amount_shown(gauge: Gauge) -> str:
    """What was used of a limit, in its unit but without it."""
    return look.short(int(gauge.used)) if gauge.limit.unit == TOKENS else f"{gauge.used:.4g}"
