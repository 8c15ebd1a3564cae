"""Step 2: the key. Never echoed; where it will be kept is said before it is given."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.profiles.model import parse_secret_ref
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import open_store, with_keys
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.wizard.pane import Pane
from ccswitch_tui.tui.widgets.facts import fact_named
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.secret_field import SecretField


class KeyPane(Pane):
    """The key found in the paste, one typed here, or a reference to one that lives elsewhere."""

    PLACE = "key"
    HELP_TOPIC = "key"
    BINDINGS = bindings("key")
    FOCUS = "SecretField"

    def body(self) -> ComposeResult:
        draft = self.setup.draft
        yield Static(
            t("give_key.ask", host=look.host_of(draft.endpoint.base_url if draft.endpoint else "")), classes="lead"
        )
        yield Prose(self._found(), id="found")
        yield SecretField(id="secret")
        yield Line(placeholder=t("give_key.reference"), value=str(draft.key_ref or ""), id="reference")
        yield Prose(id="where")

    def _found(self) -> Content:
        draft = self.setup.draft
        if draft.secret and self.setup.refused is draft.secret:
            return look.line(look.mark("fail"), " ", t("give_key.refused", hint=draft.secret.hint()))
        if draft.secret:
            return look.line(look.mark("ok"), " ", t("give_key.found", hint=draft.secret.hint()))
        if draft.key_ref:
            return look.line(look.mark("ok"), " ", t("give_key.by_reference", ref=str(draft.key_ref)))
        return look.line(look.mark("skip"), " ", t("give_key.needed" if self._needed() else "give_key.not_needed"))

    def begin(self) -> None:
        super().begin()
        self.query_one("#reference").display = bool(self.setup.draft.key_ref)
        self._say_where()

    @task("where")
    async def _say_where(self) -> None:
        store = await self.ccs.off(self.session.key_store)
        rows: list[Content | str] = [fact_named(t("give_key.kept_in"), self.session.at_home(store.where))]
        if store.problem:
            rows += [look.item("warn", store.problem), look.line("  ", look.HANG, (t("give_key.no_store"), look.QUIET))]
        elif store.unlocked is False:
            rows.append(look.item("warn", t("give_key.locked")))
        rows += [
            "",
            Content.styled(t("give_key.promise"), look.QUIET),
        ]
        rows += [look.item("warn", w) for w in self.setup.draft.warnings]
        self.query_one("#where", Prose).update(look.lines(*rows))

    def _needed(self) -> bool:
        from ccswitch_tui.workflows.add import needs_key

        return needs_key(self.setup.draft)

    @on(SecretField.Submitted)
    @on(Input.Submitted, "#reference")
    def _entered(self) -> None:
        self.action_do("next")

    @on(SecretField.Changed)
    def _changed(self) -> None:
        self.renew_keys()

    def why_not(self, action: str) -> str | None:
        if action != "next" or not self.is_mounted:
            return None
        given = self.query_one(SecretField).filled or self.query_one("#reference", Input).value.strip()
        return t("why_not.no_key") if self._needed() and not given else None

    def do_elsewhere(self) -> None:
        """Shows the field for a reference: the key stays where it is."""
        field = self.query_one("#reference", Input)
        field.display = True
        field.focus()

    @task("key")
    async def do_next(self) -> None:
        field = self.query_one(SecretField)
        reference = self.query_one("#reference", Input).value.strip()
        draft = self.setup.draft
        if field.filled:
            draft = draft._replace(secret=field.take(), key_ref=None)
        elif reference and reference != "none":
            draft = draft._replace(secret=None, key_ref=parse_secret_ref(reference))
        if draft.secret:
            checking = partial(self.ccs.off, self.session.check_key, draft, timeout_s=KEY_PATIENCE_S)
            try:
                await with_keys(self.ccs, checking)
            except KeyStoreError:  # the key was given and is good: it need not be given again
                self.setup = self.setup._replace(draft=draft)
                self.query_one("#found", Prose).update(self._found())
                raise
        self.done(self.setup._replace(draft=draft))

    @task("keys")
    async def do_keys(self) -> None:
        if await open_store(self.ccs):
            store = await self.ccs.off(self.session.key_store)
            self.ccs.show_notice(t("unlock.open", where=store.where))
        self._say_where()

    def do_no_key(self) -> None:
        """Goes on without a key, for an endpoint that wants none."""
        endpoint = self.setup.draft.endpoint
        assert endpoint is not None
        draft = self.setup.draft._replace(secret=None, key_ref=None, endpoint=endpoint._replace(auth="none"))
        self.done(self.setup._replace(draft=draft))
