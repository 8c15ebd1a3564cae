"""Usage: what was used and what it cost, by day, profile, model, project or session, with bars that need no colour."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.session_usage import GROUPS, INTO, SPANS, Look, UsageView
from ccswitch_tui.tui.usage_rows import draw_row, heading, name_of, row_facts, summary
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows.usage import MEASURES, amount_of

REFRESH_S = 10.0
"""How often the book is looked at again: it is saved every half minute, and on being looked at."""


class UsageScreen(Place[None]):
    """The widest sum first; `enter` takes a row apart, `esc` puts it together again."""

    PLACE = "usage"
    HELP_TOPIC = "usage"
    BINDINGS = bindings("usage")
    CSS_PATH = "../styles/halves.tcss"

    def __init__(self, shown: Look | None = None) -> None:
        super().__init__()
        self.shown = shown or Look()
        self.above: list[Look] = []
        """The looks that were gone into, outermost first."""
        self.view: UsageView | None = None
        self.most = 0.0

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Line(placeholder=t("usage.filter"), id="filter")
                yield Prose(id="sum")
                yield Prose(id="empty")
                yield Rows(self.draw, heading=heading, id="usage")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="facts")

    def on_mount(self) -> None:
        super().on_mount()
        for name in ("#filter", "#empty"):
            self.query_one(name).display = False
        self._head()
        self.load()
        self.set_interval(REFRESH_S, self.load)

    @task("usage")
    async def load(self) -> None:
        """Looks at the book; the cursor stays on its row."""
        view = await self.ccs.off(self.session.usage_view, self.shown)
        if view != self.view:
            self.view = view
            self._show()

    def draw(self, row: Any, width: int) -> Content:
        measure = self.view.measure if self.view else "tokens"
        return draw_row(row, width, self.shown.by, measure, self.most)

    # ------------------------------------------------------------------ showing

    def _head(self) -> None:
        path = [f"{t(f'usage.{name}')} {look.quoted(value)}" for name, value in self.shown.only.items()]
        span = "" if "day" in self.shown.only else t(f"usage.span_{self.shown.span}")
        told = [*filter(None, [span]), *path, t("usage.by", what=t(f"usage.{self.shown.by}"))]
        words = f" {look.sign('dot')} ".join(told)
        self.query_one("#head", Static).update(look.line((t("usage.title"), look.NAME), (f"  {words}", look.QUIET)))

    def _show(self) -> None:
        view = self.view
        if view is None:
            return
        self._head()
        words = [word for field in self.query(Input) for word in field.value.casefold().split()]
        found = [r for r in view.rows if all(word in str(r[self.shown.by]).casefold() for word in words)]
        self.most = max((amount_of(row, view.measure) for row in found), default=0.0)
        rows = self.query_one("#usage", Rows)
        before = rows.row and rows.row[self.shown.by]
        cursor = next((i for i, row in enumerate(found) if row[self.shown.by] == before), 0)
        rows.show(found, cursor=cursor)
        empty = self.query_one("#empty", Prose)
        empty.display = not found
        empty.update(t("usage.no_match") if view.rows else t("usage.empty"))
        total = self.query_one("#sum", Prose)
        total.display = bool(view.rows)
        total.update(summary(view, max(20, rows.size.width - 4)))
        self._facts()
        self.renew_keys()

    @on(Rows.Moved, "#usage")
    def _facts(self) -> None:
        row = self.query_one("#usage", Rows).row
        facts = self.query_one("#facts", Prose)
        if row is None or self.view is None:
            facts.update("")
            return
        budget = self.view.budgets.get(self.shown.only.get("profile", "") or row["profile"])
        facts.update(row_facts(row, self.shown.by, budget, facts.size.width or 40))

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#usage").focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        nothing = self.view is None or not self.view.rows
        if action in ("into", "export") and nothing:
            return t("usage.empty")
        return None

    def _go(self, shown: Look) -> None:
        self.shown = shown
        self.query_one(Input).value = ""
        self.load()

    def do_sum_by(self) -> None:
        """The next of the things usage is summed by, without those that were gone into."""
        groups = [name for name in GROUPS if name not in self.shown.only]
        at = groups.index(self.shown.by) if self.shown.by in groups else -1
        self._go(self.shown._replace(by=groups[(at + 1) % len(groups)]))

    def do_span(self) -> None:
        """The next span of days."""
        only = {name: value for name, value in self.shown.only.items() if name != "day"}
        spans = SPANS[(SPANS.index(self.shown.span) + 1) % len(SPANS)]
        self._go(self.shown._replace(span=spans, only=only))

    def do_measure(self) -> None:
        """What the bars show."""
        measure = MEASURES[(MEASURES.index(self.shown.measure) + 1) % len(MEASURES)]
        self._go(self.shown._replace(measure=measure))

    def do_into(self) -> None:
        """Takes the row under the cursor apart."""
        by, row = self.shown.by, self.query_one("#usage", Rows).row
        if row is None:
            return
        only = {**self.shown.only, by: str(row[by])}
        into = next((name for name in (INTO[by], *GROUPS) if name not in only), None)
        if into is None:
            return
        self.above.append(self.shown)
        self._go(self.shown._replace(by=into, only=only))

    @on(Rows.Selected, "#usage")
    def _selected(self) -> None:
        self.action_do("into")

    def do_back(self) -> None:
        """Out of the filter, out of a row that was gone into, out of the screen."""
        field = self.query_one("#filter", Input)
        if field.display:
            field.value, field.display = "", False
            self.query_one("#usage").focus()
        elif self.above:
            self._go(self.above.pop())
        else:
            self.dismiss()

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        self.set_focus(field)

    def do_copy(self) -> None:
        row = self.query_one("#usage", Rows).row
        if row is not None:
            text = str(row[self.shown.by])
            self.ccs.copy(text, t("copied.name", name=name_of(row, self.shown.by)))

    @task("export")
    async def do_export(self) -> None:
        """What is shown, as CSV and JSON."""
        rows = self.query_one("#usage", Rows).rows
        self.ccs.show_notice(await self.ccs.off(self.session.usage_export, self.shown, rows))
