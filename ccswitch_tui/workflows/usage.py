"""What was used and what it cost, summed as somebody wants to see it, for both faces and for spreadsheets.

The proxy is asked where it runs, because it knows what is not saved yet; else
its file is read. Nothing here asks an endpoint. Amounts of two currencies are
never added up, and what is a list's price stays told apart from a bill.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from ccswitch_tui.errors import UsageError
from ccswitch_tui.sentence import NOTHING, Sentence, quoting, say, to_paste
from ccswitch_tui.workflows.amounts import amount_text

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context

Row = dict[str, Any]

STATED = ("endpoint", "prices")
"""Sources of a cost that are no estimate: the endpoint's bill, and the prices the user stated."""

SPANS = ("today", "week", "month", "year", "all")
DAYS = {"today": 1, "week": 7, "year": 365}


class Span(NamedTuple):
    """Days from `since` to `until`, both included; "" for no end."""

    since: str = ""
    until: str = ""


def span_named(name: str, now: float) -> Span:
    """`today`, `week` (7 days), `month` (since its first), `year` (365 days) or `all`."""
    today = day_of(now)
    if name == "all":
        return Span()
    if name == "month":
        return Span(today[:8] + "01", today)
    return Span(days_before(today, DAYS[name] - 1), today)


def day_of(at: float) -> str:
    """The local date, YYYY-MM-DD."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def days_before(day: str, days: int) -> str:
    """The date so many days earlier."""
    from datetime import date, timedelta

    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


def check_day(text: str) -> str:
    """A date as it is written here. Raises UsageError for what is none."""
    from datetime import date

    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise UsageError(say("'{text}' is not a date", text=text), hint=to_paste("--since 2026-11-01")) from None
    return text


def usage(
    ctx: Context, *, since: str = "", until: str = "", by: str | Sequence[str] = "", **only: str | None
) -> list[Row]:
    """Usage by day, profile and model, or summed by some of them, by session or by project. Works without the proxy."""
    names = [by] if isinstance(by, str) and by else list(by) or ["day", "profile", "model"]
    picked = {name: value for name, value in only.items() if value is not None}
    if ctx.proxy.status().running:
        from ccswitch_tui.workflows.traffic import ask_json

        query = urlencode({"since": since, "until": until, "by": ",".join(names), **picked})
        rows = list(ask_json(ctx, f"/_ccswitch/usage?{query}").get("usage", ()))
    else:
        import os

        from ccswitch_tui.proxy.books.usage import UsageBook

        book = UsageBook(os.path.join(ctx.paths.state_dir, "usage.sqlite3"))
        rows = book.summed(names, since=since, until=until, **picked)
    return [with_rates(row) for row in rows]


def with_rates(row: Mapping[str, Any]) -> Row:
    """The row with `cache_rate`, the part of the prompt tokens that came from a cache, `tokens_per_s` of the answers
    that were streamed, and `estimated_cost`, the part of the cost that is a list's price; None where nobody knows."""
    prompt = row["input_tokens"] + row["cache_read_tokens"] + row["cache_write_tokens"]
    timed = row.get("timed_ms", 0)
    by = row.get("cost_by", {})
    listed: dict[str, float] = {}
    for source, amounts in by.items():
        if source not in STATED and source:
            for currency, amount in amounts.items():
                listed[currency] = round(listed.get(currency, 0.0) + amount, 9)
    return {
        **row,
        "cache_rate": round(row["cache_read_tokens"] / prompt, 4) if prompt else None,
        "tokens_per_s": round(row["timed_tokens"] * 1000 / timed, 1) if timed else None,
        "estimated_cost": listed,
    }


def tokens_of(row: Mapping[str, Any]) -> int:
    """All tokens of a row: read, written, and cached."""
    kinds = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    return sum(int(row[kind]) for kind in kinds)


def total_of(rows: Sequence[Row]) -> Row:
    """All rows as one."""
    from ccswitch_tui.proxy.books.usage import COUNTS, NAMES

    total: Row = {**dict.fromkeys(NAMES, ""), **dict.fromkeys((*COUNTS, "priced"), 0), "cost": {}, "cost_by": {}}
    for row in rows:
        for name in (*COUNTS, "priced"):
            total[name] += row[name]
        _add(total["cost"], row["cost"])
        for source, amounts in row["cost_by"].items():
            _add(total["cost_by"].setdefault(source, {}), amounts)
    return with_rates(total)


def _add(sums: dict[str, float], more: Mapping[str, float]) -> None:
    for currency, amount in more.items():
        sums[currency] = round(sums.get(currency, 0.0) + amount, 9)


def every_day(rows: Sequence[Row], span: Span, measure: str) -> list[float]:
    """One figure a day, oldest first, days without any use as 0: what a sparkline shows. Bounded to 366 days."""
    by_day = {row["day"]: amount_of(row, measure) for row in rows}
    if not by_day:
        return []
    last = max(span.until, *by_day) if span.until else max(by_day)
    first = max(span.since or min(by_day), days_before(last, 365))
    found, day = [], last
    while day >= first:
        found.append(by_day.get(day, 0.0))
        day = days_before(day, 1)
    return found[::-1]


MEASURES = ("cost", "tokens", "requests")


def amount_of(row: Mapping[str, Any], measure: str) -> float:
    """What a bar shows of a row: `tokens`, `requests`, or `cost:CURRENCY`."""
    if measure == "tokens":
        return float(tokens_of(row))
    if measure == "requests":
        return float(row["requests"])
    return float(row["cost"].get(measure.partition(":")[2], 0.0))


def main_currency(rows: Sequence[Row]) -> str:
    """The currency of most priced rows; "" where no cost is known. Bars show one currency at a time."""
    count: dict[str, int] = {}
    for row in rows:
        for currency in row["cost"]:
            count[currency] = count.get(currency, 0) + 1
    return max(sorted(count), key=lambda one: count[one], default="")


# ---------------------------------------------------------------- as text


def cost_text(row: Mapping[str, Any]) -> Sentence:
    """What a row of usage cost; "" where nothing is known. `~` before what is a list's price, and of how many requests
    it is known where not of all."""
    if not row["cost"]:
        return NOTHING
    listed = row.get("estimated_cost") or {}
    told = " + ".join(
        f"{'~' if listed.get(currency) else ''}{amount_text(amount, currency)}"
        for currency, amount in sorted(row["cost"].items())
    )
    if row["priced"] >= row["requests"]:
        return quoting(told)
    return say("{cost} ({n} of {all} requests)", cost=told, n=row["priced"], all=row["requests"])


def rate_text(row: Mapping[str, Any]) -> str:
    """The cache rate for a person."""
    return "-" if row["cache_rate"] is None else f"{row['cache_rate'] * 100:.0f}%"


def speed_text(row: Mapping[str, Any]) -> str:
    """Tokens a second of an answer on its way, for a person."""
    speed = row["tokens_per_s"]
    return "-" if speed is None else f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}"


# ---------------------------------------------------------------- for other programs

CSV_COLUMNS = (
    "day", "profile", "model", "requests", "errors", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "output_tokens", "cache_rate", "priced", "currency", "cost", "estimated_cost", "session", "project", "cancels",
    "retries", "estimated", "tokens_per_s",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ONCE_A_CURRENCY = ("day", "profile", "model", "session", "project")
"""What also stands in the line of a second currency; counts do not, so that a column adds up."""


def usage_csv(rows: Sequence[Row]) -> str:
    """Usage for a spreadsheet. The counts stand once a row; a second currency has a line of its own without them.

    A model's or a folder's name is whatever a client says, so one that a spreadsheet would run gets a quote in front.
    """
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        listed = row.get("estimated_cost", {})
        for number, (currency, amount) in enumerate(sorted(row["cost"].items()) or [("", "")]):
            shown = row if number == 0 else {name: row.get(name) for name in ONCE_A_CURRENCY}
            money = {
                "currency": currency,
                "cost": amount,
                "estimated_cost": listed.get(currency, 0) if currency else "",
            }
            writer.writerow([_cell({**shown, **money}.get(name)) for name in CSV_COLUMNS])
    return text.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else "" if value is None else value
