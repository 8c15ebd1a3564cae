"""Steps 5 and 6: the route with its reason, and everything that will be saved before it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.profiles.model import ROUTES
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from ccswitch_tui.profiles.draft import Draft


class RoutePane(Pane):
    """Through the proxy, or direct where the endpoint speaks Claude Code's language itself."""

    PLACE = "route"
    HELP_TOPIC = "route"
    BINDINGS = bindings("route")
    FOCUS = "#routes"

    def body(self) -> ComposeResult:
        yield Static(t("route.ask"), classes="lead")
        yield Rows(self._draw, id="routes")
        yield Prose(id="reason")

    def begin(self) -> None:
        super().begin()
        self.query_one(Rows).show(ROUTES, cursor=ROUTES.index(self.setup.draft.route))
        self._reason()

    def _draw(self, route: str, width: int) -> Content:
        aside = t("route.recommended") if route == "proxy" else "" if self._native() else t("route.impossible")
        style = look.NAME if route == "proxy" or self._native() else look.DISABLED
        return look.line("  ", look.cells(t(f"route.{route}"), 24, style), (aside, look.QUIET))

    def _native(self) -> bool:
        endpoint = self.setup.draft.endpoint
        return bool(endpoint and endpoint.format.native)

    @on(Rows.Moved, "#routes")
    def _reason(self) -> None:
        route = cast("str", self.query_one(Rows).row or "proxy")
        report = self.setup.report
        proved = report is not None and report.verdict != "broken"
        other = "other" if proved or route == "direct" else "unproved"
        self.query_one("#reason", Prose).update(t(f"route.because.{route}.{'native' if self._native() else other}"))
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        if action == "next" and self.is_mounted and self.query_one(Rows).row == "direct" and not self._native():
            return t("why_not.not_native")
        return None

    @on(Rows.Selected, "#routes")
    def _selected(self) -> None:
        self.action_do("next")

    def do_next(self) -> None:
        route = cast("str", self.query_one(Rows).row)
        self.done(self.setup._replace(draft=self.setup.draft._replace(route=route)))


class ReviewPane(Pane):
    """What goes where: the profile as text, the key by its place."""

    PLACE = "review"
    HELP_TOPIC = "review"
    BINDINGS = bindings("review")
    FOCUS = "#entry"

    def body(self) -> ComposeResult:
        yield Static(t("review.ask"), classes="lead")
        yield Prose(id="places")
        with VerticalScroll(id="entry", can_focus=True):
            yield Prose(id="toml")

    def begin(self) -> None:
        super().begin()
        self._show()

    @task("review")
    async def _show(self) -> None:
        text = await self.ccs.off(self.session.toml_of, self.setup.profile)
        kept_in = self.session.at_home(await self.ccs.off(self.session.keys_kept_in))
        rows = [fact_named(t("review.profile"), self.session.at_home(self.session.ctx.paths.profiles))]
        if self.setup.draft.secret:
            rows.append(fact_named(t("fact.key"), kept_in))
        elif self.setup.draft.key_ref:
            rows.append(fact_named(t("fact.key"), t("review.key_stays", ref=str(self.setup.draft.key_ref))))
        rows += header_facts(self.setup.draft, kept_in)
        self.query_one("#places", Prose).update(look.lines(*rows))
        added = [look.line(("+ ", look.STYLES["ok"]), look.quoted(row)) for row in text.splitlines()]
        self.query_one("#toml", Prose).update(look.lines(*added))

    @task("save")
    async def do_save(self) -> None:
        """Key first and read back, then the profile; all of it or nothing."""
        from ccswitch_tui.tui.background import KEY_PATIENCE_S

        saving = partial(self.ccs.off, self.session.save, self.setup, timeout_s=KEY_PATIENCE_S)
        self.done(self.setup, saved=await with_keys(self.ccs, saving))


def header_facts(draft: Draft, kept_in: str) -> list[Content]:
    """The further headers with a secret: their names, never what they hold, and where that goes."""
    covered = look.sign("cover") * 4
    return [
        fact_named(t("fact.header"), name, f"{covered}  {kept_in if name in draft.stored_headers else ref}")
        for name, ref in draft.secret_headers.items()
    ]
