"""A model out of the endpoint's own list, found by typing; the window and the price stand beside the name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.widgets import Input

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.pick import PickSheet
from ccswitch_tui.workflows.compare import price_text
from ccswitch_tui.workflows.models import found

if TYPE_CHECKING:
    from ccswitch_tui.workflows.models import Offered

WINDOW, PRICE = 7, 16


class PickModelSheet(PickSheet):
    """The chosen name; what is typed and in no list is taken as it is."""

    nothing_chosen = "why_not.no_model"

    def __init__(self, models: Sequence[Offered], title: str, now: str = "") -> None:
        super().__init__(title, now)
        self.models = models

    def every(self) -> Sequence[Offered]:
        return self.models

    def found(self, typed: str) -> Sequence[Offered]:
        return found(self.models, typed)

    def drawing(self) -> tuple[Callable[[Any, int], Content], Callable[[int], Content]]:
        return draw_offered, heading_of

    def chosen(self) -> str:
        return super().chosen() or self.query_one(Input).value.strip()


def facts_width(width: int) -> int:
    """Cells for window and price beside a name; 0 where there is no room."""
    return WINDOW + PRICE + 2 if width >= 54 else 0


def facts_of(row: Offered, width: int) -> Content:
    """Window and price, in `facts_width` cells."""
    if not facts_width(width):
        return Content("")
    return look.line(
        " ", look.cells(look.window(row.window), WINDOW, look.QUIET, right=True), " ",
        look.cells(price_text(row.price), PRICE, look.QUIET, right=True),
    )  # fmt: skip


def draw_offered(row: Offered, width: int) -> Content:
    """One model on one line."""
    style = "" if row.talks else look.DISABLED
    room = width - 2 - facts_width(width)
    return look.line(" ", look.cells(look.quoted(row.id), room, style), facts_of(row, width))


def heading_of(width: int) -> Content:
    """What stands above the columns."""
    room = width - 2 - facts_width(width)
    titles = look.line(" ", look.cells(t("fact.model"), room))
    if facts_width(width):
        titles = look.line(
            titles, " ", look.cells(t("fact.window"), WINDOW, right=True), " ",
            look.cells(t("compare.price"), PRICE, right=True),
        )  # fmt: skip
    return Content.styled(titles.plain, look.QUIET)
