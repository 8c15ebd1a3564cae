"""What Home is handed to show: immutable rows, without behaviour of their own. The first paint waits for this file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ccswitch_tui.balance.model import Balance
    from ccswitch_tui.errors import CcswitchError
    from ccswitch_tui.profiles.model import Profile


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
