"""The names of the keys we stored, without their values, and the store they are in.

So that `list` can say that a key is there without unlocking or asking
anything. A hint, not the truth: the store itself decides when a key is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from ccswitch_tui.paths import Paths
from ccswitch_tui.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
ENCRYPTED_FILE = "encrypted-file"
DEFAULT_SERVICE = "ccswitch-tui"


class Remembered(NamedTuple):
    """What key-backend.json says: which store was chosen and under which service name keys are kept there."""

    store: str = ""
    """A keyring backend's class, `encrypted-file`, or "" before the first choice."""
    service: str = DEFAULT_SERVICE


def names(paths: Paths) -> frozenset[str] | None:
    """The names with a stored key; None when nothing was ever written down."""
    table = _read(paths.key_index)
    known = table.get("names")
    return frozenset(n for n in known if isinstance(n, str)) if isinstance(known, list) else None


def note(paths: Paths, name: str, *, stored: bool) -> None:
    """Writes down that a key was stored under `name`, or removed."""
    from ccswitch_tui.textfile import locked

    path = paths.key_index
    with locked(path, paths.state_dir):
        before = names(paths) or frozenset()
        after = before | {name} if stored else before - {name}
        if after != before or not os.path.exists(path):
            _write(path, {"version": VERSION, "names": sorted(after)})


def forget_names(paths: Paths) -> None:
    """Starts the list anew: another store was chosen, which has none of them."""
    from ccswitch_tui.textfile import locked

    with locked(paths.key_index, paths.state_dir):
        _write(paths.key_index, {"version": VERSION, "names": []})


def remembered(paths: Paths, env: Mapping[str, str]) -> Remembered:
    """The store chosen earlier, or the default with this home's service name."""
    table = _read(paths.key_backend)
    store, service = table.get("store"), table.get("service")
    return Remembered(
        store if isinstance(store, str) else "", service if isinstance(service, str) else service_name(paths, env)
    )


def remember(paths: Paths, choice: Remembered) -> None:
    """Keeps the choice, so that nobody pays for discovery again."""
    table = {"version": VERSION, **choice._asdict()}
    if _read(paths.key_backend) == table:
        return
    from ccswitch_tui.textfile import locked

    with locked(paths.key_backend, paths.state_dir):
        _write(paths.key_backend, table)


def service_name(paths: Paths, env: Mapping[str, str]) -> str:
    """The name keys are kept under. A `CCSWITCH_HOME` of its own has one of its own, or two homes with
    a profile of the same name would overwrite each other's key."""
    if not env.get("CCSWITCH_HOME"):
        return DEFAULT_SERVICE
    from ccswitch_tui.textfile import sha256_of

    digest = sha256_of(os.path.realpath(paths.config_dir).encode("utf-8", "surrogateescape"))
    return f"{DEFAULT_SERVICE}-{digest[:8]}"


def _read(path: str) -> dict[str, Any]:
    from ccswitch_tui.textfile import read_file

    try:
        table = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError):
        return {}  # absent or damaged: it is only a hint, and the next write mends it
    return table if isinstance(table, dict) else {}


def _write(path: str, table: dict[str, Any]) -> None:
    from ccswitch_tui.textfile import read_bytes, replace_text, sha256_of

    replace_text(
        path, json.dumps(table, indent=1).encode() + b"\n", expected_sha256=sha256_of(read_bytes(path)), private=True
    )
