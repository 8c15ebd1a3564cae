"""Traffic: requests through the proxy as they happen, and the two sides of one of them next to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.details import fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.tui.widgets.sides import Sides
from ccswitch_tui.workflows.traffic import amounts_text

RETRY_S = 2.0
"""How long to wait before asking a proxy that went away again."""

Flow = dict[str, Any]
"""One exchange as the proxy tells it."""
FlowKey = tuple[float, int]
"""When it began and its number: each proxy counts from one, and a proxy may end and another begin meanwhile."""


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
        self.side = 0
        self.shown: tuple[FlowKey, bool] | None = None
        """Whose bodies are on the screen, and whether it had ended when they were fetched."""

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with Container(id="halves"):
            with Container(id="list"):
                yield Line(placeholder=t("traffic.filter"), id="filter")
                yield Prose(id="empty")
                yield Rows(self._draw, id="flows")
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
        self.flows[key_of(flow)] = {**self.flows.get(key_of(flow), {}), **flow}
        if not self.paused:
            self._show()

    def _cut_off(self) -> None:
        """Nobody will tell how the requests under way went on; should the proxy still be there, it does."""
        for key, flow in self.flows.items():
            if flow.get("total_ms") is None:
                self.flows[key] = {**flow, "error": t("traffic.cut_off")}

    # ------------------------------------------------------------------ showing

    def _show(self) -> None:
        words = self.query_one("#filter", Input).value.casefold().split()
        newest = sorted(self.flows.values(), key=key_of, reverse=True)
        found = [f for f in newest if all(w in haystack(f) for w in words)]
        rows = self.query_one(Rows)
        at = next((i for i, f in enumerate(found) if rows.row and key_of(f) == key_of(rows.row)), 0)
        rows.show(found, cursor=at if rows.cursor else 0)
        empty = self.query_one("#empty", Prose)
        empty.display = not found
        nothing = "traffic.no_match" if self.flows else "traffic.off" if self.connected is False else "traffic.empty"
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

    def _draw(self, flow: Flow, width: int) -> Content:
        went = f"{flow.get('asked') or '?'}"
        if flow.get("model") and flow["model"] != flow.get("asked"):
            went += f" {look.sign('to')} {flow['model']}"
        tail = look.line(
            look.cells(tokens(flow), 13, look.QUIET, right=True),
            look.cells(look.took(flow.get("first_byte_ms")), 8, look.QUIET, right=True),
            look.cells(look.took(flow.get("total_ms")), 8, right=True),
        )
        left = max(10, width - tail.cell_length - 15)
        who = min(20, left // 3) if left > 36 else 0
        return look.line(
            " ", look.mark(meaning_of(flow)), " ", look.cells(str(flow.get("status") or look.sign("wait")), 4),
            look.cells(look.quoted(flow.get("profile", "")), who, look.NAME), " " if who else "",
            look.cells(look.quoted(went), left - who + 5), tail,
        )  # fmt: skip

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
        self.query_one(Sides).show(bodies, self.side)

    # ------------------------------------------------------------------ actions

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one(Rows).focus()

    def why_not(self, action: str) -> str | None:
        if action in ("sides", "clear") and not self.flows:
            return t("traffic.empty")
        return None

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        self.set_focus(field)

    def do_pause(self) -> None:
        self.paused = not self.paused
        self._show()

    def do_sides(self) -> None:
        self.side = 1 - self.side
        if self.shown is not None:
            self._bodies(self.shown[0])

    def do_clear(self) -> None:
        self.flows.clear()
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


def key_of(flow: Flow) -> FlowKey:
    """What is the same for every word about one exchange, and different from any other."""
    return flow["at"], flow["id"]


def haystack(flow: Flow) -> str:
    """What a filter searches in one exchange."""
    shown = ("profile", "asked", "model", "answered", "status", "error", "stop_reason", "host")
    return " ".join(str(flow.get(name) or "") for name in shown).casefold()


def meaning_of(flow: Flow) -> str:
    """The sign an exchange gets."""
    if flow.get("error") or int(flow.get("status") or 0) >= 400:
        return "fail"
    if flow.get("total_ms") is None:
        return "wait"
    return "warn" if flow.get("notices") else "ok"


def tokens(flow: Flow) -> str:
    """Tokens in and out, short."""
    count = (flow.get("input_tokens", 0) + flow.get("cache_read_tokens", 0), flow.get("output_tokens", 0))
    return f"{short(count[0])}/{short(count[1])}" if any(count) else ""


def spent(flows: Iterable[Flow]) -> str:
    """The known cost of these exchanges, by currency; "" where none is known."""
    sums: dict[str, float] = {}
    for flow in flows:
        if flow.get("cost") is not None:
            sums[flow["currency"]] = sums.get(flow["currency"], 0.0) + flow["cost"]
    return amounts_text(sums)


def short(count: int) -> str:
    """`950`, `12.3k`, `1.2M`."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def flow_facts(flow: Flow) -> Content:
    """One exchange in words."""
    rows: list[Content | str] = []
    asked, model, answered = flow.get("asked", ""), flow.get("model", ""), flow.get("answered")
    path = f" {look.sign('to')} ".join(dict.fromkeys(m for m in (asked, model, answered) if m))
    rows.append(fact_named(t("traffic.model"), path))
    aside = "  ".join(part for part in (flow.get("wire"), spent([flow])) if part)
    went = look.line((look.quoted(flow.get("profile") or ""), look.NAME), f"  {look.quoted(flow.get('host') or '')}")
    rows.append(fact_named(t("traffic.went_to"), went, aside))
    if flow.get("stop_reason"):
        rows.append(fact_named(t("traffic.ended"), flow["stop_reason"]))
    if flow.get("error"):
        rows.append(look.item("fail", flow["error"]))
    rows += [look.item("warn", notice) for notice in flow.get("notices", ())]
    return look.lines(*rows, "")
