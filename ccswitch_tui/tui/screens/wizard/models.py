"""Step 4: which model serves which tier. A first match is offered; one key changes a tier."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.profiles.model import TIERS, ModelTiers
from ccswitch_tui.profiles.model_names import holds_conversation
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings
from ccswitch_tui.tui.screens.pick_model import facts_of
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.bare import Bare
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.rows import Rows
from ccswitch_tui.workflows.models import Offered, offered
from ccswitch_tui.workflows.proved import listed_rows
from ccswitch_tui.workflows.setup import Setup
from ccswitch_tui.workflows.tiers import first_match, match_tiers, offered_models, with_window


class ModelsPane(Pane):
    """The endpoint's models on one side, the tiers on the other."""

    PLACE = "models"
    HELP_TOPIC = "models"
    BINDINGS = bindings("models")
    FOCUS = "#models"

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.every = offered_models(setup.draft, setup.report)
        rows = listed_rows(setup.report) if setup.report else []
        self.told = {row.id: row for row in offered(rows)}
        """What the list tells of each model."""
        if not setup.tiers_chosen:
            self._choose(first_match(setup.draft, setup.report))

    def _choose(self, tiers: ModelTiers) -> None:
        self.setup = self.setup._replace(draft=self.setup.draft._replace(models=tiers), tiers_chosen=True)

    @property
    def tiers(self) -> ModelTiers:
        return self.setup.draft.models

    def body(self) -> ComposeResult:
        yield Static(t("models.ask" if self.every else "models.none"), classes="lead")
        yield Line(placeholder=t("models.filter"), id="filter")
        with Bare(id="halves"):
            yield Rows(self._draw, id="models")
            yield Prose(id="tiers")

    def begin(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = not self.every
        if self.every:
            super().begin()
        else:
            field.placeholder = t("models.type")
            field.focus()
        self._filter()
        self._show_tiers()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        words = self.query_one("#filter", Input).value.casefold().split()
        self.query_one(Rows).show([m for m in self.every if all(w in m.casefold() for w in words)], cursor=0)

    @on(Input.Submitted, "#filter")
    def _typed(self) -> None:
        """A name that is in no list is taken as it is: some endpoints list nothing."""
        typed = self.query_one("#filter", Input).value.strip()
        if self.query_one(Rows).row is None and typed:
            self.every = [typed, *self.every]
            self._choose(self.tiers._replace(default=typed))
            self._show_tiers()
        self.query_one("#filter", Input).value = ""
        self._filter()
        self.query_one("#models").focus()

    def _draw(self, model: str, width: int) -> Content:
        serves = [tier for tier, name in self.tiers.named().items() if name == model]
        marks = " ".join(t(f"tier.{tier}") for tier in serves)
        style = look.QUIET if not holds_conversation(model) else look.NAME if serves else ""
        here = look.mark("here") if serves else look.cells("", 2 if look.ascii_only() else 1)
        beside = facts_of(self.told.get(model, Offered(model)), width)
        after = f" {marks}" if marks else ""
        room = max(10, width - 4 - Content(after).cell_length - beside.cell_length)
        return look.line(
            " ",
            here,
            " ",
            look.cells(look.quoted(model), room, style),
            (after, look.QUIET),
            beside,
        )

    def _show_tiers(self) -> None:
        default = self.tiers.default
        rows: list[Content | str] = [Content.styled(t("models.tiers"), look.NAME), ""]
        for tier in TIERS:
            chosen = getattr(self.tiers, tier)
            inherited = (
                (t("models.as_default"), look.QUIET) if default else (t("models.not_chosen"), look.STYLES["warn"])
            )
            value = look.line(look.quoted(chosen)) if chosen else look.line(inherited)
            rows.append(fact_named(t(f"tier.{tier}"), value))
        self.query_one("#tiers", Prose).update(look.lines(*rows))
        self.query_one(Rows).refresh()
        self.renew_keys()

    # ----------------------------------------------------------------- actions

    def why_not(self, action: str) -> str | None:
        if action == "next" and not self.tiers.named():
            return t("why_not.no_model")
        needs_a_row = action.startswith("tier_") or action == "all_tiers"
        if needs_a_row and self.is_mounted and self.query_one(Rows).row is None:
            return t("why_not.no_model_here")
        return None

    def _set(self, tier: str) -> None:
        model = self.query_one(Rows).row
        same = getattr(self.tiers, tier) == model or (tier != "default" and model == self.tiers.default)
        self._choose(self.tiers._replace(**{tier: None if same and tier != "default" else model}))
        self._show_tiers()

    def do_tier_default(self) -> None:
        self._set("default")

    def do_tier_opus(self) -> None:
        self._set("opus")

    def do_tier_sonnet(self) -> None:
        self._set("sonnet")

    def do_tier_haiku(self) -> None:
        self._set("haiku")

    def do_all_tiers(self) -> None:
        self._choose(ModelTiers(default=self.query_one(Rows).row))
        self._show_tiers()

    def do_match(self) -> None:
        self._choose(match_tiers(self.every))
        self._show_tiers()

    def do_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        self.screen.set_focus(field)

    @on(Rows.Selected, "#models")
    def _selected(self) -> None:
        self.action_do("next")

    def do_next(self) -> None:
        self.done(self.setup._replace(draft=with_window(self.setup.draft, self.setup.report)))
