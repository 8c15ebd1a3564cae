"""Step 3: the ladder, live, with the key only in memory; its fixes go into the draft on one key."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.climbing import Climbing
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.finding import sentence_of
from ccswitch_tui.tui.widgets.ladder import Ladder
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

KEY_REFUSED = ("auth-invalid", "auth-missing")
"""Findings that another key would settle: one key leads back to its field."""


class CheckPane(Climbing, Pane):
    """Probes at once; `enter` goes on, also with an endpoint that does not work yet."""

    PLACE = "check"
    HELP_TOPIC = "probe"
    BINDINGS = bindings("check")
    FOCUS = "Ladder"

    def body(self) -> ComposeResult:
        yield Prose(id="state", classes="lead")
        yield from self.ladder_and_card()

    def begin(self) -> None:
        super().begin()
        if self.setup.report:
            self.query_one(Ladder).settle(self.setup.report.steps)
            self._state()
        else:
            self.climb("default")

    @task("probe")
    async def climb(self, ladder: Any) -> None:
        self.running = True
        self.setup = self.setup._replace(report=None)
        self.query_one(Ladder).begin(ladder)
        self._state()
        try:
            self.setup = await with_keys(self.ccs, lambda: self.session.probe_draft(self.setup, ladder, self.on_step))
            assert self.setup.report is not None
            self.query_one(Ladder).settle(self.setup.report.steps)
        finally:
            self.running = False
            for ladder_shown in self.query(Ladder):
                ladder_shown.stop()
            if self.query("#state"):  # it is gone when stepping back ended the probe
                self._state()
                self.show_card()

    def last_climb(self) -> Any:
        return self.setup.report

    def _state(self) -> None:
        report = self.setup.report
        if report:
            shown = look.line(look.verdict(report.verdict), "  ", look.quoted(sentence_of(report)))
        else:
            shown = Content.styled(t("probe.running" if self.running else "probe.stopped"), look.QUIET)
        self.query_one("#state", Prose).update(shown)
        self.renew_keys()

    @on(Rows.Moved, "#ladder")
    def _moved(self) -> None:
        self.show_card()

    def why_not(self, action: str) -> str | None:
        if action == "next" and self.running:
            return t("why_not.probe_running")
        if action == "fix" and not (self.is_mounted and (self.fixable() or self.refused())):
            return t("why_not.no_fix")
        return None

    def refused(self) -> bool:
        """Whether the endpoint wants another key than it was given."""
        report = self.setup.report
        return report is not None and any(f.kind in KEY_REFUSED for f in report.findings)

    def key_label(self, action: str) -> Content | None:
        another = action == "fix" and self.is_mounted and not self.fixable() and self.refused()
        return Content(t("key.another_key")) if another else None

    @on(Rows.Selected, "#ladder")
    def _selected(self) -> None:
        self.action_do("next")

    def do_next(self) -> None:
        self.done(self.setup)

    def do_again(self) -> None:
        self.climb("default")

    def do_full(self) -> None:
        self.climb("full")

    def do_fix(self) -> None:
        finding = self.fixable()
        if finding and finding.fix and finding.fix.patch:
            self.setup = self.setup.with_patch(finding.fix.patch)
            self.climb("default")
        elif self.refused():
            self.done(self.setup._replace(report=None, refused=self.setup.draft.secret), "key")
