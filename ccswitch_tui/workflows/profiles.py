"""The profiles as `list` and `show` tell them: on the quick path, so nothing is unlocked, asked or imported for it."""

from __future__ import annotations

from types import MappingProxyType

from ccswitch_tui.errors import CcswitchError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ccswitch_tui.balance.model import Balance
    from ccswitch_tui.profiles.search_source import SearchSource
    from ccswitch_tui.profiles.store import ProfileBook
    from ccswitch_tui.workflows.context import Context


class ProfileRow(NamedTuple):
    """One profile as `list` shows it."""

    profile: Profile
    key_present: bool | None
    """None when only using the key would tell (`command:…`), or when it has none."""
    in_use: tuple[str, ...] = ()
    """The scopes it is in use in here: user, project, local."""
    search: SearchSource | None = None
    """Where this profile's web searches go; None: nowhere."""
    balance: Balance | None = None
    """What was left when the user last asked."""
    key_store: str = ""
    """Where a stored key lies: `keyring`, or `key file` (encrypted); "" for a key that is not in our store."""
    headers_present: Mapping[str, bool | None] = MappingProxyType({})
    """The same as `key_present`, for its secret headers."""

    def _headers_json(self) -> list[dict[str, Any]]:
        return [
            {"name": header, "ref": str(ref), "present": self.headers_present.get(header)}
            for header, ref in self.profile.secret_headers.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """The documented form of `list --json`."""
        profile = self.profile
        return {
            "name": profile.name,
            "base_url": profile.endpoint.base_url,
            "wire": profile.endpoint.wire,
            "route": profile.route,
            "models": profile.models.named(),
            **({"tags": list(profile.tags)} if profile.tags else {}),
            **({"tier_profiles": dict(profile.tier_profiles)} if profile.tier_profiles else {}),
            "key": {"ref": str(profile.key), "present": self.key_present, "store": self.key_store or None},
            **({"secret_headers": self._headers_json()} if profile.secret_headers else {}),
            "in_use": list(self.in_use),
            "search": None if self.search is None else {"source": self.search.source, "host": self.search.host or None},
            "balance": None if self.balance is None else self.balance.to_json(),
        }


def profile_rows(ctx: Context, book: ProfileBook | None = None) -> list[ProfileRow]:
    """All profiles in the order of the file."""
    book = book or ctx.book()
    profiles = book.profiles
    scopes = scopes_in_use(ctx) if profiles else {}
    store = stored_in(ctx) if profiles else ""
    asked = _asked_before(ctx)
    return [_row(ctx, p, scopes.get(p.name, ()), store, book.search, asked) for p in profiles.values()]


def profile_row(ctx: Context, name: str) -> ProfileRow:
    """One profile; raises UsageError with the nearest names when there is none."""
    book = ctx.book()
    in_use = scopes_in_use(ctx).get(name, ())
    return _row(ctx, book.get(name), in_use, stored_in(ctx), book.search, _asked_before(ctx))


def stored_in(ctx: Context) -> str:
    """What keys of ours lie in, in a word or two. Opens nothing."""
    return "key file" if ctx.keys.in_key_file() else "keyring"


def _row(
    ctx: Context, profile: Profile, in_use: tuple[str, ...], store: str, common: SearchSource | None, asked: bool
) -> ProfileRow:
    present = ctx.keys.present(profile.key) if profile.key.kind != "none" else None
    search = profile.search or common
    return ProfileRow(
        profile,
        present,
        in_use,
        search=search if search is not None and search.is_on else None,
        balance=_balance(ctx, profile) if asked else None,
        key_store=store if profile.key.kind == "keyring" else "",
        headers_present={header: ctx.keys.present(ref) for header, ref in profile.secret_headers.items()},
    )


def _asked_before(ctx: Context) -> bool:
    """Whether anybody ever asked what is left on a key."""
    import os

    return os.path.isdir(ctx.paths.balances)


def _balance(ctx: Context, profile: Profile) -> Balance | None:
    from ccswitch_tui.workflows.balance import last_balance

    return last_balance(ctx, profile)


def scopes_in_use(ctx: Context) -> dict[str, tuple[str, ...]]:
    """Where each profile is in use; nothing when Claude Code's settings cannot be read (`current` says why)."""
    try:
        from ccswitch_tui.workflows.current import in_use

        return in_use(ctx)
    except (CcswitchError, ModuleNotFoundError):
        return {}
