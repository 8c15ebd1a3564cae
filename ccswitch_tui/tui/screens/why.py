"""Why: every variable that decides what Claude Code does, all places that set it, and the one that wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from ccswitch_tui.workflows.why import Why


class Cleared(NamedTuple):
    """In one row: variables that are kept empty so that nothing interferes, and those that nobody sets."""

    names: tuple[str, ...]


class WhyScreen(Place[None]):
    """Variables on one side; places and winner of the one under the cursor on the other."""

    PLACE = "why"
    HELP_TOPIC = "why"
    BINDINGS = bindings("why")
    CSS_PATH = "../styles/halves.tcss"

    every: tuple[Why, ...] = ()
    unfolded = False

    def body(self) -> ComposeResult:
        yield Static(look.line((t("why.title"), look.NAME), (f"  {self.session.ctx.cwd}", look.QUIET)), classes="head")
        with Bare(id="halves"):
            with Bare(id="list"):
                yield Line(placeholder=t("why.filter"), id="filter")
                yield Rows(self._draw, id="values")
            with VerticalScroll(id="side", can_focus=False):
                yield Prose(id="facts")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self.load()

    @task("why")
    async def load(self) -> None:
        self.every = tuple(await self.ccs.off(self.session.why))
        self._filter()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        words = self.query_one("#filter", Input).value.casefold().split()
        found = [
            v
            for v in self.every
            if all(w in f"{v.name} {shown_value(v)} {v.effective.winner}".casefold() for w in words)
        ]
        folded = () if words or self.unfolded else tuple(v.name for v in found if says_nothing(v))
        shown: list[Why | Cleared] = [v for v in found if v.name not in folded]
        self.query_one(Rows).show([*shown, Cleared(folded)] if folded else shown)
        self._facts()

    @on(Rows.Selected, "#values")
    def _selected(self) -> None:
        self.action_do("unfold")

    def do_unfold(self) -> None:
        """Shows the variables without a value, or folds them again."""
        self.unfolded = not self.unfolded
        self._filter()

    @on(Input.Submitted, "#filter")
    def _done(self) -> None:
        self.query_one(Rows).focus()

    def _draw(self, why: Why | Cleared, width: int) -> Content:
        """Name, value and winner; a warning where something of ours is overruled."""
        if isinstance(why, Cleared):
            told = t("why.cleared", n=len(why.names))
            return look.line(" ", look.mark("skip"), " ", (told, look.QUIET), "  ", ("⏎", look.KEY))
        name = 34 if width >= 70 else max(16, width * 3 // 5)
        layer = 18
        value = width - name - layer - 5 if width >= 70 else 0
        winner = self.session.layer(why.effective.winner) if why.effective.winner else t("why.nobody")
        return look.line(
            " ", look.mark("warn" if why.remedy else "ok" if why.effective.winner else "skip"), " ",
            look.cells(why.name, name, look.NAME if why.effective.winner else look.QUIET), " " if value else "",
            look.cells(shown_value(why), value), " ",
            look.cells(winner, width - name - value - 5, look.QUIET),
        )  # fmt: skip

    @on(Rows.Moved, "#values")
    def _facts(self) -> None:
        why: Why | Cleared | None = self.query_one(Rows).row
        if isinstance(why, Cleared):
            facts = look.lines(t("why.cleared_means"), "", *(Content.styled(name, look.QUIET) for name in why.names))
        else:
            facts = why_facts(why, self.session.layer, self.session.ctx.paths.home) if why else Content("")
        self.query_one("#facts", Prose).update(facts)
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        row = self.query_one(Rows).row if self.is_mounted else None
        if action == "copy" and isinstance(row, Cleared | None):
            return t("why_not.nothing_here")
        if action == "settle" and not getattr(row, "fix", None):
            return t("why_not.no_fix") if getattr(row, "remedy", "") else t("why_not.no_conflict")
        return None

    @task("settle")
    async def do_settle(self) -> None:
        """Writes what makes our own value win; the whole change is shown first."""
        from ccswitch_tui.tui.asking import use_profile

        fix = self.query_one(Rows).row.fix
        if await use_profile(self.ccs, fix.profile, fix.scope, look_first=True):
            self.load()

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        self.set_focus(field)

    def do_reload(self) -> None:
        self.load()

    def do_copy(self) -> None:
        value = self.query_one(Rows).row
        self.ccs.copy(f"{value.name}={shown_value(value)}", t("copied.variable", name=value.name))

    def do_back(self) -> None:
        field = self.query_one("#filter", Input)
        if field.display and self.focused is field:
            field.value, field.display = "", False
            self.query_one(Rows).focus()
        else:
            self.dismiss()


def says_nothing(why: Why) -> bool:
    """Whether nobody sets a variable, or it is set to nothing by what wins, and nothing is wrong with that."""
    return not why.remedy and (why.effective.winner is None or not why.effective.shown)


def shown_value(why: Why) -> str:
    """The value that counts, masked where it is a credential; an empty one is said to be empty."""
    shown = why.effective.shown
    return "" if shown is None else look.quoted(shown) or '""'


def why_facts(why: Why, layer_name: Callable[[str | None], str], home: str) -> Content:
    """The value, what sets it right where something overrules ours, and every place that sets it, winner first."""
    rows: list[Content | str] = [Content.styled(why.name, look.NAME), shown_value(why), ""]
    if why.remedy:
        rows.append(look.item("warn", why.remedy))
        if why.fix:
            rows.append(look.line(("f", look.KEY), " ", look.HANG, t("why.fix")))
        rows.append("")
    places = why.places()
    for number, place in enumerate(places):
        wins = number == 0 and place.layer == why.effective.winner
        value = "" if place.value is None else look.quoted(place.value) or '""'
        if wins and len(places) == 1:
            value = ""  # it stands above already
        rows.append(
            look.line(
                look.mark("ok" if wins else "skip"), " ", look.HANG,
                (layer_name(place.layer), look.NAME if wins else ""),
                f"  {value}" if value else "", (f"  {t('why.wins')}", look.STYLES["ok"]) if wins else "",
            )
        )  # fmt: skip
        if place.file:
            rows.append(look.line("  ", look.HANG, (look.quoted(look.home(place.file, home)), look.QUIET)))
    if not why.places():
        rows.append(Content.styled(t("why.nobody"), look.QUIET))
    return look.lines(*rows)
