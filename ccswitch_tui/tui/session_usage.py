"""The session's part for usage and cost: what was used, how it compares, and files for other programs. No Textual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.tui.i18n import t

if TYPE_CHECKING:
    from ccswitch_tui.profiles.budget import BudgetState
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.usage import Row, Span

GROUPS = ("day", "profile", "model", "project", "session")
"""What usage is summed by, in the order the key goes round."""
SPANS = ("today", "week", "month", "year", "all")
INTO = {"day": "profile", "profile": "model", "model": "session", "project": "session", "session": "model"}
"""What a row is taken apart by."""


class Look(NamedTuple):
    """What the screen shows."""

    by: str = "day"
    span: str = "week"
    measure: str = "cost"
    only: Mapping[str, str] = {}
    """Names that were gone into; `day` picks that day alone."""


class UsageView(NamedTuple):
    """One look at the book."""

    rows: tuple[Row, ...]
    total: Row
    days: tuple[float, ...]
    """A figure a day, oldest first."""
    measure: str
    """`cost:CURRENCY`, `tokens` or `requests`: costs that nobody knows are no measure."""
    budgets: Mapping[str, BudgetState] = {}


class Counting:
    """Looking asks the proxy where it runs, else its file; never an endpoint."""

    ctx: Context

    def usage_view(self, look: Look) -> UsageView:
        """What was used, as the screen wants to see it."""
        from ccswitch_tui.workflows import usage
        from ccswitch_tui.workflows.budgets import budget_states

        span = self._span(look)
        only = {name: value for name, value in look.only.items() if name != "day"}
        rows = usage.usage(self.ctx, since=span.since, until=span.until, by=look.by, **only)
        currency = usage.main_currency(rows)
        measure = look.measure if look.measure != "cost" else f"cost:{currency}" if currency else "tokens"
        if look.by != "day":
            rows.sort(key=lambda row: -usage.amount_of(row, measure))
        days = rows if look.by == "day" else usage.usage(self.ctx, since=span.since, until=span.until, by="day", **only)
        figures = usage.every_day(days, span, measure)
        return UsageView(tuple(rows), usage.total_of(rows), tuple(figures), measure, budget_states(self.ctx))

    def _span(self, look: Look) -> Span:
        from ccswitch_tui.workflows.usage import Span, span_named

        day = look.only.get("day")
        return Span(day, day) if day else span_named(look.span, self.ctx.clock())

    def usage_export(self, look: Look, rows: Sequence[Row]) -> str:
        """Writes what is shown as CSV and as JSON, for this user only, and says where."""
        import json
        import os
        import time

        from ccswitch_tui.textfile import read_bytes, replace_text, sha256_of
        from ccswitch_tui.workflows.usage import total_of, usage_csv

        stamp = time.strftime("%Y-%m-%d", time.localtime(self.ctx.clock()))
        base = os.path.join(self.ctx.paths.state_dir, "exports", f"usage-{look.by}-{look.span}-{stamp}")
        document = {"version": 1, "usage": list(rows), "total": total_of(rows)}
        texts = {".csv": usage_csv(rows) + "\n", ".json": json.dumps(document, ensure_ascii=False, indent=2) + "\n"}
        for end, text in texts.items():
            path = base + end
            replace_text(path, text.encode(), expected_sha256=sha256_of(read_bytes(path)), private=True)
        return t("usage.exported", path=base + ".csv")
