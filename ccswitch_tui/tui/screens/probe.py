"""The probe of one profile: the ladder as it is climbed, findings with their fix on one key, and the evidence."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.screens.climbing import Climbing
from ccswitch_tui.tui.widgets.finding import done_by, sentence_of
from ccswitch_tui.tui.widgets.ladder import Ladder
from ccswitch_tui.tui.widgets.rows import Rows


class ProbeScreen(Climbing, Place[None]):
    """Opens with the last report if there is one, and probes at once."""

    PLACE = "probe"
    HELP_TOPIC = "probe"
    BINDINGS = bindings("probe")
    CSS_PATH = "../styles/probe.tcss"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.profile_name = name
        self.report: Any = None
        self.ladder: Any = "default"

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        yield from self.ladder_and_card()

    def on_mount(self) -> None:
        self.climb(self.ccs.config.ladder)

    # ------------------------------------------------------------------ probing

    @task("probe")
    async def climb(self, ladder: Any) -> None:
        """One probe; starting another one, or leaving, ends it."""
        self.running, self.report, self.ladder = True, None, ladder
        self.query_one(Ladder).begin(ladder)
        self._head()
        try:
            self.report = await with_keys(self.ccs, lambda: self.session.probe(self.profile_name, ladder, self.on_step))
        finally:
            self.running = False
            for ladder_shown in self.query(Ladder):
                ladder_shown.stop()
            if self.query("#head"):  # it is gone when leaving ended the probe
                self._head()
        self.query_one(Ladder).settle(self.report.steps)
        if self.ccs.config.wants_motion(self.session.ctx.env):
            self.query_one(Ladder).sweep()
        self.show_card()

    def last_climb(self) -> Any:
        return self.report

    # ------------------------------------------------------------------ showing

    def _head(self) -> None:
        profile = self.session.profile(self.profile_name)
        where = look.quoted(profile.endpoint.base_url) if profile else ""
        if self.report:
            state = look.verdict(self.report.verdict)
            where = f"{look.quoted(sentence_of(self.report))}  {look.quoted(self.report.base_url)}"
        else:
            state = Content.styled(t("probe.running" if self.running else "probe.stopped"), look.QUIET)
            if self.running and profile:
                cost = self.session.cost(profile, self.ladder)
                where = f"{t('probe.cost', n=cost.requests, tokens=cost.tokens)}  {where}"
        self.query_one("#head", Static).update(
            look.line((self.profile_name, look.NAME), "  ", state, (f"  {where}", look.QUIET))
        )
        self.renew_keys()

    @on(Rows.Moved, "#ladder")
    def _moved(self) -> None:
        self.show_card()

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        if action in ("evidence", "curl", "markdown", "fix", "learn") and self.running:
            return t("why_not.probe_running")
        if action in ("evidence", "curl") and not self.exchanges():
            return t("why_not.no_evidence")
        if action in ("markdown", "learn") and self.report is None:
            return t("why_not.no_report")
        if action == "learn" and not (self.report.quirks or self.report.disproved):
            return t("probe.nothing_new")
        if action == "fix" and not self.fixable():
            return t("why_not.no_fix")
        return None

    def exchanges(self) -> list[Any]:
        """What was sent and received for the rung under the cursor, or for all of them where it has none of its own."""
        step = self.query_one(Ladder).row
        if self.report is None or step is None:
            return []
        return self.session.exchanges_of(self.report, step)

    @on(Rows.Selected, "#ladder")
    def _selected(self) -> None:
        self.action_do("evidence")

    def do_again(self) -> None:
        self.climb(self.ccs.config.ladder)

    def do_full(self) -> None:
        self.climb("full")

    def do_quick(self) -> None:
        self.climb("quick")

    @task("fix")
    async def do_fix(self) -> None:
        """Applies the finding's fix to the profile and probes again."""
        finding = self.fixable()
        if finding and finding.fix and finding.fix.patch:
            await self.ccs.off(self.session.apply_fix, self.profile_name, finding.fix)
            self.session.now = await self.ccs.off(self.session.look)
            self.ccs.show_notice(done_by(finding.fix))
            self.do_again()

    @task("fix")
    async def do_learn(self) -> None:
        """Keeps what this probe learned about the endpoint in the profile."""
        kept = await self.ccs.off(self.session.learn, self.profile_name, self.report)
        self.ccs.show_notice(t("probe.learned" if kept else "probe.nothing_new"))

    def do_evidence(self) -> None:
        from ccswitch_tui.tui.screens.evidence import EvidenceScreen

        self.app.push_screen(EvidenceScreen(self.exchanges()))

    def do_curl(self) -> None:
        self.ccs.copy(self.session.curl_of(self.exchanges()[0]), t("copied.curl"))

    def do_markdown(self) -> None:
        self.ccs.copy(self.session.markdown_of(self.report), t("copied.report"))

    def do_back(self) -> None:
        self.workers.cancel_node(self)
        self.dismiss()
