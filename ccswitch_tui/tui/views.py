"""What the screens are handed to show: immutable rows and lines, without behaviour of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.tui.i18n import spoken

if TYPE_CHECKING:
    from ccswitch_tui.balance.model import Balance
    from ccswitch_tui.claude.settings import Change
    from ccswitch_tui.profiles.draft import Draft
    from ccswitch_tui.profiles.presets import Preset


class Row(NamedTuple):
    """One profile as the list shows it."""

    profile: Profile
    in_use: tuple[str, ...] = ()
    """Scopes whose settings name it."""
    key_present: bool | None = None
    """None where only using the key would tell."""
    verdict: str | None = None
    probed_at: float | None = None
    """Seconds since the epoch."""
    key_store: str = ""
    """Where a stored key lies, as `list` tells it: `keyring`, or `key file` (encrypted); "" for any other key."""
    balance: Balance | None = None
    """What was left when the user last asked; asked by nobody here."""

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def in_key_file(self) -> bool:
        return self.key_store == "key file"

    @property
    def haystack(self) -> str:
        """What a filter searches."""
        p = self.profile
        return " ".join(
            (p.name, p.endpoint.base_url, *p.models.named().values(), *p.tags, self.verdict or "")
        ).casefold()


class Truth(NamedTuple):
    """What Claude Code would use in this folder now, and who decides that."""

    profile: str | None = None
    base_url: str = ""
    model: str = ""
    credential: str = ""
    decided_by: str = ""
    drift: tuple[str, ...] = ()


class Snapshot(NamedTuple):
    """One look at everything Home shows."""

    rows: tuple[Row, ...] = ()
    truth: Truth | None = None
    problem: CcswitchError | None = None
    """Why profiles.toml or a settings file could not be read."""
    undoable: bool = False
    locked: bool = False
    """The encrypted key file is this machine's key store, and it is locked."""
    stamp: tuple[Any, ...] = ()
    """Changes when a file changed that this was made from, and when the keys were locked or unlocked."""


class KeyRow(NamedTuple):
    """One key as the list of keys shows it: everything about it but itself."""

    profile: str
    """Whose key it is; of one that no profile names, its own name."""
    where: str
    """As profiles.toml says it."""
    host: str
    """Where it is sent, and nowhere else."""
    state: str
    """`present`, `absent`, `unknown`, `none`, or `orphan`."""
    last_used: str = ""
    """The day, YYYY-MM-DD; "" when the proxy never sent it."""
    shared_with: tuple[str, ...] = ()
    """Other profiles with the same reference."""


class HistoryRow(NamedTuple):
    """One write of ours as the history lists it."""

    title: str
    scope: str
    at: float
    file: str
    undone: bool
    changes: tuple[Change, ...]


class MineRow(NamedTuple):
    """Something set up on this machine already, by Claude Code's settings or another tool."""

    title: str
    source: str
    host: str
    draft: Draft | None
    why_not: str

    @property
    def haystack(self) -> str:
        return f"{self.title} {self.source} {self.host}".casefold()


class Taken(NamedTuple):
    """What became of a row of that list that was taken over as it is."""

    name: str
    """The profile's; "" when it was not taken."""
    verdict: str = ""
    """The probe's word, or why nothing could be asked."""
    why_not: str = ""


class PresetRow(NamedTuple):
    """One provider of the catalogue as the wizard lists it."""

    id: str
    title: str
    wire: str
    host: str
    haystack: str
    notes: tuple[str, ...]
    key_page: str
    value: str
    """What its address still needs, in words; "" when it is complete."""

    @classmethod
    def of(cls, preset: Preset) -> PresetRow:
        base = preset.anthropic or preset.openai or ""
        host = base.partition("://")[2].partition("/")[0]
        title = spoken(preset.title)
        words = " ".join((preset.id, preset.title, title, base, preset.openai or "", *preset.models.values()))
        return cls(
            preset.id, title, preset.wires[0], host, words.casefold(), preset.notes, preset.key_page or "",
            preset.value or "",
        )  # fmt: skip
