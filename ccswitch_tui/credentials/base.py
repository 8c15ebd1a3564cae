"""What a place for keys must do, the place in memory, and the text a key may be.

One rule: a value that was written and cannot be read back was not stored.
Every store here passes tests/credentials/test_store_contract.py.
"""

from __future__ import annotations

from ccswitch_tui.errors import KeyStoreError, UsageError
from ccswitch_tui.secret import Secret
from ccswitch_tui.sentence import say, to_paste

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

LONGEST_KEY = 8192
"""Web servers refuse longer header lines by default (nginx, "large_client_header_buffers", 8k)."""


class CredentialStore(Protocol):
    """A place that keeps secrets by name. Errors are KeyStoreError with a hint, within a time limit."""

    label: str
    """For people: `Secret Service`, `macOS Keychain`, `encrypted key file`."""

    def get(self, name: str) -> Secret | None:
        """The secret of that name, or None when there is none."""

    def set(self, name: str, secret: Secret) -> None:
        """Stores or replaces it, and has read it back when it returns."""

    def delete(self, name: str) -> bool:
        """Removes it for good; False when there was none."""


class MemoryStore:
    """Keys for as long as this process lives: the demo and the tests."""

    label = "memory"

    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}

    def get(self, name: str) -> Secret | None:
        return self._secrets.get(name)

    def set(self, name: str, secret: Secret) -> None:
        self._secrets[name] = secret

    def delete(self, name: str) -> bool:
        return self._secrets.pop(name, None) is not None


def read_back(store: CredentialStore, name: str, secret: Secret) -> None:
    """Raises KeyStoreError unless `store` now answers `secret` for `name`."""
    if store.get(name) != secret:
        raise KeyStoreError(
            say(
                "the {label} accepted the key '{name}' but does not return it: it was not stored",
                label=store.label,
                name=name,
            ),
            hint=say(
                "'ccswitch-tui doctor' says what the key store is; 'ccswitch-tui unlock --create' makes a key file"
            ),
            kind="key-store-lost",
        )


def clean_key(text: str, auth: str = "bearer", *, exact: bool = False) -> Secret:
    """A key as pasted or piped in, without the quotes, the label and the remark round it.

    In a named header (`auth` is `header:NAME`) the scheme before it, `Bearer T`,
    is kept: such a header holds what was given. A password of Basic
    authentication, and what a program printed (`exact`), is taken as it is. Raises UsageError for what no HTTP header
    can carry: it would be stored and then refused by every endpoint. The
    message never shows the text.
    """
    from ccswitch_tui.credentials.key_text import key_in

    whole_header = auth.startswith("header:")
    value = (
        text.strip().lstrip("\ufeff").strip() if exact or auth == "basic" else key_in(text, whole_header=whole_header)
    )
    if not value:
        from ccswitch_tui.here import pipe_variable

        raise UsageError(
            say("the key is empty"), hint=say("pipe the key itself: {command}", command=to_paste(pipe_variable("KEY")))
        )
    if "\n" in value or "\r" in value:
        raise UsageError(say("the key has several lines"), hint=say("give one key, on one line"))
    odd = next((c for c in value if not (" " if whole_header else "!") <= c <= "~"), None)
    if odd is not None:
        what = say("a space") if odd == " " else say("the character U+{number:04X}", number=ord(odd))
        raise UsageError(
            say("the key contains {what}, which no HTTP header can carry in a key", what=what),
            hint=say("copy it again, without quotes, labels or line breaks around it"),
        )
    if len(value) > LONGEST_KEY:
        raise UsageError(
            say(
                "the key has {n} characters; {most} is the most a header can carry",
                n=len(value),
                most=LONGEST_KEY,
            )
        )
    return Secret(value)
