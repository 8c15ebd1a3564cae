"""Running Claude Code sessions: whom a change of the settings reaches while they run.

Claude Code keeps one file a process under `sessions/` of its folder and removes
it at exit. Read, never written; a file whose process is gone is ignored.
Source: 2.1.330 as observed (`pid`, `procStart`, `cwd`, `entrypoint`, `pidDomain`), on Linux and on Windows.
"""

from __future__ import annotations

import json
import os
import sys

from ccswitch_tui.record import NamedTuple
from ccswitch_tui.textfile import read_file

NOTICED_AFTER_S = 2.0
"""A running session reads a changed settings file after 1.0 to 1.5 s (measured); this is safely later."""


class Session(NamedTuple):
    """One running Claude Code."""

    pid: int
    cwd: str
    entrypoint: str
    """`cli` is a terminal, `sdk-cli` a script, `claude-vscode` an editor."""


def running_sessions(claude_dir: str, *, inside: str | None = None) -> list[Session]:
    """The sessions that read this folder's settings now; `inside`: only those working in that folder or below."""
    folder = os.path.join(claude_dir, "sessions")
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".json")]
    except OSError:
        return []
    found = [session for name in sorted(names) if (session := _read(os.path.join(folder, name)))]
    if inside is None:
        return found
    root = os.path.realpath(inside)
    return [s for s in found if os.path.realpath(s.cwd) == root or os.path.realpath(s.cwd).startswith(root + os.sep)]


def _read(path: str) -> Session | None:
    try:
        state = json.loads(read_file(path))
        pid = int(state["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _is_alive(pid, str(state.get("procStart", "")), str(state.get("pidDomain", ""))):
        return None
    return Session(pid, str(state.get("cwd", "")), str(state.get("entrypoint", "")))


def _is_alive(pid: int, started: str, domain: str) -> bool:
    if sys.platform == "linux":
        try:
            namespace = os.readlink("/proc/self/ns/pid")
            if "pid:[" in domain and namespace not in domain:
                return True  # of a container that shares the folder: not for us to see, so it counts
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                since_boot = file.read().rpartition(")")[2].split()[19]
        except (OSError, IndexError):
            return False
        return not started.isdigit() or since_boot == started
    if sys.platform == "win32":
        return _runs_on_windows(pid, started)
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


if sys.platform == "win32":
    QUERY_LIMITED, STILL_ACTIVE, ACCESS_DENIED = 0x1000, 259, 5
    SAME_START = 10_000_000
    """One second in the units of a FILETIME: Claude Code rounds the time it writes, as a float of this size is."""

    def _runs_on_windows(pid: int, started: str = "") -> bool:
        """Whether it runs, and is the one that `started` then (a FILETIME; another may have its number by now).

        Signal 0 would end the process there. Source: Microsoft, OpenProcess, GetExitCodeProcess, GetProcessTimes.
        """
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
        kernel.GetProcessTimes.argtypes = (wintypes.HANDLE, *(ctypes.POINTER(wintypes.FILETIME),) * 4)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        handle = kernel.OpenProcess(QUERY_LIMITED, False, pid)
        if not handle:
            return ctypes.get_last_error() == ACCESS_DENIED
        code = wintypes.DWORD()
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        made, *others = (wintypes.FILETIME() for _ in range(4))
        timed = kernel.GetProcessTimes(handle, *(ctypes.byref(time) for time in (made, *others)))
        kernel.CloseHandle(handle)
        if known and code.value != STILL_ACTIVE:
            return False
        since = made.dwHighDateTime << 32 | made.dwLowDateTime
        return not timed or not started.isdigit() or abs(since - int(started)) < SAME_START
