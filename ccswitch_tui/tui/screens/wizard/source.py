"""Step 1: anything pasted, or the catalogue, or what is in use now; and a name for it."""

from __future__ import annotations

import asyncio
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.draft import Draft
from ccswitch_tui.secret import Secret, redact
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.pasted import Sealed
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.facts import fact, fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.paste_area import PasteArea
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.workflows.setup import Setup

REST_S = 0.5
"""How long the fingers rest before what was typed is read."""


class SourcePane(Pane):
    """A paste is understood at once; its key is masked before it is painted."""

    PLACE = "source"
    HELP_TOPIC = "paste"
    BINDINGS = bindings("source")
    FOCUS = "PasteArea"
    read_last = ""
    """The text of the field that was understood already, without a key."""

    def body(self) -> ComposeResult:
        yield Static(look.lines(t("source.ask"), Content.styled(t("source.kinds"), look.QUIET)), classes="lead")
        yield PasteArea(
            id="paste", tab_behavior="focus", soft_wrap=True, compact=True, placeholder=t("source.example")
        )  # fmt: skip
        yield Prose(id="here")
        yield Prose(id="understood")
        yield Static(look.line((t("source.name"), look.NAME)), id="name-label")
        yield Line(placeholder=t("source.name"), id="name")

    def begin(self) -> None:
        super().begin()
        self._show_name(False)
        if self.setup.draft.endpoint:
            self._understood(self.setup)
        else:
            self._look_around()

    @task("here")
    async def _look_around(self) -> None:
        """What is set up on this machine already is offered before anything has to be typed."""
        rows = [row for row in await self.ccs.off(self.session.mine) if row.draft is not None]
        if rows:
            names = ", ".join(dict.fromkeys(row.source for row in rows))
            found = (f"  {t('source.here', n=len(rows), names=names)}", "")
            self.query_one("#here", Prose).update(look.line(("^g", look.KEY), found))

    def _show_name(self, shown: bool) -> None:
        self.query_one("#name").display = self.query_one("#name-label").display = shown

    @on(PasteArea.Pasted)
    def _pasted(self, message: PasteArea.Pasted) -> None:
        self.read(message.text)

    @on(PasteArea.TooMuch)
    def _too_much(self, message: PasteArea.TooMuch) -> None:
        size = f"{message.size:,}"
        self.ccs.show_notice(t("source.binary" if message.binary else "source.too_much", size=size), severity="warning")

    @on(PasteArea.Changed)
    def _typed(self) -> None:
        """What is typed is understood as well, once the fingers rest; until it is something, nothing is said."""
        text = self.query_one(PasteArea).text
        if text.strip() and text != self.read_last:
            self._read_typed(Sealed(text))

    @task("typed")
    async def _read_typed(self, text: Sealed) -> None:
        await asyncio.sleep(REST_S)
        try:
            draft = await self.ccs.off(self.session.draft_from_text, text.open())
        except CcswitchError:
            return
        field = self.query_one(PasteArea)
        if draft.endpoint is None or field.text != text.open():
            return
        if draft.secret is None and self.setup.draft.secret is not None and "…" in text.open():
            draft = draft._replace(secret=self.setup.draft.secret)
        self.read_last = text.open() if draft.secret is None else ""
        self._understood(await self.ccs.off(partial(self.session.begin, draft, "", pasted=True)), typing=True)

    @task("read")
    async def read(self, text: Sealed) -> None:
        """Understands the text in a thread; the masked text goes into the field."""
        await self._read(text)

    async def _read(self, text: Sealed) -> None:
        field = self.query_one(PasteArea)
        self.read_last = redact(text.open())
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
        self._show_name(False)
        self.renew_keys()

    def _understood(self, setup: Setup, *, typing: bool = False) -> None:
        self.setup = setup._replace(report=None, tiers_chosen=False)
        self.query_one("#understood", Prose).update(draft_facts(setup.draft))
        field = self.query_one("#name", Input)
        self._show_name(True)
        self.query_one("#here").display = False
        field.value = setup.name
        if not typing:
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
            await self._read(Sealed(typed))
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
    for name, secret in draft.secret_headers.items():
        shown = secret.hint() if isinstance(secret, Secret) else str(secret)
        rows.append(fact("header", name, shown))
    rows += [look.item("dot", note, look.QUIET) for note in draft.notes]
    rows += [look.item("warn", warning) for warning in draft.warnings]
    return look.lines(*rows)
