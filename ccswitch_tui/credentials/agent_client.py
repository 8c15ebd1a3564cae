"""The key file as other processes see it: through the agent in the background proxy.

The proxy proves that it knows our local token (ProxyControl asks it to) before
anything is said, so a stranger listening on its port learns nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ccswitch_tui.credentials.agent import AgentStatus, from_wire, locked_error
from ccswitch_tui.credentials.base import read_back
from ccswitch_tui.credentials.bounded import LIMIT_S
from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.paths import Paths
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say


class AgentStore:
    """A CredentialStore whose keys are in the memory of the background proxy."""

    label: str = say("encrypted key file")

    def __init__(self, paths: Paths, env: Mapping[str, str]) -> None:
        from ccswitch_tui.proxy.background.control import ProxyControl

        self._paths = paths
        self._proxy = ProxyControl(paths, env)

    def get(self, name: str) -> Secret | None:
        value = self._ask("get", name=name)["value"]
        return None if value is None else Secret(value)

    def set(self, name: str, secret: Secret) -> None:
        self._ask("put", name=name, value=secret.reveal())
        read_back(self, name, secret)

    def delete(self, name: str) -> bool:
        return bool(self._ask("delete", name=name)["removed"])

    def unlock(self, passphrase: Secret, timeout_s: float | None) -> AgentStatus:
        """Starts the proxy if it does not run, and hands it the passphrase."""
        from ccswitch_tui.credentials import encrypted_file

        encrypted_file.check_file(self._paths.encrypted_keys)
        self._proxy.ensure_running()
        return _status_of(self._ask("unlock", passphrase=passphrase.reveal(), timeout_s=timeout_s))

    def lock(self) -> bool:
        """Makes the agent forget; False when there was nothing to forget."""
        return self._proxy.status().running and bool(self._ask("lock")["was_unlocked"])

    def status(self) -> AgentStatus:
        """Whether keys can be had now."""
        return _status_of(self._ask("status")) if self._proxy.status().running else AgentStatus(False)

    def _ask(self, word: str, **fields: Any) -> dict[str, Any]:
        """One request to the agent. Raises KeyStoreError: its own, or that it is not there."""
        if not self._proxy.status().running:
            from ccswitch_tui.credentials import encrypted_file

            encrypted_file.check_file(self._paths.encrypted_keys)
            raise locked_error()
        try:
            _, body = self._proxy.ask("POST", f"/_ccswitch/keys/{word}", fields, timeout_s=LIMIT_S)
            answer = json.loads(body)
        except TimeoutError:
            raise _slow() from None
        except (OSError, ValueError) as error:
            raise _lost(type(error).__name__) from None
        if not isinstance(answer, dict) or "error" in answer:
            raise _refused(answer)
        return answer


def _status_of(answer: dict[str, Any]) -> AgentStatus:
    try:
        return AgentStatus(**answer)
    except TypeError:
        raise _refused(answer) from None


def _slow() -> KeyStoreError:
    return KeyStoreError(
        say("the background proxy did not respond within {seconds:.0f} s", seconds=LIMIT_S),
        hint=say("'ccswitch-tui proxy stop', then 'ccswitch-tui unlock'"),
        kind="key-store-slow",
    )


def _lost(what: str) -> KeyStoreError:
    return KeyStoreError(
        say("the background proxy, which holds the unlocked keys, exited ({what})", what=what),
        hint=say("run 'ccswitch-tui unlock' again; the keys are safe in their file"),
        kind="key-store-lost",
    )


def _refused(answer: Any) -> KeyStoreError:
    """The agent's own error as it was; anything else on that path is the proxy's, in Anthropic's shape."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict) and "kind" in error:
        return from_wire(error)
    said = error.get("message") if isinstance(error, dict) else say("nonsense")
    return KeyStoreError(
        say("the background proxy does not keep keys: {words}", words=said),
        hint=say("'ccswitch-tui proxy stop', then 'ccswitch-tui unlock'"),
    )
