"""History: our writes, newest first, each with its diff; undo the last one, or go back to before the first."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.listed import HistoryRow
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.screens.confirm import ConfirmSheet
from ccswitch_tui.tui.screens.diff import change_lines, change_text
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

WHEN = 21
"""Cells for the clock and the age of a write."""

SCOPE_FROM = 64
"""Cells from which there is room for the file's kind; the pane beside says it in any case."""


class HistoryScreen(Place[None]):
    """Writes on one side, the diff of the one under the cursor on the other."""

    PLACE = "history"
    HELP_TOPIC = "history"
    BINDINGS = bindings("history")
    CSS_PATH = "../styles/halves.tcss"

    writes: tuple[HistoryRow, ...] = ()

    def body(self) -> ComposeResult:
        yield Static(look.line((t("history.title"), look.NAME)), classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Prose(t("history.empty"), id="empty")
                yield Rows(self._draw, id="writes")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="diff")

    def on_mount(self) -> None:
        self.query_one("#empty").display = False
        self.load()

    @task("history")
    async def load(self) -> None:
        self.writes = tuple(await self.ccs.off(self.session.history))
        self.query_one(Rows).show(self.writes)
        self.query_one("#empty").display = not self.writes
        self._diff()
        self.renew_keys()

    def _draw(self, write: HistoryRow, width: int) -> Content:
        now = self.session.ctx.clock()
        when = t("history.when", clock=look.clock(write.at, now), ago=look.age(now - write.at))
        title = look.line((write.title, look.QUIET if write.undone else look.NAME))
        if write.undone:
            title = look.line(title, (f"  {t('history.undone')}", look.QUIET))
        scope = max(0, (width - WHEN) // 3) if width >= SCOPE_FROM else 0
        return look.line(
            " ", look.mark("skip" if write.undone else "here"), " ",
            look.cells(title, width - scope - WHEN - 6), " ", look.cells(write.scope, scope, look.QUIET), " ",
            look.cells(when, WHEN, look.QUIET, right=True),
        )  # fmt: skip

    @on(Rows.Selected, "#writes")
    def _selected(self) -> None:
        self.action_do("show")

    def do_show(self) -> None:
        """The write under the cursor on a page of its own."""
        from ccswitch_tui.tui.screens.write import WriteScreen

        def closed(took_back: bool | None) -> None:
            if took_back:
                self.load()

        self.app.push_screen(WriteScreen(self.writes, self.query_one(Rows).cursor), closed)

    @on(Rows.Moved, "#writes")
    def _diff(self) -> None:
        write = self.query_one(Rows).row
        if write is None:
            self.query_one("#diff", Prose).update("")
            return
        file = look.home(write.file, self.session.ctx.paths.home)
        state = look.line(file, (f"  {t('history.undone')}", look.QUIET) if write.undone else "")
        self.query_one("#diff", Prose).update(look.lines(state, "", change_lines(write.changes)))

    def why_not(self, action: str) -> str | None:
        if action in ("undo", "restore") and not any(not w.undone for w in self.writes):
            return t("why_not.nothing_to_undo")
        if action in ("copy", "show") and not self.writes:
            return t("why_not.nothing_here")
        return None

    @task("undo")
    async def do_undo(self) -> None:
        self.ccs.show_notice(await self.ccs.off(self.session.undo, self.ccs.waits_for))
        self.load()

    @task("undo")
    async def do_restore(self) -> None:
        sheet = ConfirmSheet(t("history.restore_ask"), t("history.restore_means"))
        if await self.app.push_screen_wait(sheet):
            self.ccs.show_notice(await self.ccs.off(self.session.restore, self.ccs.waits_for))
            self.load()

    def do_copy(self) -> None:
        self.ccs.copy(change_text(self.query_one(Rows).row.changes), t("copied.diff"))
