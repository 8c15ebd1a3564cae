"""Why: every variable that decides what Claude Code does, all places that set it, and the one that wins."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.details import fact_named
from ccswitch_tui.tui.widgets.rows import Rows


class WhyScreen(Place[None]):
    """Variables on one side; places and winner of the one under the cursor on the other."""

    PLACE = "why"
    HELP_TOPIC = "why"
    BINDINGS = bindings("why")
    CSS_PATH = "../styles/halves.tcss"

    every: tuple[Any, ...] = ()

    def body(self) -> ComposeResult:
        yield Static(look.line((t("why.title"), look.NAME), (f"  {self.session.ctx.cwd}", look.QUIET)), classes="head")
        with Container(id="halves"):
            with Container(id="list"):
                yield Input(placeholder=t("why.filter"), id="filter", compact=True)
                yield Rows(self._draw, id="values")
            with VerticalScroll(id="side", can_focus=False):
                yield Static(id="facts")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self.load()

    @task("why")
    async def load(self) -> None:
        self.every = tuple(await self.ccs.off(self.session.why))
        self._filter()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        words = self.query_one("#filter", Input).value.casefold().split()
        found = [v for v in self.every if all(w in f"{v.name} {v.shown}".casefold() for w in words)]
        self.query_one(Rows).show(found)
        self._facts()

    @on(Input.Submitted, "#filter")
    def _done(self) -> None:
        self.query_one(Rows).focus()

    def _draw(self, value: Any, width: int) -> Content:
        contested = len(value.places) > 1
        name = min(36, max(20, width * 3 // 5))
        return look.line(
            " ", look.mark("warn") if contested else look.cells("", 2 if look.ascii_only() else 1), " ",
            look.cells(value.name, name, look.NAME), " ",
            look.cells(t_or(f"layer.{value.winner}", value.winner), max(0, width - name - 5), look.QUIET),
        )  # fmt: skip

    @on(Rows.Moved, "#values")
    def _facts(self) -> None:
        value = self.query_one(Rows).row
        rows: list[Content | str] = []
        if value is not None:
            rows = [Content.styled(value.name, look.NAME), Content(look.quoted(str(value.shown))), ""]
            for place in value.places:
                wins = place.layer == value.winner
                label = t_or(f"layer.{place.layer}", place.layer)
                shown = look.line(
                    look.quoted(str(place.value)), (f"  {t('why.wins')}", look.STYLES["ok"]) if wins else ""
                )
                rows.append(look.line(look.mark("ok" if wins else "skip"), " ", fact_named(label, shown)))
                if place.file:
                    rows.append(Content.styled(f"  {place.file}", look.QUIET))
        self.query_one("#facts", Static).update(look.lines(*rows))

    def why_not(self, action: str) -> str | None:
        if action == "copy" and self.is_mounted and self.query_one(Rows).row is None:
            return t("why_not.nothing_here")
        return None

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def do_reload(self) -> None:
        self.load()

    def do_copy(self) -> None:
        value = self.query_one(Rows).row
        self.ccs.copy(f"{value.name}={value.shown}", t("copied.variable", name=value.name))

    def do_back(self) -> None:
        field = self.query_one("#filter", Input)
        if field.display and self.focused is field:
            field.value, field.display = "", False
            self.query_one(Rows).focus()
        else:
            self.dismiss()
