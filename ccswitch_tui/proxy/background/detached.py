"""Starting a process that outlives us and has no terminal. Imports little: the helper comes here when no proxy runs.

Windows: the python.exe of a virtual environment starts the real one, and a
console program without a console opens a window of its own; so it gets one that
is not shown (CREATE_NO_WINDOW; ignored beside DETACHED_PROCESS). And what starts
us may end all its processes with itself (a job: OpenSSH, some terminals of
editors): ours leaves it where that is allowed.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP, CREATE_BREAKAWAY_FROM_JOB = 0x08000000, 0x200, 0x01000000

FLAGS = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP


def guardian_command(folder: str, *where: str, serve: Sequence[str]) -> list[str]:
    """The guardian as an argument list; by path and isolated, so that it needs nothing but Python."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guardian.py")
    return [sys.executable, "-I", "-S", program, folder, *where, *serve]


def start_detached(
    command: Sequence[str],
    *,
    handed: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    log: int | None = None,
) -> Any:
    """The process: its `pid`, `poll()` and `returncode`. Raises OSError.

    `handed`: file descriptors, on Windows handles, that it inherits. `log`: where
    it prints. A program that is handed nothing may start in our folder: the
    guardian goes to its own by itself.
    """
    if sys.platform != "win32" and env is not None and log is not None and not handed:
        try:
            return Child(_spawned(command, env, log))
        except NotImplementedError:  # a system whose posix_spawn gives it no session of its own
            pass
    import subprocess

    words: dict[str, Any] = {"env": env, "cwd": cwd, "stdout": log, "stderr": log}
    words = {name: value for name, value in words.items() if value is not None}
    words["stdin"] = subprocess.DEVNULL
    if sys.platform != "win32":
        return subprocess.Popen(command, start_new_session=True, pass_fds=handed, **words)
    if handed:
        words["startupinfo"] = subprocess.STARTUPINFO(lpAttributeList={"handle_list": list(handed)})
    try:
        return subprocess.Popen(command, creationflags=FLAGS | CREATE_BREAKAWAY_FROM_JOB, **words)
    except PermissionError:  # a job that nobody may leave
        return subprocess.Popen(command, creationflags=FLAGS, **words)


if sys.platform != "win32":

    def _spawned(command: Sequence[str], env: Mapping[str, str], log: int) -> int:
        """Without `subprocess`, whose import costs half a bare interpreter's start."""
        streams = [(os.POSIX_SPAWN_DUP2, log, number) for number in (1, 2)]
        shut = [(os.POSIX_SPAWN_CLOSE, fd) for fd in map(int, os.listdir("/dev/fd")) if fd > 2 and _is_passed_on(fd)]
        nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        return os.posix_spawn(command[0], list(command), env, file_actions=[nothing, *streams, *shut], setsid=True)


def _is_passed_on(fd: int) -> bool:
    """A pipe of whoever started us, for one: held open by the proxy it would not end for them."""
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False  # with it the list was read


class Child:
    """A process that we started, by its number."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        if self.returncode is None and sys.platform != "win32":
            try:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else in this process waited for it
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode
