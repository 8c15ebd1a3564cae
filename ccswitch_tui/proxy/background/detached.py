"""Starting a process that outlives us and has no terminal.

Windows: the python.exe of a virtual environment starts the real one, and a
console program without a console opens a window of its own; so it gets one that
is not shown (CREATE_NO_WINDOW; ignored beside DETACHED_PROCESS). And what starts
us may end all its processes with itself (a job: OpenSSH, some terminals of
editors): ours leaves it where that is allowed.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP, CREATE_BREAKAWAY_FROM_JOB = 0x08000000, 0x200, 0x01000000

FLAGS = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP


def start_detached(command: Sequence[str], *, handed: Sequence[int] = (), **words: Any) -> Any:
    """The process. `handed`: file descriptors, on Windows handles, that it inherits. Raises OSError."""
    import subprocess

    words = {"stdin": subprocess.DEVNULL, **words}
    if sys.platform != "win32":
        return subprocess.Popen(command, start_new_session=True, pass_fds=handed, **words)
    if handed:
        words["startupinfo"] = subprocess.STARTUPINFO(lpAttributeList={"handle_list": list(handed)})
    try:
        return subprocess.Popen(command, creationflags=FLAGS | CREATE_BREAKAWAY_FROM_JOB, **words)
    except PermissionError:  # a job that nobody may leave
        return subprocess.Popen(command, creationflags=FLAGS, **words)
