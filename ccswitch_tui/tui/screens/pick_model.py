"""A model out of the endpoint's own list, found by typing; the window and the price stand beside the name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

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
from ccswitch_tui.workflows.compare import price_text
from ccswitch_tui.workflows.models import found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ccswitch_tui.workflows.models import Offered

WINDOW, PRICE = 7, 16


class PickModelSheet(Sheet["str | None"]):
    """The chosen name; what is typed and in no list is taken as it is; None when nothing was chosen."""

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

    def __init__(self, models: Sequence[Offered], title: str, now: str = "") -> None:
        super().__init__()
        self.models = models
        self.title_text = title
        self.now = now

    def body(self) -> ComposeResult:
        yield Static(id="pick-title", classes="title")
        yield Line(placeholder=t("models.filter"), id="typed")
        yield Rows(draw_offered, heading=heading_of, id="offered")

    def on_mount(self) -> None:
        self.show(self.now)

    def show(self, wanted: str = "") -> None:
        rows = found(self.models, self.query_one(Input).value)
        at = next((i for i, row in enumerate(rows) if row.id == wanted), 0)
        self.query_one(Rows).show(rows, cursor=at)
        count = t("pick.count", found=len(rows), n=len(self.models))
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

    def why_not(self, action: str) -> str | None:
        if action == "choose" and self.is_mounted:
            nothing = self.query_one(Rows).row is None and not self.query_one(Input).value.strip()
            return t("why_not.no_model") if nothing else None
        return None

    def do_choose(self) -> None:
        row: Offered | None = self.query_one(Rows).row
        self.dismiss(row.id if row else self.query_one(Input).value.strip())


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
