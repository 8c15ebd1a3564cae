"""What was sent and what came back, as `curl -v` shows it; keys were masked when it was recorded."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings
from ccswitch_tui.tui.widgets.prose import Prose

PREFIX_STYLES = {"*": look.QUIET, ">": look.STYLES["here"], "<": look.STYLES["ok"]}
LONGEST_SHOWN = 200_000
"""Characters; a body larger than this is cut in the view (the copy as curl has all of it)."""


class EvidenceScreen(Place[None]):
    """One exchange at a time."""

    PLACE = "evidence"
    HELP_TOPIC = "evidence"
    BINDINGS = bindings("evidence")
    CSS_PATH = "../styles/evidence.tcss"
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, exchanges: list[Any], at: int = 0) -> None:
        super().__init__()
        self.exchanges = exchanges
        self.at = at

    def body(self) -> ComposeResult:
        yield Static(id="head", classes="head")
        with VerticalScroll(id="page"):
            yield Prose(id="text")

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        exchange = self.exchanges[self.at]
        title = t("evidence.title", n=self.at + 1, of=len(self.exchanges))
        self.query_one("#head", Static).update(
            look.line((title, look.NAME), (f"  {look.quoted(self.session.title_of(exchange))}", look.QUIET))
        )
        self.query_one("#text", Prose).update(curl_verbose(self.session.verbose_of(exchange)))
        self.query_one("#page").scroll_home(animate=False)
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        if action == "next" and self.at + 1 >= len(self.exchanges):
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

    def do_curl(self) -> None:
        self.ccs.copy(self.session.curl_of(self.exchanges[self.at]), t("copied.curl"))


def curl_verbose(text: str) -> Content:
    """`*`, `>` and `<` lines, each kind in its own colour beside its sign."""
    rows: list[Content | str] = []
    for row in text[:LONGEST_SHOWN].splitlines():
        style = PREFIX_STYLES.get(row[:1])
        shown = look.quoted(row)
        rows.append(look.line((shown[:1], style), shown[1:]) if style and row[1:2] in (" ", "") else Content(shown))
    if len(text) > LONGEST_SHOWN:
        rows.append(Content.styled(t("evidence.cut"), look.QUIET))
    return look.lines(*rows)
