"""The list of profiles as Home draws it: columns as wide as what stands in them, one profile a line.

In the order by host the accounts of one provider stand side by side: the host
comes first and once, and beside each account what is left on it and what it was
used for today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.views import Row

ORDERS = ("file", "name", "host", "verdict", "probed")
"""How the profiles stand under each other, in the order `S` goes round."""

BY_HOST = "host"

BEST_FIRST = ("native", "translate", "limited", None, "broken")

SORTED_BY: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name.casefold(),
    "host": lambda row: (host_of(row), row.name.casefold()),
    "verdict": lambda row: BEST_FIRST.index(row.verdict) if row.verdict in BEST_FIRST else len(BEST_FIRST),
    "probed": lambda row: -(row.probed_at or 0.0),
}

LEAST_HOST = 12
"""Cells in which the end of a host still tells it apart: names and models come first."""

LONGEST = 60
"""Cells beyond which a name of 200 characters gets none from the others."""


def host_of(row: Row) -> str:
    return look.host_of(row.profile.endpoint.base_url)


def model_of(row: Row) -> str:
    """The default model, else the first one that is named."""
    models = row.profile.models
    return models.default or next(iter(models.named().values()), "")


class Needs(NamedTuple):
    """The longest text of each column, in cells."""

    name: int = LONGEST
    model: int = LONGEST
    host: int = LONGEST
    account: int = 0
    """What is left and what was used, in the order by host; 0 in the others."""


WIDEST = Needs()


def needs_of(rows: Sequence[Row], accounts: Iterable[str] = ()) -> Needs:
    """What these rows need, their headings included."""

    def longest(title: str, texts: Iterable[str]) -> int:
        every = [t(title), *texts]
        return min(LONGEST, max(map(len if "".join(every).isascii() else _cells, every)))

    told = [text for text in accounts if text]
    return Needs(
        longest("head.name", (row.name for row in rows)),
        longest("fact.model", map(model_of, rows)),
        longest("head.host", map(host_of, rows)),
        longest("head.account", told) if told else 0,
    )


def _cells(text: str) -> int:
    return len(text) if text.isascii() else Content(look.quoted(text)).cell_length


class Columns(NamedTuple):
    """Cells of each column; 0: left out."""

    name: int
    model: int
    wire: int
    host: int
    account: int
    age: bool


def columns_of(width: int, needs: Needs) -> Columns:
    """Name, model and verdict at every width; host from 50 cells; account, wire and age with more room."""
    age = width >= 64
    room = width - 4 - (21 if age else 14)
    host = needs.host if width >= 50 else 0
    wanted = [needs.name, needs.model, host, needs.account if width >= 64 else 0]
    wire = 10 if not needs.account and width >= 86 and sum(wanted) + 13 <= room else 0
    room = max(0, room - wire - sum(1 for want in wanted if want))
    wanted[2] = max(
        min(host, LEAST_HOST), min(host, room - sum(wanted) + host)
    )  # its end tells enough, where it is cut
    name = min(needs.name, room * 2 // 5)  # what a profile is called comes before what it asks and where
    if sum(wanted) <= room:
        name, *others = _shared(wanted, room)
    else:
        others = _shared(wanted[1:], room - name)
    return Columns(name, others[0], wire, others[1], others[2], age)


def _shared(wanted: Sequence[int], room: int) -> list[int]:
    """`room` for columns: each what it wants where that is at most a fair share, the long ones as much as is left.

    What nobody wants goes to the columns there are, in equal parts.
    """
    given, open_ones = [0] * len(wanted), [i for i, want in enumerate(wanted) if want]
    left = room
    while modest := [i for i in open_ones if wanted[i] <= left // len(open_ones)]:
        for i in modest:
            given[i] = wanted[i]
        left -= sum(wanted[i] for i in modest)
        open_ones = [i for i in open_ones if i not in modest]
        if not open_ones:
            open_ones = [i for i, want in enumerate(wanted) if want]
            break
    for number, i in enumerate(open_ones):
        part = left // (len(open_ones) - number)
        given[i] += part
        left -= part
    return given


def heading(width: int, needs: Needs = WIDEST, by_host: bool = False) -> Content:
    """What stands above the columns."""
    c = columns_of(width, needs)
    cells = _ordered(
        by_host, look.cells(t("head.name"), c.name), look.cells(t("fact.model"), c.model),
        look.cells(t("head.wire"), c.wire), look.cells(t("head.host"), c.host),
        look.cells(t("head.account"), c.account),
    )  # fmt: skip
    lead = "     " if look.ascii_only() else "    "
    return Content.styled(look.line(lead, *cells, t("head.verdict")).plain, look.QUIET)


def draw(row: Row, width: int, needs: Needs, *, number: int, now: float, account: str = "", host: str | None = None,
         by_host: bool = False) -> Content:  # fmt: skip
    """One profile on one line: its digit, in use, and the columns of `heading`. `host` where it is not said again."""
    c = columns_of(width, needs)
    verdict = look.verdict(row.verdict)
    if row.probed_at and c.age:
        verdict = look.line(verdict, (f" {look.age(now - row.probed_at)}", look.QUIET))
    told = look.host_within(host_of(row) if host is None else host, c.host)
    cells = _ordered(
        by_host, look.cells(row.name, c.name, look.NAME), look.cells(model_of(row), c.model),
        look.cells(t_or(f"wire_short.{row.profile.endpoint.wire}", "?"), c.wire, look.QUIET),
        look.cells(told, c.host, look.QUIET), look.cells(account, c.account, look.QUIET),
    )  # fmt: skip
    return look.line(
        (f"{number} " if 0 < number < 10 else "  ", look.DISABLED),
        look.mark("here") if row.in_use else "  " if look.ascii_only() else " ",
        " ", *cells, verdict,
    )  # fmt: skip


def _ordered(by_host: bool, name: Content, model: Content, wire: Content, host: Content, account: Content) -> list[Any]:
    """The columns with a blank after each that is there; the wire has its own."""
    cells = [host, name, model, account, wire] if by_host else [name, model, wire, host, account]
    return [part for cell in cells if cell for part in ((cell,) if cell is wire else (cell, " "))]
