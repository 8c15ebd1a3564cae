"""Aside from step 1: a searchable list to start from, the catalogue of providers or what this machine has already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input

from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.confirm import AskSheet
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.screens.wizard.source import draft_facts
from ccswitch_tui.tui.widgets.details import fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows.setup import Setup

MOVES: list[Any] = [
    Binding("down", "move(1)", show=False, priority=True),
    Binding("up", "move(-1)", show=False, priority=True),
]
"""The arrows move in the list while one types in the field above it."""


class ChooserPane(Pane):
    """A field to search with, the rows found, and what is to be known about the one under the cursor."""

    FOCUS = "#search"
    SEARCH: ClassVar[str] = ""
    NOTHING: ClassVar[str] = ""
    """Ids of the field's and the empty list's texts."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.every: Sequence[Any] = ()

    def body(self) -> ComposeResult:
        yield Line(placeholder=t(self.SEARCH), id="search")
        yield Rows(self.draw, id="choices")
        yield Prose(id="about")

    def begin(self) -> None:
        super().begin()
        self.load()

    def rows_there_are(self) -> Sequence[Any]:
        """All rows; called in a thread."""
        raise NotImplementedError

    def draw(self, row: Any, width: int) -> Content:
        raise NotImplementedError

    def about(self, row: Any) -> Content:
        raise NotImplementedError

    @task("load")
    async def load(self) -> None:
        self.every = await self.ccs.off(self.rows_there_are)
        self._search()

    @on(Input.Changed, "#search")
    def _search(self) -> None:
        words = self.query_one("#search", Input).value.casefold().split()
        found = [r for r in self.every if all(w in r.haystack for w in words)]
        # what is called so comes before what only has a model of that name
        found.sort(key=lambda r: not all(w in r.title.casefold() for w in words))
        self.query_one(Rows).show(found, cursor=0)
        self._about()

    @on(Rows.Moved, "#choices")
    def _about(self) -> None:
        row = self.query_one(Rows).row
        self.query_one("#about", Prose).update(self.about(row) if row else t(self.NOTHING))
        self.renew_keys()

    def action_move(self, by: int) -> None:
        self.query_one(Rows).action_move(by)

    @on(Input.Submitted, "#search")
    @on(Rows.Selected, "#choices")
    def _chosen(self) -> None:
        self.action_do("choose")

    def why_not(self, action: str) -> str | None:
        if action == "choose" and not (self.is_mounted and self.query_one(Rows).row):
            return t(self.NOTHING)
        return None

    async def start_from(self, draft: Draft) -> None:
        """Back to step 1 with this draft."""
        self.done(await self.ccs.off(self.session.begin, draft, ""), "source")


class CataloguePane(ChooserPane):
    """Known providers, searchable by name, host and model."""

    PLACE = "catalogue"
    HELP_TOPIC = "catalogue"
    BINDINGS: ClassVar[list[Any]] = [*bindings("catalogue"), *MOVES]
    SEARCH, NOTHING = "catalogue.search", "catalogue.none"

    def rows_there_are(self) -> Sequence[Any]:
        return self.session.presets()

    def draw(self, row: Any, width: int) -> Content:
        name = min(36, width // 2)
        return look.line(
            " ", look.cells(row.title, name, look.NAME), " ",
            look.cells(row.wire, 12, look.QUIET), look.cells(row.host, max(0, width - name - 14)),
        )  # fmt: skip

    def about(self, row: Any) -> Content:
        """Where its keys are made, and what is to be known about it."""
        rows: list[Content | str] = [look.line((row.title, look.NAME), (f"  {row.id}", look.QUIET))]
        if row.key_page:
            rows.append(fact_named(t("catalogue.key_page"), row.key_page))
        rows += [look.item("dot", note, look.QUIET) for note in row.notes]
        return look.lines(*rows)

    @task("choose")
    async def do_choose(self) -> None:
        row = self.query_one(Rows).row
        value = ""
        if row.value:
            answer = await self.app.push_screen_wait(AskSheet(t("catalogue.value", what=row.value)))
            if answer is None:
                return
            value = answer
        await self.start_from(await self.ccs.off(self.session.draft_from_preset, row.id, None, value))


class MinePane(ChooserPane):
    """What Claude Code's settings and other tools on this machine name."""

    PLACE = "mine"
    HELP_TOPIC = "mine"
    BINDINGS: ClassVar[list[Any]] = [*bindings("mine"), *MOVES]
    SEARCH, NOTHING = "mine.search", "mine.none"

    def rows_there_are(self) -> Sequence[Any]:
        return self.session.mine()

    def draw(self, row: Any, width: int) -> Content:
        name = min(28, width // 3)
        style = look.NAME if row.draft else look.DISABLED
        return look.line(
            " ", look.cells(look.quoted(row.title), name, style), " ",
            look.cells(row.source, 26, look.QUIET), look.cells(row.host, max(0, width - name - 28)),
        )  # fmt: skip

    def about(self, row: Any) -> Content:
        if row.draft:
            return draft_facts(row.draft)
        return look.item("skip", row.why_not)

    def why_not(self, action: str) -> str | None:
        row = self.query_one(Rows).row if self.is_mounted else None
        if action == "choose" and row is not None and row.draft is None:
            return str(row.why_not)
        return super().why_not(action)

    @task("choose")
    async def do_choose(self) -> None:
        await self.start_from(self.query_one(Rows).row.draft)
