"""Home: the profiles, what is known about the one under the cursor, and one key to each thing to do."""

from __future__ import annotations

import asyncio

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input

from ccswitch_tui.tui import look
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.i18n import language, t, t_or
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.home_verbs import MoreVerbs
from ccswitch_tui.tui.views import Row, Snapshot
from ccswitch_tui.tui.widgets.details import Details
from ccswitch_tui.tui.widgets.headline import Headline
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

GLANCE_S = 2.0
"""How often the files' times are looked at, so that a `use` in another terminal shows up here."""

REST_S = 0.12
"""How long the cursor stands on a profile before its last report is read."""

AGE_S = 30.0
"""How often the ages of verdicts are drawn anew."""

SCOPES = ("user", "project", "local")


class HomeScreen(MoreVerbs):
    """The first place."""

    PLACE = "home"
    HELP_TOPIC = "home"
    BINDINGS = bindings("home")

    def __init__(self) -> None:
        super().__init__()
        self.scope = "user"
        self.spoken = language()
        self.wanted: str | None = None
        """The profile the cursor should stand on after the next look."""

    def body(self) -> ComposeResult:
        yield Headline()
        with Container(id="halves"):
            with Container(id="list"):
                yield Prose(id="empty")
                yield Rows(self.draw_row, id="profiles")
            yield Details(id="details")

    def on_mount(self) -> None:
        self.set_interval(GLANCE_S, self.glance)
        self.set_interval(AGE_S, self.show_rows)

    def on_screen_resume(self) -> None:
        if self.session.now.stamp:
            self.look_again()

    # ----------------------------------------------------------------- looking

    @task("look")
    async def look_again(self) -> None:
        """Looks at the files in a thread; for the first time once the first paint is out (`CcswitchApp.painted`)."""
        snapshot = await self.ccs.off(self.session.look)
        self.show(snapshot)

    @task("glance")
    async def glance(self) -> None:
        if self.is_current and await self.ccs.off(self.session.stamp) != self.session.now.stamp:
            self.look_again()

    def show(self, snapshot: Snapshot) -> None:
        """Puts one look at the files on the screen."""
        before, self.session.now = self.session.now, snapshot
        if not self.query("#profiles"):
            return  # between two languages
        headline = self.query_one(Headline)
        headline.truth = snapshot.truth
        headline.locked = snapshot.locked
        headline.problem = snapshot.problem.message if snapshot.problem and not snapshot.truth else ""
        if snapshot.problem and str(snapshot.problem) != str(before.problem):
            self.ccs.tell(snapshot.problem)
        self.show_rows()

    def show_rows(self) -> None:
        """The rows that pass the filter."""
        words = [word for field in self.query(Input) for word in field.value.casefold().split()]
        every = self.session.now.rows
        found = [row for row in every if all(word in row.haystack for word in words)] if words else list(every)
        profiles = self.query_one("#profiles", Rows)
        wanted = self.wanted or (self.row and self.row.name)  # another list, the same profile
        cursor = next((i for i, row in enumerate(found) if row.name == wanted), None)
        self.wanted = None
        profiles.show(found, cursor=cursor)
        empty = self.query_one("#empty", Prose)
        empty.display = not found
        if not found:
            empty.update(t("home.no_match") if every else t("home.empty"))
        self.show_details()
        self.renew_keys()

    def show_details(self) -> None:
        self.query_one(Details).show(self.row, self.session.ctx.clock())
        if self.row and self.row.verdict:
            self.show_findings(self.row.name)

    @task("findings")
    async def show_findings(self, name: str) -> None:
        """What the last probe found, once the cursor rests."""
        await asyncio.sleep(REST_S)
        report = await self.ccs.off(self.session.last_report, name)
        if report and self.row and self.row.name == name:
            self.query_one(Details).show_report(report)

    @property
    def row(self) -> Row | None:
        """The profile under the cursor."""
        row: Row | None = self.query_one("#profiles", Rows).row
        return row

    def draw_row(self, row: Row, width: int) -> Content:
        """One profile on one line: in use, name, wire, host, verdict and its age."""
        verdict = look.verdict(row.verdict)
        if row.probed_at:
            verdict = look.line(verdict, (f" {look.age(self.session.ctx.clock() - row.probed_at)}", look.QUIET))
        name_width = max(12, min(24, width // 3))
        tail = 21
        wire = t_or(f"wire_short.{row.profile.endpoint.wire}", "?")
        middle = width - name_width - tail - 15
        parts = [
            " ",
            look.mark("here") if row.in_use else "  " if look.ascii_only() else " ",
            " ",
            look.cells(row.name, name_width, look.NAME),
            " ",
        ]
        if middle >= 10:
            parts += [
                look.cells(wire, 10, look.QUIET),
                look.cells(look.host_of(row.profile.endpoint.base_url), middle),
                " ",
            ]
        return look.line(*parts, verdict)

    # ------------------------------------------------------------------ events

    @on(Rows.Moved, "#profiles")
    def _moved(self) -> None:
        self.show_details()
        self.renew_keys()

    @on(Rows.Selected, "#profiles")
    def _selected(self) -> None:
        self.action_do("use")

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.show_rows()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#profiles").focus()

    # ----------------------------------------------------------------- actions

    NEEDS_A_PROFILE = ("use", "probe", "edit", "remove", "copy", "rename", "duplicate")

    def why_not(self, action: str) -> str | None:
        if action in self.NEEDS_A_PROFILE and not (self.is_mounted and self.row):
            return t("why_not.no_profile")
        if action == "undo" and not self.session.now.undoable:
            return t("why_not.nothing_to_undo")
        return None

    def do_back(self) -> None:
        """Shows all profiles again; Home itself is left with `q`."""
        for field in self.query(Input):
            field.value, field.display = "", False
            self.query_one("#profiles").focus()

    def do_filter(self) -> None:
        """Opens the field, which is not there before: it would cost the first paint a twentieth."""
        if not self.query(Input):
            from ccswitch_tui.tui.widgets.line import Line

            line = Line(placeholder=t("home.filter"), id="filter")
            self.query_one("#list").mount(line, before=0)
        field = self.query_one(Input)
        field.display = True
        self.set_focus(field)

    def do_use(self) -> None:
        if self.row:
            self.use(self.row.name)

    def do_official(self) -> None:
        self.use("official")

    @task("use")
    async def use(self, name: str) -> None:
        """Writes the settings; asks first only when something other than our own keys would change."""
        from ccswitch_tui.tui.asking import use_profile

        if not await use_profile(self.ccs, name, self.scope):
            return
        self.wanted = name
        self.look_again()

    @task("use")
    async def do_undo(self) -> None:
        self.ccs.say(await self.ccs.off(self.session.undo, self.ccs.waits_for))
        self.look_again()

    def do_scope(self) -> None:
        """Where `enter` writes: round the three files."""
        self.scope = SCOPES[(SCOPES.index(self.scope) + 1) % len(SCOPES)]
        self.ccs.say(t("home.scope", scope=t(f"scope.{self.scope}")))

    def do_copy(self) -> None:
        if self.row:
            self.ccs.copy(self.row.name, t("copied.name", name=self.row.name))

    @task("remove")
    async def do_remove(self) -> None:
        from ccswitch_tui.tui.screens.confirm import ConfirmSheet

        row = self.row
        if row is None:
            return
        means = t("home.remove_in_use") if row.in_use else t("home.remove_means")
        if await self.app.push_screen_wait(ConfirmSheet(t("home.remove_ask", name=row.name), means)):
            if self.session.now.locked:
                from ccswitch_tui.tui.asking import opened

                await opened(self.ccs, "passphrase")  # declined: the profile goes, and its key is said to be left
            self.ccs.say(await self.ccs.off(self.session.remove, row.name, timeout_s=KEY_PATIENCE_S))
            self.look_again()

    @task("proxy")
    async def do_proxy(self) -> None:
        """Starts the background proxy, or stops it."""
        from ccswitch_tui.tui.asking import start_or_stop_proxy

        await start_or_stop_proxy(self.ccs)

    # ------------------------------------------------------------ other places

    def do_probe(self) -> None:
        from ccswitch_tui.tui.screens.probe import ProbeScreen

        if self.row:
            self.app.push_screen(ProbeScreen(self.row.name))

    def do_add(self) -> None:
        from ccswitch_tui.tui.screens.wizard.flow import WizardScreen

        self.app.push_screen(WizardScreen(), self._added)

    def _added(self, name: str | None) -> None:
        self.wanted = name
        self.look_again()

    def do_edit(self) -> None:
        from ccswitch_tui.tui.screens.edit import EditScreen

        if self.row:
            self.app.push_screen(EditScreen(self.row.name), self._added)

    def do_why(self) -> None:
        from ccswitch_tui.tui.screens.why import WhyScreen

        self.app.push_screen(WhyScreen())

    def do_traffic(self) -> None:
        from ccswitch_tui.tui.screens.traffic import TrafficScreen

        self.app.push_screen(TrafficScreen())

    def do_doctor(self) -> None:
        from ccswitch_tui.tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen(self.row.name if self.row else None))

    def do_history(self) -> None:
        from ccswitch_tui.tui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen())

    def do_settings(self) -> None:
        from ccswitch_tui.tui.screens.settings import SettingsScreen

        self.app.push_screen(SettingsScreen(), self._settings_left)

    async def _settings_left(self, _: None) -> None:
        """In another language every word is drawn anew."""
        if self.spoken != language():
            self.spoken = language()
            await self.recompose()
            self.show(self.session.now)
            self.look_again()
            self.query_one("#profiles").focus()
