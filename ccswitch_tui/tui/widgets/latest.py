"""The third pane of Home, where there is room for one: what went through the proxy for the profile under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.flows import Flow, clock_of, meaning_of, tokens
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.widgets.prose import Prose

SPARKS = "▁▂▃▄▅▆▇█"
FEWEST = 3
"""Times that make a line worth drawing."""


class Latest(VerticalScroll, can_focus=False):
    """Newest first; says what it waits for where there is nothing yet."""

    def compose(self) -> ComposeResult:
        yield Prose(id="flows")

    def show(self, name: str, flows: Sequence[Flow], *, running: bool) -> None:
        """The exchanges of one profile."""
        width = self.scrollable_content_region.width
        self.query_one("#flows", Prose).update(latest(name, flows, width, running=running))


def latest(name: str, flows: Sequence[Flow], width: int, *, running: bool) -> Content:
    """All lines of the pane."""
    rows: list[Content | str] = [look.line((t("latest.title"), look.NAME), (f"  {name}", look.QUIET)), ""]
    if not flows:
        return look.lines(*rows, Content.styled(t("latest.none" if running else "latest.off"), look.QUIET))
    times = [flow["first_byte_ms"] for flow in flows if flow.get("first_byte_ms")]
    if len(times) >= FEWEST and not look.ascii_only():
        drawn = sparks(times[: max(1, width // 2)][::-1])
        middle = sorted(times)[len(times) // 2]
        rows += [
            look.line((drawn, look.STYLES["here"]), (f"  {t('latest.first', time=look.took(middle))}", look.QUIET))
        ]
        rows += [""]
    return look.lines(*rows, *(flow_line(flow, width) for flow in flows))


def sparks(times: Sequence[float]) -> str:
    """Times as a line of bars, the longest one full."""
    longest = max(times) or 1.0
    return "".join(SPARKS[min(len(SPARKS) - 1, int(ms / longest * (len(SPARKS) - 1) + 0.5))] for ms in times)


def flow_line(flow: Flow, width: int) -> Content:
    """One exchange on one line."""
    model = look.quoted(str(flow.get("error") or flow.get("model") or flow.get("asked") or "?"))
    style = look.STYLES["fail"] if flow.get("error") else ""
    return look.line(
        look.mark(meaning_of(flow)), " ", (f"{clock_of(flow)}  ", look.QUIET),
        look.cells(model, max(4, width - 41), style), look.cells(tokens(flow), 13, look.QUIET, right=True),
        look.cells(look.took(flow.get("first_byte_ms")), 8, look.QUIET, right=True),
        look.cells(look.took(flow.get("total_ms")), 8, right=True),
    )  # fmt: skip
