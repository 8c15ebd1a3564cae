"""Steps 7 and 8: use it now, with the diff; then proof through exactly what was written."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.diff import change_lines
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.prose import Prose

LAUNCH = "claude"
"""What the user types next; copied with `y`."""


class UseNowPane(Pane):
    """The profile is saved; its settings are shown before they are written."""

    PLACE = "use-now"
    HELP_TOPIC = "diff"
    BINDINGS = bindings("use-now")
    FOCUS = "#changes"
    plan: Any = None

    def body(self) -> ComposeResult:
        saved = "use_now.saved" if self.setup.draft.secret else "use_now.saved_keyless"
        yield Static(look.line(look.mark("ok"), " ", t(saved, name=self.setup.name)), classes="lead")
        yield Static(id="file")
        with VerticalScroll(id="changes", can_focus=True):
            yield Prose(id="lines")

    def begin(self) -> None:
        super().begin()
        self._plan()

    @task("plan")
    async def _plan(self) -> None:
        self.plan = await self.ccs.off(self.session.plan_use, self.setup.name, "user")
        file = self.session.at_home(self.plan.file)
        self.query_one("#file", Static).update(look.line((t("use_now.ask"), look.NAME), f"  {file}"))
        self.query_one("#lines", Prose).update(change_lines(self.plan.changes))
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        return t("why_not.planning") if action == "use" and self.plan is None else None

    @task("use")
    async def do_use(self) -> None:
        report = self.setup.report
        if report is not None and report.verdict == "broken":
            from ccswitch_tui.tui.screens.confirm import ConfirmSheet

            # enter must not lead through a red ladder into the settings
            sheet = ConfirmSheet(t("use_now.red_ask", name=self.setup.name), report.sentence)
            if not await self.app.push_screen_wait(sheet):
                return
        await self.ccs.off(self.session.apply_use, self.plan, self.ccs.waits_for)
        self.done(self.setup, "ready")

    def do_not_now(self) -> None:
        self.done(self.setup, "end")


class ReadyPane(Pane):
    """Checks what was written by using it, and says what to type."""

    PLACE = "ready"
    HELP_TOPIC = "ready"
    BINDINGS = bindings("ready")
    FOCUS = "#checks"

    def body(self) -> ComposeResult:
        yield Static(look.line((t("ready.checking"), look.QUIET)), id="title", classes="lead")
        with VerticalScroll(id="checks", can_focus=True):
            yield Prose(id="lines")

    def begin(self) -> None:
        super().begin()
        self._verify()

    @task("verify")
    async def _verify(self) -> None:
        ready = False
        try:
            ready = await self._proved()
        finally:  # a check that could not be made (a locked key store) is not one that still runs
            title = t("ready.ready", command=LAUNCH) if ready else t("ready.not_yet")
            for line in self.query("#title").results(Static):
                line.update(look.line(look.mark("ok" if ready else "fail"), " ", (title, look.NAME)))

    async def _proved(self) -> bool:
        """Fills in the checks as they are made; whether all of them hold."""
        lines: list[Content] = []
        bad = False
        async for check in self.session.verify(self.setup.name):
            lines.append(look.item(check.verdict, self.session.at_home(check.text)))
            bad = bad or check.verdict == "fail"
            self.query_one("#lines", Prose).update(look.lines(*lines))
        if not bad and not await self.ccs.off(self.session.search_source):
            lines += [Content(""), look.line((t("ready.search"), look.QUIET))]
            self.query_one("#lines", Prose).update(look.lines(*lines))
        return not bad

    def do_copy(self) -> None:
        self.ccs.copy(LAUNCH, t("copied.command", command=LAUNCH))

    def do_done(self) -> None:
        self.done(self.setup, "end")
