"""The opened key file in memory, as ssh-agent keeps a key: unlocked once, forgotten after a time-out.

Lives in the background proxy and answers its own local routes (agent_routes).
Time is counted on two clocks, so that a laptop's sleep counts too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ccswitch_tui.credentials import encrypted_file
from ccswitch_tui.credentials.encrypted_file import EncryptedFileStore
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import Paths
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import quoting, say

DEFAULT_TIMEOUT_S = 24 * 3600
"""One passphrase a working day, counted from the unlocking and not from the last use."""

PAUSE_AFTER_WRONG_S = 1.0
"""Between two guesses, besides what scrypt takes."""


LOOK_EVERY_S = 15.0
"""How late a time-out may be noticed after the machine slept."""


class AgentStatus(NamedTuple):
    """What can be said without a key."""

    unlocked: bool
    seconds_left: int | None = None
    """None: until the proxy ends."""


class KeyAgent:
    """A CredentialStore that is locked until somebody gives the passphrase."""

    label: str = say("encrypted key file")

    def __init__(
        self,
        paths: Paths,
        *,
        clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = paths
        self._clocks = (clock, steady_clock)
        self._opened: EncryptedFileStore | None = None
        self._until: tuple[float, float] | None = None
        self._turn = threading.Lock()
        self.on_change: Callable[[], None] = lambda: None
        """Called when keys were forgotten or changed: whoever keeps copies of them in memory drops them too."""

    def unlock(self, passphrase: Secret, timeout_s: float | None = DEFAULT_TIMEOUT_S) -> AgentStatus:
        """Opens the file. A wrong passphrase leaves it as it was, locked or not. `None`: until the proxy ends."""
        with self._turn:
            try:
                opened = encrypted_file.open_file(self._paths.encrypted_keys, self._paths.state_dir, passphrase)
            except KeyStoreError:
                time.sleep(PAUSE_AFTER_WRONG_S)
                raise
            self._until = None if timeout_s is None else (self._clocks[0]() + timeout_s, self._clocks[1]() + timeout_s)
            self._opened = opened
        if timeout_s is not None:
            threading.Thread(target=self._expire, args=(opened,), daemon=True).start()
        return self.status()

    def _expire(self, opened: EncryptedFileStore) -> None:
        """Locks when the time is over, though nobody asks; looks often enough for a machine that slept."""
        while self._opened is opened:
            left = self.status().seconds_left
            if left is None:
                return
            time.sleep(min(left, LOOK_EVERY_S))

    def lock(self) -> bool:
        """Forgets the keys; False when it was locked already."""
        was_open = self.status().unlocked
        self._forget()
        return was_open

    def _forget(self) -> None:
        self._opened = None
        self._until = None
        self.on_change()

    def status(self) -> AgentStatus:
        """Whether keys can be had now, and for how long."""
        until = self._until  # before _opened: the order in which unlock() and _forget() change them
        if self._opened is None:
            return AgentStatus(False)
        if until is None:
            return AgentStatus(True)
        left = min(end - clock() for end, clock in zip(until, self._clocks, strict=True))
        if left <= 0:
            self._forget()
            return AgentStatus(False)
        return AgentStatus(True, int(left) + 1)

    def get(self, name: str) -> Secret | None:
        return self._store().get(name)

    def set(self, name: str, secret: Secret) -> None:
        with self._turn:
            self._store().set(name, secret)
            self.on_change()

    def delete(self, name: str) -> bool:
        with self._turn:
            removed = self._store().delete(name)
            self.on_change()
            return removed

    def _store(self) -> EncryptedFileStore:
        self.status()
        if self._opened is None:
            encrypted_file.check_file(self._paths.encrypted_keys)
            raise locked_error()
        return self._opened


def locked_error() -> KeyStoreError:
    """The one answer of a locked key file, by whichever way it is asked."""
    return KeyStoreError(
        say("the encrypted key file is locked"),
        hint=say("run 'ccswitch-tui unlock' once; it stays unlocked for a day"),
        kind="key-store-locked",
    )


def from_wire(answer: dict[str, Any]) -> KeyStoreError:
    """The error a route answered with, as the error it was."""
    return KeyStoreError(
        quoting(str(answer.get("message", ""))),
        hint=quoting(str(answer.get("hint", ""))),
        kind=str(answer.get("kind", "key-store")),
    )
