"""Edit: every field checked as one types, saved only when the file still is the one that was opened."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from ccswitch_tui.errors import CcswitchError, ConflictError, KeyRefusedError, UsageError
from ccswitch_tui.secret import Secret
from ccswitch_tui.tui import look
from ccswitch_tui.tui.asking import with_keys
from ccswitch_tui.tui.background import KEY_PATIENCE_S
from ccswitch_tui.tui.form import FIELDS, TABLES, Field, changes, contested, differing, rebased, values_for, values_of
from ccswitch_tui.tui.i18n import named, t, t_or
from ccswitch_tui.tui.screens.base import bindings, task
from ccswitch_tui.tui.screens.confirm import ConfirmSheet, DirtySheet
from ccswitch_tui.tui.screens.picking import MODEL_FIELDS, Picking, put, text_in
from ccswitch_tui.tui.widgets.choice import Choice
from ccswitch_tui.tui.widgets.covered_area import CoveredArea
from ccswitch_tui.tui.widgets.field_row import FieldRow
from ccswitch_tui.tui.widgets.fold import Fold
from ccswitch_tui.tui.widgets.line import Line
from ccswitch_tui.tui.widgets.prose import Prose
from ccswitch_tui.tui.widgets.secret_field import SecretField
from ccswitch_tui.wire.quirks import Quirks, allowed_values

PAUSE_S = 0.15
"""How long after the last key press the form is checked."""


class EditScreen(Picking):
    """Ends with the profile's name when something was saved."""

    PLACE = "edit"
    HELP_TOPIC = "edit"
    BINDINGS = bindings("edit")
    CSS_PATH = "../styles/edit.tcss"
    AUTO_FOCUS = "Input"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.opened: dict[str, str] = {}
        """The fields as they were on disk."""
        self.sha256 = ""
        """Of the file they were read from."""
        self.error: CcswitchError | None = None
        self.inputs: dict[str, Widget] = {field.key: widget_for(field) for field in FIELDS if not field.quirk}
        """By a field's key. Held here and not searched for: a check that wakes while the form is taken down
        still finds what was typed."""
        self.folded = {field.key: "" for field in FIELDS if field.quirk}
        """The texts of the fields that are not shown: quirks, most of which no profile sets, are most of the form."""
        self.secret, self.header_secret = SecretField(id="secret"), SecretField(id="header-secret")
        self.tip, self.verdict = Prose(id="tip"), Prose(id="verdict")

    def body(self) -> ComposeResult:
        yield Static(look.line((t("edit.title", name=self.profile_name), look.NAME)), classes="head")
        with VerticalScroll(id="form", can_focus=False):
            below = {"key": ("field.secret", self.secret), "secret_headers": (HEADER_VALUE, self.header_secret)}
            group = ""
            for field in FIELDS:
                if field.group != group:
                    group = field.group
                    yield Static(t(f"form.{group}"), classes="group")
                if field.key in self.inputs:
                    yield FieldRow(label_of(field), self.inputs[field.key])
                if field.key in below:
                    yield FieldRow(t(below[field.key][0]), below[field.key][1])
            yield Fold(id="folded")
        yield self.tip
        yield self.verdict

    def on_mount(self) -> None:
        super().on_mount()
        self.load()

    # ---------------------------------------------------------------- the fields

    @task("load")
    async def load(self) -> None:
        """Reads the profile; what was typed meanwhile stays."""
        await self._read()

    async def _read(self, *, theirs: bool = False) -> None:
        """The file's own values beneath what was typed; `theirs`: above it, where both changed the same field."""
        profile, sha256 = await self.ccs.off(self.session.profile_on_disk, self.profile_name)
        fresh = values_of(profile)
        now = self.texts()
        texts = rebased(self.opened, now, fresh) if self.opened else fresh
        if theirs:
            texts |= {key: fresh[key] for key in contested(self.opened, now, fresh)}
        self.opened, self.sha256 = fresh, sha256
        for key, widget in self.inputs.items():
            put(widget, texts[key])
        self.folded = {key: texts[key] for key in self.folded}
        await self._unfold(key for key, text in self.folded.items() if text)
        self._check()

    def texts(self) -> dict[str, str]:
        """What the fields hold now, folded ones too; the secret is not among them."""
        return {key: text_in(widget) for key, widget in self.inputs.items()} | self.folded

    async def _unfold(self, keys: Iterable[str]) -> None:
        """Shows these of the folded fields, above the line that stands for the rest."""
        rows = []
        for field in [BY_KEY[key] for key in keys]:
            self.inputs[field.key] = widget_for(field)
            put(self.inputs[field.key], self.folded.pop(field.key))
            rows.append(FieldRow(label_of(field), self.inputs[field.key]))
        for line in self.query(Fold):
            line.says(t("edit.folded", n=len(self.folded)))
            line.display = bool(self.folded)
            await self.query_one("#form").mount_all(rows, before=line)

    @on(Fold.Opened)
    async def _open_all(self) -> None:
        """All quirks; the cursor goes on into the first of them."""
        keys = list(self.folded)
        await self._unfold(keys)
        for key in keys[:1]:
            self.set_focus(self.inputs[key])

    @task("goto")
    async def do_goto(self) -> None:
        """To a field out of the list of all, folded or not."""
        from ccswitch_tui.tui.screens.pick_field import Findable, PickFieldSheet

        texts = self.texts()
        rows = [Findable(f.key, label_of(f), texts[f.key], tip_of(f).plain) for f in FIELDS]
        key = await self.app.push_screen_wait(PickFieldSheet(rows))
        if key in self.folded:
            await self._unfold([key])
        if key:
            self.set_focus(self.inputs[key])

    @property
    def dirty(self) -> bool:
        filled = self.secret.filled or self.header_secret.filled
        return bool(self.opened) and (bool(differing(self.opened, self.texts())) or filled)

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Changed)
    @on(SecretField.Changed)
    def _changed(self) -> None:
        if self.opened:
            self._check()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What the field is for, below the form."""
        field = next((f for f in FIELDS if f.widget_id == event.widget.id), None)
        folded = Content.styled(t("edit.folded.tip"), look.QUIET) if isinstance(event.widget, Fold) else ""
        self.tip.update(tip_of(field) if field else folded)

    @task("check")
    async def _check(self) -> None:
        """Checks the form as a whole and says what the address means, without saving."""
        import asyncio

        await asyncio.sleep(PAUSE_S)
        shown: list[Content | str] = []
        try:
            wanted = changes(self.opened, self.texts())
            edited = await self.ccs.off(self.session.plan_edit, self.profile_name, wanted)
            self.error = None
            shown = [look.item("dot", note, look.QUIET) for note in edited.notes]
            shown += self._unlisted()
            state = t("edit.changed") if self.dirty else t("edit.unchanged")
            shown.insert(0, look.line(look.mark("ok"), " ", state))
        except CcswitchError as error:
            self.error = error
            shown.append(look.item("fail", error.message))
            if error.hint:
                shown.append(look.line("  ", look.HANG, (look.quoted(error.hint), look.QUIET)))
        self.verdict.update(look.lines(*shown))
        self.renew_keys()

    # ------------------------------------------------------------------- models

    def _unlisted(self) -> list[Content | str]:
        """Model names that are in no list, where there is one: said, and not forbidden."""
        from ccswitch_tui.workflows.models import nearest

        texts, rows = self.texts(), []
        for key in MODEL_FIELDS if self.lists else ():
            listed = self.lists.get(self.owner_of(key), [])
            typed = texts[key].strip().removesuffix("[1m]")
            if typed and listed and typed not in {row.id for row in listed}:
                near = nearest(listed, typed)
                rows.append(look.item("warn", t("edit.unlisted", model=typed)))
                if near:
                    rows.append(look.line("  ", look.HANG, (t("edit.meant", model=near), look.QUIET)))
        return [*rows]

    # ------------------------------------------------------------------ actions

    def why_not(self, action: str) -> str | None:
        if action == "save":
            if self.error:
                return look.quoted(self.error.message)
            if not (self.is_mounted and self.dirty):
                return t("edit.unchanged")
        return None

    @task("save")
    async def do_save(self) -> None:
        await self._save()

    async def _save(self) -> None:
        fields = (self.secret, self.header_secret)
        secret, header_secret = (field.take() if field.filled else None for field in fields)
        try:
            while not await self._saved(secret, header_secret):
                pass
        except KeyRefusedError:
            raise
        except (CcswitchError, Declined) as error:
            for field, taken in zip(fields, (secret, header_secret), strict=True):
                if taken is not None:
                    field.give_back(taken)
            if isinstance(error, CcswitchError):
                raise

    async def _saved(self, secret: Secret | None, header_secret: Secret | None) -> bool:
        """Saves; False when the file had changed and its changes were taken in first. Raises Declined."""
        wanted = changes(self.opened, self.texts())
        edited = await self.ccs.off(self.session.plan_edit, self.profile_name, wanted)
        edited = edited._replace(sha256=self.sha256)
        headers = values_for(wanted.header, list(edited.after.secret_headers), header_secret)
        follows = False
        if edited.left_for_new_host((*headers, *(("",) if secret or wanted.reference else ()))):
            sheet = ConfirmSheet(
                t("edit.follow_ask", host=look.host_of(edited.after.endpoint.base_url)), t("edit.follow_means")
            )
            follows = await self.app.push_screen_wait(sheet) is True
            if not follows:
                raise Declined
        saving = (self.session.save_edit, edited, secret, wanted.reference, follows, headers)
        try:
            said = await with_keys(self.ccs, lambda: self.ccs.off(*saving, timeout_s=KEY_PATIENCE_S))
        except ConflictError:
            await self._take_in()
            return False
        self.ccs.show_notice(said)
        await self._offer_to_write()
        self.dismiss(self.profile_name)
        return True

    async def _offer_to_write(self) -> None:
        """A profile in use: what Claude Code reads is still the old one, until somebody writes it."""
        name = self.profile_name
        row = next((row for row in self.session.now.rows if row.name == name), None)
        for scope in row.in_use if row else ():
            plan = await self.ccs.off(self.session.plan_use, name, scope)
            if not plan.changes:
                continue
            means = t("edit.write_means", n=len(plan.changes), file=self.session.at_home(plan.file))
            if await self.app.push_screen_wait(ConfirmSheet(t("edit.write_ask", name=name), means)):
                done = await self.ccs.off(self.session.apply_use, plan, self.ccs.waits_for)
                self.ccs.show_notice(self.session.said_of_use(done))

    async def _take_in(self) -> None:
        """The file changed on disk: its changes go beneath what was typed, after a question if they touch this profile.

        Raises Declined; nothing typed is lost then, and nothing was saved.
        """
        fresh = values_of((await self.ccs.off(self.session.profile_on_disk, self.profile_name))[0])
        theirs = False
        if differing(self.opened, fresh):
            both = contested(self.opened, self.texts(), fresh)
            answer = await self.app.push_screen_wait(ConflictSheet(differing(self.opened, fresh), both, self.texts()))
            if answer is None:
                self.ccs.show_notice(t("edit.conflict"), severity="warning")
                raise Declined
            theirs = answer is False
        await self._read(theirs=theirs)

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
            self.ccs.show_notice(t("edit.unchanged"))
            return
        edited = await self.ccs.off(self.session.plan_text, self.profile_name, after, self.sha256)
        self.ccs.show_notice(await self.ccs.off(self.session.save_edit, edited, None, None, False))
        await self._offer_to_write()
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


BY_KEY = {field.key: field for field in FIELDS}

HEADER_VALUE = "field.header_secret"


class Declined(Exception):
    """The user answered no; the form stays as it is."""


class ConflictSheet(ConfirmSheet):
    """profiles.toml changed meanwhile: True keeps what was typed where both changed, False takes the file's."""

    PLACE = "conflict"
    BINDINGS = bindings("conflict")

    def __init__(self, theirs: dict[str, str], both: list[str], mine: dict[str, str]) -> None:
        rows = []
        for key, text in theirs.items():
            label = t_or(f"field.{key}", key)
            rows.append(t("conflict.row", field=label, text=text or "-"))
            if key in both:
                rows.append(t("conflict.mine", text=mine[key] or "-"))
        super().__init__(t("conflict.ask"), "\n".join(rows[:MOST_ROWS]))
        self.both = both

    def why_not(self, action: str) -> str | None:
        return t("conflict.none") if action == "theirs" and not self.both else None

    def do_theirs(self) -> None:
        self.dismiss(False)


MOST_ROWS = 12
"""Lines a sheet has room for at 80×24."""


def label_of(field: Field) -> str:
    """A quirk is called by its own name, which is what documents and the command line call it."""
    return field.key.partition(".")[2] if field.quirk else t(f"field.{field.key}")


def widget_for(field: Field) -> Widget:
    """The input a field needs; an empty one shows what that means."""
    if field.choices:
        return Choice(field.choices, field.choices[0], id=field.widget_id, empty=default_of(field))
    if field.key in TABLES:
        return CoveredArea(id=field.widget_id, placeholder="-", tab_behavior="focus", soft_wrap=True, compact=True)
    return Line(placeholder=default_of(field) or "-", id=field.widget_id)


def default_of(field: Field) -> str:
    """What an empty quirk means; "" for other fields."""
    if not field.quirk:
        return ""
    value = getattr(Quirks(), field.key.partition(".")[2])
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value in (None, "", ()) or isinstance(value, dict) else str(value)


def tip_of(field: Field) -> Content:
    """What a field is, and for a quirk what it may be and who needs it."""
    if field.quirk is None:
        return Content.styled(t_or(f"field.{field.key}.tip", ""), look.QUIET)
    name = field.key.partition(".")[2]
    rows = [look.line((named(field.quirk.doc), look.QUIET))]
    if not field.choices:
        rows.append(look.line((look.quoted(allowed_values(name)), look.QUIET)))
    elif field.quirk.needed_by:
        rows.append(look.line((look.quoted(field.quirk.needed_by), look.QUIET)))
    return look.lines(*rows)
