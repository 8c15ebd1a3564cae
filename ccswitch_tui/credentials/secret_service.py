"""Reads what `keyring` wrote into the Secret Service, ten times as fast as through `keyring`.

Claude Code asks for the key at every start, and importing `keyring` alone
takes eight times as long as starting Python. The attributes are those of
keyring.backends.SecretService (scheme "default"); writing is left to it.
Never unlocks, so it never opens a dialog. Source: Secret Service API 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping


class Locked(Exception):
    """The collection or the item is locked."""


class Unreachable(Exception):
    """There is no session bus, or nobody on it keeps secrets."""


def bus_address(env: Mapping[str, str]) -> str | None:
    """The session bus: as named, or where systemd puts it (a helper started by a GUI may lack the variable)."""
    import os

    named = env.get("DBUS_SESSION_BUS_ADDRESS")
    if named:
        return named
    folder = env.get("XDG_RUNTIME_DIR")
    usual = os.path.join(folder, "bus") if folder else ""
    return f"unix:path={usual}" if usual and os.path.exists(usual) else None


def read(service: str, name: str, env: Mapping[str, str]) -> str | None:
    """The value stored under `service` and `name`, or None. Raises Locked or Unreachable."""
    address = bus_address(env)
    if address is None:
        raise Unreachable("there is no D-Bus session here (DBUS_SESSION_BUS_ADDRESS is not set)")
    from jeepney.io.blocking import open_dbus_connection
    from secretstorage.collection import Collection
    from secretstorage.exceptions import ItemNotFoundException, LockedException, SecretServiceNotAvailableException

    try:
        connection = open_dbus_connection(address)
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreachable(f"the D-Bus session cannot be reached: {error}") from None
    try:
        collection = Collection(connection)
        if collection.is_locked():
            raise Locked
        for item in collection.search_items({"service": service, "username": name}):
            if item.is_locked():
                raise Locked
            return item.get_secret().decode("utf-8")
        return None
    except LockedException:
        raise Locked from None
    except ItemNotFoundException:
        return None  # no default collection: nothing was ever stored
    except SecretServiceNotAvailableException as error:
        raise Unreachable(f"nobody on the D-Bus session keeps secrets: {error}") from None
    finally:
        connection.close()
