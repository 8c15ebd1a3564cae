"""Edit: every field checked as one types, saved only when the file still is the one that was opened."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from ccswitch_tui.errors import CcswitchError, ConflictError, UsageError
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.form import FIELDS, Field, changes, rebased, values_of
from ccswitch_tui.tui.i18n import t, t_or
from ccswitch_tui.tui.screens.base import Place, bindings, task
from ccswitch_tui.tui.screens.confirm import ConfirmSheet, DirtySheet
from ccswitch_tui.tui.widgets.choice import Choice
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.secret_field import SecretField

PAUSE_S = 0.15
"""How long after the last key press the form is checked."""


class EditScreen(Place[str | None]):
    """Ends with the profile's name when something was saved."""

    PLACE = "edit"
    HELP_TOPIC = "edit"
    BINDINGS = bindings("edit")
    CSS_PATH = "../styles/edit.tcss"
    AUTO_FOCUS = "Input"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.profile_name = name
        self.opened: dict[str, str] = {}
        """The fields as they were on disk."""
        self.sha256 = ""
        """Of the file they were read from."""
        self.error: CcswitchError | None = None

    def body(self) -> ComposeResult:
        yield Static(look.line((t("edit.title", name=self.profile_name), look.NAME)), classes="head")
        with VerticalScroll(id="form", can_focus=False):
            for field in FIELDS:
                with Horizontal(classes="field"):
                    yield Label(t(f"field.{field.key}"))
                    yield self._widget(field)
            with Horizontal(classes="field"):
                yield Label(t("field.secret"))
                yield SecretField(id="secret")
        yield Prose(id="verdict")

    def _widget(self, field: Field) -> Input | Choice:
        if field.choices:
            return Choice(field.choices, field.choices[0], id=field.widget_id)
        return Input(id=field.widget_id, compact=True)

    def on_mount(self) -> None:
        self.load()

    # ---------------------------------------------------------------- the fields

    @task("load")
    async def load(self) -> None:
        """Reads the profile; what was typed meanwhile stays."""
        profile, sha256 = await self.ccs.off(self.session.profile_on_disk, self.profile_name)
        fresh = values_of(profile)
        texts = rebased(self.opened, self.texts(), fresh) if self.opened else fresh
        self.opened, self.sha256 = fresh, sha256
        for field in FIELDS:
            widget = self.query_one(f"#{field.widget_id}")
            if isinstance(widget, Choice) and texts[field.key] not in widget.values:
                widget.values.append(texts[field.key])
            widget.value = texts[field.key]  # type: ignore[attr-defined]
        self._check()

    def texts(self) -> dict[str, str]:
        """What the fields hold now; the secret is not among them."""
        return {f.key: self.query_one(f"#{f.widget_id}").value for f in FIELDS}  # type: ignore[attr-defined]

    @property
    def dirty(self) -> bool:
        return bool(self.opened) and (bool(changes(self.opened, self.texts())) or self.query_one(SecretField).filled)

    @on(Input.Changed)
    @on(Choice.Changed)
    @on(SecretField.Changed)
    def _changed(self) -> None:
        if self.opened:
            self._check()

    @task("check")
    async def _check(self) -> None:
        """Checks the form as a whole and says what the address means, without saving."""
        import asyncio

        await asyncio.sleep(PAUSE_S)
        shown: list[Content | str] = []
        try:
            edited = await self.ccs.off(self.session.plan_edit, self.profile_name, changes(self.opened, self.texts()))
            self.error = None
            shown = [look.item("dot", note, look.QUIET) for note in edited.notes]
            state = t("edit.changed") if self.dirty else t("edit.unchanged")
            shown.insert(0, look.line(look.mark("ok"), " ", state))
        except CcswitchError as error:
            self.error = error
            shown.append(look.item("fail", error.message))
            if error.hint:
                shown.append(look.line("  ", look.HANG, (look.quoted(error.hint), look.QUIET)))
        self.query_one("#verdict", Prose).update(look.lines(*shown))
        self.renew_keys()

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        if action == "save":
            if self.error:
                return self.error.message
            if not (self.is_mounted and self.dirty):
                return t("edit.unchanged")
        return None

    @task("save")
    async def do_save(self) -> None:
        await self._save()

    async def _save(self) -> None:
        edited = await self.ccs.off(self.session.plan_edit, self.profile_name, changes(self.opened, self.texts()))
        edited = edited._replace(sha256=self.sha256)
        field = self.query_one(SecretField)
        secret = field.take() if field.filled else None
        reference = changes(self.opened, self.texts()).reference
        follows = False
        if edited.host_changed and not (secret or reference):
            sheet = ConfirmSheet(
                t("edit.follow_ask", host=look.host_of(edited.after.endpoint.base_url)), t("edit.follow_means")
            )
            answer = await self.app.push_screen_wait(sheet)
            follows = answer is True
            if not follows:
                return
        try:
            said = await with_keys(
                self.ccs,
                lambda: self.ccs.off(
                    self.session.save_edit, edited, secret, reference, follows, timeout_s=KEY_PATIENCE_S
                ),
            )
        except ConflictError as error:
            raise ConflictError(error.message, hint=t("edit.conflict"), kind=error.kind) from None
        self.ccs.say(said)
        self.dismiss(self.profile_name)

    def do_reload(self) -> None:
        self.load()

    @task("editor")
    async def do_editor(self) -> None:
        """Hands the profile's text to $EDITOR and takes it back, checked."""
        from ccswitch_tui.tui.editor import edit_text

        before = await self.ccs.off(self.session.profile_text, self.profile_name)
        with self.app.suspend():
            after = edit_text(before, self.session.ctx.env, suffix=".toml")
        if after is None or after.strip() in ("", before.strip()):
            self.ccs.say(t("edit.unchanged"))
            return
        edited = await self.ccs.off(self.session.plan_text, self.profile_name, after, self.sha256)
        self.ccs.say(await self.ccs.off(self.session.save_edit, edited, None, None, False))
        self.dismiss(self.profile_name)

    @task("leave")
    async def do_back(self) -> None:
        """Leaving with changes asks; nothing is saved by leaving."""
        if not self.dirty:
            self.dismiss(None)
            return
        answer = await self.app.push_screen_wait(DirtySheet(t("edit.dirty_ask"), t("edit.dirty_means")))
        if answer is False:
            self.dismiss(None)
        elif answer:
            if self.error:
                raise UsageError(self.error.message, hint=self.error.hint)
            await self._save()


def field_help(field: Field) -> str:
    """One sentence about a field, where the catalogue has one."""
    return t_or(f"field.{field.key}.tip", "")


__all__: list[Any] = ["EditScreen"]
