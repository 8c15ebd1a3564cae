"""Keys by reference: the one door every face and the proxy go through.

The store is opened when it is first needed. Names are written down beside it
(index.py), values never.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from functools import cached_property

from ccswitch_tui.credentials import index
from ccswitch_tui.errors import CcswitchError, KeyStoreError
from ccswitch_tui.paths import Paths
from ccswitch_tui.profiles.model import SecretRef
from ccswitch_tui.secret import Secret, forbid_core_dumps
from ccswitch_tui.sentence import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccswitch_tui.credentials.agent import KeyAgent
    from ccswitch_tui.credentials.base import CredentialStore
    from ccswitch_tui.profiles.model import Profile


class Keys:
    """Resolves references and keeps secrets in this system's key store.

    `store` takes the place of this system's own (demo, tests). `agent` is given
    in the process that holds the opened key file; all others ask it.
    """

    def __init__(
        self,
        paths: Paths,
        env: Mapping[str, str],
        store: CredentialStore | None = None,
        *,
        agent: KeyAgent | None = None,
    ) -> None:
        self.paths = paths
        self.env = env
        self._given = store
        self._agent = agent
        self._chosen: index.Remembered | None = None

    @property
    def is_given(self) -> bool:
        """Whether the store is not this system's own, but one for the demo or a test."""
        return self._given is not None

    def chosen(self) -> index.Remembered:
        """Which store keys are in, decided once. Raises KeyStoreError when there is no safe one."""
        if self._chosen is None:
            self._chosen = choose_store(self.paths, self.env)
        return self._chosen

    def forget_choice(self) -> None:
        """Decides anew which store keys are in: another one was made."""
        self._chosen = None
        self.__dict__.pop("store", None)

    @cached_property
    def store(self) -> CredentialStore:
        """The key store of this machine. Raises KeyStoreError when there is no safe one."""
        if self._given is not None:
            return self._given
        chosen = self.chosen()
        if chosen.store == index.ENCRYPTED_FILE:
            return self._agent or _agent_store(self.paths, self.env)
        from ccswitch_tui.credentials.os_keyring import WINDOWS, OSKeyring

        if chosen.store == WINDOWS and sys.platform == "win32":
            from ccswitch_tui.credentials.windows_keyring import WindowsKeyring

            return WindowsKeyring(service=chosen.service, env=self.env)
        return OSKeyring(chosen.store, service=chosen.service, env=self.env)

    def of(self, profile: Profile) -> Secret | None:
        """The key a profile's endpoint is to have; None for a profile without. Raises KeyStoreError."""
        return None if profile.key.kind == "none" else self.resolve(profile.key, profile.endpoint.auth)

    def of_headers(self, profile: Profile) -> dict[str, Secret]:
        """What its secret headers hold, by header. Raises KeyStoreError naming the header."""
        found: dict[str, Secret] = {}
        for header, alone in profile.by_header().items():
            try:
                found[header] = self.resolve(alone.key, alone.endpoint.auth)
            except KeyStoreError as error:
                raise header_error(error, alone, header) from None
        return found

    def resolve(self, ref: SecretRef, auth: str = "bearer") -> Secret:
        """The secret behind a reference, as that auth style sends it. Raises KeyStoreError when it cannot be had."""
        found = self._found(ref, auth)
        return Secret(f"{ref.scheme} {found.reveal()}") if ref.scheme else found

    def _found(self, ref: SecretRef, auth: str) -> Secret:
        forbid_core_dumps()
        if ref.scheme:
            auth = "bearer"  # the scheme is said: what is found is the key alone
        if ref.kind == "env":
            from ccswitch_tui.credentials.references import from_environment

            return from_environment(ref.name, self.env, auth)
        if ref.kind == "command":
            from ccswitch_tui.credentials.references import from_command

            return from_command(ref.name, self.env, auth)
        if ref.kind == "none":
            raise KeyStoreError(
                say("this profile has no key"), hint=say("give it one: 'ccswitch-tui edit NAME --key-stdin'")
            )
        secret = self.store.get(ref.name)
        if secret is None:
            raise KeyStoreError(
                say("no key for '{name}' in the {label}", name=ref.name, label=self.store.label),
                hint=say("enter it again: 'ccswitch-tui edit {name} --key-stdin'", name=ref.name.partition("/")[0]),
                kind="key-absent",
            )
        if self._given is None and ref.name not in (index.names(self.paths) or ()):
            with contextlib.suppress(OSError, CcswitchError):
                index.note(self.paths, ref.name, stored=True)  # the list was lost, or is another machine's
        return secret

    def put(self, name: str, secret: Secret) -> SecretRef:
        """Stores a secret and has read it back when it returns."""
        forbid_core_dumps()
        self.store.set(name, secret)
        if self._given is None:
            index.remember(self.paths, self.chosen())
            index.note(self.paths, name, stored=True)
            _make_proxy_look_again(self.paths, self.env)
        _forget_what_was_left(self.paths, name)
        return SecretRef("keyring", name)

    def remove(self, name: str) -> bool:
        """Removes a secret for good; False when there was none."""
        removed = self.store.delete(name)
        if self._given is None:
            index.note(self.paths, name, stored=False)
            _make_proxy_look_again(self.paths, self.env)
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

    def in_key_file(self) -> bool:
        """Whether stored keys lie in the encrypted key file, not in a keyring. Opens and asks nothing."""
        if self._given is not None or self.env.get("PYTHON_KEYRING_BACKEND"):
            return False
        store = index.remembered(self.paths, self.env).store
        return store == index.ENCRYPTED_FILE or (not store and os.path.exists(self.paths.encrypted_keys))

    def where(self) -> str:
        """Where keys are kept, for people. Opens and asks nothing."""
        if self._given is not None:
            return self._given.label
        if self.in_key_file():
            return say("the encrypted key file {path}", path=self.paths.encrypted_keys)
        store = index.remembered(self.paths, self.env).store
        if store:
            from ccswitch_tui.credentials.os_keyring import SAFE_BACKENDS

            return (
                say("the {label}", label=SAFE_BACKENDS[store][0]) if store in SAFE_BACKENDS else say("an unknown store")
            )
        return say("nowhere yet: the first key decides")


def header_error(error: KeyStoreError, alone: Profile, header: str) -> KeyStoreError:
    """The trouble with the key of `Profile.by_header` as one with that header."""
    hint = error.hint
    if error.kind == "key-absent" and alone.key.kind == "keyring":
        hint = say(
            "enter it again: 'ccswitch-tui edit {name} --secret-header {header}'", name=alone.name, header=header
        )
    return KeyStoreError(
        say("header '{header}': {message}", header=header, message=error.message), hint=hint, kind=error.kind
    )


def _forget_what_was_left(paths: Paths, name: str) -> None:
    """A new key may be another account's: what was left on the one before is not shown for it."""
    from ccswitch_tui.textfile import read_file

    with contextlib.suppress(OSError):
        for file in os.listdir(paths.balances):
            path = os.path.join(paths.balances, file)
            with contextlib.suppress(OSError):
                if f'"key_ref": "keyring:{name}"'.encode() in read_file(path):
                    os.unlink(path)


def choose_store(paths: Paths, env: Mapping[str, str]) -> index.Remembered:
    """Where this machine's keys are: as configured, as remembered, in a key file, or in the first safe store found.

    Only a stored key makes the choice last. Raises KeyStoreError when there is no safe store.
    """
    known = index.remembered(paths, env)
    if known.store == index.ENCRYPTED_FILE and not env.get("PYTHON_KEYRING_BACKEND"):
        return known
    from ccswitch_tui.credentials.os_keyring import configured, discover

    named = configured(env)
    if named is not None:
        return known._replace(store=named)
    if known.store:
        return known
    if os.path.exists(paths.encrypted_keys):
        return known._replace(store=index.ENCRYPTED_FILE)
    return known._replace(store=discover(env))


def _agent_store(paths: Paths, env: Mapping[str, str]) -> CredentialStore:
    from ccswitch_tui.credentials.agent_client import AgentStore

    return AgentStore(paths, env)


def _make_proxy_look_again(paths: Paths, env: Mapping[str, str]) -> None:
    """A running background proxy drops the keys it holds: one of them was replaced or removed."""
    from ccswitch_tui.proxy.background.control import ProxyControl

    proxy = ProxyControl(paths, env)
    with contextlib.suppress(OSError, CcswitchError):
        if proxy.status().running:
            proxy.ask("POST", "/_ccswitch/forget-keys")
