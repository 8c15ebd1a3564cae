"""The two languages of one exchange next to each other: Anthropic's side, and the endpoint's."""

from __future__ import annotations

import json
from collections.abc import Mapping

from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t

ROOM = 75
"""Cells from which two columns of JSON can be read: a terminal of 80 columns, a scroll bar in it, has them."""

SIDES = (
    ("traffic.side.client", (("traffic.asked", "request"), ("traffic.got", "returned"))),
    ("traffic.side.endpoint", (("traffic.asked", "sent"), ("traffic.got", "received"))),
)
"""Title of a side, then its two bodies with their titles."""

MOST_LINES = 400
"""A body is cut to this many lines: what is looked for is at its beginning."""


class Sides(Static):
    """The bodies of one exchange, laid out anew for every width."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Mapping[str, str], int] | None = None
        self._width = 0

    def show(self, bodies: Mapping[str, str], side: int) -> None:
        """The bodies of an exchange; `side` is the one shown where there is room for one only."""
        self._shown = bodies, side
        self._draw()

    def clear(self) -> None:
        """Nothing, until the next exchange is shown."""
        self._shown = None
        self.update("")

    def on_resize(self) -> None:
        if self.content_size.width != self._width:
            self._draw()

    def _draw(self) -> None:
        self._width = self.content_size.width
        if self._shown and self._width:
            self.update(sides(*self._shown, self._width))


def sides(bodies: Mapping[str, str], side: int, width: int) -> Content:
    """Both sides where there is room; else the chosen one."""
    if not any(bodies.values()):
        return Content.styled(t("traffic.no_bodies"), look.QUIET)
    if width < ROOM:
        return look.lines(*_column(bodies, side, width))
    half = (width - 3) // 2
    left, right = _column(bodies, 0, half), _column(bodies, 1, half)
    rows = []
    for index in range(max(len(left), len(right))):
        pair = [column[index] if index < len(column) else Content("") for column in (left, right)]
        rows.append(
            look.line(look.cells(pair[0], half), (f" {look.sign('bar')} ", look.DISABLED), look.cells(pair[1], half))
        )
    return look.lines(*rows)


def _column(bodies: Mapping[str, str], side: int, width: int) -> list[Content]:
    title, parts = SIDES[side]
    rows = [Content.styled(t(title), look.NAME)]
    for part, name in parts:
        rows.append(Content.styled(t(part), look.QUIET))
        shown = readable(bodies.get(name, "")).splitlines()
        for row in shown[:MOST_LINES]:
            rows += Content(look.quoted(row)).fold(max(8, width)) or [Content("")]
        rows.append(Content(""))
    return rows


def readable(body: str) -> str:
    """JSON set out over lines; a stream event by event as it came; anything else as it is."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=1)
    except ValueError:
        return body
