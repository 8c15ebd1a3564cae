"""Step 1: anything pasted, or the catalogue, or what is in use now; and a name for it."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.secret import redact
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.pasted import Sealed
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.details import fact, fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.paste_area import PasteArea
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.workflows.setup import Setup


class SourcePane(Pane):
    """A paste is understood at once; its key is masked before it is painted."""

    PLACE = "source"
    HELP_TOPIC = "paste"
    BINDINGS = bindings("source")
    FOCUS = "PasteArea"

    def body(self) -> ComposeResult:
        yield Static(look.lines(t("source.ask"), Content.styled(t("source.kinds"), look.QUIET)), classes="lead")
        yield PasteArea(id="paste", tab_behavior="focus", soft_wrap=True, compact=True)
        yield Prose(id="understood")
        yield Line(placeholder=t("source.name"), id="name")

    def begin(self) -> None:
        super().begin()
        self.query_one("#name").display = False
        if self.setup.draft.endpoint:
            self._understood(self.setup)

    @on(PasteArea.Pasted)
    def _pasted(self, message: PasteArea.Pasted) -> None:
        self.read(message.text)

    @on(PasteArea.TooMuch)
    def _too_much(self, message: PasteArea.TooMuch) -> None:
        size = f"{message.size:,}"
        self.ccs.say(t("source.binary" if message.binary else "source.too_much", size=size), severity="warning")

    @task("read")
    async def read(self, text: Sealed) -> None:
        """Understands the text in a thread; the masked text goes into the field."""
        field = self.query_one(PasteArea)
        try:
            draft = await self.ccs.off(self.session.draft_from_text, text.open())
        except CcswitchError as error:
            field.text = redact(text.open())
            self._not_understood(error)
            return
        if draft.secret is None and self.setup.draft.secret is not None and "…" in text.open():
            draft = draft._replace(secret=self.setup.draft.secret)  # the masked text of before, changed by hand
        field.text = redact(text.open())
        self._understood(await self.ccs.off(partial(self.session.begin, draft, "", pasted=True)))

    def _not_understood(self, error: CcswitchError) -> None:
        rows = [look.item("fail", error.message)]
        if error.hint:
            rows.append(look.line("  ", look.HANG, (look.quoted(error.hint), look.QUIET)))
        self.query_one("#understood", Prose).update(look.lines(*rows))
        self.setup = self.setup._replace(draft=Draft())
        self.query_one("#name").display = False
        self.renew_keys()

    def _understood(self, setup: Setup) -> None:
        self.setup = setup._replace(report=None, tiers_chosen=False)
        self.query_one("#understood", Prose).update(draft_facts(setup.draft))
        field = self.query_one("#name", Input)
        field.display = True
        field.value = setup.name
        field.focus()
        self.renew_keys()

    @on(Input.Submitted, "#name")
    def _named(self) -> None:
        self.action_do("next")

    def why_not(self, action: str) -> str | None:
        if action == "next" and not self.setup.draft.endpoint and not self.query_one(PasteArea).text.strip():
            return t("why_not.nothing_pasted")
        return None

    @task("read")
    async def do_next(self) -> None:
        """What was typed by hand is read first; then the name is checked."""
        typed = self.query_one(PasteArea).text
        if not self.setup.draft.endpoint:
            self.read(Sealed(typed))
            return
        name = self.query_one("#name", Input).value.strip()
        await self.ccs.off(self.session.check_new_name, name)
        self.done(self.setup._replace(name=name))

    def do_catalogue(self) -> None:
        self.done(self.setup, "catalogue")

    def do_mine(self) -> None:
        self.done(self.setup, "mine")


def draft_facts(draft: Draft) -> Content:
    """What was understood, what was changed, what to beware of."""
    rows: list[Content | str] = []
    if draft.endpoint:
        rows.append(fact("address", draft.endpoint.base_url, draft.endpoint.wire or ""))
    model = draft.models.default or next(iter(draft.models.named().values()), None)
    if model:
        rows.append(fact("model", model))
    if draft.secret:
        rows.append(
            fact_named(t("fact.key"), look.line(draft.secret.hint(), "  ", (t("source.key_found"), look.QUIET)))
        )
    elif draft.key_ref:
        rows.append(fact("key", str(draft.key_ref)))
    rows += [look.item("dot", note, look.QUIET) for note in draft.notes]
    rows += [look.item("warn", warning) for warning in draft.warnings]
    return look.lines(*rows)
