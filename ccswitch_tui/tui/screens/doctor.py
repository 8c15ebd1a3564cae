"""Doctor: what is wrong on this machine, each finding with what mends it."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.findings import Finding
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.finding import card, title_of
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows


class DoctorScreen(Place[None]):
    """Findings on one side, the card of the one under the cursor on the other."""

    PLACE = "doctor"
    HELP_TOPIC = "doctor"
    BINDINGS = bindings("doctor")
    CSS_PATH = "../styles/halves.tcss"

    def __init__(self, profile: str | None = None) -> None:
        super().__init__()
        self.profile_name = profile
        self.findings: tuple[Finding, ...] = ()

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Container(id="halves"):
            with Container(id="list"):
                yield Prose(t("doctor.empty"), id="empty")
                yield Rows(self._draw, id="findings")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="card")

    def on_mount(self) -> None:
        self.query_one("#empty").display = False
        self.load()

    @task("doctor")
    async def load(self) -> None:
        self._head(look.line((t("doctor.looking"), look.QUIET)))
        findings, checked = await self.ccs.off(self.session.diagnose, self.profile_name, timeout_s=60)
        self.findings = tuple(findings)
        serious = sum(f.severity != "info" for f in findings)
        state = (
            look.line(look.mark("warn"), " ", t("doctor.found", n=serious))
            if serious
            else look.line(look.mark("ok"), " ", t("doctor.fine"))
        )
        self._head(look.line(state, (f"  {t('doctor.checked', n=len(checked))}", look.QUIET)))
        rows = self.query_one(Rows)
        rows.show(self.findings, cursor=0)
        self.query_one("#empty").display = not findings
        self._card()
        self.renew_keys()

    def _head(self, state: Content) -> None:
        self.query_one("#head", Static).update(look.line((t("doctor.title"), look.NAME), "  ", state))

    def _draw(self, finding: Finding, width: int) -> Content:
        meaning = look.SEVERITIES[finding.severity]
        return look.line(" ", look.mark(meaning), " ", look.cells(look.quoted(title_of(finding)), width - 5, look.NAME))

    @on(Rows.Moved, "#findings")
    def _card(self) -> None:
        finding = self.query_one(Rows).row
        key = "f" if finding and finding.fix and finding.fix.patch and self.profile_name else ""
        self.query_one("#card", Prose).update(card(finding, fix_key=key) if finding else "")
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        finding: Any = self.query_one(Rows).row if self.is_mounted else None
        if action == "copy" and not (finding and finding.fix and finding.fix.commands):
            return t("why_not.no_command")
        if action == "fix" and not (finding and finding.fix and finding.fix.patch and self.profile_name):
            return t("why_not.no_fix")
        return None

    @on(Rows.Selected, "#findings")
    def _selected(self) -> None:
        self.action_do("copy")

    def do_reload(self) -> None:
        self.load()

    def do_copy(self) -> None:
        self.ccs.copy("\n".join(self.query_one(Rows).row.fix.commands), t("copied.fix"))

    @task("fix")
    async def do_fix(self) -> None:
        finding = self.query_one(Rows).row
        await self.ccs.off(self.session.apply_fix, self.profile_name, finding.fix)
        self.ccs.say(t("probe.fixed", what=finding.fix.text))
        self.load()
