"""Remove, rename and copy profiles.

Each has two halves, the key in its store and the profile in its file; when
the second fails, the first is run backwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ccswitch_tui.errors import CcswitchError, KeyStoreError, UsageError
from ccswitch_tui.profiles import naming
from ccswitch_tui.profiles.model import Profile, SecretRef
from ccswitch_tui.profiles.store import ProfileBook, update_profiles
from ccswitch_tui.sentence import joined, say
from ccswitch_tui.workflows.profiles import scopes_in_use
from ccswitch_tui.workflows.reports import forget_report, move_report

if TYPE_CHECKING:
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context


class Removed(NamedTuple):
    """What `remove` did."""

    name: str
    keys: tuple[str, ...] = ()
    """Names of the keys that were removed from the key store."""
    kept_keys: tuple[str, ...] = ()
    """Names of keys left there: another profile uses them, or the store could not be opened."""
    advice: tuple[str, ...] = ()


class Renamed(NamedTuple):
    """What `rename` did."""

    profile: Profile
    scopes: tuple[str, ...] = ()
    """Where it was in use: the settings there name it anew."""
    advice: tuple[str, ...] = ()


def remove_profile(ctx: Context, name: str, *, force: bool = False) -> Removed:
    """Removes a profile and its stored keys.

    Raises UsageError when it is in use and not `force`; KeyStoreError when its
    key cannot be removed and not `force`. Nothing is removed then.
    """
    book = ctx.book()
    # A broken profile says nothing that can be trusted; its key would have its name.
    refs = [SecretRef("keyring", name)] if name in book.broken else stored_refs(book.get(name))
    scopes = _refuse_in_use(ctx, name, force)
    others = [p for p in book.profiles.values() if p.name != name]
    shared = {ref.name for p in others for ref in stored_refs(p)}
    own = [ref.name for ref in refs if ref.name not in shared]
    kept = [ref.name for ref in refs if ref.name in shared]
    with taken_out(ctx, own, force=force) as taken:
        update_profiles(ctx.paths, {name: None}, expected_sha256=book.sha256)
    forget_report(ctx, name)
    kept += [key for key in own if key not in taken and _may_be_there(ctx, key)]
    advice = list(_mentions(name, others))
    if scopes:
        advice.append(
            say(
                "the {names} settings still name it: 'ccswitch-tui use OTHER' or 'use official'",
                names=joined(scopes, " and "),
            )
        )
    return Removed(name, tuple(taken), tuple(kept), tuple(advice))


def rename_profile(ctx: Context, old: str, new: str) -> Renamed:
    """Gives a profile another name: its keys, the profiles that name it, and the settings it is in use in follow."""
    book = ctx.book()
    profile = book.get(old)
    naming.check_new_name(new, [name for name in (*book.profiles, *book.broken) if name != old])
    _refuse_taken(book, new)
    moves = {ref.name: _under(ref.name, old, new) for ref in stored_refs(profile)}
    moves = {a: b for a, b in moves.items() if a != b}
    renamed = _with_key_names(profile._replace(name=new), moves)
    changes: dict[str, Profile | None] = {old: renamed}
    for other in book.profiles.values():
        followed = _following(other, old, new)
        if other.name != old and followed != other:
            changes[other.name] = followed
    scopes = scopes_in_use(ctx).get(old, ())
    with copied_keys(ctx, moves):
        update_profiles(ctx.paths, changes, expected_sha256=book.sha256)
    move_report(ctx, old, new)
    for key in moves:
        ctx.keys.remove(key)
    advice = [
        say("settings of other project folders that use '{old}' need 'ccswitch-tui use {new}' there", old=old, new=new)
    ]
    done = []
    for scope in scopes:
        try:
            _use_again(ctx, new, scope)
            done.append(scope)
        except CcswitchError as error:
            advice.insert(
                0,
                say(
                    "the {scope} settings still name '{old}' ({message}): run 'ccswitch-tui use {new}'",
                    scope=scope,
                    old=old,
                    message=error.message,
                    new=new,
                ),
            )
    return Renamed(renamed, tuple(done), tuple(advice) if scopes else ())


def copy_profile(ctx: Context, source: str, target: str) -> Profile:
    """A second profile like the first one, with a copy of its stored keys of its own."""
    book = ctx.book()
    profile = book.get(source)
    naming.check_new_name(target, [*book.profiles, *book.broken])
    _refuse_taken(book, target)
    moves = {ref.name: _under(ref.name, source, target) for ref in stored_refs(profile)}
    moves = {a: b if a != b else f"{target}/{a}" for a, b in moves.items()}
    twin = _with_key_names(profile._replace(name=target), moves)
    with copied_keys(ctx, moves):
        update_profiles(ctx.paths, {target: twin}, expected_sha256=book.sha256)
    return twin


# ---------------------------------------------------------------- keys


def stored_refs(profile: Profile) -> list[SecretRef]:
    """The references of this profile that name keys in our store, each once."""
    return [ref for ref in profile.secrets if ref.kind == "keyring"]


def _may_be_there(ctx: Context, key: str) -> bool:
    try:
        return ctx.keys.present(SecretRef("keyring", key)) is not False
    except KeyStoreError:
        return True


@contextlib.contextmanager
def taken_out(ctx: Context, names: list[str], *, force: bool = False) -> Iterator[list[str]]:
    """Keys that go once the block, which takes their last mention out of profiles.toml, has done so.

    In this order, whoever ends us in between leaves a key nobody names and no
    profile whose key is gone. A key that cannot be read is found out before the
    block; when one cannot be removed after it, profiles.toml and the keys come
    back as they were, unless `force`. Yields the names that are there.
    """
    from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

    found: dict[str, Secret] = {}
    for name in names:
        try:
            secret = ctx.keys.store.get(name)
        except KeyStoreError as error:
            if not force:
                raise _not_removed(name, error) from None
        else:
            found |= {name: secret} if secret is not None else {}
    before = read_bytes(ctx.paths.profiles)
    there = list(found)
    yield there
    left = sha256_of(read_bytes(ctx.paths.profiles))
    try:
        for name in found:
            try:
                ctx.keys.remove(name)
            except KeyStoreError as error:
                if not force:
                    raise _not_removed(name, error) from None
                there.remove(name)
    except BaseException:
        with contextlib.suppress(CcswitchError), locked(ctx.paths.profiles, ctx.paths.state_dir):
            replace_text(ctx.paths.profiles, before or b"", expected_sha256=left)
        for name, secret in found.items():
            with contextlib.suppress(KeyStoreError):
                ctx.keys.put(name, secret)
        raise


def _not_removed(name: str, error: KeyStoreError) -> KeyStoreError:
    return KeyStoreError(
        say("the key '{name}' cannot be removed: {message}", name=name, message=error.message),
        hint=say(
            "{hint}; or --force, which leaves the key where it is", hint=error.hint or say("unlock the key store")
        ),
        kind=error.kind,
    )


@contextlib.contextmanager
def copied_keys(ctx: Context, moves: dict[str, str]) -> Iterator[None]:
    """The keys of the old names also exist under the new ones inside the block, and stay unless it raises."""
    made: list[str] = []
    try:
        for old, new in moves.items():
            secret = ctx.keys.store.get(old)
            if secret is not None:
                made.append(new)
                ctx.keys.put(new, secret)
        yield
    except BaseException:
        for name in made:
            with contextlib.suppress(KeyStoreError):
                ctx.keys.remove(name)
        raise


def _under(key: str, old: str, new: str) -> str:
    """A key's name moved along: `old` → `new`, `old/label` → `new/label`; others are left alone."""
    if key == old:
        return new
    return new + key[len(old) :] if key.startswith(old + "/") else key


def _with_key_names(profile: Profile, moves: dict[str, str]) -> Profile:
    def moved(ref: SecretRef) -> SecretRef:
        return ref._replace(name=moves.get(ref.name, ref.name)) if ref.kind == "keyring" else ref

    return profile._replace(
        key=moved(profile.key),
        keys={label: moved(ref) for label, ref in profile.keys.items()},
        secret_headers={header: moved(ref) for header, ref in profile.secret_headers.items()},
    )


# ---------------------------------------------------------------- other profiles, settings


def _following(profile: Profile, old: str, new: str) -> Profile:
    """The profile with every mention of another one's old name replaced."""
    return profile._replace(
        tier_profiles={tier: new if owner == old else owner for tier, owner in profile.tier_profiles.items()},
        fallbacks=tuple(new if f == old else f for f in profile.fallbacks),
    )


def _mentions(name: str, others: list[Profile]) -> Iterator[str]:
    for other in others:
        if name in other.fallbacks:
            yield say(
                "'{other}' falls back to '{name}', which no longer exists: edit '{other}'", other=other.name, name=name
            )
        for tier, owner in other.tier_profiles.items():
            if owner == name:
                yield say(
                    "'{other}' sends its {tier} tier to '{name}', which no longer exists: edit '{other}'",
                    other=other.name,
                    tier=tier,
                    name=name,
                )


def _refuse_in_use(ctx: Context, name: str, force: bool) -> tuple[str, ...]:
    """The scopes it is in use in; raises UsageError when there are any and not `force`."""
    scopes = scopes_in_use(ctx).get(name, ())
    if scopes and not force:
        raise UsageError(
            say("'{name}' is in use ({names})", name=name, names=", ".join(scopes)),
            hint=say("switch first ('ccswitch-tui use OTHER' or 'ccswitch-tui use official'), or add --force"),
            kind="in-use",
        )
    return scopes


def _refuse_taken(book: ProfileBook, name: str) -> None:
    if name in book.profiles or name in book.broken:
        raise UsageError(
            say("there is already a profile '{name}'", name=name),
            hint=say("choose another name, or remove that profile first"),
            kind="name-taken",
        )


def _use_again(ctx: Context, name: str, scope: str) -> None:
    from ccswitch_tui.workflows.use import apply_use, plan_use

    apply_use(ctx, plan_use(ctx, name, scope=scope), follows_rename=True)
