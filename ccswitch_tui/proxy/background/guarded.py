"""The proxy's side of its guardian: says how it ends, and starts another when the guardian dies first.

The rule: whichever of the two is killed, the port stays open and the other
brings it back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Mapping, Sequence

from ccswitch_tui import _version
from ccswitch_tui.proxy.background.detached import guardian_command, start_detached
from ccswitch_tui.proxy.background.loopback import ENDED_MARK

LISTENING, ENDED, ASLEEP, AGAIN = b"L", b"E", b"S", b"R"
HEIR_VARIABLE = "CCSWITCH_HEIR_FD"
"""The words of guardian.py, which imports nothing of ours."""


def _installed() -> str:
    """What the file of our version says now; "" while it is being replaced, or when all of ours was uninstalled."""
    with contextlib.suppress(OSError, UnicodeDecodeError), open(_version.__file__, encoding="utf-8") as file:
        return file.read()
    return ""


_STARTED_AS = _installed()


def is_replaced() -> bool:
    """Whether an upgrade put other code in the place of what runs: parts not imported yet would not fit."""
    return _installed() not in ("", _STARTED_AS)


def heir_in(env: Mapping[str, str]) -> int:
    """Our end of the heir's pipe, as guardian.py hands it on; -1 without one."""
    text = env.get(HEIR_VARIABLE, "")
    fd = int(text) if text.isdecimal() else -1
    with contextlib.suppress(OSError):
        if fd > 2 and stat.S_ISFIFO(os.fstat(fd).st_mode):
            return fd
    return -1


class Guarded:
    """What the guardian handed over: the listening socket, and a line to it, which differs by system."""

    def __init__(self, listener: socket.socket, folder: str, serve: Sequence[str]) -> None:
        self.listener = listener
        self.listener.setblocking(False)
        self._folder, self._serve = folder, list(serve)
        self._ending = False
        self.word = ENDED
        """What is said at the end."""

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def listening(self) -> None:
        """Connections are accepted."""
        self._tell(LISTENING)

    def ends(self) -> None:
        """No more connections are accepted: the guardian lets go of the port, or keeps it for the next proxy."""
        self._ending = True
        self._tell(self.word)

    def watch(self) -> None:
        """In the running event loop: looks after the guardian from here on."""
        raise NotImplementedError

    def _tell(self, word: bytes) -> None:
        raise NotImplementedError

    def _start_guardian(self, place: str, handed: Sequence[int]) -> None:
        """Another, which takes over what is handed to it; none when both are being killed on purpose."""
        if os.path.exists(os.path.join(self._folder, ENDED_MARK)):
            return
        command = guardian_command(self._folder, "--adopt", place, serve=self._serve)
        with contextlib.suppress(OSError):
            process = start_detached(command, handed=handed)
            process.returncode = 0  # it outlives us; nobody waits for it


class GuardedBySockets(Guarded):
    """POSIX: both are inherited, and so is the heir's pipe."""

    def __init__(self, listen_fd: int, guardian_fd: int, folder: str, serve: Sequence[str], heir_fd: int = -1) -> None:
        super().__init__(socket.socket(fileno=listen_fd), folder, serve)
        self._spare = self.listener.dup()
        """The server closes its own when it stops to listen; a new guardian needs one."""
        self._line = socket.socket(fileno=guardian_fd)
        self._heir = heir_fd
        for fd in (listen_fd, guardian_fd, *([heir_fd] if heir_fd >= 0 else [])):
            os.set_inheritable(fd, False)

    def ends(self) -> None:
        self._spare.close()
        super().ends()

    def watch(self) -> None:
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_reader(self._line.fileno(), self._guardian_died)

    def _tell(self, word: bytes) -> None:
        with contextlib.suppress(OSError):
            self._line.sendall(word)

    def _guardian_died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._line.fileno())
        self._line.close()
        if self._ending:
            return
        self._line, theirs = socket.socketpair()
        self._line.setblocking(False)
        fds = (self._spare.fileno(), theirs.fileno(), *([self._heir] if self._heir >= 0 else []))
        with theirs:
            self._start_guardian(f"{fds[0]}:{fds[1]}:{os.getpid()}:{self._heir}", fds)
        self.watch()
