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
from ccswitch_tui.language import said
from ccswitch_tui.proxy.background.seen import ANSWER_S, ProxyStatus
from ccswitch_tui.sentence import say
from ccswitch_tui.workflows.amounts import amount_text

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

BODIES_S = 30.0
"""For half a megabyte to be masked on a busy machine: what came too late was said to be no longer kept."""


def running_status(ctx: Context) -> tuple[ProxyStatus, dict[str, Any]]:
    """Whether it runs, and what the running one says about itself."""
    found = ctx.proxy.status()
    return found, ask_json(ctx, "/_ccswitch/status") if found.running else {}


def recent(ctx: Context, limit: int = 100) -> list[dict[str, Any]]:
    """Exchanges, running ones first, then the newest; empty when the proxy does not run."""
    if not ctx.proxy.status().running:
        return []
    return list(ask_json(ctx, f"/_ccswitch/traffic?limit={limit}").get("exchanges", ()))


def one_exchange(ctx: Context, number: int) -> dict[str, Any]:
    """One exchange with both sides' bodies, masked. Raises CcswitchError when it is no longer held."""
    if not ctx.proxy.status().running:
        raise NOT_RUNNING
    found = ask_json(ctx, f"/_ccswitch/traffic/{number}", timeout_s=BODIES_S)
    if "exchange" not in found:
        raise CcswitchError(
            say("exchange {number} is no longer kept", number=number),
            hint=say("'ccswitch-tui proxy logs' lists them"),
        )
    return found


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
        return [f"{line}  {said('first byte after {ms:.0f} ms', ms=exchange['first_byte_ms'])}"]
    taken = f"{exchange['input_tokens']}+{exchange['cache_read_tokens']}"
    tokens = said("{input} in, {output} out", input=taken, output=exchange["output_tokens"])
    if exchange.get("cost") is not None:
        tokens += f", {amount_text(exchange['cost'], exchange['currency'])}"
    line = f"{line}  {exchange['status']}  {exchange['total_ms']:.0f} ms  {tokens}"
    notes = [exchange["error"] or "", *exchange["notices"]]
    return [line, *(f"          {note}" for note in notes if note)]


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


def ask_json(ctx: Context, path: str, *, timeout_s: float = ANSWER_S) -> dict[str, Any]:
    """What the running proxy answers to one of its own routes; {} where it does not."""
    try:
        status, body = ctx.proxy.ask("GET", path, timeout_s=timeout_s)
        found = json.loads(body) if status == 200 else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
