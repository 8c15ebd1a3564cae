"""The passphrase of the encrypted key file: asked for when a key is needed, given twice when the file is made."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.tui import look
from ccswitch_tui.tui.i18n import t
from ccswitch_tui.tui.screens.base import Sheet, bindings, task
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.secret_field import PassphraseField, SecretField

OPENING_PATIENCE_S = 45.0
"""The proxy may have to start first, and a wrong passphrase is answered slowly on purpose."""


class UnlockSheet(Sheet[bool | None]):
    """True when the file was opened. A wrong passphrase is said, and the field is there again."""

    PLACE = "unlock"
    HELP_TOPIC = "unlock"
    BINDINGS = bindings("unlock")
    AUTO_FOCUS = "PassphraseField"
    DEFAULT_CSS = """
    UnlockSheet PassphraseField { margin: 1 0 0 0; background: $panel; }
    UnlockSheet #said { height: auto; min-height: 2; margin: 1 0 0 0; }
    """
    busy = False

    def body(self) -> ComposeResult:
        yield Static(look.line((t("unlock.title"), look.NAME)), classes="title")
        yield Prose(
            t("unlock.means", file=self.session.at_home(self.session.ctx.paths.encrypted_keys)), classes="aside"
        )
        yield PassphraseField(id="passphrase")
        yield Prose(id="said")

    @on(SecretField.Changed)
    def _changed(self) -> None:
        self.renew_keys()

    @on(SecretField.Submitted)
    def _submitted(self) -> None:
        self.entered()

    def entered(self) -> None:
        """Enter was pressed in a field."""
        self.action_do("unlock")

    def why_not(self, action: str) -> str | None:
        if action == "unlock" and (self.busy or not (self.is_mounted and self.query_one(SecretField).filled)):
            return t("unlock.busy" if self.busy else "why_not.no_passphrase")
        return None

    @task("unlock")
    async def do_unlock(self) -> None:
        await self.attempt(self.session.unlock, self.query_one(SecretField), t("unlock.busy"))

    async def attempt(self, work: object, field: SecretField, meanwhile: str) -> None:
        """Hands the passphrase to `work`, which runs beside the screen; ends the sheet when it was accepted."""
        self.busy = True
        self.tell(look.line(look.mark("wait"), " ", (meanwhile, look.QUIET)))
        try:
            await self.ccs.off(work, field.take(), timeout_s=OPENING_PATIENCE_S)  # type: ignore[arg-type]
        except CcswitchError as error:
            hint = look.line("  ", look.HANG, (look.quoted(error.hint), look.QUIET)) if error.hint else ""
            self.tell(look.lines(look.item("fail", error.message), hint))
            return
        finally:
            self.busy = False
            self.renew_keys()
        self.dismiss(True)

    def tell(self, said: Content) -> None:
        self.query_one("#said", Prose).update(said)
        self.renew_keys()


class NewPassphraseSheet(UnlockSheet):
    """Makes the encrypted key file: the passphrase twice, because nobody can look it up."""

    PLACE = "new-passphrase"
    BINDINGS = bindings("new-passphrase")

    def body(self) -> ComposeResult:
        yield Static(look.line((t("unlock.new_title"), look.NAME)), classes="title")
        yield Prose(
            t("unlock.new_means", file=self.session.at_home(self.session.ctx.paths.encrypted_keys)), classes="aside"
        )
        yield PassphraseField("unlock.first", id="passphrase")
        yield PassphraseField("unlock.again", id="again")
        yield Prose(id="said")

    def entered(self) -> None:
        first, again = self.query(PassphraseField)
        if first.filled and not again.filled:
            again.focus()
        else:
            self.action_do("create")

    def why_not(self, action: str) -> str | None:
        if action != "create":
            return None
        if self.busy:
            return t("unlock.busy")
        both = self.is_mounted and all(field.filled for field in self.query(PassphraseField))
        return None if both else t("why_not.not_twice")

    @task("unlock")
    async def do_create(self) -> None:
        first, again = self.query(PassphraseField)
        if first.same_as(again):
            again.action_clear()
            await self.attempt(self.session.make_key_file, first, t("unlock.making"))
        else:
            first.action_clear()
            again.action_clear()
            self.tell(look.item("fail", t("unlock.differ")))
        if not self.busy and first.is_attached:
            first.focus()
