"""What a profile may use in a day or a month, in money or in tokens, and how much of it is gone. Plain data.

    [profiles.work.budget]
    day = "5 USD"              # or "2M tokens"
    month = "80 USD"
    warn = 80                  # percent from which it is said; 80 where it is left out
    stop = true                # refuse further requests; left out: only warn

Counted is what passed through the proxy, by local days and calendar months.
Money counts as far as a cost is known, a list's price included, and in the
budget's own currency alone; tokens are all of them, cached ones too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.sentence import joined, say, to_paste

SPANS = ("day", "month")
WARN_PERCENT = 80
TOKENS = "tokens"

_AMOUNT = r"([$€£¥]?)\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([kKmM]?)\s*([A-Za-z]{3,8}|)"
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}


class Limit(NamedTuple):
    """An amount of something."""

    amount: float
    unit: str
    """`tokens`, or a currency."""

    def __str__(self) -> str:
        if self.unit == TOKENS:
            for size, letter in ((1_000_000, "M"), (1000, "k")):
                if self.amount >= size and self.amount % (size // 1000 or 1) == 0:
                    return f"{self.amount / size:g}{letter} tokens"
        return f"{self.amount:g} {self.unit}"


class Budget(NamedTuple):
    """What the user allows."""

    day: Limit | None = None
    month: Limit | None = None
    warn: int = WARN_PERCENT
    """Percent of a limit from which it is said."""
    stop: bool = False
    """Whether the proxy refuses requests once a limit is used up."""

    def limits(self) -> dict[str, Limit]:
        """The limits by span."""
        return {span: limit for span, limit in zip(SPANS, (self.day, self.month), strict=True) if limit is not None}


def parse_limit(text: Any) -> Limit:
    """`5 USD`, `$5`, `2M tokens` as a Limit. Raises UsageError with an example."""
    found = re.fullmatch(_AMOUNT, text.strip()) if isinstance(text, str) else None
    if found:
        sign, figures, scale, word = found.groups()
        unit = _SIGNS.get(sign, "") or (TOKENS if word.lower() in (TOKENS, "token") else word.upper())
        amount = float(figures.replace(",", "").replace("_", "")) * {"k": 1e3, "m": 1e6}.get(scale.lower(), 1)
        if unit and not (sign and word) and 0 < amount < 1e15:
            return Limit(amount, unit if unit == TOKENS else unit.upper())
    raise UsageError(
        say("'{text}' is not a budget", text=text),
        hint=say("an amount and its unit, for example '5 USD' or '2M tokens'"),
    )


def parse_budget(table: Any) -> Budget:
    """The `budget` table of a profile. Raises UsageError naming the key."""
    if not isinstance(table, Mapping):
        raise UsageError(say("a budget is a table"), hint=to_paste('budget = { day = "5 USD", stop = true }'))
    for key, value in table.items():
        if key not in Budget._fields:
            raise UsageError(
                say("unknown key '{key}' of a budget", key=key),
                hint=say("known here: {names}", names=", ".join(Budget._fields)),
            )
        if key == "stop" and not isinstance(value, bool):
            raise UsageError(say("'stop' of a budget is true or false"))
        if key == "warn" and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100):
            raise UsageError(say("'warn' of a budget is a percentage from 1 to 100"))
    limits = {span: parse_limit(table[span]) for span in SPANS if span in table}
    if not limits:
        raise UsageError(say("a budget names no limit"), hint=say("its keys are 'day' and 'month'"))
    return Budget(**limits, warn=table.get("warn", WARN_PERCENT), stop=table.get("stop", False))


def budget_to_table(budget: Budget) -> dict[str, Any]:
    """The table that profiles.toml would hold."""
    table: dict[str, Any] = {span: str(limit) for span, limit in budget.limits().items()}
    if budget.warn != WARN_PERCENT:
        table["warn"] = budget.warn
    if budget.stop:
        table["stop"] = True
    return table


# ---------------------------------------------------------------- how much is gone


class Gauge(NamedTuple):
    """One limit and what was used of it."""

    span: str
    used: float
    limit: Limit

    @property
    def share(self) -> float:
        """1.0: all of it."""
        return self.used / self.limit.amount

    def text(self) -> str:
        """`4.2 of 5 USD today`."""
        used = f"{self.used:,.0f}" if self.limit.unit == TOKENS else f"{self.used:.4g}"
        if self.span == "day":
            return say("{used} of {limit} today", used=used, limit=str(self.limit))
        return say("{used} of {limit} this month", used=used, limit=str(self.limit))


class BudgetState(NamedTuple):
    """A profile's budget now."""

    profile: str
    budget: Budget
    gauges: tuple[Gauge, ...]
    unpriced: int = 0
    """Requests of the longest span whose cost nobody knows: a budget in money does not see them."""
    elsewhere: tuple[str, ...] = ()
    """Other currencies in which something was spent; they are not counted."""

    @property
    def fullest(self) -> Gauge:
        """The gauge of which the most is gone."""
        return max(self.gauges, key=lambda gauge: gauge.share)

    @property
    def level(self) -> str:
        """`ok`, `warn`, or `over`."""
        share = self.fullest.share
        return "over" if share >= 1 else "warn" if share * 100 >= self.budget.warn else "ok"

    @property
    def stops(self) -> bool:
        """Whether requests are refused now."""
        return self.budget.stop and self.level == "over"

    def text(self) -> str:
        """All gauges in a line, and what they do not see."""
        parts = [gauge.text() for gauge in self.gauges]
        if self.unpriced and any(gauge.limit.unit != TOKENS for gauge in self.gauges):
            parts.append(say("requests of unknown cost, not counted: {n}", n=self.unpriced))
        if self.elsewhere:
            parts.append(say("not counted: {currencies}", currencies=", ".join(self.elsewhere)))
        return joined(parts, "; ")

    def to_json(self) -> dict[str, Any]:
        """The documented form."""
        gauges = [
            {"span": g.span, "used": g.used, "limit": g.limit.amount, "unit": g.limit.unit, "share": round(g.share, 4)}
            for g in self.gauges
        ]
        return {
            "profile": self.profile,
            "level": self.level,
            "stops": self.stops,
            "warn": self.budget.warn,
            "stop": self.budget.stop,
            "gauges": gauges,
            "unpriced": self.unpriced,
            "other_currencies": list(self.elsewhere),
        }


class Used(NamedTuple):
    """What a profile used on one day: of one unit, how much."""

    day: str
    unit: str
    amount: float


def state_of(profile: str, budget: Budget, used: Iterable[Used], today: str, unpriced: int = 0) -> BudgetState:
    """The state on `today` (YYYY-MM-DD) from what was used; days of other months are not looked at."""
    rows = [row for row in used if row.day[:7] == today[:7]]
    gauges = []
    for span, limit in budget.limits().items():
        mine = [row.amount for row in rows if row.unit == limit.unit and (span == "month" or row.day == today)]
        gauges.append(Gauge(span, sum(mine), limit))
    counted = {limit.unit for limit in budget.limits().values()} | {TOKENS}
    money = any(limit.unit != TOKENS for limit in budget.limits().values())
    elsewhere = sorted({row.unit for row in rows if row.amount and row.unit not in counted}) if money else []
    return BudgetState(profile, budget, tuple(gauges), unpriced if money else 0, tuple(elsewhere))


def refusal(state: BudgetState) -> str:
    """What the client is told: which budget, how much, and the command that lifts it."""
    gauge, name = state.fullest, state.profile
    return say(
        "the budget you set for profile '{name}' is used up: {gauge}. "
        "To go on all the same: 'ccswitch-tui edit {name} --set budget.stop=false'; "
        "to raise it: 'ccswitch-tui edit {name} --set budget.{span}=…'",
        name=name,
        gauge=gauge.text(),
        span=gauge.span,
    )
