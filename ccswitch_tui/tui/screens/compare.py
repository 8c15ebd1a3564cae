"""Compare: all profiles side by side, first as their last probes left them; one key probes them all anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.compared import Live, compared_facts, draw_compared, heading_of
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import REST_S, Place, bindings, task
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.ladder import TICK_S
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from ccswitch_tui.probe.model import ProbeReport, Step
    from ccswitch_tui.workflows.compare import Compared

ORDERS = ("verdict", "first", "price", "name", "file")

ASK_FROM = 12
"""So many profiles are probed only after a question: each costs requests."""


class Total(NamedTuple):
    """What probing all that is shown would ask for."""

    requests: int
    tokens: int


class CompareScreen(Place[None]):
    """Opening asks nobody; `p` probes what the filter shows, a few at a time, and `esc` stops that."""

    PLACE = "compare"
    HELP_TOPIC = "compare"
    BINDINGS = bindings("compare")
    CSS_PATH: ClassVar[list[Any]] = ["../styles/halves.tcss", "../styles/compare.tcss"]

    def __init__(self, name: str | None = None, words: str = "") -> None:
        super().__init__()
        self.every: dict[str, Compared] = {}
        """By name, in the order of the file."""
        self.live: dict[str, Live] = {}
        """Those being probed now, and those that wait for it."""
        self.order = ORDERS[0]
        self.running = False
        self.standing: list[str] = []
        """The order while they are probed: rows that are sorted meanwhile run away from under the cursor."""
        self.wanted = name
        self.words = words
        """What the filter holds at first."""

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Line(self.words, placeholder=t("home.filter"), id="filter")
                yield Prose(t("home.no_match"), id="empty")
                yield Rows(self._draw, heading=heading_of, id="compared")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="facts")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#filter").display = bool(self.words)
        self.query_one("#empty").display = False
        self.set_interval(TICK_S, self._tick)
        self.load()

    @task("load")
    async def load(self) -> None:
        """What the last reports say."""
        rows = await self.ccs.off(self._known, timeout_s=60.0)
        self.every = {row.name: row for row in rows}
        self.show()

    def _known(self) -> list[Compared]:
        return [self.session.compared(row.profile) for row in self.session.now.rows]

    # ------------------------------------------------------------------ comparing

    @task("compare")
    async def compare(self) -> None:
        """Probes what is shown; leaving, or `esc`, ends it and keeps what is done."""
        from ccswitch_tui.tui.asking import opened
        from ccswitch_tui.tui.screens.confirm import ConfirmSheet

        profiles = [row.profile for row in self.shown()]
        total = await self.ccs.off(self._total)
        if len(profiles) > ASK_FROM:
            means = t("probe.cost", n=total.requests, tokens=f"{total.tokens:,}")
            if not await self.app.push_screen_wait(ConfirmSheet(t("compare.ask", n=len(profiles)), means)):
                return
        if self.session.now.locked and not await opened(self.ccs, "passphrase"):
            return
        first = [profile.name for profile in profiles]
        self.standing = list(dict.fromkeys([*first, *self.every]))
        self.running = True
        self.live = {profile.name: Live() for profile in profiles}
        self.show()
        try:
            await self.session.compare(
                profiles,
                self.ccs.config.ladder,  # type: ignore[arg-type]
                on_start=self._later(self._start),
                on_step=self._later(self._step),
                on_done=self._later(self._done),
            )
        finally:
            self.running, self.live = False, {}
            if self.query("#compared"):
                self.show()

    def _later(self, told: Callable[..., None]) -> Callable[..., None]:
        """A callback for the probes' thread, which does not wait for a paint: it measures."""

        def tell(*given: Any) -> None:
            self.call_later(told, *given)

        return tell

    def _start(self, name: str) -> None:
        if name in self.live:
            self.live[name] = Live(time.monotonic())
            self.show()

    def _step(self, name: str, step: Step) -> None:
        if name in self.live:
            live = self.live[name]
            self.live[name] = live._replace(marks=(*live.marks, (step.code, step.verdict)))

    def _done(self, row: Compared) -> None:
        if self.live.pop(row.name, None) is not None:
            self.every[row.name] = row
            if self.query("#compared"):
                self.show()

    def _total(self) -> Total:
        costs = [self.session.cost(row.profile, self.ccs.config.ladder) for row in self.shown()]  # type: ignore[arg-type]
        return Total(sum(c.requests for c in costs), sum(c.tokens for c in costs))

    # ------------------------------------------------------------------ showing

    def shown(self) -> list[Compared]:
        """The rows that pass the filter, in the order that was chosen."""
        from ccswitch_tui.tui.filtering import passes
        from ccswitch_tui.workflows.compare import ordered

        words = self.query_one("#filter", Input).value
        names = {row.name for row in self.session.now.rows if passes(row, words)}
        rows = ordered((row for row in self.every.values() if row.name in names), self.order)
        return sorted(rows, key=lambda row: self.standing.index(row.name)) if self.running else rows

    def show(self) -> None:
        if not self.query("#compared"):
            return
        rows, found = self.query_one(Rows), self.shown()
        wanted = self.wanted or (rows.row.name if rows.row else None)
        self.wanted = None
        rows.show(found, cursor=next((i for i, row in enumerate(found) if row.name == wanted), None))
        self.query_one("#empty").display = bool(self.every) and not found
        self._head()
        self._facts()

    def _tick(self) -> None:
        if self.live:
            self.query_one(Rows).refresh()

    def _head(self) -> None:
        parts: list[Any] = [(t("compare.title"), look.NAME), "  "]
        shown = self.shown()
        if self.running:
            left = len(self.live)
            parts += [look.mark("here"), " ", t("compare.running", done=len(shown) - left, n=len(shown))]
        else:
            probed = sum(row.verdict is not None for row in shown)
            parts += [(t("compare.known", probed=probed, n=len(shown)), look.QUIET)]
        parts += [(f"  {t('home.sorted', by=t(f'sort.{self.order}'))}", look.QUIET)]
        self.query_one("#head", Static).update(look.line(*parts))
        self.renew_keys()

    def _draw(self, row: Compared, width: int) -> Content:
        firsts = [r.first_token_ms for r in self.every.values() if r.first_token_ms]
        longest = max(firsts, default=0.0)
        return draw_compared(
            row, width, self.live.get(row.name), self.ccs.config.ladder, longest, self.session.ctx.clock()
        )

    @on(Rows.Moved, "#compared")
    def _facts(self) -> None:
        row: Compared | None = self.query_one(Rows).row
        self.query_one("#facts", Prose).update(compared_facts(row, None, 0) if row else "")
        self.renew_keys()
        if row is not None and row.verdict and row.name not in self.live:
            self._report(row.name)

    @task("report")
    async def _report(self, name: str) -> None:
        """The findings of the last report, once the cursor rests."""
        import asyncio

        await asyncio.sleep(REST_S)
        report: ProbeReport | None = await self.ccs.off(self.session.last_report, name)
        row = self.query_one(Rows).row
        if report and row and row.name == name:
            self.query_one("#facts", Prose).update(compared_facts(row, report, min(100, self.size.width - 5)))

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        if not self.is_mounted:
            return None
        if action in ("use", "open", "table") and self.query_one(Rows).row is None:
            return t("why_not.no_profile")
        if action == "compare":
            return t("why_not.probe_running") if self.running else None if self.shown() else t("why_not.no_profile")
        return t("why_not.probe_running") if action == "open" and self.running else None

    @on(Rows.Selected, "#compared")
    def _selected(self) -> None:
        self.action_do("use")

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(Rows).focus()

    def do_compare(self) -> None:
        self.compare()

    def do_use(self) -> None:
        """Uses the one under the cursor, at Home, where one sees what that did."""
        self.ccs.use(self.query_one(Rows).row.name)

    def do_open(self) -> None:
        from ccswitch_tui.tui.screens.probe import ProbeScreen

        self.app.push_screen(ProbeScreen(self.query_one(Rows).row.name), self._opened)

    def _opened(self, _: None) -> None:
        self.load()

    def do_sort(self) -> None:
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.show()

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        self.set_focus(field)

    def do_table(self) -> None:
        """The rows as a table to paste into an issue or a chat."""
        from ccswitch_tui.tui.compared import table_of

        self.ccs.copy(table_of(self.shown()), t("copied.table"))

    def do_back(self) -> None:
        """Clears the filter; stops what runs; leaves."""
        field = self.query_one("#filter", Input)
        if field.display and self.focused is field:
            field.value, field.display = "", False
            self.query_one(Rows).focus()
        elif self.running:
            self.workers.cancel_group(self, "compare")
            self.ccs.show_notice(t("probe.stopped"))
        else:
            self.workers.cancel_node(self)
            self.dismiss()
