"""The demo's guide: three steps on one line of Home, each ticked by what really happened, never by a key press."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.views import Snapshot

BROKEN = "misspelt"
"""The demo's profile whose model is misspelt (demo/world.py)."""

WORKS = ("native", "translate", "limited")

STEPS = ("fix", "use", "undo", "done")


def step_after(step: str, snapshot: Snapshot) -> str:
    """The step that is next after a look at the files: red made green, then in use, then taken back."""
    verdicts = {row.name: row.verdict for row in snapshot.rows}
    used = any(row.in_use for row in snapshot.rows)
    if step == "fix" and (verdicts.get(BROKEN, "native") in WORKS):  # also where it was removed or renamed
        step = "use"
    if step == "use" and used:
        return "undo"
    if step == "undo" and not used:
        return "done"
    return step


class Guide(Widget):
    """What to press next, and how far one is."""

    DEFAULT_CSS = """
    Guide { height: auto; max-height: 3; width: 1fr; background: $surface; padding: 0 1; }
    """

    step: reactive[str] = reactive(STEPS[0], layout=True)

    def saw(self, snapshot: Snapshot) -> None:
        """Goes on when the world did."""
        if snapshot.stamp:
            self.step = step_after(self.step, snapshot)

    def render(self) -> Content:
        number = STEPS.index(self.step) + 1
        head = look.mark("ok") if self.step == "done" else Content.styled(f"{number}/{len(STEPS) - 1}", look.NAME)
        return look.line(head, " ", t(f"guide.{self.step}"))
