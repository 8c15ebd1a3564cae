"""One write of ours on a page of its own: when, into which file, everything it changed, and undo from there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.listed import HistoryRow
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.screens.diff import change_lines, change_text
from ccswitch_tui.tui.widgets.prose import Prose


class WriteScreen(Place[bool | None]):
    """Ends with True when something was taken back."""

    PLACE = "write"
    HELP_TOPIC = "history"
    BINDINGS = bindings("write")
    CSS_PATH = "../styles/evidence.tcss"
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, writes: Sequence[HistoryRow], at: int) -> None:
        super().__init__()
        self.writes = writes
        self.at = at

    @property
    def write(self) -> HistoryRow:
        return self.writes[self.at]

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with VerticalScroll(id="page"):
            yield Prose(id="text")

    def on_mount(self) -> None:
        super().on_mount()
        self._show()

    def _show(self) -> None:
        write, count = self.write, t("write.title", n=self.at + 1, of=len(self.writes))
        self.query_one("#head", Static).update(look.line((write.title, look.NAME), (f"  {count}", look.QUIET)))
        changed = change_lines(write.changes) if write.changes else Content.styled(t("write.nothing"), look.QUIET)
        self.query_one("#text", Prose).update(look.lines(*self._facts(), "", changed))
        self.query_one("#page").scroll_home(animate=False)
        self.renew_keys()

    def _facts(self) -> list[Content]:
        from ccswitch_tui.tui.widgets.facts import fact

        write, now = self.write, self.session.ctx.clock()
        state = t("history.undone") if write.undone else ""
        return [
            fact("file", look.home(write.file, self.session.ctx.paths.home), write.scope),
            fact("when", t("fact.ago", clock=look.clock(write.at, now), ago=look.age(now - write.at)), state),
        ]

    def why_not(self, action: str) -> str | None:
        if action == "next" and self.at + 1 >= len(self.writes):
            return t("why_not.last_one")
        if action == "previous" and self.at == 0:
            return t("why_not.first_one")
        if action == "undo" and self.write.undone:
            return t("why_not.undone")
        newest = next((w for w in self.writes if not w.undone and w.file == self.write.file), None)
        if action == "undo" and newest is not self.write and newest:
            return t("why_not.newer_first", what=newest.title)
        return None

    def do_next(self) -> None:
        self.at += 1
        self._show()

    def do_previous(self) -> None:
        self.at -= 1
        self._show()

    @task("undo")
    async def do_undo(self) -> None:
        self.ccs.show_notice(await self.ccs.off(self.session.undo, self.ccs.waits_for, self.write.id))
        self.dismiss(True)

    def do_copy(self) -> None:
        self.ccs.copy(change_text(self.write.changes), t("copied.diff"))
