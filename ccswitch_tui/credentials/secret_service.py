"""Reads what `keyring` wrote into the Secret Service, ten times as fast as through `keyring`.

Claude Code asks for the key at every start, and importing `keyring` alone
takes eight times as long as starting Python. The attributes are those of
keyring.backends.SecretService (scheme "default"); writing is left to it.
Never unlocks, so it never opens a dialog. Source: Secret Service API 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccswitch_tui.sentence import say


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


def bus_problem(env: Mapping[str, str]) -> str:
    """Why there is no session bus to ask, as far as the environment tells; "" where one may be."""
    address = bus_address(env)
    if address is None:
        return say("there is no D-Bus session here (DBUS_SESSION_BUS_ADDRESS is not set)")
    if "=" not in address.partition(":")[2]:
        return say("DBUS_SESSION_BUS_ADDRESS is not the address of a D-Bus session")
    return ""


def read(service: str, name: str, env: Mapping[str, str]) -> str | None:
    """The value stored under `service` and `name`, or None. Raises Locked or Unreachable."""
    problem = bus_problem(env)
    if problem:
        raise Unreachable(problem)
    from jeepney.io.blocking import open_dbus_connection
    from secretstorage.exceptions import ItemNotFoundException, LockedException, SecretServiceNotAvailableException

    try:
        connection = open_dbus_connection(bus_address(env))
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreachable(say("the D-Bus session cannot be reached: {error}", error=error)) from None
    try:
        return _read(connection, {"service": service, "username": name})
    except LockedException:
        raise Locked from None
    except ItemNotFoundException:
        return None  # no default collection: nothing was ever stored
    except SecretServiceNotAvailableException as error:
        raise Unreachable(say("no program on the D-Bus session stores secrets: {error}", error=error)) from None
    finally:
        connection.close()


def _read(connection: Any, attributes: dict[str, str]) -> str | None:
    from secretstorage.collection import COLLECTION_IFACE, DEFAULT_COLLECTION
    from secretstorage.item import ITEM_IFACE
    from secretstorage.util import DBusAddressWrapper, open_session

    collection = DBusAddressWrapper(DEFAULT_COLLECTION, COLLECTION_IFACE, connection)
    (paths,) = collection.call("SearchItems", "a{ss}", attributes)
    if collection.get_property("Locked"):
        raise Locked
    if not paths:
        return None
    item = DBusAddressWrapper(paths[0], ITEM_IFACE, connection)
    if item.get_property("Locked"):
        raise Locked
    session = open_session(connection)
    ((_, initial, value, _),) = item.call("GetSecret", "o", session.object_path)
    plain = _decrypt(session.aes_key or b"", initial, value) if session.encrypted else value
    return bytes(plain).decode("utf-8")


def _decrypt(key: bytes, initial: bytes, value: bytes) -> bytes:
    """What secretstorage.Item.get_secret does, without loading all of OpenSSL's bindings first (10 ms)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(initial))).decryptor()
    padded = decryptor.update(bytes(value)) + decryptor.finalize()
    return padded[: -padded[-1]]
