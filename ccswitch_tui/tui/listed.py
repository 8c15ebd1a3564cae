"""What the lists of other places than Home are handed to show: immutable rows, without behaviour of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.tui.i18n import spoken

if TYPE_CHECKING:
    from ccswitch_tui.claude.settings import Change
    from ccswitch_tui.profiles.draft import Draft
    from ccswitch_tui.profiles.presets import Preset


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

    id: str
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
