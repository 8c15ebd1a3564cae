"""A status line of somebody else's, run as Claude Code would run it: same bytes in, same environment, same folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

PATIENCE_S = 5.0
"""A program that hangs would take the whole line with it, ours included (measured with 2.1.330)."""


class Other:
    """A running status line; it works while ours is made."""

    def __init__(self, command: str, given: bytes, env: Mapping[str, str], cwd: str) -> None:
        self._given = given
        self._started, self._early = False, 0
        if sys.platform != "win32":  # before it starts: a signal between would end us and leave it
            signal.signal(signal.SIGTERM, self._told_to_end)
        apart: dict[str, Any] = {} if sys.platform == "win32" else {"start_new_session": True}
        self._child = subprocess.Popen(  # noqa: S602 - the user's own command line, which Claude Code hands to a shell too
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            cwd=cwd,
            **apart,
        )
        self._started = True
        if self._early:
            self._told_to_end(self._early, None)

    def lines(self) -> bytes:
        """What it printed; nothing when it failed or did not end in time."""
        try:
            said, _ = self._child.communicate(self._given, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._end()
            return b""
        return said if self._child.returncode == 0 and said.strip() else b""

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self._child.kill()
            else:
                os.killpg(self._child.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        if not self._started:
            self._early = number
            return
        self._end()
        os._exit(128 + number)
