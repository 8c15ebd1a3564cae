"""The session's part for the key store: whether it is open, opening it, closing it, making one.

A passphrase comes in as a Secret, is handed on and kept nowhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from ccswitch_tui.errors import CcswitchError, KeyStoreError, UsageError

if TYPE_CHECKING:
    from ccswitch_tui.secret import Secret
    from ccswitch_tui.tui.listed import KeyRow
    from ccswitch_tui.workflows.context import Context
    from ccswitch_tui.workflows.keys import StoreStatus

WayIn = Literal["passphrase", "dialog", "create", ""]


KEY_STATES = {True: "present", False: "absent", None: "unknown"}
"""None: only using the key would tell."""


class Keeping:
    """Blocks on files, on the background proxy and on a keyring: called in a thread."""

    ctx: Context

    def keys_locked(self) -> bool:
        """Whether keys are in the encrypted file and it is locked now; cheap enough to ask every other second."""
        if self.ctx.keys.is_given or not os.path.exists(self.ctx.paths.encrypted_keys):
            return False
        from ccswitch_tui.workflows.keys import needs_passphrase

        try:
            if not needs_passphrase(self.ctx):
                return False
            if not os.path.exists(self.ctx.paths.proxy_state):
                return True  # asking the proxy would choose its port
            return self.key_store().unlocked is False
        except CcswitchError:
            return False

    def key_store(self) -> StoreStatus:
        """The key store as far as it can be told without asking it for a key."""
        from ccswitch_tui.workflows.keys import store_status

        return store_status(self.ctx)

    def key_rows(self) -> list[KeyRow]:
        """Every key there is to know of, without asking a store for one. Unlocks nothing."""
        from ccswitch_tui.credentials import index
        from ccswitch_tui.credentials.hosts import shown_host
        from ccswitch_tui.tui.listed import KeyRow
        from ccswitch_tui.workflows.profiles import profile_rows
        from ccswitch_tui.workflows.usage import usage

        try:
            used = usage(self.ctx)
        except CcswitchError:
            used = []
        days: dict[str, str] = {}
        for day in used:
            days[day["profile"]] = max(days.get(day["profile"], ""), day["day"])
        listed = profile_rows(self.ctx, self.ctx.book())
        rows = []
        for row in listed:
            p = row.profile
            state = "none" if p.key.kind == "none" else KEY_STATES[row.key_present]
            others = [o.profile for o in listed if o is not row and state != "none"]
            shared = tuple(other.name for other in others if other.key == p.key)
            rows.append(KeyRow(p.name, str(p.key), shown_host(p), state, days.get(p.name, ""), shared))
            for header, ref in p.secret_headers.items():
                state = KEY_STATES[row.headers_present.get(header)]
                rows.append(KeyRow(f"{p.name}: {header}", str(ref), shown_host(p), state, days.get(p.name, "")))
        named = {ref.name for row in listed for ref in row.profile.secrets if ref.kind == "keyring"}
        left = sorted((index.names(self.ctx.paths) or frozenset()) - named)
        return [*rows, *(KeyRow(name, f"keyring:{name}", "", "orphan") for name in left)]

    def way_in(self, error: KeyStoreError) -> WayIn:
        """What a person can do here and now about a key that cannot be had; "" where only the hint helps."""
        from ccswitch_tui.workflows.keys import needs_passphrase

        if error.kind == "key-store-locked":
            return "passphrase" if needs_passphrase(self.ctx) else "dialog"
        return "create" if error.kind == "key-store-absent" and self.can_make_key_file() else ""

    def can_make_key_file(self) -> bool:
        """Whether an encrypted key file may be made here: it would hide no other keys."""
        from ccswitch_tui.workflows.keys import check_can_create

        if self.ctx.keys.is_given or self.ctx.env.get("PYTHON_KEYRING_BACKEND"):
            return False
        try:
            check_can_create(self.ctx)
        except UsageError:
            return False
        return True

    def unlock(self, passphrase: Secret | None) -> None:
        """Opens the key file for a day; without a passphrase, waits for the OS keyring's own dialog."""
        from ccswitch_tui.credentials.agent import DEFAULT_TIMEOUT_S
        from ccswitch_tui.workflows.keys import unlock

        unlock(self.ctx, passphrase, timeout_s=DEFAULT_TIMEOUT_S)

    def lock(self) -> bool:
        """Makes the background proxy forget the keys; False when it held none."""
        from ccswitch_tui.workflows.keys import lock

        return lock(self.ctx)

    def make_key_file(self, passphrase: Secret) -> None:
        """Makes the encrypted key file and opens it for a day."""
        from ccswitch_tui.credentials.agent import DEFAULT_TIMEOUT_S
        from ccswitch_tui.workflows.keys import create_key_file

        create_key_file(self.ctx, passphrase, timeout_s=DEFAULT_TIMEOUT_S)
