"""One write of ours on a page of its own: when, into which file, everything it changed, and undo from there."""

from __future__ import annotations

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.listed import HistoryRow
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.diff import change_lines, change_text
from ccswitch_tui.tui.screens.page import PageScreen


class WriteScreen(PageScreen["bool | None"]):
    """Ends with True when something was taken back."""

    PLACE = "write"
    HELP_TOPIC = "history"
    BINDINGS = bindings("write")

    page: HistoryRow

    def named(self) -> tuple[str, str]:
        return self.page.title, t("write.title", n=self.at + 1, of=len(self.pages))

    def text(self) -> Content:
        changes = self.page.changes
        changed = change_lines(changes) if changes else Content.styled(t("write.nothing"), look.QUIET)
        return look.lines(*self._facts(), "", changed)

    def _facts(self) -> list[Content]:
        from ccswitch_tui.tui.widgets.facts import fact

        write, now = self.page, self.session.ctx.clock()
        state = t("history.undone") if write.undone else ""
        return [
            fact("file", look.home(write.file, self.session.ctx.paths.home), write.scope),
            fact("when", t("fact.ago", clock=look.clock(write.at, now), ago=look.age(now - write.at)), state),
        ]

    def why_not(self, action: str) -> str | None:
        if action == "undo" and self.page.undone:
            return t("why_not.undone")
        newest = next((w for w in self.pages if not w.undone and w.file == self.page.file), None)
        if action == "undo" and newest is not self.page and newest:
            return t("why_not.newer_first", what=newest.title)
        return super().why_not(action)

    @task("undo")
    async def do_undo(self) -> None:
        self.ccs.show_notice(await self.ccs.off(self.session.undo, self.ccs.waits_for, self.page.id))
        self.dismiss(True)

    def do_copy(self) -> None:
        self.ccs.copy(change_text(self.page.changes), t("copied.diff"))
