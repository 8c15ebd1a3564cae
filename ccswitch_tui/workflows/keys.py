"""What a user does with keys and the place they are in: unlock, lock, create, rotate, remove.

Nothing here asks: a passphrase or a key comes in as a Secret, from the
command line's prompt or the app's own field.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from ccswitch_tui.credentials import index
from ccswitch_tui.credentials.hosts import allowed_host, check_key_host
from ccswitch_tui.errors import CcswitchError, KeyStoreError, UsageError
from ccswitch_tui.profiles.model import Profile
from ccswitch_tui.sentence import say

if TYPE_CHECKING:
    from ccswitch_tui.credentials.agent_client import AgentStore
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.workflows.context import Context

__all__ = ["allowed_host", "check_key_host"]

DIALOG_WAIT_S = 120.0
"""For the desktop's own dialog, when the user asked for it and types a password."""


class StoreStatus(NamedTuple):
    """The key store of this machine, as far as it can be told without asking it for a key."""

    kind: Literal["os-keyring", "encrypted-file", "absent", "given"]
    where: str
    """For people."""
    unlocked: bool | None = None
    """None where only using it would tell."""
    seconds_left: int | None = None
    """Until it locks itself; None: never, or unknown."""
    problem: str = ""
    """Why it cannot be used; "" if nothing is known against it."""
    hint: str = ""


def store_status(ctx: Context) -> StoreStatus:
    """Where keys are kept and whether they can be had. Unlocks and asks nothing."""
    if ctx.keys.is_given:
        return StoreStatus("given", ctx.keys.where(), True)
    try:
        chosen = ctx.keys.chosen()
        if chosen.store != index.ENCRYPTED_FILE:
            return _keyring_status(ctx)
    except KeyStoreError as error:
        return StoreStatus("absent", "nowhere", None, None, error.message, error.hint)
    where = say("the encrypted key file {path}", path=ctx.paths.encrypted_keys)
    try:
        from ccswitch_tui.credentials.encrypted_file import check_file

        check_file(ctx.paths.encrypted_keys)
        now = _agent(ctx).status()
    except CcswitchError as error:
        return StoreStatus("encrypted-file", where, None, None, error.message, error.hint)
    return StoreStatus("encrypted-file", where, now.unlocked, now.seconds_left)


def _keyring_status(ctx: Context) -> StoreStatus:
    from ccswitch_tui.credentials.os_keyring import OSKeyring

    store = ctx.keys.store
    where = say("the {label}", label=store.label)
    try:
        unlocked = store.is_unlocked() if isinstance(store, OSKeyring) else None
    except KeyStoreError as error:
        return StoreStatus("os-keyring", where, None, None, error.message, error.hint)
    return StoreStatus("os-keyring", where, unlocked)


def needs_passphrase(ctx: Context) -> bool:
    """Whether unlocking takes a passphrase from us; an OS keyring asks in its own dialog."""
    return not ctx.keys.is_given and ctx.keys.chosen().store == index.ENCRYPTED_FILE


def unlock(ctx: Context, passphrase: Secret | None = None, *, timeout_s: float | None = None) -> StoreStatus:
    """Opens the key store: the file with `passphrase`, an OS keyring by waiting for its dialog.

    `timeout_s` None: until the proxy ends. Raises KeyStoreError (wrong passphrase, damage, dialog dismissed).
    """
    if ctx.keys.is_given:
        return store_status(ctx)
    if not needs_passphrase(ctx):
        from ccswitch_tui.credentials.os_keyring import OSKeyring

        store = ctx.keys.store
        if isinstance(store, OSKeyring):
            store.unlock(DIALOG_WAIT_S, index.names(ctx.paths) or ())
        return store_status(ctx)._replace(unlocked=True)
    if passphrase is None:
        raise UsageError(
            say("the encrypted key file needs its passphrase"), hint=say("run 'ccswitch-tui unlock' on a terminal")
        )
    now = _agent(ctx).unlock(passphrase, timeout_s)
    return store_status(ctx)._replace(unlocked=now.unlocked, seconds_left=now.seconds_left)


def lock(ctx: Context) -> bool:
    """Makes the background proxy forget the opened key file; False when nothing was open."""
    return needs_passphrase(ctx) and _agent(ctx).lock()


def check_can_create(ctx: Context, *, force: bool = False) -> None:
    """Raises UsageError when an encrypted key file would hide keys or a keyring that is there."""
    if os.path.exists(ctx.paths.encrypted_keys):
        raise UsageError(
            say("there is already an encrypted key file: {path}", path=ctx.paths.encrypted_keys),
            hint=say("open it: 'ccswitch-tui unlock'"),
        )
    from ccswitch_tui.credentials.encrypted_file import copy_of

    if os.path.exists(copy_of(ctx.paths.encrypted_keys)) and not force:
        raise UsageError(
            say("the key file is gone, but its second copy exists: {path}", path=copy_of(ctx.paths.encrypted_keys)),
            hint=say("use the copy: 'ccswitch-tui unlock --from-copy'; --force replaces both with an empty file"),
        )
    known = index.remembered(ctx.paths, ctx.env)
    stored = index.names(ctx.paths)
    if known.store not in ("", index.ENCRYPTED_FILE) and stored and not force:
        raise UsageError(
            say("keys are kept in {where} ({names})", where=ctx.keys.where(), names=", ".join(sorted(stored)[:6])),
            hint=say(
                "an encrypted key file is for machines without a keyring; --force makes one anyway, "
                "and those keys must then be entered again"
            ),
        )


def create_key_file(
    ctx: Context, passphrase: Secret, *, timeout_s: float | None = None, force: bool = False
) -> StoreStatus:
    """Makes the encrypted key file, chooses it as this machine's key store, and opens it."""
    from ccswitch_tui.credentials import encrypted_file

    check_can_create(ctx, force=force)
    encrypted_file.create(ctx.paths.encrypted_keys, ctx.paths.state_dir, passphrase)
    known = index.remembered(ctx.paths, ctx.env)
    index.remember(ctx.paths, known._replace(store=index.ENCRYPTED_FILE))
    index.forget_names(ctx.paths)
    ctx.keys.forget_choice()
    return unlock(ctx, passphrase, timeout_s=timeout_s)


def change_passphrase(ctx: Context, old: Secret, new: Secret, *, timeout_s: float | None = None) -> StoreStatus:
    """Seals the key file under another passphrase and opens it with that."""
    from ccswitch_tui.credentials import encrypted_file

    encrypted_file.change_passphrase(ctx.paths.encrypted_keys, ctx.paths.state_dir, old, new)
    return unlock(ctx, new, timeout_s=timeout_s)


def restore_key_file(ctx: Context) -> None:
    """Puts the key file's second copy in the place of a damaged one."""
    from ccswitch_tui.credentials import encrypted_file

    encrypted_file.restore_copy(ctx.paths.encrypted_keys, ctx.paths.state_dir)


# ---------------------------------------------------------------- the keys of one profile


@contextlib.contextmanager
def held_back(ctx: Context, before: Profile | None, after: Profile, sha256: str) -> Iterator[str]:
    """A key of the same name and another address change hands together: in between, no key is sent anywhere.

    Where `after` has another host, it is saved first with the old key's
    binding, which its address does not fit: whoever ends us before the new key
    is stored, or before it is bound, leaves a profile whose key is refused to
    both hosts. Yields the digest profiles.toml has then. The block stores the
    key and saves `after`; when it raises, the file comes back to the byte.
    """
    from ccswitch_tui.credentials.hosts import allowed_host, bound_to
    from ccswitch_tui.profiles.store import update_profiles
    from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

    if before is None or not any(ref.kind == "keyring" for ref in before.secrets):
        yield sha256
        return
    held = after._replace(
        key=before.key,
        secret_headers=before.secret_headers,
        key_host=before.key_host or bound_to(before.endpoint.base_url),
    )
    if allowed_host(held):
        yield sha256
        return
    path = ctx.paths.profiles
    as_it_was = read_bytes(path)
    update_profiles(ctx.paths, {after.name: held}, expected_sha256=sha256)
    written = sha256_of(read_bytes(path))
    try:
        yield written
    except BaseException:
        with contextlib.suppress(CcswitchError), locked(path, ctx.paths.state_dir):
            replace_text(path, as_it_was or b"", expected_sha256=written)
        raise


@contextlib.contextmanager
def all_stored(ctx: Context, secrets: Mapping[str, Secret]) -> Iterator[None]:
    """Secrets stored under these names inside the block, each read back; when it raises, all are as they were."""
    before: dict[str, Secret | None] = {}
    try:
        for name, secret in secrets.items():
            before[name] = ctx.keys.store.get(name)
            ctx.keys.put(name, secret)
        yield
    except BaseException:
        for name, old in before.items():
            with contextlib.suppress(KeyStoreError):
                ctx.keys.put(name, old) if old is not None else ctx.keys.remove(name)
        raise


@contextlib.contextmanager
def removed_when_unnamed(ctx: Context, before: Profile | None, after: Profile) -> Iterator[None]:
    """Stored secret headers that the block takes the last mention of go with it, as the key of a profile does."""
    from ccswitch_tui.workflows.manage import taken_out

    had = {ref.name for ref in before.secret_headers.values() if ref.kind == "keyring"} if before else set()
    others = [profile for profile in ctx.book().profiles.values() if profile.name != after.name]
    loose = had - {ref.name for profile in (*others, after) for ref in profile.secrets}
    if not loose:
        yield
        return
    with taken_out(ctx, sorted(loose), force=True):
        yield


def _agent(ctx: Context) -> AgentStore:
    from ccswitch_tui.credentials.agent_client import AgentStore

    return AgentStore(ctx.paths, ctx.env)
