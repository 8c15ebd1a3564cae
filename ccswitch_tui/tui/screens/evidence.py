"""What was sent and what came back, as `curl -v` shows it; keys were masked when it was recorded."""

from __future__ import annotations

from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings
from ccswitch_tui.tui.screens.page import PageScreen

PREFIX_STYLES = {"*": look.QUIET, ">": look.STYLES["here"], "<": look.STYLES["ok"]}
LONGEST_SHOWN = 200_000
"""Characters; a body larger than this is cut in the view (the copy as curl has all of it)."""


class EvidenceScreen(PageScreen[None]):
    """One exchange at a time."""

    PLACE = "evidence"
    HELP_TOPIC = "evidence"
    BINDINGS = bindings("evidence")

    def named(self) -> tuple[str, str]:
        count = t("evidence.title", n=self.at + 1, of=len(self.pages))
        return count, look.quoted(self.session.title_of(self.page))

    def text(self) -> Content:
        return curl_verbose(self.session.verbose_of(self.page))

    def do_curl(self) -> None:
        self.ccs.copy(self.session.curl_of(self.page), t("copied.curl"))


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
