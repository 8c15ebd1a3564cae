"""The two languages of one exchange next to each other: Anthropic's side, and the endpoint's.

Set out as the conversation it is, long blocks folded; or as the JSON and the
events that went over the wire.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.talk import Part, fields_of, parts_of
from ccswitch_tui.tui.widgets.prose import folded, wrapped

ROOM = 75
"""Cells from which two columns can be read: a terminal of 80 columns, a scroll bar in it, has them."""

SIDES = (
    ("traffic.side.client", (("traffic.asked", "request"), ("traffic.got", "returned"))),
    ("traffic.side.endpoint", (("traffic.asked", "sent"), ("traffic.got", "received"))),
)
"""Title of a side, then its two bodies with their titles."""

MOST_LINES = 400
"""A body is cut to this many lines, and so is an unfolded block of one."""

FOLDED_LINES = {"system": 1, "tools": 1, "settings": 2, "error": 20, "thinking": 2, "result": 2, "call": 2}
OTHERWISE_FOLDED = 3
"""Lines a folded block shows, by its kind or its role."""

NEWEST = 4
"""Blocks at the end of a request that are shown further: what was just said is what one looks for."""
NEWEST_LINES = 8


class Way(NamedTuple):
    """How the bodies are shown."""

    side: int = 0
    """The one shown where there is room for one only."""
    raw: bool = False
    """As it went over the wire."""
    unfolded: bool = False


class Sides(Static):
    """The bodies of one exchange, laid out anew for every width."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Mapping[str, str], Way] | None = None
        self._width = 0

    @property
    def both(self) -> bool:
        """Whether there is room for both sides next to each other."""
        return self.content_size.width >= ROOM

    def show(self, bodies: Mapping[str, str], way: Way) -> None:
        """The bodies of an exchange."""
        self._shown = bodies, way
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


def sides(bodies: Mapping[str, str], way: Way, width: int) -> Content:
    """Both sides where there is room; else the chosen one."""
    if not any(bodies.values()):
        return Content.styled(t("traffic.no_bodies"), look.QUIET)
    if width < ROOM:
        return look.lines(*(row for part in _column(bodies, way.side, way, width) for row in part))
    half = (width - 3) // 2
    rows = []
    for left, right in zip(_column(bodies, 0, way, half), _column(bodies, 1, way, half), strict=True):
        for index in range(max(len(left), len(right))):
            pair = [column[index] if index < len(column) else Content("") for column in (left, right)]
            cells = look.cells(pair[0], half), (f" {look.sign('bar')} ", look.DISABLED), look.cells(pair[1], half)
            rows.append(look.line(*cells))
    return look.lines(*rows)


def _column(bodies: Mapping[str, str], side: int, way: Way, width: int) -> list[list[Content]]:
    """One side: its title, what was asked, what was answered. The answers of both sides begin on the same line."""
    title, parts = SIDES[side]
    column = [[Content.styled(t(title), look.NAME)]]
    for part, name in parts:
        body = bodies.get(name, "")
        rows = [Content.styled(f"{t(part)}  {size_of(body)}".rstrip(), look.QUIET)]
        rows += _differences(bodies, side, width) if name in ("request", "sent") else []
        talk = None if way.raw else parts_of(body)
        rows += _wire(body, width) if talk is None else _talk(talk, way.unfolded, width)
        column.append([*rows, Content("")])
    return column


def _differences(bodies: Mapping[str, str], side: int, width: int) -> list[Content]:
    """What the translation left out, on the client's side; what it put in, on the endpoint's."""
    ours, others = (fields_of(bodies.get(name, "")) for name in (("request", "sent"), ("sent", "request"))[side])
    if ours and others and (only := sorted(ours - others)):
        told = t(f"traffic.only.{side}", names=", ".join(only))
        return folded(look.line(look.mark("warn"), " ", look.HANG, told), width)
    return []


def _talk(parts: list[Part], unfolded: bool, width: int) -> Iterator[Content]:
    for index, part in enumerate(parts):
        most = MOST_LINES if unfolded else _folded_lines(part, newest=index >= len(parts) - NEWEST)
        name = t_or(f"talk.{part.kind or part.role}", part.kind or part.role)
        who = t_or(f"talk.{part.role}", part.role)
        label = who if part.kind in ("", "text") else f"{who} {look.sign('dot')} {name}"
        note = look.quoted(part.note) if part.kind == "call" or part.role == "tools" else ""
        rows = _folded(part.text, width - 2, most + 1)
        left_out = len(rows) > most
        size = f"  {size_in(part.size or len(part.text))}" if left_out or part.size else ""
        style = look.STYLES["fail"] if part.role == "error" else look.NAME
        yield look.line((label, style), (f"  {note}" if note else "", ""), (size, look.QUIET))
        rows = rows[:most]
        if left_out and rows:
            rows[-1] = look.cut(look.line(rows[-1], f" {look.sign('more')}"), width - 2)
        quiet = look.QUIET if part.role in ("settings", "system", "tools") or part.kind == "thinking" else ""
        yield from (look.line("  ", Content.styled(row.plain, quiet) if quiet else row) for row in rows)


def _folded_lines(part: Part, *, newest: bool) -> int:
    most = FOLDED_LINES.get(part.kind) or FOLDED_LINES.get(part.role) or OTHERWISE_FOLDED
    return max(most, NEWEST_LINES) if newest and part.role in ("user", "assistant", "tool") else most


def _folded(text: str, width: int, most: int) -> list[Content]:
    """The first lines of a text, folded to a width; no more of it is looked at than is shown."""
    rows: list[Content] = []
    for row in text[: most * max(8, width) * 2].strip("\n").split("\n"):
        rows += wrapped(Content(look.quoted(row)), max(8, width))
        if len(rows) >= most:
            break
    return rows[:most]


def _wire(body: str, width: int) -> list[Content]:
    rows: list[Content] = []
    for row in readable(body).splitlines()[:MOST_LINES]:
        rows += Content(look.quoted(row)).fold(max(8, width)) or [Content("")]
    return rows


def size_of(text: str) -> str:
    """`950 B`, `12 kB`; "" for nothing."""
    return size_in(len(text)) if text else ""


def size_in(count: int) -> str:
    """The same of a count."""
    return f"{count} B" if count < 1000 else f"{count / 1000:,.0f} kB"


def readable(body: str) -> str:
    """JSON set out over lines; a stream event by event as it came; anything else as it is."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=1)
    except ValueError:
        return body
