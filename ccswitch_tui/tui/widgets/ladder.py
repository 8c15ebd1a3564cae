"""The rungs of a probe as they are climbed: sign, title, what was seen, how long it took."""

from __future__ import annotations

from typing import Any, cast

from textual.content import Content

from ccswitch_tui.probe.model import LADDERS, RUNG, Step
from ccswitch_tui.sentence import Sentence
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import named, t, t_or
from ccswitch_tui.tui.widgets.rows import Rows

WAITING = cast("Any", "wait")
"""In the place of a verdict, for a rung not climbed yet."""
TITLE_WIDTH = 12
TIME_WIDTH = 8
SEEN_STYLES = {"skip": look.DISABLED}
TITLE_STYLES = {"warn": look.NAME, "fail": look.NAME, "skip": look.QUIET, "wait": look.DISABLED}


class Ladder(Rows):
    """Fills in live; the newest rung is in sight until the user moves the cursor."""

    HELP_TOPIC = "probe"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(draw_step, id=id)
        self._followed = True

    def begin(self, ladder: str) -> None:
        """All the rungs that will be climbed, none of them yet."""
        self._followed = True
        self.show([Step(code, RUNG[code].title, WAITING) for code in LADDERS[ladder]], cursor=0)

    def add(self, step: Step) -> None:
        """One rung was climbed; they may finish in any order."""
        at = next((i for i, s in enumerate(self.rows) if s.code == step.code), len(self.rows))
        self.show([*self.rows[:at], step, *self.rows[at + 1 :]], cursor=at if self._followed else None)

    def settle(self, steps: tuple[Step, ...]) -> None:
        """The whole ladder, the cursor on the first rung that needs attention."""
        worst = next((i for i, s in enumerate(steps) if s.verdict == "fail"), None)
        if worst is None:
            worst = next((i for i, s in enumerate(steps) if s.verdict == "warn"), len(steps) - 1)
        self.show(steps, cursor=worst if self._followed else None)

    def _go(self, index: int) -> None:
        self._followed = False
        super()._go(index)


def draw_step(step: Step, width: int) -> Content:
    """One rung on one line."""
    return look.line(
        " ",
        look.mark(step.verdict),
        " ",
        look.cells(step_title(step), TITLE_WIDTH, TITLE_STYLES.get(step.verdict, "")),
        " ",
        look.cells(
            look.quoted(step_seen(step)), width - TITLE_WIDTH - TIME_WIDTH - 6, SEEN_STYLES.get(step.verdict, "")
        ),
        " ",
        look.cells(
            look.took(step.took_ms) if step.verdict not in ("skip", "wait") else "", TIME_WIDTH, look.QUIET, right=True
        ),
        " ",
    )


def step_seen(step: Step) -> str:
    """What was seen at a rung; for one left out because of an earlier one, that one by its name in the app."""
    because = step.because
    if step.verdict == "skip" and isinstance(because, Sentence) and "code" in because.values:
        code = str(because.values["code"])
        return t("step.because", step=t_or(f"step.{code}", code))
    return because


def step_title(step: Step) -> str:
    """The rung's name in the language of the app."""
    return t_or(f"step.{step.code}", step.title)


def step_facts(step: Step, *, seen: bool = True) -> Content:
    """What a rung proves, for the pane beside the ladder; `seen`: what was seen as well."""
    rows: list[Content | str] = []
    if seen:
        rows.append(
            look.line(
                look.mark(step.verdict),
                " ",
                (step_title(step), look.NAME),
                (f"  {look.took(step.took_ms)}", look.QUIET),
            )
        )
        rows += ["", Content(look.quoted(step_seen(step))), ""] if step.because else [""]
    if step.proves:
        proves = look.quoted(named(step.proves))
        rows.append(look.line((f"{t('probe.proves')}  ", look.QUIET), look.HANG, (proves, "" if seen else look.QUIET)))
    return look.lines(*rows)
