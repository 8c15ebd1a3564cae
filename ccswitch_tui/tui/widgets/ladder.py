"""The rungs of a probe as they are climbed: sign, title, what was seen, how long it took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from textual.content import Content

from ccswitch_tui.probe.model import LADDERS, RUNG, Step
from ccswitch_tui.sentence import Sentence
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import named, t, t_or
from ccswitch_tui.tui.widgets.rows import Rows

SWEEP_S = 0.035
"""For each rung, when all are climbed: a dozen take less than half a second."""

TICK_S = 0.2
"""How often the clock of the running rung is drawn."""

WAITING = cast("Any", "wait")
"""In the place of a verdict, for a rung not climbed yet."""
TITLE_WIDTH = 12
TIME_WIDTH = 8
SWEPT = {
    "ok": "$text-success on $success 25%", "warn": "$text-warning on $warning 25%", "fail": "$text-error on $error 25%",
}  # fmt: skip
SEEN_STYLES = {"skip": look.DISABLED}
TITLE_STYLES = {"warn": look.NAME, "fail": look.NAME, "skip": look.QUIET, "wait": look.DISABLED}


class Ladder(Rows):
    """Fills in live; the newest rung is in sight until the user moves the cursor."""

    HELP_TOPIC = "probe"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(self._draw_live, id=id)
        self._followed = True
        self._since = 0.0
        """When the running rung was begun, by the monotonic clock; 0.0: nothing runs."""
        self._ticking: Any = None
        self._swept: int | None = None
        """The rung the sweep is at; None: there is none."""
        self._sweeping: Any = None

    def _draw_live(self, step: Step, width: int) -> Content:
        """A rung; the one that runs has a clock, and the sweep lights up one after the other."""
        if self._swept is not None and 0 <= self._swept < len(self.rows) and step is self.rows[self._swept]:
            line = draw_step(step, width)
            return line.stylize(SWEPT.get(step.verdict, ""))
        if step.verdict != WAITING or not self._since or step is not self._live():
            return draw_step(step, width)
        seconds = time.monotonic() - self._since
        shown = f"{t('probe.now')}  {look.took(max(100.0, seconds * 1000 // 100 * 100))}"
        return look.line(
            " ", look.mark("here"), " ", look.cells(step_title(step), TITLE_WIDTH, look.NAME), " ", (shown, look.QUIET)
        )  # fmt: skip

    def _live(self) -> Step | None:
        return next((step for step in self.rows if step.verdict == WAITING), None)

    def _tick(self) -> None:
        running = self._live()
        if running is not None and self._since:
            self._repaint(list(self.rows).index(running))

    def stop(self) -> None:
        """Nothing runs any more."""
        self._since = 0.0
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None
        self.refresh()

    def begin(self, ladder: str) -> None:
        """All the rungs that will be climbed, none of them yet."""
        self.stop()
        self._swept = None
        if self._sweeping is not None:
            self._sweeping.stop()
        self._since = time.monotonic()
        self._ticking = self.set_interval(TICK_S, self._tick)
        self._followed = True
        self.show([Step(code, RUNG[code].title, WAITING) for code in LADDERS[ladder]], cursor=0)

    def add(self, step: Step) -> None:
        """One rung was climbed; they may finish in any order."""
        self._since = time.monotonic() if self._since else 0.0
        at = next((i for i, s in enumerate(self.rows) if s.code == step.code), len(self.rows))
        self.show([*self.rows[:at], step, *self.rows[at + 1 :]], cursor=at if self._followed else None)

    def sweep(self) -> None:
        """A light runs down the rungs, once: all is climbed."""
        self._swept = 0
        self._sweeping = self.set_interval(SWEEP_S, self._sweep_on)

    def _sweep_on(self) -> None:
        at = self._swept if self._swept is not None else len(self.rows)
        self._swept = at + 1 if at + 1 < len(self.rows) else None
        self._repaint(at)
        if self._swept is None:
            self._sweeping.stop()
        else:
            self._repaint(self._swept)

    def settle(self, steps: tuple[Step, ...]) -> None:
        """The whole ladder, the cursor on the first rung that needs attention."""
        self.stop()
        worst = next((i for i, s in enumerate(steps) if s.verdict == "fail"), None)
        if worst is None:
            worst = next((i for i, s in enumerate(steps) if s.verdict == "warn"), len(steps) - 1)
        self.show(steps, cursor=worst if self._followed else None)

    def _go(self, index: int) -> None:
        self._followed = False
        super()._go(index)


def cut_at(step: Step, width: int) -> bool:
    """Whether a line of that width shows only the beginning of what was seen."""
    return Content(look.quoted(step_seen(step))).cell_length > width - TITLE_WIDTH - TIME_WIDTH - 6


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


def small_steps(steps: Sequence[Step], width: int) -> list[Content]:
    """A whole ladder where there is little room: a bar for the time of each rung, words where it needs attention."""
    longest = max((step.took_ms or 0.0 for step in steps), default=0.0) or 1.0
    return [_small_step(step, width, longest) for step in steps]


def _small_step(step: Step, width: int, longest_ms: float) -> Content:
    room = max(0, width - TITLE_WIDTH - TIME_WIDTH - 5)
    if step.verdict == "ok":
        long = round(room * (step.took_ms or 0.0) / longest_ms)
        seen = look.cells(look.sign("length") * max(1, long), room, look.DISABLED)
    else:
        seen = look.cells(look.quoted(step_seen(step)), room, SEEN_STYLES.get(step.verdict, ""))
    took = look.took(step.took_ms) if step.verdict not in ("skip", "wait") else ""
    return look.line(
        look.mark(step.verdict), " ", look.cells(step_title(step), TITLE_WIDTH, TITLE_STYLES.get(step.verdict, "")),
        " ", seen, " ", look.cells(took, TIME_WIDTH, look.QUIET, right=True),
    )  # fmt: skip


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
