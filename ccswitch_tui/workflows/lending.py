"""What a session's environment holds and the background proxy's may not: lent to it, so that both find the same key.

The proxy lives longer than the terminal, editor or login session it was
started from: a variable with a key may have been missing there, and a key
store's bus goes with its session. The helper runs in the new session's
environment, so it hands both over. In the proxy's memory only, behind the
control token, and after the proxy has proved itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from ccswitch_tui.errors import KeyStoreError
from ccswitch_tui.sentence import joined, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ccswitch_tui.profiles.model import Profile
    from ccswitch_tui.workflows.context import Context

BUS = "DBUS_SESSION_BUS_ADDRESS"
PLACE = "/_ccswitch/lend"
LONGEST_VALUE = 4096


def lend(ctx: Context, profile: Profile) -> None:
    """Hands over what this profile's key is found with here. The proxy runs; one that cannot listen costs nothing."""
    import json

    names = [ref.name if ref.kind == "env" else BUS for ref in profile.secrets if ref.kind in ("env", "keyring")]
    values = {name: ctx.env[name] for name in names if ctx.env.get(name)}
    if not values:
        return
    try:
        ctx.proxy.ask("POST", PLACE, values)
    except (OSError, json.JSONDecodeError):
        return


def lacking(ctx: Context) -> tuple[str, ...]:
    """Names of the variables with keys that the running proxy does not have; empty when it cannot be asked."""
    import json

    try:
        status, body = ctx.proxy.ask("GET", PLACE)
        found = json.loads(body)["lacks"] if status == 200 else []
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(name for name in found if isinstance(name, str))


def withheld(ctx: Context, profile: Profile) -> str | None:
    """The variable with this profile's key that is set here and that the running proxy was started without.

    None where nothing is known to be wrong. Wakes no sleeping proxy and starts none.
    """
    name = profile.key.name
    if profile.key.kind != "env" or profile.route != "proxy" or not ctx.env.get(name):
        return None
    if not os.path.exists(ctx.paths.proxy_state) or ctx.proxy.asleep() or not ctx.proxy.status().running:
        return None
    return name if name in lacking(ctx) else None


class Lent:
    """The proxy's side."""

    def __init__(self, env: Mapping[str, str], names: Callable[[], set[str]]) -> None:
        self._env = env
        self._names = names
        """The variables that profiles name as the place of their keys."""
        self._values: dict[str, str] = {}

    def take(self, given: Mapping[str, Any]) -> bool:
        """Keeps what is asked for here, and nothing else; whether anything is new."""
        wanted = {*self._names(), BUS}
        fresh = {
            name: value
            for name, value in given.items()
            if name in wanted and isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE
        }
        changed = any(self._values.get(name, self._env.get(name)) != value for name, value in fresh.items())
        self._values.update(fresh)
        return changed

    def lacks(self) -> list[str]:
        """Variables with keys that nobody has given."""
        return sorted(name for name in self._names() if not (self._values.get(name) or self._env.get(name)))

    def environments(self) -> list[dict[str, str]]:
        """Where to look for a key, in order: as lent last (a key may have been changed), then with the lent bus."""
        lent = {name: value for name, value in self._values.items() if name != BUS}
        first = {**self._env, **lent}
        bus = self._values.get(BUS)
        return [first] if bus in (None, first.get(BUS)) else [first, {**first, BUS: bus or ""}]


def told_where(error: KeyStoreError, profile: Profile) -> KeyStoreError:
    """The same trouble as seen from a proxy that may have been started elsewhere."""
    if profile.key.kind == "none" or error.kind == "key-file-locked":
        return error
    hint = say(
        "the proxy may have been started without it: a new session of claude hands it over, or 'ccswitch-tui proxy "
        "stop' there"
    )
    return KeyStoreError(error.message, hint=joined([error.hint, hint]) if error.hint else hint, kind=error.kind)
