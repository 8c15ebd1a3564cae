"""Doctor: what is wrong on this machine, all profiles included; on a key, with the endpoint of one of them as well."""

from __future__ import annotations

from typing import Any, NamedTuple, assert_never

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.actions import Action, Do
from ccswitch_tui.findings import Finding
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import open_store, use_profile, with_keys
from ccswitch_tui.tui.form import Changes
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.finding import card, done_by, sentence_of, title_of, untested
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

OF_A_PROFILE: frozenset[Do] = frozenset({"use", "edit", "enter-key", "probe", "apply-patch"})
"""These need a profile that is there."""

PACE_S = 0.012
"""Between two ticks, where things may move: the whole list takes a quarter of a second."""

AGE_S = 30.0
"""How often it is said anew how long ago the look was."""


class Found(NamedTuple):
    """One finding, and the profile whose endpoint showed it; "" for the machine's own."""

    finding: Finding
    endpoint_of: str = ""


class Ticked(NamedTuple):
    """One check of the list at the end."""

    name: str
    severity: str | None = None
    """How grave what it found is; "" for nothing, None while it was not made yet."""


class Looked(NamedTuple):
    """The row above the checks: how many there are."""

    checked: tuple[str, ...]
    troubled: bool


class DoctorScreen(Place[None]):
    """Findings on one side, the card of the one under the cursor on the other."""

    PLACE = "doctor"
    HELP_TOPIC = "doctor"
    BINDINGS = bindings("doctor")
    CSS_PATH = "../styles/halves.tcss"

    def __init__(self, profile: str | None = None) -> None:
        super().__init__()
        self.profile_name = profile
        """The one whose endpoint `p` probes."""
        self.machine: tuple[Finding, ...] = ()
        self.checked: tuple[str, ...] = ()
        self.ticked: dict[str, Ticked] = {}
        """Every check by name, in the order they are made."""
        self.looked_at: float | None = None
        self.report: Any = None
        self.busy = ""
        """Id of the text for what is going on now; "" when nothing is."""

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Rows(self._draw, id="findings")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="card")

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(AGE_S, self._head)
        self.load()

    # ------------------------------------------------------------------ looking

    @task("doctor")
    async def load(self) -> None:
        """Looks at the machine anew; what a probe found stays until the next one."""
        await self._look()

    async def _look(self) -> None:
        self._say_busy("doctor.looking")
        self.ticked = {name: Ticked(name) for name in await self.ccs.off(self.session.check_names)}
        if self.looked_at is None:
            self._show()
        pace_s = PACE_S if self.ccs.config.wants_motion(self.session.ctx.env) else 0.0
        try:
            findings, checked = await self.ccs.off(self.session.diagnose, self._told, pace_s, timeout_s=60)
        finally:
            self._say_busy("")
        self.machine, self.checked = tuple(findings), tuple(checked)
        self.looked_at = self.session.ctx.clock()
        self._show(cursor=0)

    def _told(self, name: str, severity: str) -> None:
        """Called from the other thread."""
        self.call_later(self._tick, name, severity)

    def _tick(self, name: str, severity: str) -> None:
        self.ticked[name] = Ticked(name, severity)
        if self.query("#findings"):
            self._show()

    @task("doctor")
    async def do_probe(self) -> None:
        """Climbs the ladder against the chosen profile's endpoint; its findings join the machine's."""
        name = self.profile_name
        assert name is not None
        self._say_busy("probe.running")
        try:
            ladder: Any = self.ccs.config.ladder
            self.report = await with_keys(self.ccs, lambda: self.session.probe(name, ladder, lambda step: None))
        finally:
            if self.query("#head"):
                self._say_busy("")
        self._show(cursor=0)

    # ------------------------------------------------------------------ showing

    def rows(self) -> list[Found | Looked | Ticked]:
        """The gravest first, the machine's before the endpoint's; then every check, ticked."""
        found = [Found(finding) for finding in self.machine]
        if self.report:
            found += [Found(finding, self.profile_name or "") for finding in self.report.findings]
        weight = {"fail": 0, "warn": 1, "info": 2}
        found.sort(key=lambda f: weight[f.finding.severity])
        looked = [Looked(self.checked, bool(found))] if self.checked else []
        return [*found, *looked, *self.ticked.values()]

    def _show(self, cursor: int | None = None) -> None:
        self.query_one(Rows).show(self.rows(), cursor=cursor)
        self._head()
        self._card()

    def _say_busy(self, text_id: str) -> None:
        self.busy = text_id
        self._head()

    def _head(self) -> None:
        parts: list[Any] = [(t("doctor.title"), look.NAME), "  "]
        if self.busy:
            parts.append((t(self.busy), look.QUIET))
        elif self.looked_at is not None:
            serious = sum(f.severity != "info" for f in self.machine)
            if self.report:
                serious += sum(f.severity != "info" for f in self.report.findings)
            said = t("doctor.found", n=serious) if serious else t("doctor.fine")
            ago = look.age(self.session.ctx.clock() - self.looked_at)
            profiles = t("doctor.profiles", n=len(self.session.now.rows))
            many = t("doctor.checked", n=len(self.checked), profiles=profiles, ago=ago)
            parts += [look.mark("warn" if serious else "ok"), " ", said, (f"  {many}", look.QUIET)]
        self.query_one("#head", Static).update(look.line(*parts))
        self.renew_keys()

    def _draw(self, row: Found | Looked | Ticked, width: int) -> Content:
        if isinstance(row, Ticked):
            name = t_or(f"check.{row.name.replace(' ', '-')}", row.name)
            meaning = "wait" if row.severity is None else look.SEVERITIES.get(row.severity, "ok")
            return look.line("   ", look.mark(meaning), " ", look.cells(name, width - 7, look.QUIET))
        if isinstance(row, Looked):
            sign, text, style = "ok", t("doctor.looked", n=len(row.checked)), look.QUIET
            if not row.troubled:
                text, style = t("doctor.empty"), look.NAME
        else:
            sign, style = look.SEVERITIES[row.finding.severity], look.NAME
            text = look.quoted(title_of(row.finding))
            if row.endpoint_of:
                text = f"{row.endpoint_of}: {text}"
        return look.line(" ", look.mark(sign), " ", look.cells(text, width - 5, style))

    @on(Rows.Moved, "#findings")
    def _card(self) -> None:
        row = self.query_one(Rows).row
        if isinstance(row, Found):
            shown = look.lines(card(row.finding, fix_key="f" if self.remedy(row) else ""), *self._endpoint())
        else:
            shown = self._looked() if row and self.checked else Content("")
        self.query_one("#card", Prose).update(shown)
        self.renew_keys()

    def _looked(self) -> Content:
        """All that was found, one card under the other; what was looked at stands in the list."""
        found = [row for row in self.rows() if isinstance(row, Found)]
        name = t("doctor.looked", n=len(self.checked)) if found else t("doctor.empty")
        rows: list[Content | str] = [look.line((name, look.NAME))]
        for row in found:
            rows += ["", card(row.finding)]
        return look.lines(*rows, *self._endpoint())

    def _endpoint(self) -> list[Content | str]:
        """What was asked of the profile's endpoint, and what was not."""
        if self.report:
            name = (f"{self.profile_name}  ", look.NAME)
            return ["", look.line(name, look.quoted(sentence_of(self.report))), *untested(self.report)]
        if self.profile_name:
            return ["", look.line((t("doctor.not_probed", name=self.profile_name), look.QUIET))]
        return []

    # ------------------------------------------------------------------ mending

    def remedy(self, row: Found) -> Action | None:
        """What the app itself can do about a finding; None where only its commands help."""
        fix = row.finding.fix
        if fix is None:
            return None
        if fix.patch and row.endpoint_of:
            return Action("apply-patch", row.endpoint_of)
        action = fix.action
        if action is None or action.do not in OF_A_PROFILE:
            return action
        known = {r.name for r in self.session.now.rows} | {"official"}
        return action if action.name in known else None

    def why_not(self, action: str) -> str | None:
        if action in ("fix", "probe") and self.busy:
            return t(self.busy)
        row = self.query_one(Rows).row if self.is_mounted else None
        fix = row.finding.fix if isinstance(row, Found) else None
        if action == "copy" and not (fix and fix.commands):
            return t("why_not.no_command")
        if action == "fix" and not (isinstance(row, Found) and self.remedy(row)):
            return t("why_not.no_fix")
        if action == "probe" and self.profile_name is None:
            return t("why_not.no_profile")
        return None

    @on(Rows.Selected, "#findings")
    def _selected(self) -> None:
        self.action_do("copy")

    def do_reload(self) -> None:
        self.load()

    def do_copy(self) -> None:
        self.ccs.copy("\n".join(self.query_one(Rows).row.finding.fix.commands), t("copied.fix"))

    @task("fix")
    async def do_fix(self) -> None:
        """Does what the finding's own command would do, and looks again."""
        row = self.query_one(Rows).row
        remedy = self.remedy(row)
        assert remedy is not None
        if await self._done(remedy, row.finding) is False:
            return
        await self._look()
        if row.endpoint_of:
            self.do_probe()

    async def _done(self, action: Action, finding: Finding) -> bool | None:
        """Carries an action out; False when the user thought better of it."""
        match action.do:
            case "apply-patch":
                assert finding.fix is not None
                await self.ccs.off(self.session.apply_fix, action.name, finding.fix)
                self.ccs.show_notice(done_by(finding.fix))
            case "edit" if action.assign:
                edited = await self.ccs.off(self.session.plan_edit, action.name, Changes(action.assign))
                await self.ccs.off(self.session.save_edit, edited, None, None, False)
                self.ccs.show_notice(t("probe.fixed", what=", ".join(action.assign)))
            case "edit" | "enter-key":
                from ccswitch_tui.tui.screens.edit import EditScreen

                await self.app.push_screen_wait(EditScreen(action.name))
            case "use":
                return await use_profile(self.ccs, action.name, action.options[1] if action.options else "user")
            case "probe":
                from ccswitch_tui.tui.screens.probe import ProbeScreen

                await self.app.push_screen_wait(ProbeScreen(action.name))
            case "unlock" | "key-store":
                await open_store(self.ccs)
            case "adopt":
                from ccswitch_tui.tui.screens.adopt import AdoptScreen

                await self.app.push_screen_wait(AdoptScreen())
            case "restart-proxy" | "start-proxy":
                await self.ccs.off(self.session.restart_proxy, timeout_s=30)
                self.ccs.show_notice(t("doctor.restarted"))
            case "move-proxy":
                await self._move_proxy()
            case _:
                assert_never(action.do)
        return None

    async def _move_proxy(self) -> None:
        """The port changes, so the settings in use are written anew."""
        await self.ccs.off(self.session.move_proxy, timeout_s=30)
        self.ccs.show_notice(t("doctor.restarted"))
        used = next((r.name for r in self.session.now.rows if r.in_use), None)
        if used:
            await use_profile(self.ccs, used, "user")
