"""The session's part for setting up and editing: drafts, the catalogue, what is there, saving and its inverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccswitch_tui.errors import CcswitchError, UsageError
from ccswitch_tui.sentence import say
from ccswitch_tui.tui.i18n import spoken, t

if TYPE_CHECKING:
    from ccswitch_tui.profiles.draft import Draft
    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.tui.form import Changes
    from ccswitch_tui.tui.listed import MineRow, PresetRow, Taken
    from ccswitch_tui.wire.formats import Wire
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.edit import Edited
    from ccswitch_tui.workflows.setup import Saved, Setup


NO_HEADERS: Mapping[str, Secret] = {}


class SettingUp:
    """Blocks on files and on the key store: called in a thread."""

    ctx: Context

    def draft_from_text(self, pasted: str) -> Draft:
        """What was pasted, as a Draft."""
        from ccswitch_tui.workflows.add import draft_from_text

        return draft_from_text(pasted)

    def check_new_name(self, name: str) -> None:
        """Raises UsageError for a name that cannot be, or is taken."""
        from ccswitch_tui.workflows.add import check_new_name

        check_new_name(self.ctx, name)

    def check_key(self, draft: Draft) -> None:
        """Raises UsageError for a key no header can carry, KeyStoreError where no safe store is open."""
        from ccswitch_tui.credentials.os_keyring import NO_NAME
        from ccswitch_tui.workflows.add import sendable

        if draft.secret and draft.endpoint:
            sendable(draft.secret, draft.endpoint.auth)
            self.ctx.keys.store.get(NO_NAME)

    def keys_kept_in(self) -> str:
        """Where a new key would go, in words; opens and asks nothing."""
        return self.ctx.keys.where()

    def toml_of(self, profile: Profile) -> str:
        """The profile as profiles.toml would hold it."""
        import tomlkit

        from ccswitch_tui.profiles.table import profile_to_table

        return tomlkit.dumps({"profiles": {profile.name: profile_to_table(profile)}}).strip()

    def begin(self, draft: Draft, name: str, *, pasted: bool = False) -> Setup:
        """What was read, ready to be asked and saved; with no name given, a name nobody has yet."""
        from ccswitch_tui.profiles.draft import suggest_name
        from ccswitch_tui.workflows.setup import begin

        return begin(self.ctx, draft, name or suggest_name(draft, self.ctx.book().profiles), pasted=pasted)

    def save(self, setup: Setup) -> Saved:
        """Key first, then profile; all of it or nothing. What its probe found is kept as its last report."""
        from ccswitch_tui.workflows.setup import save

        return save(self.ctx, setup)

    def take_back(self, saved: Saved) -> None:
        """The inverse of `save`."""
        from ccswitch_tui.workflows.setup import take_back

        take_back(self.ctx, saved)

    def remove(self, name: str) -> str:
        """Removes a profile and its key, in use or not: the user was asked."""
        from ccswitch_tui.workflows.manage import remove_profile

        done = remove_profile(self.ctx, name, force=True)
        return "\n".join((t("home.removed", name=name), *map(spoken, done.advice)))

    def rename(self, name: str, new: str) -> str:
        """Another name for a profile; everything that names it follows."""
        from ccswitch_tui.workflows.manage import rename_profile

        done = rename_profile(self.ctx, name, new)
        return "\n".join((t("home.renamed", name=new), *map(spoken, done.advice)))

    def duplicate(self, name: str, new: str) -> str:
        """A second profile like the first one, with a copy of its key."""
        from ccswitch_tui.workflows.manage import copy_profile

        return t("home.copied", name=copy_profile(self.ctx, name, new).name)

    # ---------------------------------------------------- the catalogue, and what is there

    def presets(self) -> list[PresetRow]:
        """The known providers, by title."""
        from ccswitch_tui.profiles.presets import load_presets
        from ccswitch_tui.tui.listed import PresetRow

        rows = [PresetRow.of(preset) for preset in load_presets().presets.values()]
        return sorted(rows, key=lambda row: row.title.casefold())

    def draft_from_preset(self, preset_id: str, wire: Wire | None = None, value: str = "") -> Draft:
        """A provider of the catalogue as a Draft; the key is still to be given."""
        from ccswitch_tui.profiles.presets import load_presets

        return load_presets().get(preset_id).draft(wire, value)

    def mine(self) -> list[MineRow]:
        """What Claude Code and other tools on this machine are set up with: those in use first."""
        from ccswitch_tui.tui.listed import MineRow
        from ccswitch_tui.workflows.sources import find_sources, read_source

        rows: list[tuple[bool, MineRow]] = []
        for source in dict.fromkeys(found.source for found in find_sources(self.ctx)):
            try:
                candidates = read_source(self.ctx, source.id)[1]
            except CcswitchError as error:
                rows.append((False, MineRow(spoken(source.title), "", "", None, error.message)))
                continue
            for c in candidates:
                base = c.draft.endpoint.base_url if c.draft and c.draft.endpoint else ""
                host = base.partition("://")[2].partition("/")[0]
                rows.append((c.in_use, MineRow(c.name, spoken(source.title), host, c.draft, c.why_not)))
        return [row for _, row in sorted(rows, key=lambda r: (r[1].draft is None, not r[0]))]

    def take_over(self, row: MineRow) -> Taken:
        """One of `mine` as a profile: its endpoint is asked first, and what it answered is kept and told."""
        from ccswitch_tui.profiles.draft import Candidate
        from ccswitch_tui.tui.listed import Taken
        from ccswitch_tui.workflows.import_export import Prover, import_candidates

        prove = Prover(self.ctx)
        [done] = import_candidates(self.ctx, [Candidate(row.title, row.draft)], prove=prove)
        if done.profile is None:
            return Taken("", why_not=done.why_not)
        return Taken(done.name, prove.verdicts.get(done.name, ""))

    # ------------------------------------------------------------------------- editing

    def profile_on_disk(self, name: str) -> tuple[Profile, str]:
        """The profile and the hash of the file it was read from."""
        book = self.ctx.book()
        return book.get(name), book.sha256

    def plan_edit(self, name: str, changes: Changes) -> Edited:
        """The changed profile, checked and not saved. Raises UsageError naming the key."""
        from ccswitch_tui.profiles.model import parse_secret_ref
        from ccswitch_tui.workflows.edit import plan_edit

        if changes.reference:
            parse_secret_ref(changes.reference)
        return plan_edit(self.ctx, name, assign=changes.assign, unset=changes.unset)

    def save_edit(
        self,
        edited: Edited,
        secret: Secret | None,
        reference: str | None,
        follows: bool,
        headers: Mapping[str, Secret] = NO_HEADERS,
    ) -> str:
        """Saves it, with another key or another reference if there is one, and what secret headers hold.

        The endpoint must accept a new key.
        """
        from ccswitch_tui.profiles.model import parse_secret_ref
        from ccswitch_tui.workflows import edit

        if secret is not None or (headers and reference is None):
            edit.save_with_key(self.ctx, edited, secret, headers=headers, key_follows=follows)
        elif headers:
            raise UsageError(
                say("another place of the key and a header's value are two changes"),
                hint=say("save one, then the other"),
            )
        elif reference is not None:
            ref = parse_secret_ref(reference or "none")
            edit.save_with_reference(self.ctx, edited, ref, key_follows=follows)
        else:
            edit.save_edit(self.ctx, edited, key_follows=follows)
        return t("edit.saved", name=edited.after.name)

    def profile_text(self, name: str) -> str:
        """The profile as a person edits it."""
        from ccswitch_tui.workflows.edit import profile_text

        return profile_text(self.ctx.book().get(name))

    def plan_text(self, name: str, text: str, sha256: str) -> Edited:
        """The profile that an edited text describes."""
        from ccswitch_tui.workflows.edit import plan_text

        return plan_text(self.ctx.book().get(name), text, sha256)
