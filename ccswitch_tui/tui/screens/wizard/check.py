"""Step 3: the ladder, live, with the key only in memory; its fixes go into the draft on one key."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content

from ccswitch_tui.findings import Finding
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.setup import learned
from ccswitch_tui.tui.widgets.finding import card, sentence_of
from ccswitch_tui.tui.widgets.ladder import Ladder, step_facts
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows


class CheckPane(Pane):
    """Probes at once; `enter` goes on, also with an endpoint that does not work yet."""

    PLACE = "check"
    HELP_TOPIC = "probe"
    BINDINGS = bindings("check")
    FOCUS = "Ladder"

    running = False

    def body(self) -> ComposeResult:
        yield Prose(id="state", classes="lead")
        with Container(id="halves"):
            yield Ladder(id="ladder")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="card")

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
            report = await with_keys(self.ccs, lambda: self.session.probe_draft(self.setup, ladder, self._on_step))
            self.setup = learned(self.setup, report)
            self.query_one(Ladder).settle(report.steps)
        finally:
            self.running = False
            if self.query("#state"):  # it is gone when stepping back ended the probe
                self._state()
                self._card()

    def _on_step(self, step: Any) -> None:
        self.app.call_from_thread(self._add, step)

    def _add(self, step: Any) -> None:
        if self.running and self.is_attached:
            self.query_one(Ladder).add(step)
            self._card()

    def _state(self) -> None:
        report = self.setup.report
        if report:
            shown = look.line(look.verdict(report.verdict), "  ", look.quoted(sentence_of(report)))
        else:
            shown = Content.styled(t("probe.running" if self.running else "probe.stopped"), look.QUIET)
        self.query_one("#state", Prose).update(shown)
        self.renew_keys()

    @on(Rows.Moved, "#ladder")
    def _card(self) -> None:
        step = self.query_one(Ladder).row
        shown: list[Content | str] = []
        for finding in self.findings():
            shown += [card(finding, fix_key="f"), ""]
        if step is not None and not shown:
            shown.append(step_facts(step))
        self.query_one("#card", Prose).update(look.lines(*shown))
        self.renew_keys()

    def findings(self) -> list[Finding]:
        step = self.query_one(Ladder).row
        report = self.setup.report
        return [f for f in report.findings if f.kind == step.finding] if report and step else []

    def fixable(self) -> Finding | None:
        return next((f for f in self.findings() if f.fix and f.fix.patch), None)

    def why_not(self, action: str) -> str | None:
        if action == "next" and self.running:
            return t("why_not.probe_running")
        if action == "fix" and not (self.is_mounted and self.fixable()):
            return t("why_not.no_fix")
        return None

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
