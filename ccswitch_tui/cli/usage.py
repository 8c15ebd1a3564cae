"""`proxy usage`: what was used and what it cost, as a table with bars, or for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccswitch_tui.errors import UsageError
from ccswitch_tui.language import counted, named, said, spoken
from ccswitch_tui.sentence import Sentence, joined, say

if TYPE_CHECKING:
    from ccswitch_tui.cli.output import Output
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.usage import Row, Span

DESCRIPTION = """\
What passed through the proxy, each request once: one that was tried again or
answered by a fall-back counts where it was answered. Tokens as the endpoint counted
them; '~' stands before what is estimated: tokens nobody counted, and costs that are
a public list's price and not a bill. A cost that nobody knows is left out, and the
table says of how many requests it knows one."""

NAMES = ("day", "profile", "model", "session", "project")
USAGE_COLUMNS = ("requests", "errors", "input", "cached", "cache", "output", "tok/s", "cost")
SPARK = 30
BAR = 12
LONGEST_SESSION = 8


def configure(parser: Any) -> None:
    """The command's options."""
    parser.add_argument("--by", metavar="WORDS", default="", help="sum by " + ", ".join(NAMES) + "; several: day,model")
    parser.add_argument("--last", choices=("today", "week", "month", "year", "all"), help="a span of days until today")
    parser.add_argument("--since", metavar="DAY", default="", help="from this day on (YYYY-MM-DD)")
    parser.add_argument("--until", metavar="DAY", default="", help="up to this day")
    for name in NAMES[1:]:
        parser.add_argument(f"--{name}", metavar=name.upper(), help=f"of this {name} alone")
    parser.add_argument("--bars", choices=("cost", "tokens", "requests"), default="", help="what the bars show")
    parser.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")
    parser.add_argument("--json", action="store_true")


def run(args: Any, ctx: Context, out: Output) -> int:
    """Prints the rows, and what they come to."""
    from ccswitch_tui.workflows import usage

    names, span = _names(args.by), _span(args, ctx)
    only = {name: getattr(args, name) for name in NAMES[1:]}
    rows = usage.usage(ctx, since=span.since, until=span.until, by=names, **only)
    if args.json:
        out.json({"version": 1, "usage": rows, "total": usage.total_of(rows)})
        return 0
    if args.csv:
        out.block(usage.usage_csv(rows))
        return 0
    if not rows:
        everything = span == usage.Span() and not any(only.values())
        out.line(say("nothing has been counted yet") if everything else say("nothing was counted"))
        return 0
    _table(rows, names or list(NAMES[:3]), _measure(args, rows), out)
    if out.columns is not None:
        days = usage.usage(ctx, since=span.since, until=span.until, by="day", **only)
        _sum(rows, days, span, _measure(args, rows), out)
    return 0


def _names(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if name not in NAMES:
            raise UsageError(say("usage is not kept by '{name}'", name=name), hint=_by_hint())
    return [name for name in NAMES if name in names]


def _by_hint() -> Sentence:
    return say("--by {names}; several: --by day,model", names=", ".join(NAMES))


def _span(args: Any, ctx: Context) -> Span:
    from ccswitch_tui.workflows.usage import Span, check_day, span_named

    if args.last and (args.since or args.until):
        raise UsageError(say("--last and --since both say where to begin"), hint=say("use one of them"))
    if args.last:
        return span_named(args.last, ctx.clock())
    return Span(*(check_day(day) if day else "" for day in (args.since, args.until)))


def _measure(args: Any, rows: list[Row]) -> str:
    """What bars show: the cost in its commonest currency where one is known, else tokens."""
    from ccswitch_tui.workflows.usage import main_currency

    currency = main_currency(rows)
    if args.bars in ("tokens", "requests"):
        return str(args.bars)
    return f"cost:{currency}" if currency else "tokens"


def _table(rows: list[Row], names: list[str], measure: str, out: Output) -> None:
    from ccswitch_tui.cli.columns import aligned
    from ccswitch_tui.workflows import usage

    bars = _bars(rows, measure, out) if out.columns is not None else [""] * len(rows)
    table = [[*map(named, (*names, *USAGE_COLUMNS)), ""]]
    for row, drawn in zip(rows, bars, strict=True):
        counts = [row["requests"], row["errors"]]
        read = f"{'~' if row['estimated'] else ''}{row['input_tokens'] + row['cache_write_tokens']}"
        cells = [str(row["cache_read_tokens"]), usage.rate_text(row), str(row["output_tokens"]), usage.speed_text(row)]
        shown = [_name(row, name, out) for name in names]
        table.append([*shown, *map(str, counts), read, *cells, spoken(usage.cost_text(row)), drawn])
    first = len(names)
    for line in aligned(table, room=out.columns, spare=[first + 8, first + 6, first + 4, first + 1]):
        out.line(line)


def _name(row: Row, name: str, out: Output) -> str:
    """A session is long, and told by its beginning; what has no name is said to have none."""
    text = str(row[name])
    if name == "session" and out.columns is not None:
        return text[:LONGEST_SESSION] or "-"
    return text or "-"


def _bars(rows: list[Row], measure: str, out: Output) -> list[str]:
    from ccswitch_tui.bars import bar
    from ccswitch_tui.workflows.usage import amount_of

    most = max((amount_of(row, measure) for row in rows), default=0.0)
    return [bar(amount_of(row, measure) / most if most else 0, BAR, ascii_only=out.ascii_only).rstrip() for row in rows]


def _sum(rows: list[Row], days: list[Row], span: Span, measure: str, out: Output) -> None:
    """The total, the days as a sparkline, and what the marks mean."""
    from ccswitch_tui.bars import spark
    from ccswitch_tui.workflows import usage

    total = usage.total_of(rows)
    figures = usage.every_day(days, span, measure)
    what = measure.partition(":")[2] or named(measure)
    if len(figures) > 1:
        drawn = spark(figures, SPARK, ascii_only=out.ascii_only)
        out.talk(f"{drawn}  {said('{what} a day, {count} days', what=what, count=len(figures))}")
    parts = [
        counted(total["requests"], "{count} request", "{count} requests"),
        said("{n} tokens", n=f"{usage.tokens_of(total):,}"),
        spoken(usage.cost_text(total)),
    ]
    out.talk(say("together: {parts}", parts=joined(filter(None, parts), ", ")))
    if total["estimated"] or total["estimated_cost"]:
        out.talk(say("~ estimated: tokens the endpoint did not count, or a list's price and not a bill"))
