"""Keys by reference: the one door every face and the proxy go through.

The store is opened when it is first needed. Names are written down beside it
(index.py), values never.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ccswitch_tui.credentials import index
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import Paths
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret

if TYPE_CHECKING:
    from ccswitch_tui.credentials.base import CredentialStore


class Keys:
    """Resolves references and keeps secrets in this system's key store."""

    def __init__(self, paths: Paths, env: Mapping[str, str], store: CredentialStore | None = None) -> None:
        self.paths = paths
        self.env = env
        self._given = store

    @cached_property
    def store(self) -> CredentialStore:
        """The key store of this machine. Raises KeyStoreError when there is no safe one."""
        return self._given or open_store(self.paths, self.env)

    def resolve(self, ref: SecretRef) -> Secret:
        """The secret behind a reference. Raises KeyStoreError when it cannot be had."""
        forbid_core_dumps()
        if ref.kind == "env":
            from ccswitch_tui.credentials.references import from_environment

            return from_environment(ref.name, self.env)
        if ref.kind == "command":
            from ccswitch_tui.credentials.references import from_command

            return from_command(ref.name, self.env)
        if ref.kind == "none":
            raise KeyStoreError("this profile has no key", hint="give it one: 'ccswitch-tui edit NAME --key-stdin'")
        secret = self.store.get(ref.name)
        if secret is None:
            raise KeyStoreError(
                f"no key for '{ref.name}' in the {self.store.label}",
                hint=f"enter it again: 'ccswitch-tui edit {ref.name.partition('/')[0]} --key-stdin'",
                kind="key-absent",
            )
        return secret

    def put(self, name: str, secret: Secret) -> SecretRef:
        """Stores a secret and has read it back when it returns."""
        forbid_core_dumps()
        self.store.set(name, secret)
        if self._given is None:
            index.note(self.paths, name, stored=True)
        return SecretRef("keyring", name)

    def remove(self, name: str) -> bool:
        """Removes a secret for good; False when there was none."""
        removed = self.store.delete(name)
        if self._given is None:
            index.note(self.paths, name, stored=False)
        return removed

    def present(self, ref: SecretRef) -> bool | None:
        """Whether the key should be there, without asking the store; None when only using it would tell."""
        if ref.kind == "env":
            return bool(self.env.get(ref.name))
        if ref.kind != "keyring":
            return None
        if self._given is not None:
            return self._given.get(ref.name) is not None
        known = index.names(self.paths)
        return None if known is None else ref.name in known

    def where(self) -> str:
        """Where keys are kept, for people. Opens and asks nothing."""
        if self._given is not None:
            return self._given.label
        store = index.remembered(self.paths, self.env).store
        if store == index.ENCRYPTED_FILE:
            return f"the encrypted key file {self.paths.encrypted_keys}"
        if store:
            from ccswitch_tui.credentials.os_keyring import SAFE_BACKENDS

            return f"the {SAFE_BACKENDS[store][0]}" if store in SAFE_BACKENDS else "an unknown store"
        return "nowhere yet: the first key decides"


def open_store(paths: Paths, env: Mapping[str, str]) -> CredentialStore:
    """The store this machine's keys are in: as configured, as remembered, or the first safe one found."""
    from ccswitch_tui.credentials.os_keyring import OSKeyring, configured, discover

    known = index.remembered(paths, env)
    choice = None if known.store == index.ENCRYPTED_FILE and "PYTHON_KEYRING_BACKEND" not in env else configured(env)
    backend = choice.backend if choice else known.store or discover(env)
    if backend != known.store and known.store != index.ENCRYPTED_FILE:
        index.remember(paths, known._replace(store=backend))
    return OSKeyring(backend, service=known.service, env=env)


def forbid_core_dumps() -> None:
    """Keeps the memory of a process that holds a key out of core files.

    A limit of one byte rather than zero: Linux ignores zero for a core pattern
    that is a pipe, and takes one as "no core" everywhere. Source: core(5).
    """
    try:
        import resource
    except ImportError:  # Windows writes no core files by itself
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == resource.RLIM_INFINITY or hard >= 1:
        resource.setrlimit(resource.RLIMIT_CORE, (1, hard))
