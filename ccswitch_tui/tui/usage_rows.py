"""How usage is drawn: its rows with bars, the total above them, and one row in full. Content in, nothing asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.content import Content

from ccswitch_tui.bars import bar, spark, stacked
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import spoken, t, t_or
from ccswitch_tui.tui.widgets.budget_bars import BAR_STYLES, budget_rows
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.workflows.usage import amount_of, cost_text, rate_text, speed_text, tokens_of

if TYPE_CHECKING:
    from ccswitch_tui.profiles.budget import BudgetState
    from ccswitch_tui.tui.session_usage import UsageView

KINDS = (
    # of a stacked bar: count, the words beside it, its style
    ("cache_read_tokens", "usage.cache_read", "$text-success"),
    ("input_tokens", "usage.input", "$text-primary"),
    ("cache_write_tokens", "usage.cache_write", "$text-warning"),
    ("output_tokens", "usage.output", "$text-accent"),
)
LONGEST_SESSION = 8


class Columns(NamedTuple):
    """Cells of each column; 0: left out."""

    name: int
    bar: int
    cost: int
    tokens: int
    rate: int
    requests: int


def columns_of(width: int) -> Columns:
    """Name, bar and cost at every width; tokens, requests and the cache rate where there is room."""
    cost = 13
    tokens = 9 if width >= 40 else 0
    requests = 10 if width >= 54 else 0
    rate = 8 if width >= 62 else 0
    room = width - 2 - cost - tokens - requests - rate
    drawn = max(4, min(24, room * 3 // 7))
    return Columns(max(6, room - drawn - 1), drawn, cost, tokens, rate, requests)


def name_of(row: Mapping[str, Any], by: str) -> str:
    """A row's name: a session by its beginning; what has none is said to have none."""
    text = str(row[by])
    if not text:
        return t_or(f"usage.no_{by}", "-")
    return text[:LONGEST_SESSION] if by == "session" else text


def heading(width: int) -> Content:
    """What stands above the columns."""
    c = columns_of(width)
    titles = look.line(
        " ", look.cells("", c.name + 1 + c.bar), look.cells(t("usage.cost"), c.cost, right=True),
        look.cells(t("usage.tokens"), c.tokens, right=True), look.cells(t("usage.requests"), c.requests, right=True),
        look.cells(t("usage.cache"), c.rate, right=True),
    )  # fmt: skip
    return Content.styled(titles.plain, look.QUIET)


def draw_row(row: Mapping[str, Any], width: int, by: str, measure: str, most: float) -> Content:
    """One row on one line, under `heading`."""
    c = columns_of(width)
    share = amount_of(row, measure) / most if most else 0.0
    name = name_of(row, by)
    shown = look.tail(name, c.name) if by == "project" else name
    drawn = bar(share, c.bar, ascii_only=look.ascii_only())
    errors = look.STYLES["warn"] if row["errors"] else ""
    return look.line(
        " ", look.cells(shown, c.name, look.NAME), " ", (drawn, BAR_STYLES["ok"]),
        look.cells(money_cell(row), c.cost, right=True), look.cells(count_cell(row), c.tokens, right=True),
        look.cells(f"{row['requests']:,}", c.requests, errors, right=True),
        look.cells(rate_text(row), c.rate, look.QUIET, right=True),
    )  # fmt: skip


def money_cell(row: Mapping[str, Any]) -> str:
    """A row's cost in a column: `~` where part of it is a list's price, `+` where more is spent than is known."""
    costs = sorted(row["cost"].items(), key=lambda item: -item[1])
    if not costs:
        return "-"
    currency, amount = costs[0]
    mark = "~" if row["estimated_cost"].get(currency) else ""
    more = "+" if row["priced"] < row["requests"] or len(costs) > 1 else ""
    figure = f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"
    return f"{mark}{figure}{more} {currency}"


def count_cell(row: Mapping[str, Any]) -> str:
    """All tokens of a row, marked where a part is estimated."""
    return ("~" if row["estimated"] else "") + look.short(tokens_of(row))


def summary(view: UsageView, width: int) -> Content:
    """The span as a sparkline, and what it comes to."""
    total, ascii_only = view.total, look.ascii_only()
    rows: list[Content | str] = []
    if len(view.days) > 1:
        what = view.measure.partition(":")[2] or t(f"usage.{view.measure}")
        drawn = spark(view.days, max(10, width - 16), ascii_only=ascii_only)
        each = max(1, -(-len(view.days) // max(10, width - 16)))
        wide = "".join(char * (2 if len(drawn) * 2 < width - 18 else 1) for char in drawn)
        label = t("usage.a_day", what=what) if each == 1 else t("usage.days_each", what=what, n=each)
        rows.append(look.line((wide, BAR_STYLES["ok"]), (f"  {label}", look.QUIET)))
    cost = spoken(cost_text({**total, "priced": total["requests"]}))
    first = [(cost, look.NAME), "  "] if cost else []
    said = [
        t("usage.n_tokens", n=count_cell(total)),
        t("usage.n_cached", rate=rate_text(total)) if total["cache_rate"] is not None else "",
        t("usage.n_speed", speed=speed_text(total)) if total["tokens_per_s"] else "",
    ]
    rows.append(look.line(*first, (t("usage.n_requests", n=f"{total['requests']:,}"), look.QUIET)))
    rows.append(look.line((f" {look.sign('dot')} ".join(filter(None, said)), look.QUIET)))
    return look.lines(*rows)


def row_facts(row: Mapping[str, Any], by: str, budget: BudgetState | None, width: int) -> Content:
    """One row in full."""
    rows: list[Content | str] = [look.line((look.quoted(str(row[by]) or name_of(row, by)), look.NAME)), ""]
    rows += [*_tokens(row, width), ""]
    rows += _costs(row)
    if row["tokens_per_s"]:
        rows.append(fact_named(t("usage.speed"), t("usage.per_s", speed=speed_text(row))))
    if row["requests"]:
        rows.append(fact_named(t("usage.first"), look.took(row["first_byte_ms"] / row["requests"])))
    rows.append(fact_named(t("usage.requests"), _counts(row)))
    if budget is not None:
        rows += ["", *budget_rows(budget)]
    if row["estimated"] or row["estimated_cost"]:
        rows += ["", Content.styled(t("usage.estimated_means"), look.QUIET)]
    return look.lines(*rows)


def _tokens(row: Mapping[str, Any], width: int) -> list[Content]:
    """A bar of the kinds of tokens, and each with its count."""
    counts = [int(row[name]) for name, _, _ in KINDS]
    drawn = stacked(counts, max(10, min(48, width - 2)), ascii_only=look.ascii_only())
    marks = dict.fromkeys(drawn)
    glyphs = "#=+." if look.ascii_only() else "█▓▒░"
    styled: list[Any] = []
    for number, (_, _, style) in enumerate(KINDS):
        if glyphs[number] in marks:
            styled.append((glyphs[number] * drawn.count(glyphs[number]), style))
    rows = [look.line(*styled)]
    for number, (name, words, style) in enumerate(KINDS):
        if row[name]:
            parts = look.line((glyphs[number], style), f" {int(row[name]):,}")
            rows.append(fact_named(t(words), parts))
    return rows


def _costs(row: Mapping[str, Any]) -> list[Content]:
    """What it cost, by who says so."""
    if not row["cost"]:
        return [fact_named(t("usage.cost"), t("usage.cost_unknown"))]
    cost = fact_named(t("usage.cost"), spoken(cost_text(row)))
    sources = sorted(row["cost_by"].items())
    said = [t_or(f"usage.by_{source.replace('-', '_')}", t("usage.by_unknown")) for source, _ in sources]
    if len(sources) == 1:
        return [cost, fact_named("", Content.styled(said[0], look.QUIET))]
    rows = [cost]
    for words, (_, amounts) in zip(said, sources, strict=True):
        figures = " + ".join(f"{amount:,.4g} {currency}" for currency, amount in sorted(amounts.items()))
        rows.append(fact_named("", figures, words))
    return rows


def _counts(row: Mapping[str, Any]) -> str:
    parts = [
        f"{row['requests']:,}",
        t("usage.n_failed", n=row["errors"]) if row["errors"] else "",
        t("usage.n_cancelled", n=row["cancels"]) if row["cancels"] else "",
        t("usage.n_retried", n=row["retries"]) if row["retries"] else "",
        t("usage.n_estimated", n=row["estimated"]) if row["estimated"] else "",
    ]
    return f" {look.sign('dot')} ".join(filter(None, parts))
