"""The record of the background proxy, `proxy.json`: read, completed, replaced.

One JSON object: `version` 1, `host`, `port`, the three secrets (`token`,
`lasting`, `control`; see control.py), and, of the process that serves, `pid`,
`since` (seconds since the epoch), `listening`, and `served`: which installation
has got as far as to listen. Every change is made under the
file's lock, from what it says at that moment. A living proxy writes a record that
was lost or damaged anew (claim.py), so whoever reads gives it the time. Imports
little: `use` and `key` come here.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping

from ccswitch_tui._version import __version__
from ccswitch_tui.paths import Paths
from ccswitch_tui.proxy.background.loopback import HOST, free_port, held_by
from ccswitch_tui.secret import Secret
from ccswitch_tui.textfile import locked, read_bytes, replace_text, sha256_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

State: TypeAlias = "dict[str, Any]"

REPAIR_S = 3.0
"""A living proxy writes its lost record anew within two seconds."""

RUN_LOCK = "proxy.lock"
"""Held by the process that serves, for as long as it lives or until it drains."""


TYPES: Mapping[str, tuple[type, ...]] = {
    "host": (str,), "port": (int,), "token": (str,), "lasting": (str,), "control": (str,), "pid": (int,),
    "since": (int, float), "listening": (bool,),
}  # fmt: skip
"""Of every field that is read."""


class StateRecord:
    """The file of one user's proxy. Nothing is kept: every call reads."""

    def __init__(self, paths: Paths) -> None:
        self.path = paths.proxy_state
        self._folder = paths.state_dir
        self._run_lock = os.path.join(paths.state_dir, RUN_LOCK)

    def found(self) -> State | None:
        """What the file says now; None where there is none, or nothing that can be used."""
        return state_of(read_bytes(self.path))

    def awaited(self) -> State | None:
        """The same, where a living proxy is given the time to write a lost one anew."""
        deadline = time.monotonic() + REPAIR_S
        while (state := self.found()) is None:
            if held_by(self._run_lock) is None or time.monotonic() > deadline:
                return None
            time.sleep(0.05)
        return state

    def corrected(self, state: State) -> State | None:
        """The record as a living proxy corrects it, where the one that was read is not its own."""
        deadline = time.monotonic() + REPAIR_S
        while time.monotonic() < deadline and held_by(self._run_lock) is not None:
            now = self.found()
            if now is not None and any(now[name] != state[name] for name in ("port", "token", "control")):
                return now
            if now is not None and now["control"] and now.get("pid") == held_by(self._run_lock):
                return None  # it is its own, and the proxy does not answer
            time.sleep(0.05)
        return None

    def made(self) -> State:
        """What there is, or a new one. Raises OSError, CcswitchError where it cannot be written."""
        return self.awaited() or self.change(lambda found: found)  # another process may have been faster

    def change(self, changed: Callable[[State], State]) -> State:
        """What the file says from now on: `changed`, of what it says, or of a new record where it says nothing."""
        with locked(self.path, self._folder):
            raw = read_bytes(self.path)
            before = state_of(raw)
            after = changed(before or _completed({"version": 1, "host": HOST, "port": free_port()}))
            if after != before:
                self._write(after, raw)
            return after

    def restore(self, record: State) -> bool:
        """Writes a living proxy's record anew where the file says something else. Whether it had to."""
        raw = read_bytes(self.path)
        if state_of(raw) == record:
            return False
        with locked(self.path, self._folder):
            self._write(record, raw)
        return True

    def stamp(self) -> tuple[int, int] | None:
        """Time and size, by which a change is seen; None without a file."""
        try:
            now = os.stat(self.path)
        except OSError:
            return None
        return now.st_mtime_ns, now.st_size

    def _write(self, state: State, raw: bytes | None) -> None:
        text = json.dumps(state, indent=1) + "\n"
        replace_text(self.path, text.encode(), expected_sha256=sha256_of(raw), private=True)


def this_program() -> str:
    """Which installation this is, so that one that could start is told from one that never has."""
    return f"{__version__} {sys.executable}"


def new_token(kind: str = "ccst") -> Secret:
    """A local token: 192 random bits, recognisable, of no use anywhere else."""
    return Secret(f"{kind}-{os.urandom(24).hex()}")


def new_control() -> Secret:
    """What opens the control routes of one proxy."""
    return new_token("ccsc")


def state_of(raw: bytes | None) -> State | None:
    """The file's content, if it is a record; a field of another type than ours counts as absent."""
    state = {name: value for name, value in object_of(raw or b"").items() if _fits(name, value)}
    good = 0 < state.get("port", 0) < 65536 and len(state.get("token", "")) >= 16 and state.get("host") == HOST
    return _completed(state) if good else None


def _fits(name: str, value: Any) -> bool:
    wanted = TYPES.get(name)
    return wanted is None or (isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool)))


def object_of(raw: bytes) -> State:
    """A JSON object; {} for whatever else."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _completed(state: State) -> State:
    """With every secret there is; an older version knew one token, which `env` lines may still hold."""
    lasting = state.get("lasting") or state.get("token") or new_token().reveal()
    token = state.get("token") or new_token().reveal()
    return {**state, "token": token, "lasting": lasting, "control": state.get("control") or ""}
