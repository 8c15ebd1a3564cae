"""The wizard's flow: which step follows which, `esc` back through them, and no trace left when it ends early."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, task, too_small
from ccswitch_tui.tui.screens.wizard.check import CheckPane
from ccswitch_tui.tui.screens.wizard.chooser import CataloguePane, MinePane
from ccswitch_tui.tui.screens.wizard.finish import ReadyPane, UseNowPane
from ccswitch_tui.tui.screens.wizard.key import KeyPane
from ccswitch_tui.tui.screens.wizard.models import ModelsPane
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.screens.wizard.review import ReviewPane, RoutePane
from ccswitch_tui.tui.screens.wizard.source import SourcePane
from ccswitch_tui.workflows.setup import Saved, Setup

STEPS: dict[str, type[Pane]] = {
    "source": SourcePane,
    "key": KeyPane,
    "check": CheckPane,
    "models": ModelsPane,
    "route": RoutePane,
    "review": ReviewPane,
    "use-now": UseNowPane,
    "ready": ReadyPane,
}
ASIDE: dict[str, type[Pane]] = {"catalogue": CataloguePane, "mine": MinePane}
"""Steps that are not on the main line; they come back to "source"."""


class WizardScreen(Place[str | None]):
    """Ends with the name of the new profile, or None."""

    PLACE = ""
    HELP_TOPIC = "wizard"
    CSS_PATH = "../../styles/wizard.tcss"
    AUTO_FOCUS = ""

    def __init__(self, begin: str = "source") -> None:
        super().__init__()
        self.step = begin
        self.setup = Setup()
        self.saved: Saved | None = None
        """What was saved, while it can still be taken back with esc."""

    def compose(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        yield Container(id="stage")
        yield from too_small()

    async def on_mount(self) -> None:
        await self._go(self.step)

    @property
    def dirty(self) -> bool:
        """Whether leaving for another place would lose what was gathered here."""
        return self.setup.draft.endpoint is not None and self.step not in ("use-now", "ready")

    async def _go(self, step: str) -> None:
        self.step = step
        self.query_one("#head", Static).update(self._progress())
        stage = self.query_one("#stage")
        await stage.remove_children()
        pane = {**STEPS, **ASIDE}[step](self.setup)
        await stage.mount(pane)
        pane.begin()

    def _progress(self) -> Content:
        main = "source" if self.step in ASIDE else self.step
        names = list(STEPS)
        parts: list[Any] = [(t("wizard.title"), look.NAME), "  "]
        for index, name in enumerate(names):
            style = look.NAME if name == main else look.QUIET if names.index(main) < index else ""
            parts.append((t(f"wizard.step.{name}"), style))
            if index + 1 < len(names):
                parts.append((f" {look.sign('point')} ", look.QUIET))
        return look.line(*parts)

    @on(Pane.Done)
    async def _done(self, message: Pane.Done) -> None:
        self.setup = message.setup
        self.saved = message.saved or self.saved
        if message.to == "end" or self.step == "ready":
            self.dismiss(self.setup.name or None)
            return
        names = list(STEPS)
        await self._go(message.to or names[names.index(self.step) + 1])

    @on(Pane.Back)
    async def _back(self) -> None:
        names = list(STEPS)
        if self.step == "source":
            self.dismiss(None)
        elif self.step in ASIDE:
            await self._go("source")
        elif self.step == "ready":
            self.dismiss(self.setup.name)
        elif self.step == "use-now":
            self._take_back()
        else:
            await self._go(names[names.index(self.step) - 1])

    @task("save")
    async def _take_back(self) -> None:
        """The inverse of saving: profile and key are gone again."""
        assert self.saved is not None
        await self.ccs.off(self.session.take_back, self.saved)
        self.ccs.show_notice(t("wizard.taken_back"))
        await self._go("review")
