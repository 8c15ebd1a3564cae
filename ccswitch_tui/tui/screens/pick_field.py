"""The fields of the edit form in one list, found by a part of their name, value or meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.pick import PickSheet


class Findable(NamedTuple):
    """One field."""

    id: str
    """Its key."""
    label: str
    value: str
    meaning: str
    """What its tip says."""


class PickFieldSheet(PickSheet):
    """Ends with the key of a field."""

    HELP_TOPIC = "edit"

    def __init__(self, fields: Sequence[Findable], now: str = "") -> None:
        super().__init__(t("edit.goto"), now)
        self.fields = fields

    def every(self) -> Sequence[Findable]:
        return self.fields

    def found(self, typed: str) -> Sequence[Findable]:
        """Those with every word in them; a name that is meant stands before a meaning that mentions it."""
        words = typed.casefold().split()
        passing = [row for row in self.fields if all(word in " ".join(row).casefold() for word in words)]
        return sorted(passing, key=lambda row: not all(word in f"{row.label} {row.id}".casefold() for word in words))

    def placeholder(self) -> str:
        return t("pick.filter")

    def drawing(self) -> tuple[Callable[[Findable, int], Content], Callable[[int], Content]]:
        return draw_field, _heading


def draw_field(row: Findable, width: int) -> Content:
    """One field on one line: its name, what it holds, and what it is for."""
    label, value = max(12, width * 3 // 10), width // 5
    return look.line(
        " ", look.cells(look.quoted(row.label), label, look.NAME), " ", look.cells(look.quoted(row.value), value), " ",
        look.cells(look.quoted(row.meaning), width - label - value - 4, look.QUIET),
    )  # fmt: skip


def _heading(width: int) -> Content:
    row = Findable("", t("pick.field"), t("pick.value"), t("pick.meaning"))
    return Content.styled(draw_field(row, width).plain, look.QUIET)
