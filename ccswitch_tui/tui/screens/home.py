"""Home: the profiles, what is known about the one under the cursor, and one key to each thing to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input

from ccswitch_tui.tui import home_rows, look
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.home_rows import ORDERS, SORTED_BY, Needs
from ccswitch_tui.tui.i18n import language, t
from ccswitch_tui.tui.keys import twins
from ccswitch_tui.tui.screens.base import REST_S, bindings, task
from ccswitch_tui.tui.screens.home_verbs import MoreVerbs
from ccswitch_tui.tui.views import Row, Snapshot
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.details import Details
from ccswitch_tui.tui.widgets.headline import Headline
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from ccswitch_tui.tui.session_proxy import Pulse
    from ccswitch_tui.tui.widgets.guide import Guide

GLANCE_S = 2.0
"""How often the files' times are looked at, so that a `use` in another terminal shows up here."""

AGE_S = 30.0
"""How often the ages of verdicts are drawn anew."""

FEW = 5
"""Profiles that leave the better part of a small screen to what is known about the one under the cursor."""

PULSE_S = 5.0
"""How often today's use is asked for."""

SCOPES = ("user", "project", "local")

THIRD_FROM = 160
"""Columns from which there is a third pane."""

UNDO_FRESH_S = 60.0
"""A write younger than this is what `u` is meant for; before an older one is taken back it is named."""


class HomeScreen(MoreVerbs):
    """The first place."""

    PLACE = "home"
    HELP_TOPIC = "home"
    BINDINGS: ClassVar[list[Any]] = [
        *(row for row in bindings("home") if row.description != "nth"),
        *(Binding(twins(str(n)), f"nth({n})", "nth", show=False) for n in range(1, 10)),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.scope = "user"
        self.spoken = language()
        self.order = ORDERS[0]
        self.numbers: dict[str, int] = {}
        """Which digit uses a profile."""
        self.needs = Needs()
        self.further: set[str] = set()
        """Profiles below another one of the same host, in the order by host."""
        self.pulse: Pulse | None = None
        self.found_here: tuple[Content, ...] | None = None
        self.profiles: Rows | None = None
        """The list; not there before the first look."""
        self.wanted: str | None = None
        """The profile the cursor should stand on after the next look."""

    def body(self) -> ComposeResult:
        """The head line alone until something is known: what would show nothing would cost the first paint a tenth."""
        yield Headline()
        if self.session.now.stamp:
            yield self._halves()
        if self.session.ctx.guided:
            from ccswitch_tui.tui.widgets.guide import Guide

            yield Guide()

    def _halves(self) -> Bare:
        """The list, and what is known about the profile under the cursor."""
        self.profiles = Rows(self.draw_row, heading=self.heading, id="profiles")
        return Bare(Bare(Prose(id="empty"), self.profiles, id="list"), Details(id="details"), id="halves")

    def on_mount(self) -> None:
        self.set_interval(GLANCE_S, self.glance)
        self.set_interval(AGE_S, self.show_rows)
        self.set_interval(PULSE_S, self._beat)

    def _beat(self) -> None:
        if self.is_current and self.session.now.stamp:
            self.feel_pulse()
            self.show_latest()

    def on_resize(self) -> None:
        """A third pane where there is room for it; after the first look, so that the first paint is no later."""
        self.set_class(self.size.width >= THIRD_FROM, "-third")
        if self.session.now.stamp:
            self.show_latest()

    @task("latest")
    async def show_latest(self) -> None:
        """The exchanges of the profile under the cursor, once it rests."""
        if not self.has_class("-third"):
            return
        from ccswitch_tui.tui.widgets.latest import Latest

        if not self.query(Latest):
            await self.query_one("#halves").mount(Latest(id="latest"))
        await asyncio.sleep(REST_S)
        row = self.row
        flows = await self.ccs.off(self.session.latest, row.name) if row else []
        for pane in self.query(Latest):
            pane.show(row.name if row else "", flows, running=bool(self.pulse and self.pulse.running))

    def on_screen_resume(self) -> None:
        if self.session.now.stamp:
            self.look_again()

    # ----------------------------------------------------------------- looking

    @task("look")
    async def look_again(self) -> None:
        """Looks at the files in a thread; for the first time once the first paint is out (`CcswitchApp.painted`)."""
        snapshot = await self.ccs.off(self.session.look)
        async with self.batch():
            if self.profiles is None:
                await self.mount(self._halves(), after=self.query_one(Headline))
            if self.focused is None:
                self.set_focus(self.profiles)
            self.show(snapshot)
        self.feel_pulse()
        self.show_latest()

    @task("pulse")
    async def feel_pulse(self) -> None:
        """Today's use, for the head line and the details."""
        before, self.pulse = self.pulse, await self.ccs.off(self.session.pulse)
        if self.query("#profiles") and self.pulse != before:
            self.query_one(Headline).pulse = self.pulse
            if before is not None or self.pulse.today or self.pulse.budgets:
                self.show_details()

    @task("glance")
    async def glance(self) -> None:
        """Looks again when a file has changed; not while it looks, or a look that takes longer would never end."""
        looks = any(worker.group == "look" and not worker.is_finished for worker in self.workers)
        if self.is_current and not looks and await self.ccs.off(self.session.stamp) != self.session.now.stamp:
            self.look_again()

    def show(self, snapshot: Snapshot) -> None:
        """Puts one look at the files on the screen."""
        before, self.session.now = self.session.now, snapshot
        if not self.query("#profiles"):
            return  # between two languages
        for guide in self.query("Guide"):
            cast("Guide", guide).saw(snapshot)
        headline = self.query_one(Headline)
        headline.truth = snapshot.truth
        headline.locked = snapshot.locked
        headline.problem = snapshot.problem.message if snapshot.problem and not snapshot.truth else ""
        if snapshot.problem and str(snapshot.problem) != str(before.problem):
            self.ccs.tell(snapshot.problem)
        self.show_rows()

    def show_rows(self) -> None:
        """The rows that pass the filter; nothing before the first look."""
        if self.profiles is None:
            return
        typed = " ".join(field.value for field in self.query(Input))
        every = self.session.now.rows
        found = self._passing(typed) if typed.strip() else list(every)
        if self.order != ORDERS[0]:
            found.sort(key=SORTED_BY[self.order])
        self.numbers = {row.name: number for number, row in enumerate(found[:9], 1)}
        self._lay_out(found)
        self.set_class(0 < len(every) <= FEW, "-few")
        wanted = self.wanted or (self.row and self.row.name)  # another list, the same profile
        cursor = next((i for i, row in enumerate(found) if row.name == wanted), None)
        self.wanted = None
        self.profiles.show(found, cursor=cursor)
        empty = self.query_one("#empty", Prose)
        empty.display = not found
        if not found:
            empty.update(t("home.no_match") if every else look.lines(t("home.empty"), *(self.found_here or ())))
            if not every and self.found_here is None:
                self.found_here = ()
                self.look_around()
        self.show_details()
        self.renew_keys()

    def _passing(self, typed: str) -> list[Row]:
        from ccswitch_tui.tui.filtering import passes

        return [row for row in self.session.now.rows if passes(row, typed)]

    def show_details(self) -> None:
        used = self.pulse.today.get(self.row.name) if self.pulse and self.row else None
        budget = self.pulse.budgets.get(self.row.name) if self.pulse and self.row else None
        self.query_one(Details).show(self.row, self.session.ctx.clock(), used, budget)
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
        return self.profiles.row if self.profiles else None

    def draw_row(self, row: Row, width: int) -> Content:
        """One profile on one line; in the order by host only the first account of a provider names it."""
        by_host = self.order == home_rows.BY_HOST
        return home_rows.draw(
            row, width, self.needs, number=self.numbers.get(row.name, 0), now=self.session.ctx.clock(),
            account=self.account_of(row) if by_host else "", host="" if row.name in self.further else None,
            by_host=by_host,
        )  # fmt: skip

    def heading(self, width: int) -> Content:
        """What stands above the columns."""
        return home_rows.heading(width, self.needs, self.order == home_rows.BY_HOST)

    def account_of(self, row: Row) -> str:
        """What is left on a key as far as that was asked, and what it was used for today."""
        used = self.pulse.today.get(row.name) if self.pulse else None
        said = [t("details.requests", n=int(used["requests"])) if used else ""]
        if row.balance is not None:
            from ccswitch_tui.balance.kept import short_text

            said.insert(0, short_text(row.balance))
        return f" {look.sign('dot')} ".join(filter(None, said))

    def _lay_out(self, found: list[Row]) -> None:
        """How wide the columns are for these rows, and which of them follow another account of the same host."""
        by_host = self.order == home_rows.BY_HOST
        self.needs = home_rows.needs_of(found, map(self.account_of, found) if by_host else ())
        hosts = [home_rows.host_of(row) for row in found] if by_host else []
        self.further = {
            row.name for row, host, above in zip(found[1:], hosts[1:], hosts, strict=False) if host == above
        }

    def key_label(self, action: str) -> Content | None:
        """Where `enter` writes, while that is not where it usually does."""
        if action != "use" or self.scope == "user":
            return None
        to = t(f"scope.{self.scope}")
        return Content.styled(f"{t('key.use')} {look.sign('to')} {to}", look.STYLES["warn"])

    # ------------------------------------------------------------------ events

    @on(Rows.Moved, "#profiles")
    def _moved(self) -> None:
        self.show_details()
        self.show_latest()
        self.renew_keys()

    @on(Rows.Selected, "#profiles")
    def _selected(self) -> None:
        self.action_do("use")

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.show_rows()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query("#profiles").focus()

    # ----------------------------------------------------------------- actions

    NEEDS_A_PROFILE = ("use", "probe", "edit", "remove", "copy", "rename", "duplicate")

    NEEDS_A_LOOK = ("filter", "official", "proxy", "scope", "sort")
    """Typed ahead of the list, "/good" would otherwise be `o`, which writes settings."""

    def why_not(self, action: str) -> str | None:
        if action in self.NEEDS_A_LOOK and self.profiles is None:
            return t("truth.looking")
        if action == "compare" and not self.session.now.rows:
            return t("why_not.no_profile")
        if action in self.NEEDS_A_PROFILE and not (self.is_mounted and self.row):
            return t("why_not.no_profile")
        if action == "undo" and not self.session.now.undoable:
            return t("why_not.nothing_to_undo")
        return None

    def do_back(self) -> None:
        """Shows all profiles again; Home itself is left with `q`."""
        for field in self.query(Input):
            field.value, field.display = "", False
            self.query("#profiles").focus()

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
        self.scope = SCOPES[0]  # once: what other people get is not written by habit
        self.wanted = name
        self.look_again()

    @task("use")
    async def do_undo(self) -> None:
        last = await self.ccs.off(self.session.last_write)
        if last is not None and self.session.ctx.clock() - last.at > UNDO_FRESH_S:
            from ccswitch_tui.tui.screens.confirm import ConfirmSheet

            ago = look.age(self.session.ctx.clock() - last.at)
            means = t("undo.means", n=len(last.changes), file=self.session.at_home(last.file))
            if not await self.app.push_screen_wait(ConfirmSheet(t("undo.ask", what=last.title, ago=ago), means)):
                return
        self.ccs.show_notice(await self.ccs.off(self.session.undo, self.ccs.waits_for))
        self.look_again()

    def do_scope(self) -> None:
        """Where `enter` writes: round the three files."""
        self.scope = SCOPES[(SCOPES.index(self.scope) + 1) % len(SCOPES)]
        self.ccs.show_notice(t("home.scope", scope=t(f"scope.{self.scope}")))
        self.renew_keys()

    def do_sort(self) -> None:
        """The next order; the profile under the cursor stays under it."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.ccs.show_notice(t("home.sorted", by=t(f"sort.{self.order}")))
        self.show_rows()

    def do_nth(self) -> None:
        """The first; the other digits have bindings of their own."""
        self.action_nth(1)

    def action_nth(self, number: int) -> None:
        """Uses the profile of a digit."""
        name = next((name for name, at in self.numbers.items() if at == number), None)
        if name is None:
            self.ccs.show_notice(t("why_not.no_nth", n=number), severity="warning")
        else:
            self.use(name)

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
            self.ccs.show_notice(await self.ccs.off(self.session.remove, row.name, timeout_s=KEY_PATIENCE_S))
            self.look_again()

    @task("proxy")
    async def do_proxy(self) -> None:
        """Starts the background proxy, or stops it."""
        from ccswitch_tui.tui.asking import start_or_stop_proxy

        await start_or_stop_proxy(self.ccs)
        self.feel_pulse()

    # ------------------------------------------------------------ other places

    def do_probe(self) -> None:
        from ccswitch_tui.tui.screens.probe import ProbeScreen

        if self.row:
            self.app.push_screen(ProbeScreen(self.row.name))

    def do_compare(self) -> None:
        """All profiles side by side, or those that the filter shows."""
        from ccswitch_tui.tui.screens.compare import CompareScreen

        words = " ".join(field.value for field in self.query(Input))
        self.app.push_screen(CompareScreen(self.row.name if self.row else None, words))

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
            self.query("#profiles").focus()
