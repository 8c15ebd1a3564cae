"""One row out of a list, found by typing; and the short lists of profiles and tiers that are chosen from like that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Sheet, bindings
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.rows import Rows


class PickSheet(Sheet["str | None"]):
    """The chosen row's name; None when nothing was chosen. Subclasses say what passes what is typed, and draw it."""

    PLACE = "pick"
    HELP_TOPIC = "models"
    BINDINGS: ClassVar[list[Any]] = [
        *bindings("pick"),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]
    CSS_PATH = "../styles/pick.tcss"
    AUTO_FOCUS = "Input"

    nothing_chosen = "why_not.nothing_here"
    """Why enter does nothing where no row passes."""

    def __init__(self, title: str, now: str = "") -> None:
        super().__init__()
        self.title_text = title
        self.now = now

    def every(self) -> Sequence[Any]:
        """All rows, each with an `id`."""
        raise NotImplementedError

    def found(self, typed: str) -> Sequence[Any]:
        """The rows that pass what was typed."""
        raise NotImplementedError

    def drawing(self) -> tuple[Callable[[Any, int], Content], Callable[[int], Content]]:
        """How a row and the line above the columns are drawn."""
        raise NotImplementedError

    def placeholder(self) -> str:
        return t("models.filter")

    def body(self) -> ComposeResult:
        draw, heading = self.drawing()
        yield Static(id="pick-title", classes="title")
        yield Line(placeholder=self.placeholder(), id="typed")
        yield Rows(draw, heading=heading, id="offered")

    def on_mount(self) -> None:
        self.show(self.now)

    def show(self, wanted: str = "") -> None:
        rows = self.found(self.query_one(Input).value)
        at = next((i for i, row in enumerate(rows) if row.id == wanted), 0)
        self.query_one(Rows).show(rows, cursor=at)
        count = t("pick.count", found=len(rows), n=len(self.every()))
        self.query_one("#pick-title", Static).update(
            look.line((look.quoted(self.title_text), look.NAME), (f"  {count}", look.QUIET))
        )
        self.renew_keys()

    @on(Input.Changed, "#typed")
    def _typed(self) -> None:
        self.show()

    @on(Input.Submitted, "#typed")
    @on(Rows.Selected, "#offered")
    def _selected(self) -> None:
        self.action_do("choose")

    def action_move(self, by: int) -> None:
        self.query_one(Rows).action_move(by)

    def action_page(self, by: int) -> None:
        self.query_one(Rows).action_page(by)

    def chosen(self) -> str:
        """What enter would give back; "" where there is nothing."""
        row = self.query_one(Rows).row
        return row.id if row else ""

    def why_not(self, action: str) -> str | None:
        if action == "choose" and self.is_mounted and not self.chosen():
            return t(self.nothing_chosen)
        return None

    def do_choose(self) -> None:
        self.dismiss(self.chosen())


class Choosable(NamedTuple):
    """A profile or a tier one can choose."""

    id: str
    model: str = ""
    """What it answers with now."""
    about: str = ""
    """Its host, or the profile that answers it."""


class PickNamedSheet(PickSheet):
    """One of a few names: profiles, or tiers."""

    def __init__(self, rows: Sequence[Choosable], title: str, kind: str, now: str = "") -> None:
        super().__init__(title, now)
        self.rows = rows
        self.kind = kind
        """Text id of what the first column holds."""

    def every(self) -> Sequence[Choosable]:
        return self.rows

    def found(self, typed: str) -> Sequence[Choosable]:
        words = typed.casefold().split()
        return [row for row in self.rows if all(word in " ".join(row).casefold() for word in words)]

    def placeholder(self) -> str:
        return t("pick.filter")

    def drawing(self) -> tuple[Callable[[Any, int], Content], Callable[[int], Content]]:
        return draw_choosable, self._heading

    def _heading(self, width: int) -> Content:
        about = t("head.host") if self.kind == "head.name" else t("pick.answered_by")
        row = Choosable(t(self.kind), t("fact.model"), about)
        return Content.styled(draw_choosable(row, width).plain, look.QUIET)


def draw_choosable(row: Choosable, width: int) -> Content:
    """One name on one line, with its model and where that is answered."""
    name, model = max(10, width * 3 // 10), width * 7 // 20
    return look.line(
        " ", look.cells(look.quoted(row.id), name, look.NAME), " ", look.cells(look.quoted(row.model), model), " ",
        look.cells(look.quoted(row.about), width - name - model - 4, look.QUIET),
    )  # fmt: skip
