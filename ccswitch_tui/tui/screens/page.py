"""One thing at a time on a page of its own, with the next and the previous one a key away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place
from ccswitch_tui.tui.widgets.prose import Prose

ResultT = TypeVar("ResultT")


class PageScreen(Place[ResultT]):
    """Subclasses give `named` and `text` of the page that is shown; both are asked anew for every page."""

    CSS_PATH = "../styles/page.tcss"
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, pages: Sequence[Any], at: int = 0) -> None:
        super().__init__()
        self.pages = pages
        self.at = at

    @property
    def page(self) -> Any:
        """What is shown now."""
        return self.pages[self.at]

    def named(self) -> tuple[Content | str, Content | str]:
        """What this page is, and what is said of it more quietly."""
        raise NotImplementedError

    def text(self) -> Content:
        """All of it."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with VerticalScroll(id="page"):
            yield Prose(id="text")

    def on_mount(self) -> None:
        super().on_mount()
        self._show()

    def _show(self) -> None:
        name, more = self.named()
        self.query_one("#head", Static).update(look.line((name, look.NAME), (f"  {more}", look.QUIET)))
        self.query_one("#text", Prose).update(self.text())
        self.query_one("#page").scroll_home(animate=False)
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        if action == "next" and self.at + 1 >= len(self.pages):
            return t("why_not.last_one")
        if action == "previous" and self.at == 0:
            return t("why_not.first_one")
        return None

    def do_next(self) -> None:
        self.at += 1
        self._show()

    def do_previous(self) -> None:
        self.at -= 1
        self._show()
