"""One exchange as Traffic shows it: its line under the headings, its facts, its place in a search. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.workflows.amounts import amounts_text

Flow = dict[str, Any]
"""One exchange as the proxy tells it."""
FlowKey = tuple[float, int]
"""When it began and its number: each proxy counts from one, and a proxy may end and another begin meanwhile."""

SPEED_ROOM = 92
"""Cells from which there is room for the speed."""


def heading(width: int) -> Content:
    """What stands above the columns of `line_of`."""
    who, left = _widths(width)
    return Content.styled(
        look.line(
            "   ", look.cells(t("traffic.head.at"), 9), look.cells("", 4), look.cells(t("traffic.head.profile"), who),
            " " if who else "", look.cells(t("traffic.head.model"), left),
            _tail(width, t("traffic.head.tokens"), t("traffic.head.speed"), t("traffic.head.first"),
                  t("traffic.head.total")),
        ).plain,
        look.QUIET,
    )  # fmt: skip


def line_of(flow: Flow, width: int) -> Content:
    """One exchange on one line."""
    went = f"{flow.get('asked') or '?'}"
    if flow.get("model") and flow["model"] != flow.get("asked"):
        went += f" {look.sign('to')} {flow['model']}"
    who, left = _widths(width)
    times = look.took(flow.get("first_byte_ms")), look.took(flow.get("total_ms"))
    return look.line(
        " ", look.mark(meaning_of(flow)), " ", look.cells(clock_of(flow), 9, look.QUIET),
        look.cells(str(flow.get("status") or look.sign("wait")), 4),
        look.cells(look.quoted(flow.get("profile", "")), who, look.NAME), " " if who else "",
        look.cells(look.quoted(went), left), _tail(width, tokens(flow), speed(flow), *times),
    )  # fmt: skip


def _tail(width: int, amount: str, per_second: str, first: str, total: str) -> Content:
    return look.line(
        look.cells(amount, 13, look.QUIET, right=True),
        look.cells(per_second, 7 if width >= SPEED_ROOM else 0, look.QUIET, right=True),
        look.cells(first, 8, look.QUIET, right=True),
        look.cells(total, 8, right=True),
        " ",
    )


def _widths(width: int) -> tuple[int, int]:
    """Cells for the profile, which yields first, and for the models."""
    room = width - 16 - (37 if width >= SPEED_ROOM else 30)
    who = 0 if room < 24 else min(20, room // 3)
    return who, max(8, room - who - 1 if who else room)


def clock_of(flow: Flow) -> str:
    """When it began, as the clock on the wall said."""
    return time.strftime("%H:%M:%S", time.localtime(flow["at"]))


def speed(flow: Flow) -> str:
    """Tokens a second from the first byte to the last; "" where too little came to tell."""
    first, total, out = flow.get("first_byte_ms"), flow.get("total_ms"), flow.get("output_tokens", 0)
    if first is None or total is None or out < FEW_TOKENS or total - first < SHORT_MS:
        return ""
    return f"{out * 1000 / (total - first):.0f}/s"


FEW_TOKENS = 8
SHORT_MS = 50.0
"""A speed made of less than these is noise."""


def key_of(flow: Flow) -> FlowKey:
    """What is the same for every word about one exchange, and different from any other."""
    return flow["at"], flow["id"]


def haystack(flow: Flow) -> str:
    """What a filter searches in one exchange."""
    shown = ("profile", "asked", "model", "answered", "status", "error", "stop_reason", "host")
    return " ".join(str(flow.get(name) or "") for name in shown).casefold()


def meaning_of(flow: Flow) -> str:
    """The sign an exchange gets."""
    if flow.get("error") or int(flow.get("status") or 0) >= 400:
        return "fail"
    if flow.get("total_ms") is None:
        return "wait"
    return "warn" if flow.get("notices") else "ok"


def tokens(flow: Flow) -> str:
    """Tokens in and out, short."""
    count = (flow.get("input_tokens", 0) + flow.get("cache_read_tokens", 0), flow.get("output_tokens", 0))
    return f"{look.short(count[0])}/{look.short(count[1])}" if any(count) else ""


def spent(flows: Iterable[Flow]) -> str:
    """The known cost of these exchanges, by currency; "" where none is known."""
    sums: dict[str, float] = {}
    for flow in flows:
        if flow.get("cost") is not None:
            sums[flow["currency"]] = sums.get(flow["currency"], 0.0) + flow["cost"]
    return amounts_text(sums)


def flow_facts(flow: Flow) -> Content:
    """One exchange in words."""
    rows: list[Content | str] = []
    asked, model, answered = flow.get("asked", ""), flow.get("model", ""), flow.get("answered")
    path = f" {look.sign('to')} ".join(dict.fromkeys(m for m in (asked, model, answered) if m))
    rows.append(fact_named(t("traffic.model"), path))
    aside = "  ".join(part for part in (flow.get("wire"), spent([flow])) if part)
    went = look.line((look.quoted(flow.get("profile") or ""), look.NAME), f"  {look.quoted(flow.get('host') or '')}")
    rows.append(fact_named(t("traffic.went_to"), went, aside))
    if flow.get("stop_reason"):
        rows.append(fact_named(t("traffic.ended"), flow["stop_reason"]))
    if flow.get("error"):
        rows.append(look.item("fail", flow["error"]))
    rows += [look.item("warn", notice) for notice in flow.get("notices", ())]
    return look.lines(*rows, "")
