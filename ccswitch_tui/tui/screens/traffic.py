"""Traffic: requests through the proxy as they happen, and the two sides of one of them next to each other."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.tui import look
from ccswitch_tui.tui.flows import Flow, FlowKey, flow_facts, haystack, heading, key_of, line_of, spent
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.tui.widgets.sides import Sides, Way

RETRY_S = 2.0
"""How long to wait before asking a proxy that went away again."""

SHOWN_EVERY_S = 0.1
"""However many requests come: each showing looks at all of them, and 10,000 in a burst would take minutes."""

MOST_FLOWS = 10_000
"""Exchanges that are remembered while the screen is open, the newest."""

FEW = 5
"""Exchanges that leave most of the screen to the bodies of the one under the cursor."""

MOST_SEARCHED = 16
"""Exchanges whose bodies a search looks into: the proxy keeps those of no more."""


class TrafficScreen(Place[None]):
    """Newest first. Pausing holds the list still; nothing is lost meanwhile."""

    PLACE = "traffic"
    HELP_TOPIC = "traffic"
    BINDINGS = bindings("traffic")
    CSS_PATH: ClassVar[list[Any]] = ["../styles/halves.tcss", "../styles/traffic.tcss"]

    def __init__(self) -> None:
        super().__init__()
        self.flows: dict[FlowKey, Flow] = {}
        self.paused = False
        self.connected: bool | None = None
        """None until the first answer: nothing is claimed before."""
        self.way = Way()
        self.texts: dict[FlowKey, str] = {}
        """Bodies that were looked into for a search."""
        self.hay: dict[FlowKey, str] = {}
        """What the filter searches in each."""
        self.due = False
        """The list is behind, and will be drawn in a moment."""
        self.shown: tuple[FlowKey, bool] | None = None
        """Whose bodies are on the screen, and whether it had ended when they were fetched."""

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Line(placeholder=t("traffic.filter"), id="filter")
                yield Prose(id="empty")
                yield Rows(line_of, heading=heading, id="flows")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="facts")
                yield Sides(id="bodies")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self._head()
        self.listen()

    # ---------------------------------------------------------------- listening

    @task("listen")
    async def listen(self) -> None:
        """Follows the proxy for as long as the screen is open; a proxy that dies is said to be gone and awaited."""
        import asyncio

        while True:
            try:
                async for flow in self.session.traffic():
                    if self.connected is not True:
                        self.connected = True
                        self._show()
                    if flow:
                        self._take(flow)
            except CcswitchError:
                pass
            if self.connected is not False:
                self.connected = False
                self._cut_off()
                self._show()
            await asyncio.sleep(RETRY_S)

    def _take(self, flow: Flow) -> None:
        key = key_of(flow)
        self.flows[key] = {**self.flows.get(key, {}), **flow}
        self.hay[key] = haystack(self.flows[key])
        if len(self.flows) > MOST_FLOWS:
            for old in sorted(self.flows)[: MOST_FLOWS // 100]:
                del self.flows[old], self.hay[old]
        if not self.paused and not self.due:
            self.due = True
            self.set_timer(SHOWN_EVERY_S, self._show_due)

    def _show_due(self) -> None:
        self.due = False
        if not self.paused:
            self._show()

    def _cut_off(self) -> None:
        """Nobody will tell how the requests under way went on; should the proxy still be there, it does."""
        for key, flow in self.flows.items():
            if flow.get("total_ms") is None:
                self.flows[key] = {**flow, "error": t("traffic.cut_off")}
                self.hay[key] = haystack(self.flows[key])

    # ------------------------------------------------------------------ showing

    def _show(self) -> None:
        words = self.query_one("#filter", Input).value.casefold().split()
        newest = sorted(self.flows, reverse=True)
        if words:
            newest = [k for k in newest if all(w in self.hay[k] or w in self.texts.get(k, "") for w in words)]
        found = [self.flows[key] for key in newest]
        rows = self.query_one(Rows)
        here = key_of(rows.row) if rows.row else None
        at = newest.index(here) if here in self.flows and here in newest else 0
        rows.show(found, cursor=at if rows.cursor else 0)
        self.set_class(0 < len(self.flows) <= FEW, "-few")
        empty = self.query_one("#empty", Prose)
        empty.display = not found
        unread = bool(words) and self.query_one("#filter", Input).has_focus
        no_match = "traffic.no_match_yet" if unread else "traffic.no_match"
        nothing = no_match if self.flows else "traffic.off" if self.connected is False else "traffic.empty"
        empty.update(t(nothing))
        self._head()
        self._facts()

    def _head(self) -> None:
        states = {None: ("wait", "traffic.asking"), True: ("ok", "traffic.listening"), False: ("fail", "traffic.gone")}
        meaning, text = states[self.connected]
        if self.paused and self.connected:
            meaning, text = "warn", "traffic.paused"
        parts = [(t("traffic.title"), look.NAME), "  ", look.mark(meaning), " ", t(text)]
        if self.flows:
            parts.append((f"  {t('traffic.count', n=len(self.flows))}", look.QUIET))
        if amount := spent(self.flows.values()):
            parts.append((f"  {amount}", look.QUIET))
        self.query_one("#head", Static).update(look.line(*parts))
        self.renew_keys()

    @on(Rows.Moved, "#flows")
    def _facts(self) -> None:
        flow = self.query_one(Rows).row
        self.query_one("#facts", Prose).update(flow_facts(flow) if flow else "")
        before, self.shown = self.shown, (key_of(flow), flow.get("total_ms") is not None) if flow else None
        if self.shown and self.shown != before:
            self._bodies(self.shown[0])
        if not self.shown or not before or self.shown[0] != before[0]:
            self.query_one(Sides).clear()

    @task("bodies")
    async def _bodies(self, key: FlowKey) -> None:
        """Fetches both sides of one exchange; old ones are no longer kept."""
        bodies = await self.ccs.off(self.session.traffic_bodies, *key)
        self.query_one(Sides).show(bodies, self.way)

    # ------------------------------------------------------------------ actions

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(Rows).focus()
        if self.query_one("#filter", Input).value.strip():
            self._search_bodies()

    @task("search")
    async def _search_bodies(self) -> None:
        """Looks into the bodies that are still kept, the newest first."""
        newest = sorted(self.flows, reverse=True)[:MOST_SEARCHED]
        for key in newest:
            if key not in self.texts:
                bodies = await self.ccs.off(self.session.traffic_bodies, *key)
                self.texts[key] = "\n".join(bodies.values()).casefold()
        self._show()

    def why_not(self, action: str) -> str | None:
        if action in ("sides", "clear", "raw", "unfold", "curl", "har") and not self.flows:
            return t("traffic.empty")
        return t("traffic.both_sides") if action == "sides" and self.query_one(Sides).both else None

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        self.set_focus(field)

    def do_pause(self) -> None:
        self.paused = not self.paused
        self._show()

    def do_sides(self) -> None:
        self._show_as(self.way._replace(side=1 - self.way.side))

    def do_raw(self) -> None:
        """The conversation, or what went over the wire."""
        self._show_as(self.way._replace(raw=not self.way.raw))

    def do_unfold(self) -> None:
        self._show_as(self.way._replace(unfolded=not self.way.unfolded))

    @on(Rows.Selected, "#flows")
    def _selected(self) -> None:
        self.action_do("unfold")

    def _show_as(self, way: Way) -> None:
        self.way = way
        if self.shown is not None:
            self._bodies(self.shown[0])

    @task("export")
    async def do_curl(self) -> None:
        """The endpoint's side as a command to try again."""
        flow = self.query_one(Rows).row
        self.ccs.copy(await self.ccs.off(self.session.traffic_curl, flow), t("copied.curl"))

    @task("export")
    async def do_har(self) -> None:
        """Both sides in a file of the format that browsers and mitmproxy read."""
        flow = self.query_one(Rows).row
        self.ccs.show_notice(
            t("traffic.saved", file=self.session.at_home(await self.ccs.off(self.session.traffic_har, flow)))
        )

    def do_clear(self) -> None:
        self.flows.clear()
        self.hay.clear()
        self.texts.clear()
        self._show()

    @task("proxy")
    async def do_proxy(self) -> None:
        from ccswitch_tui.tui.asking import start_or_stop_proxy

        await start_or_stop_proxy(self.ccs)

    def do_back(self) -> None:
        field = self.query_one("#filter", Input)
        if field.display:
            field.value, field.display = "", False
            self.query_one(Rows).focus()
        else:
            self.dismiss()
