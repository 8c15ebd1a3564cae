"""The background proxy as it is found: its address and tokens, whether it runs, one question put to it.

The port is chosen once and kept, because settings name it. The running process
holds a lock, so a pid is believed only while that lock is held. Whether one runs
is asked of the lock and not of the port: Windows takes two seconds to refuse a
connection, even over loopback. Three secrets: `token` opens /p/ and is new at
every start (the helper prints it, Claude Code asks the helper again when it is
refused); `lasting` opens /p/ too and stays, for variables that nobody renews;
`control` opens /_ccswitch/, is new at every start, and is told to nothing but a
listener that has proved, for this very port and on this very connection, that it
knows it. Imports little: `use` and `key` come here.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping

from ccswitch_tui.paths import Paths
from ccswitch_tui.proxy.background.loopback import (
    ASLEEP_MARK,
    GUARDIAN_LOCK,
    HOST,
    Loopback,
    as_segment,
    free_port,
    held_by,
    is_free,
)
from ccswitch_tui.proxy.background.proof import challenge, control_headers, greeted
from ccswitch_tui.proxy.background.state_record import RUN_LOCK, State, StateRecord
from ccswitch_tui.record import NamedTuple
from ccswitch_tui.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ANSWER_S = 2.0
"""A healthy proxy answers a local question in a millisecond."""

WAIT_S = 45.0 if sys.platform == "win32" else 20.0
"""A start takes half a second; a cold one under a virus scanner was seen to take ten, and on Windows it is two
processes, each behind an interpreter's launcher. One that fails ends at once."""


class ProxyAddress(NamedTuple):
    """Where the background proxy listens, whether or not it runs now."""

    host: str
    port: int


class ProxyStatus(NamedTuple):
    """What was found on the proxy's port a moment ago."""

    running: bool
    host: str
    port: int
    pid: int | None = None
    version: str | None = None
    since: float | None = None
    """Seconds since the epoch."""
    problem: str | None = None
    """`taken` (another program has the port), `stuck` (our process does not answer), `starting` (not yet, or again);
    None otherwise."""


class SeenProxy:
    """The per-user background proxy, looked at and talked to; nothing here starts or ends it."""

    def __init__(self, paths: Paths, env: Mapping[str, str]) -> None:
        self.paths = paths
        self.env = env
        self._file = StateRecord(paths)
        self._state: State | None = None

    # ------------------------------------------------------------------ address and token

    def address(self) -> ProxyAddress:
        """Host and port, chosen and saved the first time."""
        state = self._read()
        return ProxyAddress(state["host"], state["port"])

    def base_url(self, profile_name: str) -> str:
        """What ANTHROPIC_BASE_URL is for sessions of this profile."""
        host, port = self.address()
        return f"http://{host}:{port}/p/{as_segment(profile_name)}"

    def token(self) -> Secret:
        """The local token of the proxy that runs now, or ran last: what the helper prints."""
        return Secret(self._read()["token"])

    def lasting_token(self) -> Secret:
        """A token that outlives the proxy, for what cannot ask again: `run`, `env`, a `serve` in the foreground."""
        return Secret(self._read()["lasting"])

    def _read(self) -> State:
        if self._state is None:
            self._state = self._file.made()
        return self._state

    def move(self, port: int = 0) -> ProxyAddress:
        """Chooses another port for good (0: any free one); sessions and settings must be told by `use`."""
        self._state = self._file.change(lambda state: {**state, "port": port or free_port()})
        return self.address()

    # ------------------------------------------------------------------ is it there?

    def status(self) -> ProxyStatus:
        """Asks whatever listens on our port to prove that it is our proxy. Starts nothing, sends no secret."""
        state = self._file.awaited()
        if state is None:
            holder = held_by(self._lock_path)
            return ProxyStatus(False, HOST, 0, pid=holder, problem=None if holder is None else "stuck")
        self._state = state
        holder = held_by(self._lock_path)
        if holder is None and self._is_guarded():
            problem = None if self.asleep() else "starting"
            return ProxyStatus(False, state["host"], state["port"], problem=problem)
        found = self._asked(state)
        other = found.running and bool(holder) and found.pid != holder  # it died meanwhile, or is another folder's
        if (found.running and not other) or self._holder() is None:
            return found
        newer = self._file.corrected(state)
        if newer is None:
            return ProxyStatus(False, found.host, found.port, problem="starting") if other else found
        self._state = newer
        return self._asked(newer)

    def asleep(self) -> bool:
        """Whether the proxy ended and its guardian starts it with the next connection. Asking the port would."""
        return os.path.exists(self._in_state(ASLEEP_MARK)) and held_by(self._in_state(GUARDIAN_LOCK)) is not None

    def _is_guarded(self) -> bool:
        """Whether a guardian holds the port: it starts the proxy, and starts it again."""
        return held_by(self._in_state(GUARDIAN_LOCK)) is not None

    def _asked(self, state: State) -> ProxyStatus:
        host, port = state["host"], state["port"]
        if self._holder() is None:
            return ProxyStatus(False, host, port, problem=None if is_free(port) else "taken")
        return self._hello() or self._silent()

    def _hello(self) -> ProxyStatus | None:
        """What answers on our port; None when nothing does, or only a version that proves it in another way."""
        state = self._read()
        found = None
        for _ in range(2):  # a proxy that started while we asked proves itself by its own, new secret
            state = self._state = self._file.found() or state
            try:
                with contextlib.closing(Loopback(state["host"], state["port"], ANSWER_S)) as line:
                    found = greeted(line, state, last=True)
            except OSError:
                return None
            if found is not None:
                break
        host, port = state["host"], state["port"]
        if found is None:
            return ProxyStatus(False, host, port, problem="taken") if state["control"] else None
        if found.get("draining"):
            return ProxyStatus(False, host, port)
        return ProxyStatus(True, host, port, found.get("pid"), found.get("version"), found.get("since"))

    def _silent(self) -> ProxyStatus:
        """The run lock was held and nothing answered: it is about to listen, has ended, hangs, or no longer listens."""
        host, port = self.address()
        time.sleep(0.1)  # a process that has just taken the lock writes down when
        holder, state = self._holder(), self._file.found() or {}
        if holder is None:
            return ProxyStatus(False, host, port)
        young = 0 <= time.time() - state.get("since", 0.0) < WAIT_S
        # where a refusal takes as long as our patience, silence says nothing
        starting = young and (sys.platform == "win32" or is_free(port) or not state.get("listening"))
        return ProxyStatus(False, host, port, holder, problem="starting" if starting else "stuck")

    def _holder(self) -> int | None:
        """The pid of the process that holds the run lock; None when nobody does, or it cannot be told."""
        pid = held_by(self._lock_path)
        if pid == 0:
            pid = (self._file.found() or {}).get("pid")
        return pid if isinstance(pid, int) else None

    @property
    def _lock_path(self) -> str:
        return self._in_state(RUN_LOCK)

    def _in_state(self, name: str) -> str:
        return os.path.join(self.paths.state_dir, name)

    # ------------------------------------------------------------------ talking to it

    def ask(self, method: str, path: str, body: Any = None, *, timeout_s: float = ANSWER_S) -> tuple[int, bytes]:
        """One request to a control route, once the listener has proved itself. Raises OSError."""
        state = self._state = self._file.found() or self._read()
        data = b"" if body is None else json.dumps(body).encode()
        with contextlib.closing(Loopback(state["host"], state["port"], ANSWER_S)) as line:
            if greeted(line, state, last=False) is None:
                raise ConnectionError("the port belongs to another program")
            return line.ask(method, path, control_headers(state), data, timeout_s=timeout_s)

    def open_stream(self, path: str, connection: Any) -> Any:
        """The answer of a control route that goes on, on an http.client connection. Raises OSError for a stranger."""
        state = self._read()
        greeting, proved = challenge(state)
        connection.request("GET", greeting)
        if proved(connection.getresponse().read()) is None:
            raise ConnectionError("the port belongs to another program")
        connection.request("GET", path, headers=control_headers(state))
        return connection.getresponse()
