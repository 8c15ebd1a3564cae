"""Aside from step 1: a searchable list to start from, the catalogue of providers or what this machine has already."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input

from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.listed import Taken
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.confirm import AskSheet
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.screens.wizard.source import draft_facts
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows.setup import Setup

MOVES: list[Any] = [
    Binding("down", "move(1)", show=False, priority=True),
    Binding("up", "move(-1)", show=False, priority=True),
]
"""The arrows move in the list while one types in the field above it."""


TAKE_PATIENCE_S = 120.0
"""For one set-up to be asked, quick and where that finds nothing long; a silent endpoint takes that."""

WORKS = ("native", "translate")


def told_of(taken: Taken) -> tuple[str, str]:
    """Which sign, and what is to be said about a row that was taken over."""
    if not taken.name:
        return "skip", taken.why_not
    if taken.verdict in WORKS:
        return "ok", t("mine.works", name=taken.name)
    unproved = t("mine.unproved", name=taken.name)
    return "warn", unproved if taken.verdict in look.VERDICTS else f"{unproved} {taken.verdict}"


def outcome_of(taken: Taken) -> Content:
    """The same in the row."""
    if not taken.name:
        return Content.styled(look.quoted(taken.why_not), look.QUIET)
    return look.verdict(taken.verdict if taken.verdict in look.VERDICTS else None)


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

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.taken: dict[int, Taken] = {}
        """What became of the rows that were taken over, by their place in `every`."""
        self.taking = False

    def rows_there_are(self) -> Sequence[Any]:
        return self.session.mine()

    def draw(self, row: Any, width: int) -> Content:
        name = min(28, width // 3)
        style = look.NAME if row.draft else look.DISABLED
        taken = self._taken(row)
        about = look.quoted(row.source) if taken is None or not taken.name else taken.name
        shown = row.host if taken is None else outcome_of(taken)
        return look.line(
            " ", look.cells(look.quoted(row.title), name, style), " ",
            look.cells(about, 26, look.QUIET), look.cells(shown, max(0, width - name - 28)),
        )  # fmt: skip

    def _taken(self, row: Any) -> Taken | None:
        return next((self.taken.get(at) for at, other in enumerate(self.every) if other is row), None)

    def about(self, row: Any) -> Content:
        taken = self._taken(row)
        if taken is not None:
            return look.item(*told_of(taken))
        if row.draft:
            return draft_facts(row.draft)
        return look.item("skip", row.why_not)

    @task("take")
    async def do_take_all(self) -> None:
        """Every set-up found becomes a profile; each endpoint is asked first, and its row says what came of it."""
        self.taking = True
        try:
            for at, row in enumerate(self.every):
                if row.draft is None or at in self.taken:
                    continue
                work = partial(self.ccs.off, self.session.take_over, row, timeout_s=TAKE_PATIENCE_S)
                self.taken[at] = await with_keys(self.ccs, work)
                self._search()
        finally:
            self.taking = False
        made = [taken for taken in self.taken.values() if taken.name]
        good = sum(taken.verdict in WORKS for taken in made)
        self.ccs.show_notice(t("mine.taken", n=len(made), good=good, rest=len(made) - good))
        self.renew_keys()

    def do_back(self) -> None:
        """To the list of profiles, where there are new ones."""
        made = [taken.name for taken in self.taken.values() if taken.name]
        if made:
            self.done(self.setup._replace(name=made[0]), "end")
        else:
            super().do_back()

    def why_not(self, action: str) -> str | None:
        row = self.query_one(Rows).row if self.is_mounted else None
        if self.taking and action in ("choose", "take_all"):
            return t("why_not.probe_running")
        if action == "take_all":
            left = [r for at, r in enumerate(self.every) if r.draft is not None and at not in self.taken]
            return None if left else t("mine.none")
        if action == "choose" and row is not None and row.draft is None:
            return str(row.why_not)
        return super().why_not(action)

    @task("choose")
    async def do_choose(self) -> None:
        await self.start_from(self.query_one(Rows).row.draft)
