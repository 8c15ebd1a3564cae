"""What passes through the background proxy, for those who watch: the app and `proxy logs -f`.

Blocking calls over loopback; the app runs them in worker threads. Nothing here
starts the proxy: looking changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.proxy.background.control import ProxyStatus
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.workflows.context import Context


class TrafficEvent(NamedTuple):
    """Something happened to an exchange: `begin`, `first-byte` or `end`; the exchange as it was then."""

    what: str
    exchange: dict[str, Any]


NOT_RUNNING = CcswitchError(
    say("the proxy is not running"), hint=say("'ccswitch-tui proxy start' starts it"), kind="proxy-not-running"
)

SILENCE_S = 60.0
"""The proxy sends a sign of life every 15 s."""


def running_status(ctx: Context) -> tuple[ProxyStatus, dict[str, Any]]:
    """Whether it runs, and what the running one says about itself."""
    found = ctx.proxy.status()
    return found, _get(ctx, "/_ccswitch/status") if found.running else {}


def recent(ctx: Context, limit: int = 100) -> list[dict[str, Any]]:
    """Exchanges, running ones first, then the newest; empty when the proxy does not run."""
    if not ctx.proxy.status().running:
        return []
    return list(_get(ctx, f"/_ccswitch/traffic?limit={limit}").get("exchanges", ()))


def one_exchange(ctx: Context, number: int) -> dict[str, Any]:
    """One exchange with both sides' bodies, masked. Raises CcswitchError when it is no longer held."""
    if not ctx.proxy.status().running:
        raise NOT_RUNNING
    found = _get(ctx, f"/_ccswitch/traffic/{number}")
    if "exchange" not in found:
        raise CcswitchError(
            say("exchange {number} is not held any more", number=number),
            hint=say("'ccswitch-tui proxy logs' lists them"),
        )
    return found


def usage(ctx: Context, *, since: str = "", by: str = "") -> list[dict[str, Any]]:
    """Saved usage: by day, profile and model, or summed by one of them. Works without the proxy, too."""
    if ctx.proxy.status().running:
        return [_with_rate(row) for row in _get(ctx, f"/_ccswitch/usage?since={since}&by={by}").get("usage", ())]
    import os

    from ccswitch_tui.proxy.books.usage import UsageBook, priced

    book = UsageBook(os.path.join(ctx.paths.state_dir, "usage.sqlite3"))
    return [_with_rate(row) for row in priced(book.by_day(since=since), book.costs(since=since), by=by)]


def _with_rate(row: dict[str, Any]) -> dict[str, Any]:
    """The row with `cache_rate`: the part of the prompt tokens that came from a cache; None where there were none."""
    prompt = row["input_tokens"] + row["cache_read_tokens"] + row["cache_write_tokens"]
    return {**row, "cache_rate": round(row["cache_read_tokens"] / prompt, 4) if prompt else None}


def rate_text(row: dict[str, Any]) -> str:
    """The cache rate for a person."""
    return "-" if row["cache_rate"] is None else f"{row['cache_rate'] * 100:.0f}%"


CSV_COLUMNS = (
    "day", "profile", "model", "requests", "errors", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "output_tokens", "cache_rate", "priced", "currency", "cost",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@")


def usage_csv(rows: list[dict[str, Any]]) -> str:
    """Usage for a spreadsheet. The counts stand once a row; a second currency has a line of its own without them.

    A model's name is whatever a client asked for, so one that a spreadsheet would run gets a quote in front of it.
    """
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        counts = [_cell(row[name]) for name in CSV_COLUMNS[:-2]]
        names, costs = counts[:3], sorted(row["cost"].items()) or [("", "")]
        for number, cost in enumerate(costs):
            writer.writerow([*(counts if number == 0 else [*names, *[""] * (len(counts) - 3)]), *cost])
    return text.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else "" if value is None else value


def follow(ctx: Context, *, stop: Any = None) -> Iterator[TrafficEvent]:
    """Events as they happen, until the proxy ends or `stop` (a threading.Event) is set."""
    import http.client

    status = ctx.proxy.status()
    if not status.running:
        raise NOT_RUNNING
    connection = http.client.HTTPConnection(status.host, status.port, timeout=SILENCE_S)
    try:
        yield from _events(ctx.proxy.open_stream("/_ccswitch/events", connection), stop)
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()


def _events(response: Any, stop: Any) -> Iterator[TrafficEvent]:
    what = ""
    while not (stop is not None and stop.is_set()):
        line = response.readline()
        if not line:
            return
        if line.startswith(b"event: "):
            what = line[7:].strip().decode()
        elif line.startswith(b"data: "):
            yield TrafficEvent(what, json.loads(line[6:]))


def as_lines(event: TrafficEvent) -> list[str]:
    """One event for a person: a line, and one more for each note."""
    exchange = event.exchange
    clock = time.strftime("%H:%M:%S", time.localtime(exchange["at"]))
    models = (
        exchange["asked"] if exchange["asked"] == exchange["model"] else f"{exchange['asked']} → {exchange['model']}"
    )
    line = f"{clock}  #{exchange['id']:<4} {exchange['route']:<14} {models}"
    if event.what == "begin":
        return [f"{line}  …"]
    if event.what == "first-byte":
        return [f"{line}  first byte after {exchange['first_byte_ms']:.0f} ms"]
    tokens = f"{exchange['input_tokens']}+{exchange['cache_read_tokens']} in, {exchange['output_tokens']} out"
    if exchange.get("cost") is not None:
        tokens += f", {amount_text(exchange['cost'], exchange['currency'])}"
    line = f"{line}  {exchange['status']}  {exchange['total_ms']:.0f} ms  {tokens}"
    notes = [exchange["error"] or "", *exchange["notices"]]
    return [line, *(f"          {note}" for note in notes if note)]


def amount_text(amount: float, currency: str) -> str:
    """An amount for a person: `0.0123 USD`, with as many digits as tell something."""
    return f"{amount:.2f} {currency}" if amount >= 100 else f"{amount:.4g} {currency}"


def amounts_text(amounts: dict[str, float]) -> str:
    """Sums in several currencies, which nobody may add up."""
    return " + ".join(amount_text(amount, currency) for currency, amount in sorted(amounts.items()))


def cost_text(row: dict[str, Any]) -> str:
    """What a row of usage cost; "" where nothing is known, and of how many requests it is known where not of all."""
    if not row["cost"]:
        return ""
    part = "" if row["priced"] >= row["requests"] else f" ({row['priced']} of {row['requests']} requests)"
    return amounts_text(row["cost"]) + part


def exchange_lines(found: dict[str, Any]) -> list[str]:
    """One exchange in full, for a person."""
    exchange, bodies = found["exchange"], found["bodies"]
    lines = [f"{name:<20}{value}" for name, value in exchange.items() if value not in (None, "", [], 0)]
    titles = {
        "request": "client → proxy",
        "sent": "proxy → endpoint",
        "received": "endpoint → proxy",
        "returned": "proxy → client",
    }
    for name, title in titles.items():
        if bodies.get(name):
            lines += ["", f"── {title}", *bodies[name].split("\n")]
    return lines


def _get(ctx: Context, path: str) -> dict[str, Any]:
    try:
        status, body = ctx.proxy.ask("GET", path)
        found = json.loads(body) if status == 200 else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
