"""The Windows Credential Manager as a place for keys: its limit said before anything is written.

It is open while the user is logged on at the desktop and shows no dialog, so
there is nothing to unlock. Every program of the user can read what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from ccswitch_tui.credentials import credential_manager as manager
from ccswitch_tui.credentials.base import read_back
from ccswitch_tui.credentials.bounded import LIMIT_S, TookTooLong, call_within
from ccswitch_tui.credentials.os_keyring import FILE_HINT, NO_NAME, WINDOWS, OSKeyring, slow
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say

T = TypeVar("T")


class WindowsKeyring(OSKeyring):
    """One entry a key."""

    def __init__(self, *, service: str, env: Mapping[str, str], limit_s: float = LIMIT_S) -> None:
        super().__init__(WINDOWS, service=service, env=env, limit_s=limit_s)

    def get(self, name: str) -> Secret | None:
        value = self._within(lambda: manager.get(self.service, name))
        return None if value is None else Secret(value)

    def set(self, name: str, secret: Secret) -> None:
        if len(secret.reveal()) > manager.LONGEST_CHARACTERS:
            raise self._too_long(name, len(secret.reveal()))
        self._within(lambda: manager.put(self.service, name, secret.reveal()))
        read_back(self, name, secret)

    def delete(self, name: str) -> bool:
        return self._within(lambda: manager.delete(self.service, name))

    def is_unlocked(self) -> bool | None:
        """Whether it answers: it is open for as long as its user is logged on."""
        self._within(lambda: manager.read(manager.target_of(self.service, NO_NAME)))
        return True

    def unlock(self, wait_s: float, names: Collection[str] = ()) -> None:
        """There is no dialog to wait for; raises KeyStoreError where there is no store."""
        self.is_unlocked()

    def _too_long(self, name: str, length: int) -> KeyStoreError:
        return KeyStoreError(
            say(
                "the key '{name}' has {n} characters, and the {label} accepts {most}: it was not stored",
                name=name,
                n=length,
                label=self.label,
                most=manager.LONGEST_CHARACTERS,
            ),
            hint=say(
                "let a program make it each time: --key 'command:…'; or 'ccswitch-tui unlock --create' makes an"
                " encrypted key file, which takes longer keys"
            ),
            kind="key-too-long",
        )

    def _within(self, call: Callable[[], T]) -> T:
        try:
            return call_within(self.limit_s, call)
        except TookTooLong:
            raise slow(self.label, self.limit_s) from None
        except manager.Refused as error:
            raise self._explained(error) from None

    def _explained(self, error: manager.Refused) -> KeyStoreError:
        if error.code == manager.NO_LOGON_SESSION:
            return KeyStoreError(
                say("the {label} is closed to this session: it was logged on without a password", label=self.label),
                hint=say(
                    "over SSH with a key, or in a service, Windows has none: {hint}; or name the key by --key env:NAME",
                    hint=FILE_HINT,
                ),
                kind="key-store-absent",
            )
        return KeyStoreError(
            say("the {label} failed: {words}", label=self.label, words=str(error)),
            hint=say("'ccswitch-tui doctor' takes a closer look"),
            kind="key-store",
        )
