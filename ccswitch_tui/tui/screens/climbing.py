"""What the probe's screen and the wizard's probing step share: a ladder that fills in, and the card of one rung."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.finding import card, untested
from ccswitch_tui.tui.widgets.ladder import Ladder, cut_at, step_facts, step_seen, step_title
from ccswitch_tui.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from ccswitch_tui.findings import Finding
    from ccswitch_tui.probe.model import ProbeReport, Step


class Climbing:
    """Mixed into a place or pane, which does the probing and keeps the report."""

    running = False

    def last_climb(self) -> ProbeReport | None:
        """The report that is shown; None while a probe runs."""
        raise NotImplementedError

    def ladder_and_card(self) -> ComposeResult:
        with Bare(id="halves"):
            yield Ladder(id="ladder")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="card")

    @property
    def ladder_shown(self) -> Ladder:
        return cast("Ladder", cast("Any", self).query_one(Ladder))

    def on_step(self, step: Step) -> None:
        """Called from the probe's thread."""
        cast("Any", self).app.call_from_thread(self._add, step)

    def _add(self, step: Step) -> None:
        if self.running and cast("Any", self).is_attached:
            self.ladder_shown.add(step)
            self.show_card()

    def show_card(self) -> None:
        """The findings of the rung under the cursor, and what it proves."""
        step = self.ladder_shown.row
        shown: list[Content | str] = []
        for finding in self.findings():
            shown += [card(finding, fix_key="f"), ""]
        if step is not None:
            shown.append(step_facts(step, seen=not shown))
        report = self.last_climb()
        left = untested(report, full_key="L") if report else []
        if left:  # first, where it is seen on the smallest screen too
            shown = [*left, "", *shown]
        if report:
            shown += self._in_full(step)
        cast("Any", self).query_one("#card", Prose).update(look.lines(*shown))
        cast("Any", self).renew_keys()

    def _in_full(self, but: Step | None) -> list[Content | str]:
        """What the ladder had no room for, where there is room beside it."""
        ladder = self.ladder_shown
        width = ladder.scrollable_content_region.width
        cut = [step for step in ladder.rows if step is not but and cut_at(step, width)]
        if not cut or not cast("Any", self).screen.has_class("-wide"):
            return []
        rows: list[Content | str] = ["", Content.styled(t("probe.in_full"), look.QUIET)]
        for step in cut:
            seen = (look.quoted(step_seen(step)), look.QUIET)
            rows.append(look.line(look.mark(step.verdict), " ", (f"{step_title(step)}  ", ""), look.HANG, seen))
        return rows

    def findings(self) -> list[Finding]:
        """Those of the rung under the cursor; on a rung without any, nothing."""
        step, report = self.ladder_shown.row, self.last_climb()
        return [f for f in report.findings if f.kind == step.finding] if report and step else []

    def fixable(self) -> Finding | None:
        """The finding whose fix one key applies now."""
        return next((f for f in self.findings() if f.fix and f.fix.patch), None)
